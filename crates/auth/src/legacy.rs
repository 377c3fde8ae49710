//! Taking over the user of an older installation, which kept users in the partition `auth`.

use prost::Message;

use crate::directory::KeyPair;
use crate::records::{
    AUTH, LEGACY_USERS, StoredCredential, StoredUser, decode, legacy_credentials,
};
use crate::{Auth, AuthError};

/// Most users looked at: enough to tell one from several.
const PAGE: usize = 100;

/// What was found at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LegacyOutcome {
    /// The installation is new, or already has its user.
    NotNeeded,
    /// The one older user was taken over.
    Imported {
        /// Its name.
        user: String,
    },
    /// The installation was set up and has no user at all: somebody removed it.
    NoUser,
}

impl Auth {
    /// Takes over the user of an older installation if it had exactly one, with exactly one
    /// credential. Called at start.
    pub async fn import_legacy_user(&self) -> Result<LegacyOutcome, AuthError> {
        if !self.installation().is_initialized().await?
            || !self.directory().users().await?.is_empty()
        {
            return Ok(LegacyOutcome::NotNeeded);
        }
        let users = self.legacy_users().await?;
        let mut credentials = Vec::new();
        for user in &users {
            credentials.extend(self.legacy_credentials_of(&user.username).await?);
        }
        match (&users[..], &credentials[..]) {
            ([], _) => Ok(LegacyOutcome::NoUser),
            ([user], [credential]) => {
                self.take_over(user, credential).await?;
                Ok(LegacyOutcome::Imported {
                    user: user.username.clone(),
                })
            }
            _ => Err(AuthError::AmbiguousLegacyUser {
                users: users.len(),
                credentials: credentials.len(),
            }),
        }
    }

    /// Takes over the older user of this name with the credential of this access key id.
    pub async fn choose_legacy_user(
        &self,
        name: &str,
        access_key_id: &str,
    ) -> Result<(), AuthError> {
        let users = self.legacy_users().await?;
        let Some(user) = users.iter().find(|user| user.username == name) else {
            return Err(AuthError::UserNotFound {
                name: name.to_owned(),
            });
        };
        let credentials = self.legacy_credentials_of(name).await?;
        let chosen = credentials
            .iter()
            .find(|credential| credential.access_key_id == access_key_id);
        match chosen {
            Some(credential) => self.take_over(user, credential).await,
            None => Err(AuthError::CredentialNotFound {
                access_key_id: access_key_id.to_owned(),
            }),
        }
    }

    async fn take_over(
        &self,
        user: &StoredUser,
        credential: &StoredCredential,
    ) -> Result<(), AuthError> {
        let secret_access_key = self
            .secret()
            .decrypt(&credential.secret_encrypted)
            .map_err(|_| AuthError::WrongSecretKey {
                access_key_id: credential.access_key_id.clone(),
            })?;
        let key = KeyPair {
            access_key_id: credential.access_key_id.clone(),
            secret_access_key,
        };
        self.directory().adopt(user, &key).await
    }

    async fn legacy_users(&self) -> Result<Vec<StoredUser>, AuthError> {
        self.legacy_records(LEGACY_USERS).await
    }

    async fn legacy_credentials_of(&self, user: &str) -> Result<Vec<StoredCredential>, AuthError> {
        self.legacy_records(&legacy_credentials(user)).await
    }

    async fn legacy_records<M: Message + Default>(
        &self,
        prefix: &str,
    ) -> Result<Vec<M>, AuthError> {
        let page = self
            .kv()
            .scan(AUTH, prefix.as_bytes(), PAGE)
            .await
            .map_err(AuthError::Store)?;
        page.iter()
            .take_while(|(key, _)| key.starts_with(prefix.as_bytes()))
            .map(|(key, value)| decode(key, value))
            .collect()
    }
}
