//! Uploads in parts, and copies too large for one request.

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::Method;
use lakefs_runtime::Timestamp;
use lakefs_sigv4::encode_value;

use super::client::{Call, Payload, Tries};
use super::failure::Failure;
use super::{S3BlockStore, copy_source, upload, xml};
use crate::store::{check_parts, multipart_etag};
use crate::{
    BlockError, BlockStore as _, ByteRange, Location, MultipartStore, ObjectInfo, PartInfo,
    PutBody, PutOptions, UploadedPart,
};

/// Parts of a copy: few enough for the largest object, small enough to go side by side.
const COPY_PART: u64 = 1 << 30;
const COPY_PARALLEL: usize = 4;

fn upload_query(upload_id: &str) -> String {
    format!("uploadId={}", encode_value(upload_id))
}

#[async_trait]
impl MultipartStore for S3BlockStore {
    async fn create(
        &self,
        location: &Location,
        options: &PutOptions,
    ) -> Result<String, BlockError> {
        let address = Self::address(location);
        let call = Call::new(Method::POST, location).query("uploads=");
        let answer = self
            .client()
            .send_for_text(self.dress(call, options)?)
            .await;
        let (_, text) = answer.map_err(|failure| failure.into_error("create", &address))?;
        xml::field(&text, "InitiateMultipartUploadResult", "UploadId").ok_or_else(|| {
            BlockError::Unavailable {
                operation: "create",
                address,
                source: "the answer names no upload".into(),
            }
        })
    }

    async fn upload_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        body: PutBody,
        options: &PutOptions,
    ) -> Result<UploadedPart, BlockError> {
        BlockError::check_part_number(number)?;
        upload::upload_part(self, location, upload_id, number, (body, options)).await
    }

    async fn copy_part(
        &self,
        location: &Location,
        upload_id: &str,
        number: u32,
        source: &Location,
        range: Option<ByteRange>,
    ) -> Result<UploadedPart, BlockError> {
        BlockError::check_part_number(number)?;
        let id = upload_query(upload_id);
        let mut call = Call::new(Method::PUT, location)
            .query(format!("partNumber={number}&{id}"))
            .header("x-amz-copy-source", &copy_source(source))?;
        if let Some(range) = range {
            let size = self.head(source).await?.map(|info| info.size);
            let size = size.ok_or_else(|| BlockError::NotFound {
                address: Self::address(source),
            })?;
            let (start, length) =
                range
                    .resolve(size)
                    .ok_or_else(|| BlockError::RangeNotSatisfiable {
                        address: Self::address(source),
                        size,
                    })?;
            let end = start + length - 1;
            call = call.header("x-amz-copy-source-range", &format!("bytes={start}-{end}"))?;
        }
        let address = Self::address(location);
        let answer = self.client().send_for_text(call).await;
        let (_, text) = answer.map_err(|failure| failure.into_error("copy_part", &address))?;
        let etag = xml::field(&text, "CopyPartResult", "ETag")
            .or_else(|| xml::field(&text, "CopyObjectResult", "ETag"));
        let etag = etag.ok_or_else(|| BlockError::Unavailable {
            operation: "copy_part",
            address,
            source: "the answer has no entity tag".into(),
        })?;
        Ok(UploadedPart {
            number,
            etag: etag.trim_matches('"').to_owned(),
        })
    }

    async fn list_parts(
        &self,
        location: &Location,
        upload_id: &str,
        after: u32,
        limit: usize,
    ) -> Result<Vec<PartInfo>, BlockError> {
        let address = Self::address(location);
        let mut parts: Vec<PartInfo> = Vec::new();
        while parts.len() < limit {
            let marker = parts.last().map_or(after, |part| part.number);
            let page = (limit - parts.len()).min(1000);
            let id = upload_query(upload_id);
            let call = Call::new(Method::GET, location)
                .query(format!("max-parts={page}&part-number-marker={marker}&{id}"));
            let answer = self.client().send_for_text(call).await;
            let (_, text) = answer.map_err(|failure| failure.into_error("list_parts", &address))?;
            let listed = read_parts(&text).ok_or_else(|| BlockError::Unavailable {
                operation: "list_parts",
                address: address.clone(),
                source: "the answer is not understood".into(),
            })?;
            let before = parts.len();
            parts.extend(listed.into_iter().filter(|part| part.number > marker));
            let more = xml::field(&text, "ListPartsResult", "IsTruncated");
            if parts.len() == before || more.as_deref() != Some("true") {
                break;
            }
        }
        parts.truncate(limit);
        Ok(parts)
    }

    async fn complete(
        &self,
        location: &Location,
        upload_id: &str,
        parts: &[UploadedPart],
    ) -> Result<ObjectInfo, BlockError> {
        // Order and numbers; which parts there are the service knows.
        check_parts(parts, |number| {
            let part = parts.iter().find(|part| part.number == number)?;
            Some(part.etag.trim_matches('"').to_owned())
        })?;
        let address = Self::address(location);
        let document = xml::complete_upload(parts);
        let mut tries = Tries::begin();
        loop {
            let call = Call::new(Method::POST, location)
                .once()
                .query(upload_query(upload_id))
                .header("content-type", "application/xml")?
                .payload(Payload::Chunks(vec![document.clone().into()]));
            let Err(failure) = self.client().send_for_text(call).await else {
                break;
            };
            // An earlier try may have succeeded without our hearing of it.
            if failure.has_code("NoSuchUpload") && self.holds(location, parts).await? {
                break;
            }
            let again = failure.is_transient() || failure.is_indeterminate();
            if !again || !self.client().back_off(&mut tries).await {
                return Err(failure.into_error("complete", &address));
            }
        }
        let info = self.head(location).await?;
        info.ok_or(BlockError::NotFound { address })
    }

    async fn uploads_of(&self, location: &Location) -> Result<Vec<String>, BlockError> {
        let address = Self::address(location);
        let bucket = Location {
            bucket: location.bucket.clone(),
            key: String::new(),
        };
        let prefix = encode_value(&location.key);
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let query = format!("{after}prefix={prefix}&uploads=");
            let call = Call::new(Method::GET, &bucket).query(query);
            let answer = self.client().send_for_text(call).await;
            let (_, text) = answer.map_err(|failure| failure.into_error("uploads_of", &address))?;
            let rows = xml::fields(&text, "Upload", &["Key", "UploadId"]).ok();
            let rows = rows.ok_or_else(|| BlockError::Unavailable {
                operation: "uploads_of",
                address: address.clone(),
                source: "the answer is not understood".into(),
            })?;
            for row in rows {
                if let Ok([Some(key), Some(id)]) = <[_; 2]>::try_from(row)
                    && key == location.key
                {
                    found.push(id);
                }
            }
            let told = |name| xml::field(&text, "ListMultipartUploadsResult", name);
            let next = match (told("NextKeyMarker"), told("NextUploadIdMarker")) {
                (Some(key), Some(id)) if told("IsTruncated").as_deref() == Some("true") => format!(
                    "key-marker={}&upload-id-marker={}&",
                    encode_value(&key),
                    encode_value(&id)
                ),
                _ => return Ok(found),
            };
            // A service that does not get on would be asked for ever.
            if next == after {
                return Ok(found);
            }
            after = next;
        }
    }

    async fn abort(&self, location: &Location, upload_id: &str) -> Result<(), BlockError> {
        let call = Call::new(Method::DELETE, location).query(upload_query(upload_id));
        match self.client().send(call).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(refusal)) if refusal.status == http::StatusCode::NOT_FOUND => {
                Ok(())
            }
            Err(failure) => Err(failure.into_error("abort", &Self::address(location))),
        }
    }
}

