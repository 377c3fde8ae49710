//! The API as one service: finds the operation, runs it, marks the answer.
//!
//! No framework between: a path is matched by the contract's own tree, so that the 134 operations
//! cost one walk over its segments. [`router`] wraps the service for servers that compose axum
//! routers.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Method, Request, Response};
use lakefs_runtime::Ids;
use lakefs_service::{Caller, Service};

use crate::contract::{OPENAPI, contract};
use crate::error::Failure;
use crate::operation::{Exchange, Run, refuse};
use crate::operations::BUILT;
use crate::respond::JSON;

/// Path in front of every operation.
pub const BASE_PATH: &str = "/api/v1";
/// Path of the contract.
pub const OPENAPI_PATH: &str = "/openapi.json";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const VERSION: HeaderName = HeaderName::from_static("x-lakefs-rs-version");
const CLIENT: HeaderName = HeaderName::from_static("x-lakefs-client");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What the API is made of.
#[derive(Debug)]
pub struct ApiParts {
    /// The use-cases.
    pub service: Service,
    /// Request identifiers.
    pub ids: Arc<Ids>,
    /// Version of this server, answered in a header.
    pub version: String,
    /// Whether the server itself speaks TLS: session cookies are then marked secure.
    pub tls: bool,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: Service,
    pub(crate) tls: bool,
    ids: Arc<Ids>,
    version: HeaderValue,
    /// What runs each operation of the contract, in its order.
    runs: Vec<Run>,
}

/// The identifier of a request, for a server that gives one before the API is reached: put it into
/// the request's extensions. Without it the API makes one up.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Who asked for what: an extension of every answer, for metrics and the audit log.
#[derive(Debug, Clone)]
pub struct Served {
    /// `operationId` of the contract; `None` when there is no such operation.
    pub operation: Option<&'static str>,
    /// The caller, with the user once authenticated.
    pub caller: Arc<Caller>,
}

/// The API under [`BASE_PATH`], and the contract at [`OPENAPI_PATH`]. Clones share one instance.
#[derive(Debug, Clone)]
pub struct Api {
    shared: Arc<Shared>,
}

/// An operation of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `operationId`.
    pub operation: &'static str,
    /// Method.
    pub method: Method,
    /// Path template below [`BASE_PATH`].
    pub path: &'static str,
    /// Whether it is built; others answer 501.
    pub built: bool,
}

/// Every operation of the contract.
pub fn routes() -> Vec<Route> {
    contract()
        .operations
        .iter()
        .map(|operation| Route {
            operation: operation.id,
            method: operation.method.clone(),
            path: operation.template,
            built: BUILT.iter().any(|built| built.id == operation.id),
        })
        .collect()
}

impl Api {
    /// Puts the parts together. No I/O.
    pub fn new(parts: ApiParts) -> Self {
        let run_of = |id: &str| {
            BUILT
                .iter()
                .find(|built| built.id == id)
                .map_or(refuse as Run, |built| built.run)
        };
        let runs = contract()
            .operations
            .iter()
            .map(|operation| run_of(operation.id))
            .collect();
        let version = HeaderValue::try_from(parts.version)
            .unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        Self {
            shared: Arc::new(Shared {
                service: parts.service,
                tls: parts.tls,
                ids: parts.ids,
                version,
                runs,
            }),
        }
    }

    /// Whether a path is the API's: below [`BASE_PATH`], or the contract.
    pub fn serves(path: &str) -> bool {
        below_base(path).is_some() || path == OPENAPI_PATH
    }

    /// Answers a request. Dropping the future abandons the request; use-cases are safe to abandon.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path();
        if path == OPENAPI_PATH && matches!(*request.method(), Method::GET | Method::HEAD) {
            return self.mark(openapi(), None, self.caller(&request));
        }
        let caller = self.caller(&request);
        let found = below_base(path).and_then(|below| {
            let (index, matched) = contract().find(request.method(), below)?;
            let base = path.len() - below.len();
            let operation = contract().operations.get(index)?;
            Some((operation, *self.shared.runs.get(index)?, matched, base))
        });
        let Some((operation, run, matched, base)) = found else {
            let response = Failure::no_operation().render("", &caller.request_id);
            return self.mark(response, None, caller);
        };
        let exchange = Exchange {
            operation,
            matched,
            base,
            request,
            caller,
        };
        let (response, caller) = run(Arc::clone(&self.shared), exchange).await;
        self.mark(response, Some(operation.id), caller)
    }

    fn caller(&self, request: &Request<Body>) -> Caller {
        let request_id = match request.extensions().get::<RequestId>() {
            Some(RequestId(id)) => id.clone(),
            None => self.shared.ids.uuid(),
        };
        let headers = request.headers();
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let mut caller = Caller::anonymous(request_id);
        caller.source_ip = source_ip(headers).or_else(|| {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| peer.ip())
        });
        let client = text(&CLIENT).or_else(|| text(&USER_AGENT)).unwrap_or("");
        client.clone_into(&mut caller.client);
        caller
    }

    /// Adds what every answer carries.
    fn mark(
        &self,
        mut response: Response<Body>,
        operation: Option<&'static str>,
        caller: Caller,
    ) -> Response<Body> {
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::try_from(caller.request_id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
        headers.insert(VERSION, self.shared.version.clone());
        response.extensions_mut().insert(Served {
            operation,
            caller: Arc::new(caller),
        });
        response
    }
}

/// The API as an axum router, for composition with other routes.
pub fn router(parts: ApiParts) -> axum::Router {
    axum::Router::new().fallback_service(Api::new(parts))
}

impl tower::Service<Request<Body>> for Api {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(api.handle(request).await) })
    }
}

fn below_base(path: &str) -> Option<&str> {
    let below = path.strip_prefix(BASE_PATH)?;
    (below.is_empty() || below.starts_with('/')).then_some(below)
}

fn openapi() -> Response<Body> {
    let mut response = Response::new(Body::from(OPENAPI));
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, JSON);
    response
}

/// The client's address as proxies tell it. It is logged, and no decision is made on it, because
/// anybody can send the headers.
pub fn source_ip(headers: &HeaderMap) -> Option<IpAddr> {
    let told = |name: &HeaderName| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok()?.split(',').next()?.trim().parse().ok())
    };
    told(&FORWARDED_FOR).or_else(|| told(&REAL_IP))
}
