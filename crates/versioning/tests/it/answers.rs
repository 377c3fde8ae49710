//! An answer is lost and another server changes the branch before anybody can look: whether our write
//! took effect is told by what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use lakefs_block::BlockStore;
use lakefs_kv::{KvError, KvStore, Predicate, ScanPage, SetIfOutcome, Write};
use lakefs_versioning::{LogRequest, NoHooks};

use crate::support::{Lake, branch, engine, reference};

/// Loses one answer about the branch `main` that moves its head, after letting another server commit.
#[derive(Debug)]
struct LosesAnswer {
    inner: Arc<dyn KvStore>,
    other: Lake,
    /// Whether our write happens before the answer is lost.
    happens: bool,
    /// Head moves are told from seals by what they leave set aside: nothing.
    armed: AtomicBool,
}

#[async_trait]
impl KvStore for LosesAnswer {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.inner.get(partition, key).await
    }

    async fn set(&self, partition: &[u8], key: &[u8], value: &[u8]) -> Result<(), KvError> {
        self.inner.set(partition, key, value).await
    }

    async fn set_if(
        &self,
        partition: &[u8],
        key: &[u8],
        value: &[u8],
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, KvError> {
        // A record with one token has nothing set aside.
        let tokens = value
            .windows(10)
            .filter(|part| part == b"lake-main:")
            .count();
        let moves_head = key == b"branches/main" && tokens == 1;
        if !moves_head || !self.armed.swap(false, Ordering::SeqCst) {
            return self.inner.set_if(partition, key, value, predicate).await;
        }
        if self.happens {
            let outcome = self.inner.set_if(partition, key, value, predicate).await?;
            assert_eq!(outcome, SetIfOutcome::Stored);
        }
        self.other.put("main", "theirs", "1").await;
        self.other.commit("main", "theirs").await;
        Err(KvError::Indeterminate {
            operation: "set_if",
            source: "the line went dead".into(),
        })
    }

    async fn delete(&self, partition: &[u8], key: &[u8]) -> Result<(), KvError> {
        self.inner.delete(partition, key).await
    }

    async fn scan(
        &self,
        partition: &[u8],
        start: &[u8],
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        self.inner.scan(partition, start, limit).await
    }

    async fn write_batch(&self, partition: &[u8], writes: &[Write<'_>]) -> Result<(), KvError> {
        self.inner.write_batch(partition, writes).await
    }

    async fn ping(&self) -> Result<(), KvError> {
        self.inner.ping().await
    }
}

async fn lose_answer(happens: bool) {
    let other = Lake::new().await;
    let kv = Arc::new(LosesAnswer {
        inner: Arc::clone(&other.kv) as Arc<dyn KvStore>,
        other: other.clone(),
        happens,
        armed: AtomicBool::new(false),
    });
    let engine = engine(
        Arc::clone(&kv) as Arc<dyn KvStore>,
        Arc::clone(&other.blocks) as Arc<dyn BlockStore>,
        Arc::clone(&other.clock),
        7,
        Arc::new(NoHooks),
        &other.tasks,
    );
    let ours = Lake {
        engine,
        ..other.clone()
    };
    ours.put("main", "ours", "1").await;
    kv.armed.store(true, Ordering::SeqCst);
    // When it did not happen, the other server has committed our changes with its own.
    let outcome = ours.try_commit("main", "ours").await;
    assert!(!kv.armed.load(Ordering::SeqCst));
    assert_eq!(outcome.is_ok(), happens, "{outcome:?}");
    assert_eq!(other.content("main@").await.len(), 2);
    let messages = if happens {
        vec!["theirs", "ours", "Repository created"]
    } else {
        vec!["theirs", "Repository created"]
    };
    let request = LogRequest {
        amount: 10,
        ..LogRequest::default()
    };
    let log = other
        .engine
        .log(&other.repository, &reference("main"), &request)
        .await
        .unwrap();
    assert_eq!(
        log.commits
            .iter()
            .map(|c| c.message.as_str())
            .collect::<Vec<_>>(),
        messages
    );
    let record = other
        .engine
        .branch(&other.repository, &branch("main"))
        .await
        .unwrap();
    assert!(record.sealed_tokens.is_empty());
}

#[tokio::test]
async fn a_head_that_was_built_upon_had_moved() {
    lose_answer(true).await;
}

#[tokio::test]
async fn a_head_that_nobody_built_upon_had_not() {
    lose_answer(false).await;
}
