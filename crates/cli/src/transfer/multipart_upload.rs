//! Uploading a large file in parts to presigned URLs.

use std::path::{Path, PathBuf};

use http::StatusCode;
use http::header::HeaderMap;
use lakefs_wire::{ObjectStats, PresignMultipartUpload, UploadPart};

use super::presigned::ends_soon;
use super::send::file_body;
use super::size_of;
use super::upload::{MIN_MULTIPART_BYTES, UploadOptions, put};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::ui::Bar;
use crate::uri::PathUri;

const MAX_PARTS: u64 = 10_000;
const CONCURRENT_PARTS: usize = 5;
const COMPLETE_TRIES: u32 = 20;

/// How a file of some size is cut: 5 MiB a part, more where that would be too many parts.
fn plan(size: u64) -> (u64, i64) {
    let part = if size.div_ceil(MIN_MULTIPART_BYTES) > MAX_PARTS {
        size / MAX_PARTS + 1
    } else {
        MIN_MULTIPART_BYTES
    };
    let parts = size.div_ceil(part).max(1);
    (part, i64::try_from(parts).unwrap_or(i64::MAX))
}

/// Uploads a file in parts. A failure leaves no parts behind, as far as the server lets us say so.
pub(crate) async fn upload(
    client: &Client,
    file: &Path,
    size: u64,
    to: &PathUri,
    options: &UploadOptions,
    bar: &Bar,
) -> Result<ObjectStats> {
    let (part_size, count) = plan(size);
    let upload = client.begin_multipart(to, count).await?;
    let outcome = async {
        let parts = send_parts(client, file, size, part_size, count, to, &upload, bar).await?;
        complete(client, to, &upload, &parts, options).await
    };
    let stats = match outcome.await {
        Ok(stats) => stats,
        Err(error) => {
            // The first failure is the one to tell; a store cleans up abandoned uploads by itself.
            let _left = client.abort_multipart(to, &upload).await;
            return Err(error);
        }
    };
    if size_of(&stats).is_some_and(|stored| stored != size) {
        return Err(Error::failed(format!(
            "the server stored {} bytes, {size} were sent",
            stats.size_bytes.unwrap_or_default()
        )));
    }
    Ok(stats)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call site; all of it is the plan"
)]
async fn send_parts(
    client: &Client,
    file: &Path,
    size: u64,
    part_size: u64,
    count: i64,
    to: &PathUri,
    upload: &PresignMultipartUpload,
    bar: &Bar,
) -> Result<Vec<UploadPart>> {
    use futures_util::{StreamExt as _, TryStreamExt as _};
    let urls = upload.presigned_urls.as_deref().unwrap_or_default();
    let file: PathBuf = file.to_path_buf();
    let part = |number: i64| {
        let file = file.clone();
        async move {
            let index = u64::try_from(number - 1).unwrap_or(0);
            let offset = index * part_size;
            let length = part_size.min(size - offset);
            let given = usize::try_from(index)
                .ok()
                .and_then(|index| urls.get(index));
            let source = Part {
                file: &file,
                offset,
                length,
                number,
            };
            source.send(client, to, upload, given, bar).await
        }
    };
    let mut parts: Vec<UploadPart> = futures_util::stream::iter((1..=count).map(part))
        .buffer_unordered(CONCURRENT_PARTS)
        .try_collect()
        .await?;
    parts.sort_by_key(|part| part.part_number);
    Ok(parts)
}

struct Part<'a> {
    file: &'a Path,
    offset: u64,
    length: u64,
    number: i64,
}

impl Part<'_> {
    async fn send(
        &self,
        client: &Client,
        to: &PathUri,
        upload: &PresignMultipartUpload,
        given: Option<&String>,
        bar: &Bar,
    ) -> Result<UploadPart> {
        let mut url = given
            .filter(|url| !ends_soon(url, jiff::Timestamp::now().as_second()))
            .cloned();
        let mut renewed = url.is_none();
        loop {
            let current = match url.take() {
                Some(url) => url,
                None => client.part_url(to, upload, self.number).await?,
            };
            let attempt = || async {
                let (body, sent) = file_body(self.file, self.offset, self.length, bar).await?;
                let receipt = put(client, &current, &HeaderMap::new(), body).await?;
                receipt.check(&sent.checksum())?;
                Ok(receipt.etag)
            };
            match client.retrying(attempt).await {
                // The URL ended while earlier parts were being sent.
                Err(error) if error.status() == Some(StatusCode::FORBIDDEN) && !renewed => {
                    renewed = true;
                }
                Err(error) => return Err(error),
                Ok(etag) => {
                    return Ok(UploadPart {
                        part_number: self.number,
                        etag,
                    });
                }
            }
        }
    }
}

async fn complete(
    client: &Client,
    to: &PathUri,
    upload: &PresignMultipartUpload,
    parts: &[UploadPart],
    options: &UploadOptions,
) -> Result<ObjectStats> {
    let content_type = options.content_type.as_deref();
    let mut tries = 1;
    loop {
        let outcome = client
            .complete_multipart(to, upload, parts.to_vec(), &options.metadata, content_type)
            .await;
        match outcome {
            Err(error)
                if error.status() == Some(StatusCode::CONFLICT) && tries < COMPLETE_TRIES =>
            {
                tokio::time::sleep(std::time::Duration::from_millis(u64::from(tries) * 50)).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_only_when_there_would_be_too_many() {
        assert_eq!(plan(MIN_MULTIPART_BYTES), (MIN_MULTIPART_BYTES, 1));
        assert_eq!(plan(MIN_MULTIPART_BYTES + 1), (MIN_MULTIPART_BYTES, 2));
        assert_eq!(
            plan(MIN_MULTIPART_BYTES * MAX_PARTS),
            (MIN_MULTIPART_BYTES, 10_000)
        );
        let (part, parts) = plan(MIN_MULTIPART_BYTES * MAX_PARTS + 1);
        assert_eq!(part, MIN_MULTIPART_BYTES + 1);
        assert!(u64::try_from(parts).unwrap() <= MAX_PARTS);
    }
}
