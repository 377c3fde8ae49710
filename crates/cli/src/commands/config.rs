//! `lakectl config`: asks for the three settings everyone needs and writes the configuration file.

use clap::Args;
use serde_norway::{Mapping, Value};

use crate::cli::GlobalFlags;
use crate::error::{Error, Result};
use crate::settings::{ConfigFile, DEFAULT_ENDPOINT, Environment, write_essentials};
use crate::ui::Ui;

/// Say where the server is and who you are
///
/// Asks for a key pair and the address of the server and keeps them in the configuration file, which
/// only you can read. Other settings in the file stay.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl config\n  lakectl --config other.yaml config")]
pub(crate) struct Config {}

impl Config {
    #[expect(clippy::unused_self, reason = "every command runs the same way")]
    pub(crate) fn run(
        &self,
        ui: &Ui,
        global: &GlobalFlags,
        environment: &Environment,
    ) -> Result<()> {
        let mut file = ConfigFile::locate(global.config.clone(), environment);
        let path = file.path.clone().ok_or_else(|| {
            Error::failed("there is no home directory: name a file with --config")
        })?;
        // The file is about to be written, so that a named one need not exist yet.
        file.explicit = false;
        let mapping = file.read()?;
        ui.line(&format!("Config file {} will be used", path.display()))?;
        let access_key_id = ui.ask(
            "Access key ID",
            &text(&mapping, "credentials", "access_key_id"),
        )?;
        let known = text(&mapping, "credentials", "secret_access_key");
        let secret_access_key = ui.ask_secret("Secret access key", &known)?;
        let endpoint = match text(&mapping, "server", "endpoint_url") {
            known if known.is_empty() => DEFAULT_ENDPOINT.to_owned(),
            known => known,
        };
        let endpoint = ui.ask("Server endpoint URL", &endpoint)?;
        crate::settings::Endpoint::parse(&endpoint)?;
        write_essentials(
            &path,
            mapping,
            &access_key_id,
            &secret_access_key,
            &endpoint,
        )
    }
}

fn text(mapping: &Mapping, section: &str, key: &str) -> String {
    let value = mapping
        .get(Value::from(section))
        .and_then(Value::as_mapping)
        .and_then(|section| section.get(Value::from(key)));
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
