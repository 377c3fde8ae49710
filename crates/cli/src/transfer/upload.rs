//! Uploading one file or standard input.
//!
//! Either through the server or, where it offers that, directly to the store: ask for an address,
//! put the bytes there, link them. The checksum that is linked is the one computed here while
//! sending, never the store's word alone.

use std::path::Path;
use std::time::Duration;

use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use lakefs_wire::{Metadata, ObjectStats, StagingLocation, StagingMetadata};

use super::checksum::{Checksum, plain_md5};
use super::send::{endless_body, file_body};
use super::{PresignSupport, broken, multipart_upload, size_of, temporary};
use crate::client::{Attempt, Client, Request, RequestBody, accept};
use crate::error::{Error, Result};
use crate::ui::Bar;
use crate::uri::PathUri;

/// Objects smaller than this are never sent in parts.
pub(crate) const MIN_MULTIPART_BYTES: u64 = 5 << 20;
const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";
/// How often a link is tried against a branch that others keep changing.
const LINK_TRIES: u32 = 20;

/// What to upload an object as.
#[derive(Debug, Clone, Default)]
pub(crate) struct UploadOptions {
    /// Ways past the server.
    pub(crate) direct: PresignSupport,
    /// Content type; the server's default when absent.
    pub(crate) content_type: Option<String>,
    /// User metadata.
    pub(crate) metadata: Metadata,
}

/// Uploads a file.
pub(crate) async fn upload_file(
    client: &Client,
    file: &Path,
    to: &PathUri,
    options: &UploadOptions,
    bar: &Bar,
) -> Result<ObjectStats> {
    let metadata = tokio::fs::metadata(file)
        .await
        .map_err(|error| Error::file("open", file, &error))?;
    if metadata.is_dir() {
        return Err(Error::failed(format!(
            "{} is a directory: use --recursive to upload it",
            file.display()
        )));
    }
    let size = metadata.len();
    if options.direct.multipart && size >= MIN_MULTIPART_BYTES {
        multipart_upload::upload(client, file, size, to, options, bar).await
    } else if options.direct.single {
        through_address(client, file, size, to, options, bar).await
    } else {
        let attempt = || async {
            bar.reset();
            let (body, sent) = file_body(file, 0, size, bar).await?;
            let stats = post(client, to, options, body).await?;
            verify(&stats, &sent.checksum(), size)?;
            Ok(stats)
        };
        client.retrying(attempt).await
    }
}

/// Uploads standard input, whose end nobody knows in advance. It cannot be read twice, so this is
/// tried once; a store that is written to directly wants a length, hence a file in between.
pub(crate) async fn upload_stdin(
    client: &Client,
    to: &PathUri,
    options: &UploadOptions,
    bar: &Bar,
) -> Result<ObjectStats> {
    if options.direct.single {
        let spool = std::env::temp_dir().join("stdin");
        let (spool, mut file) = temporary::Temporary::create(&spool).await?;
        let mut input = tokio::io::stdin();
        let copy = tokio::io::copy(&mut input, &mut file).await;
        copy.map_err(|error| Error::file("copy standard input to", spool.path(), &error))?;
        let flush = tokio::io::AsyncWriteExt::flush(&mut file).await;
        flush.map_err(|error| Error::file("copy standard input to", spool.path(), &error))?;
        let mut options = options.clone();
        options.direct.multipart = false;
        return upload_file(client, spool.path(), to, &options, bar).await;
    }
    let (body, sent) = endless_body(tokio::io::stdin(), bar);
    let stats = post(client, to, options, body)
        .await
        .map_err(|failure| failure.error)?;
    let sent = sent.checksum();
    verify(&stats, &sent, sent.bytes())?;
    Ok(stats)
}

