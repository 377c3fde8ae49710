//! Uploads in parts to presigned URLs. Experimental in the contract; a server that offers them says
//! so in its storage configuration.

use http::StatusCode;
use lakefs_wire::{Metadata, ObjectStats};
use serde::{Deserialize, Serialize};

use super::{Client, Request};
use crate::error::Result;
use crate::uri::PathUri;

/// An upload that was begun.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PresignedMultipart {
    /// Its name.
    pub(crate) upload_id: String,
    /// Where the object will be.
    pub(crate) physical_address: String,
    /// A URL for each part asked for.
    #[serde(default)]
    pub(crate) presigned_urls: Vec<String>,
}

/// A part that arrived.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CompletedPart {
    /// Its number, from 1.
    pub(crate) part_number: u32,
    /// What the store called it.
    pub(crate) etag: String,
}

#[derive(Debug, Serialize)]
struct Address<'a> {
    physical_address: &'a str,
}

#[derive(Debug, Deserialize)]
struct UploadTo {
    presigned_url: String,
}

#[derive(Debug, Serialize)]
struct Complete<'a> {
    physical_address: &'a str,
    parts: &'a [CompletedPart],
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    user_metadata: &'a Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
}

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
        parts: u32,
    ) -> Result<PresignedMultipart> {
        let request = Request::post(&uploads(uri, &[]))
            .query("path", &uri.path)
            .query("parts", parts.to_string());
        self.json(&request, StatusCode::CREATED).await
    }

    /// A fresh URL for a part.
    pub(crate) async fn part_url(
        &self,
        uri: &PathUri,
        upload: &PresignedMultipart,
        part_number: u32,
    ) -> Result<String> {
        let number = part_number.to_string();
        let request = Request::put(&uploads(uri, &[&upload.upload_id, "parts", &number]))
            .query("path", &uri.path)
            .json(&Address {
                physical_address: &upload.physical_address,
            })?;
        let to: UploadTo = self.json(&request, StatusCode::OK).await?;
        Ok(to.presigned_url)
    }

    /// Makes the parts an object.
    pub(crate) async fn complete_multipart(
        &self,
        uri: &PathUri,
        upload: &PresignedMultipart,
        parts: &[CompletedPart],
        user_metadata: &Metadata,
        content_type: Option<&str>,
    ) -> Result<ObjectStats> {
        let request = Request::put(&uploads(uri, &[&upload.upload_id]))
            .query("path", &uri.path)
            .json(&Complete {
                physical_address: &upload.physical_address,
                parts,
                user_metadata,
                content_type,
            })?;
        self.json(&request, StatusCode::OK).await
    }

    /// Gives up an upload.
    pub(crate) async fn abort_multipart(
        &self,
        uri: &PathUri,
        upload: &PresignedMultipart,
    ) -> Result<()> {
        let request = Request::delete(&uploads(uri, &[&upload.upload_id]))
            .query("path", &uri.path)
            .json(&Address {
                physical_address: &upload.physical_address,
            })?;
        self.done(&request, StatusCode::NO_CONTENT).await
    }
}
