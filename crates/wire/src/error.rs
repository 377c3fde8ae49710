//! The body of every answer that is not a success.

use serde::{Deserialize, Serialize};

/// `Error` of the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong, for people.
    pub message: String,
}
