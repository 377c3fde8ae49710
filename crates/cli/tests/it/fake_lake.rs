//! A server that answers like a lake with one repository and one branch, as far as lakectl needs,
//! and that can be told to fail: statuses, broken connections, corrupted content.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// How a request is made to fail.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Answer with a status and a message.
    Status(u16, &'static str),
    /// Close the connection after this many bytes of the answer's body.
    Truncate(usize),
    /// Go silent after this many bytes of the answer's body.
    Stall(usize),
    /// Answer with other bytes of the same length.
    Corrupt,
    /// Do what was asked, then close the connection instead of answering.
    LoseAnswer,
}

#[derive(Debug, Clone)]
struct Trap {
    method: Method,
    contains: String,
    times: usize,
    fault: Fault,
}

/// An object of the lake.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    pub(crate) content: Vec<u8>,
    pub(crate) checksum: String,
    pub(crate) content_type: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What the server offers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offers {
    pub(crate) presign: bool,
    pub(crate) multipart: bool,
}

#[derive(Debug, Default)]
struct State {
    offers: Offers,
    objects: BTreeMap<String, Stored>,
    store: HashMap<String, Vec<u8>>,
    parts: BTreeMap<i64, Vec<u8>>,
    traps: Vec<Trap>,
    log: Vec<String>,
    keep_deleted: bool,
    answers: HashMap<String, (u16, Value)>,
}

/// The server, on a port of its own until dropped.
#[derive(Debug)]
pub(crate) struct FakeLake {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: tokio::runtime::Runtime,
}

impl FakeLake {
    /// Starts a lake without objects.
    pub(crate) fn start(offers: Offers) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            offers,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let handle = runtime.handle().clone();
        runtime.handle().spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                handle.spawn(async move {
                    let service =
                        service_fn(move |request| answer(Arc::clone(&shared), address, request));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service);
                    drop(connection.await);
                });
            }
        });
        Self {
            address,
            state,
            _runtime: runtime,
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let content = content.as_ref().to_vec();
        let stored = Stored {
            checksum: md5(&content),
            content,
            ..Stored::default()
        };
        self.put_stored(path, stored);
    }

    /// Puts an object there with properties of its own.
    pub(crate) fn put_stored(&self, path: &str, stored: Stored) {
        self.state
            .lock()
            .unwrap()
            .objects
            .insert(path.to_owned(), stored);
    }

    /// The object under a path.
    pub(crate) fn get(&self, path: &str) -> Option<Stored> {
        self.state.lock().unwrap().objects.get(path).cloned()
    }

    /// Makes the next `times` requests fail whose method and target fit.
    pub(crate) fn fail(&self, method: Method, contains: &str, times: usize, fault: Fault) {
        self.state.lock().unwrap().traps.push(Trap {
            method,
            contains: contains.to_owned(),
            times,
            fault,
        });
    }

    /// Makes deletions have no effect although they are reported as done.
    pub(crate) fn keep_deleted(&self) {
        self.state.lock().unwrap().keep_deleted = true;
    }

    /// Fixes the answer to a request, given as method and target below the API's address.
    pub(crate) fn answer(&self, request: &str, status: u16, body: Value) {
        self.state
            .lock()
            .unwrap()
            .answers
            .insert(request.to_owned(), (status, body));
    }

    /// The requests so far, as method and target.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// How many requests so far begin with a method and contain a text.
    pub(crate) fn count(&self, method: &str, contains: &str) -> usize {
        let fits = |line: &&String| line.starts_with(method) && line.contains(contains);
        self.log().iter().filter(fits).count()
    }
}

pub(crate) fn md5(content: &[u8]) -> String {
    hex::encode(Md5::digest(content))
}

