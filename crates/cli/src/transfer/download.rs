//! Downloading one object, to a file or to standard output.
//!
//! Bytes come through the server or from a presigned URL, large ones from there in parallel ranges.
//! A connection that breaks is resumed where it broke, but only on the same content: the entity tag
//! must not have changed. A file gets its name when its size and checksum are right, not before.

use std::path::Path;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, HeaderValue, RANGE};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use lakefs_wire::ObjectStats;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::sync::Mutex;

use super::checksum::Checksum;
use super::expected::Expected;
use super::ranges::read_ranges;
use super::temporary::Temporary;
use super::upload::has_foreign_tags;
use super::{broken, size_of};
use crate::client::{Attempt, Client, accept, empty_body};
use crate::error::{Error, Result};
use crate::ui::{Bar, Ui};
use crate::uri::PathUri;

/// A connection that gives nothing for so long is given up and tried again.
const STALL: Duration = Duration::from_mins(2);
/// How often content that keeps changing is begun anew.
const FRESH_STARTS: u32 = 3;

/// How to download.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DownloadOptions {
    /// From presigned URLs.
    pub(crate) presign: bool,
    /// Objects of at least this size are read in ranges of it, in parallel.
    pub(crate) part_size: u64,
}

/// Where bytes go.
enum Sink<'a> {
    File(File),
    Stdout(&'a Ui),
}

impl Sink<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(file) => file
                .write_all(bytes)
                .await
                .map_err(|error| Error::failed(format!("write: {}", crate::error::reason(&error)))),
            Self::Stdout(ui) => ui.bytes(bytes),
        }
    }

    /// Takes back what was written, where that is possible.
    async fn restart(&mut self, written: u64) -> Result<()> {
        match self {
            Self::File(file) => {
                let outcome = async {
                    file.set_len(0).await?;
                    file.rewind().await.map(drop)
                };
                outcome.await.map_err(|error| {
                    Error::failed(format!("write: {}", crate::error::reason(&error)))
                })
            }
            Self::Stdout(_) if written == 0 => Ok(()),
            Self::Stdout(_) => Err(Error::failed(
                "the object changed while it was being read: what was written is incomplete",
            )),
        }
    }
}

/// An object about to be downloaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The server.
    pub(crate) client: &'a Client,
    /// The object.
    pub(crate) from: &'a PathUri,
    /// How to download.
    pub(crate) options: DownloadOptions,
    /// Shows how far it is.
    pub(crate) bar: &'a Bar,
}

impl Source<'_> {
    /// Downloads the object to a file and answers its properties. `known` saves asking for them;
    /// the file gets `mtime` if there is one.
    pub(crate) async fn download(
        &self,
        known: Option<&ObjectStats>,
        to: &Path,
        mtime: Option<i64>,
    ) -> Result<ObjectStats> {
        let DownloadOptions { presign, part_size } = self.options;
        let stats = match known {
            Some(stats) if !presign => stats.clone(),
            _ => self.client.stat(self.from, presign).await?,
        };
        if let Some(size) = size_of(&stats) {
            self.bar.set_length(size);
        }
        let (temporary, file) = Temporary::create(to).await?;
        let large = size_of(&stats).filter(|size| presign && *size > 0 && *size >= part_size);
        if let Some(size) = large {
            read_ranges(self, &stats, size, temporary.path(), file).await?;
        } else {
            let url = presign.then(|| stats.physical_address.clone());
            let expected = Expected::of(&stats, presign);
            let mut sink = Sink::File(file);
            Reader::new(self.client, self.from, url, expected)
                .copy(&mut sink, self.bar)
                .await?;
            if let Sink::File(mut file) = sink {
                file.flush()
                    .await
                    .map_err(|error| Error::file("write", to, &error))?;
            }
        }
        if let Some(mtime) = mtime {
            set_mtime(temporary.path(), mtime)?;
        }
        temporary.keep().await?;
        self.bar.clear();
        Ok(stats)
    }
}

/// Writes an object to standard output.
pub(crate) async fn copy_to_stdout(
    client: &Client,
    from: &PathUri,
    presign: bool,
    ui: &Ui,
) -> Result<()> {
    let (url, expected) = if presign {
        let stats = client.stat(from, true).await?;
        let expected = Expected::of(&stats, true);
        (Some(stats.physical_address), expected)
    } else {
        (None, Expected::default())
    };
    let mut reader = Reader::new(client, from, url, expected);
    reader.copy(&mut Sink::Stdout(ui), &Bar::hidden()).await
}

fn set_mtime(path: &Path, mtime: i64) -> Result<()> {
    let Ok(moment) = jiff::Timestamp::from_second(mtime) else {
        return Ok(());
    };
    let set = || {
        std::fs::File::options()
            .write(true)
            .open(path)?
            .set_modified(moment.into())
    };
    set().map_err(|error| Error::file("set the time of", path, &error))
}

