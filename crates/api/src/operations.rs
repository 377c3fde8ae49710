//! The operations that are built, one module per resource.
//!
//! [`BUILT`] is the table of them; an operation of the contract that is not in it answers 501.

mod branches;
mod commits;
mod config;
mod diff;
mod metadata_objects;
mod multipart;
mod object_content;
mod objects;
mod repositories;
mod session;
mod settings;
mod setup;
mod staging;
mod statistics;
mod tags;
mod users;

use lakefs_service::PageRequest;

use crate::operation::Built;

/// Every built operation.
pub(crate) const BUILT: &[Built] = &[
    Built::of::<setup::GetSetupState>(),
    Built::of::<setup::Setup>(),
    Built::of::<setup::SetupCommPrefs>(),
    Built::of::<session::Login>(),
    Built::of::<session::GetCurrentUser>(),
    Built::of::<session::GetAuthCapabilities>(),
    Built::of::<users::ListUsers>(),
    Built::of::<users::CreateUser>(),
    Built::of::<users::GetUser>(),
    Built::of::<users::DeleteUser>(),
    Built::of::<users::ListUserCredentials>(),
    Built::of::<users::CreateCredentials>(),
    Built::of::<users::GetCredentials>(),
    Built::of::<users::DeleteCredentials>(),
    Built::of::<config::HealthCheck>(),
    Built::of::<config::GetConfig>(),
    Built::of::<config::GetStorageConfig>(),
    Built::of::<config::GetLakeFSVersion>(),
    Built::of::<statistics::PostStatsEvents>(),
    Built::of::<statistics::GetUsageReportSummary>(),
    Built::of::<repositories::ListRepositories>(),
    Built::of::<repositories::CreateRepository>(),
    Built::of::<repositories::GetRepository>(),
    Built::of::<repositories::DeleteRepository>(),
    Built::of::<repositories::GetRepositoryMetadata>(),
    Built::of::<repositories::SetRepositoryMetadata>(),
    Built::of::<repositories::DeleteRepositoryMetadata>(),
    Built::of::<settings::GetBranchProtectionRules>(),
    Built::of::<settings::SetBranchProtectionRules>(),
    Built::of::<settings::GetGCRules>(),
    Built::of::<settings::SetGCRules>(),
    Built::of::<settings::DeleteGCRules>(),
    Built::of::<branches::ListBranches>(),
    Built::of::<branches::CreateBranch>(),
    Built::of::<branches::GetBranch>(),
    Built::of::<branches::DeleteBranch>(),
    Built::of::<branches::ResetBranch>(),
    Built::of::<branches::HardResetBranch>(),
    Built::of::<tags::ListTags>(),
    Built::of::<tags::CreateTag>(),
    Built::of::<tags::GetTag>(),
    Built::of::<tags::DeleteTag>(),
    Built::of::<commits::Commit>(),
    Built::of::<commits::GetCommit>(),
    Built::of::<commits::LogCommits>(),
    Built::of::<commits::CreateCommitRecord>(),
    Built::of::<commits::RevertBranch>(),
    Built::of::<commits::CherryPick>(),
    Built::of::<diff::DiffBranch>(),
    Built::of::<diff::DiffRefs>(),
    Built::of::<diff::MergeIntoBranch>(),
    Built::of::<diff::FindMergeBase>(),
    Built::of::<object_content::GetObject>(),
    Built::of::<object_content::HeadObject>(),
    Built::of::<object_content::UploadObject>(),
    Built::of::<objects::UploadObjectPreflight>(),
    Built::of::<objects::StatObject>(),
    Built::of::<objects::GetUnderlyingProperties>(),
    Built::of::<objects::ListObjects>(),
    Built::of::<objects::DeleteObject>(),
    Built::of::<objects::DeleteObjects>(),
    Built::of::<objects::CopyObject>(),
    Built::of::<objects::UpdateObjectUserMetadata>(),
    Built::of::<staging::StageObject>(),
    Built::of::<staging::GetPhysicalAddress>(),
    Built::of::<staging::LinkPhysicalAddress>(),
    Built::of::<multipart::CreatePresignMultipartUpload>(),
    Built::of::<multipart::UploadPart>(),
    Built::of::<multipart::UploadPartCopy>(),
    Built::of::<multipart::CompletePresignMultipartUpload>(),
    Built::of::<multipart::AbortPresignMultipartUpload>(),
    Built::of::<metadata_objects::GetRange>(),
    Built::of::<metadata_objects::GetMetaRange>(),
    Built::of::<metadata_objects::GetMetadataObject>(),
];

/// The page a list is asked for.
pub(crate) fn page<'v>(prefix: &'v str, after: &'v str, amount: Option<i64>) -> PageRequest<'v> {
    PageRequest {
        prefix,
        after,
        amount,
    }
}
