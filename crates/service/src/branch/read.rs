//! Finding branches.

use crate::audit::Call;
use crate::branch::model::page_of;
use crate::failure::engine_failure;
use crate::{Caller, Page, PageRequest, Ref, Result, Service, names};

impl Service {
    /// `GET /repositories/{repository}/branches/{branch}`.
    pub async fn get_branch(&self, caller: &Caller, repository: &str, branch: &str) -> Result<Ref> {
        let call = Call::at("getBranch", repository, branch);
        self.audited(caller, call, async {
            self.may_read_branch(caller, repository, branch).await?;
            let repository = self.repository(repository).await?;
            let branch = names::branch(branch)?;
            let found = self.engine().branch(&repository, &branch).await;
            found.map(|found| Ref::from(&found)).map_err(engine_failure)
        })
        .await
    }

    /// `GET /repositories/{repository}/branches`.
    pub async fn list_branches(
        &self,
        caller: &Caller,
        repository: &str,
        page: PageRequest<'_>,
        show_hidden: bool,
    ) -> Result<Page<Ref>> {
        let call = Call::on("listBranches", repository);
        self.audited(caller, call, async {
            self.may_list_branches(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let list = page.list_refs();
            let found = self
                .engine()
                .list_branches(&repository, &list, show_hidden)
                .await;
            found.map(page_of).map_err(engine_failure)
        })
        .await
    }
}
