//! Finding commits.

use lakefs_runtime::Timestamp;
use lakefs_versioning::LogRequest;

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::failure::engine_failure;
use crate::{Caller, Commit, Error, Page, PageRequest, Result, Service, names};

/// Most paths and prefixes of one [`LogCommits`]: each commit is compared under all of them.
const MAX_FILTERS: usize = 1000;

/// Which commits of a history.
#[derive(Debug, Clone, Default)]
pub struct LogCommits<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression the history starts from.
    pub reference: &'a str,
    /// Only commits after this one.
    pub after: &'a str,
    /// How many.
    pub amount: Option<i64>,
    /// Only commits that changed one of these objects.
    pub objects: Vec<String>,
    /// Only commits that changed something below one of these prefixes.
    pub prefixes: Vec<String>,
    /// Whether to stop at `amount` without looking whether there is more.
    pub limit: bool,
    /// Whether to follow first parents only.
    pub first_parent: bool,
    /// Only commits from this moment on, Unix seconds.
    pub since: Option<i64>,
    /// Last commit of the history.
    pub stop_at: Option<&'a str>,
}

impl Service {
    /// `GET /repositories/{repository}/commits/{commitId}`: any reference expression.
    pub async fn get_commit(
        &self,
        caller: &Caller,
        repository: &str,
        reference: &str,
    ) -> Result<Commit> {
        let call = Call::at("getCommit", repository, reference);
        self.audited(caller, call, async {
            self.may_read_commit(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let reference = names::reference(reference)?;
            match self.engine().commit_of(&repository, &reference).await {
                Ok(found) => Ok(Commit::of(found)),
                Err(error) if is_missing_reference(&error) => {
                    Err(Error::not_found("commit not found").caused_by(error))
                }
                Err(error) => Err(engine_failure(error)),
            }
        })
        .await
    }

    /// `GET /repositories/{repository}/refs/{ref}/commits`.
    pub async fn log_commits(
        &self,
        caller: &Caller,
        request: LogCommits<'_>,
    ) -> Result<Page<Commit>> {
        let call = Call::at("logCommits", request.repository, request.reference);
        self.audited(caller, call, async {
            self.may_read_branch(caller, request.repository, request.reference)
                .await?;
            let repository = self.repository(request.repository).await?;
            let reference = names::reference(request.reference)?;
            if request.objects.len() + request.prefixes.len() > MAX_FILTERS {
                return Err(Error::invalid(format!(
                    "at most {MAX_FILTERS} objects and prefixes can be asked for"
                )));
            }
            let optional = |text: &str| match text {
                "" => Ok(None),
                text => names::reference(text).map(Some),
            };
            let page = PageRequest {
                amount: request.amount,
                ..PageRequest::default()
            };
            let log = LogRequest {
                amount: page.limit(),
                after: optional(request.after)?,
                objects: request.objects,
                prefixes: request.prefixes,
                limit: request.limit,
                first_parent: request.first_parent,
                since: request.since.map(Timestamp::from_seconds),
                stop_at: optional(request.stop_at.unwrap_or(""))?,
            };
            match self.engine().log(&repository, &reference, &log).await {
                Ok(found) => {
                    let results: Vec<_> = found.commits.into_iter().map(Commit::of).collect();
                    let last = results.last().map(|last| last.id().to_owned());
                    Ok(Page::new(results, last.filter(|_| found.has_more)))
                }
                Err(error) if is_missing_reference(&error) => {
                    Err(Error::not_found("ref: not found").caused_by(error))
                }
                Err(error) => Err(engine_failure(error)),
            }
        })
        .await
    }
}
