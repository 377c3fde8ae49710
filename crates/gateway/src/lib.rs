//! The S3 gateway: `s3://<repository>/<reference>/<path>` for every client that speaks S3.
//!
//! [`Gateway::handle`] takes a request and answers it: where it points ([`target`]), which operation it
//! is ([`operation`]), who signed it ([`auth`]), and then one function of [`ops`], which parses, calls
//! one use-case and renders. Design: docs/design/0009-s3-gateway.md.

mod auth;
mod body;
mod checksum;
mod conditions;
mod copy_source;
mod cors;
mod date;
mod document;
mod error;
mod fallback;
mod gateway;
mod headers;
mod operation;
mod ops;
mod options;
mod query;
mod request;
mod response;
mod target;
mod write_headers;
mod xml;

pub use cors::CorsOptions;
pub use gateway::{Facts, Gateway, GatewayParts};
pub use options::{BucketAlias, GatewayOptions};
pub use request::{BodyError, RequestBody};
pub use response::Body;
