//! What an operation is to the server, and the one path every request takes.
//!
//! The order is part of the interface: parameters and body are checked against the contract first
//! (400), then the caller is authenticated (401), then the one use-case runs. An operation is
//! declared with [`operation!`]: its name in the contract, the parameters it reads, the body it
//! takes, its status and answer, and the call. What is not built yet goes the same way and ends
//! with 501.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use lakefs_service::{Caller, Error, Service};

use crate::api::Shared;
use crate::authenticate::authenticate;
use crate::body::{AnyBody, RequestContent};
use crate::contract;
use crate::contract::PathMatch;
use crate::error::Failure;
use crate::respond::Answer;
use crate::values::{Parameters, Values};

/// An operation that is built.
pub(crate) trait Operation: 'static {
    /// `operationId` of the contract.
    const ID: &'static str;
    /// Status of success.
    const STATUS: StatusCode;
    /// Other statuses it answers on purpose, besides those of failures; for the drift test.
    #[cfg(test)]
    const ALSO: &'static [u16];
    /// The parameters it reads.
    type Parameters<'v>: Parameters<'v> + Send;
    /// The body it takes.
    type Body: RequestContent;
    /// What it answers.
    type Answer: Answer;

    /// Calls one use-case and renders what it says.
    fn answer<'v>(
        call: Call<'v>,
        parameters: Self::Parameters<'v>,
        body: Self::Body,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

/// What a handler works with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'v> {
    pub(crate) service: &'v Service,
    pub(crate) caller: &'v Caller,
    /// Head of the request, for what the contract does not describe.
    pub(crate) parts: &'v Parts,
    /// Whether the server itself speaks TLS, which decides about secure cookies.
    pub(crate) tls: bool,
}

/// A request that found its operation.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) operation: &'static contract::Operation,
    pub(crate) matched: PathMatch,
    /// Length of the base path in front of the matched part.
    pub(crate) base: usize,
    pub(crate) request: Request<Body>,
    pub(crate) caller: Caller,
}

/// The answer and on whose behalf it was made.
pub(crate) type Finished = (Response<Body>, Caller);
/// Serves one exchange.
pub(crate) type Run = fn(Arc<Shared>, Exchange) -> Pin<Box<dyn Future<Output = Finished> + Send>>;

/// Serves an operation that is built.
pub(crate) fn run<O: Operation>(
    shared: Arc<Shared>,
    exchange: Exchange,
) -> Pin<Box<dyn Future<Output = Finished> + Send>> {
    Box::pin(serve::<O>(shared, exchange))
}

async fn serve<O: Operation>(shared: Arc<Shared>, exchange: Exchange) -> Finished {
    let (parts, body) = exchange.request.into_parts();
    let mut caller = exchange.caller;
    let operation = exchange.operation;
    let outcome: Result<O::Answer, Failure> = async {
        let path = parts.uri.path().get(exchange.base..).unwrap_or("");
        let values = Values::read(operation, path, exchange.matched, &parts)?;
        let parameters = O::Parameters::from_values(&values);
        let body = O::Body::read(operation, &parts, body).await?;
        if !operation.open {
            authenticate(&shared.service, &parts.headers, &mut caller).await?;
        }
        let call = Call {
            service: &shared.service,
            caller: &caller,
            parts: &parts,
            tls: shared.tls,
        };
        O::answer(call, parameters, body).await
    }
    .await;
    let response = match outcome {
        Ok(answer) => answer.render(O::STATUS),
        Err(failure) => failure.render(O::ID, &caller.request_id),
    };
    (response, caller)
}

/// Refuses an operation that is not built, after the checks that every operation makes.
pub(crate) fn refuse(
    shared: Arc<Shared>,
    exchange: Exchange,
) -> Pin<Box<dyn Future<Output = Finished> + Send>> {
    Box::pin(async move {
        let (parts, body) = exchange.request.into_parts();
        let mut caller = exchange.caller;
        let operation = exchange.operation;
        let checked: Result<(), Failure> = async {
            let path = parts.uri.path().get(exchange.base..).unwrap_or("");
            Values::read(operation, path, exchange.matched, &parts)?;
            AnyBody::read(operation, &parts, body).await?;
            if !operation.open {
                authenticate(&shared.service, &parts.headers, &mut caller).await?;
                if caller.user.is_none() {
                    return Err(Error::unauthenticated().into());
                }
            }
            Ok(())
        }
        .await;
        let failure = checked
            .err()
            .unwrap_or_else(|| Error::not_implemented().into());
        (failure.render(operation.id, &caller.request_id), caller)
    })
}

/// An entry of the table of built operations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Built {
    pub(crate) id: &'static str,
    pub(crate) run: Run,
    #[cfg(test)]
    pub(crate) declared: fn() -> crate::drift::Declared,
}

impl Built {
    #[cfg(not(test))]
    pub(crate) const fn of<O: Operation>() -> Self {
        Self {
            id: O::ID,
            run: run::<O>,
        }
    }
}

/// Declares an operation:
///
/// ```text
/// operation! {
///     /// What it does.
///     GetThing(repository: &'v str, if_match: Option<&'v str> = "If-Match"),
///     body JsonBody<Thing> => OK Json<Thing>, also 304;
///     |call, given, body| { … }
/// }
/// ```
macro_rules! operation {
    (
        $(#[$doc:meta])*
        $id:ident($($field:ident: $type:ty $(= $wire:literal)?),* $(,)?),
        $(body $body:ty)? => $status:ident $answer:ty $(, also $($also:literal)+)?;
        |$call:pat_param, $given:pat_param, $content:pat_param| $block:block
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $id;

        const _: () = {
            $crate::values::parameters! { Given { $($field: $type $(= $wire)?,)* } }

            impl $crate::operation::Operation for $id {
                const ID: &'static str = stringify!($id);
                const STATUS: http::StatusCode = http::StatusCode::$status;
                #[cfg(test)]
                const ALSO: &'static [u16] = &[$($($also),+)?];
                type Parameters<'v> = Given<'v>;
                type Body = $crate::operation::operation!(@body $($body)?);
                type Answer = $answer;

                async fn answer<'v>(
                    $call: $crate::operation::Call<'v>,
                    $given: Given<'v>,
                    $content: Self::Body,
                ) -> Result<$answer, $crate::error::Failure> $block
            }
        };
    };
    (@body $body:ty) => { $body };
    (@body) => { $crate::body::NoBody };
}

pub(crate) use operation;
