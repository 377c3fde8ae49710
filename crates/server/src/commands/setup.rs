//! `lakefs setup`: schema version, installation id, first administrator.

use lakefs_auth::{AuthError, KeyPair};

use super::CommandError;
use crate::cli::SetupArgs;
use crate::console::say;
use crate::settings::Settings;
use crate::startup;
use crate::wiring;

pub(super) async fn setup(settings: Settings, args: SetupArgs) -> Result<(), CommandError> {
    let kv = wiring::open_kv(&settings).await?;
    startup::check_schema(&*kv).await?;
    let auth = wiring::auth(&settings, &kv, &wiring::ids());
    let installation = auth.installation();
    if args.no_check {
        tracing::debug!("not looking for an earlier setup");
    } else if installation.is_initialized().await? {
        return Err(CommandError::Refused(
            "setup is already complete".to_owned(),
        ));
    }
    startup::write_schema(&*kv).await?;
    let fixed = Some(settings.installation.fixed_id.as_str()).filter(|id| !id.is_empty());
    installation.ensure_id(fixed).await?;
    let key =
        args.access_key_id
            .zip(args.secret_access_key)
            .map(|(access_key_id, secret_access_key)| KeyPair {
                access_key_id,
                secret_access_key,
            });
    let credential = match auth.setup(&args.user_name, key, None, "none").await {
        Err(AuthError::AlreadySetUp) => {
            return Err(CommandError::Refused(
                "setup is already complete".to_owned(),
            ));
        }
        outcome => outcome?,
    };
    print_credential(&credential);
    Ok(())
}

/// Prints a key pair the way scripts expect it.
pub(super) fn print_credential(credential: &lakefs_auth::Credential) {
    say("credentials:");
    say(&format!("  access_key_id: {}", credential.access_key_id));
    say(&format!(
        "  secret_access_key: {}",
        credential.secret_access_key
    ));
}
