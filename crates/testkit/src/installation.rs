//! What no test cares about: the layers put on top of each other, and who may come in.

use std::sync::Arc;

use lakefs_auth::{AdminMayAll, Auth, AuthParts, Authorizer, DirectoryOptions, SharedSecret};
use lakefs_runtime::TaskScope;
use lakefs_service::{
    Caller, CommPrefs, Presented, Service, ServiceOptions, ServiceParts, SetupRequest,
};
use lakefs_versioning::{Engine, EngineOptions, EngineParts, NoHooks};

use crate::{KEY, SECRET, Stores};

/// The use-cases over stores, set up, without a repository.
#[derive(Debug)]
pub struct Installation {
    /// The use-cases.
    pub service: Service,
    /// The administrator, with [`KEY`] and [`SECRET`].
    pub admin: Caller,
}

impl Installation {
    /// Sets up an installation whose administrator may do everything.
    pub async fn set_up(stores: Stores) -> Self {
        Self::set_up_with(stores, Arc::new(AdminMayAll)).await
    }

    /// Sets up an installation where `authorizer` decides who may do what.
    pub async fn set_up_with(stores: Stores, authorizer: Arc<dyn Authorizer>) -> Self {
        let service = service_over(stores, authorizer);
        let request = SetupRequest {
            username: "admin".to_owned(),
            key: Some((KEY.to_owned(), SECRET.to_owned())),
            comm_prefs: CommPrefs::default(),
        };
        let nobody = Caller::anonymous("setup");
        let made = service.setup(&nobody, request).await;
        made.expect("new stores take an administrator");
        let presented = Presented::Basic {
            access_key_id: KEY,
            secret_access_key: SECRET,
        };
        let user = service.authenticate(presented).await;
        let user = user.expect("the administrator was just made");
        Self {
            service,
            admin: Caller::of(user, "request-1"),
        }
    }
}

fn service_over(stores: Stores, authorizer: Arc<dyn Authorizer>) -> Service {
    let Stores {
        kv,
        blocks,
        tree,
        clock,
        ids,
    } = stores;
    let auth = Auth::new(AuthParts {
        kv: Arc::clone(&kv),
        ids: Arc::clone(&ids),
        secret: SharedSecret::new("shared secret"),
        directory: DirectoryOptions::default(),
    });
    let engine = Engine::new(
        EngineParts {
            kv: Arc::clone(&kv),
            blocks: Arc::clone(&blocks),
            tree,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            tasks: TaskScope::new(),
            hooks: Arc::new(NoHooks),
        },
        EngineOptions::default(),
    );
    Service::new(ServiceParts {
        engine,
        auth: Arc::new(auth),
        kv,
        blocks,
        authorizer,
        clock,
        ids,
        options: ServiceOptions::default(),
    })
}
