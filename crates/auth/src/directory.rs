//! Users of the mode without roles: one administrator with one credential, in two records.
//!
//! What is stored is held in memory for a few seconds ([`DirectoryOptions::cache_ttl`]), secrets
//! decrypted, so that a request with a key pair costs a comparison and no scrypt. A change through
//! this process shows at once; one by another server within the time, but a new key of it at once:
//! behind a load balancer the first request with it may reach any server. Signatures (the S3
//! protocol) need the secret itself: [`Directory::credential`].
//!
//! Writes order their steps so that a crash never leaves a usable credential of a user who was
//! removed, nor a user who cannot be given a credential.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lakefs_kv::{KvError, KvStore, Predicate, SetIfOutcome};
use lakefs_runtime::{Ids, Timestamp};
use parking_lot::RwLock;
use prost::Message as _;
use subtle::ConstantTimeEq as _;

use crate::records::{
    ADMIN_CREDENTIALS, ADMIN_KEY, BASIC, StoredCredential, StoredUser, credential_key, decode,
};
use crate::{AuthError, SharedSecret, User};

/// Where users come from that this server made.
const INTERNAL: &str = "internal";
/// Most credentials looked at; the mode has one.
const MAX_CREDENTIALS: usize = 64;

/// How the directory remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryOptions {
    /// How long what was read counts as current (`auth.cache.ttl`); zero reads every time.
    pub cache_ttl: Duration,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self {
            cache_ttl: Duration::from_secs(20),
        }
    }
}

/// A credential with its secret. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// When it was made.
    pub issued: Timestamp,
    /// Whose it is.
    pub user: Arc<User>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("access_key_id", &self.access_key_id)
            .field("user", &self.user.name)
            .finish_non_exhaustive()
    }
}

/// A key pair chosen or made up.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyPair")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A fresh one.
    pub fn generate(ids: &Ids) -> Self {
        Self {
            access_key_id: crate::generate_access_key_id(ids),
            secret_access_key: crate::generate_secret_access_key(ids),
        }
    }
}

/// What was stored at a moment.
#[derive(Debug, Default)]
struct Snapshot {
    taken: Timestamp,
    user: Option<(Bytes, Arc<User>)>,
    credentials: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    raw: Vec<u8>,
    stored: StoredCredential,
    /// `None` where the secret does not decrypt.
    credential: Option<Arc<Credential>>,
}

impl Snapshot {
    fn held(&self, access_key_id: &str) -> Option<&Held> {
        self.credentials
            .iter()
            .find(|held| held.stored.access_key_id == access_key_id)
    }

    fn user(&self, name: &str) -> Option<&Arc<User>> {
        let (_, user) = self.user.as_ref()?;
        (user.name == name).then_some(user)
    }
}

/// The users there are.
#[derive(Debug)]
pub struct Directory {
    kv: Arc<dyn KvStore>,
    ids: Arc<Ids>,
    secret: SharedSecret,
    options: DirectoryOptions,
    snapshot: RwLock<Option<Arc<Snapshot>>>,
    /// Held while reading and while changing, so that nothing read before a change is remembered
    /// after it.
    refresh: tokio::sync::Mutex<()>,
}

impl Directory {
    /// A directory that has read nothing yet.
    pub fn new(
        kv: Arc<dyn KvStore>,
        ids: Arc<Ids>,
        secret: SharedSecret,
        options: DirectoryOptions,
    ) -> Self {
        Self {
            kv,
            ids,
            secret,
            options,
            snapshot: RwLock::new(None),
            refresh: tokio::sync::Mutex::new(()),
        }
    }

    /// The user with this key pair.
    pub async fn verify(
        &self,
        access_key_id: &str,
        secret_access_key: &str,
    ) -> Result<Arc<User>, AuthError> {
        let credential = self.credential(access_key_id).await?;
        let (presented, stored) = (
            secret_access_key.as_bytes(),
            credential.secret_access_key.as_bytes(),
        );
        if bool::from(presented.ct_eq(stored)) {
            Ok(Arc::clone(&credential.user))
        } else {
            Err(AuthError::Unauthenticated)
        }
    }

    /// The credential with this access key id, for verifying signatures;
    /// [`AuthError::Unauthenticated`] when there is none.
    pub async fn credential(&self, access_key_id: &str) -> Result<Arc<Credential>, AuthError> {
        let mut snapshot = self.current(self.options.cache_ttl).await?;
        if snapshot.held(access_key_id).is_none() {
            // One look serves all who wait for it, so that unknown keys keep the store busy with one
            // read at a time, however many there are.
            snapshot = self.current(Duration::ZERO).await?;
        }
        let Some(held) = snapshot.held(access_key_id) else {
            return Err(AuthError::Unauthenticated);
        };
        match &held.credential {
            Some(credential) => Ok(Arc::clone(credential)),
            None if is_users(&held.stored, &snapshot) => Err(AuthError::WrongSecretKey {
                access_key_id: access_key_id.to_owned(),
            }),
            // Left behind by a user who was removed.
            None => Err(AuthError::Unauthenticated),
        }
    }

