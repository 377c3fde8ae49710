//! Opens the stores the settings name and puts the layers on top of each other.

use std::sync::Arc;

use lakefs_auth::{AdminMayAll, Auth, AuthParts, DirectoryOptions, SharedSecret};
use lakefs_block::{
    BlockError, BlockStore, Instrumented, LocalBlockStore, LocalOptions, MemBlockStore,
    S3BlockStore, S3Options, StaticCredentials,
};
use lakefs_kv::{
    EmbeddedKv, EmbeddedOptions, KvError, KvStore, MemKv, PostgresKv, PostgresOptions,
};
use lakefs_runtime::{Ids, SystemClock, TaskScope};
use lakefs_service::{LoginOptions, Service, ServiceOptions, ServiceParts};
use lakefs_tree::{DiskCacheConfig, RangePolicy, TreeConfig, TreeStore};
use lakefs_versioning::{Engine, EngineOptions, EngineParts, NoHooks};

use crate::logging::parse_level;
use crate::metrics::{MeteredKv, Metrics};
use crate::settings::{Settings, process_environment};

/// Why the stores cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WiringError {
    #[error("cannot open the key-value store")]
    Kv(#[source] KvError),
    #[error("cannot open the block store")]
    Block(#[source] BlockError),
    #[error("{key} {value} is not built in this version")]
    NotBuilt { key: &'static str, value: String },
    #[error("{key} is not set")]
    NotSet { key: &'static str },
}

/// Identifiers of this process.
pub(crate) fn ids() -> Arc<Ids> {
    Arc::new(Ids::system(Arc::new(SystemClock)))
}

/// Opens the key-value store.
pub(crate) async fn open_kv(settings: &Settings) -> Result<Arc<dyn KvStore>, WiringError> {
    let database = &settings.database;
    match database.kind.as_str() {
        "mem" => Ok(Arc::new(MemKv::new())),
        "local" => {
            let key = "database.local.path";
            let path = database.local_path.as_deref();
            let path = path.ok_or(WiringError::NotSet { key })?;
            let store = EmbeddedKv::open(path, EmbeddedOptions::default()).await;
            Ok(Arc::new(store.map_err(WiringError::Kv)?))
        }
        "postgres" => {
            let defaults = PostgresOptions::default();
            let store = PostgresKv::open(PostgresOptions {
                connection_string: database.postgres_url.expose().to_owned(),
                max_open_connections: database.postgres_max_connections,
                max_idle_connections: database.postgres_max_idle,
                connection_max_lifetime: database.postgres_max_lifetime,
                scan_page_size: match database.postgres_scan_page {
                    0 => defaults.scan_page_size,
                    chosen => chosen,
                },
                answer_timeout: defaults.answer_timeout,
            })
            .await;
            Ok(Arc::new(store.map_err(WiringError::Kv)?))
        }
        other => Err(WiringError::NotBuilt {
            key: "database.type",
            value: other.to_owned(),
        }),
    }
}

/// Opens the block store.
pub(crate) fn open_blocks(
    settings: &Settings,
    ids: &Arc<Ids>,
    tasks: &TaskScope,
) -> Result<Arc<dyn BlockStore>, WiringError> {
    let blockstore = &settings.blockstore;
    match blockstore.kind.as_str() {
        "mem" => Ok(Arc::new(MemBlockStore::new(Arc::clone(ids)))),
        "local" => {
            let key = "blockstore.local.path";
            let root = blockstore.local_path.clone();
            let options = LocalOptions {
                root: root.ok_or(WiringError::NotSet { key })?,
                import_enabled: blockstore.local_import,
                import_hidden: blockstore.local_import_hidden,
                allowed_external_prefixes: blockstore.local_external_prefixes.clone(),
                default_namespace_prefix: Some(blockstore.default_namespace_prefix.clone())
                    .filter(|prefix| !prefix.is_empty()),
            };
            let store = LocalBlockStore::open(&options, Arc::clone(ids));
            Ok(Arc::new(store.map_err(WiringError::Block)?))
        }
        "s3" => {
            let store = S3BlockStore::new(s3_options(settings), Arc::clone(ids), tasks.clone());
            Ok(Arc::new(store.map_err(WiringError::Block)?))
        }
        other => Err(WiringError::NotBuilt {
            key: "blockstore.type",
            value: other.to_owned(),
        }),
    }
}

fn s3_options(settings: &Settings) -> S3Options {
    let s3 = &settings.blockstore.s3;
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let has_keys = !s3.access_key_id.is_empty() || !s3.secret_access_key.is_empty();
    S3Options {
        region: s3.region.clone(),
        profile: filled(&s3.profile),
        credentials_file: s3.credentials_file.clone(),
        credentials: has_keys.then(|| StaticCredentials {
            access_key_id: s3.access_key_id.expose().to_owned(),
            secret_access_key: s3.secret_access_key.expose().to_owned(),
            session_token: filled(s3.session_token.expose()),
        }),
        endpoint: filled(&s3.endpoint),
        max_retries: s3.max_retries,
        force_path_style: s3.force_path_style,
        discover_bucket_region: s3.discover_bucket_region,
        skip_verify_certificate_test_only: s3.skip_verify,
        server_side_encryption: filled(&s3.server_side_encryption),
        server_side_encryption_kms_key_id: filled(&s3.kms_key_id),
        pre_signed_expiry: s3.presign_expiry,
        pre_signed_endpoint: filled(&s3.presign_endpoint),
        disable_pre_signed: s3.disable_presign,
        disable_pre_signed_ui: s3.disable_presign_ui,
        disable_pre_signed_multipart: s3.disable_presign_multipart,
        web_identity_session_duration: Some(s3.web_identity_duration)
            .filter(|duration| !duration.is_zero()),
        web_identity_session_expiry_window: s3.web_identity_window,
        default_namespace_prefix: filled(&settings.blockstore.default_namespace_prefix),
        environment: process_environment().into_iter().collect(),
        ..S3Options::default()
    }
}

/// Measures a key-value store.
pub(crate) fn metered_kv(kv: Arc<dyn KvStore>, metrics: &Metrics) -> Arc<dyn KvStore> {
    Arc::new(MeteredKv::new(kv, metrics))
}

/// Measures a block store.
pub(crate) fn metered_blocks(
    blocks: Arc<dyn BlockStore>,
    metrics: &mut Metrics,
) -> Arc<dyn BlockStore> {
    let observer = metrics.register_blocks(blocks.descriptor().kind);
    Arc::new(Instrumented::new(blocks, Arc::new(observer)))
}

/// Users and credentials.
pub(crate) fn auth(settings: &Settings, kv: &Arc<dyn KvStore>, ids: &Arc<Ids>) -> Auth {
    Auth::new(AuthParts {
        kv: Arc::clone(kv),
        ids: Arc::clone(ids),
        secret: SharedSecret::new(settings.auth.secret_key.expose()),
        directory: DirectoryOptions {
            cache_ttl: if settings.auth.cache_enabled {
                settings.auth.cache_ttl
            } else {
                std::time::Duration::ZERO
            },
        },
    })
}

/// The tables of commits.
pub(crate) fn tree(settings: &Settings, blocks: &Arc<dyn BlockStore>) -> TreeStore {
    let committed = &settings.committed;
    let defaults = TreeConfig::default();
    let chosen = committed.memory_cache_bytes;
    let local = blocks.descriptor().kind != "s3";
    TreeStore::new(
        Arc::clone(blocks),
        TreeConfig {
            block_cache_bytes: chosen.map_or(defaults.block_cache_bytes, |bytes| {
                usize::try_from(bytes).unwrap_or(usize::MAX)
            }),
            disk_cache: committed
                .cache_dir
                .clone()
                .filter(|_| !local && committed.cache_bytes > 0)
                .map(|directory| DiskCacheConfig {
                    directory,
                    capacity_bytes: committed.cache_bytes,
                }),
            ranges: RangePolicy {
                min_size_bytes: committed.min_range_bytes,
                max_size_bytes: committed.max_range_bytes,
                raggedness_entries: committed.raggedness,
            },
            prefix: committed.prefix.clone(),
            ..defaults
        },
    )
}

/// The versioning engine.
pub(crate) fn engine(
    settings: &Settings,
    kv: &Arc<dyn KvStore>,
    blocks: &Arc<dyn BlockStore>,
    ids: &Arc<Ids>,
    tasks: &TaskScope,
) -> Engine {
    Engine::new(
        EngineParts {
            kv: Arc::clone(kv),
            blocks: Arc::clone(blocks),
            tree: tree(settings, blocks),
            clock: Arc::clone(ids.clock()),
            ids: Arc::clone(ids),
            tasks: tasks.clone(),
            hooks: Arc::new(NoHooks),
        },
        EngineOptions {
            repository_cache_ttl: settings.repository_cache_ttl,
            ensure_readable_root_namespace: settings.ensure_readable_root,
            ..EngineOptions::default()
        },
    )
}

/// The use-cases.
pub(crate) fn service(
    settings: &Settings,
    kv: &Arc<dyn KvStore>,
    blocks: &Arc<dyn BlockStore>,
    auth: &Arc<Auth>,
    engine: &Engine,
    ids: &Arc<Ids>,
) -> Service {
    let ui = &settings.auth.ui;
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Service::new(ServiceParts {
        kv: Arc::clone(kv),
        blocks: Arc::clone(blocks),
        auth: Arc::clone(auth),
        engine: engine.clone(),
        authorizer: Arc::new(AdminMayAll),
        clock: Arc::clone(ids.clock()),
        ids: Arc::clone(ids),
        options: ServiceOptions {
            signing_secret: settings.blockstore.signing_key.expose().to_owned(),
            presign_expiry: settings.blockstore.s3.presign_expiry,
            login_duration: settings.auth.login_duration,
            tables_prefix: settings.committed.prefix.clone(),
            // Lines nobody wants are dropped by the logger.
            audit_level: parse_level(&settings.logging.audit_level)
                .unwrap_or(tracing::Level::TRACE),
            login: LoginOptions {
                rbac: "none".to_owned(),
                login_url: ui.login_url.clone(),
                login_failed_message: ui.login_failed_message.clone(),
                fallback_login_url: filled(&ui.fallback_login_url),
                fallback_login_label: filled(&ui.fallback_login_label),
                login_cookie_names: ui.login_cookie_names.clone(),
                logout_url: ui.logout_url.clone(),
                use_login_placeholders: ui.use_login_placeholders,
            },
            ..ServiceOptions::default()
        },
    })
}
