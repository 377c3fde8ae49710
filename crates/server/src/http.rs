//! One listener for everything: routes each request to its part of the server, gives it an identifier,
//! and counts and logs how it ended.
//!
//! What a request costs here beside its handler: one UUID, two clock reads, three counters.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{CONNECTION, HeaderName, USER_AGENT};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use lakefs_api::Api;
use lakefs_gateway::Gateway;
use lakefs_runtime::{Ids, TaskScope};
use lakefs_service::Caller;
use prometheus_client::metrics::gauge::Gauge;

use crate::metrics::{GatewayAnswer, Metrics};
use crate::request_id::RequestId;
use crate::settings::Secret;

mod audit;
mod linger;
pub(crate) mod listen;
mod pages;
mod received;
mod route;
pub(crate) mod tls;
mod tracked;

use audit::{Audit, Call};
use received::Meter;
use route::{Route, decide_route};
use tracked::{AnswerBody, Observation, Tracked};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What metrics call an operation nobody knows.
const UNKNOWN: &str = "unknown";

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The one listener for everything.
    All,
    /// A listener of its own for S3.
    S3,
}

/// What the listener asks about the rest of the server.
#[async_trait]
pub(crate) trait Probes: Send + Sync + std::fmt::Debug + 'static {
    /// Whether records and objects can be reached.
    async fn ready(&self) -> bool;

    /// Identifier of the installation; empty before setup.
    async fn installation_id(&self) -> String;
}

/// What [`App`] is made of.
pub(crate) struct AppParts {
    pub(crate) api: Api,
    pub(crate) probes: Arc<dyn Probes>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) metrics_token: Secret,
    pub(crate) ids: Arc<Ids>,
    pub(crate) gateway: Gateway,
    pub(crate) gateway_domains: Vec<String>,
    /// A body of an S3 request that stands still for this long is given up.
    pub(crate) body_idle: Duration,
    pub(crate) logout_redirect: HeaderValue,
    pub(crate) audit: AuditOptions,
}

pub(crate) use audit::AuditOptions;

/// Answers requests.
pub(crate) struct App {
    parts: AppParts,
    /// Reads what clients still send of requests that are answered.
    tasks: TaskScope,
    audit: Arc<Audit>,
    api_running: Gauge,
    gateway_running: Gauge,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn new(parts: AppParts) -> Self {
        Self {
            tasks: TaskScope::new(),
            audit: Arc::new(Audit::new(parts.audit)),
            api_running: parts.metrics.concurrent("rest_api"),
            gateway_running: parts.metrics.concurrent("s3_gateway"),
            parts,
        }
    }

    /// Answers one request that came to a door.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        door: Door,
    ) -> Response<Tracked> {
        let id = RequestId::fresh(&self.parts.ids);
        id.scope(self.answer_within(request, peer, door, id)).await
    }

    async fn answer_within(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        door: Door,
        id: RequestId,
    ) -> Response<Tracked> {
        let (head, body) = request.into_parts();
        let route = match door {
            Door::All => decide_route(&head, &self.parts.gateway_domains),
            Door::S3 => Route::Gateway,
        };
        let call = self.audit.begin(&head, peer);
        let method = method_name(&head.method);
        // Counted down when the answer is gone, or when the client went away before it came.
        let mut observation = Observation::begin(Arc::clone(&self), route, method, call, id);
        let response = match route {
            Route::Gateway => {
                let response = self.answer_s3(head, body, peer, &mut observation).await;
                observation.head(&response);
                return response.map(|body| Tracked::new(AnswerBody::Left(body), observation));
            }
            Route::Api => {
                let request = Request::from_parts(head, body);
                let mut response = self.answer_api(request, peer, id).await;
                observation.served(response.extensions_mut().remove());
                response
            }
            Route::Live => pages::live(&self.parts.probes.installation_id().await),
            Route::Ready => pages::ready(self.parts.probes.ready().await),
            Route::Metrics => pages::metrics(
                &self.parts.metrics,
                self.parts.metrics_token.expose(),
                &head.headers,
            ),
            Route::Logout => pages::logout(&self.parts.logout_redirect),
            Route::Iceberg => pages::not_offered(),
            Route::Page => pages::page(head.uri.path(), &head.headers),
        };
        observation.head(&response);
        let mut response = response.map(|body| Tracked::new(AnswerBody::Right(body), observation));
        // The API marks its own answers.
        if route != Route::Api {
            response.headers_mut().insert(REQUEST_ID, id.header());
        }
        response
    }

    async fn answer_s3(
        &self,
        head: Parts,
        body: Incoming,
        peer: SocketAddr,
        observation: &mut Observation,
    ) -> Response<lakefs_gateway::Body> {
        let mut caller = Caller::anonymous(observation.id.to_string());
        caller.source_ip = lakefs_api::source_ip(&head.headers).or(Some(peer.ip()));
        let client = head.headers.get(USER_AGENT);
        if let Some(client) = client.and_then(|client| client.to_str().ok()) {
            client.clone_into(&mut caller.client);
        }
        let (body, meter) = received::receive(&head, body, self.parts.body_idle);
        observation.received.clone_from(&meter);
        let facts = observation.asked.get_or_insert_default();
        let version = head.version;
        let mut response = self.parts.gateway.handle(head, body, caller, facts).await;
        settle(&self.tasks, meter, version, &mut response).await;
        response
    }

    async fn answer_api(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        id: RequestId,
    ) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        head.extensions
            .insert(lakefs_api::RequestId(id.to_string()));
        head.extensions.insert(ConnectInfo(peer));
        let version = head.version;
        let (body, meter) = received::receive(&head, body, self.parts.body_idle);
        let request = Request::from_parts(head, Body::new(body));
        let mut response = self.parts.api.handle(request).await;
        settle(&self.tasks, meter, version, &mut response).await;
        response
    }

    /// Counts a call once it is over.
    fn finished(&self, observation: &Observation) {
        let total = observation.begun.elapsed();
        if observation.route == Route::Gateway {
            self.parts.metrics.gateway_answered(&GatewayAnswer {
                operation: observation.operation().unwrap_or(UNKNOWN),
                code: observation.code,
                unproven: observation.unproven(),
                received: observation.received(),
                sent: observation.sent,
                total,
            });
        }
        if let Some(served) = &observation.served {
            self.parts.metrics.api_answered(
                served.operation.unwrap_or(UNKNOWN),
                observation.method,
                observation.code,
                observation.first_byte.unwrap_or(total),
                total,
            );
        }
    }
}

/// Ends a request whose body may not have been read: reads on where little is left, and else tells that the
/// connection ends, or the client would send its next request where nobody reads any more.
/// Over HTTP/2 it goes on beside the answer.
async fn settle<B>(
    tasks: &TaskScope,
    meter: Option<Arc<Meter>>,
    version: Version,
    response: &mut Response<B>,
) {
    let Some(meter) = meter else { return };
    if version >= Version::HTTP_2 {
        if let Some(reading) = meter.read_on() {
            let _detached = tasks.spawn(reading);
        }
    } else if !meter.drain().await && version == Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
}

/// A method as a metric label: a client cannot make up new ones.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
