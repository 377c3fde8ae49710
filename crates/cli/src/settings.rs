//! What the program was told besides its command line: environment variables and the configuration
//! file. The only place that reads either.
//!
//! Each key has one source, the first of: flag, `LAKECTL_*` variable, file, default. Keys the
//! program does not know are refused by name, because a misspelt key would silently do nothing.

mod duration;
mod environment;
mod file;
mod keys;
mod proxies;
mod token;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use environment::Environment;
pub(crate) use file::{ConfigFile, write_essentials};
pub(crate) use keys::parse_bool;
pub(crate) use proxies::{Proxies, Proxy};

use crate::error::{Error, Result};

/// What `lakectl config` offers and an unconfigured client tries.
pub(crate) const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:8000";

/// When and how often a request is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// Tries after the first.
    pub(crate) extra_attempts: u32,
    /// The first wait; each next is twice as long.
    pub(crate) min_wait: Duration,
    /// No wait is longer.
    pub(crate) max_wait: Duration,
}

impl RetryPolicy {
    /// The wait before extra try number `retry`, counted from 0.
    pub(crate) fn wait(&self, retry: u32) -> Duration {
        let factor = 1_u32.checked_shl(retry).unwrap_or(u32::MAX);
        self.min_wait.saturating_mul(factor).min(self.max_wait)
    }
}

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address as people see it, without the API path.
    pub(crate) site: String,
    /// The address of the API, without a trailing slash.
    pub(crate) api: String,
}

impl Endpoint {
    /// Completes an address: without a path of its own, the API is at `/api/v1`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::failed(format!("server endpoint URL {text:?}: {why}"));
        let uri: http::Uri = text.trim().parse().map_err(|_| bad("not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("give a full URL such as https://lakefs.example.com"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(bad("only http and https are supported"));
        }
        let origin = format!("{scheme}://{authority}");
        let (site, api) = match uri.path().trim_end_matches('/') {
            "" => (origin.clone(), format!("{origin}/api/v1")),
            path => (
                format!("{origin}{}", path.strip_suffix("/api/v1").unwrap_or(path)),
                format!("{origin}{path}"),
            ),
        };
        Ok(Self { site, api })
    }
}

/// How requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// Key pair.
    Keys {
        /// Access key id.
        access_key_id: String,
        /// Secret access key.
        secret_access_key: String,
    },
    /// A token left by an earlier login.
    Token(String),
    /// Nothing: the server will refuse what needs a user.
    Anonymous,
}

/// Everything the file and the environment decide.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "one for each key")]
pub(crate) struct Settings {
    /// Where the server is, as configured.
    pub(crate) endpoint_url: String,
    /// How requests are signed.
    pub(crate) credentials: Credentials,
    /// When requests are sent again.
    pub(crate) retries: RetryPolicy,
    /// Which requests go through which proxy.
    pub(crate) proxies: Proxies,
    /// Whether HTTP/2 may be negotiated.
    pub(crate) http2: bool,
    /// Concurrent transfers unless a flag says otherwise; 0 leaves it to the command.
    pub(crate) parallelism: usize,
    /// Leave out sockets, devices and the like from uploads instead of failing.
    pub(crate) skip_non_regular_files: bool,
    /// Carry symbolic links as such.
    pub(crate) symlink_support: bool,
    /// The experimental POSIX mode, which only `local` of the original client has.
    pub(crate) posix_permissions: bool,
}

impl Settings {
    /// Reads the configuration: `explicit` is the file named by `--config`.
    pub(crate) fn load(explicit: Option<PathBuf>, environment: &Environment) -> Result<Self> {
        let file = ConfigFile::locate(explicit, environment);
        let values = keys::Values::collect(&file.read()?, environment)?;
        let retries_enabled = values.boolean("server.retries.enabled", true)?;
        let access_key_id = values.text("credentials.access_key_id");
        let secret_access_key = values.text("credentials.secret_access_key");
        let credentials = if access_key_id.is_empty() && secret_access_key.is_empty() {
            match values.text("credentials.provider.type").as_str() {
                "" => token::cached(environment).map_or(Credentials::Anonymous, Credentials::Token),
                "aws_iam" => {
                    return Err(Error::failed(
                        "credentials.provider.type aws_iam is not available: set \
                         credentials.access_key_id and credentials.secret_access_key",
                    ));
                }
                other => {
                    return Err(Error::failed(format!(
                        "credentials.provider.type {other:?}: only aws_iam is known"
                    )));
                }
            }
        } else {
            Credentials::Keys {
                access_key_id,
                secret_access_key,
            }
        };
        let endpoint_url = match values.text("server.endpoint_url") {
            url if url.is_empty() => DEFAULT_ENDPOINT.to_owned(),
            url => url,
        };
        Ok(Self {
            endpoint_url,
            credentials,
            retries: RetryPolicy {
                extra_attempts: if retries_enabled {
                    values.number("server.retries.max_attempts", 4)?
                } else {
                    0
                },
                min_wait: values.duration(
                    "server.retries.min_wait_interval",
                    Duration::from_millis(200),
                )?,
                max_wait: values
                    .duration("server.retries.max_wait_interval", Duration::from_secs(30))?,
            },
            proxies: Proxies::of(environment)?,
            http2: values.boolean("network.http2.enabled", true)?,
            parallelism: values.number("options.parallelism", 0)?,
            skip_non_regular_files: values.boolean("local.skip_non_regular_files", false)?,
            symlink_support: values.boolean("local.symlink_support", false)?,
            posix_permissions: values
                .boolean("experimental.local.posix_permissions.enabled", false)?,
        })
    }
}

#[cfg(test)]
mod tests;
