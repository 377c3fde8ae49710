//! Reading and changing single objects: uncommitted changes over the last commit.
//!
//! A staged write is: read the branch, write into its staging token, read the branch again; if the
//! token was replaced meanwhile, a commit may or may not have seen the write, so it is done again in
//! the new token ([`StagedWrite`]). No locks, three round trips.

use std::cmp::Ordering;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use lakefs_kv::{Predicate, ScanPage, Write};
use lakefs_types::{BranchId, CommitId, ObjectPath, RefExpr, StagingToken};

use crate::branch::{BranchRecord, decode_branch};
use crate::cas::Cas;
use crate::protection::ProtectedAction;
use crate::records::branch_key;
use crate::staged::{MAX_SCAN, Staged, encode_staged, encode_tombstone, share, staged_name};
use crate::{Branch, Engine, Entry, Error, Repository, Result, StoredEntry};

/// Most paths of one batch deletion.
pub const MAX_BATCH_DELETE: usize = 1000;
/// How often a staged write is done again when the token was replaced.
const MAX_WRITE_TRIES: u32 = 10;
/// How often a conditional write looks again when the path changed under it.
const MAX_CONDITION_TRIES: u32 = 10;
/// Records of a staging token that a batch reads beyond as many as it has paths.
const AROUND: usize = 64;
/// Paths of a batch that are looked up at a time.
const BATCH_LOOKUPS: usize = 32;

/// When to store an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PutCondition {
    /// Whatever is there.
    #[default]
    Always,
    /// Only where nothing is there (`If-None-Match: *`).
    Absent,
    /// Only over an object with this entity tag (`If-Match`).
    Etag(String),
    /// Only over an object of this identity: a change of what was read.
    Identity([u8; 32]),
}

impl PutCondition {
    /// Whether the condition holds for what is there.
    fn check(&self, path: &ObjectPath, there: Option<&StoredEntry>) -> Result<()> {
        let holds = match self {
            Self::Absent if there.is_some() => {
                return Err(Error::PathExists {
                    path: path.to_string(),
                });
            }
            Self::Always | Self::Absent => true,
            Self::Etag(_) if there.is_none() => {
                return Err(Error::ObjectNotFound {
                    path: path.to_string(),
                });
            }
            Self::Etag(etag) => there.is_some_and(|entry| entry.view().etag == etag),
            Self::Identity(identity) => there.is_some_and(|entry| entry.identity() == identity),
        };
        if holds {
            Ok(())
        } else {
            Err(Error::PreconditionFailed)
        }
    }
}

/// How to store an entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutOptions {
    /// Also in a read-only repository.
    pub force: bool,
    /// When to store it; checked and stored as one.
    pub condition: PutCondition,
}

/// How to delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// Also in a read-only repository.
    pub force: bool,
    /// Forget an uncommitted object altogether where the last commit does not have it.
    pub no_tombstone: bool,
}

/// A staged write under way.
pub(crate) struct StagedWrite<'a> {
    engine: &'a Engine,
    repository: &'a Repository,
    key: Vec<u8>,
    record: BranchRecord,
    tries: u32,
}

impl<'a> StagedWrite<'a> {
    /// Reads the branch.
    pub(crate) async fn begin(
        engine: &'a Engine,
        repository: &'a Repository,
        branch: &BranchId,
    ) -> Result<Self> {
        let record = engine.branch_record(repository, branch).await?;
        Ok(Self {
            engine,
            repository,
            key: branch_key(branch.as_str()),
            record,
            tries: 0,
        })
    }

    /// The branch to write to.
    pub(crate) fn branch(&self) -> &Branch {
        &self.record.branch
    }

    /// Reads the branch again; answers whether what was written is where it counts. If not, write once
    /// more, to [`StagedWrite::branch`] as it is then.
    ///
    /// `exact` is for writes that depend on what was found below the staging token, such as writing
    /// nothing because nothing was there: they count only if the branch did not change at all.
    pub(crate) async fn settled(&mut self, exact: bool) -> Result<bool> {
        let id = &self.record.branch.id;
        let raw = self
            .engine
            .0
            .kv_get(&self.repository.partition, &self.key)
            .await?;
        let Some(raw) = raw else {
            return Err(Error::BranchNotFound {
                branch: id.to_string(),
            });
        };
        if raw == self.record.raw {
            return Ok(true);
        }
        let branch = decode_branch(id.as_str(), &raw)?;
        if !exact && branch.staging_token == self.record.branch.staging_token {
            return Ok(true);
        }
        self.tries += 1;
        if self.tries >= MAX_WRITE_TRIES {
            return Err(Error::TooManyTries { branch: branch.id });
        }
        self.record = BranchRecord { raw, branch };
        Ok(false)
    }
}

