//! First use of an installation: its state, its administrator, contact preferences.

use lakefs_auth::{AuthError, KeyPair};

use crate::audit::Call;
use crate::failure::auth_failure;
use crate::service::LoginOptions;
use crate::{Caller, Error, ErrorKind, Result, Service};

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

impl CommPrefs {
    fn stored(&self) -> lakefs_auth::CommPrefs {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        lakefs_auth::CommPrefs {
            email: text(&self.email),
            first_name: text(&self.first_name),
            last_name: text(&self.last_name),
            company_name: text(&self.company_name),
            feature_updates: self.feature_updates,
        }
    }
}

/// A bare address: something, one `@`, a host name with a dot. Whether anybody reads mail there is
/// not this server's business.
fn check_email(email: &str) -> Result<()> {
    let host = |host: &str| {
        host.split('.').count() > 1
            && host.split('.').all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            })
    };
    let user = |user: &str| {
        !user.is_empty()
            && !user
                .contains(|c: char| c.is_whitespace() || c.is_control() || "<>@,;:\"()".contains(c))
    };
    match email.rsplit_once('@') {
        Some((name, at)) if email.len() <= 254 && user(name) && host(at) => Ok(()),
        _ => Err(Error::invalid("invalid email address")),
    }
}

impl Service {
    /// `GET /setup_lakefs`.
    pub async fn get_setup_state(&self, caller: &Caller) -> Result<SetupState> {
        self.audited(caller, Call::new("getSetupState"), async {
            let installation = self.auth().installation();
            let initialized = installation.is_initialized().await.map_err(auth_failure)?;
            let missing = installation.comm_prefs_missing().await;
            Ok(SetupState {
                initialized,
                comm_prefs_missing: missing.map_err(auth_failure)?,
                login: self.options().login.clone(),
            })
        })
        .await
    }

    /// `POST /setup_lakefs`: makes the first administrator. Conflict when there is one.
    pub async fn setup(&self, caller: &Caller, request: SetupRequest) -> Result<NewCredential> {
        self.audited(caller, Call::new("setup"), async {
            let initialized = self.auth().installation().is_initialized().await;
            if initialized.map_err(auth_failure)? {
                return Err(auth_failure(AuthError::AlreadySetUp));
            }
            let prefs = &request.comm_prefs;
            if let Some(email) = prefs.email.as_deref().filter(|email| !email.is_empty()) {
                check_email(email)?;
            }
            let given = *prefs != CommPrefs::default();
            let stored = given.then(|| prefs.stored());
            let key = request
                .key
                .map(|(access_key_id, secret_access_key)| KeyPair {
                    access_key_id,
                    secret_access_key,
                });
            let mode = &self.options().login.rbac;
            let credential = self
                .auth()
                .setup(&request.username, key, stored.as_ref(), mode)
                .await
                .map_err(auth_failure)?;
            Ok(NewCredential {
                access_key_id: credential.access_key_id.clone(),
                secret_access_key: credential.secret_access_key.clone(),
                creation_date: credential.issued.seconds,
            })
        })
        .await
    }

    /// `POST /setup_comm_prefs`.
    pub async fn setup_comm_prefs(&self, caller: &Caller, prefs: CommPrefs) -> Result<()> {
        self.audited(caller, Call::new("setupCommPrefs"), async {
            let installation = self.auth().installation();
            if !installation.is_initialized().await.map_err(auth_failure)? {
                return Err(Error::new(
                    ErrorKind::PreconditionFailed,
                    "lakeFS is not initialized",
                ));
            }
            let missing = installation.comm_prefs_missing().await;
            if !missing.map_err(auth_failure)? {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "communication preferences are already set",
                ));
            }
            match prefs.email.as_deref() {
                None | Some("") => return Err(Error::invalid("email is required")),
                Some(email) => check_email(email)?,
            }
            installation
                .set_comm_prefs(&prefs.stored())
                .await
                .map_err(auth_failure)
        })
        .await
    }
}
