//! What can be done to what: action names, resource names, and the question whether a user may.
//!
//! The decision is behind [`Authorizer`], so that role-based policies come as another
//! implementation; the single administrator of today may do everything ([`AdminMayAll`]).
//! Resource names are built only when something reads them: the hot path formats nothing.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;

use crate::{AuthError, User};

macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        /// Something a policy can allow or deny.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$meta])* #[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name policies use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

actions! {
    ReadRepository = "fs:ReadRepository";
    CreateRepository = "fs:CreateRepository";
    UpdateRepository = "fs:UpdateRepository";
    AttachStorageNamespace = "fs:AttachStorageNamespace";
    DeleteRepository = "fs:DeleteRepository";
    ListRepositories = "fs:ListRepositories";
    ReadObject = "fs:ReadObject";
    WriteObject = "fs:WriteObject";
    DeleteObject = "fs:DeleteObject";
    ListObjects = "fs:ListObjects";
    CreateCommit = "fs:CreateCommit";
    ReadCommit = "fs:ReadCommit";
    ListCommits = "fs:ListCommits";
    CreateBranch = "fs:CreateBranch";
    DeleteBranch = "fs:DeleteBranch";
    ReadBranch = "fs:ReadBranch";
    RevertBranch = "fs:RevertBranch";
    ListBranches = "fs:ListBranches";
    CreateTag = "fs:CreateTag";
    DeleteTag = "fs:DeleteTag";
    ReadTag = "fs:ReadTag";
    ListTags = "fs:ListTags";
    ReadConfig = "fs:ReadConfig";
    ReadUser = "auth:ReadUser";
    CreateUser = "auth:CreateUser";
    DeleteUser = "auth:DeleteUser";
    ListUsers = "auth:ListUsers";
    ReadCredentials = "auth:ReadCredentials";
    CreateCredentials = "auth:CreateCredentials";
    DeleteCredentials = "auth:DeleteCredentials";
    ListCredentials = "auth:ListCredentials";
    GetGarbageCollectionRules = "retention:GetGarbageCollectionRules";
    SetGarbageCollectionRules = "retention:SetGarbageCollectionRules";
    GetBranchProtectionRules = "branches:GetBranchProtectionRules";
    SetBranchProtectionRules = "branches:SetBranchProtectionRules";
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an action is done to. Displays as its resource name, `arn:lakefs:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// Everything of its kind.
    All,
    /// A repository.
    Repository(&'a str),
    /// An object.
    Object {
        /// Its repository.
        repository: &'a str,
        /// Its path.
        path: &'a str,
    },
    /// A branch.
    Branch {
        /// Its repository.
        repository: &'a str,
        /// Its name, or a whole reference expression where lakeFS asks about one as if it were a branch.
        branch: &'a str,
    },
    /// A tag.
    Tag {
        /// Its repository.
        repository: &'a str,
        /// Its name.
        tag: &'a str,
    },
    /// A storage namespace.
    Namespace(&'a str),
    /// A user.
    User(&'a str),
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FS: &str = "arn:lakefs:fs:::";
        match self {
            Self::All => f.write_str("*"),
            Self::Repository(repository) => write!(f, "{FS}repository/{repository}"),
            Self::Object { repository, path } => {
                write!(f, "{FS}repository/{repository}/object/{path}")
            }
            Self::Branch { repository, branch } => {
                write!(f, "{FS}repository/{repository}/branch/{branch}")
            }
            Self::Tag { repository, tag } => write!(f, "{FS}repository/{repository}/tag/{tag}"),
            Self::Namespace(namespace) => write!(f, "{FS}namespace/{namespace}"),
            Self::User(user) => write!(f, "arn:lakefs:auth:::user/{user}"),
        }
    }
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub struct AccessRequest<'a> {
    /// Who asks.
    pub user: &'a User,
    /// What for.
    pub action: Action,
    /// On what.
    pub resource: Resource<'a>,
    /// From where, for conditions on addresses.
    pub source_ip: Option<IpAddr>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Some policy allows it and none denies it.
    Allowed,
    /// No policy allows it.
    NotAllowed,
    /// A policy denies it.
    Denied,
}

/// Answers whether a user may. An error is not a refusal: the caller is told to try again.
#[async_trait]
pub trait Authorizer: Send + Sync + fmt::Debug + 'static {
    /// Decides one request.
    async fn decide(&self, request: AccessRequest<'_>) -> Result<Decision, AuthError>;
}

/// The mode without roles: the one user there is may do everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdminMayAll;

#[async_trait]
impl Authorizer for AdminMayAll {
    async fn decide(&self, _request: AccessRequest<'_>) -> Result<Decision, AuthError> {
        Ok(Decision::Allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_have_the_names_policies_use() {
        let name = |resource: Resource<'_>| resource.to_string();
        assert_eq!(name(Resource::All), "*");
        assert_eq!(
            name(Resource::Object {
                repository: "lake",
                path: "a/b"
            }),
            "arn:lakefs:fs:::repository/lake/object/a/b"
        );
        assert_eq!(
            name(Resource::Namespace("s3://bucket/x")),
            "arn:lakefs:fs:::namespace/s3://bucket/x"
        );
        assert_eq!(
            name(Resource::User("admin")),
            "arn:lakefs:auth:::user/admin"
        );
    }

    #[test]
    fn every_action_names_its_service() {
        for action in Action::ALL {
            let (service, name) = action.as_str().split_once(':').unwrap();
            assert!(["fs", "auth", "retention", "branches"].contains(&service));
            assert_eq!(format!("{action:?}"), name);
        }
    }
}