async fn post(
    client: &Client,
    to: &PathUri,
    options: &UploadOptions,
    body: RequestBody,
) -> std::result::Result<ObjectStats, Attempt> {
    let mut request = Client::upload_request(to);
    metadata_headers(&options.metadata, &mut request)?;
    request.headers.insert(CONTENT_TYPE, content_type(options)?);
    let response = client.send(&request, body).await?;
    let response = accept(Method::POST, response, StatusCode::CREATED).await?;
    let body = http_body_util::BodyExt::collect(response.into_body())
        .await
        .map_err(|_| broken(Method::POST, to, "unexpected EOF"))?;
    let stats = serde_json::from_slice(&body.to_bytes())
        .map_err(|_| Error::failed("Bad response from server"))?;
    Ok(stats)
}

fn content_type(options: &UploadOptions) -> Result<HeaderValue> {
    let text = options
        .content_type
        .as_deref()
        .unwrap_or(DEFAULT_CONTENT_TYPE);
    if text
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("multipart/")
    {
        // The server would take the content apart.
        return Err(Error::failed(format!(
            "{text:?} cannot be the content type of an object"
        )));
    }
    HeaderValue::from_str(text)
        .map_err(|_| Error::failed(format!("{text:?} is not a content type")))
}

/// Metadata travels in headers: names of ours in one family, everybody else's in another.
fn metadata_headers(metadata: &Metadata, request: &mut Request) -> Result<()> {
    for (key, value) in metadata {
        let name = match key.strip_prefix("::lakefs::") {
            Some(rest) => format!("x-lakefs-internal-{rest}"),
            None => format!("x-lakefs-meta-{key}"),
        };
        let bad = || Error::failed(format!("metadata {key:?} cannot be sent"));
        let name = HeaderName::try_from(name).map_err(|_| bad())?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?;
        request.headers.insert(name, value);
    }
    Ok(())
}

async fn through_address(
    client: &Client,
    file: &Path,
    size: u64,
    to: &PathUri,
    options: &UploadOptions,
    bar: &Bar,
) -> Result<ObjectStats> {
    let attempt = || async {
        let location = client.physical_address(to).await?;
        let url = location
            .presigned_url
            .as_deref()
            .ok_or_else(|| Error::failed("the server gave no URL to upload to"))?;
        bar.reset();
        let (body, sent) = file_body(file, 0, size, bar).await?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type(options)?);
        if options.direct.azure {
            headers.insert("x-ms-blob-type", HeaderValue::from_static("BlockBlob"));
        }
        put(client, url, &headers, body)
            .await?
            .check(&sent.checksum())?;
        Ok((location, sent.checksum()))
    };
    let (location, sent) = client.retrying(attempt).await?;
    if sent.bytes() != size {
        return Err(Error::failed(format!(
            "sent {} of {size} bytes",
            sent.bytes()
        )));
    }
    let staging = StagingMetadata {
        staging: StagingLocation {
            presigned_url: None,
            ..location
        },
        checksum: sent.hex(),
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        user_metadata: (!options.metadata.is_empty()).then(|| options.metadata.clone()),
        content_type: options.content_type.clone(),
        mtime: None,
        force: false,
    };
    let stats = link(client, to, &staging).await?;
    verify(&stats, &sent, size)?;
    Ok(stats)
}

