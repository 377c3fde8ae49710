//! Signature Version 2, which old clients know: in the authorization header, in the query, and the form
//! of the query that AWS's other services took (`SignatureVersion=2`).
//!
//! The texts to sign are pure functions of the request; `tests/data/botocore_v2.jsonl` holds what botocore
//! signs. The body is never covered.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{CONTENT_TYPE, DATE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use lakefs_service::Caller;
use lakefs_sigv4::MAX_SKEW_SECONDS;
use percent_encoding::{percent_decode, percent_decode_str};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Payload, authorization_starts, declared_payload};
use crate::Gateway;
use crate::date::parse_date;
use crate::error::{Code, S3Error};

/// Pairs of the query that are part of what is signed.
const SIGNED_PAIRS: [&str; 35] = [
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// What a signature of this version claims.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    form: Form,
    access_key_id: String,
    signature: Vec<u8>,
}

/// Where it was found, and how it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Header,
    /// Valid until this moment, Unix seconds.
    Query {
        expires: i64,
    },
    /// Over all pairs of the query and the host, with SHA-256.
    Pairs {
        timestamp: i64,
    },
}

/// Whether a request claims to be signed this way.
pub(super) fn is_signed(parts: &Parts, query: &str) -> bool {
    authorization_starts(parts, b"AWS ") || pair(query, "AWSAccessKeyId").is_some()
}

impl Gateway {
    pub(super) async fn prove_v2(
        &self,
        parts: &Parts,
        query: &str,
        caller: &mut Caller,
    ) -> Result<Payload, S3Error> {
        let claim = parse(parts, query)?;
        check_time(claim.form, &parts.headers, self.clock().now().seconds)?;
        let credential = self.credential(&claim.access_key_id).await?;
        let host = parts.headers.get(HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let signed = Signed {
            parts,
            query,
            host,
            bucket: self.resolver().bucket_of_host(host),
        };
        if !signed.matches(&claim, credential.secret_access_key.as_bytes()) {
            return Err(S3Error::new(Code::SignatureDoesNotMatch));
        }
        caller.user = Some(Arc::clone(&credential.user));
        declared_payload(parts)
    }
}

fn parse(parts: &Parts, query: &str) -> Result<Claim, S3Error> {
    if authorization_starts(parts, b"AWS ") {
        let value = parts.headers.get(http::header::AUTHORIZATION);
        let claim = value.and_then(|value| {
            let (id, signature) = value.to_str().ok()?.get(4..)?.rsplit_once(':')?;
            Some(Claim {
                form: Form::Header,
                access_key_id: id.trim().to_owned(),
                signature: STANDARD.decode(signature.trim()).ok()?,
            })
        });
        return claim.ok_or_else(|| {
            S3Error::with(
                Code::InvalidArgument,
                "The authorization header is not AWS key:signature.",
            )
            .detail("ArgumentName", "Authorization")
        });
    }
    let access_key_id = pair(query, "AWSAccessKeyId").unwrap_or_default();
    let incomplete = || {
        S3Error::with(
            Code::AccessDenied,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        )
    };
    let form = if pair(query, "SignatureVersion").as_deref() == Some("2") {
        if pair(query, "SignatureMethod").as_deref() != Some("HmacSHA256") {
            return Err(incomplete());
        }
        let timestamp = pair(query, "Timestamp").and_then(|text| parse_date(&text));
        Form::Pairs {
            timestamp: timestamp.ok_or_else(incomplete)?,
        }
    } else {
        let expires = pair(query, "Expires").and_then(|text| text.parse().ok());
        Form::Query {
            expires: expires.ok_or_else(incomplete)?,
        }
    };
    let signature = pair(query, "Signature").and_then(|text| STANDARD.decode(text).ok());
    Ok(Claim {
        form,
        access_key_id,
        signature: signature.ok_or_else(incomplete)?,
    })
}

fn check_time(form: Form, headers: &HeaderMap, now: i64) -> Result<(), S3Error> {
    let dated = match form {
        Form::Query { expires } if expires < now => {
            return Err(S3Error::with(Code::AccessDenied, "Request has expired"));
        }
        Form::Query { .. } => return Ok(()),
        Form::Pairs { timestamp } => timestamp,
        Form::Header => {
            let own = headers.get("x-amz-date").or_else(|| headers.get(DATE));
            let own = own.and_then(|value| value.to_str().ok());
            own.and_then(|text| {
                let basic = lakefs_sigv4::AmzDate::parse(text).map(lakefs_sigv4::AmzDate::unix);
                basic.or_else(|| parse_date(text))
            })
            .ok_or_else(|| {
                S3Error::with(
                    Code::AccessDenied,
                    "AWS authentication requires a valid Date or x-amz-date header.",
                )
            })?
        }
    };
    if now.abs_diff(dated) > MAX_SKEW_SECONDS.unsigned_abs() {
        return Err(S3Error::new(Code::RequestTimeTooSkewed));
    }
    Ok(())
}

/// A request as far as it is signed.
struct Signed<'a> {
    parts: &'a Parts,
    query: &'a str,
    host: &'a str,
    /// The bucket in the host.
    bucket: Option<&'a str>,
}

