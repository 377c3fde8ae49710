//! Removing uploads nobody will come back to, and tidying up after those that were interrupted.

use std::time::Duration;

use lakefs_kv::Write;
use lakefs_types::RepositoryId;
use lakefs_versioning::Error as EngineError;
use lakefs_versioning::uploads::{COMPLETIONS, Completion, UPLOADS, Upload, UploadState};

use super::Found;
use crate::failure::{engine_failure, kv_failure};
use crate::{Result, Service};

/// How long a completion is remembered for those who ask again.
const REMEMBERED: Duration = Duration::from_hours(24);
/// An upload that has been beginning for longer has failed to: neither store nor database takes that
/// long to answer.
const BEGINNING: Duration = Duration::from_hours(1);
/// Records read at a time.
const SCAN: usize = 1000;
/// Rest after each upload that was acted on, so that a flood of them does not disturb requests.
const REST: Duration = Duration::from_millis(50);

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepOutcome {
    /// Uploads in progress that were looked at.
    pub seen: u64,
    /// Uploads that were given up.
    pub aborted: u64,
    /// Uploads whose end was interrupted, and is done now.
    pub tidied: u64,
    /// Completions that need not be remembered any more.
    pub forgotten: u64,
    /// Uploads that could not be dealt with; the next sweep tries again.
    pub failed: u64,
}

/// What to do with an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Keep,
    Abort,
    /// Only the records go.
    Forget,
}

impl Service {
    /// Deals with uploads older than `lifetime`, and with what interrupted requests left.
    pub async fn sweep_uploads(&self, lifetime: Duration) -> Result<SweepOutcome> {
        let mut outcome = SweepOutcome::default();
        let mut start = Vec::new();
        loop {
            let page = self.kv().scan(UPLOADS, &start, SCAN).await;
            let page = page.map_err(kv_failure)?;
            for (key, value) in page.iter() {
                outcome.seen += 1;
                match self.sweep_upload(key, value, lifetime).await {
                    Ok(Fate::Keep) => continue,
                    Ok(Fate::Abort) => outcome.aborted += 1,
                    Ok(Fate::Forget) => outcome.tidied += 1,
                    Err(error) => {
                        outcome.failed += 1;
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            key = %String::from_utf8_lossy(key),
                            "an upload could not be swept"
                        );
                    }
                }
                tokio::time::sleep(REST).await;
            }
            match page.last_key() {
                Some(last) if page.has_more() => start = [last, &[0]].concat(),
                _ => break,
            }
        }
        outcome.forgotten = self.forget_completions().await?;
        Ok(outcome)
    }

    async fn sweep_upload(&self, key: &[u8], value: &[u8], lifetime: Duration) -> Result<Fate> {
        let upload = Upload::decode(value).map_err(engine_failure)?;
        let found = Found {
            key: key.to_vec(),
            raw: value.to_vec().into(),
            upload,
        };
        let fate = self.decide_fate(&found, lifetime).await?;
        match fate {
            Fate::Keep => {}
            Fate::Forget => self.forget_upload(&found).await?,
            Fate::Abort => {
                // Somebody who used it just now is left alone.
                match self.change_upload(&found, UploadState::Aborted).await? {
                    Some(found) => self.finish_abort(&found).await?,
                    None => return Ok(Fate::Keep),
                }
            }
        }
        Ok(fate)
    }

    async fn decide_fate(&self, found: &Found, lifetime: Duration) -> Result<Fate> {
        let upload = &found.upload;
        let old = self.now().since(upload.created) > lifetime;
        match &upload.state {
            UploadState::Aborted => Ok(Fate::Abort),
            UploadState::Beginning if self.now().since(upload.created) > BEGINNING => {
                Ok(Fate::Abort)
            }
            UploadState::Open if old || self.is_orphan(upload).await? => Ok(Fate::Abort),
            UploadState::Beginning | UploadState::Open => Ok(Fate::Keep),
            UploadState::Completing(_) if self.is_completed(upload).await? => Ok(Fate::Forget),
            UploadState::Completing(attempt) => {
                let old = old && self.now().since(attempt.since) > lifetime;
                if !old && !self.is_orphan(upload).await? {
                    return Ok(Fate::Keep);
                }
                // An object that was made may have been committed since: it stays.
                Ok(match self.object_of(found).await? {
                    Some(_) => Fate::Forget,
                    None => Fate::Abort,
                })
            }
        }
    }

    /// Whether the repository of an upload is gone.
    async fn is_orphan(&self, upload: &Upload) -> Result<bool> {
        let Ok(id) = RepositoryId::new(&upload.repository) else {
            return Ok(true);
        };
        match self.engine().repository(&id).await {
            Ok(repository) => Ok(!upload.is_of(&repository)),
            Err(
                EngineError::RepositoryNotFound { .. } | EngineError::RepositoryInDeletion { .. },
            ) => Ok(true),
            Err(error) => Err(engine_failure(error)),
        }
    }

    async fn forget_completions(&self) -> Result<u64> {
        let (kv, now) = (self.kv(), self.now());
        let mut forgotten = 0;
        let mut start = Vec::new();
        loop {
            let page = kv.scan(COMPLETIONS, &start, SCAN).await;
            let page = page.map_err(kv_failure)?;
            let mut old = Vec::new();
            for (key, value) in page.iter() {
                let completion = Completion::decode(value).map_err(engine_failure)?;
                if now.since(completion.completed) > REMEMBERED {
                    old.push(Write::Delete { key });
                }
            }
            if !old.is_empty() {
                kv.write_batch(COMPLETIONS, &old)
                    .await
                    .map_err(kv_failure)?;
                forgotten += old.len() as u64;
            }
            match page.last_key() {
                Some(last) if page.has_more() => start = [last, &[0]].concat(),
                _ => return Ok(forgotten),
            }
        }
    }
}
