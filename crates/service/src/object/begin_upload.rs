//! Uploading an object in steps: everything that can be refused is refused before a byte of the body is
//! read; then the bytes are stored; then the entry makes them an object.
//!
//! A protocol may add to the metadata between the last two steps what only the end of a body tells, such
//! as a checksum in a trailer. An upload that is dropped leaves nothing visible: before the bytes are
//! stored nothing at all, while the entry is written the bytes, because it may have been written.

use std::collections::BTreeMap;

use lakefs_block::{Location, PutBody, PutOptions, PutOutcome};
use lakefs_runtime::Timestamp;
use lakefs_versioning::{AddressType, Entry};

use crate::audit::{Call, Trace};
use crate::failure::block_failure;
use crate::object::model::DEFAULT_CONTENT_TYPE;
use crate::object::store_entry::Target;
use crate::{Caller, ObjectStats, Result, Service, WriteCondition, names};

/// An object to come.
#[derive(Debug, Clone)]
pub struct BeginUpload<'a> {
    /// What is done, for the audit log.
    pub operation: &'static str,
    /// Repository.
    pub repository: &'a str,
    /// Branch.
    pub branch: &'a str,
    /// Path.
    pub path: &'a str,
    /// When to write.
    pub condition: WriteCondition,
    /// Whether a read-only repository is written all the same.
    pub force: bool,
}

/// How to store the bytes of an upload.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// Content type; `application/octet-stream` when absent.
    pub content_type: Option<String>,
    /// Storage class, for stores that have them.
    pub storage_class: Option<String>,
    /// The MD5 the body must have.
    pub expected_md5: Option<[u8; 16]>,
}

/// An upload that may go on.
#[derive(Debug)]
pub struct ObjectUpload<'a> {
    service: &'a Service,
    trace: Trace<'a>,
    target: Target,
}

/// An upload whose bytes are in the store.
#[derive(Debug)]
pub struct StoredUpload<'a> {
    upload: ObjectUpload<'a>,
    address: String,
    location: Location,
    content_type: String,
    stored: PutOutcome,
}

/// What a finished write made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectWritten {
    /// Entity tag, without quotes.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
}

impl Service {
    /// Begins an upload: fails unless the caller may write, the branch exists and takes writes, and the
    /// condition holds now.
    pub async fn begin_upload<'a>(
        &'a self,
        caller: &'a Caller,
        request: BeginUpload<'a>,
    ) -> Result<ObjectUpload<'a>> {
        let call = Call::at(request.operation, request.repository, request.branch);
        let trace = self.begin_call(caller, call);
        let target = Box::pin(async {
            let condition = Ok(request.condition);
            let place = (request.repository, request.branch, request.path);
            let target = self.write_target(caller, place, condition, request.force);
            let target = target.await?;
            self.check_target(&target).await?;
            Ok(target)
        });
        let (trace, target) = trace.after(target.await)?;
        Ok(ObjectUpload::new(self, trace, target))
    }

    /// What a caller who may write there names: repository, branch and path.
    pub(crate) async fn write_target(
        &self,
        caller: &Caller,
        (repository, branch, path): (&str, &str, &str),
        condition: Result<WriteCondition>,
        force: bool,
    ) -> Result<Target> {
        self.may_write_object(caller, repository, path).await?;
        Ok(Target {
            repository: self.repository(repository).await?,
            branch: names::branch(branch)?,
            path: names::path(path)?,
            condition: condition?,
            force,
        })
    }
}

impl<'a> ObjectUpload<'a> {
    pub(crate) fn new(service: &'a Service, trace: Trace<'a>, target: Target) -> Self {
        Self {
            service,
            trace,
            target,
        }
    }

    /// Stores the bytes. Nothing refers to them yet.
    pub async fn store(self, body: PutBody, options: StoreOptions) -> Result<StoredUpload<'a>> {
        let content_type = options.content_type.filter(|text| !text.is_empty());
        let content_type = content_type.unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned());
        let put_options = PutOptions {
            content_type: Some(content_type.clone()),
            storage_class: options.storage_class,
            expected_md5: options.expected_md5,
            ..PutOptions::default()
        };
        let Self {
            service,
            trace,
            target,
        } = self;
        let stored = Box::pin(async {
            let (address, location) = service.new_place(&target.repository)?;
            let put = service.blocks().put(&location, body, &put_options).await;
            Ok((address, location, put.map_err(block_failure)?))
        });
        let (trace, (address, location, stored)) = trace.after(stored.await)?;
        Ok(StoredUpload {
            upload: Self::new(service, trace, target),
            address,
            location,
            content_type,
            stored,
        })
    }
}

impl StoredUpload<'_> {
    /// Makes the bytes an object of the branch, with this metadata. Bytes whose entry is refused are
    /// removed again.
    pub async fn finish(self, metadata: BTreeMap<String, String>) -> Result<ObjectWritten> {
        self.write(metadata, |_, _, entry| ObjectWritten {
            size: u64::try_from(entry.size).unwrap_or(0),
            modified: entry.last_modified,
            etag: entry.etag,
        })
        .await
    }

    /// The same, answering what the REST contract tells of an object.
    pub(crate) async fn finish_with_stats(
        self,
        metadata: BTreeMap<String, String>,
    ) -> Result<ObjectStats> {
        self.write(metadata, |service, target, entry| {
            service.entry_stats(target, &entry)
        })
        .await
    }

    async fn write<T>(
        self,
        metadata: BTreeMap<String, String>,
        answer: impl FnOnce(&Service, &Target, Entry) -> T,
    ) -> Result<T> {
        let ObjectUpload {
            service,
            trace,
            target,
        } = self.upload;
        let entry = Entry {
            address: self.address,
            address_type: AddressType::Relative,
            last_modified: service.now(),
            size: i64::try_from(self.stored.size).unwrap_or(i64::MAX),
            etag: self.stored.md5,
            metadata,
            content_type: self.content_type,
        };
        let staged = service.stage_entry(&target, &entry, Some(&self.location));
        let result = Box::pin(staged).await;
        trace.end_with(&result);
        result.map(|()| answer(service, &target, entry))
    }
}
