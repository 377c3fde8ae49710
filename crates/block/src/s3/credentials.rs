//! Finding keys to sign with: given ones, or the AWS chain (environment, profile and credentials file,
//! SSO, web identity, process, container role, instance role) through `reqsign-aws-core`. Temporary keys
//! are renewed before they end; while that fails, those still valid go on being used.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lakefs_runtime::{Clock, Timestamp, spawn_blocking};
use lakefs_sigv4::Credentials;
use reqsign_aws_core::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, DefaultCredentialProvider,
    DefaultCredentialProviderBuilder, ProfileCredentialProvider,
};
use reqsign_core::{
    CommandExecute, CommandOutput, Context, Error, FileRead, HttpSend, ProvideCredential as _,
    StaticEnv,
};

use super::S3Options;
use super::transport::{SendBody, Transport, read_small};
use crate::Cause;

/// Longest answer of a credential service.
const MAX_ANSWER: usize = 1 << 20;
/// Credential services are near; waiting longer for one that is not there only delays the error.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) keys: Arc<Credentials>,
    pub(super) ends: Option<Timestamp>,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) struct CredentialSource {
    chain: Option<Chain>,
    clock: Arc<dyn Clock>,
    window: Duration,
    current: tokio::sync::Mutex<Option<Found>>,
}

struct Chain {
    provider: DefaultCredentialProvider,
    context: Context,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain")
    }
}

impl CredentialSource {
    pub(super) fn new(options: &S3Options, transport: &Transport, clock: Arc<dyn Clock>) -> Self {
        Self::with_http(options, Http(transport.clone()), clock)
    }

    fn with_http(options: &S3Options, http: impl HttpSend, clock: Arc<dyn Clock>) -> Self {
        let given = options.credentials.as_ref().map(|given| Found {
            keys: Arc::new(Credentials {
                access_key_id: given.access_key_id.clone(),
                secret_access_key: given.secret_access_key.clone(),
                session_token: given.session_token.clone(),
            }),
            ends: None,
        });
        Self {
            chain: given.is_none().then(|| chain(options, http)),
            clock,
            window: options.web_identity_session_expiry_window,
            current: tokio::sync::Mutex::new(given),
        }
    }

    /// Keys that are valid now.
    pub(super) async fn get(&self) -> Result<Found, Cause> {
        let mut current = self.current.lock().await;
        let now = self.clock.now();
        let valid_at = |found: &&mut Found, at| found.ends.is_none_or(|ends| ends > at);
        if let Some(found) = current
            .as_mut()
            .filter(|f| valid_at(f, now.plus(self.window)))
        {
            return Ok(found.clone());
        }
        let fresh = match &self.chain {
            Some(chain) => chain.provider.provide_credential(&chain.context).await,
            None => Ok(None),
        };
        match fresh {
            Ok(Some(fresh)) => {
                let found = found(fresh);
                *current = Some(found.clone());
                Ok(found)
            }
            failed => {
                let cause: Cause = match failed {
                    Err(error) => Box::new(error),
                    Ok(_) => "no AWS credentials were found".into(),
                };
                match current.as_mut().filter(|found| valid_at(found, now)) {
                    Some(found) => {
                        tracing::warn!(error = %cause, "AWS credentials could not be renewed");
                        Ok(found.clone())
                    }
                    None => Err(cause),
                }
            }
        }
    }
}

fn found(credential: Credential) -> Found {
    Found {
        ends: credential
            .expires_in
            .map(|ends| Timestamp::from_seconds(ends.as_second())),
        keys: Arc::new(Credentials {
            access_key_id: credential.access_key_id,
            secret_access_key: credential.secret_access_key,
            session_token: credential.session_token,
        }),
    }
}

fn chain(options: &S3Options, http: impl HttpSend) -> Chain {
    let mut builder = DefaultCredentialProviderBuilder::new();
    let mut profile = ProfileCredentialProvider::new();
    if let Some(file) = &options.credentials_file {
        profile = profile.with_credentials_file(file.to_string_lossy());
    }
    builder = builder.profile(profile);
    if let Some(name) = &options.profile {
        builder = builder.with_profile(name);
    }
    if options.profile.is_some() || options.credentials_file.is_some() {
        // Chosen on purpose, so keys lying about in the environment must not win.
        builder = builder.no_env();
    }
    if let Some(duration) = options.web_identity_session_duration {
        let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let provider =
            AssumeRoleWithWebIdentityCredentialProvider::new().with_duration_seconds(seconds);
        builder = builder.web_identity(provider);
    }
    let environment = StaticEnv {
        home_dir: options.environment.get("HOME").map(Into::into),
        envs: options
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    };
    Chain {
        provider: builder.build(),
        context: Context::new()
            .with_file_read(Files)
            .with_http_send(http)
            .with_env(environment)
            .with_command_execute(Commands),
    }
}

#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let path = path.to_owned();
        spawn_blocking(move || std::fs::read(path))
            .await
            .map_err(|error| Error::config_invalid("file cannot be read").with_source(error))
    }
}

#[derive(Debug)]
struct Http(Transport);

impl HttpSend for Http {
    async fn http_send(
        &self,
        request: http::Request<Bytes>,
    ) -> reqsign_core::Result<http::Response<Bytes>> {
        let unexpected = |cause: Cause| Error::unexpected(cause.to_string());
        let request = request.map(|body| SendBody::Chunks(VecDeque::from([body])));
        let answer = self.0.send(request, ANSWER_TIMEOUT).await;
        let (head, body) = answer.map_err(unexpected)?.into_parts();
        let body = read_small(body, MAX_ANSWER, ANSWER_TIMEOUT).await;
        Ok(http::Response::from_parts(head, body.map_err(unexpected)?))
    }
}

/// For `credential_process` of a profile.
#[derive(Debug)]
struct Commands;

impl CommandExecute for Commands {
    async fn command_execute<'a>(
        &'a self,
        program: &'a str,
        args: &'a [&'a str],
    ) -> reqsign_core::Result<CommandOutput> {
        let mut command = std::process::Command::new(program);
        command.args(args);
        let output = spawn_blocking(move || command.output())
            .await
            .map_err(|error| {
                Error::config_invalid("credential process cannot run").with_source(error)
            })?;
        Ok(CommandOutput {
            status: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }
}
