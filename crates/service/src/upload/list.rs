//! Listing the uploads in progress of a repository, in S3's order: by name, then by age.

use lakefs_versioning::Repository;
use lakefs_versioning::uploads::{
    UPLOADS, Upload, UploadState, after_uploads_of, upload_key, upload_prefix,
};

use super::UploadInfo;
use crate::audit::Call;
use crate::failure::{engine_failure, kv_failure};
use crate::{Caller, Result, Service};

/// Records read at a time.
const SCAN: usize = 1000;

/// Which uploads. Names are `<branch>/<path>`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListUploads<'a> {
    /// Only names that begin with this.
    pub prefix: &'a str,
    /// Names with this behind the prefix are told up to it, once; empty for none.
    pub delimiter: &'a str,
    /// Only names after this one, or this one with ids after `after_id`.
    pub after_name: &'a str,
    /// See `after_name`; empty for none.
    pub after_id: &'a str,
    /// Most names and prefixes.
    pub limit: usize,
}

/// A line of a list of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedUpload {
    /// An upload.
    Upload {
        /// `<branch>/<path>`.
        name: String,
        /// The upload.
        info: UploadInfo,
    },
    /// What several names begin with.
    Prefix(String),
}

/// A page of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadsPage {
    /// In order.
    pub items: Vec<ListedUpload>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Service {
    /// Uploads in progress.
    pub async fn list_multipart_uploads(
        &self,
        caller: &Caller,
        repository: &str,
        request: ListUploads<'_>,
    ) -> Result<UploadsPage> {
        let call = Call::on("ListMultipartUploads", repository);
        self.audited(caller, call, async {
            self.may_list_objects(caller, repository).await?;
            let repository = self.repository(repository).await?;
            let bounds = upload_prefix(&repository, request.prefix);
            let mut start = first_key(&repository, &request).max(bounds.clone());
            let mut items = Vec::new();
            'pages: loop {
                let page = self.kv().scan(UPLOADS, &start, SCAN).await;
                let page = page.map_err(kv_failure)?;
                for (key, value) in page.iter() {
                    if !key.starts_with(&bounds) {
                        break 'pages;
                    }
                    let upload = Upload::decode(value).map_err(engine_failure)?;
                    let hidden =
                        matches!(upload.state, UploadState::Beginning | UploadState::Aborted);
                    if hidden || self.is_completed(&upload).await? {
                        continue;
                    }
                    if items.len() == request.limit {
                        return Ok(UploadsPage {
                            items,
                            has_more: true,
                        });
                    }
                    let name = upload.name();
                    if let Some(prefix) = common_prefix(&name, &request) {
                        start = past(upload_prefix(&repository, prefix));
                        items.push(ListedUpload::Prefix(prefix.to_owned()));
                        continue 'pages;
                    }
                    let info = UploadInfo::of(&upload);
                    items.push(ListedUpload::Upload { name, info });
                }
                match page.last_key() {
                    Some(last) if page.has_more() => start = [last, &[0]].concat(),
                    _ => break,
                }
            }
            Ok(UploadsPage {
                items,
                has_more: false,
            })
        })
        .await
    }
}

/// The least key a page may begin with.
fn first_key(repository: &Repository, request: &ListUploads<'_>) -> Vec<u8> {
    let (name, id) = (request.after_name, request.after_id);
    if name.is_empty() {
        return Vec::new();
    }
    // A marker that is itself told as a common prefix stands for all names below it.
    if common_prefix(name, request) == Some(name) {
        return past(upload_prefix(repository, name));
    }
    if id.is_empty() {
        return after_uploads_of(repository, name);
    }
    let mut key = upload_key(repository, name, id);
    key.push(0);
    key
}

/// What a name is told as, where it has the delimiter behind the prefix.
fn common_prefix<'n>(name: &'n str, request: &ListUploads<'_>) -> Option<&'n str> {
    if request.delimiter.is_empty() {
        return None;
    }
    let rest = name.strip_prefix(request.prefix)?;
    let at = rest.find(request.delimiter)?;
    name.get(..request.prefix.len() + at + request.delimiter.len())
}

/// The least key that does not begin with these bytes and sorts after all that do.
fn past(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.pop() {
        if last < 0xff {
            prefix.push(last + 1);
            break;
        }
    }
    prefix
}
