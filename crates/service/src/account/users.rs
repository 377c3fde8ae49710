//! Users and their credentials, as the mode with one administrator has them.

use lakefs_auth::User;

use crate::account::setup::NewCredential;
use crate::audit::Call;
use crate::failure::auth_failure;
use crate::{Caller, Error, Page, PageRequest, Result, Service};

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

impl UserInfo {
    fn of(user: &User) -> Self {
        Self {
            id: user.name.clone(),
            creation_date: user.created_at.seconds,
            friendly_name: Some(user.friendly_name.clone()),
            email: Some(user.email.clone()),
        }
    }
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
        let call = Call::new("getCurrentUser");
        let user = caller.user.as_deref();
        self.audited(caller, call, async {
            Ok(user.map_or_else(UserInfo::default, UserInfo::of))
        })
        .await
    }

    /// `GET /auth/users`. `max_per_page` of this one answer is 0 in lakeFS.
    pub async fn list_users(
        &self,
        caller: &Caller,
        page: PageRequest<'_>,
    ) -> Result<Page<UserInfo>> {
        self.audited(caller, Call::new("listUsers"), async {
            self.may_list_users(caller).await?;
            let users = self
                .auth()
                .directory()
                .users()
                .await
                .map_err(auth_failure)?;
            let mut results: Vec<_> = users
                .iter()
                .filter(|user| {
                    user.name.starts_with(page.prefix) && user.name.as_str() > page.after
                })
                .map(|user| UserInfo::of(user))
                .collect();
            let has_more = results.len() > page.limit();
            results.truncate(page.limit());
            let last = results.last().map(|user| user.id.clone());
            Ok(Page::new(results, last.filter(|_| has_more)))
        })
        .await
    }

    /// `GET /auth/users/{userId}`.
    pub async fn get_user(&self, caller: &Caller, user: &str) -> Result<UserInfo> {
        self.audited(caller, Call::new("getUser"), async {
            self.may_read_user(caller, user).await?;
            let user = self.auth().directory().user(user).await;
            Ok(UserInfo::of(&*user.map_err(auth_failure)?))
        })
        .await
    }

    /// `POST /auth/users`.
    pub async fn create_user(&self, caller: &Caller, user: &str, invite: bool) -> Result<UserInfo> {
        self.audited(caller, Call::new("createUser"), async {
            self.may_create_user(caller, user).await?;
            if invite {
                return Err(Error::not_implemented());
            }
            let made = self.auth().directory().create_user(user).await;
            Ok(UserInfo::of(&*made.map_err(auth_failure)?))
        })
        .await
    }

    /// `DELETE /auth/users/{userId}`.
    pub async fn delete_user(&self, caller: &Caller, user: &str) -> Result<()> {
        self.audited(caller, Call::new("deleteUser"), async {
            self.may_delete_user(caller, user).await?;
            let outcome = self.auth().directory().delete_user(user).await;
            outcome.map_err(auth_failure)
        })
        .await
    }

    /// `GET /auth/users/{userId}/credentials`.
    pub async fn list_user_credentials(
        &self,
        caller: &Caller,
        user: &str,
        page: PageRequest<'_>,
    ) -> Result<Page<CredentialInfo>> {
        let _ = page;
        self.audited(caller, Call::new("listUserCredentials"), async {
            self.may_list_credentials(caller, user).await?;
            // With one user there is one credential, and clients expect this answer.
            Err(Error::not_implemented())
        })
        .await
    }

    /// `GET /auth/users/{userId}/credentials/{accessKeyId}`.
    pub async fn get_credentials(
        &self,
        caller: &Caller,
        user: &str,
        access_key_id: &str,
    ) -> Result<CredentialInfo> {
        self.audited(caller, Call::new("getCredentials"), async {
            self.may_read_credentials(caller, user).await?;
            let directory = self.auth().directory();
            let issued = directory.credential_issued(user, access_key_id).await;
            Ok(CredentialInfo {
                access_key_id: access_key_id.to_owned(),
                creation_date: issued.map_err(auth_failure)?.seconds,
            })
        })
        .await
    }

    /// `POST /auth/users/{userId}/credentials`.
    pub async fn create_credentials(&self, caller: &Caller, user: &str) -> Result<NewCredential> {
        self.audited(caller, Call::new("createCredentials"), async {
            self.may_create_credentials(caller, user).await?;
            let made = self.auth().create_credential(user).await;
            let made = made.map_err(auth_failure)?;
            Ok(NewCredential {
                access_key_id: made.access_key_id.clone(),
                secret_access_key: made.secret_access_key.clone(),
                creation_date: made.issued.seconds,
            })
        })
        .await
    }

    /// `DELETE /auth/users/{userId}/credentials/{accessKeyId}`.
    pub async fn delete_credentials(
        &self,
        caller: &Caller,
        user: &str,
        access_key_id: &str,
    ) -> Result<()> {
        let _ = access_key_id;
        self.audited(caller, Call::new("deleteCredentials"), async {
            self.may_delete_credentials(caller, user).await?;
            // Removing the only credential would lock everybody out.
            Err(Error::not_implemented())
        })
        .await
    }
}