/// Links, again while others change the same entry, but not for ever.
async fn link(client: &Client, to: &PathUri, staging: &StagingMetadata) -> Result<ObjectStats> {
    let mut tries = 1;
    loop {
        match client.link(to, staging).await {
            Err(error) if error.status() == Some(StatusCode::CONFLICT) && tries < LINK_TRIES => {
                tokio::time::sleep(Duration::from_millis(u64::from(tries) * 50)).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// What a store said after bytes were put there.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// Its tag for the content.
    pub(crate) etag: String,
    encrypted: bool,
}

impl Receipt {
    /// Fails when the tag is a checksum and not that of what was sent. Under server-side encryption
    /// with a managed key the tag looks like one and is none.
    pub(crate) fn check(&self, sent: &Checksum) -> Result<()> {
        match plain_md5(&self.etag) {
            Some(stored) if !self.encrypted && stored != sent.hex() => Err(Error::failed(format!(
                "the store received other content than was sent (checksum {stored}, sent {})",
                sent.hex()
            ))),
            _ => Ok(()),
        }
    }
}

/// Puts bytes to a presigned URL.
pub(crate) async fn put(
    client: &Client,
    url: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> std::result::Result<Receipt, Attempt> {
    let response = client
        .send_presigned(Method::PUT, url, headers, body)
        .await?;
    let expected = match response.status() {
        status @ (StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT) => status,
        _ => StatusCode::OK,
    };
    let response = accept(Method::PUT, response, expected).await?;
    let text = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let etag = text(ETAG.as_str())
        .unwrap_or_default()
        .trim_matches('"')
        .to_owned();
    Ok(Receipt {
        etag,
        encrypted: has_foreign_tags(response.headers()),
    })
}

/// Whether entity tags that look like an MD5 are none: S3 with a managed or a customer's key.
pub(crate) fn has_foreign_tags(headers: &HeaderMap) -> bool {
    let managed = headers
        .get("x-amz-server-side-encryption")
        .is_some_and(|value| value.as_bytes().starts_with(b"aws:kms"));
    managed || headers.contains_key("x-amz-server-side-encryption-customer-algorithm")
}

/// Fails when the server describes something else than what was sent.
pub(crate) fn verify(stats: &ObjectStats, sent: &Checksum, size: u64) -> Result<()> {
    if sent.bytes() != size {
        return Err(Error::failed(format!(
            "sent {} of {size} bytes",
            sent.bytes()
        )));
    }
    if size_of(stats).is_some_and(|stored| stored != size) {
        return Err(Error::failed(format!(
            "the server stored {} bytes, {size} were sent",
            stats.size_bytes.unwrap_or_default()
        )));
    }
    match plain_md5(&stats.checksum) {
        Some(stored) if stored != sent.hex() => Err(Error::failed(format!(
            "the server stored other content than was sent (checksum {stored}, sent {})",
            sent.hex()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_compared_unless_the_store_encrypts_with_a_key_of_its_own() {
        let mut sent = Checksum::default();
        sent.update(b"hello");
        let receipt = |etag: &str, encrypted| Receipt {
            etag: etag.to_owned(),
            encrypted,
        };
        let other = "b1946ac92492d2347c6235b4d2611184";
        assert!(receipt(&sent.hex(), false).check(&sent).is_ok());
        assert!(receipt(other, false).check(&sent).is_err());
        assert!(receipt(other, true).check(&sent).is_ok());
        assert!(receipt("0x8DC", false).check(&sent).is_ok());
        assert!(receipt("", false).check(&sent).is_ok());
        let managed = |kind| {
            HeaderMap::from_iter([(
                HeaderName::from_static("x-amz-server-side-encryption"),
                HeaderValue::from_static(kind),
            )])
        };
        assert!(has_foreign_tags(&managed("aws:kms")));
        assert!(!has_foreign_tags(&managed("AES256")));
    }

    #[test]
    fn metadata_travels_in_the_header_family_it_belongs_to() {
        let mut request = Request::post(&["x"]);
        let metadata = Metadata::from([
            ("::lakefs::client-mtime".to_owned(), "1".to_owned()),
            ("colour".to_owned(), "grün".to_owned()),
        ]);
        metadata_headers(&metadata, &mut request).unwrap();
        assert_eq!(request.headers["x-lakefs-internal-client-mtime"], "1");
        assert_eq!(
            request.headers["x-lakefs-meta-colour"].as_bytes(),
            "grün".as_bytes()
        );
        let bad = Metadata::from([("a b".to_owned(), String::new())]);
        assert!(metadata_headers(&bad, &mut request).is_err());
    }
}
