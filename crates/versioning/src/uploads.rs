//! Records of uploads in parts through the S3 gateway, and where each lives in the key-value store
//! (docs/design/0011-multipart.md, docs/format/records.md). Pure: what the states mean and who changes
//! them is the use-cases' business.
//!
//! Ours are in partitions `lakefs-rs:*`. Keys of uploads sort as S3 lists them: by the object's name,
//! then by age. lakeFS's tracking record is written beside ours so that lakeFS sees the upload.

use std::collections::BTreeMap;

use lakefs_kv::StoredTimestamp;
use lakefs_runtime::Timestamp;
use lakefs_types::StorageNamespace;
use prost::Message;

use crate::records::{TextPair, decode, map_of, pairs_of};
use crate::{Error, Repository, Result};

/// Partition of the uploads in progress.
pub const UPLOADS: &[u8] = b"lakefs-rs:multipart";
/// Partition of the completions that are remembered, by upload id.
pub const COMPLETIONS: &[u8] = b"lakefs-rs:multipart-done";
/// Partition of lakeFS's tracking records, by the store's upload id.
pub const TRACKING: &[u8] = b"multiparts";

/// Between name and id in a key: less than anything a longer name goes on with.
const SEPARATOR: [u8; 2] = [0, 1];
/// Length of an upload id.
const ID_LEN: usize = 32;

/// Whether a text can be the id of an upload.
pub fn is_upload_id(text: &str) -> bool {
    text.len() == ID_LEN
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A fresh id: nanoseconds of now, then random bytes, so that ids sort by age.
pub fn upload_id(now: Timestamp, random: [u8; 8]) -> String {
    let nanos = u64::try_from(now.seconds)
        .unwrap_or(0)
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(now.nanos));
    format!("{nanos:016x}{:016x}", u64::from_be_bytes(random))
}

/// Partition of the parts of an upload.
pub fn parts_partition(id: &str) -> Vec<u8> {
    [UPLOADS, b":", id.as_bytes()].concat()
}

/// Key of a part. Numbers are at most 10,000.
pub fn part_key(number: u32) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

/// The number of a part's key.
pub fn part_number(key: &[u8]) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(key.try_into().ok()?)))
}

/// What the keys of a repository's uploads begin with whose names begin with `prefix`. A name is
/// `<branch>/<path>`.
pub fn upload_prefix(repository: &Repository, prefix: &str) -> Vec<u8> {
    let partition = repository.partition.as_bytes();
    let mut key = Vec::with_capacity(partition.len() + prefix.len() + SEPARATOR.len() + ID_LEN + 1);
    key.extend_from_slice(partition);
    key.push(b'/');
    for byte in prefix.bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xff);
        }
    }
    key
}

