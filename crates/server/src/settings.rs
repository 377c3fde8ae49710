//! The server's configuration: lakeFS's keys, environment variables, defaults and presets as one typed
//! value. Only this module and its children read the environment.
//!
//! `keys` is the table of all keys, `load` gathers their values and refuses what cannot be honoured,
//! and [`Settings`] is what the rest of the program sees.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod duration;
mod gateway;
mod keys;
mod load;
mod reference;
mod secret;
mod value;

pub(crate) use load::{
    Preset, QUICKSTART_ACCESS_KEY, QUICKSTART_SECRET_KEY, SettingsError, Sources,
};
pub(crate) use reference::markdown as reference_markdown;
pub(crate) use secret::Secret;

use lakefs_gateway::GatewayOptions;
use load::Values;
use value::Value;

/// Everything the server can be told.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) preset: Preset,
    /// The configuration file in use.
    pub(crate) file: Option<PathBuf>,
    /// Keys that were set and have no effect.
    pub(crate) warnings: Vec<String>,
    /// All keys and values, secrets hidden.
    pub(crate) shown: serde_json::Map<String, serde_json::Value>,
    pub(crate) listen_address: String,
    pub(crate) tls: Option<TlsSettings>,
    pub(crate) logging: LoggingSettings,
    pub(crate) metrics_token: Secret,
    pub(crate) auth: AuthSettings,
    pub(crate) blockstore: BlockstoreSettings,
    pub(crate) committed: CommittedSettings,
    pub(crate) database: DatabaseSettings,
    pub(crate) gateway: GatewayOptions,
    /// Address of the listener that serves S3 alone.
    pub(crate) gateway_listen_address: Option<String>,
    pub(crate) installation: InstallationSettings,
    pub(crate) usage_flush_interval: Duration,
    pub(crate) ensure_readable_root: bool,
    pub(crate) repository_cache_ttl: Duration,
}

/// `tls.*`, when enabled.
#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    pub(crate) cert_file: PathBuf,
    pub(crate) key_file: PathBuf,
}

/// `logging.*`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggingSettings {
    pub(crate) json: bool,
    pub(crate) level: String,
    pub(crate) outputs: Vec<String>,
    pub(crate) file_max_bytes: u64,
    pub(crate) files_keep: usize,
    pub(crate) audit_level: String,
    pub(crate) trace_request_headers: bool,
}

/// `auth.*`
#[derive(Debug, Clone)]
pub(crate) struct AuthSettings {
    pub(crate) secret_key: Secret,
    pub(crate) cache_enabled: bool,
    pub(crate) cache_ttl: Duration,
    pub(crate) login_duration: Duration,
    pub(crate) logout_redirect_url: String,
    pub(crate) ui: LoginUiSettings,
}

/// `auth.ui_config.*`: handed to the web interface as it is.
#[derive(Debug, Clone)]
pub(crate) struct LoginUiSettings {
    pub(crate) login_url: String,
    pub(crate) login_failed_message: String,
    pub(crate) fallback_login_url: String,
    pub(crate) fallback_login_label: String,
    pub(crate) login_cookie_names: Vec<String>,
    pub(crate) logout_url: String,
    pub(crate) use_login_placeholders: bool,
}

/// `blockstore.*`
#[derive(Debug, Clone)]
pub(crate) struct BlockstoreSettings {
    pub(crate) kind: String,
    pub(crate) signing_key: Secret,
    pub(crate) default_namespace_prefix: String,
    pub(crate) local_path: Option<PathBuf>,
    pub(crate) local_import: bool,
    pub(crate) local_import_hidden: bool,
    pub(crate) local_external_prefixes: Vec<PathBuf>,
    pub(crate) s3: S3Settings,
}

