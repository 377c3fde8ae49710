//! The gateway's front: one request in, one answer out.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Method, Response};
use lakefs_runtime::Clock;
use lakefs_service::{Caller, Service};
use lakefs_sigv4::KeyCache;

use crate::error::S3Error;
use crate::operation::decide_operation;
use crate::query::Query;
use crate::request::Request;
use crate::target::{Resolver, Target};
use crate::xml::Xml;
use crate::{Body, GatewayOptions, RequestBody, ops, response};

/// Signing keys remembered: one a day, region and access key.
const KEYS: usize = 1024;

/// What a [`Gateway`] is made of.
#[derive(Debug)]
pub struct GatewayParts {
    /// The use-cases.
    pub service: Service,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Settings.
    pub options: GatewayOptions,
}

/// What is known of a request once it is answered, for the access log and the metrics.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// S3's name of the operation; `None` where the request was none.
    pub operation: Option<&'static str>,
    /// Repository.
    pub repository: String,
    /// Reference expression.
    pub reference: String,
    /// The user; empty where nobody could be authenticated.
    pub user: String,
    /// The error's code, if the answer is one.
    pub code: Option<&'static str>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// To the client.
    pub response: Response<Body>,
    /// To the log.
    pub facts: Facts,
}

/// The S3 gateway. Clones share one instance.
#[derive(Debug, Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: GatewayParts,
    resolver: Resolver,
    keys: KeyCache,
}

impl Gateway {
    /// Puts the parts together. No I/O.
    pub fn new(parts: GatewayParts) -> Self {
        Self {
            inner: Arc::new(Inner {
                resolver: Resolver::new(&parts.options.domains, &parts.options.aliases),
                keys: KeyCache::new(KEYS),
                parts,
            }),
        }
    }

    pub(crate) fn service(&self) -> &Service {
        &self.inner.parts.service
    }

    pub(crate) fn options(&self) -> &GatewayOptions {
        &self.inner.parts.options
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.parts.clock
    }

    pub(crate) fn resolver(&self) -> &Resolver {
        &self.inner.resolver
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.inner.keys
    }

    /// Answers one request. `caller` has the request's identifier, address and client, and no user.
    pub async fn handle(&self, parts: Parts, body: RequestBody, caller: Caller) -> Answer {
        let head = parts.method == Method::HEAD;
        let id = caller.request_id.clone();
        let mut facts = Facts::default();
        let mut target = Target::Service;
        let outcome = self
            .answer(parts, body, caller, &mut facts, &mut target)
            .await;
        let mut response = outcome.unwrap_or_else(|error| {
            facts.code = Some(error.code.as_str());
            self.error_document(&error, &target, &id, head)
        });
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-amz-request-id", id);
        }
        Answer { response, facts }
    }

    async fn answer(
        &self,
        parts: Parts,
        body: RequestBody,
        caller: Caller,
        facts: &mut Facts,
        at: &mut Target,
    ) -> Result<Response<Body>, S3Error> {
        let host = parts
            .uri
            .host()
            .or_else(|| parts.headers.get(http::header::HOST)?.to_str().ok())
            .unwrap_or_default();
        let target = self.resolver().resolve(host, parts.uri.path())?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let copies = parts.headers.contains_key("x-amz-copy-source");
        let operation = decide_operation(&target, &parts.method, &query, copies);
        facts.operation = operation.as_ref().ok().map(|operation| operation.name());
        let (caller, payload) = self.authenticate(&parts, caller).await?;
        caller.user_name().clone_into(&mut facts.user);
        at.clone_from(&target);
        let request = Request {
            parts,
            body,
            target,
            operation: operation?,
            query,
            caller,
            payload,
        };
        ops::run(self, request).await
    }

    fn error_document(
        &self,
        error: &S3Error,
        target: &Target,
        request_id: &str,
        head: bool,
    ) -> Response<Body> {
        let mut xml = Xml::new();
        xml.open("Error")
            .element("Code", error.code.as_str())
            .element("Message", error.message());
        for (name, value) in &error.details {
            xml.element(name, value);
        }
        xml.element("Region", &self.options().region)
            .element("RequestId", request_id)
            .close("Error");
        let _ = target;
        let status = error.code.status();
        if head {
            return response::bare(status);
        }
        response::document(status, xml.finish())
    }
}