impl S3BlockStore {
    /// Whether the object is the one made of these parts.
    async fn holds(&self, location: &Location, parts: &[UploadedPart]) -> Result<bool, BlockError> {
        let Ok(expected) = multipart_etag(parts) else {
            return Ok(false);
        };
        let info = self.head(location).await?;
        Ok(info.is_some_and(|info| info.etag == Some(expected)))
    }
}

fn read_parts(document: &str) -> Option<Vec<PartInfo>> {
    let names = ["PartNumber", "ETag", "Size", "LastModified"];
    let rows = xml::fields(document, "Part", &names).ok()?;
    rows.into_iter()
        .map(|row| {
            let [number, etag, size, modified] = <[_; 4]>::try_from(row).ok()?;
            let modified = modified.and_then(|text| text.parse::<jiff::Timestamp>().ok());
            Some(PartInfo {
                number: number?.parse().ok()?,
                etag: etag?.trim_matches('"').to_owned(),
                size: size?.parse().ok()?,
                modified: modified.map_or_else(Timestamp::default, |at| {
                    Timestamp::from_seconds(at.as_second())
                }),
            })
        })
        .collect()
}

/// Copies an object of any size, inside the service.
pub(super) async fn copy_in_parts(
    store: &S3BlockStore,
    source: &Location,
    target: &Location,
    size: u64,
) -> Result<(), BlockError> {
    let upload_id = store.create(target, &PutOptions::default()).await?;
    let ranges = (0..size).step_by(usize::try_from(COPY_PART).unwrap_or(usize::MAX));
    let copies = (1..).zip(ranges).map(|(number, start)| {
        let upload_id = &upload_id;
        async move {
            let end = (start + COPY_PART).min(size) - 1;
            let range = Some(ByteRange::Bounded { start, end });
            store
                .copy_part(target, upload_id, number, source, range)
                .await
        }
    });
    let all = async {
        let parts: Vec<UploadedPart> = futures_util::stream::iter(copies)
            .buffered(COPY_PARALLEL)
            .try_collect()
            .await?;
        store.complete(target, &upload_id, &parts).await
    };
    match all.await {
        Ok(_) => Ok(()),
        Err(error) => {
            if let Err(error) = store.abort(target, &upload_id).await {
                tracing::warn!(%error, upload_id, "a failed copy was left behind");
            }
            Err(error)
        }
    }
}