    /// The user of this name; [`AuthError::UserNotFound`] when there is none.
    pub async fn user(&self, name: &str) -> Result<Arc<User>, AuthError> {
        let snapshot = self.current(self.options.cache_ttl).await?;
        match snapshot.user(name) {
            Some(user) => Ok(Arc::clone(user)),
            None => Err(AuthError::UserNotFound {
                name: name.to_owned(),
            }),
        }
    }

    /// All users: none or one.
    pub async fn users(&self) -> Result<Vec<Arc<User>>, AuthError> {
        let snapshot = self.current(Duration::ZERO).await?;
        Ok(snapshot
            .user
            .iter()
            .map(|(_, user)| Arc::clone(user))
            .collect())
    }

    /// When the user's credential with this access key id was made.
    pub async fn credential_issued(
        &self,
        user: &str,
        access_key_id: &str,
    ) -> Result<Timestamp, AuthError> {
        let snapshot = self.current(Duration::ZERO).await?;
        match (snapshot.user(user), snapshot.held(access_key_id)) {
            (None, _) => Err(AuthError::UserNotFound {
                name: user.to_owned(),
            }),
            (Some(_), Some(held)) if is_users(&held.stored, &snapshot) => {
                Ok(held.stored.issued_date.unwrap_or_default().into())
            }
            _ => Err(AuthError::CredentialNotFound {
                access_key_id: access_key_id.to_owned(),
            }),
        }
    }

    /// Whether every stored secret decrypts: fails when the server was started with another shared
    /// secret than the installation was set up with.
    pub async fn check_secret(&self) -> Result<(), AuthError> {
        let snapshot = self.current(Duration::ZERO).await?;
        let broken = snapshot
            .credentials
            .iter()
            .find(|held| held.credential.is_none() && is_users(&held.stored, &snapshot));
        match broken {
            None => Ok(()),
            Some(held) => Err(AuthError::WrongSecretKey {
                access_key_id: held.stored.access_key_id.clone(),
            }),
        }
    }

    /// Makes the user, without a credential.
    pub async fn create_user(&self, name: &str) -> Result<Arc<User>, AuthError> {
        check_name(name)?;
        let _change = self.begin_change().await;
        let user = self.new_user(name);
        match self.put_user(&user, Predicate::Absent).await? {
            SetIfOutcome::Stored => Ok(Arc::new(user.to_user())),
            SetIfOutcome::Mismatch => Err(AuthError::UserExists),
        }
    }

    /// Makes the user and its credential. Goes on where an earlier call for the same name was
    /// interrupted before it had made the credential.
    pub async fn create_user_with_key(
        &self,
        name: &str,
        key: &KeyPair,
    ) -> Result<Arc<Credential>, AuthError> {
        check_name(name)?;
        check_key(key)?;
        let _change = self.begin_change().await;
        let user = self.new_user(name);
        if self.put_user(&user, Predicate::Absent).await? == SetIfOutcome::Mismatch {
            let found = self.load(None).await?;
            let resumable = found.user(name).is_some()
                && !found
                    .credentials
                    .iter()
                    .any(|held| is_users(&held.stored, &found));
            if !resumable {
                return Err(AuthError::UserExists);
            }
        }
        self.replace_credentials(&user, key).await
    }

    /// Makes the user and its credential in place of one that was left by an interrupted setup at
    /// least `abandoned_after` ago. A younger one may be another server's setup under way.
    pub(crate) async fn claim(
        &self,
        name: &str,
        key: &KeyPair,
        abandoned_after: Duration,
    ) -> Result<Arc<Credential>, AuthError> {
        check_name(name)?;
        check_key(key)?;
        let _change = self.begin_change().await;
        let user = self.new_user(name);
        let found = self.load(None).await?;
        let predicate = match &found.user {
            None => Predicate::Absent,
            Some((raw, old)) if self.now().since(old.created_at) >= abandoned_after => {
                Predicate::Value(raw)
            }
            Some(_) => return Err(AuthError::AlreadySetUp),
        };
        match self.put_user(&user, predicate).await? {
            SetIfOutcome::Stored => self.replace_credentials(&user, key).await,
            SetIfOutcome::Mismatch => Err(AuthError::AlreadySetUp),
        }
    }

