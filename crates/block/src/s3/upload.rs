//! Writing objects: small ones in one request that can be sent again, middling ones in one as they arrive,
//! large ones (and those of unknown length) in parts, some at a time. Safe to drop at any await: parts in flight are called off and the
//! upload is aborted in the background.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::Method;
use lakefs_runtime::spawn_blocking;
use md5::{Digest as _, Md5};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::arriving::{Arriving, INLINE_DIGEST};
use super::client::{Call, Payload};
use super::{S3BlockStore, etag};
use crate::error::MAX_PARTS;
use crate::{
    BlockError, BodyReader, Location, MultipartStore as _, PutBody, PutOptions, PutOutcome,
    UploadedPart,
};

/// Memory for bodies of the whole store, in units of [`PERMIT`].
pub(super) const MEMORY_PERMITS: usize = 4096;
const PERMIT: usize = 64 << 10;
/// Size of the first parts, and the largest body that is sent from memory in one request.
const PART: usize = 8 << 20;
/// The largest body that is sent in one request as it arrives, if its length is declared: parts take two more
/// round trips, and many services put them together by copying.
const ARRIVING: u64 = 64 << 20;
/// Bytes of its beginning that are kept to be sent again.
const KEPT: usize = 2 << 20;
/// Parts of one object in flight.
const PARALLEL: usize = 4;

/// Size of part `number`: 8 MiB at first, growing to 128 MiB, so that the 10,000 parts a service allows
/// hold 676 GiB; clients send larger objects in parts of their own.
fn part_size(number: u32) -> usize {
    PART << (number.saturating_sub(1) / 1500).min(4)
}

/// A share of the store's memory for a body of up to `bytes`.
async fn reserve(store: &S3BlockStore, bytes: usize) -> Result<OwnedSemaphorePermit, BlockError> {
    let permits = bytes.div_ceil(PERMIT).clamp(1, MEMORY_PERMITS);
    let permits = u32::try_from(permits).unwrap_or(u32::MAX);
    let memory = Arc::clone(&store.shared.memory);
    memory
        .acquire_many_owned(permits)
        .await
        .map_err(|error| BlockError::Unavailable {
            operation: "put",
            address: "memory".to_owned(),
            source: Box::new(error),
        })
}

pub(super) async fn put(
    store: &S3BlockStore,
    location: &Location,
    body: PutBody,
    options: &PutOptions,
) -> Result<PutOutcome, BlockError> {
    let known = body.length.and_then(|length| usize::try_from(length).ok());
    if let Some(length) = body.length
        && (PART as u64 + 1..=ARRIVING).contains(&length)
    {
        let permit = reserve(store, KEPT).await?;
        let outcome = put_arriving(store, location, options, length, BodyReader::new(body)).await;
        drop(permit);
        return outcome;
    }
    let permit = reserve(store, known.unwrap_or(PART).min(PART)).await?;
    let mut reader = BodyReader::new(body);
    let chunks = reader.batch(PART).await?;
    let size: usize = chunks.iter().map(Bytes::len).sum();
    let next = if size < PART {
        Vec::new()
    } else {
        // Whether there is more decides the way; one chunk beyond the share is no matter.
        reader.batch(1).await?
    };
    if next.is_empty() {
        let (digest, _) = digest(chunks.clone(), None).await;
        options.check_md5(digest)?;
        put_single(store, location, options, chunks, digest).await?;
        drop(permit);
        return Ok(PutOutcome {
            size: size as u64,
            md5: hex::encode(digest),
        });
    }
    put_in_parts(store, location, options, reader, (chunks, permit), next).await
}

/// MD5 of some chunks. `all` is fed with them too.
async fn digest(chunks: Vec<Bytes>, mut all: Option<Md5>) -> ([u8; 16], Option<Md5>) {
    let size: usize = chunks.iter().map(Bytes::len).sum();
    let work = move || {
        let mut own = Md5::new();
        for chunk in &chunks {
            own.update(chunk);
            if let Some(all) = &mut all {
                all.update(chunk);
            }
        }
        (own.finalize().into(), all)
    };
    if size > INLINE_DIGEST {
        spawn_blocking(work).await
    } else {
        work()
    }
}

