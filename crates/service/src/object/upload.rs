//! Uploading an object through the server.

use std::collections::BTreeMap;

use lakefs_block::{PutBody, PutOptions};
use lakefs_versioning::{AddressType, Entry};

use crate::audit::Call;
use crate::failure::block_failure;
use crate::object::model::DEFAULT_CONTENT_TYPE;
use crate::object::store_entry::Target;
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
        let call = Call::at("uploadObject", request.repository, request.branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, request.repository, request.path)
                .await?;
            let repository = self.repository(request.repository).await?;
            let target = Target {
                branch: names::branch(request.branch)?,
                path: names::path(request.path)?,
                condition: WriteCondition::parse(request.if_none_match, request.if_match)?,
                force: request.force,
                repository,
            };
            names::metadata(&request.metadata)?;
            self.check_target(&target)
                .await
                .map_err(|error| name_missing_branch(error, request.branch))?;
            let (address, location) = self.new_place(&target.repository)?;
            let UploadBody { content_type, body } = open().await?;
            let content_type = content_type.filter(|text| !text.is_empty());
            let content_type = content_type.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned());
            let options = PutOptions {
                content_type: Some(content_type.clone()),
                storage_class: request.storage_class.map(str::to_owned),
                ..PutOptions::default()
            };
            let put = self.blocks().put(&location, body, &options).await;
            let put = put.map_err(block_failure)?;
            let entry = Entry {
                address,
                address_type: AddressType::Relative,
                last_modified: self.now(),
                size: i64::try_from(put.size).unwrap_or(i64::MAX),
                etag: put.md5,
                metadata: request.metadata,
                content_type,
            };
            self.store_entry(&target, &entry, Some(&location))
                .await
                .map_err(|error| name_missing_branch(error, request.branch))
        })
        .await
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
