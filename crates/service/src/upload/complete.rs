//! Completing an upload: the object is made of the listed parts, and its entry staged.
//!
//! The steps and what a retry finds of each are in docs/design/0011-multipart.md. The order of the writes is
//! what makes it safe to die anywhere: *completing*, object, entry, completion, tidying up.

use std::collections::BTreeMap;
use std::time::Duration;

use lakefs_block::{BlockError, Location, ObjectInfo, UploadedPart, multipart_etag};
use lakefs_types::RefExpr;
use lakefs_types::identity::IdentityHasher;
use lakefs_versioning::uploads::{Attempt, COMPLETIONS, Completion, UploadPart, UploadState};
use lakefs_versioning::{AddressType, Entry, Error as EngineError};

use super::{Found, Place, UploadInfo, UploadTarget, no_such_upload};
use crate::audit::Call;
use crate::failure::{block_failure, engine_failure, kv_failure};
use crate::object::store_entry::Target;
use crate::{Caller, Error, ErrorKind, Reason, Result, Service, WriteCondition};

/// Most parts of an upload.
pub const MAX_UPLOAD_PARTS: usize = 10_000;
/// For this long an attempt with another list may still be running somewhere.
const ATTEMPT: Duration = Duration::from_mins(15);
/// How often the record is read anew when somebody else changed it.
const MAX_TRIES: u32 = 5;

/// The end of an upload.
#[derive(Debug, Clone)]
pub struct CompleteUpload<'a> {
    /// The upload.
    pub target: UploadTarget<'a>,
    /// The parts the object is made of, as the client names them.
    pub parts: Vec<UploadedPart>,
    /// When the object may appear.
    pub condition: WriteCondition,
    /// Fewest bytes of a part that is not the last.
    pub min_part_bytes: u64,
}

/// An object made of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedUpload {
    /// Entity tag.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
}

/// What the object will be.
struct Plan {
    parts: Vec<UploadedPart>,
    size: u64,
    /// Entity tag, where the parts' are MD5s.
    etag: Option<String>,
    metadata: BTreeMap<String, String>,
    list: [u8; 32],
}

impl Service {
    /// Makes the object of an upload. Asked again with the same parts, it does what is left to do and
    /// answers the same. `judge` looks at the parts as they were stored, and answers what the object's
    /// metadata has beyond the upload's.
    pub async fn complete_multipart_upload(
        &self,
        caller: &Caller,
        request: CompleteUpload<'_>,
        judge: impl FnOnce(&UploadInfo, &[UploadPart]) -> Result<BTreeMap<String, String>> + Send,
    ) -> Result<CompletedUpload> {
        let CompleteUpload { target: at, .. } = request;
        let call = Call::at("CompleteMultipartUpload", at.repository, at.branch);
        self.audited(caller, call, async {
            self.may_write_object(caller, at.repository, at.path).await?;
            let place = self.upload_place(at).await?;
            check_order(&request.parts)?;
            let list = digest_of(&request.parts);
            let found = match self.open_upload(&place, at.id).await {
                Ok(found) => found,
                Err(error) if error.reason() == Some(Reason::UploadNotFound) => {
                    return self.answer_again(&place, at.id, list).await?.ok_or(error);
                }
                Err(error) => return Err(error),
            };
            let target = Target {
                repository: std::sync::Arc::clone(&place.repository),
                branch: place.branch.clone(),
                path: place.path.clone(),
                condition: request.condition,
                force: false,
            };
            let begun = matches!(found.upload.state, UploadState::Completing(_));
            let linked = begun && self.is_linked(&place, &found).await?;
            if !linked {
                self.check_target(&target).await?;
            }
            let stored = self.parts_of(at.id, &request.parts).await?;
            check_sizes(&stored, request.min_part_bytes)?;
            let mut metadata = found.upload.metadata.clone();
            metadata.extend(judge(&UploadInfo::of(&found.upload), &stored)?);
            let plan = Plan {
                size: stored.iter().map(|part| part.size).sum(),
                etag: multipart_etag(&request.parts).ok(),
                parts: request.parts,
                metadata,
                list,
            };
            let Some(found) = self.begin_attempt(found, &plan).await? else {
                // Another attempt finished while this one prepared itself.
                let again = self.answer_again(&place, at.id, list).await?;
                return again.ok_or_else(no_such_upload);
            };
            let made = self.make_object(&found, &plan).await?;
            let etag = plan.etag.or(made.etag).unwrap_or_default();
            let entry = Entry {
                address: found.upload.address.clone(),
                address_type: AddressType::Relative,
                last_modified: made.modified,
                size: i64::try_from(made.size).unwrap_or(i64::MAX),
                etag: etag.clone(),
                metadata: plan.metadata.clone(),
                content_type: found.upload.content_type.clone(),
            };
            if !linked {
                self.link_upload(&place, &target, &found, &entry).await?;
            }
            let completion = Completion {
                repository: found.upload.repository.clone(),
                instance: found.upload.instance.clone(),
                name: place.name(),
                list,
                etag,
                size: made.size,
                metadata: plan.metadata,
                completed: self.now(),
            };
            self.kv()
                .set(COMPLETIONS, at.id.as_bytes(), &completion.encode())
                .await
                .map_err(kv_failure)?;
            // The sweeper does it if this does not.
            if let Err(error) = self.forget_upload(&found).await {
                tracing::warn!(%error, upload = at.id, "records of a completed upload stay for now");
            }
            Ok(completed(completion))
        })
        .await
    }

