//! The versioning engine: repositories, branches, tags, commits, uncommitted changes, merges.
//!
//! [`Engine`] works over a key-value store (references, commits, uncommitted changes), the tables of
//! `lakefs-tree` (the content of commits) and, for the checks of a new repository only, the object
//! store. It authorises nobody and knows no HTTP. One module per concern, each an `impl Engine`.
//!
//! Several servers, also lakeFS itself, may work on one installation: every change of a reference is a
//! compare-and-swap on its stored bytes, every staged write follows the protocol of
//! docs/design/0004-versioning.md. Every step that writes can be dropped at any await point: the
//! operation is then done or not done. Stored records: docs/format/records.md.

mod addresses;
mod branch;
mod cache;
mod cas;
mod cherry_pick;
mod commit;
mod commits;
mod committed;
mod delete_if;
mod diff;
mod engine;
mod entry;
mod error;
mod head;
mod hooks;
mod listing;
mod log;
mod merge;
mod merge_base;
mod metadata;
mod names;
mod namespace;
mod page;
mod protection;
mod proto;
mod queue;
mod records;
mod refs;
mod repair;
mod repository;
mod reset;
mod revert;
mod staged;
mod staging;
mod tag;
mod tokens;
mod uncommitted;
pub mod uploads;

pub use addresses::{
    DataAddresses, LINK_VALIDITY, LinkError, LinkSubject, sign_link_address, verify_link_address,
};
pub use branch::{Branch, CreateBranch};
pub use cherry_pick::CherryPick;
pub use commit::{AddCommit, CommitRequest};
pub use commits::{Commit, CommitDraft};
pub use delete_if::DeleteCondition;
pub use diff::{DiffEntry, DiffPage, DiffType, RefDiff};
pub use engine::{Engine, EngineOptions, EngineParts};
pub use entry::{AddressType, Entry, EntryView, StoredEntry};
pub use error::{Error, Result};
pub use hooks::{HookEvent, HookPoint, Hooks, NoHooks};
pub use listing::{ListItem, ObjectPage};
pub use log::{LogPage, LogRequest};
pub use merge::{MergeRequest, Strategy};
pub use merge_base::MergeBase;
pub use page::{Damaged, ListObjects, ListRefs, Listed, Page};
pub use protection::{ProtectedAction, ProtectionRule, ProtectionRules};
pub use proto::DecodeError;
pub use records::GarbageCollectionRules;
pub use refs::{RefKind, Resolved};
pub use repository::{CreateRepository, Repository};
pub use revert::Revert;
pub use staging::{DeleteOptions, MAX_BATCH_DELETE, PutCondition, PutOptions};
pub use tag::Tag;
