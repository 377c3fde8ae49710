//! Users, credentials, tokens, and the question whether a user may.
//!
//! [`Auth`] answers who presented a key pair, a token or a cookie; [`Authorizer`] answers whether
//! that user may do something. The mode built is the one without roles: one administrator, who may
//! do everything. Stored records, encryption, tokens and cookies are lakeFS's (docs/format/auth.md);
//! sessions and users work on both servers.

mod access;
mod auth;
mod cookie;
mod directory;
mod error;
mod gob;
mod installation;
mod keys;
mod legacy;
mod records;
mod secret;
mod token;
mod user;

pub use access::{AccessRequest, Action, AdminMayAll, Authorizer, Decision, Resource};
pub use auth::{Auth, AuthParts, LoginToken};
pub use cookie::{SESSION_COOKIE, SESSION_MAX_AGE_SECS, session_cookie, token_of_session_cookie};
pub use directory::{Credential, Directory, DirectoryOptions, KeyPair};
pub use error::AuthError;
pub use installation::{CommPrefs, Installation};
pub use keys::{generate_access_key_id, generate_secret_access_key};
pub use legacy::LegacyOutcome;
pub use secret::{DecryptError, SharedSecret};
pub use token::{TokenError, sign_login_token, verify_login_token};
pub use user::User;
