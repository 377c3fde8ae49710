//! A server without a socket, and requests that read like what they ask.

use std::sync::Arc;

use axum::body::Body;
use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use lakefs_api::{Api, ApiParts};
use lakefs_auth::{AdminMayAll, Auth, AuthParts, DirectoryOptions, SharedSecret};
use lakefs_block::{BlockStore, MemBlockStore};
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Ids, SystemClock, TaskScope};
use lakefs_service::{Caller, CommPrefs, Service, ServiceOptions, ServiceParts, SetupRequest};
use lakefs_tree::{TreeConfig, TreeStore};
use lakefs_versioning::{Engine, EngineOptions, EngineParts, NoHooks};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "AKIAJTESTTESTTESTTSQ";
pub(crate) const SECRET: &str = "not-a-secret";
/// The repository most tests work in, and its default branch's path.
pub(crate) const REPO: &str = "/repositories/lake";
pub(crate) const MAIN: &str = "/repositories/lake/branches/main";

/// An API over stores, with an administrator.
pub(crate) struct Lake {
    pub(crate) api: Api,
    /// Its objects, where they are in memory.
    pub(crate) blocks: Option<Arc<MemBlockStore>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        let json = serde_json::from_str(&text);
        assert!(json.is_ok(), "no JSON: {} {text}", self.status);
        json.unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or("").to_owned()
    }

    /// Status and message of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let content_type = self.header("content-type");
        assert_eq!(content_type, "application/json", "{:?}", self.status);
        (self.status.as_u16(), self.message())
    }
}

/// What a lake is kept in.
pub(crate) struct Stores {
    pub(crate) kv: Arc<dyn KvStore>,
    pub(crate) blocks: Arc<dyn BlockStore>,
    pub(crate) tree: TreeStore,
    pub(crate) ids: Arc<Ids>,
}

/// An API over given stores, with an administrator.
async fn serve(stores: Stores) -> Api {
    let Stores {
        kv,
        blocks,
        tree,
        ids,
    } = stores;
    let auth = Auth::new(AuthParts {
        kv: Arc::clone(&kv),
        ids: Arc::clone(&ids),
        secret: SharedSecret::new("shared secret"),
        directory: DirectoryOptions::default(),
    });
    let engine = Engine::new(
        EngineParts {
            kv: Arc::clone(&kv),
            blocks: Arc::clone(&blocks),
            tree,
            clock: Arc::new(SystemClock),
            ids: Arc::clone(&ids),
            tasks: TaskScope::new(),
            hooks: Arc::new(NoHooks),
        },
        EngineOptions::default(),
    );
    let service = Service::new(ServiceParts {
        engine,
        auth: Arc::new(auth),
        kv,
        blocks,
        authorizer: Arc::new(AdminMayAll),
        clock: Arc::new(SystemClock),
        ids: Arc::clone(&ids),
        options: ServiceOptions::default(),
    });
    service
        .setup(
            &Caller::anonymous("setup"),
            SetupRequest {
                username: "admin".to_owned(),
                key: Some((KEY.to_owned(), SECRET.to_owned())),
                comm_prefs: CommPrefs::default(),
            },
        )
        .await
        .unwrap();
    Api::new(ApiParts {
        service,
        ids,
        version: "0.0.0-test".to_owned(),
        tls: false,
    })
}

impl Lake {
    /// Over stores in memory.
    pub(crate) async fn new() -> Self {
        let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
        let memory = Arc::new(MemBlockStore::new(Arc::clone(&ids)));
        let blocks: Arc<dyn BlockStore> = Arc::<MemBlockStore>::clone(&memory);
        let api = serve(Stores {
            kv: Arc::new(MemKv::new()),
            tree: TreeStore::new(Arc::clone(&blocks), TreeConfig::default()),
            blocks,
            ids,
        });
        Self {
            api: api.await,
            blocks: Some(memory),
        }
    }

    /// Over given stores.
    pub(crate) async fn over(stores: Stores) -> Self {
        Self {
            api: serve(stores).await,
            blocks: None,
        }
    }

    /// With the repository `lake`.
    pub(crate) async fn with_repository() -> Self {
        let lake = Self::new().await;
        let body = json!({"name": "lake", "storage_namespace": "mem://lake"});
        let made = lake.post("/repositories").json(&body).send().await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        lake
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    /// A request of the administrator.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(AUTHORIZATION, basic(KEY, SECRET));
        Call {
            lake: self,
            request,
            body: Body::empty(),
        }
    }

    /// Uploads an object to `main`.
    pub(crate) async fn upload(&self, path: &str, bytes: &'static str) -> Answer {
        let path = format!("{MAIN}/objects?path={path}");
        let answer = self.post(&path).octets(bytes).send().await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer
    }

    /// Commits `main`; the commit id.
    pub(crate) async fn commit(&self, message: &str) -> String {
        let path = format!("{MAIN}/commits");
        let answer = self
            .post(&path)
            .json(&json!({"message": message}))
            .send()
            .await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

/// A request in the making.
pub(crate) struct Call<'l> {
    lake: &'l Lake,
    request: http::request::Builder,
    body: Body,
}

impl Call<'_> {
    /// Nobody's request.
    pub(crate) fn anonymous(mut self) -> Self {
        self.request.headers_mut().unwrap().remove(AUTHORIZATION);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let headers = self.request.headers_mut().unwrap();
        headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.text("application/json", body.to_string())
    }

    pub(crate) fn octets(self, body: impl Into<Body>) -> Self {
        self.text("application/octet-stream", body)
    }

    pub(crate) fn text(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        let headers = self.request.headers_mut().unwrap();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(self.body).unwrap();
        let (head, body) = self.lake.api.handle(request).await.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

pub(crate) fn basic(key: &str, secret: &str) -> String {
    let pair = format!("{key}:{secret}");
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    format!("Basic {encoded}")
}
