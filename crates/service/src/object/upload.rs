//! Uploading an object through the server.

use std::collections::BTreeMap;

use lakefs_block::PutBody;

use crate::audit::Call;
use crate::object::begin_upload::{ObjectUpload, StoreOptions};
use crate::object::store_entry::Target;
use crate::object::user_metadata;
use crate::{Caller, Error, ErrorKind, ObjectStats, Result, Service, WriteCondition, names};

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

/// Uploads name the branch they did not find.
fn name_missing_branch(error: Error, branch: &str) -> Error {
    if error.kind() == ErrorKind::NotFound && error.message() == "branch not found" {
        return Error::not_found(format!("branch '{branch}' not found")).caused_by(error);
    }
    error
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
        let branch = request.branch;
        let call = Call::at("uploadObject", request.repository, branch);
        let trace = self.begin_call(caller, call);
        let prepared = Box::pin(async {
            let condition = WriteCondition::parse(request.if_none_match, request.if_match);
            let place = (request.repository, branch, request.path);
            let target = self.write_target(caller, place, condition, request.force);
            let target = target.await?;
            user_metadata::check_given(&request.metadata)?;
            let checked = self.check_target(&target).await;
            checked.map_err(|error| name_missing_branch(error, branch))?;
            Ok((target, open().await?))
        });
        let (trace, (target, opened)) = trace.after(prepared.await)?;
        let UploadBody { content_type, body } = opened;
        let options = StoreOptions {
            content_type,
            storage_class: request.storage_class.map(str::to_owned),
            expected_md5: None,
        };
        let upload = ObjectUpload::new(self, trace, target);
        let stored = upload.store(body, options).await?;
        stored
            .finish_with_stats(request.metadata)
            .await
            .map_err(|error| name_missing_branch(error, branch))
    }

    /// `GET …/objects/stage_allowed`: whether an upload to this path would be allowed.
    pub async fn upload_object_preflight(
        &self,
        caller: &Caller,
        repository: &str,
        branch: &str,
        path: &str,
    ) -> Result<()> {
        let call = Call::at("uploadObjectPreflight", repository, branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, repository, path).await?;
            let target = Target {
                repository: self.repository(repository).await?,
                branch: names::branch(branch)?,
                path: names::path(path)?,
                condition: WriteCondition::Always,
                force: false,
            };
            self.check_target(&target).await
        })
        .await
    }
}
