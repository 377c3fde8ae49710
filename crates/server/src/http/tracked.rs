//! An answer's body that notices its end: when the last byte went out, or when the client left.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use lakefs_api::Served;
use prometheus_client::metrics::gauge::Gauge;

use super::audit::Ending;
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
    id: RequestId,
    /// Operation and caller, where the API was asked.
    pub(super) served: Option<Served>,
    pub(super) code: u16,
    pub(super) first_byte: Option<Duration>,
    sent: u64,
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
            code: CLIENT_LEFT,
            first_byte: None,
            sent: 0,
            whole: false,
        }
    }

    /// Notes the head of the answer.
    pub(super) fn head(&mut self, response: &mut Response<Body>) {
        self.code = response.status().as_u16();
        self.first_byte = Some(self.begun.elapsed());
        self.served = response.extensions_mut().remove();
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.dec();
        }
        self.app.finished(self);
        if let Some(call) = &self.call {
            let served = self.served.as_ref();
            self.app.audit.end(
                call,
                Ending {
                    id: self.id,
                    operation: served
                        .and_then(|served| served.operation)
                        .unwrap_or_default(),
                    user: served.map_or("", |served| served.caller.user_name()),
                    code: self.code,
                    took: self.begun.elapsed(),
                    sent: self.sent,
                    whole: self.whole,
                },
            );
        }
    }
}

/// The body.
pub(crate) struct Tracked {
    body: Body,
    observation: Observation,
}

impl Tracked {
    pub(super) fn new(body: Body, mut observation: Observation) -> Self {
        observation.whole = body.is_end_stream();
        Self { body, observation }
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
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
