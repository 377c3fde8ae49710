//! `lakectl version` and `lakectl --version`. Nobody but the configured server is asked.

use std::sync::Arc;

use clap::Args;

use super::Context;
use crate::cli::GlobalFlags;
use crate::error::{Error, Result};
use crate::settings::Environment;
use crate::ui::Ui;
use crate::version::{COMPATIBLE, OWN};

/// Print the version of this program and of the server
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl version\n  lakectl --version")]
pub(crate) struct Version {}

/// Prints the versions; a server that cannot be asked is left out. `full` adds this program's own.
pub(crate) async fn run(
    ui: &Arc<Ui>,
    global: &GlobalFlags,
    environment: &Environment,
    full: bool,
) -> Result<()> {
    let server = match Context::new(ui, global, environment) {
        Ok(context) => context.client.config().await,
        Err(error) => Err(error),
    };
    let server = server.map(|config| config.version_config.and_then(|version| version.version));
    write(ui, full, server)
}

fn write(ui: &Ui, full: bool, server: std::result::Result<Option<String>, Error>) -> Result<()> {
    let (server, failure) = match server {
        Ok(server) => (server, None),
        Err(error) => (None, Some(error)),
    };
    if ui.is_json() {
        return ui.json(&serde_json::json!({
            "lakectl": COMPATIBLE,
            "lakectl_rust": OWN,
            "server": server,
        }));
    }
    ui.line(&format!("lakectl version: {COMPATIBLE} (community)"))?;
    if full || ui.is_verbose() {
        ui.line(&format!("lakectl in Rust: {OWN}"))?;
    }
    if let Some(server) = server {
        ui.line(&format!("lakeFS version: {server}"))?;
    }
    match failure {
        Some(error) if ui.is_verbose() => {
            ui.note(&format!("the server did not tell its version: {error}"));
        }
        _ => {}
    }
    Ok(())
}
