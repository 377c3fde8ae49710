//! What a client may ask a server about itself.

use serde::{Deserialize, Serialize};

/// The server's configuration as far as clients need it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Optional features.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities_config: Option<CapabilitiesConfig>,
    /// The object store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_config: Option<StorageConfig>,
    /// Every object store; one entry here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_config_list: Option<Vec<StorageConfig>>,
    /// Web interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ui_config: Option<UiConfig>,
    /// Version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_config: Option<VersionConfig>,
}

/// Optional features; none has a field yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilitiesConfig {}

/// Settings of the web interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiConfig {
    /// Object viewers; sent as `null` when there are none.
    pub custom_viewers: Option<Vec<CustomViewer>>,
}

/// A viewer for some kinds of object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomViewer {
    /// Content types it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_types: Option<Vec<String>>,
    /// File extensions it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Vec<String>>,
    /// Its name.
    pub name: String,
    /// Where it lives.
    pub url: String,
}

/// What kind of object store a server writes to and what it can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageConfig {
    /// Description.
    #[serde(default)]
    pub blockstore_description: String,
    /// Name among several stores; empty for the only one.
    #[serde(default)]
    pub blockstore_id: String,
    /// Regular expression a storage namespace must match. The casing is the contract's.
    #[serde(rename = "blockstore_namespace_ValidityRegex")]
    pub blockstore_namespace_validity_regex: String,
    /// A namespace as an example.
    pub blockstore_namespace_example: String,
    /// `local`, `s3`, `gs`, `azure` or `mem`.
    pub blockstore_type: String,
    /// What a new namespace may begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_namespace_prefix: Option<String>,
    /// Whether objects can be imported in place.
    pub import_support: bool,
    /// Regular expression an import source must match.
    pub import_validity_regex: String,
    /// Whether multipart uploads can be presigned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_sign_multipart_upload: Option<bool>,
    /// Whether the store presigns URLs.
    pub pre_sign_support: bool,
    /// Whether the web interface should use them.
    pub pre_sign_support_ui: bool,
}

/// Version of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionConfig {
    /// The newest release known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_version: Option<String>,
    /// Whether upgrading is advised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_recommended: Option<bool>,
    /// Where to upgrade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_url: Option<String>,
    /// The version of the API spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The edition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_context: Option<String>,
}
