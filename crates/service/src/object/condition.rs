//! The conditions a client may put on a write.

use lakefs_versioning::PutCondition;

use crate::{Error, Result};

/// When a write may happen. It is judged before any byte is moved, and judged again as one with the
/// write itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WriteCondition {
    /// Always.
    #[default]
    Always,
    /// Only when nothing is at the path.
    IfAbsent,
    /// Only over an object with this entity tag, given without quotes.
    IfMatch(String),
}

impl WriteCondition {
    /// Reads the two headers as the REST contract has them: only `If-None-Match: *` is offered; any
    /// other condition is refused rather than ignored.
    pub(crate) fn parse(if_none_match: Option<&str>, if_match: Option<&str>) -> Result<Self> {
        match (if_none_match, if_match) {
            (None, None) => Ok(Self::Always),
            (Some("*"), None) => Ok(Self::IfAbsent),
            _ => Err(Error::not_implemented()),
        }
    }

    /// As the engine judges it.
    pub(crate) fn to_put_condition(&self) -> PutCondition {
        match self {
            Self::Always => PutCondition::Always,
            Self::IfAbsent => PutCondition::Absent,
            Self::IfMatch(etag) => PutCondition::Etag(etag.clone()),
        }
    }
}
