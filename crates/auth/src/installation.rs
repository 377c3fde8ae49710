//! What an installation knows about itself: its identifier, when it was set up, contact
//! preferences, and which server last ran on it. Partition `auth`, values plain text
//! (docs/format/auth.md).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_kv::{KvError, KvStore, Predicate, SetIfOutcome};
use lakefs_runtime::{Ids, Timestamp};
use parking_lot::RwLock;

use crate::AuthError;
use crate::records::AUTH;

const INSTALLATION_ID: &[u8] = b"installation_id";
const METADATA: &str = "installation_metadata/";
const SETUP: &str = "setup_timestamp";
const COMM_PREFS_SET: &str = "comm_prefs_set";
/// Where the separate access-list server of older versions kept its own.
const LEGACY_PARTITION: &[u8] = b"aclauth";

/// Contact preferences as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommPrefs {
    /// Electronic mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company_name: String,
    /// Whether news about features is wanted.
    pub feature_updates: bool,
}

/// The installation's own records.
#[derive(Debug)]
pub struct Installation {
    kv: Arc<dyn KvStore>,
    ids: Arc<Ids>,
    /// Setup is never undone, so it is asked for once.
    initialized: RwLock<bool>,
    id: RwLock<Option<Arc<str>>>,
}

impl Installation {
    pub(crate) fn new(kv: Arc<dyn KvStore>, ids: Arc<Ids>) -> Self {
        Self {
            kv,
            ids,
            initialized: RwLock::new(false),
            id: RwLock::new(None),
        }
    }

    /// Identifier of the installation; `None` before one was written.
    pub async fn id(&self) -> Result<Option<Arc<str>>, AuthError> {
        let known = self.id.read().clone();
        if known.is_some() {
            return Ok(known);
        }
        let stored = self.get(AUTH, INSTALLATION_ID).await?;
        let id: Option<Arc<str>> = stored.map(Into::into);
        self.id.write().clone_from(&id);
        Ok(id)
    }

    /// Identifier of the installation; writes `fixed`, or a fresh one, when there is none yet.
    /// Several servers starting at once agree on one.
    pub async fn ensure_id(&self, fixed: Option<&str>) -> Result<Arc<str>, AuthError> {
        if let Some(id) = self.id().await? {
            return Ok(id);
        }
        let new = fixed.map_or_else(|| self.ids.uuid(), str::to_owned);
        let outcome = self
            .kv
            .set_if(AUTH, INSTALLATION_ID, new.as_bytes(), Predicate::Absent)
            .await;
        match outcome {
            Ok(SetIfOutcome::Stored | SetIfOutcome::Mismatch)
            | Err(KvError::Indeterminate { .. }) => {}
            Err(error) => return Err(AuthError::Store(error)),
        }
        // Whoever won, the stored one counts.
        match self.id().await? {
            Some(id) => Ok(id),
            None => Err(AuthError::Invalid {
                reason: "installation id was not stored".to_owned(),
            }),
        }
    }

    /// Whether setup was done.
    pub async fn is_initialized(&self) -> Result<bool, AuthError> {
        if *self.initialized.read() {
            return Ok(true);
        }
        let key = metadata_key(SETUP);
        let mut found = self.get(AUTH, &key).await?;
        if found.is_none() {
            found = self.get(LEGACY_PARTITION, &key).await?;
        }
        let initialized = found.is_some_and(|moment| !moment.is_empty());
        if initialized {
            *self.initialized.write() = true;
        }
        Ok(initialized)
    }

    /// Records that setup is done. `mode` is `auth.ui_config.rbac`.
    pub(crate) async fn set_initialized(
        &self,
        mode: &str,
        now: Timestamp,
    ) -> Result<(), AuthError> {
        let moment = rfc3339(now);
        self.set(&format!("setup_auth_{mode}"), &moment).await?;
        self.set(SETUP, &moment).await?;
        *self.initialized.write() = true;
        Ok(())
    }

    /// Whether contact preferences were never given.
    pub async fn comm_prefs_missing(&self) -> Result<bool, AuthError> {
        let set = self.get(AUTH, &metadata_key(COMM_PREFS_SET)).await?;
        Ok(set.as_deref() != Some("true"))
    }

