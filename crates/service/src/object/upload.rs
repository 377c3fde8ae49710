//! Uploading an object through the server.

use std::collections::BTreeMap;

use lakefs_block::PutBody;

use crate::{Caller, ObjectStats, Result, Service};

/// An object to come.
#[derive(Debug, Clone)]
pub struct UploadObject<'a> {
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
    /// Storage class, for stores that have them.
    pub storage_class: Option<&'a str>,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// Header `If-None-Match` as it came.
    pub if_none_match: Option<&'a str>,
    /// Header `If-Match` as it came.
    pub if_match: Option<&'a str>,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// The body of an upload.
#[derive(Debug)]
pub struct UploadBody {
    /// Content type; `application/octet-stream` when absent.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: PutBody,
}

impl Service {
    /// `POST /repositories/{repository}/branches/{branch}/objects`.
    ///
    /// `open` is called once the caller may write, the branch exists and accepts writes, and the
    /// condition holds: nothing of the body is read before. An upload whose body breaks off, or
    /// whose future is dropped, leaves nothing visible.
    pub async fn upload_object<F, B>(
        &self,
        caller: &Caller,
        request: UploadObject<'_>,
        open: F,
    ) -> Result<ObjectStats>
    where
        F: FnOnce() -> B + Send,
        B: Future<Output = Result<UploadBody>> + Send,
    {
        let _ = (caller, request, open);
        Err(crate::Error::not_implemented())
    }

    /// `GET …/objects/stage_allowed`: whether an upload to this path would be allowed.
    pub async fn upload_object_preflight(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        path: &str,
    ) -> Result<()> {
        let _ = (caller, repository, branch, path);
        Err(crate::Error::not_implemented())
    }
}
