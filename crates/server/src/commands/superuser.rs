//! `lakefs superuser`: an administrator for an installation that has none any more, or the choice of
//! one among the users of an older installation.

use lakefs_auth::{AuthError, KeyPair};

use super::CommandError;
use super::setup::print_credential;
use crate::cli::SuperuserArgs;
use crate::console::say;
use crate::settings::Settings;
use crate::{startup, wiring};

pub(super) async fn create(settings: Settings, args: SuperuserArgs) -> Result<(), CommandError> {
    let kv = wiring::open_kv(&settings).await?;
    startup::check_schema(&*kv).await?;
    let auth = wiring::auth(&settings, &kv, &wiring::ids());
    let key = match (args.access_key_id, args.secret_access_key) {
        (Some(access_key_id), Some(secret_access_key)) => Some(KeyPair {
            access_key_id,
            secret_access_key,
        }),
        (Some(access_key_id), None) => {
            auth.choose_legacy_user(&args.user_name, &access_key_id)
                .await?;
            say(&format!(
                "{} with {access_key_id} is the administrator now",
                args.user_name
            ));
            return Ok(());
        }
        (None, _) => None,
    };
    match auth.create_superuser(&args.user_name, key).await {
        Ok(credential) => {
            print_credential(&credential);
            Ok(())
        }
        Err(AuthError::UserExists) => Err(CommandError::Refused(
            "there is an administrator already; this server has one".to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}
