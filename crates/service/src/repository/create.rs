//! Creating a repository.

use std::sync::Arc;

use lakefs_versioning::Error as EngineError;

use crate::audit::Call;
use crate::failure::engine_failure;
use crate::{Caller, Error, Repository, Result, Service, names};

/// Default branch when the caller names none.
const MAIN: &str = "main";

/// A new repository.
#[derive(Debug, Clone, Copy)]
pub struct CreateRepository<'a> {
    /// Name.
    pub name: &'a str,
    /// Where its objects will live.
    pub storage_namespace: &'a str,
    /// Default branch; `main` when absent or empty.
    pub default_branch: Option<&'a str>,
    /// Whether to fill it with sample objects.
    pub sample_data: bool,
    /// Whether it refuses writes from now on.
    pub read_only: bool,
    /// Whether it begins without branch and commit, to be restored into.
    pub bare: bool,
    /// Block store; must be empty.
    pub storage_id: &'a str,
}

impl Service {
    /// `POST /repositories`.
    pub async fn create_repository(
        &self,
        caller: &Caller,
        request: CreateRepository<'_>,
    ) -> Result<Repository> {
        let call = Call::on("createRepository", request.name);
        self.audited(caller, call, async {
            let user = self.may_create_repository(caller, request.name).await?;
            self.may_attach_storage_namespace(caller, request.storage_namespace)
                .await?;
            let made = self.create_empty_repository(&request).await?;
            if request.sample_data && !request.bare && !request.read_only {
                self.fill_with_samples(&made, user).await?;
            }
            Ok(Repository::of(&made))
        })
        .await
    }

    pub(crate) async fn create_empty_repository(
        &self,
        request: &CreateRepository<'_>,
    ) -> Result<Arc<lakefs_versioning::Repository>> {
        let id = names::repository(request.name)?;
        let default_branch = match request.default_branch {
            None | Some("") => MAIN,
            Some(name) => name,
        };
        let default_branch = names::branch_argument("default_branch", default_branch)?;
        if !request.storage_id.is_empty() {
            return Err(Error::invalid(
                "invalid storage id: there is one object store",
            ));
        }
        let namespace = names::namespace(request.storage_namespace)?;
        let store = self.blocks().descriptor();
        if namespace.scheme() != store.scheme {
            return Err(Error::invalid(format!(
                "failed to match required regex {}: invalid namespace",
                store.namespace_validity_regex
            )));
        }
        let request = lakefs_versioning::CreateRepository {
            id,
            namespace,
            default_branch,
            read_only: request.read_only,
            bare: request.bare,
            storage_id: String::new(),
        };
        let made = self.engine().create_repository(&request).await;
        made.map_err(|error| {
            let prefix = match &error {
                EngineError::RepositoryExists { .. } => "error creating repository: ",
                _ => "failed to create repository: ",
            };
            engine_failure(error).prefixed(prefix)
        })
    }
}