    /// The answer to a completion that is repeated after it succeeded; `None` if there was none like it.
    async fn answer_again(
        &self,
        place: &Place,
        id: &str,
        list: [u8; 32],
    ) -> Result<Option<CompletedUpload>> {
        if !lakefs_versioning::uploads::is_upload_id(id) {
            return Ok(None);
        }
        let completion = self.completion(id).await?;
        let completion = completion.filter(|completion| {
            completion.repository == place.repository.id.as_str()
                && completion.instance == place.repository.instance_uid
                && completion.name == place.name()
                && completion.list == list
        });
        Ok(completion.map(completed))
    }

    /// The stored parts that are listed, in order.
    async fn parts_of(&self, id: &str, listed: &[UploadedPart]) -> Result<Vec<UploadPart>> {
        let (stored, _) = self.stored_parts(id, 0, MAX_UPLOAD_PARTS).await?;
        let mut stored = stored.into_iter();
        listed
            .iter()
            .map(|part| {
                // Both ascend.
                stored
                    .find(|stored| stored.number >= part.number)
                    .filter(|stored| stored.number == part.number && stored.etag == part.etag)
                    .ok_or_else(|| {
                        Error::invalid(format!(
                            "part {} was not uploaded or has another entity tag",
                            part.number
                        ))
                        .because(Reason::InvalidPart)
                    })
            })
            .collect()
    }

    /// Records that this attempt makes the object. `None` if the upload ended meanwhile.
    async fn begin_attempt(&self, mut found: Found, plan: &Plan) -> Result<Option<Found>> {
        for _ in 0..MAX_TRIES {
            let now = self.now();
            let (again, since) = match &found.upload.state {
                UploadState::Open => (false, now),
                UploadState::Beginning | UploadState::Aborted => return Ok(None),
                UploadState::Completing(other) if other.list == plan.list => (true, other.since),
                UploadState::Completing(other) => {
                    if now.since(other.since) < ATTEMPT {
                        return Err(conflict());
                    }
                    if self.object_of(&found).await?.is_some() {
                        return Err(no_such_upload());
                    }
                    (true, now)
                }
            };
            let attempt = Attempt {
                id: self.ids().random(),
                again,
                since,
                list: plan.list,
            };
            let state = UploadState::Completing(attempt);
            if let Some(found) = self.change_upload(&found, state).await? {
                return Ok(Some(found));
            }
            found = match self.read_upload(found.key).await? {
                Some(found) => found,
                None => return Ok(None),
            };
        }
        Err(conflict())
    }