async fn answer(
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Err(std::io::Error::other("the client went away"));
    };
    let body = body.to_bytes();
    let mut state = state.lock().unwrap();
    let target = parts.uri.to_string();
    state.log.push(format!("{} {target}", parts.method));
    let fault = state.spring(&parts.method, &target);
    if let Some(Fault::Status(status, message)) = fault {
        return Ok(message_answer(status, message));
    }
    let response = state.serve(address, &parts.method, &parts.uri, &parts.headers, &body);
    match fault {
        Some(Fault::LoseAnswer) => Err(std::io::Error::other("lost on purpose")),
        Some(Fault::Truncate(length)) => Ok(cut(response, length, false)),
        Some(Fault::Stall(length)) => Ok(cut(response, length, true)),
        Some(Fault::Corrupt) => Ok(response
            .map(|content| content.iter().map(|b| b ^ 1).collect())
            .map(full)),
        _ => Ok(response.map(full)),
    }
}

fn full(content: Bytes) -> Body {
    Full::new(content)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

fn message_answer(status: u16, message: &str) -> Response<Body> {
    json_answer(status, &json!({ "message": message })).map(full)
}

fn json_answer(status: u16, value: &Value) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(value.to_string().into())
        .unwrap()
}

fn plain(status: u16) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .body(Bytes::new())
        .unwrap()
}

