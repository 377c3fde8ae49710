//! Every configuration key the server knows, in one table: type, default, standing and meaning.
//!
//! Parsing, environment names, defaults, redaction, refusal of what is not built and the reference in
//! `docs/reference/settings.md` all come from here. Names and defaults are lakeFS v1.84's; keys of our
//! own are marked as such.

use Kind::{Bool, Choice, Duration, Float, Integer, List, Map, Path, Secret, Snippets, Text};
use Standing::{Built, Ignored, Unbuilt};

/// How a key's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer,
    Float,
    Text,
    /// Text that is never printed.
    Secret,
    /// A file name; `~` is the home directory.
    Path,
    Duration,
    /// A YAML list, or text with commas.
    List,
    /// A YAML mapping of text to text, or `k=v,k=v`.
    Map,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A list of `{id, code}` mappings.
    Snippets,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does what it says.
    Built,
    /// Accepted without effect, for this reason; nobody misses anything.
    Ignored(&'static str),
    /// The feature is not built: any value but the default stops the start.
    Unbuilt(&'static str),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// As the configuration file would write it; empty for "not set".
    pub(crate) default: &'static str,
    pub(crate) standing: Standing,
    pub(crate) about: &'static str,
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    standing: Standing,
    about: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        standing,
        about,
    }
}

/// The key called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Key {
    /// The environment variable that sets it.
    pub(crate) fn environment(&self) -> String {
        format!("LAKEFS_{}", self.name.replace('.', "_").to_uppercase())
    }
}

const HOOKS: Standing = Unbuilt("hooks");
const OTHER_AUTH: Standing = Unbuilt("an external authentication or authorisation service");
const GCS: Standing = Unbuilt("the Google Cloud Storage block store");
const AZURE: Standing = Unbuilt("the Azure block store");
const DYNAMODB: Standing = Unbuilt("the DynamoDB key-value store");
const COSMOSDB: Standing = Unbuilt("the Cosmos DB key-value store");
const REDIS: Standing = Unbuilt("a Redis key-value store");
const SENDS_NOTHING: Standing = Ignored("this server reports to nobody");
const ASKS_NOTHING: Standing = Ignored("this server asks no outside service about versions");
const OWN_TUNING: Standing = Ignored("this server schedules such work its own way");
const NO_UI: Standing = Ignored("there is no web interface yet");
const DOCUMENTED_ONLY: Standing = Ignored("found in documentation only; never had an effect");

const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "NULL", "NONE"];

/// Keys below these are found in documentation only: accepted with a warning, without effect.
pub(crate) const DOCUMENTED_PREFIXES: [&str; 3] = [
    "committed.local_cache.range.",
    "committed.local_cache.metarange.",
    "email.",
];

