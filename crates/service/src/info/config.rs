//! What kind of server this is.

use lakefs_block::StoreDescriptor;

use crate::audit::Call;
use crate::authorize::require_user;
use crate::{Caller, ErrorKind, Result, Service};

/// `VersionConfig` of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionConfig {
    /// API level.
    pub version: String,
    /// Always `lakeFS`.
    pub version_context: String,
    /// Newest version known; this server asks nobody, so its own.
    pub latest_version: String,
    /// Never.
    pub upgrade_recommended: bool,
    /// Empty.
    pub upgrade_url: String,
}

/// `Config` of the contract; the storage part is the block store's descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Version.
    pub version: VersionConfig,
    /// Block store.
    pub storage: StoreDescriptor,
}

impl Service {
    /// `GET /config`: any user.
    pub async fn get_config(&self, caller: &Caller) -> Result<ServerConfig> {
        self.audited(caller, Call::new("getConfig"), async {
            require_user(caller)?;
            // Clients need the configuration before they can do anything, so a user without the
            // permission gets it all the same.
            match self.may_read_config(caller).await {
                Err(error) if error.kind() != ErrorKind::Unauthorized => return Err(error),
                _ => {}
            }
            Ok(ServerConfig {
                version: self.version_config(),
                storage: self.blocks().descriptor().clone(),
            })
        })
        .await
    }

    /// `GET /config/storage`.
    pub async fn get_storage_config(&self, caller: &Caller) -> Result<StoreDescriptor> {
        self.audited(caller, Call::new("getStorageConfig"), async {
            self.may_read_config(caller).await?;
            Ok(self.blocks().descriptor().clone())
        })
        .await
    }

    /// `GET /config/version`.
    pub async fn get_version(&self, caller: &Caller) -> Result<VersionConfig> {
        self.audited(caller, Call::new("getLakeFSVersion"), async {
            require_user(caller)?;
            Ok(self.version_config())
        })
        .await
    }

    fn version_config(&self) -> VersionConfig {
        let version = &self.options().api_version;
        VersionConfig {
            version: version.clone(),
            version_context: "lakeFS".to_owned(),
            latest_version: version.clone(),
            upgrade_recommended: false,
            upgrade_url: String::new(),
        }
    }
}
