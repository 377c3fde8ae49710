//! An object as clients see one.

use std::collections::BTreeMap;

/// Facts about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectStats {
    /// Path.
    pub path: String,
    /// Where its bytes are; a presigned URL when one was asked for.
    pub physical_address: String,
    /// When the presigned URL stops working, Unix seconds.
    pub physical_address_expiry: Option<i64>,
    /// Checksum.
    pub checksum: String,
    /// Size in bytes.
    pub size_bytes: i64,
    /// When it was written, Unix seconds.
    pub mtime: i64,
    /// Content type.
    pub content_type: String,
    /// User metadata; `None` where the answer leaves the field out.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// Content type of objects that came without one.
pub(crate) const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// Old records and imported objects have no content type.
pub(crate) fn content_type_or_default(content_type: &str) -> &str {
    if content_type.is_empty() {
        DEFAULT_CONTENT_TYPE
    } else {
        content_type
    }
}