fn cut(response: Response<Bytes>, length: usize, stall: bool) -> Response<Body> {
    let total = response.body().len();
    let (mut parts, content) = response.into_parts();
    parts.headers.insert("content-length", total.into());
    let sent = content.slice(..length.min(total));
    let chunks: [Result<Frame<Bytes>, std::io::Error>; 2] = [
        Ok(Frame::data(sent)),
        Err(std::io::Error::other("broken on purpose")),
    ];
    // The pause lets the first chunk out before the connection is torn down.
    let slow = stream::unfold(chunks.into_iter(), move |mut chunks| async move {
        let chunk = chunks.next()?;
        if chunk.is_err() && stall {
            std::future::pending::<()>().await;
        } else if chunk.is_err() {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Some((chunk, chunks))
    });
    Response::from_parts(parts, StreamBody::new(slow).boxed_unsync())
}

impl State {
    fn spring(&mut self, method: &Method, target: &str) -> Option<Fault> {
        let fits = |trap: &&mut Trap| {
            trap.times > 0 && trap.method == *method && target.contains(&trap.contains)
        };
        let trap = self.traps.iter_mut().find(fits)?;
        trap.times -= 1;
        Some(trap.fault.clone())
    }

    fn serve(
        &mut self,
        address: SocketAddr,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response<Bytes> {
        let path = uri.path();
        if let Some(key) = path.strip_prefix("/store/") {
            return self.serve_store(method, key, headers, body);
        }
        let target = uri.to_string();
        let target = target.strip_prefix("/api/v1").unwrap_or(&target);
        if let Some((status, value)) = self.answers.get(&format!("{method} {target}")) {
            return match value {
                Value::Null => plain(*status),
                value => json_answer(*status, value),
            };
        }
        if headers.get("authorization").is_none() {
            return json_answer(401, &json!({"message": "error authenticating request"}));
        }
        let query = query_of(uri);
        let get = |name: &str| query.get(name).cloned().unwrap_or_default();
        let key = get("path");
        match (method.as_str(), path.trim_start_matches("/api/v1")) {
            ("GET", "/config") => self.config(),
            ("GET", "/repositories/repo/refs/main/objects/ls") => self.list(&get),
            ("GET", "/repositories/repo/refs/main/objects/stat") => {
                self.stat(address, &key, get("presign") == "true")
            }
            ("GET", "/repositories/repo/refs/main/objects") => match self.objects.get(&key) {
                Some(stored) => content(&stored.content, &stored.checksum, headers),
                None => json_answer(404, &json!({"message": "not found"})),
            },
            ("POST", "/repositories/repo/branches/main/objects") => {
                let stored = uploaded(headers, body);
                self.objects.insert(key.clone(), stored);
                self.stat_with_status(201, &key)
            }
            ("DELETE", "/repositories/repo/branches/main/objects") => {
                self.objects.remove(&key);
                plain(204)
            }
            ("POST", "/repositories/repo/branches/main/objects/delete") => self.delete(body),
            ("GET", "/repositories/repo/branches/main/staging/backing") => json_answer(
                200,
                &json!({
                    "physical_address": format!("mem://ns/data/{key}"),
                    "presigned_url": format!("http://{address}/store/{}?X-Amz-Signature=s", hex::encode(&key)),
                }),
            ),
            ("PUT", "/repositories/repo/branches/main/staging/backing") => self.link(&key, body),
            (_, path) if path.starts_with("/repositories/repo/branches/main/staging/pmpu") => {
                let rest = path.trim_start_matches("/repositories/repo/branches/main/staging/pmpu");
                self.multipart(address, method, rest, &query, body)
            }
            _ => json_answer(404, &json!({"message": "invalid API endpoint"})),
        }
    }

    fn config(&self) -> Response<Bytes> {
        let storage = json!({
            "blockstore_type": "mem", "blockstore_namespace_example": "mem://x/",
            "blockstore_namespace_ValidityRegex": "^mem://", "import_support": false,
            "import_validity_regex": "^mem://", "pre_sign_support_ui": false,
            "pre_sign_support": self.offers.presign,
            "pre_sign_multipart_upload": self.offers.multipart,
        });
        json_answer(
            200,
            &json!({"storage_config": storage, "version_config": {"version": "1.84.0"}}),
        )
    }

    fn stats_of(key: &str, stored: &Stored) -> Value {
        json!({
            "path": key, "path_type": "object", "checksum": stored.checksum,
            "physical_address": format!("mem://ns/data/{key}"), "mtime": 1_700_000_000,
            "size_bytes": stored.content.len(), "content_type": stored.content_type,
            "metadata": stored.metadata,
        })
    }

    fn stat(&mut self, address: SocketAddr, key: &str, presign: bool) -> Response<Bytes> {
        let Some(stored) = self.objects.get(key).cloned() else {
            return json_answer(404, &json!({"message": "not found"}));
        };
        let mut stats = Self::stats_of(key, &stored);
        if presign {
            let name = hex::encode(key);
            stats["physical_address"] =
                format!("http://{address}/store/{name}?X-Amz-Signature=s").into();
            self.store.insert(name, stored.content);
        }
        json_answer(200, &stats)
    }

    fn stat_with_status(&self, status: u16, key: &str) -> Response<Bytes> {
        json_answer(status, &Self::stats_of(key, &self.objects[key]))
    }

    fn list(&self, get: &dyn Fn(&str) -> String) -> Response<Bytes> {
        let (prefix, after) = (get("prefix"), get("after"));
        let amount: usize = get("amount").parse().unwrap();
        let fits = |key: &&String| key.starts_with(&prefix) && **key > after;
        let keys: Vec<&String> = self.objects.keys().filter(fits).collect();
        let page: Vec<Value> = keys
            .iter()
            .take(amount)
            .map(|key| Self::stats_of(key, &self.objects[*key]))
            .collect();
        let more = keys.len() > page.len();
        let next = if more {
            keys[page.len() - 1].clone()
        } else {
            String::new()
        };
        json_answer(
            200,
            &json!({"results": page, "pagination": {
                "has_more": more, "next_offset": next, "max_per_page": 1000, "results": page.len(),
            }}),
        )
    }

    fn delete(&mut self, body: &Bytes) -> Response<Bytes> {
        let list: Value = serde_json::from_slice(body).unwrap();
        let paths = list["paths"].as_array().unwrap();
        assert!(paths.len() <= 1000, "{} paths at once", paths.len());
        let mut errors = Vec::new();
        for path in paths.iter().filter_map(Value::as_str) {
            if path.contains("locked") {
                errors.push(json!({"path": path, "status_code": 403, "message": "locked"}));
            } else if !self.keep_deleted {
                self.objects.remove(path);
            }
        }
        json_answer(200, &json!({ "errors": errors }))
    }

    fn link(&mut self, key: &str, body: &Bytes) -> Response<Bytes> {
        let staging: Value = serde_json::from_slice(body).unwrap();
        let content = self
            .store
            .get(&hex::encode(key))
            .cloned()
            .unwrap_or_default();
        let metadata = staging["user_metadata"].as_object().into_iter().flatten();
        let stored = Stored {
            content,
            checksum: staging["checksum"].as_str().unwrap().to_owned(),
            content_type: staging["content_type"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            metadata: metadata
                .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
        };
        self.objects.insert(key.to_owned(), stored);
        self.stat_with_status(200, key)
    }

    fn multipart(
        &mut self,
        address: SocketAddr,
        method: &Method,
        rest: &str,
        query: &HashMap<String, String>,
        body: &Bytes,
    ) -> Response<Bytes> {
        let key = query["path"].clone();
        let url = |part: i64| format!("http://{address}/store/part-{part}?X-Amz-Signature=s");
        match (method.as_str(), rest) {
            ("POST", "") => {
                let count: i64 = query["parts"].parse().unwrap();
                let urls: Vec<String> = (1..=count).map(url).collect();
                self.parts.clear();
                json_answer(
                    201,
                    &json!({"upload_id": "u", "physical_address": "mem://p", "presigned_urls": urls}),
                )
            }
            ("PUT", "/u") => {
                let done: Value = serde_json::from_slice(body).unwrap();
                let mut content = Vec::new();
                for part in done["parts"].as_array().unwrap() {
                    let stored = &self.parts[&part["part_number"].as_i64().unwrap()];
                    assert_eq!(part["etag"], md5(stored));
                    content.extend_from_slice(stored);
                }
                let checksum = format!("{}-{}", md5(&content), self.parts.len());
                let stored = Stored {
                    content,
                    checksum,
                    ..Stored::default()
                };
                self.objects.insert(key.clone(), stored);
                self.stat_with_status(200, &key)
            }
            ("PUT", part) => {
                let part = part.rsplit('/').next().unwrap().parse().unwrap();
                json_answer(200, &json!({ "presigned_url": url(part) }))
            }
            _ => plain(204),
        }
    }

    fn serve_store(
        &mut self,
        method: &Method,
        key: &str,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Response<Bytes> {
        assert!(
            headers.get("authorization").is_none(),
            "credentials went to the store"
        );
        if method == Method::GET {
            return content(&self.store[key], "tag", headers);
        }
        if let Some(part) = key.strip_prefix("part-") {
            self.parts.insert(part.parse().unwrap(), body.to_vec());
        } else {
            assert!(
                headers.contains_key("content-length"),
                "a store wants to know the length"
            );
            self.store.insert(key.to_owned(), body.to_vec());
        }
        Response::builder()
            .status(StatusCode::OK)
            .header("etag", format!("\"{}\"", md5(body)))
            .body(Bytes::new())
            .unwrap()
    }
}

fn query_of(uri: &Uri) -> HashMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect()
}

fn uploaded(headers: &HeaderMap, body: &Bytes) -> Stored {
    let text = |value: &http::HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let metadata = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let key = match name.strip_prefix("x-lakefs-internal-") {
            Some(key) => format!("::lakefs::{key}"),
            None => name.strip_prefix("x-lakefs-meta-")?.to_owned(),
        };
        Some((key, text(value)))
    });
    Stored {
        content: body.to_vec(),
        checksum: md5(body),
        content_type: headers.get("content-type").map(text).unwrap_or_default(),
        metadata: metadata.collect(),
    }
}

/// All of the content or the range asked for.
fn content(content: &[u8], tag: &str, headers: &HeaderMap) -> Response<Bytes> {
    let etag = format!("\"{tag}\"");
    let range = headers
        .get("range")
        .map(|value| value.to_str().unwrap().to_owned());
    let builder = Response::builder().header("etag", etag);
    let Some(range) = range else {
        return builder
            .status(200)
            .body(Bytes::copy_from_slice(content))
            .unwrap();
    };
    let (first, last) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let first: usize = first.parse().unwrap();
    let last = last
        .parse()
        .unwrap_or(content.len() - 1)
        .min(content.len() - 1);
    builder
        .status(206)
        .header(
            "content-range",
            format!("bytes {first}-{last}/{}", content.len()),
        )
        .body(Bytes::copy_from_slice(&content[first..=last]))
        .unwrap()
}
