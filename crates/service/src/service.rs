//! The use-cases' one object: what they share.

use std::sync::Arc;
use std::time::Duration;

use lakefs_auth::{Auth, Authorizer};
use lakefs_block::BlockStore;
use lakefs_kv::KvStore;
use lakefs_runtime::{Clock, Ids, Timestamp};
use lakefs_types::RepositoryId;
use lakefs_versioning::{DataAddresses, Engine, Repository};

use crate::failure::engine_failure;
use crate::info::usage::UsageCounter;
use crate::{Result, names};

/// What a server is told about itself, from its settings.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// API level reported to clients.
    pub api_version: String,
    /// Key of link-address signatures (`blockstore.signing.secret_key`).
    pub signing_secret: String,
    /// How long presigned URLs live.
    pub presign_expiry: Duration,
    /// How long login tokens live (`auth.login_duration`).
    pub login_duration: Duration,
    /// Prefix of committed tables below a namespace (`committed.block_storage_prefix`).
    pub tables_prefix: String,
    /// Level of the audit log (`logging.audit_log_level`).
    pub audit_level: tracing::Level,
    /// What `/setup_lakefs` and the login page show.
    pub login: LoginOptions,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            api_version: "1.84.0".to_owned(),
            signing_secret: "OVERRIDE_THIS_SIGNING_SECRET_DEFAULT".to_owned(),
            presign_expiry: Duration::from_mins(15),
            login_duration: Duration::from_hours(7 * 24),
            tables_prefix: "_lakefs".to_owned(),
            audit_level: tracing::Level::DEBUG,
            login: LoginOptions::default(),
        }
    }
}

/// The keys `auth.ui_config.*` that the login page reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOptions {
    /// `rbac`.
    pub rbac: String,
    /// `login_url`.
    pub login_url: String,
    /// `login_failed_message`.
    pub login_failed_message: String,
    /// `fallback_login_url`.
    pub fallback_login_url: Option<String>,
    /// `fallback_login_label`.
    pub fallback_login_label: Option<String>,
    /// `login_cookie_names`.
    pub login_cookie_names: Vec<String>,
    /// `logout_url`.
    pub logout_url: String,
    /// `use_login_placeholders`.
    pub use_login_placeholders: bool,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            rbac: "none".to_owned(),
            login_url: String::new(),
            login_failed_message: "The credentials don't match.".to_owned(),
            fallback_login_url: None,
            fallback_login_label: None,
            login_cookie_names: vec!["internal_auth_session".to_owned()],
            logout_url: String::new(),
            use_login_placeholders: false,
        }
    }
}

/// What a [`Service`] is made of.
#[derive(Debug)]
pub struct ServiceParts {
    /// Repositories, branches, commits.
    pub engine: Engine,
    /// Users, tokens, the installation's own records.
    pub auth: Arc<Auth>,
    /// Records.
    pub kv: Arc<dyn KvStore>,
    /// Objects.
    pub blocks: Arc<dyn BlockStore>,
    /// Decides who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and randomness.
    pub ids: Arc<Ids>,
    /// Settings.
    pub options: ServiceOptions,
}

/// The use-cases. Clones share one instance.
///
/// Every method that takes a [`crate::Caller`] authorises and audits; nothing else in the server
/// does. Texts arrive unparsed: a malformed name is answered after the question whether the caller
/// may ask, with the text clients know.
#[derive(Debug, Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: ServiceParts,
    addresses: DataAddresses,
    usage: UsageCounter,
}

impl Service {
    /// Puts the parts together. No I/O.
    pub fn new(parts: ServiceParts) -> Self {
        Self {
            inner: Arc::new(Inner {
                addresses: DataAddresses::new(Arc::clone(&parts.ids)),
                usage: UsageCounter::default(),
                parts,
            }),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.parts.engine
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.inner.parts.auth
    }

    pub(crate) fn kv(&self) -> &dyn KvStore {
        &*self.inner.parts.kv
    }

    pub(crate) fn blocks(&self) -> &dyn BlockStore {
        &*self.inner.parts.blocks
    }

    pub(crate) fn authorizer(&self) -> &dyn Authorizer {
        &*self.inner.parts.authorizer
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.inner.parts.ids
    }

    pub(crate) fn options(&self) -> &ServiceOptions {
        &self.inner.parts.options
    }

    pub(crate) fn addresses(&self) -> &DataAddresses {
        &self.inner.addresses
    }

    pub(crate) fn usage(&self) -> &UsageCounter {
        &self.inner.usage
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    /// The repository of a request.
    pub(crate) async fn repository(&self, name: &str) -> Result<Arc<Repository>> {
        let id: RepositoryId = names::repository(name)?;
        self.engine().repository(&id).await.map_err(engine_failure)
    }
}
