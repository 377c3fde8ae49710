//! Objects: what they are and the requests that change them.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Pagination, is_false};

/// What a path in a listing stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathType {
    /// All paths that begin alike up to a delimiter.
    CommonPrefix,
    /// One object.
    Object,
}

/// One object, or one common prefix in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectStats {
    /// Checksum; empty for a prefix.
    pub checksum: String,
    /// Content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// User metadata. Listings leave it out when empty, single objects send `{}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Modification time, in Unix seconds; 0 for a prefix.
    pub mtime: i64,
    /// The path.
    pub path: String,
    /// Object or prefix.
    pub path_type: PathType,
    /// Where the bytes are: an address in the object store, or a presigned URL when asked for.
    pub physical_address: String,
    /// When a presigned address ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_address_expiry: Option<i64>,
    /// Size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
}

/// A page of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectStatsList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The objects, in path order.
    pub results: Vec<ObjectStats>,
}

/// An object whose bytes are already in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectStageCreation {
    /// Checksum.
    pub checksum: String,
    /// Content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// User metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Modification time, in Unix seconds; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtime: Option<i64>,
    /// Where the bytes are.
    pub physical_address: String,
    /// Size in bytes.
    pub size_bytes: i64,
}

/// An object to copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCopyCreation {
    /// Write even to a read-only repository.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force: bool,
    /// Copy the entry, not the bytes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub shallow: bool,
    /// Path to copy from.
    pub src_path: String,
    /// Reference to copy from; the destination branch when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_ref: Option<String>,
}

/// Paths to delete.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathList {
    /// The paths.
    pub paths: Vec<String>,
}

/// A path that could not be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectError {
    /// Why.
    pub message: String,
    /// The path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The status it would have had on its own.
    pub status_code: i64,
}

/// The paths that could not be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectErrorList {
    /// One for each path that failed.
    pub errors: Vec<ObjectError>,
}

/// What the object store says about an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderlyingObjectProperties {
    /// Storage class; `null` where the store has none.
    pub storage_class: Option<String>,
}

/// User metadata to put in place of what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateObjectUserMetadata {
    /// The whole new metadata.
    pub set: Metadata,
}