async fn put_single(
    store: &S3BlockStore,
    location: &Location,
    options: &PutOptions,
    chunks: Vec<Bytes>,
    md5: [u8; 16],
) -> Result<(), BlockError> {
    let call = store
        .dress(Call::new(Method::PUT, location), options)?
        .header("content-md5", &BASE64.encode(md5))?
        .payload(Payload::Chunks(chunks));
    match store.client().send(call).await {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.into_error("put", &S3BlockStore::address(location))),
    }
}

/// Sends a part from memory.
pub(super) async fn put_part(
    store: &S3BlockStore,
    location: &Location,
    upload_id: &str,
    number: u32,
    chunks: Vec<Bytes>,
    md5: [u8; 16],
) -> Result<UploadedPart, BlockError> {
    let call = part_call(location, upload_id, number)
        .header("content-md5", &BASE64.encode(md5))?
        .payload(Payload::Chunks(chunks));
    send_part(store, location, call, number, Some(md5)).await
}

fn part_call<'a>(location: &'a Location, upload_id: &str, number: u32) -> Call<'a> {
    let id = lakefs_sigv4::encode_value(upload_id);
    Call::new(Method::PUT, location).query(format!("partNumber={number}&uploadId={id}"))
}

async fn send_part(
    store: &S3BlockStore,
    location: &Location,
    call: Call<'_>,
    number: u32,
    md5: Option<[u8; 16]>,
) -> Result<UploadedPart, BlockError> {
    let answer = store.client().send(call).await;
    let address = S3BlockStore::address(location);
    let answer = answer.map_err(|failure| failure.into_error("upload_part", &address))?;
    let etag = etag(answer.headers()).or_else(|| md5.map(hex::encode));
    let etag = etag.ok_or_else(|| BlockError::Unavailable {
        operation: "upload_part",
        address,
        source: "the answer has no entity tag".into(),
    })?;
    Ok(UploadedPart { number, etag })
}

/// Sends a part that a client uploads: from memory when it is small, else as it arrives.
pub(super) async fn upload_part(
    store: &S3BlockStore,
    location: &Location,
    upload_id: &str,
    number: u32,
    (body, options): (PutBody, &PutOptions),
) -> Result<UploadedPart, BlockError> {
    let length = body.length.ok_or_else(|| BlockError::InvalidRequest {
        reason: "a part needs a declared length".to_owned(),
    })?;
    let small = usize::try_from(length)
        .ok()
        .filter(|length| *length <= PART);
    let mut reader = BodyReader::new(body);
    if let Some(small) = small {
        let permit = reserve(store, small).await?;
        let chunks = reader.batch(usize::MAX).await?;
        let (md5, _) = digest(chunks.clone(), None).await;
        options.check_md5(md5)?;
        let part = put_part(store, location, upload_id, number, chunks, md5).await;
        drop(permit);
        return part;
    }
    let body = Arriving::new(Vec::new(), reader, length, options);
    let mut call = part_call(location, upload_id, number).payload(Payload::Arriving(body.clone()));
    if let Some(md5) = options.expected_md5 {
        call = call.header("content-md5", &BASE64.encode(md5))?;
    }
    let part = match send_part(store, location, call, number, None).await {
        Err(error) => return Err(body.error().await.unwrap_or(error)),
        Ok(part) => part,
    };
    check_received(store, location, "upload_part", Some(&part.etag), &body).await?;
    Ok(part)
}

/// Sends an object of middling size as it arrives: in one request, which costs the service least.
async fn put_arriving(
    store: &S3BlockStore,
    location: &Location,
    options: &PutOptions,
    length: u64,
    mut reader: BodyReader,
) -> Result<PutOutcome, BlockError> {
    let beginning = reader.batch(KEPT).await?;
    let body = Arriving::new(beginning, reader, length, options);
    let mut call = store
        .dress(Call::new(Method::PUT, location), options)?
        .payload(Payload::Arriving(body.clone()));
    if let Some(md5) = options.expected_md5 {
        call = call.header("content-md5", &BASE64.encode(md5))?;
    }
    let answer = match store.client().send(call).await {
        Ok(answer) => answer,
        Err(failure) => {
            let error = failure.into_error("put", &S3BlockStore::address(location));
            return Err(body.error().await.unwrap_or(error));
        }
    };
    let etag = etag(answer.headers());
    let md5 = check_received(store, location, "put", etag.as_deref(), &body).await?;
    Ok(PutOutcome { size: length, md5 })
}