    /// Gives the user its credential.
    pub async fn create_credential(
        &self,
        user: &str,
        key: &KeyPair,
    ) -> Result<Arc<Credential>, AuthError> {
        check_key(key)?;
        let _change = self.begin_change().await;
        let found = self.load(None).await?;
        let Some(owner) = found.user(user) else {
            return Err(AuthError::UserNotFound {
                name: user.to_owned(),
            });
        };
        if found
            .credentials
            .iter()
            .any(|held| is_users(&held.stored, &found))
        {
            return Err(AuthError::CredentialExists {
                name: user.to_owned(),
            });
        }
        self.put_credential(owner, key).await
    }

    /// Removes the user and its credential. Nobody can log in afterwards until a new one is made.
    pub async fn delete_user(&self, name: &str) -> Result<(), AuthError> {
        let _change = self.begin_change().await;
        let found = self.load(None).await?;
        if found.user(name).is_none() {
            return Err(AuthError::UserNotFound {
                name: name.to_owned(),
            });
        }
        // The user goes first: a credential without its user is worth nothing.
        self.kv
            .delete(BASIC, ADMIN_KEY)
            .await
            .map_err(AuthError::Store)?;
        self.remove_credentials(&found, None).await
    }

    /// Takes over a user as it was stored, with one key, unless there is one.
    pub(crate) async fn adopt(&self, user: &StoredUser, key: &KeyPair) -> Result<(), AuthError> {
        let _change = self.begin_change().await;
        match self.put_user(user, Predicate::Absent).await? {
            SetIfOutcome::Stored => self.replace_credentials(user, key).await.map(|_| ()),
            SetIfOutcome::Mismatch => Err(AuthError::UserExists),
        }
    }

    fn now(&self) -> Timestamp {
        self.ids.clock().now()
    }

    fn new_user(&self, name: &str) -> StoredUser {
        StoredUser {
            created_at: Some(self.now().into()),
            username: name.to_owned(),
            source: INTERNAL.to_owned(),
            ..StoredUser::default()
        }
    }

    async fn put_user(
        &self,
        user: &StoredUser,
        predicate: Predicate<'_>,
    ) -> Result<SetIfOutcome, AuthError> {
        let value = user.encode_to_vec();
        match self.kv.set_if(BASIC, ADMIN_KEY, &value, predicate).await {
            // The record holds the moment to the nanosecond: if it reads back, it is ours.
            Err(KvError::Indeterminate { .. })
                if self.read(ADMIN_KEY).await?.as_deref() == Some(&value[..]) =>
            {
                Ok(SetIfOutcome::Stored)
            }
            outcome => outcome.map_err(AuthError::Store),
        }
    }

    /// Makes `key` the only credential.
    async fn replace_credentials(
        &self,
        user: &StoredUser,
        key: &KeyPair,
    ) -> Result<Arc<Credential>, AuthError> {
        let found = self.load(None).await?;
        let credential = self.put_credential(&Arc::new(user.to_user()), key).await?;
        self.remove_credentials(&found, Some(&key.access_key_id))
            .await?;
        Ok(credential)
    }

    async fn put_credential(
        &self,
        user: &Arc<User>,
        key: &KeyPair,
    ) -> Result<Arc<Credential>, AuthError> {
        let issued = self.now();
        let stored = StoredCredential {
            access_key_id: key.access_key_id.clone(),
            secret_encrypted: self.secret.encrypt(&key.secret_access_key, &self.ids),
            issued_date: Some(issued.into()),
            user_id: user.name.clone().into_bytes(),
        };
        self.kv
            .set(
                BASIC,
                &credential_key(&key.access_key_id),
                &stored.encode_to_vec(),
            )
            .await
            .map_err(AuthError::Store)?;
        Ok(Arc::new(Credential {
            access_key_id: key.access_key_id.clone(),
            secret_access_key: key.secret_access_key.clone(),
            issued,
            user: Arc::clone(user),
        }))
    }

    async fn remove_credentials(
        &self,
        found: &Snapshot,
        except: Option<&str>,
    ) -> Result<(), AuthError> {
        for held in &found.credentials {
            if Some(held.stored.access_key_id.as_str()) != except {
                let key = credential_key(&held.stored.access_key_id);
                self.kv
                    .delete(BASIC, &key)
                    .await
                    .map_err(AuthError::Store)?;
            }
        }
        Ok(())
    }

    async fn read(&self, key: &[u8]) -> Result<Option<Bytes>, AuthError> {
        self.kv.get(BASIC, key).await.map_err(AuthError::Store)
    }