    /// Lets the store make the object, unless an earlier attempt got that far.
    async fn make_object(&self, found: &Found, plan: &Plan) -> Result<ObjectInfo> {
        let location = self.upload_location(&found.upload)?;
        let made = self
            .part_store()?
            .complete(&location, &found.upload.token, &plan.parts)
            .await;
        match made {
            Ok(made) => Ok(made),
            Err(BlockError::NoSuchUpload { .. }) => match self.object_of(found).await? {
                Some(made) if made.size == plan.size => Ok(made),
                _ => Err(no_such_upload()),
            },
            Err(
                error @ (BlockError::InvalidPart { .. }
                | BlockError::InvalidPartOrder
                | BlockError::PartTooSmall { .. }
                | BlockError::InvalidRequest { .. }),
            ) => {
                // Nothing was made of a list the store refuses; another one may be tried. After an
                // earlier attempt nobody can tell what else is under way.
                if !is_again(found) {
                    self.change_upload(found, UploadState::Open).await?;
                }
                Err(block_failure(error))
            }
            Err(error) => Err(block_failure(error)),
        }
    }

    /// Whether the entry of the upload is at its path now.
    async fn is_linked(&self, place: &Place, found: &Found) -> Result<bool> {
        let reference = RefExpr::name(place.branch.as_str());
        let there = self
            .engine()
            .get(&place.repository, &reference, &place.path)
            .await;
        match there {
            Ok(entry) => {
                let entry = entry.view();
                Ok(entry.address_type == AddressType::Relative
                    && entry.address == found.upload.address)
            }
            Err(EngineError::ObjectNotFound { .. }) => Ok(false),
            Err(error) => Err(engine_failure(error)),
        }
    }

    /// Stages the entry.
    async fn link_upload(
        &self,
        place: &Place,
        target: &Target,
        found: &Found,
        entry: &Entry,
    ) -> Result<()> {
        let Err(error) = self.store_entry(target, entry, None).await else {
            return Ok(());
        };
        if !is_refusal(&error) {
            return Err(error);
        }
        // A condition may be refused because of the entry another attempt of ours just stored.
        if error.kind() == ErrorKind::PreconditionFailed && self.is_linked(place, found).await? {
            return Ok(());
        }
        // Bytes are removed only if no other attempt can have stored an entry of them: there was none
        // before this one, and the state keeps any from beginning.
        if !is_again(found)
            && let Some(found) = self.change_upload(found, UploadState::Aborted).await?
        {
            let location = self.upload_location(&found.upload)?;
            if let Err(error) = self.remove_refused(&found, &location).await {
                tracing::warn!(%error, "a refused upload is left to the sweeper");
            }
        }
        Err(error)
    }

    async fn remove_refused(&self, found: &Found, location: &Location) -> Result<()> {
        let deleted = self.blocks().delete(location).await;
        deleted.map_err(block_failure)?;
        self.forget_upload(found).await
    }
}

fn completed(completion: Completion) -> CompletedUpload {
    CompletedUpload {
        etag: completion.etag,
        size: completion.size,
        metadata: completion.metadata,
    }
}

fn conflict() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the upload is being completed with other parts",
    )
    .because(Reason::WriteConflict)
}

/// Whether an entry is certainly not stored.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::PreconditionFailed
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Gone
    )
}

/// Whether there was an attempt before this one.
fn is_again(found: &Found) -> bool {
    matches!(&found.upload.state, UploadState::Completing(attempt) if attempt.again)
}

/// Refuses lists that are empty, too long or not ascending.
fn check_order(parts: &[UploadedPart]) -> Result<()> {
    if parts.is_empty() {
        return Err(
            Error::invalid("an upload needs at least one part to be completed")
                .because(Reason::InvalidPart),
        );
    }
    if !parts.iter().is_sorted_by(|a, b| a.number < b.number) {
        return Err(Error::invalid("parts are not listed by ascending number")
            .because(Reason::InvalidPartOrder));
    }
    Ok(())
}

fn check_sizes(parts: &[UploadPart], least: u64) -> Result<()> {
    let Some((_, all_but_last)) = parts.split_last() else {
        return Ok(());
    };
    match all_but_last.iter().find(|part| part.size < least) {
        None => Ok(()),
        Some(part) => Err(Error::invalid(format!(
            "part {} has {} bytes, the least is {least}",
            part.number, part.size
        ))
        .because(Reason::PartTooSmall)),
    }
}

/// What tells a list of parts from another.
fn digest_of(parts: &[UploadedPart]) -> [u8; 32] {
    let mut hasher = IdentityHasher::new();
    for part in parts {
        hasher.int64(i64::from(part.number)).string(&part.etag);
    }
    hasher.finish()
}
