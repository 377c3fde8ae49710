//! What is checked and prepared between opening the stores and serving: schema version, secret key,
//! older users, automatic setup, the kind of storage of each repository.

use std::fmt;

use lakefs_auth::{Auth, AuthError, KeyPair, LegacyOutcome};
use lakefs_kv::{KvError, KvStore};
use lakefs_service::ServiceOptions;
use lakefs_versioning::{Engine, ListRefs};

use crate::settings::{Preset, Secret, Settings, process_environment};

const SCHEMA_PARTITION: &[u8] = b"kv-internal-metadata";
const SCHEMA_KEY: &[u8] = b"kv/schema/version";
/// Version of the stored records this server reads and writes.
pub(crate) const SCHEMA_VERSION: u32 = 4;
const REPOSITORY_PAGE: usize = 1000;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartupError {
    #[error("cannot read the key-value store")]
    Kv(#[source] KvError),
    #[error(
        "the stored metadata has schema version {found}, this server works with {SCHEMA_VERSION}: \
         it was written by a newer server"
    )]
    NewerSchema { found: u32 },
    #[error(
        "the stored metadata has schema version {found}, this server works with {SCHEMA_VERSION}: \
         run `lakefs migrate up`"
    )]
    OlderSchema { found: u32 },
    #[error("the stored schema version {found:?} is not a number from 1 up")]
    UnreadableSchema { found: String },
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error("cannot list repositories")]
    Repositories(#[source] lakefs_versioning::Error),
    #[error(
        "repository {repository} lives in {namespace}, which the configured {kind} store cannot \
         hold; start with --allow-mismatched-repos to serve the others"
    )]
    MismatchedRepository {
        repository: String,
        namespace: String,
        kind: &'static str,
    },
    #[error("repository {repository} lives in storage {storage:?}, and only one is configured")]
    UnknownStorage { repository: String, storage: String },
}

/// What is stored about the version of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// A new installation.
    Absent,
    Current,
    Older(u32),
    Newer(u32),
    Unreadable(String),
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("none"),
            Self::Current => SCHEMA_VERSION.fmt(f),
            Self::Older(found) | Self::Newer(found) => found.fmt(f),
            Self::Unreadable(found) => write!(f, "{found:?}"),
        }
    }
}

/// Judges a stored version.
fn decide_schema(stored: Option<&[u8]>) -> SchemaState {
    let Some(stored) = stored else {
        return SchemaState::Absent;
    };
    let text = String::from_utf8_lossy(stored);
    match text.parse::<u32>() {
        Ok(SCHEMA_VERSION) => SchemaState::Current,
        Ok(found) if found > SCHEMA_VERSION => SchemaState::Newer(found),
        Ok(found) if found >= 1 => SchemaState::Older(found),
        _ => SchemaState::Unreadable(text.into_owned()),
    }
}

/// The stored version.
pub(crate) async fn read_schema(kv: &dyn KvStore) -> Result<SchemaState, StartupError> {
    let stored = kv
        .get(SCHEMA_PARTITION, SCHEMA_KEY)
        .await
        .map_err(StartupError::Kv)?;
    Ok(decide_schema(stored.as_deref()))
}

/// Refuses a store this server cannot work on. A new one is fine.
pub(crate) async fn check_schema(kv: &dyn KvStore) -> Result<(), StartupError> {
    match read_schema(kv).await? {
        SchemaState::Absent | SchemaState::Current => Ok(()),
        SchemaState::Older(found) => Err(StartupError::OlderSchema { found }),
        SchemaState::Newer(found) => Err(StartupError::NewerSchema { found }),
        SchemaState::Unreadable(found) => Err(StartupError::UnreadableSchema { found }),
    }
}

/// Stores the version this server works with.
pub(crate) async fn write_schema(kv: &dyn KvStore) -> Result<(), StartupError> {
    kv.set(
        SCHEMA_PARTITION,
        SCHEMA_KEY,
        SCHEMA_VERSION.to_string().as_bytes(),
    )
    .await
    .map_err(StartupError::Kv)
}

