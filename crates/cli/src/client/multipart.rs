//! Uploads in parts to presigned URLs. Experimental in the contract; a server that offers them says
//! so in its storage configuration.

use http::StatusCode;
use lakefs_wire::{
    AbortPresignMultipartUpload, CompletePresignMultipartUpload, Metadata, ObjectStats,
    PresignMultipartUpload, UploadPart, UploadPartFrom, UploadTo,
};

use super::{Client, Request};
use crate::error::Result;
use crate::uri::PathUri;

fn uploads<'a>(uri: &'a PathUri, rest: &[&'a str]) -> Vec<&'a str> {
    let mut segments = vec![
        "repositories",
        &uri.repository,
        "branches",
        &uri.reference,
        "staging",
        "pmpu",
    ];
    segments.extend(rest);
    segments
}

impl Client {
    /// Begins an upload and asks for the URLs of all its parts.
    pub(crate) async fn begin_multipart(
        &self,
        uri: &PathUri,
        parts: i64,
    ) -> Result<PresignMultipartUpload> {
        let request = Request::post(&uploads(uri, &[]))
            .query("path", &uri.path)
            .query("parts", parts.to_string());
        self.json(&request, StatusCode::CREATED).await
    }

    /// A fresh URL for a part.
    pub(crate) async fn part_url(
        &self,
        uri: &PathUri,
        upload: &PresignMultipartUpload,
        part_number: i64,
    ) -> Result<String> {
        let number = part_number.to_string();
        let request = Request::put(&uploads(uri, &[&upload.upload_id, "parts", &number]))
            .query("path", &uri.path)
            .json(&UploadPartFrom {
                physical_address: upload.physical_address.clone(),
            })?;
        let to: UploadTo = self.json(&request, StatusCode::OK).await?;
        Ok(to.presigned_url)
    }

    /// Makes the parts an object.
    pub(crate) async fn complete_multipart(
        &self,
        uri: &PathUri,
        upload: &PresignMultipartUpload,
        parts: Vec<UploadPart>,
        user_metadata: &Metadata,
        content_type: Option<&str>,
    ) -> Result<ObjectStats> {
        let request = Request::put(&uploads(uri, &[&upload.upload_id]))
            .query("path", &uri.path)
            .json(&CompletePresignMultipartUpload {
                physical_address: upload.physical_address.clone(),
                parts,
                user_metadata: (!user_metadata.is_empty()).then(|| user_metadata.clone()),
                content_type: content_type.map(str::to_owned),
            })?;
        self.json(&request, StatusCode::OK).await
    }

    /// Gives up an upload.
    pub(crate) async fn abort_multipart(
        &self,
        uri: &PathUri,
        upload: &PresignMultipartUpload,
    ) -> Result<()> {
        let request = Request::delete(&uploads(uri, &[&upload.upload_id]))
            .query("path", &uri.path)
            .json(&AbortPresignMultipartUpload {
                physical_address: upload.physical_address.clone(),
            })?;
        self.done(&request, StatusCode::NO_CONTENT).await
    }
}
