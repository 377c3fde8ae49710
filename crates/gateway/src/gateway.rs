//! The gateway's front: one request in, one answer out.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, Version};
use lakefs_runtime::{Clock, Ids};
use lakefs_service::{Caller, Service};
use lakefs_sigv4::KeyCache;
use lakefs_types::RepositoryId;

use crate::document::ErrorDocument;
use crate::error::{Code, S3Error, Scope};
use crate::fallback::Fallback;
use crate::operation::{Operation, check_version_id, decide_operation, refuse_headers};
use crate::query::Query;
use crate::request::Request;
use crate::target::{Resolver, Target};
use crate::{Body, GatewayOptions, RequestBody, ops};

/// Signing keys remembered: one a day, region and access key.
const KEYS: usize = 1024;
const CLOSE: HeaderValue = HeaderValue::from_static("close");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const COPY_SOURCE: &str = "x-amz-copy-source";
/// Pairs of the query that are the signature's own.
const PRESIGNING: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// What a [`Gateway`] is made of.
#[derive(Debug)]
pub struct GatewayParts {
    /// The use-cases.
    pub service: Service,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and randomness.
    pub ids: Arc<Ids>,
    /// Settings.
    pub options: GatewayOptions,
}

/// What is known of a request, for the access log and the metrics. Filled in on the way, so that it is there
/// also when the client left before the answer.
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
    /// Whether the request was refused because nobody knows who sent it; `code` says why.
    pub unproven: bool,
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
    fallback: Option<Fallback>,
    /// Tells in answers which server gave them.
    host_id: String,
}

impl Gateway {
    /// Puts the parts together. No I/O, but for the certificates of the system where a fallback needs
    /// them.
    pub fn new(parts: GatewayParts) -> Self {
        Self {
            inner: Arc::new(Inner {
                resolver: Resolver::new(&parts.options.domains, &parts.options.aliases),
                keys: KeyCache::new(KEYS),
                fallback: parts.options.fallback.clone().map(Fallback::new),
                host_id: hex::encode(parts.ids.random::<8>()),
                parts,
            }),
        }
    }

    pub(crate) fn service(&self) -> &Service {
        &self.inner.parts.service
    }

    /// Tells in answers which server gave them.
    pub(crate) fn host_id(&self) -> &str {
        &self.inner.host_id
    }

    pub(crate) fn options(&self) -> &GatewayOptions {
        &self.inner.parts.options
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.inner.parts.ids
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
    /// Dropping the future abandons the request.
    pub async fn handle(
        &self,
        mut parts: Parts,
        body: RequestBody,
        caller: Caller,
        facts: &mut Facts,
    ) -> Response<Body> {
        let head = parts.method == Method::HEAD;
        let id = caller.request_id.clone();
        // HTTP/2 has the host in the address; signatures cover it as a header.
        if !parts.headers.contains_key(HOST)
            && let Some(authority) = parts.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            parts.headers.insert(HOST, host);
        }
        let api = is_below_api(parts.uri.path());
        let asked = asks_before_body(&parts);
        let cors = self.options().cors.as_ref();
        let page = cors.and_then(|cors| {
            let origin = parts.headers.get(ORIGIN).cloned()?;
            // A preflight has an answer of its own.
            (parts.method != Method::OPTIONS).then(|| (cors, origin, parts.method.clone()))
        });
        let mut known = Known {
            facts,
            target: Target::Service,
        };
        let outcome = self.answer(parts, body, caller, &mut known).await;
        let mut response = outcome.unwrap_or_else(|mut error| {
            if api && error.code == Code::NoSuchBucket && error.scope == Scope::Door {
                error.code = Code::LakefsApiEndpoint;
            }
            log(&error, known.facts, &id);
            known.facts.code = Some(error.code.as_str());
            let document = ErrorDocument {
                error: &error,
                target: &known.target,
                region: &self.options().region,
                request_id: &id,
                host_id: &self.inner.host_id,
            };
            document.answer(head)
        });
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Ok(id) = HeaderValue::from_str(&self.inner.host_id) {
            headers.insert(HOST_ID, id);
        }
        if let Some((cors, origin, method)) = page {
            cors.share(&origin, &method, response.headers_mut());
        }
        if asked.is_some_and(|empty| empty || !response.status().is_success()) {
            response.headers_mut().insert(CONNECTION, CLOSE);
        }
        response
    }

