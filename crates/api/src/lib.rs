//! The REST API: `/api/v1` of the lakeFS contract over the use-cases of `lakefs-service`.
//!
//! Life of a request: [`Api::handle`] finds the operation in the contract, its parameters and body are
//! checked against the contract (400), the caller is authenticated (401), one use-case runs, and its
//! answer or failure is rendered. Nothing here decides what a user may do or what an operation means.
//! Design: docs/design/0006-rest-api.md.

mod api;
mod authenticate;
mod body;
mod contract;
#[cfg(test)]
mod drift;
mod error;
mod json;
mod limits;
mod operation;
mod operations;
mod render;
mod respond;
mod values;

pub use api::{
    Api, ApiParts, BASE_PATH, OPENAPI_PATH, RequestId, Route, Served, router, routes, source_ip,
};
pub use contract::OPENAPI;