/// Makes sure that stored secrets can be read, and that an older installation's user is taken over.
pub(crate) async fn check_users(auth: &Auth) -> Result<(), StartupError> {
    match auth.import_legacy_user().await? {
        LegacyOutcome::NotNeeded => {}
        LegacyOutcome::Imported { user } => {
            tracing::info!(user, "took over the administrator of an older version");
        }
        LegacyOutcome::NoUser => {
            tracing::warn!("there is no administrator: run `lakefs superuser`");
        }
    }
    auth.directory().check_secret().await?;
    Ok(())
}

/// Makes the configured first administrator of a new installation. Only on stores of this process:
/// on a shared one the keys in a configuration file would come back after they were revoked.
/// Answers whether it did.
pub(crate) async fn automatic_setup(
    settings: &Settings,
    kv: &dyn KvStore,
    auth: &Auth,
) -> Result<bool, StartupError> {
    let wanted = &settings.installation;
    let complete = ![&wanted.access_key_id, &wanted.secret_access_key]
        .into_iter()
        .any(Secret::is_empty)
        && !wanted.user_name.is_empty();
    if !complete || !matches!(kv.kind(), "local" | "mem") {
        return Ok(false);
    }
    if auth.installation().is_initialized().await? {
        return Ok(false);
    }
    write_schema(kv).await?;
    let key = KeyPair {
        access_key_id: wanted.access_key_id.expose().to_owned(),
        secret_access_key: wanted.secret_access_key.expose().to_owned(),
    };
    // The store is this process's alone, so a setup that a crash cut short is ours to finish.
    auth.setup_alone(&wanted.user_name, key, "none").await?;
    tracing::info!(user = wanted.user_name, "made the first administrator");
    Ok(true)
}

/// Records which server runs on the installation, under the names lakeFS uses, and gives the
/// installation an identifier if it has none.
pub(crate) async fn record_installation(
    settings: &Settings,
    kv: &dyn KvStore,
    auth: &Auth,
) -> Result<(), StartupError> {
    let installation = auth.installation();
    let fixed = Some(settings.installation.fixed_id.as_str()).filter(|id| !id.is_empty());
    installation.ensure_id(fixed).await?;
    let yes_or_no = |yes| if yes { "true" } else { "false" };
    let in_container = std::path::Path::new("/.dockerenv").exists();
    let in_cluster = process_environment().contains_key("KUBERNETES_SERVICE_HOST");
    let api_version = ServiceOptions::default().api_version;
    installation
        .record_server(&[
            ("lakefs_version", &api_version),
            ("lakefs_kv_type", kv.kind()),
            ("architecture", std::env::consts::ARCH),
            ("os", std::env::consts::OS),
            ("is_k8s", yes_or_no(in_cluster)),
            ("is_docker", yes_or_no(in_container)),
            (
                "instrumentation",
                match settings.preset {
                    Preset::Quickstart => "Quickstart",
                    _ => "Run",
                },
            ),
        ])
        .await?;
    Ok(())
}

