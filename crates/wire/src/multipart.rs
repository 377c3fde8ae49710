//! Uploads in parts, straight to the object store through presigned URLs.

use serde::{Deserialize, Serialize};

use crate::Metadata;

/// An upload that began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresignMultipartUpload {
    /// The signed address, to be sent back with every further request.
    pub physical_address: String,
    /// A URL for each part asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presigned_urls: Option<Vec<String>>,
    /// The upload.
    pub upload_id: String,
}

/// A part that was uploaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadPart {
    /// The entity tag the store gave.
    pub etag: String,
    /// Its number, from 1.
    pub part_number: i64,
}

/// The parts that make the object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletePresignMultipartUpload {
    /// Content type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The parts, in order.
    pub parts: Vec<UploadPart>,
    /// The signed address.
    pub physical_address: String,
    /// User metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Metadata>,
}

/// An upload to give up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbortPresignMultipartUpload {
    /// The signed address.
    pub physical_address: String,
}

/// A part to get a URL for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadPartFrom {
    /// The signed address.
    pub physical_address: String,
}

/// Where to upload a part to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadTo {
    /// The URL.
    pub presigned_url: String,
}

/// A part to copy from an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadPartCopyFrom {
    /// The object.
    pub copy_source: CopyPartSource,
    /// The signed address.
    pub physical_address: String,
}

/// An object to copy a part from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyPartSource {
    /// Its path.
    pub path: String,
    /// Which bytes, as `bytes=a-b`; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<String>,
    /// The reference to read from.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The repository.
    pub repository: String,
}
