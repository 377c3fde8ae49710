//! What a person sees when the server is up: where it is and, in quickstart, what to try.

use std::path::PathBuf;

use lakefs_auth::Auth;
use lakefs_service::{Caller, CreateRepository, ErrorKind, Service};

use crate::commands::CommandError;
use crate::console::note;
use crate::settings::{Preset, QUICKSTART_ACCESS_KEY, QUICKSTART_SECRET_KEY, Settings};

/// Name of the sample repository.
pub(crate) const REPOSITORY: &str = "quickstart";

/// Makes the sample repository of a new quickstart; one that is there, changed or not, stays as it is.
pub(crate) async fn make_sample(service: &Service, auth: &Auth) -> Result<(), CommandError> {
    let Some(user) = auth.directory().users().await?.into_iter().next() else {
        return Ok(());
    };
    let caller = Caller::of(user, "quickstart");
    let request = CreateRepository {
        name: REPOSITORY,
        storage_namespace: "local://quickstart",
        default_branch: None,
        sample_data: true,
        read_only: false,
        bare: false,
        storage_id: "",
    };
    match service.create_repository(&caller, request).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
        Err(error) => Err(CommandError::Sample(error)),
    }
}

/// Tells where the server is.
pub(crate) fn announce(settings: &Settings, url: &str, initialized: bool) {
    let version = env!("CARGO_PKG_VERSION");
    note(&format!("\nUp and running: lakefs {version} at {url}"));
    if settings.preset == Preset::Quickstart {
        note(&sample_hints(url, &lakectl()));
    } else if !initialized {
        note(&format!(
            "\nThis installation has no administrator yet. Make one:\n  \
             curl -X POST {url}/api/v1/setup_lakefs -H 'Content-Type: application/json' -d '{{\"username\":\"admin\"}}'\n"
        ));
    }
}

fn sample_hints(url: &str, lakectl: &str) -> String {
    format!(
        "\n  URL                {url}\n  \
           Access key ID      {QUICKSTART_ACCESS_KEY}\n  \
           Secret access key  {QUICKSTART_SECRET_KEY}\n\n\
         Everybody knows these keys: use them for trying things out, not for data you care about.\n\
         In another terminal:\n\n  \
           export LAKECTL_SERVER_ENDPOINT_URL={url} LAKECTL_CREDENTIALS_ACCESS_KEY_ID={QUICKSTART_ACCESS_KEY} \
         LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY={QUICKSTART_SECRET_KEY}\n  \
           export AWS_ACCESS_KEY_ID={QUICKSTART_ACCESS_KEY} AWS_SECRET_ACCESS_KEY={QUICKSTART_SECRET_KEY} \
         AWS_DEFAULT_REGION=us-east-1\n\n\
         Four commands to try. The branch `main` is protected: it refuses writes, over S3 too, and changes by merges.\n\n  \
           {lakectl} fs ls -r lakefs://{REPOSITORY}/main/\n  \
           {lakectl} branch create lakefs://{REPOSITORY}/experiment -s lakefs://{REPOSITORY}/main\n  \
           echo hello | aws --endpoint-url {url} s3 cp - s3://{REPOSITORY}/experiment/hello.txt\n  \
           {lakectl} diff lakefs://{REPOSITORY}/experiment\n"
    )
}

/// `lakectl` as the person can type it: beside this program if it is there.
fn lakectl() -> String {
    let beside = std::env::current_exe()
        .ok()
        .map(|program| program.with_file_name("lakectl"))
        .filter(|path| path.is_file());
    let here = std::env::current_dir().unwrap_or_default();
    beside.map_or_else(
        || "lakectl".to_owned(),
        |path: PathBuf| {
            let short = path.strip_prefix(&here).unwrap_or(&path);
            short.display().to_string()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hints_name_url_and_keys_and_what_lakectl_and_s3_can_do() {
        let text = sample_hints("http://127.0.0.1:8000", "lakectl");
        for part in [QUICKSTART_ACCESS_KEY, QUICKSTART_SECRET_KEY] {
            assert_eq!(text.matches(part).count(), 3, "{part}");
        }
        assert_eq!(text.matches("http://127.0.0.1:8000").count(), 3);
        assert_eq!(text.matches("\n  lakectl ").count(), 3);
        assert_eq!(text.matches("| aws ").count(), 1);
    }
}
