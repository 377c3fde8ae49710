//! The REST contract as the server uses it: which operations there are, where, and what each accepts.
//!
//! `openapi.json` is embedded and compiled once per process into this lean form; nothing of the
//! document itself is kept. A request is matched by [`Contract::find`], its parameters are read and
//! checked by [`crate::values`], its body by [`schema`]. What the document says twice (a default, a
//! bound) is never repeated in a handler.

mod load;
mod paths;
pub(crate) mod schema;

use std::sync::LazyLock;

use http::Method;

pub(crate) use self::paths::PathMatch;
use self::paths::PathTree;
use self::schema::{Schema, SchemaId, Schemas};

/// The document, byte for byte as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// Most parameters of one operation, over path, query and headers.
pub(crate) const MAX_PARAMETERS: usize = 12;

/// The compiled contract.
pub(crate) fn contract() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        Contract::compile(OPENAPI).expect("the embedded contract compiles: a test compiles it")
    });
    &CONTRACT
}

/// Every operation, and how to find the one a request means.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) operations: Vec<Operation>,
    pub(crate) schemas: Schemas,
    paths: PathTree,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// `operationId` of the document.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// Path template below the server's base path.
    pub(crate) template: &'static str,
    /// Whether the caller need not be anybody: `security: []`.
    pub(crate) open: bool,
    /// In the order they are checked: those of the path item first.
    pub(crate) parameters: Vec<Parameter>,
    /// For each parameter segment of the template, in order, its index in `parameters`.
    pub(crate) path_parameters: Vec<usize>,
    pub(crate) body: Option<RequestBody>,
}

/// A parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) allow_empty: bool,
    pub(crate) schema: Schema,
    pub(crate) default: Option<DefaultValue>,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// What an absent parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    Flag(bool),
    Integer(i64),
    Text(&'static str),
}

/// The JSON body of a request.
#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) required: bool,
    /// `None` for bodies that are not JSON or that the document exempts from validation.
    pub(crate) json: Option<SchemaId>,
    /// Whether reading it into its type checks all of the schema.
    pub(crate) proven_by_type: bool,
}

impl Contract {
    /// The operation that a method and a path (below the base path) mean.
    /// Answers its index in `operations`.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<(usize, PathMatch)> {
        self.paths.find(method, path)
    }

    /// The operation of an `operationId`.
    #[cfg(test)]
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }
}

#[cfg(test)]
mod tests;
