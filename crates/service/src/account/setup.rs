//! First use of an installation: its state, its administrator, contact preferences.

use crate::service::LoginOptions;
use crate::{Result, Service};

/// Whether the installation has an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupState {
    /// Whether setup was done.
    pub initialized: bool,
    /// Whether contact preferences were never given.
    pub comm_prefs_missing: bool,
    /// What the login page shows.
    pub login: LoginOptions,
}

/// Contact preferences. They are stored, and sent nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommPrefs {
    /// Electronic mail address.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company_name: Option<String>,
    /// Whether news about features is wanted.
    pub feature_updates: bool,
    /// Whether security news is wanted.
    pub security_updates: bool,
}

/// The first administrator.
#[derive(Debug, Clone, Default)]
pub struct SetupRequest {
    /// Its name.
    pub username: String,
    /// Its access key id and secret; made up when absent.
    pub key: Option<(String, String)>,
    /// Contact preferences.
    pub comm_prefs: CommPrefs,
}

/// A key pair, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// When it was made, Unix seconds.
    pub creation_date: i64,
}

impl std::fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCredential")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// `GET /setup_lakefs`.
    pub async fn get_setup_state(&self) -> Result<SetupState> {
        Err(crate::Error::not_implemented())
    }

    /// `POST /setup_lakefs`: makes the first administrator. Conflict when there is one.
    pub async fn setup(&self, request: SetupRequest) -> Result<NewCredential> {
        let _ = request;
        Err(crate::Error::not_implemented())
    }

    /// `POST /setup_comm_prefs`.
    pub async fn setup_comm_prefs(&self, prefs: CommPrefs) -> Result<()> {
        let _ = prefs;
        Err(crate::Error::not_implemented())
    }
}
