//! Users, credentials and sessions.

use serde::{Deserialize, Serialize};

use crate::Pagination;

/// What the login page may offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthCapabilities {
    /// Whether a password can be reset; lakeFS leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forgot_password: Option<bool>,
    /// Whether users can be invited by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_user: Option<bool>,
}

/// A session token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationToken {
    /// The signed token.
    pub token: String,
    /// When it ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_expiration: Option<i64>,
}

/// A key pair presented at login.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginInformation {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl std::fmt::Debug for LoginInformation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginInformation")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// When it was created, in Unix seconds.
    pub creation_date: i64,
    /// Mail address; left out for the anonymous user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Name to show; left out for the anonymous user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// The unique name.
    pub id: String,
}

/// The caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentUser {
    /// The caller; an empty id when nobody is logged in.
    pub user: User,
}

/// A page of users.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The users.
    pub results: Vec<User>,
}

/// A user to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCreation {
    /// The unique name.
    pub id: String,
    /// Whether to send an invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_user: Option<bool>,
}

/// A key pair without its secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// When it was created, in Unix seconds.
    pub creation_date: i64,
}

/// A page of key pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsList {
    /// Where the page stands.
    pub pagination: Pagination,
    /// The key pairs.
    pub results: Vec<Credentials>,
}

/// A key pair with its secret, shown once.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsWithSecret {
    /// The public half.
    pub access_key_id: String,
    /// When it was created, in Unix seconds.
    pub creation_date: i64,
    /// The secret half.
    pub secret_access_key: String,
}

impl std::fmt::Debug for CredentialsWithSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialsWithSecret")
            .field("access_key_id", &self.access_key_id)
            .field("creation_date", &self.creation_date)
            .finish_non_exhaustive()
    }
}
