//! Proving who one is: credentials, tokens, session cookies.

use std::sync::Arc;

use lakefs_auth::SESSION_MAX_AGE_SECS;
pub use lakefs_auth::{Credential, SESSION_COOKIE, User};

use crate::audit::Call;
use crate::failure::auth_failure;
use crate::{Caller, Result, Service};

/// What a request carries to prove who sent it.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// `Authorization: Basic`, decoded.
    Basic {
        /// Access key id.
        access_key_id: &'a str,
        /// Secret access key.
        secret_access_key: &'a str,
    },
    /// `Authorization: Bearer`.
    Bearer(&'a str),
    /// Value of the cookie [`SESSION_COOKIE`].
    Session(&'a str),
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
            Self::Session(_) => "Session",
        })
    }
}

/// A session that began.
#[derive(Clone)]
pub struct Login {
    /// The token, for `Authorization: Bearer`.
    pub token: String,
    /// When it expires, Unix seconds.
    pub token_expiration: i64,
    /// Value of the cookie [`SESSION_COOKIE`].
    pub cookie: String,
    /// Its `Max-Age`, seconds.
    pub cookie_max_age_secs: u64,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("token_expiration", &self.token_expiration)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Who sent a request. Costs about a microsecond for a credential seen before.
    pub async fn authenticate(&self, presented: Presented<'_>) -> Result<Arc<User>> {
        let auth = self.auth();
        match presented {
            Presented::Basic {
                access_key_id,
                secret_access_key,
            } => {
                auth.directory()
                    .verify(access_key_id, secret_access_key)
                    .await
            }
            Presented::Bearer(token) => auth.verify_token(token).await,
            Presented::Session(cookie) => auth.verify_session(cookie).await,
        }
        .map_err(auth_failure)
    }

    /// The credential with this access key id, with its secret, for checking signatures.
    pub async fn credential_of(&self, access_key_id: &str) -> Result<Arc<Credential>> {
        let found = self.auth().directory().credential(access_key_id).await;
        found.map_err(auth_failure)
    }

    /// `POST /auth/login`.
    pub async fn login(
        &self,
        caller: &Caller,
        access_key_id: &str,
        secret_access_key: &str,
    ) -> Result<Login> {
        self.audited(caller, Call::new("login"), async {
            let auth = self.auth();
            let user = auth
                .directory()
                .verify(access_key_id, secret_access_key)
                .await
                .map_err(auth_failure)?;
            let token = auth.issue_token(&user, self.options().login_duration);
            Ok(Login {
                cookie: auth.issue_session(&token.token),
                token: token.token,
                token_expiration: token.expires.seconds,
                cookie_max_age_secs: SESSION_MAX_AGE_SECS.into(),
            })
        })
        .await
    }
}
