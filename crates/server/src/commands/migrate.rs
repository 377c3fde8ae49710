//! `lakefs migrate`.

use super::CommandError;
use crate::cli::MigrateCommand;
use crate::console::say;
use crate::settings::Settings;
use crate::startup::{self, SCHEMA_VERSION, SchemaState};
use crate::wiring;

pub(super) async fn migrate(
    settings: Settings,
    command: MigrateCommand,
) -> Result<(), CommandError> {
    let kv = wiring::open_kv(&settings).await?;
    let state = startup::read_schema(&*kv).await?;
    match command {
        MigrateCommand::Version => {
            say(&format!("Current version: {state}"));
            say(&format!("Available version: {SCHEMA_VERSION}"));
            Ok(())
        }
        MigrateCommand::Up { force } => match state {
            SchemaState::Current => {
                say(&format!("Already at version {SCHEMA_VERSION}"));
                Ok(())
            }
            SchemaState::Absent => Err(CommandError::Refused(
                "there is nothing to migrate: run lakefs setup".to_owned(),
            )),
            SchemaState::Newer(_) | SchemaState::Unreadable(_) if !force => {
                startup::check_schema(&*kv).await?;
                Ok(())
            }
            SchemaState::Older(_) | SchemaState::Newer(_) | SchemaState::Unreadable(_) => {
                startup::write_schema(&*kv).await?;
                say(&format!(
                    "Migrated from version {state} to {SCHEMA_VERSION}"
                ));
                Ok(())
            }
        },
    }
}
