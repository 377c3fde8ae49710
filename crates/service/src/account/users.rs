//! Users and their credentials, as the mode with one administrator has them.

use crate::account::setup::NewCredential;
use crate::{Caller, Page, PageRequest, Result, Service};

/// A user as clients see one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// Name; empty for an anonymous caller.
    pub id: String,
    /// When it was created, Unix seconds.
    pub creation_date: i64,
    /// Name for people; `None` only for an anonymous caller.
    pub friendly_name: Option<String>,
    /// Electronic mail address; `None` only for an anonymous caller.
    pub email: Option<String>,
}

/// A credential without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialInfo {
    /// Access key id.
    pub access_key_id: String,
    /// When it was made, Unix seconds.
    pub creation_date: i64,
}

impl Service {
    /// `GET /user`: an anonymous caller gets an empty user.
    pub async fn get_current_user(&self, caller: &Caller) -> Result<UserInfo> {
        let _ = caller;
        Err(crate::Error::not_implemented())
    }

    /// `GET /auth/users`. `max_per_page` of this one answer is 0 in lakeFS.
    pub async fn list_users(
        &self,
        caller: &Caller,
        page: PageRequest<'_>,
    ) -> Result<Page<UserInfo>> {
        let _ = (caller, page);
        Err(crate::Error::not_implemented())
    }

    /// `GET /auth/users/{userId}`.
    pub async fn get_user(&self, caller: &Caller, user: &str) -> Result<UserInfo> {
        let _ = (caller, user);
        Err(crate::Error::not_implemented())
    }

    /// `POST /auth/users`.
    pub async fn create_user(&self, caller: &Caller, user: &str, invite: bool) -> Result<UserInfo> {
        let _ = (caller, user, invite);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE /auth/users/{userId}`.
    pub async fn delete_user(&self, caller: &Caller, user: &str) -> Result<()> {
        let _ = (caller, user);
        Err(crate::Error::not_implemented())
    }

    /// `GET /auth/users/{userId}/credentials`.
    pub async fn list_user_credentials(
        &self,
        caller: &Caller,
        user: &str,
        page: PageRequest<'_>,
    ) -> Result<Page<CredentialInfo>> {
        let _ = (caller, user, page);
        Err(crate::Error::not_implemented())
    }

    /// `GET /auth/users/{userId}/credentials/{accessKeyId}`.
    pub async fn get_credentials(
        &self,
        caller: &Caller,
        user: &str,
        access_key_id: &str,
    ) -> Result<CredentialInfo> {
        let _ = (caller, user, access_key_id);
        Err(crate::Error::not_implemented())
    }

    /// `POST /auth/users/{userId}/credentials`.
    pub async fn create_credentials(&self, caller: &Caller, user: &str) -> Result<NewCredential> {
        let _ = (caller, user);
        Err(crate::Error::not_implemented())
    }

    /// `DELETE /auth/users/{userId}/credentials/{accessKeyId}`.
    pub async fn delete_credentials(
        &self,
        caller: &Caller,
        user: &str,
        access_key_id: &str,
    ) -> Result<()> {
        let _ = (caller, user, access_key_id);
        Err(crate::Error::not_implemented())
    }
}
