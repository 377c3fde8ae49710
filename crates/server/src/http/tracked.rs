//! An answer's body that notices its end: when the last byte went out, or when the client left.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::Either;
use lakefs_api::Served;
use lakefs_gateway::Facts;
use prometheus_client::metrics::gauge::Gauge;

use super::audit::Ending;
use super::received::Meter;
use super::route::Route;
use super::{App, Call};
use crate::request_id::RequestId;

/// What is known about a call; dropping it is the end of the call.
pub(super) struct Observation {
    app: Arc<App>,
    pub(super) begun: Instant,
    pub(super) method: &'static str,
    pub(super) route: Route,
    running: Option<Gauge>,
    call: Option<Box<Call>>,
    pub(super) id: RequestId,
    /// Operation and caller, where the API was asked.
    pub(super) served: Option<Served>,
    /// The same, where the gateway was asked.
    pub(super) asked: Option<Facts>,
    /// The request's body, where the gateway was asked and there was one.
    pub(super) received: Option<Arc<Meter>>,
    pub(super) code: u16,
    pub(super) first_byte: Option<Duration>,
    pub(super) sent: u64,
    whole: bool,
}

/// Code counted for a call whose client left before the answer.
const CLIENT_LEFT: u16 = 499;

impl Observation {
    /// Begins to watch a call; what runs is counted until this is dropped.
    pub(super) fn begin(
        app: Arc<App>,
        route: Route,
        method: &'static str,
        call: Option<Box<Call>>,
        id: RequestId,
    ) -> Self {
        let running = match route {
            Route::Api => Some(app.api_running.clone()),
            Route::Gateway => Some(app.gateway_running.clone()),
            _ => None,
        };
        if let Some(running) = &running {
            running.inc();
        }
        Self {
            app,
            begun: Instant::now(),
            method,
            route,
            running,
            call,
            id,
            served: None,
            asked: None,
            received: None,
            code: CLIENT_LEFT,
            first_byte: None,
            sent: 0,
            whole: false,
        }
    }

    /// Notes the head of the answer.
    pub(super) fn head<B>(&mut self, response: &Response<B>) {
        self.code = response.status().as_u16();
        self.first_byte = Some(self.begun.elapsed());
    }

    /// Notes what the API says about a call.
    pub(super) fn served(&mut self, served: Option<Served>) {
        self.served = served;
    }

    /// The operation, as the API's contract or S3 names it, where it is known.
    pub(super) fn operation(&self) -> Option<&'static str> {
        let served = self.served.as_ref().and_then(|served| served.operation);
        let asked = self.asked.as_ref().and_then(|asked| asked.operation);
        served.or(asked)
    }

    /// Why nobody knows who sent the request, if it was refused for that.
    pub(super) fn unproven(&self) -> Option<&'static str> {
        let asked = self.asked.as_ref().filter(|asked| asked.unproven)?;
        asked.code
    }

    /// Bytes of the request's body that came.
    pub(super) fn received(&self) -> u64 {
        self.received.as_ref().map_or(0, |meter| meter.bytes())
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.dec();
        }
        self.app.finished(self);
        let Some(call) = &self.call else {
            return;
        };
        let served = self.served.as_ref();
        let asked = self.asked.as_ref();
        self.app.audit.end(
            call,
            Ending {
                id: self.id,
                service: if self.route == Route::Gateway {
                    "s3_gateway"
                } else {
                    "rest_api"
                },
                operation: self.operation().unwrap_or_default(),
                user: served
                    .map(|served| served.caller.user_name())
                    .or(asked.map(|asked| asked.user.as_str()))
                    .unwrap_or_default(),
                repository: asked.map_or("", |asked| &asked.repository),
                reference: asked.map_or("", |asked| &asked.reference),
                error_code: asked.and_then(|asked| asked.code).unwrap_or_default(),
                code: self.code,
                took: self.begun.elapsed(),
                received: self.received(),
                sent: self.sent,
                whole: self.whole,
            },
        );
    }
}

/// Bodies of the parts of the server: the gateway's go out as they are.
pub(super) type AnswerBody = Either<lakefs_gateway::Body, Body>;

/// An answer's body, and what is known about its call.
pub(crate) struct Tracked {
    body: AnswerBody,
    observation: Observation,
}

impl Tracked {
    pub(super) fn new(body: AnswerBody, mut observation: Observation) -> Self {
        observation.whole = body.is_end_stream();
        Self { body, observation }
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = lakefs_service::Cause;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, lakefs_service::Cause>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.observation.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.observation.whole = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.observation.whole = true,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
