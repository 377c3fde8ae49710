//! Copying an object.

use crate::{Caller, ObjectStats, Result, Service};

/// What to copy where.
#[derive(Debug, Clone, Copy)]
pub struct CopyObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch to write to.
    pub branch: &'a str,
    /// Path to write.
    pub dest_path: &'a str,
    /// Path to read.
    pub src_path: &'a str,
    /// Reference expression to read from; the branch when absent.
    pub src_ref: Option<&'a str>,
    /// Whether the copy may share the bytes; not offered.
    pub shallow: bool,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/objects/copy`.
    pub async fn copy_object(
        &self,
        caller: &Caller,
        request: CopyObject<'_>,
    ) -> Result<ObjectStats> {
        let _ = (caller, request);
        Err(crate::Error::not_implemented())
    }
}
