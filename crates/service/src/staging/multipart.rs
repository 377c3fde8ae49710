//! Uploads in parts through presigned URLs, on stores that have them.

use std::collections::BTreeMap;

use lakefs_block::UploadedPart;

use crate::{Caller, ObjectStats, Result, Service};

/// Which upload.
#[derive(Debug, Clone, Copy)]
pub struct MultipartTarget<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
}

/// An upload that began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignMultipartUpload {
    /// Identifier.
    pub upload_id: String,
    /// The address, with its signature.
    pub physical_address: String,
    /// A URL for each part.
    pub presigned_urls: Vec<String>,
}

/// An object to copy a part from.
#[derive(Debug, Clone, Copy)]
pub struct CopyPartSource<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Path.
    pub path: &'a str,
    /// Bytes, as `bytes=a-b`; all of them when absent.
    pub range: Option<&'a str>,
}

/// The end of an upload.
#[derive(Debug, Clone)]
pub struct CompleteMultipart<'a> {
    /// The address, with its signature.
    pub physical_address: &'a str,
    /// The parts the object is made of.
    pub parts: Vec<UploadedPart>,
    /// User metadata.
    pub user_metadata: BTreeMap<String, String>,
    /// Content type.
    pub content_type: Option<&'a str>,
}

impl Service {
    /// `POST …/staging/pmpu`.
    pub async fn create_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        parts: u32,
    ) -> Result<PresignMultipartUpload> {
        let _ = (caller, target, parts);
        Err(crate::Error::not_implemented())
    }

    /// `PUT …/staging/pmpu/{uploadId}/parts/{partNumber}`: another URL for a part.
    pub async fn upload_part(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        part_number: u32,
        physical_address: &str,
    ) -> Result<String> {
        let _ = (caller, target, upload_id, part_number, physical_address);
        Err(crate::Error::not_implemented())
    }

    /// `PUT …/staging/pmpu/{uploadId}/parts/{partNumber}/copy`: answers the entity tag of the part.
    pub async fn upload_part_copy(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload: (&str, u32, &str),
        source: CopyPartSource<'_>,
    ) -> Result<String> {
        let _ = (caller, target, upload, source);
        Err(crate::Error::not_implemented())
    }

    /// `PUT …/staging/pmpu/{uploadId}`.
    pub async fn complete_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        request: CompleteMultipart<'_>,
    ) -> Result<ObjectStats> {
        let _ = (caller, target, upload_id, request);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE …/staging/pmpu/{uploadId}`.
    pub async fn abort_presign_multipart_upload(
        &self,
        caller: &Caller,
        target: MultipartTarget<'_>,
        upload_id: &str,
        physical_address: &str,
    ) -> Result<()> {
        let _ = (caller, target, upload_id, physical_address);
        Err(crate::Error::not_implemented())
    }
}