impl Engine {
    /// The object at a path.
    pub async fn get(
        &self,
        repository: &Repository,
        reference: &RefExpr,
        path: &ObjectPath,
    ) -> Result<StoredEntry> {
        let _reading = self.0.readers.begin();
        let resolved = self.resolve(repository, reference).await?;
        let found = match resolved.staged_branch() {
            Some(branch) => self.visible(repository, branch, path.as_bytes()).await?,
            None => {
                self.committed(repository, &resolved.commit_id, path.as_bytes())
                    .await?
            }
        };
        found.ok_or_else(|| Error::ObjectNotFound {
            path: path.to_string(),
        })
    }

    /// Whether staging writes on the branch would be refused, before bytes are sent: the branch
    /// exists, is not protected from them, the repository takes changes.
    pub async fn check_writable(
        &self,
        repository: &Repository,
        branch: &BranchId,
        force: bool,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, force).await?;
        self.branch_record(repository, branch).await.map(drop)
    }

    pub(crate) async fn ensure_stageable(
        &self,
        repository: &Repository,
        branch: &BranchId,
        force: bool,
    ) -> Result<()> {
        repository.ensure_writable(force)?;
        self.ensure_unprotected(repository, branch, ProtectedAction::StagingWrite)
            .await
    }

    /// Stores an entry, uncommitted.
    pub async fn put(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        entry: &Entry,
        options: &PutOptions,
    ) -> Result<()> {
        self.ensure_stageable(repository, branch, options.force)
            .await?;
        let record = encode_staged(path.as_bytes(), &entry.identity(), &entry.encode());
        let mut write = StagedWrite::begin(self, repository, branch).await?;
        let mut written = false;
        let outcome = self
            .put_settled(&mut write, path, &record, &options.condition, &mut written)
            .await;
        outcome.map_err(|error| match error {
            // Said of a repeated try it says nothing of the one before.
            error @ (Error::PathExists { .. }
            | Error::PreconditionFailed
            | Error::WriteConflict { .. }
            | Error::ObjectNotFound { .. }
            | Error::BranchNotFound { .. })
                if written =>
            {
                Error::Unsettled {
                    source: Box::new(error),
                }
            }
            error => error,
        })
    }

    /// Writes until the write counts. `written` tells whether the record may have been there.
    async fn put_settled(
        &self,
        write: &mut StagedWrite<'_>,
        path: &ObjectPath,
        record: &[u8],
        condition: &PutCondition,
        written: &mut bool,
    ) -> Result<()> {
        let kv = &self.0.parts.kv;
        loop {
            if *condition == PutCondition::Always {
                let token = write.branch().staging_token.as_str().as_bytes();
                kv.set(token, path.as_bytes(), record)
                    .await
                    .map_err(Error::Kv)?;
                *written = true;
            } else {
                self.put_if(write, path, record, condition, written).await?;
            }
            if write.settled(false).await? {
                return Ok(());
            }
        }
    }

    /// One conditional write into the branch's staging token.
    async fn put_if(
        &self,
        write: &StagedWrite<'_>,
        path: &ObjectPath,
        record: &[u8],
        condition: &PutCondition,
        written: &mut bool,
    ) -> Result<()> {
        let (repository, branch) = (write.repository, write.branch());
        let token = branch.staging_token.as_str();
        for _ in 0..MAX_CONDITION_TRIES {
            let _reading = self.0.readers.begin();
            let staged = self.0.kv_get(token, path.as_bytes()).await?;
            let there = match &staged {
                Some(raw) => stored_entry(&branch.staging_token, path.as_bytes(), raw)?,
                None => {
                    self.visible_below(repository, branch, path.as_bytes())
                        .await?
                }
            };
            // Written before the token was replaced: what is there may be this very write.
            let ours = written.then_some(record);
            if !is_entry_of(ours, there.as_ref()) {
                condition.check(path, there.as_ref())?;
            }
            let predicate = staged
                .as_deref()
                .map_or(Predicate::Absent, Predicate::Value);
            match self
                .0
                .cas(token.as_bytes(), path.as_bytes(), record, predicate)
                .await?
            {
                Cas::Stored => {
                    *written = true;
                    return Ok(());
                }
                // Somebody else changed the path: whether the condition still holds is asked anew.
                Cas::Mismatch => {}
                Cas::Unclear => *written = true,
            }
        }
        Err(Error::WriteConflict {
            path: path.to_string(),
        })
    }

    /// Deletes an object, uncommitted; an absent one is fine.
    pub async fn delete(
        &self,
        repository: &Repository,
        branch: &BranchId,
        path: &ObjectPath,
        options: DeleteOptions,
    ) -> Result<()> {
        self.delete_many(repository, branch, std::slice::from_ref(path), options)
            .await
    }

    /// Deletes up to [`MAX_BATCH_DELETE`] objects, uncommitted; absent ones are fine.
    pub async fn delete_many(
        &self,
        repository: &Repository,
        branch: &BranchId,
        paths: &[ObjectPath],
        options: DeleteOptions,
    ) -> Result<()> {
        if paths.len() > MAX_BATCH_DELETE {
            return Err(Error::Invalid {
                what: "paths",
                reason: format!("{} are more than {MAX_BATCH_DELETE}", paths.len()),
            });
        }
        self.ensure_stageable(repository, branch, options.force)
            .await?;
        let kv = &self.0.parts.kv;
        let mut paths: Vec<&[u8]> = paths.iter().map(ObjectPath::as_bytes).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut write = StagedWrite::begin(self, repository, branch).await?;
        loop {
            let reading = self.0.readers.begin();
            let branch = write.branch();
            let around = self.look_around(branch, &paths).await?;
            let lookups: Vec<_> = paths
                .iter()
                .map(|path| {
                    self.plan_deletion(repository, branch, &around, path, options.no_tombstone)
                })
                .collect();
            // Collected first: mapped inside the stream, the future would not be provably `Send`.
            let plan: Vec<Deletion> = futures_util::stream::iter(lookups)
                .buffered(BATCH_LOOKUPS)
                .try_collect()
                .await?;
            drop(reading);
            let exact = !plan
                .iter()
                .all(|deletion| matches!(deletion, Deletion::Tombstone(_)));
            let writes: Vec<Write<'_>> = paths
                .iter()
                .zip(&plan)
                .filter_map(|(key, deletion)| match deletion {
                    Deletion::Nothing => None,
                    Deletion::Forget => Some(Write::Delete { key }),
                    Deletion::Tombstone(value) => Some(Write::Set { key, value }),
                })
                .collect();
            let token = branch.staging_token.as_str().as_bytes();
            match writes.as_slice() {
                [] => {}
                [Write::Set { key, value }] => {
                    kv.set(token, key, value).await.map_err(Error::Kv)?;
                }
                writes => kv.write_batch(token, writes).await.map_err(Error::Kv)?,
            }
            if write.settled(exact).await? {
                return Ok(());
            }
        }
    }

    /// What each token of a branch holds near sorted paths, newest first: a scan instead of a read for
    /// every path. Nothing for a single path, which one read tells as well.
    async fn look_around(&self, branch: &Branch, paths: &[&[u8]]) -> Result<Vec<ScanPage>> {
        let mut around = Vec::new();
        if let [first, _, ..] = paths {
            let limit = (paths.len() + AROUND).min(MAX_SCAN);
            for token in branch.tokens() {
                let token = token.as_str().as_bytes();
                let page = self.0.parts.kv.scan(token, first, limit).await;
                around.push(page.map_err(Error::Kv)?);
            }
        }
        Ok(around)
    }

    /// Whether a token has a record of a path, from what is known around it or else by reading.
    async fn is_staged(
        &self,
        token: &StagingToken,
        around: Option<&ScanPage>,
        path: &[u8],
    ) -> Result<bool> {
        match around.and_then(|page| page_has(page, path)) {
            Some(known) => Ok(known),
            None => Ok(self.0.kv_get(token.as_str(), path).await?.is_some()),
        }
    }

    /// What deleting a path takes. A path that never existed gets no tombstone.
    async fn plan_deletion(
        &self,
        repository: &Repository,
        branch: &Branch,
        around: &[ScanPage],
        path: &[u8],
        no_tombstone: bool,
    ) -> Result<Deletion> {
        let tombstone = || Deletion::Tombstone(encode_tombstone(path));
        let mut around = around.iter();
        let token = &branch.staging_token;
        let staged = self.is_staged(token, around.next(), path).await?;
        if staged && !no_tombstone {
            return Ok(tombstone());
        }
        for token in &branch.sealed_tokens {
            // Even a tombstone there calls for one here: it may be this very deletion, written just
            // after a commit under way had read the path.
            if self.is_staged(token, around.next(), path).await? {
                return Ok(tombstone());
            }
        }
        if self
            .committed(repository, &branch.commit_id, path)
            .await?
            .is_some()
        {
            return Ok(tombstone());
        }
        Ok(if staged {
            Deletion::Forget
        } else {
            Deletion::Nothing
        })
    }

    /// The object at a path of a branch, uncommitted changes included.
    pub(crate) async fn visible(
        &self,
        repository: &Repository,
        branch: &Branch,
        path: &[u8],
    ) -> Result<Option<StoredEntry>> {
        let token = &branch.staging_token;
        match self.0.kv_get(token.as_str(), path).await? {
            Some(raw) => stored_entry(token, path, &raw),
            None => self.visible_below(repository, branch, path).await,
        }
    }

    /// The object at a path of a branch when its staging token says nothing.
    pub(crate) async fn visible_below(
        &self,
        repository: &Repository,
        branch: &Branch,
        path: &[u8],
    ) -> Result<Option<StoredEntry>> {
        for token in &branch.sealed_tokens {
            if let Some(raw) = self.0.kv_get(token.as_str(), path).await? {
                return stored_entry(token, path, &raw);
            }
        }
        self.committed(repository, &branch.commit_id, path).await
    }

    /// The object at a path of a commit.
    pub(crate) async fn committed(
        &self,
        repository: &Repository,
        commit: &CommitId,
        path: &[u8],
    ) -> Result<Option<StoredEntry>> {
        let commit = self.commit_by_id(repository, commit).await?;
        if commit.metarange.is_empty() {
            return Ok(None);
        }
        let tree = &self.0.parts.tree;
        let record = tree
            .get(&repository.namespace, &commit.metarange, path)
            .await
            .map_err(Error::Tree)?;
        let Some(record) = record else {
            return Ok(None);
        };
        let name = || {
            format!(
                "entry {} of {}",
                String::from_utf8_lossy(path),
                commit.metarange
            )
        };
        read_entry(&record.identity, record.data)
            .map(Some)
            .map_err(|error| Error::corrupt(name(), error))
    }
}

