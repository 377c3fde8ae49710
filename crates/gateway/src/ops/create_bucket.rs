//! `CreateBucket`: repositories are made with the REST API, which knows where to put them. In the mode
//! for conformance suites (`gateways.s3.test_buckets`) a repository is made, and an alias of the
//! bucket's name that shows its default branch.

use http::header::LOCATION;
use http::{HeaderValue, Response, StatusCode};
use lakefs_service::CreateRepository;

use crate::error::{Code, S3Error, Scope};
use crate::request::Request;
use crate::{Body, BucketAlias, Gateway, response};

/// The branch a test bucket shows.
const BRANCH: &str = "main";

pub(super) async fn run(gateway: &Gateway, request: Request) -> Result<Response<Body>, S3Error> {
    let bucket = request.bucket()?;
    let service = gateway.service();
    let testing = gateway.options().test_buckets;
    if testing && !is_bucket_name(&bucket.name) {
        return Err(S3Error::new(Code::InvalidBucketName));
    }
    let found = service
        .get_repository(&request.caller, bucket.repository())
        .await;
    if found.is_ok() {
        return Err(S3Error::new(if testing {
            Code::BucketAlreadyOwnedByYou
        } else {
            Code::BucketAlreadyExists
        }));
    }
    if !testing {
        return Err(S3Error::new(Code::NotImplemented).scope(Scope::Door));
    }
    // Repositories of that name may have been there before, and their objects still are.
    let unique = gateway.ids().xid();
    let namespace = format!(
        "{}/{}-{unique}",
        gateway.options().test_namespace.trim_end_matches('/'),
        bucket.name
    );
    let repository = bucket.name.replace('.', "-");
    let wanted = CreateRepository {
        name: &repository,
        storage_namespace: &namespace,
        default_branch: Some(BRANCH),
        sample_data: false,
        read_only: false,
        bare: false,
        storage_id: "",
    };
    service.create_repository(&request.caller, wanted).await?;
    gateway.resolver().add_alias(BucketAlias {
        name: bucket.name.clone(),
        repository,
        reference: BRANCH.to_owned(),
        prefix: String::new(),
    });
    let mut response = response::bare(StatusCode::OK);
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/{}", bucket.name)) {
        headers.insert(LOCATION, location);
    }
    if let Ok(arn) = HeaderValue::try_from(format!("arn:aws:s3:::{}", bucket.name)) {
        headers.insert("x-amz-bucket-arn", arn);
    }
    Ok(response)
}

/// S3's rules, as far as suites look at them.
fn is_bucket_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && edge(name.bytes().next())
        && edge(name.bytes().last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::is_bucket_name;

    #[test]
    fn bucket_names_are_s3s() {
        for good in ["abc", "a.b-c", "0bucket9"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in [
            "ab",
            "Abc",
            "a_b",
            "-ab",
            "ab-",
            "a..b",
            "10.0.0.1",
            &"a".repeat(64),
        ] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }
}