/// `blockstore.s3.*`
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the switches lakeFS has")]
pub(crate) struct S3Settings {
    pub(crate) region: String,
    pub(crate) profile: String,
    pub(crate) credentials_file: Option<PathBuf>,
    pub(crate) access_key_id: Secret,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Secret,
    pub(crate) endpoint: String,
    pub(crate) max_retries: u32,
    pub(crate) force_path_style: bool,
    pub(crate) discover_bucket_region: bool,
    pub(crate) server_side_encryption: String,
    pub(crate) kms_key_id: String,
    pub(crate) presign_expiry: Duration,
    pub(crate) presign_endpoint: String,
    pub(crate) disable_presign: bool,
    pub(crate) disable_presign_ui: bool,
    pub(crate) disable_presign_multipart: bool,
    pub(crate) web_identity_duration: Duration,
    pub(crate) web_identity_window: Duration,
    pub(crate) skip_verify: bool,
}

/// `committed.*`
#[derive(Debug, Clone)]
pub(crate) struct CommittedSettings {
    pub(crate) cache_bytes: u64,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) min_range_bytes: u64,
    pub(crate) max_range_bytes: u64,
    pub(crate) raggedness: u64,
    /// Bound of the memory cache of table blocks, where the operator chose one.
    pub(crate) memory_cache_bytes: Option<u64>,
    /// Directory of the tables below a storage namespace.
    pub(crate) prefix: String,
}

/// `database.*`
#[derive(Debug, Clone)]
pub(crate) struct DatabaseSettings {
    pub(crate) kind: String,
    pub(crate) local_path: Option<PathBuf>,
    pub(crate) postgres_url: Secret,
    pub(crate) postgres_max_connections: usize,
    pub(crate) postgres_max_idle: usize,
    /// 0 leaves it to the store.
    pub(crate) postgres_scan_page: usize,
    pub(crate) postgres_max_lifetime: Duration,
}

/// `installation.*`
#[derive(Debug, Clone)]
pub(crate) struct InstallationSettings {
    pub(crate) fixed_id: String,
    pub(crate) user_name: String,
    pub(crate) access_key_id: Secret,
    pub(crate) secret_access_key: Secret,
}

/// lakeFS's default for the memory cache; this server needs far less for the same work, and takes
/// it to mean "no choice was made".
const DEFAULT_MEMORY_CACHE: i64 = 400_000_000;

/// The environment of the process. Variables that are not text are none of ours.
pub(crate) fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// `logging.level` as a configuration file says it now; `None` when the file cannot be used.
pub(crate) fn level_in_file(file: &Path) -> Option<String> {
    let settings = Settings::load(&Sources {
        file: Some(file.to_owned()),
        preset: Preset::LocalSettings,
        environment: process_environment(),
    });
    settings.ok().map(|settings| settings.logging.level)
}

impl Settings {
    /// Reads and checks all settings.
    pub(crate) fn load(sources: &Sources) -> Result<Self, SettingsError> {
        let values = load::load(sources)?;
        let reader = Reader(&values);
        let mut problems = Vec::new();
        let settings = reader.settings(sources.preset, &mut problems);
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError::Wrong { problems })
        }
    }
}

/// Takes typed values out of [`Values`]. Names and types agree with the key table; a test reads all.
struct Reader<'a>(&'a Values);