/// Key of an upload.
pub fn upload_key(repository: &Repository, name: &str, id: &str) -> Vec<u8> {
    let mut key = upload_prefix(repository, name);
    key.extend_from_slice(&SEPARATOR);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The least key after all uploads of a name.
pub fn after_uploads_of(repository: &Repository, name: &str) -> Vec<u8> {
    let mut key = upload_prefix(repository, name);
    key.extend_from_slice(&[0, 2]);
    key
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadState {
    /// The store is being asked for an upload, or was when somebody died: it has no token yet.
    Beginning,
    /// It takes parts.
    Open,
    /// Somebody is making the object, or was when they died.
    Completing(Attempt),
    /// It is being removed.
    Aborted,
}

/// An attempt to complete an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Tells it from every other attempt.
    pub id: [u8; 16],
    /// Whether there was one before it.
    pub again: bool,
    /// When the first attempt with this list began.
    pub since: Timestamp,
    /// Digest of the list of parts.
    pub list: [u8; 32],
}

/// An upload in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id, as clients know it.
    pub id: String,
    /// Name of the repository.
    pub repository: String,
    /// Which of the repositories of that name.
    pub instance: String,
    /// Branch.
    pub branch: String,
    /// Path.
    pub path: String,
    /// Where the repository keeps its objects.
    pub namespace: StorageNamespace,
    /// Address of the object to be, below the namespace.
    pub address: String,
    /// The store's id of the upload; empty while the store has not told it.
    pub token: String,
    /// When it began.
    pub created: Timestamp,
    /// Name of the user who began it.
    pub initiator: String,
    /// Content type of the object to be.
    pub content_type: String,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
    /// Its storage class; empty for the store's default.
    pub storage_class: String,
    /// Which checksum it is to have, in words of the protocol; empty for none.
    pub checksum: String,
    /// How far it is.
    pub state: UploadState,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredUpload {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    repository: String,
    #[prost(string, tag = "3")]
    instance: String,
    #[prost(string, tag = "4")]
    branch: String,
    #[prost(string, tag = "5")]
    path: String,
    #[prost(string, tag = "6")]
    namespace: String,
    #[prost(string, tag = "7")]
    address: String,
    #[prost(string, tag = "8")]
    token: String,
    #[prost(message, optional, tag = "9")]
    created: Option<StoredTimestamp>,
    #[prost(string, tag = "10")]
    initiator: String,
    #[prost(string, tag = "11")]
    content_type: String,
    #[prost(message, repeated, tag = "12")]
    metadata: Vec<TextPair>,
    #[prost(string, tag = "13")]
    storage_class: String,
    #[prost(string, tag = "14")]
    checksum: String,
    /// Set while it is completing.
    #[prost(message, optional, tag = "15")]
    attempt: Option<StoredAttempt>,
    #[prost(bool, tag = "16")]
    aborted: bool,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredAttempt {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(bool, tag = "2")]
    again: bool,
    #[prost(message, optional, tag = "3")]
    since: Option<StoredTimestamp>,
    #[prost(bytes = "vec", tag = "4")]
    list: Vec<u8>,
}

impl Upload {
    /// The name of the object to be: `<branch>/<path>`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.branch, self.path)
    }

    /// Whether it is of this repository, and not of one of the same name before it.
    pub fn is_of(&self, repository: &Repository) -> bool {
        self.repository == repository.id.as_str() && self.instance == repository.instance_uid
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let attempt = match &self.state {
            UploadState::Completing(attempt) => Some(StoredAttempt {
                id: attempt.id.to_vec(),
                again: attempt.again,
                since: Some(attempt.since.into()),
                list: attempt.list.to_vec(),
            }),
            UploadState::Beginning | UploadState::Open | UploadState::Aborted => None,
        };
        StoredUpload {
            id: self.id.clone(),
            repository: self.repository.clone(),
            instance: self.instance.clone(),
            branch: self.branch.clone(),
            path: self.path.clone(),
            namespace: self.namespace.to_string(),
            address: self.address.clone(),
            token: self.token.clone(),
            created: Some(self.created.into()),
            initiator: self.initiator.clone(),
            content_type: self.content_type.clone(),
            metadata: pairs_of(&self.metadata),
            storage_class: self.storage_class.clone(),
            checksum: self.checksum.clone(),
            attempt,
            aborted: self.state == UploadState::Aborted,
        }
        .encode_to_vec()
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let stored: StoredUpload = decode(|| "upload in parts".to_owned(), bytes)?;
        let name = || format!("upload {}", stored.id);
        let state = match (stored.aborted, &stored.attempt) {
            (true, _) => UploadState::Aborted,
            (false, None) if stored.token.is_empty() => UploadState::Beginning,
            (false, None) => UploadState::Open,
            (false, Some(attempt)) => UploadState::Completing(Attempt {
                id: fixed(&attempt.id).ok_or_else(|| Error::corrupt(name(), "attempt"))?,
                again: attempt.again,
                since: attempt.since.unwrap_or_default().into(),
                list: fixed(&attempt.list).ok_or_else(|| Error::corrupt(name(), "list"))?,
            }),
        };
        let namespace = StorageNamespace::new(&stored.namespace)
            .map_err(|error| Error::corrupt(name(), error))?;
        Ok(Self {
            state,
            namespace,
            id: stored.id,
            repository: stored.repository,
            instance: stored.instance,
            branch: stored.branch,
            path: stored.path,
            address: stored.address,
            token: stored.token,
            created: stored.created.unwrap_or_default().into(),
            initiator: stored.initiator,
            content_type: stored.content_type,
            metadata: map_of(stored.metadata),
            storage_class: stored.storage_class,
            checksum: stored.checksum,
        })
    }

    /// lakeFS's `UploadData` of it.
    pub fn encode_tracking(&self) -> Vec<u8> {
        StoredTracking {
            upload_id: self.token.clone(),
            path: self.path.clone(),
            creation_date: Some(self.created.into()),
            physical_address: self.address.clone(),
            metadata: pairs_of(&self.metadata),
            content_type: self.content_type.clone(),
        }
        .encode_to_vec()
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// `UploadData`.
#[derive(Clone, PartialEq, Eq, Message)]
struct StoredTracking {
    #[prost(string, tag = "1")]
    upload_id: String,
    #[prost(string, tag = "2")]
    path: String,
    #[prost(message, optional, tag = "3")]
    creation_date: Option<StoredTimestamp>,
    #[prost(string, tag = "4")]
    physical_address: String,
    #[prost(message, repeated, tag = "5")]
    metadata: Vec<TextPair>,
    #[prost(string, tag = "6")]
    content_type: String,
}

/// A part that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Its number, from 1; in the key.
    pub number: u32,
    /// Its entity tag, as the store gave it.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was uploaded.
    pub modified: Timestamp,
    /// Its checksum, in words of the protocol; empty for none.
    pub checksum: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredPart {
    #[prost(string, tag = "1")]
    etag: String,
    #[prost(uint64, tag = "2")]
    size: u64,
    #[prost(message, optional, tag = "3")]
    modified: Option<StoredTimestamp>,
    #[prost(string, tag = "4")]
    checksum: String,
}

impl UploadPart {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        StoredPart {
            etag: self.etag.clone(),
            size: self.size,
            modified: Some(self.modified.into()),
            checksum: self.checksum.clone(),
        }
        .encode_to_vec()
    }

    /// Reads the stored form.
    pub fn decode(key: &[u8], bytes: &[u8]) -> Result<Self> {
        let name = || "part of an upload".to_owned();
        let number = part_number(key).ok_or_else(|| Error::corrupt(name(), "key"))?;
        let stored: StoredPart = decode(name, bytes)?;
        Ok(Self {
            number,
            etag: stored.etag,
            size: stored.size,
            modified: stored.modified.unwrap_or_default().into(),
            checksum: stored.checksum,
        })
    }
}

/// How an upload ended, for those who ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Name of the repository.
    pub repository: String,
    /// Which of the repositories of that name.
    pub instance: String,
    /// `<branch>/<path>`.
    pub name: String,
    /// Digest of the list of parts.
    pub list: [u8; 32],
    /// Entity tag of the object.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
    /// When it was completed.
    pub completed: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredCompletion {
    #[prost(string, tag = "1")]
    repository: String,
    #[prost(string, tag = "2")]
    instance: String,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(bytes = "vec", tag = "4")]
    list: Vec<u8>,
    #[prost(string, tag = "5")]
    etag: String,
    #[prost(uint64, tag = "6")]
    size: u64,
    #[prost(message, repeated, tag = "7")]
    metadata: Vec<TextPair>,
    #[prost(message, optional, tag = "8")]
    completed: Option<StoredTimestamp>,
}

impl Completion {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        StoredCompletion {
            repository: self.repository.clone(),
            instance: self.instance.clone(),
            name: self.name.clone(),
            list: self.list.to_vec(),
            etag: self.etag.clone(),
            size: self.size,
            metadata: pairs_of(&self.metadata),
            completed: Some(self.completed.into()),
        }
        .encode_to_vec()
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let name = || "completion of an upload".to_owned();
        let stored: StoredCompletion = decode(name, bytes)?;
        Ok(Self {
            list: fixed(&stored.list).ok_or_else(|| Error::corrupt(name(), "list"))?,
            repository: stored.repository,
            instance: stored.instance,
            name: stored.name,
            etag: stored.etag,
            size: stored.size,
            metadata: map_of(stored.metadata),
            completed: stored.completed.unwrap_or_default().into(),
        })
    }
}

#[cfg(test)]
mod tests;
