//! Proving who one is: credentials, tokens, session cookies.

use std::sync::Arc;

use lakefs_auth::User;

use crate::{Result, Service};

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "internal_auth_session";

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
        let _ = presented;
        Err(crate::Error::not_implemented())
    }

    /// `POST /auth/login`.
    pub async fn login(&self, access_key_id: &str, secret_access_key: &str) -> Result<Login> {
        let _ = (access_key_id, secret_access_key);
        Err(crate::Error::not_implemented())
    }
}
