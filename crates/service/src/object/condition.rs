//! The conditions a client may put on a write.

use crate::{Error, Result};

/// When a write may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteCondition {
    /// Always.
    #[default]
    Always,
    /// Only when nothing is at the path.
    IfAbsent,
}

impl WriteCondition {
    /// Reads the two headers. Only `If-None-Match: *` is offered; any other condition is refused
    /// rather than ignored.
    pub(crate) fn parse(if_none_match: Option<&str>, if_match: Option<&str>) -> Result<Self> {
        match (if_none_match, if_match) {
            (None, None) => Ok(Self::Always),
            (Some("*"), None) => Ok(Self::IfAbsent),
            _ => Err(Error::not_implemented()),
        }
    }
}
