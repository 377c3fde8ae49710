//! The parts together: who is who, tokens, sessions, setup.

use std::sync::Arc;
use std::time::Duration;

use lakefs_kv::KvStore;
use lakefs_runtime::{Clock, Ids, Timestamp};

use crate::cookie::{session_cookie, token_of_session_cookie};
use crate::directory::{Credential, Directory, DirectoryOptions, KeyPair};
use crate::installation::{CommPrefs, Installation};
use crate::token::{sign_login_token, verify_login_token};
use crate::{AuthError, SharedSecret, User};

/// A user left by a setup that did not finish may be replaced after this long.
const ABANDONED_SETUP: Duration = Duration::from_secs(30);

/// What [`Auth`] is made of.
#[derive(Debug)]
pub struct AuthParts {
    /// Records.
    pub kv: Arc<dyn KvStore>,
    /// Identifiers, randomness and time.
    pub ids: Arc<Ids>,
    /// `auth.encrypt.secret_key`.
    pub secret: SharedSecret,
    /// How users are remembered.
    pub directory: DirectoryOptions,
}

/// Users, credentials, tokens and the installation's own records.
#[derive(Debug)]
pub struct Auth {
    kv: Arc<dyn KvStore>,
    ids: Arc<Ids>,
    secret: SharedSecret,
    directory: Directory,
    installation: Installation,
}

/// A login token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginToken {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl Auth {
    /// Puts the parts together. No I/O.
    pub fn new(parts: AuthParts) -> Self {
        let AuthParts {
            kv,
            ids,
            secret,
            directory,
        } = parts;
        Self {
            directory: Directory::new(Arc::clone(&kv), Arc::clone(&ids), secret.clone(), directory),
            installation: Installation::new(Arc::clone(&kv), Arc::clone(&ids)),
            kv,
            ids,
            secret,
        }
    }

    /// The users there are.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The installation's own records.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    pub(crate) fn kv(&self) -> &dyn KvStore {
        &*self.kv
    }

    pub(crate) fn secret(&self) -> &SharedSecret {
        &self.secret
    }

    fn clock(&self) -> &dyn Clock {
        &**self.ids.clock()
    }

    /// A token that proves for `lifetime` that its bearer is `user`.
    pub fn issue_token(&self, user: &User, lifetime: Duration) -> LoginToken {
        let now = self.clock().now();
        let expires = now.plus(lifetime);
        LoginToken {
            token: sign_login_token(&self.secret, &user.name, &self.ids.uuid(), now, expires),
            expires,
        }
    }

    /// The user a token was issued to.
    pub async fn verify_token(&self, token: &str) -> Result<Arc<User>, AuthError> {
        let name = verify_login_token(&self.secret, token, self.clock().now())
            .map_err(|_| AuthError::Unauthenticated)?;
        match self.directory.user(&name).await {
            Err(AuthError::UserNotFound { .. }) => Err(AuthError::Unauthenticated),
            outcome => outcome,
        }
    }

    /// Value of a session cookie that carries a token.
    pub fn issue_session(&self, token: &str) -> String {
        session_cookie(&self.secret, token, self.clock().now())
    }

    /// The user of a session cookie.
    pub async fn verify_session(&self, value: &str) -> Result<Arc<User>, AuthError> {
        let token = token_of_session_cookie(&self.secret, value, self.clock().now())
            .ok_or(AuthError::Unauthenticated)?;
        self.verify_token(&token).await
    }

    /// First use of the installation: makes its administrator. `mode` is `auth.ui_config.rbac`.
    /// [`AuthError::AlreadySetUp`] when there is one.
    ///
    /// Dropped half way, the next call finishes the work; until half a minute has passed it
    /// refuses, as another server may be at it.
    pub async fn setup(
        &self,
        name: &str,
        key: Option<KeyPair>,
        prefs: Option<&CommPrefs>,
        mode: &str,
    ) -> Result<Arc<Credential>, AuthError> {
        self.setup_after(ABANDONED_SETUP, name, key, prefs, mode)
            .await
    }

    /// [`Auth::setup`] where no other server can be at it (a store of this process alone): what an
    /// interrupted setup left is finished at once.
    pub async fn setup_alone(
        &self,
        name: &str,
        key: KeyPair,
        mode: &str,
    ) -> Result<Arc<Credential>, AuthError> {
        self.setup_after(Duration::ZERO, name, Some(key), None, mode)
            .await
    }

    async fn setup_after(
        &self,
        abandoned_after: Duration,
        name: &str,
        key: Option<KeyPair>,
        prefs: Option<&CommPrefs>,
        mode: &str,
    ) -> Result<Arc<Credential>, AuthError> {
        if self.installation.is_initialized().await? {
            return Err(AuthError::AlreadySetUp);
        }
        let key = key.unwrap_or_else(|| KeyPair::generate(&self.ids));
        self.installation.ensure_id(None).await?;
        let credential = self.directory.claim(name, &key, abandoned_after).await?;
        match prefs {
            Some(prefs) => self.installation.set_comm_prefs(prefs).await?,
            None => self.installation.set_no_comm_prefs().await?,
        }
        let now = self.clock().now();
        self.installation.set_initialized(mode, now).await?;
        Ok(credential)
    }

    /// Makes another administrator where there is none (`lakefs superuser`).
    pub async fn create_superuser(
        &self,
        name: &str,
        key: Option<KeyPair>,
    ) -> Result<Arc<Credential>, AuthError> {
        let key = key.unwrap_or_else(|| KeyPair::generate(&self.ids));
        self.directory.create_user_with_key(name, &key).await
    }

    /// A fresh credential for the user.
    pub async fn create_credential(&self, user: &str) -> Result<Arc<Credential>, AuthError> {
        let key = KeyPair::generate(&self.ids);
        self.directory.create_credential(user, &key).await
    }
}

#[cfg(test)]
mod tests;
