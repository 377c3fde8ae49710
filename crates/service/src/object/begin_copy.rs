//! Copying an object in steps: source and target are found and judged; the protocol looks at the source
//! and says what the copy is to be; then it is made.
//!
//! A copy has its own object in the store (a hard link or a server-side copy where the store can). It
//! shares the source's object in two cases: a copy onto itself, where the entry that refers to it is
//! replaced; and, where the caller asks for it, inside one branch, marked in the metadata as lakeFS marks
//! its shallow copies.

use std::collections::BTreeMap;

use lakefs_types::RefExpr;
use lakefs_versioning::{AddressType, Entry};

use crate::audit::{Call, Trace};
use crate::failure::block_failure;
use crate::object::begin_upload::ObjectWritten;
use crate::object::open::OpenedObject;
use crate::object::store_entry::Target;
use crate::{Caller, Result, Service, WriteCondition, names};

/// Marks an entry that shares the object of another path; the value is that path.
pub(crate) const SHALLOW_COPY: &str = "::lakefs::shallow-copy";

/// What to copy where.
#[derive(Debug, Clone)]
pub struct BeginCopy<'a> {
    /// What is done, for the audit log.
    pub operation: &'static str,
    /// Repository to read from.
    pub source_repository: &'a str,
    /// Reference expression to read from.
    pub source_reference: &'a str,
    /// Path to read.
    pub source_path: &'a str,
    /// Repository to write to.
    pub repository: &'a str,
    /// Branch to write to.
    pub branch: &'a str,
    /// Path to write.
    pub path: &'a str,
    /// When to write.
    pub condition: WriteCondition,
}

/// What the copy is to be.
#[derive(Debug, Clone, Default)]
pub struct ObjectCopyPlan {
    /// Content type; the source's when absent.
    pub content_type: Option<String>,
    /// All metadata of the copy.
    pub metadata: BTreeMap<String, String>,
    /// Whether the copy may share the source's object where that is possible.
    pub share: bool,
}

/// A copy that may go on.
#[derive(Debug)]
pub struct ObjectCopy<'a> {
    service: &'a Service,
    trace: Trace<'a>,
    source: OpenedObject,
    source_path: &'a str,
    target: Target,
    /// Whether source and target are on one branch.
    same_branch: bool,
}

impl Service {
    /// Begins a copy: fails unless the caller may read the one and write the other, the source is there,
    /// the branch takes writes, and the condition holds now.
    pub async fn begin_copy<'a>(
        &'a self,
        caller: &'a Caller,
        request: BeginCopy<'a>,
    ) -> Result<ObjectCopy<'a>> {
        let call = Call::at(request.operation, request.repository, request.branch);
        let trace = self.begin_call(caller, call);
        let places = Box::pin(async {
            self.may_read_object(caller, request.source_repository, request.source_path)
                .await?;
            let place = (request.repository, request.branch, request.path);
            let condition = Ok(request.condition);
            let target = self.write_target(caller, place, condition, false).await?;
            self.check_target(&target).await?;
            let (repository, entry) = self
                .read_entry(
                    caller,
                    request.source_repository,
                    request.source_reference,
                    request.source_path,
                )
                .await?;
            let source = OpenedObject::new(self.clone(), repository, entry);
            let branch = RefExpr::name(target.branch.as_str());
            let same_branch = request.source_repository == request.repository
                && names::reference(request.source_reference)? == branch;
            Ok((source, target, same_branch))
        });
        let (trace, (source, target, same_branch)) = trace.after(places.await)?;
        Ok(ObjectCopy {
            service: self,
            trace,
            source,
            source_path: request.source_path,
            target,
            same_branch,
        })
    }
}

impl ObjectCopy<'_> {
    /// The object to copy.
    pub fn source(&self) -> &OpenedObject {
        &self.source
    }

    /// Whether the copy would replace its own source.
    pub fn is_onto_itself(&self) -> bool {
        self.same_branch && self.source_path == self.target.path.as_str()
    }

    /// Makes the copy. What was copied for an entry that is refused is removed again.
    pub async fn finish(self, plan: ObjectCopyPlan) -> Result<ObjectWritten> {
        let onto_itself = self.is_onto_itself();
        let shares = onto_itself || (plan.share && self.same_branch);
        let (service, target) = (self.service, &self.target);
        let made = Box::pin(async {
            let (repository, stored) = self.source.entry();
            let view = stored.view();
            let mut entry = Entry {
                metadata: plan.metadata,
                last_modified: service.now(),
                content_type: plan
                    .content_type
                    .unwrap_or_else(|| view.content_type.to_owned()),
                ..view.to_entry()
            };
            if !onto_itself {
                entry.metadata.remove(SHALLOW_COPY);
            }
            let mut written = None;
            if !shares {
                let from = service.locate(repository, view.location())?;
                let (address, to) = service.new_place(&target.repository)?;
                let copied = service.blocks().copy(&from, &to).await;
                copied.map_err(block_failure)?;
                entry.address = address;
                entry.address_type = AddressType::Relative;
                written = Some(to);
            } else if !onto_itself {
                let path = self.source_path.to_owned();
                entry.metadata.insert(SHALLOW_COPY.to_owned(), path);
            }
            service
                .stage_entry(target, &entry, written.as_ref())
                .await?;
            Ok(ObjectWritten {
                size: u64::try_from(entry.size).unwrap_or(0),
                modified: entry.last_modified,
                etag: entry.etag,
            })
        });
        let result = made.await;
        self.trace.end_with(&result);
        result
    }
}
