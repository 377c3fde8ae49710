//! Every link of the credential chain, with services answered from a table.

use std::path::Path;

use lakefs_runtime::ManualClock;
use parking_lot::Mutex;

use super::*;
use crate::StaticCredentials;

/// Answers by the beginning of the URL; anything else cannot be reached. What is behind a `name: value` is
/// for requests that have such a header.
#[derive(Debug, Clone, Default)]
struct Services(Arc<Mutex<Vec<(&'static str, String)>>>);

/// An answer for those who show a token only.
fn guarded(header: &str, answer: &str) -> String {
    format!("{header}\n{answer}")
}

impl Services {
    fn with(answers: &[(&'static str, &str)]) -> Self {
        let own = |(url, answer): &(&'static str, &str)| (*url, (*answer).to_owned());
        Self(Arc::new(Mutex::new(answers.iter().map(own).collect())))
    }
}

impl HttpSend for Services {
    async fn http_send(
        &self,
        request: http::Request<Bytes>,
    ) -> reqsign_core::Result<http::Response<Bytes>> {
        let url = request.uri().to_string();
        let answers = self.0.lock();
        let found = answers
            .iter()
            .rev()
            .find(|(start, _)| url.starts_with(start));
        match found {
            Some((_, answer)) => {
                let (header, answer) = answer.split_once('\n').unwrap_or(("", answer));
                if let Some((name, value)) = header.split_once(": ") {
                    let shown = request.headers().get(name);
                    if shown.is_none_or(|shown| shown.as_bytes() != value.as_bytes()) {
                        let mut denied = http::Response::new(Bytes::new());
                        *denied.status_mut() = http::StatusCode::FORBIDDEN;
                        return Ok(denied);
                    }
                }
                Ok(http::Response::new(answer.to_owned().into()))
            }
            None => Err(Error::unexpected(format!("{url} cannot be reached"))),
        }
    }
}

const NOW: i64 = 1_800_000_000;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_seconds(NOW)))
}

fn environment(pairs: &[(&str, &str)]) -> S3Options {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    S3Options {
        environment: pairs.iter().map(own).collect(),
        ..S3Options::default()
    }
}

async fn find(options: &S3Options, services: &Services) -> Result<String, String> {
    let source = CredentialSource::with_http(options, services.clone(), clock());
    match source.get().await {
        Ok(found) => Ok(format!(
            "{} {} {}",
            found.keys.access_key_id,
            found.keys.secret_access_key,
            found.keys.session_token.as_deref().unwrap_or("-")
        )),
        Err(cause) => Err(cause.to_string()),
    }
}

fn document(id: &str, ends: &str) -> String {
    format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"S","Token":"T","Expiration":"{ends}"}}"#
    )
}

const FAR: &str = "2099-01-01T00:00:00Z";
const ENVIRONMENT: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "ENV"), ("AWS_SECRET_ACCESS_KEY", "S")];

#[tokio::test]
async fn given_keys_win_over_everything() {
    let options = S3Options {
        credentials: Some(StaticCredentials {
            access_key_id: "GIVEN".to_owned(),
            secret_access_key: "S".to_owned(),
            session_token: Some("T".to_owned()),
        }),
        ..environment(&ENVIRONMENT)
    };
    let found = find(&options, &Services::default()).await;
    assert_eq!(found.as_deref(), Ok("GIVEN S T"));
    assert!(!format!("{options:?}").contains("\"S\""));
}

#[tokio::test]
async fn the_environment_is_read() {
    let found = find(&environment(&ENVIRONMENT), &Services::default()).await;
    assert_eq!(found.as_deref(), Ok("ENV S -"));
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn profiles_and_credentials_files_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = S\n");
    let text = format!("[default]\n{}[work]\n{}", keys("DEFAULT"), keys("WORK"));
    let shared = write(directory.path(), "shared", &text);
    let text = format!("[default]\n{}", keys("OTHER"));
    let other = write(directory.path(), "other", &text);
    let config = write(directory.path(), "config", "");
    let variables = [
        ("AWS_SHARED_CREDENTIALS_FILE", shared.as_str()),
        ("AWS_CONFIG_FILE", config.as_str()),
    ];
    let none = Services::default();
    let plain = environment(&variables);
    assert_eq!(find(&plain, &none).await.as_deref(), Ok("DEFAULT S -"));
    let named = S3Options {
        profile: Some("work".to_owned()),
        ..environment(&[&variables[..], &ENVIRONMENT[..]].concat())
    };
    assert_eq!(find(&named, &none).await.as_deref(), Ok("WORK S -"));
    let file = S3Options {
        credentials_file: Some(other.into()),
        ..environment(&variables)
    };
    assert_eq!(find(&file, &none).await.as_deref(), Ok("OTHER S -"));
    let by_name = environment(&[&variables[..], &[("AWS_PROFILE", "work")]].concat());
    assert_eq!(find(&by_name, &none).await.as_deref(), Ok("WORK S -"));
}

#[tokio::test]
async fn a_process_of_the_profile_is_run() {
    let directory = tempfile::tempdir().unwrap();
    let answer = format!(
        r#"{{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"S","SessionToken":"T","Expiration":"{FAR}"}}"#
    );
    let answer = write(directory.path(), "answer", &answer);
    let config = format!("[default]\ncredential_process = /bin/cat {answer}\n");
    let config = write(directory.path(), "config", &config);
    let shared = write(directory.path(), "shared", "");
    let options = environment(&[
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", shared.as_str()),
    ]);
    let found = find(&options, &Services::default()).await;
    assert_eq!(found.as_deref(), Ok("PROCESS S T"));
}

