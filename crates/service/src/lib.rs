//! The use-cases of a lake: the one place that authorises, audits and orchestrates engine, object
//! store and users.
//!
//! [`Service`] has one method per operation of the REST contract, named like it. Protocols above
//! (REST, later S3) parse a request, call one method, and render what it answers.

mod account;
mod audit;
mod authorize;
mod branch;
mod caller;
mod commit;
mod error;
mod failure;
mod info;
mod names;
mod object;
mod page;
mod refs;
mod repository;
mod service;
mod staging;
mod tables;
mod tag;
mod upload;

pub use account::claim::Claim;
pub use account::login::{Credential, Login, Presented, SESSION_COOKIE, User};
pub use account::setup::{CommPrefs, NewCredential, SetupRequest, SetupState};
pub use account::users::{CredentialInfo, UserInfo};
pub use branch::cherry_pick::CherryPick;
pub use branch::create::CreateBranch;
pub use branch::model::Ref;
pub use branch::reset::ResetScope;
pub use branch::revert::{CommitOverrides, RevertBranch};
pub use branch::roots::BranchRoots;
pub use caller::Caller;
pub use commit::create::{CreateCommit, CreateCommitRecord};
pub use commit::model::Commit;
pub use commit::read::LogCommits;
pub use error::{Cause, Error, ErrorKind, Reason, Result};
pub use info::config::{ServerConfig, VersionConfig};
pub use info::usage::{UsageReport, UsageSummary};
pub use lakefs_block::{BlockError, ByteStream, PutBody, StoreDescriptor, UploadedPart};
pub use lakefs_versioning::uploads::UploadPart;
pub use object::begin_copy::{BeginCopy, ObjectCopy, ObjectCopyPlan};
pub use object::begin_upload::{
    BeginUpload, ObjectUpload, ObjectWritten, StoreOptions, StoredUpload,
};
pub use object::condition::WriteCondition;
pub use object::copy::CopyObject;
pub use object::delete::{DeleteCondition, DeleteFailure, DeleteObjects, MAX_DELETE_PATHS};
pub use object::get::{ContentRange, GetObject, GetObjectOutcome, HeadObjectOutcome, ObjectFacts};
pub use object::list::{
    ListObjects, Listed, ListedObject, ObjectRow, ObjectsPage, PhysicalAddress, Row,
};
pub use object::model::ObjectStats;
pub use object::open::{OpenObject, OpenedFacts, OpenedObject};
pub use object::stat::StatObject;
pub use object::upload::{UploadBody, UploadObject};
pub use object::user_metadata::{OWN_METADATA, user_metadata_from_headers};
pub use page::{DEFAULT_PAGE, MAX_PAGE, Page, PageRequest};
pub use refs::diff::{DiffRefs, Difference, DifferenceKind, DifferenceRight};
pub use refs::merge::{Merge, MergeBase};
pub use repository::branch_protection::BranchProtectionRules;
pub use repository::create::CreateRepository;
pub use repository::gc_rules::GcRules;
pub use repository::model::Repository;
pub use service::{LoginOptions, Service, ServiceOptions, ServiceParts};
pub use staging::link::StagingLocation;
pub use staging::multipart::{
    CompleteMultipart, CopyPartSource, MultipartTarget, PresignMultipartUpload,
};
pub use staging::stage::StageObject;
pub use tables::read::{TableKind, TableOutcome};
pub use upload::complete::{CompleteUpload, CompletedUpload, MAX_UPLOAD_PARTS};
pub use upload::copy_part::{Checksummer, CopyPlan, CopyUploadPart};
pub use upload::create::CreateUpload;
pub use upload::list::{ListUploads, ListedUpload, UploadsPage};
pub use upload::part::{PartBody, TellChecksum};
pub use upload::parts::PartsPage;
pub use upload::sweep::SweepOutcome;
pub use upload::{UploadInfo, UploadTarget};
