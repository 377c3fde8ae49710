//! `lakectl doctor`: is the configuration good, and if not, what is wrong with it.

use clap::Args;
use http::StatusCode;

use super::Context;
use crate::error::{Error, Result};
use crate::settings::Credentials;
use crate::ui::Ui;

/// Check the configuration and the connection to the server
///
/// Prints what is wrong, if anything, and how to put it right. The exit code is 0 either way.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl doctor\n  lakectl doctor --verbose")]
pub(crate) struct Doctor {}

impl Doctor {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let Context { ui, client, .. } = context;
        step(
            ui,
            "Trying to get endpoint URL and parse it as a URL format.",
        )?;
        step(
            ui,
            "Trying to run a sanity command using current configuration.",
        )?;
        let sanity = client.list_repositories("", "", Some(1)).page().await;
        let findings = match sanity {
            Ok(_) => Vec::new(),
            Err(error) => {
                step(ui, &format!("The sanity command failed: {error}"))?;
                diagnose(context, &error)
            }
        };
        if ui.is_json() {
            return ui.json(&serde_json::json!({
                "valid": findings.is_empty(),
                "findings": findings,
            }));
        }
        if findings.is_empty() {
            return ui.line("Valid configuration");
        }
        findings.iter().try_for_each(|finding| ui.line(finding))
    }
}

fn step(ui: &Ui, text: &str) -> Result<()> {
    if ui.is_verbose() && !ui.is_json() {
        return ui.line(text);
    }
    Ok(())
}

fn diagnose(context: &Context, error: &Error) -> Vec<String> {
    let endpoint = context.client.endpoint();
    let mut findings = Vec::new();
    match error {
        Error::Api { status, .. } if *status == StatusCode::UNAUTHORIZED => {
            findings.push(String::from("The server does not accept the credentials."));
            findings.extend(suspicious_keys(&context.settings.credentials));
        }
        Error::Api { status, message } => findings.push(format!(
            "The server at {} refused a listing of repositories: {message} ({}).",
            endpoint.site,
            status.as_u16()
        )),
        Error::Transport { cause, .. } => findings.push(format!(
            "No connection to the server at {}: {cause}. Check server.endpoint_url and that the server runs.",
            endpoint.site
        )),
        _ => findings.push(format!(
            "The answer from {} is not that of a lakeFS server: {error}.",
            endpoint.api
        )),
    }
    if !endpoint.api.ends_with("/api/v1") {
        findings.push(format!(
            "The endpoint URL has the path of something else: {} should end with /api/v1, or have no path.",
            endpoint.api
        ));
    }
    findings
}

/// What about a key pair does not look like one. Only hints: other servers make other keys.
fn suspicious_keys(credentials: &Credentials) -> Vec<String> {
    let Credentials::Keys {
        access_key_id,
        secret_access_key,
    } = credentials
    else {
        return vec![String::from(
            "No key pair is configured: set credentials.access_key_id and credentials.secret_access_key.",
        )];
    };
    let mut findings = Vec::new();
    if !is_usual_access_key(access_key_id) {
        findings.push(String::from(
            "The access key id does not look like one made by a server (AKIAI or AKIAJ, 14 capitals or digits, Q).",
        ));
    }
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    if secret_access_key.len() != 40 || !secret_access_key.bytes().all(base64) {
        findings.push(String::from(
            "The secret access key does not look like one made by a server (40 characters of base64).",
        ));
    }
    findings
}

fn is_usual_access_key(key: &str) -> bool {
    let Some(rest) = key.strip_prefix("AKIA") else {
        return false;
    };
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    rest.len() == 16
        && rest.starts_with(['I', 'J', '|'])
        && rest.ends_with('Q')
        && rest.bytes().skip(1).take(14).all(capital)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_not_suspicious() {
        let keys = |id: &str, secret: &str| Credentials::Keys {
            access_key_id: id.into(),
            secret_access_key: secret.into(),
        };
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        assert!(suspicious_keys(&keys("AKIAJ12ZZZZZZZZZZZZQ", secret)).is_empty());
        assert_eq!(suspicious_keys(&keys("admin", "password")).len(), 2);
        assert_eq!(suspicious_keys(&Credentials::Anonymous).len(), 1);
    }
}