#[tokio::test]
async fn a_web_identity_is_exchanged() {
    let directory = tempfile::tempdir().unwrap();
    let token = write(directory.path(), "token", "identity");
    let options = environment(&[
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/lake"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
    ]);
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>T</SessionToken>\
         <SecretAccessKey>S</SecretAccessKey><Expiration>{FAR}</Expiration>\
         <AccessKeyId>WEB</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>"
    );
    let services = Services::with(&[("https://sts.", &answer)]);
    assert_eq!(find(&options, &services).await.as_deref(), Ok("WEB S T"));
}

#[tokio::test]
async fn roles_of_containers_and_instances_are_found() {
    let container = document("CONTAINER", FAR);
    let services = Services::with(&[("http://169.254.170.2/role", &container)]);
    let options = environment(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role")]);
    assert_eq!(
        find(&options, &services).await.as_deref(),
        Ok("CONTAINER S T")
    );

    let base = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
    let instance = document("INSTANCE", FAR);
    let services = Services::with(&[
        ("http://169.254.169.254/latest/api/token", "token"),
        (base, "lake-role"),
        (
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/lake-role",
            &instance,
        ),
    ]);
    assert_eq!(
        find(&environment(&[]), &services).await.as_deref(),
        Ok("INSTANCE S T")
    );
}

/// As Kubernetes has it on EKS: an agent on the node, and a token that is renewed in a file.
#[tokio::test]
async fn an_agent_is_asked_with_the_token_of_the_pod() {
    let directory = tempfile::tempdir().unwrap();
    let token = write(directory.path(), "token", "of-the-pod\n");
    let agent = "http://169.254.170.23/v1/credentials";
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent)];
    let answer = guarded("authorization: of-the-pod", &document("POD", FAR));
    let services = Services::with(&[(agent, &answer)]);
    for shown in [
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-the-pod"),
    ] {
        let options = environment(&[&variables[..], &[shown]].concat());
        assert_eq!(find(&options, &services).await.as_deref(), Ok("POD S T"));
    }
    let without = environment(&[&variables[..], &[("AWS_EC2_METADATA_DISABLED", "true")]].concat());
    assert!(find(&without, &services).await.is_err());
}

#[tokio::test]
async fn a_login_by_single_sign_on_is_exchanged() {
    let home = tempfile::tempdir().unwrap();
    let config = "[profile lake]\n\
                  sso_start_url = https://lake.awsapps.com/start\n\
                  sso_region = eu-west-1\n\
                  sso_account_id = 123456789012\n\
                  sso_role_name = Lake\n";
    let cache = home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    write(&home.path().join(".aws"), "config", config);
    // Named after the SHA-1 of the start URL.
    let name = "5d758c1ba66198000bbbe3ec975a1ebae1a1f2ad.json";
    let login = |ends: &str| format!(r#"{{"accessToken":"login","expiresAt":"{ends}"}}"#);
    write(&cache, name, &login(FAR));
    let answer = r#"{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"S","sessionToken":"T","expiration":4070908800000}}"#;
    let answer = guarded("x-amz-sso_bearer_token: login", answer);
    let portal = "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials";
    let services = Services::with(&[(portal, &answer)]);
    let home = home.path().display().to_string();
    let variables = [
        ("HOME", home.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let named = S3Options {
        profile: Some("lake".to_owned()),
        ..environment(&variables)
    };
    assert_eq!(find(&named, &services).await.as_deref(), Ok("SSO S T"));
    let by_name = environment(&[&variables[..], &[("AWS_PROFILE", "lake")]].concat());
    assert_eq!(find(&by_name, &services).await.as_deref(), Ok("SSO S T"));
    write(&cache, name, &login("2020-01-01T00:00:00Z"));
    assert!(find(&named, &services).await.is_err());
}

#[tokio::test]
async fn temporary_keys_are_renewed_and_outlive_an_outage() {
    let text = |id, seconds: i64| {
        let ends = jiff::Timestamp::from_second(NOW + seconds).unwrap();
        document(id, &ends.to_string())
    };
    let services = Services::with(&[("http://169.254.170.2/role", &text("FIRST", 3600))]);
    let options = environment(&[
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/role"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]);
    let clock = clock();
    let source = CredentialSource::with_http(
        &options,
        services.clone(),
        Arc::clone(&clock) as Arc<dyn Clock>,
    );
    let id = async || {
        source
            .get()
            .await
            .map(|found| found.keys.access_key_id.clone())
    };
    assert_eq!(id().await.unwrap(), "FIRST");
    services.0.lock().clear();
    clock.advance(Duration::from_mins(54));
    assert_eq!(id().await.unwrap(), "FIRST");
    // Inside the window, with nobody to ask.
    clock.advance(Duration::from_mins(3));
    assert_eq!(id().await.unwrap(), "FIRST");
    services
        .0
        .lock()
        .push(("http://169.254.170.2/role", text("SECOND", 7200)));
    assert_eq!(id().await.unwrap(), "SECOND");
    services.0.lock().clear();
    clock.advance(Duration::from_hours(2));
    assert!(id().await.is_err());
}

#[tokio::test]
async fn nothing_found_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().display().to_string();
    let options = environment(&[("HOME", &home), ("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(find(&options, &Services::default()).await.is_err());
}
