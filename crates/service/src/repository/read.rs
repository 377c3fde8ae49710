//! Finding repositories.

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, ErrorKind, Page, PageRequest, Repository, Result, Service};

impl Service {
    /// `GET /repositories/{repository}`.
    pub async fn get_repository(&self, caller: &Caller, repository: &str) -> Result<Repository> {
        let call = Call::on("getRepository", repository);
        self.audited(caller, call, async {
            self.may_read_repository(caller, repository).await?;
            Ok(Repository::of(&*self.repository(repository).await?))
        })
        .await
    }

    /// `GET /repositories`; `search` keeps names that contain it. Repositories the caller may not
    /// read are left out.
    pub async fn list_repositories(
        &self,
        caller: &Caller,
        page: PageRequest<'_>,
        search: &str,
    ) -> Result<Page<Repository>> {
        self.audited(caller, Call::new("listRepositories"), async {
            self.may_list_repositories(caller).await?;
            let list = page.list_refs();
            let found = self.engine().list_repositories(&list, search).await;
            let found = found.map_err(engine_failure)?;
            let mut results = Vec::with_capacity(found.items.len());
            for item in &found.items {
                let repository = match item {
                    Ok(repository) => Repository::of(repository),
                    Err(damaged) => Repository::damaged(damaged),
                };
                match self.may_read_repository(caller, &repository.id).await {
                    Ok(_) => results.push(repository),
                    Err(error) if error.kind() == ErrorKind::Unauthorized => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Page::new(results, found.last.filter(|_| found.has_more)))
        })
        .await
    }
}
