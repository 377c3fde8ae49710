//! What can go wrong with users, credentials and tokens.

use lakefs_kv::KvError;

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The presented credential, token or cookie proves nobody.
    #[error("credentials do not match")]
    Unauthenticated,
    /// There is no such user.
    #[error("no user {name:?}")]
    UserNotFound {
        /// The name.
        name: String,
    },
    /// There is no such access key.
    #[error("no access key {access_key_id:?}")]
    CredentialNotFound {
        /// The access key id.
        access_key_id: String,
    },
    /// The mode holds one user, and there is one.
    #[error("there already is a user")]
    UserExists,
    /// The user already has its one credential.
    #[error("user {name:?} already has a credential")]
    CredentialExists {
        /// The user.
        name: String,
    },
    /// The installation was set up before.
    #[error("already initialized")]
    AlreadySetUp,
    /// A stored secret does not decrypt under the configured key.
    #[error(
        "the secret of access key {access_key_id:?} does not decrypt: auth.encrypt.secret_key is \
         not the one this installation was set up with"
    )]
    WrongSecretKey {
        /// The access key id.
        access_key_id: String,
    },
    /// The legacy user records cannot be taken over on their own.
    #[error(
        "this installation has {users} users and {credentials} credentials from an older version, \
         and one of them must be chosen: run `lakefs superuser --user-name NAME --access-key-id ID`"
    )]
    AmbiguousLegacyUser {
        /// How many users.
        users: usize,
        /// How many credentials.
        credentials: usize,
    },
    /// An argument that is not acceptable.
    #[error("{reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// A stored record does not read back.
    #[error("record {record} is corrupt")]
    Corrupt {
        /// Which record.
        record: String,
        /// What the decoder said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key-value store failed.
    #[error("user records cannot be reached")]
    Store(#[source] KvError),
}
