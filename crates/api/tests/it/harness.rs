//! A server without a socket, and requests that read like what they ask.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use lakefs_api::{Api, ApiParts};
use lakefs_block::MemBlockStore;
use lakefs_runtime::SystemClock;
use lakefs_testkit::{Installation, KEY, SECRET, Stores, basic};
use serde_json::{Value, json};

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

/// An API over given stores, with an administrator.
async fn serve(stores: Stores) -> Api {
    let ids = Arc::clone(&stores.ids);
    Api::new(ApiParts {
        service: Installation::set_up(stores).await.service,
        ids,
        version: "0.0.0-test".to_owned(),
        tls: false,
    })
}

impl Lake {
    /// Over stores in memory.
    pub(crate) async fn new() -> Self {
        let (stores, objects) = Stores::in_memory(Arc::new(SystemClock));
        Self {
            api: serve(stores).await,
            blocks: Some(objects),
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
