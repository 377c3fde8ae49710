//! Reading a large object from a presigned URL in ranges at the same time.
//!
//! Each range goes to its place in a file of the full size. A range that breaks off is resumed where
//! it broke off. When all are there the file is read once more for its checksum.

use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{HeaderMap, RANGE};
use http::{Method, StatusCode};
use lakefs_wire::ObjectStats;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use super::broken;
use super::checksum::Checksum;
use super::download::{DownloadOptions, Source, next_chunk, range};
use super::expected::Expected;
use super::presigned::ends_soon;
use super::upload::has_foreign_tags;
use crate::client::{Attempt, accept, empty_body};
use crate::error::{Error, Result};

const CONCURRENT_RANGES: usize = 10;

/// Reads the object into `path`, which `file` is open for.
pub(super) async fn read_ranges(
    source: &Source<'_>,
    stats: &ObjectStats,
    size: u64,
    path: &Path,
    file: File,
) -> Result<()> {
    let DownloadOptions { part_size, .. } = source.options;
    file.set_len(size)
        .await
        .map_err(|error| Error::file("write", path, &error))?;
    drop(file);
    let shared = Shared {
        url: Mutex::new(stats.physical_address.clone()),
    };
    let shared = &shared;
    let part = |first: u64| async move {
        let last = (first + part_size).min(size) - 1;
        let next = Mutex::new(first);
        source
            .client
            .retrying(|| async {
                let mut next = next.lock().await;
                one_range(source, shared, path, &mut next, last).await
            })
            .await
    };
    let offsets = (0..size.div_ceil(part_size)).map(|index| index * part_size);
    let tags: Vec<bool> = futures_util::stream::iter(offsets.map(part))
        .buffer_unordered(CONCURRENT_RANGES)
        .try_collect()
        .await?;
    let expected = Expected {
        size: Some(size),
        tag: Some(stats.checksum.clone()),
        foreign_tag: tags.contains(&true),
    };
    expected.check(&checksum_of(path).await?)
}

struct Shared {
    url: Mutex<String>,
}

/// Reads from `next` to `last` and answers whether the store's tags are no checksums.
async fn one_range(
    source: &Source<'_>,
    shared: &Shared,
    file: &Path,
    next: &mut u64,
    last: u64,
) -> std::result::Result<bool, Attempt> {
    let Source {
        client, from, bar, ..
    } = *source;
    let mut renewed = false;
    let response = loop {
        let url = {
            let mut url = shared.url.lock().await;
            if ends_soon(&url, jiff::Timestamp::now().as_second()) {
                *url = client.stat(from, true).await?.physical_address;
            }
            url.clone()
        };
        let headers = HeaderMap::from_iter([(RANGE, range(*next, Some(last)))]);
        let response = client
            .send_presigned(Method::GET, &url, &headers, empty_body())
            .await?;
        if response.status() == StatusCode::FORBIDDEN && !renewed {
            renewed = true;
            let fresh = client.stat(from, true).await?.physical_address;
            *shared.url.lock().await = fresh;
            continue;
        }
        break accept(Method::GET, response, StatusCode::PARTIAL_CONTENT).await?;
    };
    let foreign = has_foreign_tags(response.headers());
    let bad = |error: std::io::Error| Error::file("write", file, &error);
    let mut file_handle = File::options().write(true).open(file).await.map_err(bad)?;
    file_handle
        .seek(std::io::SeekFrom::Start(*next))
        .await
        .map_err(bad)?;
    let mut body = response.into_body();
    let mut outcome = Ok(());
    while *next <= last {
        match next_chunk(&mut body, from).await {
            Ok(Some(chunk)) => {
                let left = usize::try_from(last + 1 - *next).unwrap_or(usize::MAX);
                let chunk = chunk.get(..left).unwrap_or(&chunk);
                file_handle.write_all(chunk).await.map_err(bad)?;
                *next += chunk.len() as u64;
                bar.advance(chunk.len() as u64);
            }
            Ok(None) => {
                outcome = Err(broken(Method::GET, from, "unexpected EOF"));
                break;
            }
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    file_handle.flush().await.map_err(bad)?;
    outcome?;
    Ok(foreign)
}

async fn checksum_of(path: &Path) -> Result<Checksum> {
    let bad = |error: std::io::Error| Error::file("read", path, &error);
    let mut file = File::open(path).await.map_err(bad)?;
    let mut checksum = Checksum::default();
    let mut buffer = vec![0; 128 << 10];
    loop {
        let read = file.read(&mut buffer).await.map_err(bad)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(checksum),
            Some(content) => checksum.update(content),
        }
    }
}