/// The table, in the order of the reference. One line a key: broken over seven it is no table.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    key("listen_address", Text, "0.0.0.0:8000", Built, "Address and port of the one listener."),
    key("tls.enabled", Bool, "false", Built, "Serve HTTPS (HTTP/2 and HTTP/1.1)."),
    key("tls.cert_file", Path, "", Built, "PEM file with the certificate chain."),
    key("tls.key_file", Path, "", Built, "PEM file with the private key."),
    key("logging.format", Choice(&["text", "json"]), "text", Built, "Form of log lines."),
    key("logging.level", Choice(LEVELS), "INFO", Built, "Lines below this level are dropped; `NONE` drops all. A change in the file takes effect while running."),
    key("logging.output", List, "-", Built, "Where lines go: `-` standard output, `=` standard error, anything else a file."),
    key("logging.file_max_size_mb", Integer, "102400", Built, "A log file past this size (MiB) is set aside and a new one begun."),
    key("logging.files_keep", Integer, "100", Built, "How many set-aside files are kept; 0 keeps all."),
    key("logging.audit_log_level", Choice(LEVELS), "DEBUG", Built, "Level of the line written for each call."),
    key("logging.trace_request_headers", Bool, "false", Built, "At level TRACE, log request headers (never credentials)."),
    key("metrics.token", Secret, "", Built, "When set, `/metrics` answers only requests with this bearer token. A key of this server."),
    key("actions.enabled", Bool, "true", Ignored("hooks are not built: none run either way"), "Whether hooks run."),
    key("actions.env.enabled", Bool, "true", HOOKS, "Whether hooks see environment variables."),
    key("actions.env.prefix", Text, "LAKEFSACTION_", HOOKS, "Prefix of variables hooks may see."),
    key("actions.lua.net_http_enabled", Bool, "false", HOOKS, "Whether Lua hooks may send HTTP requests."),
    key("auth.encrypt.secret_key", Secret, "", Built, "Shared secret that encrypts stored credentials and signs tokens and cookies. Required."),
    key("auth.cache.enabled", Bool, "true", Built, "Remember verified credentials for a while."),
    key("auth.cache.size", Integer, "1024", Ignored("the one administrator's credential is always remembered"), "How many credentials are remembered."),
    key("auth.cache.ttl", Duration, "20s", Built, "For how long."),
    key("auth.cache.jitter", Duration, "3s", Ignored("expiries are not spread: one admin has few credentials"), "Random part of that time."),
    key("auth.login_duration", Duration, "168h", Built, "Lifetime of a login token."),
    key("auth.login_max_duration", Duration, "336h", Ignored("nothing asks for a longer login yet"), "Longest lifetime a login may ask for."),
    key("auth.logout_redirect_url", Text, "/auth/login", Built, "Where `/logout` sends the browser."),
    key("auth.api.endpoint", Text, "", OTHER_AUTH, "External authorisation service."),
    key("auth.api.token", Secret, "", OTHER_AUTH, "Token for it."),
    key("auth.api.supports_invites", Bool, "false", OTHER_AUTH, "Whether it can invite users."),
    key("auth.api.health_check_timeout", Duration, "20s", OTHER_AUTH, "How long to wait for it at start."),
    key("auth.api.skip_health_check", Bool, "false", OTHER_AUTH, "Whether not to wait."),
    key("auth.authentication_api.endpoint", Text, "", OTHER_AUTH, "External authentication service."),
    key("auth.authentication_api.external_principals_enabled", Bool, "false", OTHER_AUTH, "Whether external principals may log in."),
    key("auth.remote_authenticator.enabled", Bool, "false", OTHER_AUTH, "Ask a remote service about names and passwords."),
    key("auth.remote_authenticator.endpoint", Text, "", OTHER_AUTH, "Its URL."),
    key("auth.remote_authenticator.default_user_group", Text, "Viewers", OTHER_AUTH, "Group of users it introduces."),
    key("auth.remote_authenticator.request_timeout", Duration, "10s", OTHER_AUTH, "How long one question may take."),
    key("auth.oidc.validate_id_token_claims", Map, "", OTHER_AUTH, "Claims an OIDC session must carry."),
    key("auth.oidc.default_initial_groups", List, "", OTHER_AUTH, "Groups of new OIDC users."),
    key("auth.oidc.initial_groups_claim_name", Text, "", OTHER_AUTH, "Claim that names initial groups."),
    key("auth.oidc.friendly_name_claim_name", Text, "", OTHER_AUTH, "Claim shown as the user's name."),
    key("auth.oidc.persist_friendly_name", Bool, "false", OTHER_AUTH, "Whether to store that name."),
    key("auth.cookie_auth_verification.validate_id_token_claims", Map, "", OTHER_AUTH, "Claims a SAML session must carry."),
    key("auth.cookie_auth_verification.default_initial_groups", List, "", OTHER_AUTH, "Groups of new SAML users."),
    key("auth.cookie_auth_verification.initial_groups_claim_name", Text, "", OTHER_AUTH, "Claim that names initial groups."),
    key("auth.cookie_auth_verification.friendly_name_claim_name", Text, "", OTHER_AUTH, "Claim shown as the user's name."),
    key("auth.cookie_auth_verification.external_user_id_claim_name", Text, "", OTHER_AUTH, "Claim that identifies the user."),
    key("auth.cookie_auth_verification.auth_source", Text, "", OTHER_AUTH, "Source recorded for such users."),
    key("auth.cookie_auth_verification.persist_friendly_name", Bool, "false", OTHER_AUTH, "Whether to store that name."),
    key("auth.ui_config.rbac", Text, "none", Unbuilt("access control beyond one administrator"), "Access control model."),
    key("auth.ui_config.login_url", Text, "", Built, "Where the web interface sends people to log in."),
    key("auth.ui_config.login_failed_message", Text, "The credentials don't match.", Built, "Text shown after a failed login."),
    key("auth.ui_config.fallback_login_url", Text, "", Built, "Another place to log in."),
    key("auth.ui_config.fallback_login_label", Text, "", Built, "Its label."),
    key("auth.ui_config.login_cookie_names", List, "internal_auth_session", Built, "Cookies the web interface clears on logout."),
    key("auth.ui_config.logout_url", Text, "", Built, "Where the web interface goes to log out."),
    key("auth.ui_config.use_login_placeholders", Bool, "false", Built, "Whether the login form names its fields as configured."),
    key("blockstore.type", Choice(&["local", "mem", "s3", "gs", "azure"]), "", Built, "Where objects are kept: `local`, `mem` or `s3`. `gs` and `azure` are not built. Required."),
    key("blockstore.signing.secret_key", Secret, "OVERRIDE_THIS_SIGNING_SECRET_DEFAULT", Built, "Secret that signs upload addresses."),
    key("blockstore.default_namespace_prefix", Text, "", Built, "Prefix offered for the storage of new repositories."),
    key("blockstore.local.path", Path, "~/lakefs/data/block", Built, "Directory of the local store."),
    key("blockstore.local.import_enabled", Bool, "false", Built, "Whether entries may refer to files outside of the store's directory. The import operation is not built."),
    key("blockstore.local.import_hidden", Bool, "false", Built, "Whether hidden files count as importable."),
    key("blockstore.local.allowed_external_prefixes", List, "", Built, "Directories outside of the store that entries may refer to."),
    key("blockstore.s3.region", Text, "us-east-1", Built, "Region of the store."),
    key("blockstore.s3.profile", Text, "", Built, "Profile of the AWS configuration files."),
    key("blockstore.s3.credentials_file", Path, "", Built, "AWS credentials file."),
    key("blockstore.s3.credentials.access_key_id", Secret, "", Built, "Static access key."),
    key("blockstore.s3.credentials.secret_access_key", Secret, "", Built, "Static secret key."),
    key("blockstore.s3.credentials.session_token", Secret, "", Built, "Session token of static keys."),
    key("blockstore.s3.endpoint", Text, "", Built, "URL of an S3-compatible store; empty means AWS."),
    key("blockstore.s3.max_retries", Integer, "5", Built, "How often a failed request is tried again."),
    key("blockstore.s3.force_path_style", Bool, "false", Built, "Put the bucket in the path rather than the host name."),
    key("blockstore.s3.discover_bucket_region", Bool, "true", Built, "Ask a bucket for its region rather than assuming `region`."),
    key("blockstore.s3.skip_verify_certificate_test_only", Bool, "false", Built, "Accept any certificate. For tests only."),
    key("blockstore.s3.server_side_encryption", Text, "", Built, "Encryption asked of the store: `AES256` or `aws:kms`."),
    key("blockstore.s3.server_side_encryption_kms_key_id", Text, "", Built, "Key for `aws:kms`."),
    key("blockstore.s3.pre_signed_expiry", Duration, "15m", Built, "How long presigned URLs work."),
    key("blockstore.s3.pre_signed_endpoint", Text, "", Built, "Endpoint written into presigned URLs."),
    key("blockstore.s3.disable_pre_signed", Bool, "false", Built, "Hand out no presigned URLs."),
    key("blockstore.s3.disable_pre_signed_ui", Bool, "true", Built, "Keep the web interface from using them."),
    key("blockstore.s3.disable_pre_signed_multipart", Bool, "false", Built, "Keep clients from uploading parts through them."),
    key("blockstore.s3.client_log_retries", Bool, "false", Ignored("retries are logged at level DEBUG"), "Log retries."),
    key("blockstore.s3.client_log_request", Bool, "false", Ignored("requests are logged at level TRACE"), "Log requests."),
    key("blockstore.s3.web_identity.session_duration", Duration, "", Built, "Lifetime asked for web identity sessions."),
    key("blockstore.s3.web_identity.session_expiry_window", Duration, "5m", Built, "Renew sessions this long before they end."),
    key("blockstore.gs.s3_endpoint", Text, "https://storage.googleapis.com", GCS, "Endpoint."),
    key("blockstore.gs.credentials_file", Path, "", GCS, "Service account file."),
    key("blockstore.gs.credentials_json", Secret, "", GCS, "Service account as JSON."),
    key("blockstore.gs.pre_signed_expiry", Duration, "15m", GCS, "How long presigned URLs work."),
    key("blockstore.gs.disable_pre_signed", Bool, "false", GCS, "Hand out no presigned URLs."),
    key("blockstore.gs.disable_pre_signed_ui", Bool, "true", GCS, "Keep the web interface from using them."),
    key("blockstore.gs.server_side_encryption_customer_supplied", Secret, "", GCS, "Customer-supplied encryption key, hex."),
    key("blockstore.gs.server_side_encryption_kms_key_id", Text, "", GCS, "KMS key."),
    key("blockstore.gs.data_credentials_file", Path, "", GCS, "Second identity for data."),
    key("blockstore.gs.data_credentials_json", Secret, "", GCS, "Second identity as JSON."),
    key("blockstore.azure.storage_account", Text, "", AZURE, "Account."),
    key("blockstore.azure.storage_access_key", Secret, "", AZURE, "Its key."),
    key("blockstore.azure.try_timeout", Duration, "10m", AZURE, "How long one try may take."),
    key("blockstore.azure.pre_signed_expiry", Duration, "15m", AZURE, "How long presigned URLs work."),
    key("blockstore.azure.disable_pre_signed", Bool, "false", AZURE, "Hand out no presigned URLs."),
    key("blockstore.azure.disable_pre_signed_ui", Bool, "true", AZURE, "Keep the web interface from using them."),
    key("blockstore.azure.domain", Text, "", AZURE, "Domain of the store."),
    key("blockstore.azure.test_endpoint_url", Text, "", AZURE, "Endpoint for tests."),
    key("blockstore.azure.auth_method", Text, "", AZURE, "Deprecated."),
    key("blockstore.azure.china_cloud", Bool, "false", AZURE, "Deprecated."),
    key("committed.local_cache.size_bytes", Integer, "1073741824", Built, "Disk cache of tables, for stores that are not local."),
    key("committed.local_cache.dir", Path, "~/lakefs/data/cache", Built, "Its directory."),
    key("committed.local_cache.max_uploaders_per_writer", Integer, "10", OWN_TUNING, "Parallel uploads of one commit."),
    key("committed.local_cache.range_proportion", Float, "0.9", Ignored("ranges and metaranges share one cache"), "Share of the cache for ranges."),
    key("committed.local_cache.metarange_proportion", Float, "0.1", Ignored("ranges and metaranges share one cache"), "Share of the cache for metaranges."),
    key("committed.block_storage_prefix", Text, "_lakefs", Built, "Where in a repository's storage tables are kept."),
    key("committed.permanent.min_range_size_bytes", Integer, "0", Built, "A range smaller than this is not ended early. Part of what decides table identities."),
    key("committed.permanent.max_range_size_bytes", Integer, "20971520", Built, "A range past this size is ended. Part of what decides table identities."),
    key("committed.permanent.range_raggedness_entries", Integer, "50000", Built, "About one entry in so many ends a range. Part of what decides table identities."),
    key("committed.sstable.memory.cache_size_bytes", Integer, "400000000", Built, "Bound of the memory cache of table blocks. Left at its default, this server takes 64 MiB: it needs no more."),
    key("database.type", Choice(&["local", "mem", "postgres", "dynamodb", "cosmosdb", "redis"]), "", Built, "Where metadata is kept: `local` (embedded), `mem` or `postgres`. The others are not built. Required."),
    key("database.drop_tables", Bool, "false", Unbuilt("dropping tables at start"), "Drop tables first."),
    key("database.local.path", Path, "~/lakefs/metadata", Built, "Directory of the embedded store."),
    key("database.local.prefetch_size", Integer, "256", OWN_TUNING, "Entries read ahead."),
    key("database.local.sync_writes", Bool, "true", Ignored("every acknowledged write is on disk, always"), "Sync each write."),
    key("database.local.enable_logging", Bool, "false", Ignored("the embedded store logs with the rest"), "Log of the embedded store."),
    key("database.postgres.connection_string", Secret, "", Built, "Where PostgreSQL is, as a URL or `key=value` text."),
    key("database.postgres.max_open_connections", Integer, "25", Built, "Most connections at a time."),
    key("database.postgres.max_idle_connections", Integer, "25", Built, "Most idle connections."),
    key("database.postgres.connection_max_lifetime", Duration, "5m", Built, "A connection is replaced after this time."),
    key("database.postgres.scan_page_size", Integer, "0", Built, "Most rows read at a time by a scan; 0 leaves it to the server."),
    key("database.postgres.metrics", Bool, "false", Ignored("metrics are always on"), "Count what the pool does."),
    key("database.dynamodb.table_name", Text, "kvstore", DYNAMODB, "Table."),
    key("database.dynamodb.scan_limit", Integer, "1024", DYNAMODB, "Items read at a time."),
    key("database.dynamodb.endpoint", Text, "", DYNAMODB, "Endpoint."),
    key("database.dynamodb.aws_region", Text, "", DYNAMODB, "Region."),
    key("database.dynamodb.aws_profile", Text, "", DYNAMODB, "Profile."),
    key("database.dynamodb.aws_access_key_id", Secret, "", DYNAMODB, "Access key."),
    key("database.dynamodb.aws_secret_access_key", Secret, "", DYNAMODB, "Secret key."),
    key("database.dynamodb.health_check_interval", Duration, "0", DYNAMODB, "Interval of health checks."),
    key("database.dynamodb.max_attempts", Integer, "10", DYNAMODB, "Tries of a request."),
    key("database.dynamodb.max_connections", Integer, "0", DYNAMODB, "Connections."),
    key("database.dynamodb.credentials_cache_expiry_window", Duration, "200s", DYNAMODB, "Credential renewal window."),
    key("database.dynamodb.credentials_cache_expiry_window_jitter_fraction", Float, "0.5", DYNAMODB, "Its random part."),
    key("database.cosmosdb.key", Secret, "", COSMOSDB, "Account key."),
    key("database.cosmosdb.endpoint", Text, "", COSMOSDB, "Endpoint."),
    key("database.cosmosdb.database", Text, "", COSMOSDB, "Database."),
    key("database.cosmosdb.container", Text, "", COSMOSDB, "Container."),
    key("database.cosmosdb.throughput", Integer, "0", COSMOSDB, "Throughput."),
    key("database.cosmosdb.autoscale", Bool, "false", COSMOSDB, "Autoscale."),
    key("database.redis.endpoint", Text, "", REDIS, "Endpoint."),
    key("database.redis.username", Text, "", REDIS, "User."),
    key("database.redis.password", Secret, "", REDIS, "Password."),
    key("database.redis.database", Integer, "0", REDIS, "Database number."),
    key("database.redis.pool_size", Integer, "0", REDIS, "Connections."),
    key("database.redis.min_idle_conns", Integer, "0", REDIS, "Idle connections."),
    key("database.redis.dial_timeout", Duration, "0", REDIS, "Time to connect."),
    key("database.redis.read_timeout", Duration, "0", REDIS, "Time to read."),
    key("database.redis.write_timeout", Duration, "0", REDIS, "Time to write."),
    key("database.redis.namespace", Text, "", REDIS, "Key prefix."),
    key("database.redis.enable_tls", Bool, "false", REDIS, "TLS."),
    key("database.redis.tls_skip_verify", Bool, "false", REDIS, "Accept any certificate."),
    key("database.redis.aws_region", Text, "", REDIS, "Region."),
    key("database.redis.aws_profile", Text, "", REDIS, "Profile."),
    key("database.redis.aws_access_key_id", Secret, "", REDIS, "Access key."),
    key("database.redis.aws_secret_access_key", Secret, "", REDIS, "Secret key."),
    key("database.redis.use_iam_auth", Bool, "false", REDIS, "IAM authentication."),
    key("database.redis.cluster_mode", Bool, "false", REDIS, "Cluster."),
    key("database.redis.batch_size", Integer, "0", REDIS, "Items at a time."),
    key("graveler.ensure_readable_root_namespace", Bool, "true", Built, "Probe the storage of new repositories."),
    key("graveler.batch_dbio_transaction_markers", Bool, "false", OWN_TUNING, "Batch markers."),
    key("graveler.compaction_sensor_threshold", Integer, "0", OWN_TUNING, "Staged entries that start a compaction."),
    key("graveler.repository_cache.size", Integer, "1000", OWN_TUNING, "Repositories remembered."),
    key("graveler.repository_cache.expiry", Duration, "5s", Built, "For how long."),
    key("graveler.repository_cache.jitter", Duration, "2s", OWN_TUNING, "Random part of that time."),
    key("graveler.repository_cache.ttl", Duration, "", DOCUMENTED_ONLY, "Meant `expiry`."),
    key("graveler.commit_cache.size", Integer, "50000", OWN_TUNING, "Commits remembered."),
    key("graveler.commit_cache.expiry", Duration, "10m", OWN_TUNING, "For how long."),
    key("graveler.commit_cache.jitter", Duration, "2s", OWN_TUNING, "Random part of that time."),
    key("graveler.commit_cache.ttl", Duration, "", DOCUMENTED_ONLY, "Meant `expiry`."),
    key("graveler.background.rate_limit", Integer, "0", OWN_TUNING, "Background operations a second."),
    key("graveler.max_batch_delay", Duration, "3ms", OWN_TUNING, "How long reads wait for company."),
    key("graveler.branch_ownership.enabled", Bool, "false", OWN_TUNING, "Queue writers of a branch across servers."),
    key("graveler.branch_ownership.refresh", Duration, "400ms", OWN_TUNING, "Renewal interval."),
    key("graveler.branch_ownership.acquire", Duration, "150ms", OWN_TUNING, "Acquisition interval."),
    key("gateways.s3.domain_name", List, "s3.local.lakefs.io", Built, "Host names whose requests are S3 requests."),
    key("gateways.s3.region", Text, "us-east-1", Built, "Region told to S3 clients. Signatures for any region are accepted."),
    key("gateways.s3.fallback_url", Text, "", Built, "S3 service that requests for unknown repositories are handed on to, as they came."),
    key("gateways.s3.cors.allowed_origins", List, "", Built, "Origins whose pages may use the gateway, each with at most one `*`; none turns CORS off. *Not in lakeFS.*"),
    key("gateways.s3.cors.allowed_methods", List, "GET,HEAD,PUT,POST,DELETE", Built, "Methods these pages may use. *Not in lakeFS.*"),
    key("gateways.s3.cors.allowed_headers", List, "*", Built, "Headers these pages may send, each with at most one `*`. *Not in lakeFS.*"),
    key("gateways.s3.cors.exposed_headers", List, "", Built, "Headers these pages may read besides `ETag` and `x-amz-*`. *Not in lakeFS.*"),
    key("gateways.s3.cors.max_age", Duration, "1h", Built, "How long browsers may remember what is allowed. *Not in lakeFS.*"),
    key("gateways.s3.verify_unsupported", Bool, "true", Ignored("sub-resources that are not offered are always refused"), "Refuse unknown parameters."),
    key("gateways.s3.listen_address", Text, "", Built, "Address and port of a second listener, which serves S3 alone, whatever the host and however signed. *Not in lakeFS.*"),
    key("gateways.s3.bucket_aliases", List, "", Built, "Flat buckets, each `name=repository/reference` or `name=repository/reference/prefix`: what clients see that cannot put a branch into their keys. *Not in lakeFS.*"),
    key("gateways.s3.copy", Choice(&["full", "clone"]), "full", Built, "What a copy inside a repository is: an object of its own (`full`: a hard link, or a copy made by the object store), or the same object (`clone`). *Not in lakeFS.*"),
    key("gateways.s3.min_part_size_bytes", Integer, "5242880", Built, "Smallest part of a multipart upload but the last. *Not in lakeFS.*"),
    key("gateways.s3.max_put_size_bytes", Integer, "5368709120", Built, "Largest body of one put or part; 0 is no limit. *Not in lakeFS.*"),
    key("gateways.s3.body_idle_timeout", Duration, "1m", Built, "A body of which nothing comes for this long is given up. *Not in lakeFS.*"),
    key("gateways.s3.upload_lifetime", Duration, "168h", Built, "Multipart uploads that nobody completed or aborted are removed at this age. *Not in lakeFS.*"),
    key("gateways.s3.test_buckets", Bool, "false", Built, "Let CreateBucket make a repository and an alias of it, and DeleteBucket remove them. For conformance suites only. *Not in lakeFS.*"),
    key("gateways.s3.test_namespace", Text, "", Built, "Storage namespace below which such repositories are made. *Not in lakeFS.*"),
    key("stats.enabled", Bool, "true", SENDS_NOTHING, "Send usage statistics."),
    key("stats.address", Text, "https://stats.lakefs.io", SENDS_NOTHING, "Where to."),
    key("stats.flush_interval", Duration, "30s", SENDS_NOTHING, "How often."),
    key("stats.flush_size", Integer, "100", SENDS_NOTHING, "How many at a time."),
    key("stats.extended", Bool, "false", SENDS_NOTHING, "With more detail."),
    key("email_subscription.enabled", Bool, "true", SENDS_NOTHING, "Offer a newsletter at setup."),
    key("installation.fixed_id", Text, "", Built, "Installation id to use instead of a random one."),
    key("installation.user_name", Text, "", Built, "With both keys: first administrator, made at start (database `local` or `mem`)."),
    key("installation.access_key_id", Secret, "", Built, "Access key of that administrator."),
    key("installation.secret_access_key", Secret, "", Built, "Secret key of that administrator."),
    key("installation.allow_inter_region_storage", Bool, "true", Unbuilt("checking the region of storage"), "Accept storage in another region."),
    key("security.check_latest_version", Bool, "true", ASKS_NOTHING, "Ask for the latest version."),
    key("security.check_latest_version_cache", Duration, "1h", ASKS_NOTHING, "How long to remember it."),
    key("security.audit_check_interval", Duration, "24h", ASKS_NOTHING, "How often to ask for alerts."),
    key("security.audit_check_url", Text, "https://audit.lakefs.io/audit", ASKS_NOTHING, "Where to ask."),
    key("ui.enabled", Bool, "true", NO_UI, "Serve the web interface."),
    key("ui.snippets", Snippets, "", NO_UI, "HTML added to its pages."),
    key("ugc.prepare_interval", Duration, "1m", Ignored("garbage collection is not built and says so"), "Time one preparation may take."),
    key("ugc.prepare_max_file_size", Integer, "20971520", Ignored("garbage collection is not built and says so"), "Size of its files."),
    key("usage_report.enabled", Bool, "true", Ignored("usage is always counted, and stays here"), "Deprecated."),
    key("usage_report.flush_interval", Duration, "5m", Built, "How often usage counters are stored."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_none_is_the_parent_of_another() {
        for (i, one) in KEYS.iter().enumerate() {
            for other in &KEYS[i + 1..] {
                assert_ne!(one.name, other.name);
                assert!(!other.name.starts_with(&format!("{}.", one.name)));
                assert!(!one.name.starts_with(&format!("{}.", other.name)));
            }
        }
    }

    #[test]
    fn authentication_and_storage_keys_are_never_ignored_for_being_unbuilt() {
        for key in KEYS {
            let guarded = ["auth.", "blockstore.", "database."]
                .iter()
                .any(|p| key.name.starts_with(p));
            if let (true, Ignored(reason)) = (guarded, key.standing) {
                assert!(!reason.contains("not built"), "{}: {reason}", key.name);
            }
        }
    }
}