impl Signed<'_> {
    fn matches(&self, claim: &Claim, secret: &[u8]) -> bool {
        let same = |computed: &[u8]| bool::from(computed.ct_eq(&claim.signature));
        let signs = |date: &[u8]| {
            let mut resources = self.resources().into_iter().flatten();
            resources.any(|path| same(&hmac_sha1(secret, &self.text(date, &path))))
        };
        match claim.form {
            Form::Pairs { .. } => {
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
                mac.update(self.pairs().as_bytes());
                same(&mac.finalize().into_bytes())
            }
            Form::Query { expires } => signs(expires.to_string().as_bytes()),
            Form::Header => {
                let headers = &self.parts.headers;
                let date = headers.get(DATE).map_or(&b""[..], |date| date.as_bytes());
                let replaced = headers.contains_key("x-amz-date");
                // Some clients sign the date they also send, though another one counts.
                signs(if replaced { b"" } else { date }) || (replaced && signs(date))
            }
        }
    }

    /// The path as it came; and of a bucket also with the slash that botocore signs and does not send.
    fn resources(&self) -> [Option<Cow<'_, str>>; 2] {
        let path = self.parts.uri.path();
        let bucket = self.bucket.is_none() && path.len() > 1 && path.rfind('/') == Some(0);
        [
            Some(Cow::Borrowed(path)),
            bucket.then(|| Cow::Owned(format!("{path}/"))),
        ]
    }

    /// The text to sign of the S3 forms.
    fn text(&self, date: &[u8], path: &str) -> Vec<u8> {
        let mut text = Vec::with_capacity(256);
        text.extend_from_slice(self.parts.method.as_str().as_bytes());
        text.push(b'\n');
        for name in [HeaderName::from_static("content-md5"), CONTENT_TYPE] {
            match self.parts.headers.get(&name) {
                Some(value) => text.extend_from_slice(value.as_bytes().trim_ascii()),
                None => text.extend_from_slice(self.hoisted(name.as_str()).as_bytes()),
            }
            text.push(b'\n');
        }
        text.extend_from_slice(date.trim_ascii());
        text.push(b'\n');
        self.add_amazon_headers(&mut text);
        self.add_resource(&mut text, path);
        text
    }

    /// A header that a presigned URL has in its query; empty where there is none.
    fn hoisted(&self, name: &str) -> String {
        let presigned = !authorization_starts(self.parts, b"AWS ");
        let value = presigned.then(|| pair(self.query, name)).flatten();
        value.unwrap_or_default()
    }

    fn add_amazon_headers(&self, text: &mut Vec<u8>) {
        let headers = &self.parts.headers;
        let mut lines: Vec<(String, Vec<u8>)> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("x-amz-"))
            .map(|name| {
                let values = headers.get_all(name).iter();
                let values: Vec<&[u8]> = values.map(|v| v.as_bytes().trim_ascii()).collect();
                (name.as_str().to_owned(), values.join(&b','))
            })
            .collect();
        if !authorization_starts(self.parts, b"AWS ") {
            for (name, value) in pairs(self.query) {
                let name = name.to_ascii_lowercase();
                let known = lines.iter().any(|(known, _)| *known == name);
                if name.starts_with("x-amz-") && !known {
                    let value: Vec<u8> = percent_decode_str(value).collect();
                    lines.push((name, value.trim_ascii().to_vec()));
                }
            }
        }
        lines.sort();
        for (name, value) in lines {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(&value);
            text.push(b'\n');
        }
    }

    fn add_resource(&self, text: &mut Vec<u8>, path: &str) {
        if let Some(bucket) = self.bucket {
            text.push(b'/');
            text.extend_from_slice(bucket.to_ascii_lowercase().as_bytes());
        }
        text.extend_from_slice(path.as_bytes());
        let mut signed: Vec<(&str, Option<&str>)> = self
            .query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (pair, None),
            })
            .filter(|(name, _)| SIGNED_PAIRS.contains(name))
            .collect();
        signed.sort_by_key(|(name, _)| *name);
        for (index, (name, value)) in signed.into_iter().enumerate() {
            text.push(if index == 0 { b'?' } else { b'&' });
            text.extend_from_slice(name.as_bytes());
            if let Some(value) = value {
                text.push(b'=');
                text.extend(percent_decode(value.as_bytes()));
            }
        }
    }

    /// The text to sign of the form over all pairs.
    fn pairs(&self) -> String {
        let mut sorted: Vec<(Vec<u8>, Vec<u8>)> = pairs(self.query)
            .filter(|(name, _)| *name != "Signature")
            .map(|(name, value)| {
                let decode = |text: &str| percent_decode_str(text).collect();
                (decode(name), decode(value))
            })
            .collect();
        sorted.sort();
        let encode = |bytes: &[u8]| lakefs_sigv4::encode_bytes(bytes);
        let query: Vec<String> = sorted
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        format!(
            "{}\n{}\n{}\n{}",
            self.parts.method,
            self.host.to_ascii_lowercase(),
            self.parts.uri.path(),
            query.join("&")
        )
    }
}

fn hmac_sha1(secret: &[u8], text: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The decoded value of the first pair of that name.
fn pair(query: &str, name: &str) -> Option<String> {
    let (_, value) = pairs(query).find(|(key, _)| *key == name)?;
    let value = percent_decode_str(value).decode_utf8().ok()?;
    Some(value.into_owned())
}

#[cfg(test)]
mod tests;