/// Refuses to serve repositories the configured store cannot hold: reading them would fail one
/// request at a time, writing to them would lose data.
pub(crate) async fn check_repositories(
    engine: &Engine,
    kind: &'static str,
    scheme: &str,
) -> Result<(), StartupError> {
    let mut list = ListRefs {
        amount: REPOSITORY_PAGE,
        ..ListRefs::default()
    };
    loop {
        let page = engine.list_repositories(&list, "").await;
        let page = page.map_err(StartupError::Repositories)?;
        for item in &page.items {
            let repository = match item {
                Ok(repository) => repository,
                // One damaged record is no reason to serve none of the others.
                Err(damaged) => {
                    tracing::error!(
                        error = &damaged.error as &dyn std::error::Error,
                        "a repository could not be checked"
                    );
                    continue;
                }
            };
            let namespace = repository.namespace.as_str();
            if !repository.storage_id.is_empty() {
                return Err(StartupError::UnknownStorage {
                    repository: repository.id.to_string(),
                    storage: repository.storage_id.clone(),
                });
            }
            if namespace
                .split_once("://")
                .is_none_or(|(used, _)| used != scheme)
            {
                return Err(StartupError::MismatchedRepository {
                    repository: repository.id.to_string(),
                    namespace: namespace.to_owned(),
                    kind,
                });
            }
        }
        match page.last {
            Some(name) if page.has_more => list.after = name,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lakefs_kv::MemKv;

    use super::*;
    use crate::settings::Sources;
    use crate::wiring;

    #[test]
    fn stored_versions_are_judged() {
        for (stored, wanted) in [
            (None, SchemaState::Absent),
            (Some(&b"4"[..]), SchemaState::Current),
            (Some(b"3"), SchemaState::Older(3)),
            (Some(b"5"), SchemaState::Newer(5)),
            (Some(b"0"), SchemaState::Unreadable("0".into())),
            (Some(b"four"), SchemaState::Unreadable("four".into())),
        ] {
            assert_eq!(decide_schema(stored), wanted);
        }
    }

    #[tokio::test]
    async fn a_newer_or_older_store_is_refused_with_advice() {
        let kv = MemKv::new();
        check_schema(&kv).await.unwrap();
        write_schema(&kv).await.unwrap();
        check_schema(&kv).await.unwrap();
        kv.set(SCHEMA_PARTITION, SCHEMA_KEY, b"5").await.unwrap();
        let error = check_schema(&kv).await.unwrap_err().to_string();
        assert!(error.contains("newer server"), "{error}");
        kv.set(SCHEMA_PARTITION, SCHEMA_KEY, b"2").await.unwrap();
        let error = check_schema(&kv).await.unwrap_err().to_string();
        assert!(error.contains("lakefs migrate up"), "{error}");
    }

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let always = [
            ("HOME", "/nonexistent/home"),
            ("LAKEFS_DATABASE_TYPE", "mem"),
            ("LAKEFS_BLOCKSTORE_TYPE", "mem"),
            ("LAKEFS_AUTH_ENCRYPT_SECRET_KEY", "s"),
        ];
        let environment = always
            .iter()
            .chain(pairs)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::load(&Sources {
            environment,
            ..Sources::default()
        })
        .unwrap()
    }

    #[tokio::test]
    async fn the_installation_knows_who_runs_on_it() {
        let settings = settings(&[("LAKEFS_INSTALLATION_FIXED_ID", "mine")]);
        let kv: Arc<dyn KvStore> = Arc::new(MemKv::new());
        let auth = wiring::auth(&settings, &kv, &wiring::ids());
        for _ in 0..2 {
            record_installation(&settings, &*kv, &auth).await.unwrap();
        }
        let id = auth.installation().id().await.unwrap();
        assert_eq!(id.as_deref(), Some("mine"));
        for (name, value) in [
            ("lakefs_version", "1.84.0"),
            ("lakefs_kv_type", kv.kind()),
            ("os", std::env::consts::OS),
            ("instrumentation", "Run"),
        ] {
            let key = format!("installation_metadata/{name}");
            let stored = kv.get(b"auth", key.as_bytes()).await.unwrap();
            assert_eq!(stored.as_deref(), Some(value.as_bytes()), "{name}");
        }
        assert!(!auth.installation().is_initialized().await.unwrap());
    }

    #[tokio::test]
    async fn a_damaged_repository_does_not_keep_the_server_from_starting() {
        let settings = settings(&[]);
        let (ids, tasks) = (wiring::ids(), lakefs_runtime::TaskScope::new());
        let kv: Arc<dyn KvStore> = Arc::new(MemKv::new());
        let blocks = wiring::open_blocks(&settings, &ids, &tasks).unwrap();
        let engine = wiring::engine(&settings, &kv, &blocks, &ids, &tasks);
        check_repositories(&engine, "mem", "mem").await.unwrap();
        kv.set(b"graveler", b"repos/broken", b"\x0a\xff")
            .await
            .unwrap();
        check_repositories(&engine, "mem", "mem").await.unwrap();
        // The others are checked all the same.
        let request = lakefs_versioning::CreateRepository {
            id: lakefs_types::RepositoryId::new("sound").unwrap(),
            namespace: lakefs_types::StorageNamespace::new("mem://sound").unwrap(),
            default_branch: lakefs_types::BranchId::new("main").unwrap(),
            read_only: false,
            bare: true,
            storage_id: String::new(),
        };
        engine.create_repository(&request).await.unwrap();
        let refused = check_repositories(&engine, "local", "local").await;
        assert!(
            matches!(refused, Err(StartupError::MismatchedRepository { .. })),
            "{refused:?}"
        );
    }
}
