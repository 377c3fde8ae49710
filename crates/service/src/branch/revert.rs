//! Undoing a commit by a new one.

use std::collections::BTreeMap;

use lakefs_versioning::Error as EngineError;

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::commit::create::check_message;
use crate::failure::engine_failure;
use crate::{Caller, Error, Result, Service, names};

/// Replacements for what a new commit would otherwise say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitOverrides {
    /// Message.
    pub message: Option<String>,
    /// Metadata.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// What to undo.
#[derive(Debug, Clone)]
pub struct RevertBranch<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch the new commit goes to.
    pub branch: &'a str,
    /// Reference expression of the commit to undo.
    pub reference: &'a str,
    /// Parent to return to, from 1; 0 for a commit with one parent.
    pub parent_number: i64,
    /// Replacements for the new commit.
    pub overrides: CommitOverrides,
    /// Whether a commit that changes nothing is fine.
    pub allow_empty: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// A parent number as the engine takes it.
pub(crate) fn parent_number(number: i64) -> Result<u32> {
    u32::try_from(number).map_err(|_| {
        Error::invalid(format!(
            "given commit does not have the given parent number: parent {number}"
        ))
    })
}

/// A failed revert or cherry-pick of `reference`.
pub(crate) fn picking_failure(error: EngineError, reference: &str) -> Error {
    if is_missing_reference(&error) {
        let message = format!("get commit from ref {reference}: not found");
        return Error::not_found(message).caused_by(error);
    }
    let prefix = match &error {
        EngineError::NoChanges => "update branch: ",
        _ => "",
    };
    engine_failure(error).prefixed(prefix)
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/revert`.
    pub async fn revert_branch(&self, caller: &Caller, request: RevertBranch<'_>) -> Result<()> {
        let call = Call::at("revertBranch", request.repository, request.branch);
        self.audited(caller, call, async {
            let user = self
                .may_revert_branch(caller, request.repository, request.branch)
                .await?;
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            let parent_number = parent_number(request.parent_number)?;
            let metadata = request.overrides.metadata.unwrap_or_default();
            names::metadata(&metadata)?;
            check_message(request.overrides.message.as_deref().unwrap_or(""))?;
            let revert = lakefs_versioning::Revert {
                reference: names::reference(request.reference)?,
                parent_number,
                committer: user.committer().to_owned(),
                message: request.overrides.message.filter(|text| !text.is_empty()),
                metadata,
                allow_empty: request.allow_empty,
                force: request.force,
            };
            match self.engine().revert(&repository, &branch, &revert).await {
                Ok(_) => Ok(()),
                Err(error) => Err(picking_failure(error, request.reference)),
            }
        })
        .await
    }
}
