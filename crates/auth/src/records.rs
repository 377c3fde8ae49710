//! The stored messages of users and credentials, and where each lives in the key-value store
//! (docs/format/auth.md). Field numbers are lakeFS's; both servers read and write the same records.

use lakefs_kv::StoredTimestamp;
use prost::Message;

use crate::{AuthError, User};

/// Partition of the one user of the mode without roles.
pub(crate) const BASIC: &[u8] = b"basicAuth";
/// Partition of installation metadata, and of users of older versions.
pub(crate) const AUTH: &[u8] = b"auth";
/// Key of the one user; its real name is in the record.
pub(crate) const ADMIN_KEY: &[u8] = b"users/superAdmin";
/// Prefix of the keys of its credentials.
pub(crate) const ADMIN_CREDENTIALS: &str = "uCredentials/superAdmin/credentials/";
/// Prefix of the keys of users of older versions.
pub(crate) const LEGACY_USERS: &str = "users/";

/// Prefix of the keys of a user's credentials in an older version.
pub(crate) fn legacy_credentials(user: &str) -> String {
    format!("uCredentials/{user}/credentials/")
}

/// Key of a credential of the one user.
pub(crate) fn credential_key(access_key_id: &str) -> Vec<u8> {
    [ADMIN_CREDENTIALS, access_key_id].concat().into_bytes()
}

/// Decodes a record; `key` names it in the error.
pub(crate) fn decode<M: Message + Default>(key: &[u8], bytes: &[u8]) -> Result<M, AuthError> {
    M::decode(bytes).map_err(|error| AuthError::Corrupt {
        record: String::from_utf8_lossy(key).into_owned(),
        source: error.into(),
    })
}

/// `UserData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredUser {
    #[prost(message, optional, tag = "1")]
    pub(crate) created_at: Option<StoredTimestamp>,
    #[prost(string, tag = "2")]
    pub(crate) username: String,
    #[prost(string, tag = "3")]
    pub(crate) friendly_name: String,
    #[prost(string, tag = "4")]
    pub(crate) email: String,
    #[prost(bytes = "vec", tag = "5")]
    pub(crate) encrypted_password: Vec<u8>,
    #[prost(string, tag = "6")]
    pub(crate) source: String,
    #[prost(string, tag = "7")]
    pub(crate) external_id: String,
}

impl StoredUser {
    pub(crate) fn to_user(&self) -> User {
        User {
            name: self.username.clone(),
            created_at: self.created_at.unwrap_or_default().into(),
            friendly_name: self.friendly_name.clone(),
            email: self.email.clone(),
            source: self.source.clone(),
        }
    }
}

/// `CredentialData`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StoredCredential {
    #[prost(string, tag = "1")]
    pub(crate) access_key_id: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) secret_encrypted: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    pub(crate) issued_date: Option<StoredTimestamp>,
    /// Name of the user, as bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) user_id: Vec<u8>,
}
