//! May the caller? One function per action; the only place in the server that asks.
//!
//! Each answers the user, so that a use-case cannot learn whose commit it makes without having
//! asked. A refusal is 401, as clients know it, and names what was missing.

use std::sync::Arc;

use lakefs_auth::{AccessRequest, Action, Decision, Resource, User};

use crate::failure::auth_failure;
use crate::{Caller, Error, ErrorKind, Result, Service};

impl Service {
    async fn require<'c>(
        &self,
        caller: &'c Caller,
        action: Action,
        resource: Resource<'_>,
    ) -> Result<&'c Arc<User>> {
        let user = require_user(caller)?;
        let request = AccessRequest {
            user,
            action,
            resource,
            source_ip: caller.source_ip,
        };
        match self.authorizer().decide(request).await {
            Ok(Decision::Allowed) => Ok(user),
            Ok(refused) => Err(refusal(refused, action, resource)),
            // A question that could not be asked is not a refusal.
            Err(error) => Err(auth_failure(error)),
        }
    }
}

/// Any user will do.
pub(crate) fn require_user(caller: &Caller) -> Result<&Arc<User>> {
    caller.user.as_ref().ok_or_else(Error::unauthenticated)
}

fn refusal(decision: Decision, action: Action, resource: Resource<'_>) -> Error {
    let what = if decision == Decision::Denied {
        "denied permission to"
    } else {
        "not allowed to"
    };
    Error::new(
        ErrorKind::Unauthorized,
        format!("insufficient permissions: {what} {action} on {resource}"),
    )
}

/// Functions of actions whose resource is a repository, or something in one.
macro_rules! permissions {
    ($($(#[$meta:meta])* $name:ident($($arg:ident),*) = $action:ident on $resource:expr;)*) => {
        impl Service {
            $(
                $(#[$meta])*
                pub(crate) async fn $name<'c>(
                    &self,
                    caller: &'c Caller,
                    $($arg: &str,)*
                ) -> Result<&'c Arc<User>> {
                    self.require(caller, Action::$action, $resource).await
                }
            )*
        }
    };
}

permissions! {
    may_read_repository(repository) = ReadRepository on Resource::Repository(repository);
    may_create_repository(repository) = CreateRepository on Resource::Repository(repository);
    may_update_repository(repository) = UpdateRepository on Resource::Repository(repository);
    may_delete_repository(repository) = DeleteRepository on Resource::Repository(repository);
    may_list_repositories() = ListRepositories on Resource::All;
    may_attach_storage_namespace(namespace) =
        AttachStorageNamespace on Resource::Namespace(namespace);
    may_read_object(repository, path) = ReadObject on Resource::Object { repository, path };
    may_write_object(repository, path) = WriteObject on Resource::Object { repository, path };
    may_delete_object(repository, path) = DeleteObject on Resource::Object { repository, path };
    may_list_objects(repository) = ListObjects on Resource::Repository(repository);
    may_create_commit(repository, branch) = CreateCommit on Resource::Branch { repository, branch };
    may_create_commit_record(repository) = CreateCommit on Resource::Repository(repository);
    may_read_commit(repository) = ReadCommit on Resource::Repository(repository);
    may_list_commits(repository) = ListCommits on Resource::Repository(repository);
    may_create_branch(repository, branch) = CreateBranch on Resource::Branch { repository, branch };
    may_delete_branch(repository, branch) = DeleteBranch on Resource::Branch { repository, branch };
    may_read_branch(repository, branch) = ReadBranch on Resource::Branch { repository, branch };
    may_revert_branch(repository, branch) = RevertBranch on Resource::Branch { repository, branch };
    may_list_branches(repository) = ListBranches on Resource::Repository(repository);
    may_create_tag(repository, tag) = CreateTag on Resource::Tag { repository, tag };
    may_delete_tag(repository, tag) = DeleteTag on Resource::Tag { repository, tag };
    may_read_tag(repository, tag) = ReadTag on Resource::Tag { repository, tag };
    may_list_tags(repository) = ListTags on Resource::Repository(repository);
    may_read_config() = ReadConfig on Resource::All;
    may_read_user(user) = ReadUser on Resource::User(user);
    may_create_user(user) = CreateUser on Resource::User(user);
    may_delete_user(user) = DeleteUser on Resource::User(user);
    may_list_users() = ListUsers on Resource::All;
    may_read_credentials(user) = ReadCredentials on Resource::User(user);
    may_create_credentials(user) = CreateCredentials on Resource::User(user);
    may_delete_credentials(user) = DeleteCredentials on Resource::User(user);
    may_list_credentials(user) = ListCredentials on Resource::User(user);
    may_get_gc_rules(repository) =
        GetGarbageCollectionRules on Resource::Repository(repository);
    may_set_gc_rules(repository) =
        SetGarbageCollectionRules on Resource::Repository(repository);
    may_get_branch_protection_rules(repository) =
        GetBranchProtectionRules on Resource::Repository(repository);
    may_set_branch_protection_rules(repository) =
        SetBranchProtectionRules on Resource::Repository(repository);
}
