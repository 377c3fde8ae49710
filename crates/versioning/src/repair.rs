//! Putting right what is damaged.

use lakefs_kv::Predicate;
use lakefs_types::{BranchId, CommitId, RefExpr};

use crate::branch::{decode_branch, encode_branch};
use crate::cas::Cas;
use crate::records::branch_key;
use crate::{Branch, Engine, Error, Repository, Result};

impl Engine {
    /// Gives a branch whose record is damaged a new record at a commit; `None` when there is nothing wrong
    /// with the record. Where its uncommitted changes are is not known any more: they are lost to it.
    ///
    /// Without this a damaged default branch, which cannot be deleted, would be the end of its
    /// repository.
    pub(crate) async fn rebuild_branch(
        &self,
        repository: &Repository,
        id: &BranchId,
        reference: &RefExpr,
    ) -> Result<Option<CommitId>> {
        let key = branch_key(id.as_str());
        let Some(raw) = self.0.kv_get(&repository.partition, &key).await? else {
            return Ok(None);
        };
        let Err(error) = decode_branch(id.as_str(), &raw) else {
            return Ok(None);
        };
        let target = self.commit_of(repository, reference).await?;
        tracing::warn!(%error, repository = %repository.id, commit = %target.id, "rebuilding a damaged branch");
        let branch = Branch {
            id: id.clone(),
            commit_id: target.id.clone(),
            staging_token: self.0.new_token(repository, id),
            sealed_tokens: Vec::new(),
            hidden: false,
        };
        let record = encode_branch(&branch);
        let partition = repository.partition.as_bytes();
        let swapped = self
            .0
            .cas(partition, &key, &record, Predicate::Value(&raw))
            .await?;
        match swapped {
            Cas::Stored => Ok(Some(target.id.clone())),
            Cas::Mismatch | Cas::Unclear => Err(Error::TooManyTries { branch: id.clone() }),
        }
    }
}