/// Whether an entry is the one of a staging record.
fn is_entry_of(record: Option<&[u8]>, entry: Option<&StoredEntry>) -> bool {
    match (record.map(Staged::decode), entry) {
        (Some(Ok(Staged::Entry { data, .. })), Some(entry)) => entry.data() == data,
        _ => false,
    }
}

/// Whether a page of a scan that began at or before `path` has it; nothing where the page ends before it.
fn page_has(page: &ScanPage, path: &[u8]) -> Option<bool> {
    if page.last_key().is_none_or(|last| last < path) {
        return (!page.has_more()).then_some(false);
    }
    let (mut low, mut high) = (0, page.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match page.get(middle)?.0.cmp(path) {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Some(true),
            Ordering::Greater => high = middle,
        }
    }
    Some(false)
}

/// What deleting a path takes.
enum Deletion {
    Nothing,
    Forget,
    Tombstone(Vec<u8>),
}

/// The entry of a staging record; `None` for a tombstone.
pub(crate) fn stored_entry(
    token: &StagingToken,
    path: &[u8],
    raw: &Bytes,
) -> Result<Option<StoredEntry>> {
    let read = || match Staged::decode(raw)? {
        Staged::Tombstone => Ok(None),
        Staged::Entry { identity, data } => read_entry(identity, share(raw, data)).map(Some),
    };
    read().map_err(|error: crate::DecodeError| Error::corrupt(staged_name(token, path), error))
}

fn read_entry(identity: &[u8], data: Bytes) -> Result<StoredEntry, crate::DecodeError> {
    let identity = identity
        .try_into()
        .map_err(|_| crate::DecodeError::Malformed)?;
    StoredEntry::new(identity, data)
}
