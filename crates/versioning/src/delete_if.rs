//! Deleting an object on a condition: looked at and deleted as one.
//!
//! The tombstone is swapped in for exactly the staged bytes that were looked at (or for their absence), so
//! that no write of somebody else is lost. As with every staged write, the branch is read again
//! afterwards; where its token was replaced meanwhile, it is made sure that the deletion counts.

use lakefs_kv::Predicate;
use lakefs_types::{BranchId, ObjectPath};

use crate::cas::Cas;
use crate::staged::encode_tombstone;
use crate::staging::{StagedWrite, stored_entry};
use crate::{Branch, Engine, EntryView, Error, Repository, Result};

/// How often to look again when the path changed in between.
const MAX_TRIES: u32 = 10;

/// Asked about what is at the path, as often as that changes.
pub type DeleteCondition<'c> = &'c (dyn Fn(Option<&EntryView<'_>>) -> bool + Send + Sync);

impl Engine {
    /// Deletes an object, uncommitted, if `holds` says yes to it, and fails with
    /// [`Error::PreconditionFailed`] otherwise. Where nothing is, and that will do, nothing is done.
    pub async fn delete_if(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        force: bool,
        holds: DeleteCondition<'_>,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, force).await?;
        let mut write = StagedWrite::begin(self, repository, branch).await?;
        let mut written = false;
        while self
            .swap_tombstone(repository, &write, path, holds, &mut written)
            .await?
        {
            if write.settled(false).await? {
                break;
            }
        }
        Ok(())
    }

    /// Puts a tombstone into the branch's staging token. Answers whether there is one to be settled.
    /// `written` tells whether one of ours may be there, in this token or in one before it.
    async fn swap_tombstone(
        &self,
        repository: &Repository,
        write: &StagedWrite<'_>,
        path: &ObjectPath,
        holds: DeleteCondition<'_>,
        written: &mut bool,
    ) -> Result<bool> {
        let tombstone = encode_tombstone(path.as_bytes());
        let branch = write.branch();
        let token = branch.staging_token.as_str();
        for _ in 0..MAX_TRIES {
            let _reading = self.0.readers.begin();
            let staged = self.0.kv_get(token, path.as_bytes()).await?;
            let there = match &staged {
                // Ours is done; whoever wrote over it came later.
                Some(_) if *written => return Ok(true),
                Some(raw) => stored_entry(&branch.staging_token, path.as_bytes(), raw)?,
                None => {
                    self.visible_below(repository, branch, path.as_bytes())
                        .await?
                }
            };
            match &there {
                Some(entry) if holds(Some(&entry.view())) => {}
                // Ours is done; this one was written over it.
                Some(_) if *written => return Ok(false),
                None if *written => {
                    // A commit under way may have read the path before ours was there. Once it is done,
                    // its result tells.
                    if !self.is_sealed(branch, path).await? {
                        return Ok(false);
                    }
                }
                None if holds(None) => return Ok(false),
                Some(_) | None => return Err(Error::PreconditionFailed),
            }
            let predicate = staged
                .as_deref()
                .map_or(Predicate::Absent, Predicate::Value);
            match self
                .0
                .cas(token.as_bytes(), path.as_bytes(), &tombstone, predicate)
                .await?
            {
                Cas::Stored => {
                    *written = true;
                    return Ok(true);
                }
                Cas::Mismatch => {}
                Cas::Unclear => *written = true,
            }
        }
        Err(Error::WriteConflict {
            path: path.to_string(),
        })
    }

    /// Whether a commit under way takes a change of the path.
    async fn is_sealed(&self, branch: &Branch, path: &ObjectPath) -> Result<bool> {
        for token in &branch.sealed_tokens {
            let raw = self.0.kv_get(token.as_str(), path.as_bytes()).await?;
            if raw.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
