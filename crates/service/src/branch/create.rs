//! Creating a branch.

use crate::{Caller, Result, Service};

/// A new branch.
#[derive(Debug, Clone, Copy)]
pub struct CreateBranch<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Name.
    pub name: &'a str,
    /// Reference expression it starts from.
    pub source: &'a str,
    /// Whether listings leave it out.
    pub hidden: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches`: answers the commit id.
    pub async fn create_branch(
        &self,
        caller: &Caller,
        request: CreateBranch<'_>,
    ) -> Result<String> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
