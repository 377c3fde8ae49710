//! Repeating the change of one commit on another branch.

use crate::audit::Call;
use crate::branch::revert::{parent_number, picking_failure};
use crate::commit::create::check_message;
use crate::{Caller, Commit, CommitOverrides, Result, Service, names};

/// What to repeat.
#[derive(Debug, Clone)]
pub struct CherryPick<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch the new commit goes to.
    pub branch: &'a str,
    /// Reference expression of the commit to repeat.
    pub reference: &'a str,
    /// Parent against which its change is taken, from 1; needed for a merge commit.
    pub parent_number: Option<i64>,
    /// Replacements for the new commit.
    pub overrides: CommitOverrides,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/cherry-pick`.
    pub async fn cherry_pick(&self, caller: &Caller, request: CherryPick<'_>) -> Result<Commit> {
        let call = Call::at("cherryPick", request.repository, request.branch);
        self.audited(caller, call, async {
            let user = self
                .may_create_commit(caller, request.repository, request.branch)
                .await?;
            self.may_read_commit(caller, request.repository).await?;
            let repository = self.repository(request.repository).await?;
            let branch = names::branch(request.branch)?;
            if let Some(metadata) = &request.overrides.metadata {
                names::metadata(metadata)?;
            }
            check_message(request.overrides.message.as_deref().unwrap_or(""))?;
            let pick = lakefs_versioning::CherryPick {
                reference: names::reference(request.reference)?,
                parent_number: request.parent_number.map(parent_number).transpose()?,
                committer: user.committer().to_owned(),
                message: request.overrides.message.filter(|text| !text.is_empty()),
                metadata: request.overrides.metadata,
                force: request.force,
            };
            match self.engine().cherry_pick(&repository, &branch, &pick).await {
                Ok(made) => Ok(Commit::of(made)),
                Err(error) => Err(picking_failure(error, request.reference)),
            }
        })
        .await
    }
}
