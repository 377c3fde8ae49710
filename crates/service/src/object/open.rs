//! Opening an object: facts first, bytes when wanted. For protocols that decide by the facts which bytes
//! to send, or whether to send any.

use std::sync::Arc;

use lakefs_block::{ByteRange, ByteStream, Presign};
use lakefs_runtime::Timestamp;
use lakefs_versioning::{EntryView, Repository, StoredEntry};

use crate::audit::Call;
use crate::failure::block_failure;
use crate::object::model::content_type_or_default;
use crate::{Caller, ContentRange, Result, Service};

/// Which object.
#[derive(Debug, Clone, Copy)]
pub struct OpenObject<'a> {
    /// What is done with it, for the audit log.
    pub operation: &'static str,
    /// Repository.
    pub repository: &'a str,
    /// Reference expression.
    pub reference: &'a str,
    /// Path.
    pub path: &'a str,
}

/// An object that is there, whose reader may read it.
#[derive(Debug)]
pub struct OpenedObject {
    service: Service,
    repository: Arc<Repository>,
    entry: StoredEntry,
}

/// What is known about an object without its bytes, borrowed from its entry.
#[derive(Debug, Clone, Copy)]
pub struct OpenedFacts<'a> {
    entry: EntryView<'a>,
}

impl<'a> OpenedFacts<'a> {
    /// Entity tag, without quotes.
    pub fn etag(&self) -> &'a str {
        self.entry.etag
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.entry.size).unwrap_or(0)
    }

    /// When it was written.
    pub fn modified(&self) -> Timestamp {
        self.entry.last_modified
    }

    /// Media type.
    pub fn content_type(&self) -> &'a str {
        content_type_or_default(self.entry.content_type)
    }

    /// All metadata, in stored order.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.entry.metadata()
    }

    /// Whether there is any metadata.
    pub fn has_metadata(&self) -> bool {
        self.entry.metadata_len() > 0
    }
}

impl OpenedObject {
    pub(crate) fn new(service: Service, repository: Arc<Repository>, entry: StoredEntry) -> Self {
        Self {
            service,
            repository,
            entry,
        }
    }

    /// The repository it was found in, and its entry.
    pub(crate) fn entry(&self) -> (&Arc<Repository>, &StoredEntry) {
        (&self.repository, &self.entry)
    }

    /// What is known about the object.
    pub fn facts(&self) -> OpenedFacts<'_> {
        OpenedFacts {
            entry: self.entry.view(),
        }
    }

    /// Its bytes, all of them or a part, and how many there will be. An object whose bytes are gone from
    /// the store fails with [`crate::Reason::DataMissing`].
    pub async fn read(
        &self,
        facts: &OpenedFacts<'_>,
        range: Option<ContentRange>,
    ) -> Result<(u64, ByteStream)> {
        let service = &self.service;
        let location = service.locate(&self.repository, facts.entry.location())?;
        let bytes: Option<ByteRange> = range.map(ContentRange::to_bytes);
        let found = service.blocks().get(&location, bytes).await;
        let found = found.map_err(block_failure)?;
        Ok((found.length, found.stream))
    }

    /// A URL that reads the object straight from the store, for those who know it; `None` where the store
    /// hands out none.
    pub async fn presign(&self, facts: &OpenedFacts<'_>) -> Result<Option<String>> {
        let service = &self.service;
        if !service.blocks().descriptor().presign {
            return Ok(None);
        }
        let location = service.locate(&self.repository, facts.entry.location())?;
        let (what, valid) = (
            Presign::Get { filename: None },
            service.options().presign_expiry,
        );
        let url = service.blocks().presign(&location, &what, valid).await;
        url.map(|url| Some(url.url)).map_err(block_failure)
    }
}

impl Service {
    /// Opens an object to read it. Whoever may read it is asked here, once; so is the audit log.
    pub async fn open_object(
        &self,
        caller: &Caller,
        request: OpenObject<'_>,
    ) -> Result<OpenedObject> {
        let call = Call::at(request.operation, request.repository, request.reference);
        self.audited(caller, call, async {
            let (repository, entry) = self
                .read_entry(caller, request.repository, request.reference, request.path)
                .await?;
            Ok(OpenedObject {
                service: self.clone(),
                repository,
                entry,
            })
        })
        .await
    }
}
