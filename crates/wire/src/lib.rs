//! Data transfer objects of the REST contract (`/api/v1`), shared by the server and `lakectl`.
//!
//! Serde types only: no I/O, no rules beyond what JSON itself expresses. Field names and casing are
//! the contract's; a field that lakeFS always sends is a plain field, one it leaves out is an
//! `Option` that is left out when `None`. Integers are 64 bits wide wherever the contract sets no
//! narrower bound. Readers ignore unknown fields, so that a newer peer stays readable.
//!
//! The drift test of `lakefs-api` compares every type here with `crates/api/openapi.json`.

mod auth;
mod commits;
mod config;
mod diff;
mod error;
mod multipart;
mod objects;
mod pagination;
mod refs;
mod repositories;
mod settings;
mod setup;
mod staging;
mod statistics;

use std::collections::BTreeMap;

pub use auth::{
    AuthCapabilities, AuthenticationToken, Credentials, CredentialsList, CredentialsWithSecret,
    CurrentUser, LoginInformation, User, UserCreation, UserList,
};
pub use commits::{
    CherryPickCreation, Commit, CommitCreation, CommitList, CommitOverrides, CommitRecordCreation,
    RevertCreation,
};
pub use config::{
    CapabilitiesConfig, Config, CustomViewer, StorageConfig, UiConfig, VersionConfig,
};
pub use diff::{Diff, DiffList, DiffObjectStat, DiffType, FindMergeBaseResult, Merge, MergeResult};
pub use error::ErrorBody;
pub use multipart::{
    AbortPresignMultipartUpload, CompletePresignMultipartUpload, CopyPartSource,
    PresignMultipartUpload, UploadPart, UploadPartCopyFrom, UploadPartFrom, UploadTo,
};
pub use objects::{
    ObjectCopyCreation, ObjectError, ObjectErrorList, ObjectStageCreation, ObjectStats,
    ObjectStatsList, PathList, PathType, UnderlyingObjectProperties, UpdateObjectUserMetadata,
};
pub use pagination::Pagination;
pub use refs::{BranchCreation, Ref, RefList, ResetCreation, ResetType, TagCreation};
pub use repositories::{
    Repository, RepositoryCreation, RepositoryList, RepositoryMetadataKeys, RepositoryMetadataSet,
    StorageUri,
};
pub use settings::{
    BranchProtectionPattern, BranchProtectionRule, GarbageCollectionRule, GarbageCollectionRules,
};
pub use setup::{AccessKeyCredentials, CommPrefsInput, LoginConfig, Setup, SetupState};
pub use staging::{StagingLocation, StagingMetadata};
pub use statistics::{InstallationUsageReport, StatsEvent, StatsEventsList, UsageReport};

/// Free-form metadata: text by text, in key order.
pub type Metadata = BTreeMap<String, String>;

/// `true` when a flag is at its default and need not be written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}
