//! What kind of server this is.

use lakefs_block::StoreDescriptor;

use crate::{Caller, Result, Service};

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
        let _ = caller;
        Err(crate::Error::not_implemented())
    }

    /// `GET /config/storage`.
    pub async fn get_storage_config(&self, caller: &Caller) -> Result<StoreDescriptor> {
        let _ = caller;
        Err(crate::Error::not_implemented())
    }

    /// `GET /config/version`.
    pub async fn get_version(&self, caller: &Caller) -> Result<VersionConfig> {
        let _ = caller;
        Err(crate::Error::not_implemented())
    }
}
