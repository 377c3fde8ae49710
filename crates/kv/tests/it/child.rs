//! A second process of this test binary that writes to an embedded store until it is stopped.
//!
//! Every acknowledged write is noted in a file before the next one begins, with one system call, so
//! that whoever stops the process knows what must be there.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lakefs_kv::{EmbeddedKv, EmbeddedOptions, KvStore, Predicate, SetIfOutcome, Write};

const VARIABLE: &str = "LAKEFS_KV_TEST_CHILD";

/// What a child does.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// The store.
    pub(crate) store: PathBuf,
    /// Where acknowledged writes are noted.
    pub(crate) acknowledged: PathBuf,
    pub(crate) writers: u32,
    /// Steps of each writer.
    pub(crate) steps: u32,
    /// A prefix of the partitions it writes to.
    pub(crate) round: u32,
    pub(crate) write_buffer_bytes: u64,
}

impl Orders {
    /// The command that carries the orders out, behind `wrapper`.
    pub(crate) fn command(&self, wrapper: &[&str]) -> Command {
        let exe = std::env::current_exe().unwrap();
        let mut command = match wrapper {
            [] => Command::new(&exe),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&exe);
                command
            }
        };
        command.args(["--exact", "child::writes_until_stopped", "--ignored"]);
        let numbers = [self.writers, self.steps, self.round].map(|number| number.to_string());
        let text = [
            self.store.to_str().unwrap(),
            self.acknowledged.to_str().unwrap(),
            &numbers.join(" "),
            &self.write_buffer_bytes.to_string(),
        ];
        command.env(VARIABLE, text.join("\n"));
        command.stdout(std::process::Stdio::null());
        command
    }

    fn received() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a child of this test has no settings but these"
        )]
        let text = std::env::var(VARIABLE).ok()?;
        let mut lines = text.lines();
        let mut next = || lines.next().unwrap();
        let (store, acknowledged) = (next().into(), next().into());
        let numbers: Vec<u32> = next().split(' ').map(|n| n.parse().unwrap()).collect();
        Some(Self {
            store,
            acknowledged,
            writers: numbers[0],
            steps: numbers[1],
            round: numbers[2],
            write_buffer_bytes: next().parse().unwrap(),
        })
    }

    fn options(&self) -> EmbeddedOptions {
        EmbeddedOptions {
            write_buffer_bytes: self.write_buffer_bytes,
            ..EmbeddedOptions::default()
        }
    }
}

#[tokio::test]
#[ignore = "the child process of other tests"]
async fn writes_until_stopped() {
    let Some(orders) = Orders::received() else {
        return;
    };
    let store = EmbeddedKv::open(&orders.store, orders.options())
        .await
        .unwrap();
    let store: Arc<dyn KvStore> = Arc::new(store);
    let notes = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&orders.acknowledged)
        .unwrap();
    let writers = (0..orders.writers).map(|writer| {
        let (store, notes, orders) = (&*store, &notes, &orders);
        async move {
            for step in 0..orders.steps {
                write(store, orders.round, writer, step).await;
                note(notes, orders.round, writer, step);
            }
        }
    });
    futures_util::future::join_all(writers).await;
}

fn note(mut notes: &File, round: u32, writer: u32, step: u32) {
    let line = format!("{round} {writer} {step}\n");
    notes.write_all(line.as_bytes()).unwrap();
}

fn partition(round: u32, writer: u32) -> Vec<u8> {
    format!("round {round} writer {writer}").into_bytes()
}

/// The value of a step: any length from nothing to several pages, and told from all others.
fn value(round: u32, writer: u32, step: u32) -> Vec<u8> {
    let unit = format!("{round}/{writer}/{step};").into_bytes();
    let length = match step % 8 {
        3 => 9000,
        5 => 2000,
        _ => 200,
    };
    unit.iter().copied().cycle().take(length).collect()
}

/// One step: a key that counts the writer's steps by compare-and-swap, a key of its own, and the
/// removal of an earlier one.
async fn write(store: &dyn KvStore, round: u32, writer: u32, step: u32) {
    let partition = partition(round, writer);
    let value = value(round, writer, step);
    let own = step.to_be_bytes();
    if step.is_multiple_of(4) {
        store.set(&partition, &own, &value).await.unwrap();
    } else {
        let earlier = (step - 1).to_be_bytes();
        let mut batch = vec![Write::Set {
            key: &own,
            value: &value,
        }];
        if step % 4 == 2 {
            batch.push(Write::Delete { key: &earlier });
        }
        store.write_batch(&partition, &batch).await.unwrap();
    }
    let last = step.checked_sub(1).map(u32::to_be_bytes);
    let predicate = match &last {
        Some(last) => Predicate::Value(last),
        None => Predicate::Absent,
    };
    let outcome = store.set_if(&partition, b"count", &own, predicate).await;
    assert_eq!(outcome.unwrap(), SetIfOutcome::Stored);
}

/// The (round, writer, step) noted in a file.
pub(crate) fn noted(bytes: &[u8]) -> Vec<[u32; 3]> {
    let text = String::from_utf8_lossy(bytes);
    // A line without its end was being written when the process was stopped.
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    complete
        .lines()
        .map(|line| {
            let numbers: Vec<u32> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            numbers.try_into().unwrap()
        })
        .collect()
}

/// Opens a store and checks that everything noted is there and nothing is half there. Then writes to
/// it.
pub(crate) async fn check(path: &Path, noted: &[[u32; 3]]) {
    let store = EmbeddedKv::open(path, EmbeddedOptions::default())
        .await
        .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)));
    let mut last = std::collections::BTreeMap::new();
    for [round, writer, step] in noted {
        last.insert((*round, *writer), *step);
    }
    for ((round, writer), step) in last {
        let partition = partition(round, writer);
        let count = store.get(&partition, b"count").await.unwrap().unwrap();
        let count = u32::from_be_bytes(count.as_ref().try_into().unwrap());
        // The step after the last noted one may have happened, in part.
        assert!(
            (step..=step + 1).contains(&count),
            "{round} {writer}: {count} for {step}"
        );
        for earlier in 0..=step {
            let removed = earlier % 4 == 1 && earlier < step;
            let removed_next = earlier % 4 == 1 && earlier == step;
            let found = store.get(&partition, &earlier.to_be_bytes()).await.unwrap();
            match found {
                Some(found) => {
                    assert!(!removed, "{round} {writer} {earlier} is back");
                    assert!(found == value(round, writer, earlier), "a wrong value");
                }
                None => assert!(
                    removed || removed_next,
                    "{round} {writer} {earlier} is lost"
                ),
            }
        }
    }
    store.set(b"after", b"k", b"v").await.unwrap();
    assert!(store.get(b"after", b"k").await.unwrap().is_some());
}
