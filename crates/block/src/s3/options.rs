//! Settings of an S3 store: `blockstore.s3.*`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lakefs_runtime::Backoff;

/// Keys given in the settings instead of found by the credential chain.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticCredentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret.
    pub secret_access_key: String,
    /// Token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Variables of the process environment. Values are never printed: some are secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

/// Settings of an S3 store. The default is AWS itself in `us-east-1`.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent settings, named as in the configuration"
)]
pub struct S3Options {
    /// Region of buckets whose own is not found out.
    pub region: String,
    /// Profile in the shared configuration files.
    pub profile: Option<String>,
    /// Shared credentials file.
    pub credentials_file: Option<PathBuf>,
    /// Keys that need no finding.
    pub credentials: Option<StaticCredentials>,
    /// Another service than AWS: a URL such as `http://localhost:9000`.
    pub endpoint: Option<String>,
    /// How often a failed call is tried again.
    pub max_retries: u32,
    /// Bucket in the path instead of the host name.
    pub force_path_style: bool,
    /// Whether to ask for each bucket's region.
    pub discover_bucket_region: bool,
    /// Accepts any TLS certificate; for tests only.
    pub skip_verify_certificate_test_only: bool,
    /// `AES256` or `aws:kms`, asked for with every object written.
    pub server_side_encryption: Option<String>,
    /// Key of the encryption.
    pub server_side_encryption_kms_key_id: Option<String>,
    /// How long presigned URLs are valid where the caller does not say.
    pub pre_signed_expiry: Duration,
    /// Host that clients reach, if another than ours.
    pub pre_signed_endpoint: Option<String>,
    /// No presigned URLs at all.
    pub disable_pre_signed: bool,
    /// No presigned URLs for the web UI.
    pub disable_pre_signed_ui: bool,
    /// No presigned uploads in parts.
    pub disable_pre_signed_multipart: bool,
    /// How long credentials of a web identity are asked for.
    pub web_identity_session_duration: Option<Duration>,
    /// How long before their end temporary credentials are renewed.
    pub web_identity_session_expiry_window: Duration,
    /// Prefix offered for new repositories.
    pub default_namespace_prefix: Option<String>,
    /// The process environment, which the credential chain reads (`AWS_*`, `HOME`).
    pub environment: Environment,
    /// Waits between tries.
    pub backoff: Backoff,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer, or for the next bytes of one.
    pub response_timeout: Duration,
}

impl Default for S3Options {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            profile: None,
            credentials_file: None,
            credentials: None,
            endpoint: None,
            max_retries: 5,
            force_path_style: false,
            discover_bucket_region: true,
            skip_verify_certificate_test_only: false,
            server_side_encryption: None,
            server_side_encryption_kms_key_id: None,
            pre_signed_expiry: Duration::from_mins(15),
            pre_signed_endpoint: None,
            disable_pre_signed: false,
            disable_pre_signed_ui: true,
            disable_pre_signed_multipart: false,
            web_identity_session_duration: None,
            web_identity_session_expiry_window: Duration::from_mins(5),
            default_namespace_prefix: None,
            environment: Environment::default(),
            backoff: Backoff {
                initial: Duration::from_millis(100),
                factor: 2.0,
                max: Duration::from_secs(10),
                jitter: 0.5,
            },
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_mins(1),
        }
    }
}