    /// Stores contact preferences.
    pub async fn set_comm_prefs(&self, prefs: &CommPrefs) -> Result<(), AuthError> {
        for (name, value) in [
            ("encoded_user_email", &prefs.email),
            ("encoded_user_first_name", &prefs.first_name),
            ("encoded_user_last_name", &prefs.last_name),
            ("encoded_user_company_name", &prefs.company_name),
        ] {
            self.set(name, &STANDARD.encode(value)).await?;
        }
        self.set("feature_updates", bool_text(prefs.feature_updates))
            .await?;
        // Last, so that preferences count as given only once they are there.
        self.set(COMM_PREFS_SET, "true").await
    }

    /// Stores that no contact preferences were given.
    pub(crate) async fn set_no_comm_prefs(&self) -> Result<(), AuthError> {
        self.set(COMM_PREFS_SET, "false").await
    }

    /// Records which server runs on the installation: `lakefs_version`, `lakefs_kv_type`, `os` and
    /// the like. Called at start.
    pub async fn record_server(&self, entries: &[(&str, &str)]) -> Result<(), AuthError> {
        for (name, value) in entries {
            self.set(name, value).await?;
        }
        Ok(())
    }

    async fn get(&self, partition: &[u8], key: &[u8]) -> Result<Option<String>, AuthError> {
        let value = self
            .kv
            .get(partition, key)
            .await
            .map_err(AuthError::Store)?;
        value
            .map(|value| String::from_utf8(value.to_vec()))
            .transpose()
            .map_err(|error| AuthError::Corrupt {
                record: String::from_utf8_lossy(key).into_owned(),
                source: error.into(),
            })
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), AuthError> {
        self.kv
            .set(AUTH, &metadata_key(name), value.as_bytes())
            .await
            .map_err(AuthError::Store)
    }
}

fn metadata_key(name: &str) -> Vec<u8> {
    [METADATA, name].concat().into_bytes()
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A moment to the second, as `2026-01-31T12:00:00Z`.
fn rfc3339(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}

#[cfg(test)]
mod tests {
    use lakefs_kv::MemKv;
    use lakefs_runtime::ManualClock;

    use super::*;

    fn installation(kv: &Arc<dyn KvStore>) -> Installation {
        let ids = Arc::new(Ids::seeded(1, Arc::new(ManualClock::default())));
        Installation::new(Arc::clone(kv), ids)
    }

    #[tokio::test]
    async fn servers_agree_on_one_identifier() {
        let kv: Arc<dyn KvStore> = Arc::new(MemKv::default());
        let (one, two) = (installation(&kv), installation(&kv));
        assert_eq!(two.id().await.unwrap(), None);
        let id = one.ensure_id(None).await.unwrap();
        assert_eq!(two.ensure_id(Some("mine")).await.unwrap(), id);
        assert_eq!(id.len(), 36);
    }

    #[tokio::test]
    async fn setup_is_a_moment_in_utc() {
        let kv: Arc<dyn KvStore> = Arc::new(MemKv::default());
        let installation = installation(&kv);
        assert!(!installation.is_initialized().await.unwrap());
        let now = Timestamp::from_seconds(1_795_349_812);
        installation.set_initialized("none", now).await.unwrap();
        assert!(installation.is_initialized().await.unwrap());
        for name in ["setup_timestamp", "setup_auth_none"] {
            let stored = kv.get(AUTH, &metadata_key(name)).await.unwrap().unwrap();
            assert_eq!(stored, "2026-11-22T12:16:52Z");
        }
    }

    #[tokio::test]
    async fn preferences_are_encoded_and_counted_once_given() {
        let kv: Arc<dyn KvStore> = Arc::new(MemKv::default());
        let installation = installation(&kv);
        installation.set_no_comm_prefs().await.unwrap();
        assert!(installation.comm_prefs_missing().await.unwrap());
        let prefs = CommPrefs {
            email: "me@example.com".to_owned(),
            feature_updates: true,
            ..CommPrefs::default()
        };
        installation.set_comm_prefs(&prefs).await.unwrap();
        assert!(!installation.comm_prefs_missing().await.unwrap());
        let email = kv.get(AUTH, &metadata_key("encoded_user_email")).await;
        assert_eq!(email.unwrap().unwrap(), STANDARD.encode("me@example.com"));
    }
}