/// The MD5 of a body that was sent as it arrived, and has arrived there as it was sent.
async fn check_received(
    store: &S3BlockStore,
    location: &Location,
    operation: &'static str,
    etag: Option<&str>,
    body: &Arriving,
) -> Result<String, BlockError> {
    let wrong = |what: &'static str| BlockError::Unavailable {
        operation,
        address: S3BlockStore::address(location),
        source: what.into(),
    };
    let sent = body.digest().await.map(hex::encode);
    let sent = sent.ok_or_else(|| wrong("the service answered before the end of the body"))?;
    if store.etags_are_md5() && etag.is_some_and(|etag| etag.len() == 32 && etag != sent) {
        return Err(wrong("the service received other bytes than were sent"));
    }
    Ok(sent)
}

/// An upload that is aborted unless it completes.
struct Pending {
    store: S3BlockStore,
    location: Location,
    upload_id: Option<String>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Some(upload_id) = self.upload_id.take() else {
            return;
        };
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let (store, location) = (self.store.clone(), self.location.clone());
        let tasks = store.shared.tasks.clone();
        drop(tasks.spawn(async move {
            if let Err(error) = store.abort(&location, &upload_id).await {
                tracing::warn!(%error, upload_id, "a failed upload was left behind");
            }
        }));
    }
}

/// A part in flight; called off when dropped.
struct InFlight(JoinHandle<Result<UploadedPart, BlockError>>);

impl InFlight {
    async fn finish(mut self) -> Result<UploadedPart, BlockError> {
        match (&mut self.0).await {
            Ok(part) => part,
            Err(error) => Err(BlockError::Unavailable {
                operation: "upload_part",
                address: String::new(),
                source: Box::new(error),
            }),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn put_in_parts(
    store: &S3BlockStore,
    location: &Location,
    options: &PutOptions,
    mut reader: BodyReader,
    first: (Vec<Bytes>, OwnedSemaphorePermit),
    next: Vec<Bytes>,
) -> Result<PutOutcome, BlockError> {
    let mut upload = Pending {
        store: store.clone(),
        location: location.clone(),
        upload_id: None,
    };
    let upload_id = store.create(location, options).await?;
    upload.upload_id = Some(upload_id.clone());
    let (mut all, mut number) = (Some(Md5::new()), 1);
    let (mut batch, mut begun) = (Some(first), next);
    let mut flying = std::collections::VecDeque::new();
    let mut parts = Vec::new();
    while let Some((chunks, permit)) = batch.take() {
        if number > MAX_PARTS {
            return Err(BlockError::InvalidRequest {
                reason: "the object is too large for one upload; send it in parts".to_owned(),
            });
        }
        let (md5, fed) = digest(chunks.clone(), all).await;
        all = fed;
        let task = {
            let (store, location, id) = (store.clone(), location.clone(), upload_id.clone());
            async move {
                let part = put_part(&store, &location, &id, number, chunks, md5).await;
                drop(permit);
                part
            }
        };
        flying.push_back(InFlight(store.shared.tasks.spawn(task)));
        number += 1;
        if flying.len() >= PARALLEL
            && let Some(oldest) = flying.pop_front()
        {
            parts.push(oldest.finish().await?);
        }
        let size = part_size(number);
        let permit = reserve(store, size).await?;
        let had: usize = begun.iter().map(Bytes::len).sum();
        let mut chunks = std::mem::take(&mut begun);
        chunks.extend(reader.batch(size - had.min(size)).await?);
        if !chunks.is_empty() {
            batch = Some((chunks, permit));
        }
    }
    for part in flying {
        parts.push(part.finish().await?);
    }
    let md5 = all.unwrap_or_default().finalize().into();
    options.check_md5(md5)?;
    store.complete(location, &upload_id, &parts).await?;
    upload.upload_id = None;
    Ok(PutOutcome {
        size: reader.received(),
        md5: hex::encode(md5),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_the_largest_object_and_fit_in_memory() {
        let total: u64 = (1..=10_000).map(|number| part_size(number) as u64).sum();
        assert!(total >= 675 << 30, "{total}");
        assert_eq!(part_size(1), PART);
        // One must always get through, so that uploads cannot wait for each other for ever.
        assert!(part_size(10_000) / PERMIT <= MEMORY_PERMITS / 2);
    }
}