/// Reads one object from its beginning to its end, over as many connections as it takes.
struct Reader<'a> {
    client: &'a Client,
    from: &'a PathUri,
    url: Option<String>,
    expected: Expected,
    received: Checksum,
    fresh_starts: u32,
    renewals: u32,
}

impl<'a> Reader<'a> {
    fn new(client: &'a Client, from: &'a PathUri, url: Option<String>, expected: Expected) -> Self {
        Self {
            client,
            from,
            url,
            expected,
            received: Checksum::default(),
            fresh_starts: 0,
            renewals: 0,
        }
    }

    async fn copy(&mut self, sink: &mut Sink<'_>, bar: &Bar) -> Result<()> {
        // The retry loop of the client starts attempts that know nothing of each other; here each
        // goes on where the last stopped, hence one cell for the state they share.
        let client = self.client;
        let state = Mutex::new((self, sink));
        client
            .retrying(|| async {
                let mut guard = state.lock().await;
                let (reader, sink) = &mut *guard;
                reader.attempt(sink, bar).await
            })
            .await?;
        let guard = state.lock().await;
        guard.0.expected.check(&guard.0.received)
    }

    async fn attempt(
        &mut self,
        sink: &mut Sink<'_>,
        bar: &Bar,
    ) -> std::result::Result<(), Attempt> {
        let response = self.open(sink, bar).await?;
        let mut body = response.into_body();
        while let Some(chunk) = next_chunk(&mut body, self.from).await? {
            sink.write(&chunk).await?;
            self.received.update(&chunk);
            bar.advance(chunk.len() as u64);
        }
        match self.expected.size {
            Some(size) if self.received.bytes() < size => {
                Err(broken(Method::GET, self.from, "unexpected EOF").into())
            }
            _ => Ok(()),
        }
    }

    /// Opens the rest of the object.
    async fn open(
        &mut self,
        sink: &mut Sink<'_>,
        bar: &Bar,
    ) -> std::result::Result<Response<Incoming>, Attempt> {
        loop {
            let offset = self.received.bytes();
            let mut headers = HeaderMap::new();
            if offset > 0 {
                headers.insert(RANGE, range(offset, None));
            }
            let response = if let Some(url) = &self.url {
                self.client
                    .send_presigned(Method::GET, url, &headers, empty_body())
                    .await?
            } else {
                let mut request = Client::get_object_request(self.from);
                request.headers = headers;
                self.client.send(&request, empty_body()).await?
            };
            if response.status() == StatusCode::FORBIDDEN && self.url.is_some() && self.renewals < 2
            {
                self.renewals += 1;
                self.url = Some(self.client.stat(self.from, true).await?.physical_address);
                continue;
            }
            let expected = if offset > 0 && response.status() != StatusCode::OK {
                StatusCode::PARTIAL_CONTENT
            } else {
                StatusCode::OK
            };
            let response = accept(Method::GET, response, expected).await?;
            let tag = header(response.headers(), &ETAG);
            let same = self.url.is_some() || offset == 0 || tag == self.expected.tag;
            if same && (offset == 0 || response.status() == StatusCode::PARTIAL_CONTENT) {
                if offset == 0 {
                    self.expect(response.headers());
                }
                return Ok(response);
            }
            // Other content, or all of it again: begin anew.
            if self.fresh_starts >= FRESH_STARTS {
                return Err(
                    Error::failed("the object keeps changing while it is being read").into(),
                );
            }
            self.fresh_starts += 1;
            sink.restart(offset).await?;
            bar.reset();
            self.received = Checksum::default();
        }
    }

    /// Takes down what an answer from the beginning promises.
    fn expect(&mut self, headers: &HeaderMap) {
        let length = header(headers, &CONTENT_LENGTH).and_then(|text| text.parse().ok());
        if self.url.is_some() {
            self.expected.foreign_tag = has_foreign_tags(headers);
        } else {
            self.expected = Expected {
                size: length,
                tag: header(headers, &ETAG),
                foreign_tag: false,
            };
        }
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

pub(super) fn range(first: u64, last: Option<u64>) -> HeaderValue {
    let last = last.map(|last| last.to_string()).unwrap_or_default();
    HeaderValue::from_str(&format!("bytes={first}-{last}"))
        .expect("digits and punctuation are legal in a header")
}

pub(super) async fn next_chunk(
    body: &mut Incoming,
    from: &PathUri,
) -> Result<Option<bytes::Bytes>> {
    loop {
        let frame = tokio::time::timeout(STALL, body.frame())
            .await
            .map_err(|_| broken(Method::GET, from, "nothing arrived for two minutes"))?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(broken(Method::GET, from, "unexpected EOF")),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
