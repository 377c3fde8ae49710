//! URLs that carry their own permission.

use std::time::Duration;

use http::header::HOST;
use http::{HeaderMap, HeaderValue};
use lakefs_runtime::Timestamp;
use lakefs_sigv4::{MAX_PRESIGN_SECONDS, encode_path, encode_value};

use super::S3BlockStore;
use crate::{BlockError, Location, Presign, PresignedUrl};

pub(super) async fn presign(
    store: &S3BlockStore,
    location: &Location,
    what: &Presign,
    valid: Duration,
) -> Result<PresignedUrl, BlockError> {
    let client = store.client();
    let allowed = match what {
        Presign::Get { .. } | Presign::Put => store.shared.descriptor.presign,
        Presign::Part { .. } => store.shared.descriptor.presign_multipart,
    };
    if !allowed {
        return Err(BlockError::Unsupported {
            operation: "presign",
        });
    }
    let address = S3BlockStore::address(location);
    let fail = |failure: super::Failure| failure.into_error("presign", &address);
    let region = client.region(&location.bucket).await.map_err(fail)?;
    let found = client.credentials.get().await;
    let found = found.map_err(|cause| fail(super::Failure::Credentials(cause)))?;
    let (method, query) = match what {
        Presign::Get { filename } => ("GET", filename.as_deref().map(disposition)),
        Presign::Put => ("PUT", None),
        Presign::Part { upload_id, number } => {
            BlockError::check_part_number(*number)?;
            let id = encode_value(upload_id);
            ("PUT", Some(format!("partNumber={number}&uploadId={id}")))
        }
    };
    let date = client.now();
    let now = Timestamp::from_seconds(date.unix());
    let mut seconds = valid.as_secs().clamp(1, MAX_PRESIGN_SECONDS);
    if let Some(ends) = found.ends {
        // The URL dies with the keys that signed it.
        seconds = seconds.min(ends.since(now).as_secs().max(1));
    }
    let place = client.presign_endpoint.place(&location.bucket, &region);
    let mut headers = HeaderMap::new();
    let host = HeaderValue::from_str(&place.host);
    let host = host.map_err(|_| BlockError::InvalidAddress {
        address: address.clone(),
        reason: "it makes no URL".to_owned(),
    })?;
    headers.insert(HOST, host);
    let signed = client
        .signer
        .presign(
            method,
            &format!("{}{}", place.prefix, encode_path(&location.key)),
            &query.unwrap_or_default(),
            &headers,
            &found.keys,
            &region,
            date,
            seconds,
        )
        .map_err(|error| BlockError::InvalidRequest {
            reason: error.to_string(),
        })?;
    Ok(PresignedUrl {
        url: format!("{}://{}{}", place.scheme, place.host, signed.path_and_query),
        expires: now.plus(Duration::from_secs(seconds)),
    })
}

/// The query pair that makes a browser save under a name (RFC 6266, with the form for any language).
fn disposition(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|c| match c {
            ' '..='~' if c != '"' && c != '\\' => c,
            _ => '_',
        })
        .collect();
    let encoded = encode_value(filename);
    let value = if plain == filename {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
    };
    format!("response-content-disposition={}", encode_value(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_of_any_language_are_offered() {
        assert_eq!(
            disposition("a b.txt"),
            "response-content-disposition=attachment%3B%20filename%3D%22a%20b.txt%22"
        );
        assert!(disposition("ż\"\r\n").contains("filename%2A%3DUTF-8%27%27%25C5%25BC%2522%250D"));
    }
}