    async fn answer(
        &self,
        mut parts: Parts,
        body: RequestBody,
        caller: Caller,
        known: &mut Known<'_>,
    ) -> Result<Response<Body>, S3Error> {
        let host = parts.headers.get(HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let target = self.resolver().resolve(host, parts.uri.path());
        let target = target.map_err(|error| error.scope(Scope::Door))?;
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let hoisted = hoisted_headers(&parts, &query);
        let copies = parts.headers.contains_key(COPY_SOURCE)
            || hoisted.iter().any(|(name, _)| name == COPY_SOURCE);
        let operation = decide_operation(&target, &parts.method, &query, copies);
        known.facts.operation = operation.as_ref().ok().map(|operation| operation.name());
        if parts.method == Method::OPTIONS {
            let answer = match &self.options().cors {
                Some(cors) => cors.preflight(&parts.headers),
                None => Err(S3Error::new(Code::AccessForbidden)),
            };
            return answer.map_err(|error| error.scope(Scope::Door));
        }
        let (caller, payload) = match self.authenticate(&parts, caller).await {
            Ok(proven) => proven,
            Err(error) => {
                known.facts.unproven = error.code.status().is_client_error();
                return Err(error);
            }
        };
        caller.user_name().clone_into(&mut known.facts.user);
        known.at(&target);
        if let Some(fallback) = self.fallback_for(&caller, &target).await? {
            return fallback.forward(&parts, body, &caller).await;
        }
        for (name, value) in hoisted {
            parts.headers.entry(name).or_insert(value);
        }
        let operation = operation?;
        if operation != Operation::CreateBucket
            && let Target::Bucket(bucket) | Target::Object(bucket, _) = &target
            && RepositoryId::new(bucket.repository()).is_err()
        {
            return Err(S3Error::new(Code::NoSuchBucket).scope(Scope::Door));
        }
        if matches!(target, Target::Object(..)) {
            check_version_id(query.get("versionId"))?;
            refuse_headers(&parts.method, &parts.headers)?;
        }
        let request = Request {
            parts,
            body,
            target,
            operation,
            query,
            caller,
            payload,
        };
        ops::run(self, request).await
    }

    /// Where a request goes whose bucket nobody has here.
    async fn fallback_for(
        &self,
        caller: &Caller,
        target: &Target,
    ) -> Result<Option<&Fallback>, S3Error> {
        let Some(fallback) = &self.inner.fallback else {
            return Ok(None);
        };
        let (Target::Bucket(bucket) | Target::Object(bucket, _)) = target else {
            return Ok(None);
        };
        if bucket.alias.is_some() {
            return Ok(None);
        }
        let known = self.service().is_repository(caller, &bucket.name).await;
        let known = known.map_err(|error| S3Error::from(error).scope(Scope::Door))?;
        Ok((!known).then_some(fallback))
    }
}

/// What has been found out about a request.
#[derive(Debug)]
struct Known<'f> {
    facts: &'f mut Facts,
    target: Target,
}

impl Known<'_> {
    fn at(&mut self, target: &Target) {
        match target {
            Target::Service => {}
            Target::Bucket(bucket) => bucket.repository().clone_into(&mut self.facts.repository),
            Target::Object(bucket, key) => {
                bucket.repository().clone_into(&mut self.facts.repository);
                if let Some(place) = bucket.place(key) {
                    place.reference.clone_into(&mut self.facts.reference);
                }
            }
        }
        self.target.clone_from(target);
    }
}

/// Headers that the maker of a presigned URL put into its query. The signature covers them there, which
/// one in a header need not.
///
/// Digests do not count there, as S3 has it: the AWS SDK for JavaScript signs that of an empty body into
/// every URL it makes for a put.
fn hoisted_headers(parts: &Parts, query: &Query) -> Vec<(HeaderName, HeaderValue)> {
    let presigned = query.has("X-Amz-Signature") || query.has("Signature");
    if !presigned || parts.headers.contains_key(AUTHORIZATION) {
        return Vec::new();
    }
    query
        .pairs()
        .filter(|(name, _)| {
            let amazon = name
                .get(..6)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"));
            amazon && !PRESIGNING.contains(name) && !tells_a_digest(name)
        })
        .filter_map(|(name, value)| {
            Some((
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_bytes(value.as_bytes()).ok()?,
            ))
        })
        .collect()
}

/// Whether a header tells a digest of the body, or which one comes with it.
fn tells_a_digest(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let kind = name.strip_prefix("x-amz-checksum-");
    name == "x-amz-sdk-checksum-algorithm"
        || kind.is_some_and(|kind| !matches!(kind, "algorithm" | "mode" | "type"))
}

/// Whether a client waits for `100 Continue`, and if so, whether it has no body to send then. Such a
/// request is answered at once; botocore takes the next answer on that connection for this one, so the
/// connection is closed. The same holds for refusals that come instead of `100 Continue`.
fn asks_before_body(parts: &Parts) -> Option<bool> {
    let expects = parts.headers.get(EXPECT)?;
    let waits =
        parts.version < Version::HTTP_2 && expects.as_bytes().eq_ignore_ascii_case(b"100-continue");
    let empty = parts
        .headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length == "0");
    waits.then_some(empty)
}

fn is_below_api(path: &str) -> bool {
    path.strip_prefix("/api/v1")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The chain of causes of what is not the client's doing goes to the log, once, here.
fn log(error: &S3Error, facts: &Facts, request_id: &str) {
    let Some(source) = &error.source else {
        return;
    };
    let operation = facts.operation.unwrap_or_default();
    let status = error.code.status().as_u16();
    let mut causes = String::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&**source);
    while let Some(cause) = next {
        if !causes.is_empty() {
            causes.push_str(": ");
        }
        causes.push_str(&cause.to_string());
        next = cause.source();
    }
    let code = error.code.as_str();
    match error.code {
        Code::InternalError => {
            tracing::error!(
                request_id,
                operation,
                status,
                code,
                causes,
                "request failed"
            );
        }
        Code::ServiceUnavailable | Code::SlowDown => {
            tracing::warn!(
                request_id,
                operation,
                status,
                code,
                causes,
                "request failed"
            );
        }
        _ => tracing::debug!(
            request_id,
            operation,
            status,
            code,
            causes,
            "request failed"
        ),
    }
}
