//! Tags: names that do not move.

use crate::audit::Call;
use crate::branch::create::is_missing_reference;
use crate::branch::model::page_of;
use crate::failure::engine_failure;
use crate::{Caller, Error, Page, PageRequest, Ref, Result, Service, names};

impl Service {
    /// `POST /repositories/{repository}/tags`.
    pub async fn create_tag(
        &self,
        caller: &Caller,
        repository: &str,
        tag: &str,
        reference: &str,
        force: bool,
    ) -> Result<Ref> {
        let call = Call::at("createTag", repository, tag);
        self.audited(caller, call, async {
            self.may_create_tag(caller, repository, tag).await?;
            let repository = self.repository(repository).await?;
            let id = names::new_tag(tag)?;
            let source = names::reference(reference)?;
            let made = self
                .engine()
                .create_tag(&repository, &id, &source, force)
                .await;
            match made {
                Ok(made) => Ok(Ref::from(&made)),
                Err(error) if is_missing_reference(&error) => {
                    Err(Error::not_found("not found").caused_by(error))
                }
                Err(error) => Err(engine_failure(error)),
            }
        })
        .await
    }

    /// `GET /repositories/{repository}/tags/{tag}`.
    pub async fn get_tag(&self, caller: &Caller, repository: &str, tag: &str) -> Result<Ref> {
        let call = Call::at("getTag", repository, tag);
        self.audited(caller, call, async {
            self.may_read_tag(caller, repository, tag).await?;
            let repository = self.repository(repository).await?;
            let id = names::tag(tag)?;
            let found = self.engine().tag(&repository, &id).await;
            found.map(|found| Ref::from(&found)).map_err(engine_failure)
        })
        .await
    }

    /// `GET /repositories/{repository}/tags`.
    pub async fn list_tags(
        &self,
        caller: &Caller,
        repository: &str,
        page: PageRequest<'_>,
    ) -> Result<Page<Ref>> {
        let call = Call::on("listTags", repository);
        self.audited(caller, call, async {
            self.may_list_tags(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let found = self
                .engine()
                .list_tags(&repository, &page.list_refs())
                .await;
            found.map(page_of).map_err(engine_failure)
        })
        .await
    }

    /// `DELETE /repositories/{repository}/tags/{tag}`.
    pub async fn delete_tag(
        &self,
        caller: &Caller,
        repository: &str,
        tag: &str,
        force: bool,
    ) -> Result<()> {
        let call = Call::at("deleteTag", repository, tag);
        self.audited(caller, call, async {
            self.may_delete_tag(caller, repository, tag).await?;
            let repository = self.repository(repository).await?;
            let id = names::tag(tag)?;
            let outcome = self.engine().delete_tag(&repository, &id, force).await;
            outcome.map_err(engine_failure)
        })
        .await
    }
}