    /// Forgets what was read, now and when the change ends: also when it fails or is dropped half
    /// way.
    async fn begin_change(&self) -> Change<'_> {
        let guard = self.refresh.lock().await;
        Change {
            directory: self,
            _guard: guard,
        }
    }

    /// What is stored, read at most `max_age` ago.
    async fn current(&self, max_age: Duration) -> Result<Arc<Snapshot>, AuthError> {
        if let Some(snapshot) = self.fresh(max_age) {
            return Ok(snapshot);
        }
        let asked = self.now();
        let _guard = self.refresh.lock().await;
        // Somebody may have read it while this call waited.
        let before = self.snapshot.read().clone();
        if let Some(snapshot) = &before
            && (snapshot.taken > asked || self.fresh(max_age).is_some())
        {
            return Ok(Arc::clone(snapshot));
        }
        let snapshot = Arc::new(self.load(before.as_deref()).await?);
        *self.snapshot.write() = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn fresh(&self, max_age: Duration) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshot.read();
        let taken = snapshot.as_ref()?.taken;
        let now = self.now();
        // A clock that was set back makes what is held of unknown age.
        (taken <= now && now.since(taken) < max_age)
            .then(|| snapshot.clone())
            .flatten()
    }

    /// Reads what is stored. Secrets whose record did not change are not decrypted again.
    async fn load(&self, before: Option<&Snapshot>) -> Result<Snapshot, AuthError> {
        let taken = self.now();
        let user = match self.read(ADMIN_KEY).await? {
            None => None,
            Some(raw) => {
                let stored: StoredUser = decode(ADMIN_KEY, &raw)?;
                Some((raw, Arc::new(stored.to_user())))
            }
        };
        let mut snapshot = Snapshot {
            taken,
            user,
            credentials: Vec::new(),
        };
        let same_user = before.is_some_and(|before| {
            before.user.as_ref().map(|(_, user)| user) == snapshot.user.as_ref().map(|(_, u)| u)
        });
        let page = self
            .kv
            .scan(BASIC, ADMIN_CREDENTIALS.as_bytes(), MAX_CREDENTIALS)
            .await
            .map_err(AuthError::Store)?;
        for (key, raw) in page.iter() {
            if !key.starts_with(ADMIN_CREDENTIALS.as_bytes()) {
                break;
            }
            let stored: StoredCredential = decode(key, raw)?;
            let known = before
                .filter(|_| same_user)
                .and_then(|before| before.held(&stored.access_key_id))
                .filter(|held| held.raw == raw)
                .and_then(|held| held.credential.clone());
            let credential = known.or_else(|| self.open(&stored, &snapshot));
            snapshot.credentials.push(Held {
                raw: raw.to_vec(),
                stored,
                credential,
            });
        }
        Ok(snapshot)
    }

    fn open(&self, stored: &StoredCredential, snapshot: &Snapshot) -> Option<Arc<Credential>> {
        let (_, user) = snapshot
            .user
            .as_ref()
            .filter(|_| is_users(stored, snapshot))?;
        let secret = self.secret.decrypt(&stored.secret_encrypted).ok()?;
        Some(Arc::new(Credential {
            access_key_id: stored.access_key_id.clone(),
            secret_access_key: secret,
            issued: stored.issued_date.unwrap_or_default().into(),
            user: Arc::clone(user),
        }))
    }
}

fn is_users(credential: &StoredCredential, snapshot: &Snapshot) -> bool {
    snapshot
        .user
        .as_ref()
        .is_some_and(|(_, user)| user.name.as_bytes() == credential.user_id)
}

struct Change<'a> {
    directory: &'a Directory,
    _guard: tokio::sync::MutexGuard<'a, ()>,
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        *self.directory.snapshot.write() = None;
    }
}

fn check_name(name: &str) -> Result<(), AuthError> {
    let reason = if name.is_empty() {
        "a user needs a name"
    } else if name.contains(['/', '%']) {
        "a user name cannot contain '/' or '%'"
    } else if name.len() > 1024 {
        "a user name has at most 1024 bytes"
    } else {
        return Ok(());
    };
    Err(AuthError::Invalid {
        reason: reason.to_owned(),
    })
}

fn check_key(key: &KeyPair) -> Result<(), AuthError> {
    let reason = if key.access_key_id.is_empty() || key.secret_access_key.is_empty() {
        "access key id and secret access key cannot be empty"
    } else if key.access_key_id.contains(['/', ':']) || key.access_key_id.len() > 128 {
        "an access key id has at most 128 characters, none of them '/' or ':'"
    } else if key.secret_access_key.len() > 1024 {
        "a secret access key has at most 1024 bytes"
    } else {
        return Ok(());
    };
    Err(AuthError::Invalid {
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests;
