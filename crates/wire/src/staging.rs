//! Uploads that go past the server: an address first, the bytes to the store, then a link.

use serde::{Deserialize, Serialize};

use crate::{Metadata, is_false};

/// Where to put an object's bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagingLocation {
    /// The signed address, to be sent back when the bytes are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_address: Option<String>,
    /// A URL to upload to; sent as `null` when none was asked for.
    pub presigned_url: Option<String>,
    /// When that URL ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presigned_url_expiry: Option<i64>,
}

/// The bytes are at the address: make them an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagingMetadata {
    /// Checksum.
    pub checksum: String,
    /// Content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Modification time, in Unix seconds; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtime: Option<i64>,
    /// Size in bytes.
    pub size_bytes: i64,
    /// The address that was given out.
    pub staging: StagingLocation,
    /// User metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Metadata>,
}
