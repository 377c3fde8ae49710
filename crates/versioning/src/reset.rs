//! Taking back: uncommitted changes of a path, a prefix, a branch; and the branch itself.

use lakefs_kv::Write;
use lakefs_types::{BranchId, CommitId, ObjectPath, RefExpr, StagingToken};

use crate::head::Tries;
use crate::protection::ProtectedAction;
use crate::staged::{encode_staged, encode_tombstone};
use crate::staging::StagedWrite;
use crate::{Branch, Engine, Error, Repository, Result};

/// Records written at a time.
const WRITE_PAGE: usize = 1000;

impl Engine {
    /// Takes back all uncommitted changes of a branch.
    pub async fn reset_branch(
        &self,
        repository: &Repository,
        branch: &BranchId,
        force: bool,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, force).await?;
        let _turn = self.turn(repository, branch).await;
        let mut tries = Tries::new(self, branch);
        loop {
            let record = self.branch_record(repository, branch).await?;
            let mut reset = record.branch.clone();
            let fresh = self.0.new_token(repository, branch);
            reset.staging_token = fresh.clone();
            reset.sealed_tokens.clear();
            let happened =
                |now: Branch| async move { Ok(now.tokens().any(|token| *token == fresh)) };
            if self
                .swap_branch(repository, &record, reset, happened)
                .await?
                .is_some()
            {
                self.drop_tokens(record.branch.tokens().cloned().collect());
                return Ok(());
            }
            tries.again().await?;
        }
    }

    /// Takes back uncommitted changes of paths that begin with `prefix`.
    ///
    /// What the commit says about the changed paths is written into a fresh token that is then put
    /// over the others, all at once: a reset is done or not done. (The reference server writes deletions
    /// into the live token first and leaves them there when it fails.)
    pub async fn reset_prefix(
        &self,
        repository: &Repository,
        branch: &BranchId,
        prefix: &str,
        force: bool,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, force).await?;
        let _turn = self.turn(repository, branch).await;
        let mut tries = Tries::new(self, branch);
        loop {
            let record = self.branch_record(repository, branch).await?;
            let mut reset = record.branch.clone();
            let fresh = self.0.new_token(repository, branch);
            let written = self
                .write_committed(repository, &record.branch, prefix, &fresh)
                .await?;
            if !written {
                return Ok(());
            }
            let old = std::mem::replace(&mut reset.staging_token, fresh.clone());
            reset.sealed_tokens.insert(0, old);
            let token = fresh.clone();
            let happened =
                |now: Branch| async move { Ok(now.tokens().any(|other| *other == token)) };
            if self
                .swap_branch(repository, &record, reset, happened)
                .await?
                .is_some()
            {
                return Ok(());
            }
            self.drop_tokens(vec![fresh]);
            tries.again().await?;
        }
    }

    /// Writes into `token` what the branch's commit says about each changed path below `prefix`.
    /// Answers whether there was any.
    async fn write_committed(
        &self,
        repository: &Repository,
        branch: &Branch,
        prefix: &str,
        token: &StagingToken,
    ) -> Result<bool> {
        let kv = &self.0.parts.kv;
        let head = self.commit_by_id(repository, &branch.commit_id).await?;
        let mut changes = self
            .uncommitted(
                repository,
                &head.metarange,
                branch.tokens(),
                prefix.as_bytes(),
                1000,
            )
            .await?;
        let mut records: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut any = false;
        loop {
            let more = match changes.next().await? {
                Some((path, ..)) if path.starts_with(prefix.as_bytes()) => {
                    let path = path.to_vec();
                    let value = changes.committed_record(&path)?;
                    records.push((path, value));
                    changes.advance();
                    true
                }
                _ => false,
            };
            if records.len() >= WRITE_PAGE || (!more && !records.is_empty()) {
                let writes: Vec<_> = records
                    .iter()
                    .map(|(key, value)| Write::Set { key, value })
                    .collect();
                kv.write_batch(token.as_str().as_bytes(), &writes)
                    .await
                    .map_err(Error::Kv)?;
                any = true;
                records.clear();
            }
            if !more {
                return Ok(any);
            }
        }
    }

    /// Takes back the uncommitted change of one path.
    pub async fn reset_object(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        force: bool,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, force).await?;
        let path = path.as_bytes();
        let kv = &self.0.parts.kv;
        let mut write = StagedWrite::begin(self, repository, branch).await?;
        loop {
            let reading = self.0.readers.begin();
            let branch = write.branch();
            let token = branch.staging_token.as_str();
            let mut sealed = false;
            for token in &branch.sealed_tokens {
                sealed |= self.0.kv_get(token.as_str(), path).await?.is_some();
            }
            if sealed {
                let committed = self.committed(repository, &branch.commit_id, path).await?;
                let record = match &committed {
                    Some(entry) => encode_staged(path, entry.identity(), entry.data()),
                    None => encode_tombstone(path),
                };
                kv.set(token.as_bytes(), path, &record)
                    .await
                    .map_err(Error::Kv)?;
            } else if self.0.kv_get(token, path).await?.is_some() {
                // Nothing older shows through: without the record the commit does.
                kv.delete(token.as_bytes(), path).await.map_err(Error::Kv)?;
            }
            drop(reading);
            if write.settled(true).await? {
                return Ok(());
            }
        }
    }

    /// Points a branch without uncommitted changes at another commit. Answers that commit.
    ///
    /// The reference server looks only at changes set aside by a commit; here what is staged counts,
    /// too: it would silently apply to another content. A branch whose record is damaged gets a
    /// new one by `force`.
    pub async fn hard_reset(
        &self,
        repository: &Repository,
        branch: &BranchId,
        reference: &RefExpr,
        force: bool,
    ) -> Result<CommitId> {
        repository.ensure_writable(force)?;
        self.ensure_unprotected(repository, branch, ProtectedAction::Commit)
            .await?;
        let _turn = self.turn(repository, branch).await;
        let mut tries = Tries::new(self, branch);
        loop {
            let record = match self.clean_branch(repository, branch).await {
                Err(error @ Error::Corrupt { .. }) if force => {
                    let rebuilt = self.rebuild_branch(repository, branch, reference).await?;
                    return rebuilt.ok_or(error);
                }
                record => record?,
            };
            let target = self.commit_of(repository, reference).await?;
            let mut reset = record.branch.clone();
            reset.commit_id = target.id.clone();
            // What they hold changes nothing here, but it might over the other commit.
            reset.sealed_tokens.clear();
            // Doing it again is the same.
            let happened = |_| async { Ok(false) };
            if reset == record.branch
                || self
                    .swap_branch(repository, &record, reset, happened)
                    .await?
                    .is_some()
            {
                self.drop_tokens(record.branch.sealed_tokens.clone());
                return Ok(target.id.clone());
            }
            tries.again().await?;
        }
    }
}
