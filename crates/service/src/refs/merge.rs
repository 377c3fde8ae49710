//! Merging a reference into a branch.

use std::collections::BTreeMap;

use lakefs_versioning::{Error as EngineError, MergeRequest, Strategy};

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::commit::create::check_message;
use crate::failure::engine_failure;
use crate::refs::diff::missing_reference;
use crate::{Caller, Error, ErrorKind, Result, Service, names};

/// What to merge.
#[derive(Debug, Clone)]
pub struct Merge<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression to merge.
    pub source: &'a str,
    /// Branch to merge into.
    pub destination: &'a str,
    /// Message of the merge commit.
    pub message: &'a str,
    /// Key-value pairs to attach to it.
    pub metadata: BTreeMap<String, String>,
    /// Empty, `source-wins` or `dest-wins`.
    pub strategy: &'a str,
    /// Whether a merge that changes nothing is fine.
    pub allow_empty: bool,
    /// Whether the merge commit forgets the source's history.
    pub squash: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// Where two histories part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeBase {
    /// As the contract names it; lakeFS answers the destination's commit here, and so does this.
    pub source_commit_id: String,
    /// As the contract names it; lakeFS answers the source's commit here, and so does this.
    pub destination_commit_id: String,
    /// Best common ancestor.
    pub base_commit_id: String,
}

fn merge_failure(error: EngineError, source: &str, destination: &str) -> Error {
    let prefix = format!("update branch {destination}: ");
    if is_missing_reference(&error) {
        let message = format!("{prefix}get commit by ref {source}: not found");
        return Error::not_found(message).caused_by(error);
    }
    let prefix = match &error {
        EngineError::NoChanges => &prefix,
        _ => "",
    };
    engine_failure(error).prefixed(prefix)
}

impl Service {
    /// `POST /repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}`: answers the new
    /// commit id.
    pub async fn merge_into_branch(&self, caller: &Caller, request: Merge<'_>) -> Result<String> {
        let call = Call::at("mergeIntoBranch", request.repository, request.destination);
        self.audited(caller, call, async {
            let user = self
                .may_create_commit(caller, request.repository, request.destination)
                .await?;
            let repository = self.repository(request.repository).await?;
            let destination = names::branch(request.destination)?;
            check_message(request.message)?;
            names::metadata(&request.metadata)?;
            let strategy = Strategy::parse(request.strategy).ok_or_else(|| {
                Error::invalid("argument strategy: invalid value: validation error")
            })?;
            let merge = MergeRequest {
                source: names::reference(request.source)?,
                committer: user.committer().to_owned(),
                message: request.message.to_owned(),
                metadata: request.metadata,
                strategy,
                force: request.force,
                allow_empty: request.allow_empty,
                squash: request.squash,
            };
            let made = self.engine().merge(&repository, &destination, &merge).await;
            made.map(|made| made.id.to_string())
                .map_err(|error| merge_failure(error, request.source, request.destination))
        })
        .await
    }

    /// `GET /repositories/{repository}/refs/{sourceRef}/merge/{destinationBranch}`.
    pub async fn find_merge_base(
        &self,
        caller: &Caller,
        repository: &str,
        source: &str,
        destination: &str,
    ) -> Result<MergeBase> {
        let call = Call::at("findMergeBase", repository, source);
        self.audited(caller, call, async {
            self.may_list_commits(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let (left, right) = (names::reference(source)?, names::reference(destination)?);
            let found = self.engine().merge_base(&repository, &left, &right).await;
            let found = found.map_err(missing_reference)?;
            let Some(base) = found.base else {
                return Err(Error::new(ErrorKind::Invalid, "no merge base"));
            };
            Ok(MergeBase {
                source_commit_id: found.destination.id.to_string(),
                destination_commit_id: found.source.id.to_string(),
                base_commit_id: base.id.to_string(),
            })
        })
        .await
    }
}