impl Reader<'_> {
    fn settings(&self, preset: Preset, problems: &mut Vec<String>) -> Settings {
        let tls = self.tls(problems);
        let gateway = self.gateway(problems);
        let settings = Settings {
            preset,
            file: self.0.file.clone(),
            warnings: self.0.warnings.clone(),
            shown: self.0.show(),
            listen_address: self.text("listen_address"),
            tls,
            logging: self.logging(),
            metrics_token: self.secret("metrics.token"),
            auth: self.auth(),
            blockstore: self.blockstore(),
            committed: self.committed(problems),
            database: self.database(problems),
            gateway,
            gateway_listen_address: Some(self.text("gateways.s3.listen_address"))
                .filter(|address| !address.is_empty()),
            installation: InstallationSettings {
                fixed_id: self.text("installation.fixed_id"),
                user_name: self.text("installation.user_name"),
                access_key_id: self.secret("installation.access_key_id"),
                secret_access_key: self.secret("installation.secret_access_key"),
            },
            usage_flush_interval: self.duration("usage_report.flush_interval"),
            ensure_readable_root: self.flag("graveler.ensure_readable_root_namespace"),
            repository_cache_ttl: self.duration("graveler.repository_cache.expiry"),
        };
        settings.check(problems);
        settings
    }

    fn tls(&self, problems: &mut Vec<String>) -> Option<TlsSettings> {
        if !self.flag("tls.enabled") {
            return None;
        }
        let cert_file = self.path("tls.cert_file");
        let key_file = self.path("tls.key_file");
        if cert_file.is_none() || key_file.is_none() {
            problems.push("tls.enabled needs tls.cert_file and tls.key_file".to_owned());
        }
        Some(TlsSettings {
            cert_file: cert_file?,
            key_file: key_file?,
        })
    }

    fn logging(&self) -> LoggingSettings {
        LoggingSettings {
            json: self.text("logging.format") == "json",
            level: self.text("logging.level"),
            outputs: self.list("logging.output"),
            file_max_bytes: self
                .size("logging.file_max_size_mb")
                .saturating_mul(1 << 20),
            files_keep: self.count("logging.files_keep"),
            audit_level: self.text("logging.audit_log_level"),
            trace_request_headers: self.flag("logging.trace_request_headers"),
        }
    }

    fn auth(&self) -> AuthSettings {
        AuthSettings {
            secret_key: self.secret("auth.encrypt.secret_key"),
            cache_enabled: self.flag("auth.cache.enabled"),
            cache_ttl: self.duration("auth.cache.ttl"),
            login_duration: self.duration("auth.login_duration"),
            logout_redirect_url: self.text("auth.logout_redirect_url"),
            ui: LoginUiSettings {
                login_url: self.text("auth.ui_config.login_url"),
                login_failed_message: self.text("auth.ui_config.login_failed_message"),
                fallback_login_url: self.text("auth.ui_config.fallback_login_url"),
                fallback_login_label: self.text("auth.ui_config.fallback_login_label"),
                login_cookie_names: self.list("auth.ui_config.login_cookie_names"),
                logout_url: self.text("auth.ui_config.logout_url"),
                use_login_placeholders: self.flag("auth.ui_config.use_login_placeholders"),
            },
        }
    }

    fn blockstore(&self) -> BlockstoreSettings {
        let s3 = |name: &str| format!("blockstore.s3.{name}");
        BlockstoreSettings {
            kind: self.text("blockstore.type"),
            signing_key: self.secret("blockstore.signing.secret_key"),
            default_namespace_prefix: self.text("blockstore.default_namespace_prefix"),
            local_path: self.path("blockstore.local.path"),
            local_import: self.flag("blockstore.local.import_enabled"),
            local_import_hidden: self.flag("blockstore.local.import_hidden"),
            local_external_prefixes: self
                .list("blockstore.local.allowed_external_prefixes")
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            s3: S3Settings {
                region: self.text(&s3("region")),
                profile: self.text(&s3("profile")),
                credentials_file: self.path(&s3("credentials_file")),
                access_key_id: self.secret(&s3("credentials.access_key_id")),
                secret_access_key: self.secret(&s3("credentials.secret_access_key")),
                session_token: self.secret(&s3("credentials.session_token")),
                endpoint: self.text(&s3("endpoint")),
                max_retries: u32::try_from(self.count(&s3("max_retries"))).unwrap_or(u32::MAX),
                force_path_style: self.flag(&s3("force_path_style")),
                discover_bucket_region: self.flag(&s3("discover_bucket_region")),
                server_side_encryption: self.text(&s3("server_side_encryption")),
                kms_key_id: self.text(&s3("server_side_encryption_kms_key_id")),
                presign_expiry: self.duration(&s3("pre_signed_expiry")),
                presign_endpoint: self.text(&s3("pre_signed_endpoint")),
                disable_presign: self.flag(&s3("disable_pre_signed")),
                disable_presign_ui: self.flag(&s3("disable_pre_signed_ui")),
                disable_presign_multipart: self.flag(&s3("disable_pre_signed_multipart")),
                web_identity_duration: self.duration(&s3("web_identity.session_duration")),
                web_identity_window: self.duration(&s3("web_identity.session_expiry_window")),
                skip_verify: self.flag(&s3("skip_verify_certificate_test_only")),
            },
        }
    }

    fn committed(&self, problems: &mut Vec<String>) -> CommittedSettings {
        let raggedness = self.size("committed.permanent.range_raggedness_entries");
        let max_range_bytes = self.size("committed.permanent.max_range_size_bytes");
        if raggedness == 0 || max_range_bytes == 0 {
            problems.push("committed.permanent: sizes must be above 0".to_owned());
        }
        let memory = "committed.sstable.memory.cache_size_bytes";
        let memory_cache_bytes = match self.0.get(memory) {
            Some(Value::Integer(DEFAULT_MEMORY_CACHE)) => None,
            _ => Some(self.size(memory)),
        };
        CommittedSettings {
            cache_bytes: self.size("committed.local_cache.size_bytes"),
            cache_dir: self.path("committed.local_cache.dir"),
            min_range_bytes: self.size("committed.permanent.min_range_size_bytes"),
            max_range_bytes,
            raggedness,
            memory_cache_bytes,
            prefix: self.text("committed.block_storage_prefix"),
        }
    }

    fn database(&self, problems: &mut Vec<String>) -> DatabaseSettings {
        let postgres_max_connections = self.count("database.postgres.max_open_connections");
        if postgres_max_connections == 0 {
            problems.push("database.postgres.max_open_connections must be above 0".to_owned());
        }
        DatabaseSettings {
            kind: self.text("database.type"),
            local_path: self.path("database.local.path"),
            postgres_url: self.secret("database.postgres.connection_string"),
            postgres_max_connections,
            postgres_max_idle: self.count("database.postgres.max_idle_connections"),
            postgres_scan_page: self.count("database.postgres.scan_page_size"),
            postgres_max_lifetime: self.duration("database.postgres.connection_max_lifetime"),
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    fn text(&self, name: &str) -> String {
        match self.0.get(name) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn secret(&self, name: &str) -> Secret {
        match self.0.get(name) {
            Some(Value::Secret(secret)) => secret.clone(),
            _ => Secret::default(),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match self.0.get(name) {
            Some(Value::Path(path)) if !path.as_os_str().is_empty() => Some(path.clone()),
            _ => None,
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    fn duration(&self, name: &str) -> Duration {
        match self.0.get(name) {
            Some(Value::Duration(duration)) => *duration,
            _ => Duration::ZERO,
        }
    }

    fn size(&self, name: &str) -> u64 {
        match self.0.get(name) {
            Some(Value::Integer(number)) => u64::try_from(*number).unwrap_or(0),
            _ => 0,
        }
    }

    fn count(&self, name: &str) -> usize {
        usize::try_from(self.size(name)).unwrap_or(usize::MAX)
    }
}

impl Settings {
    fn check(&self, problems: &mut Vec<String>) {
        for (key, kind, unbuilt) in [
            (
                "database.type",
                &self.database.kind,
                &["dynamodb", "cosmosdb", "redis"][..],
            ),
            (
                "blockstore.type",
                &self.blockstore.kind,
                &["gs", "azure"][..],
            ),
        ] {
            if unbuilt.contains(&kind.as_str()) {
                problems.push(format!("{key} {kind} is not built in this version"));
            }
        }
        if self.database.kind == "postgres" && self.database.postgres_url.is_empty() {
            problems
                .push("database.type postgres needs database.postgres.connection_string".into());
        }
        if self.database.kind == "local" && self.database.local_path.is_none() {
            problems.push("database.type local needs database.local.path or HOME".into());
        }
        if self.blockstore.kind == "local" && self.blockstore.local_path.is_none() {
            problems.push("blockstore.type local needs blockstore.local.path or HOME".into());
        }
        if !matches!(
            self.blockstore.s3.server_side_encryption.as_str(),
            "" | "AES256" | "aws:kms"
        ) {
            problems.push("blockstore.s3.server_side_encryption must be AES256 or aws:kms".into());
        }
    }
}

#[cfg(test)]
mod tests;
