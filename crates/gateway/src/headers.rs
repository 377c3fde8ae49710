//! What S3's headers say about an object, as metadata of its entry: the one place that maps between
//! the two, for put, copy and multipart on one side and get and head on the other.
//!
//! | header | key of the entry's metadata |
//! |---|---|
//! | `x-amz-meta-<name>` | `X-Amz-Meta-<name in lower case>`, as lakeFS spells it |
//! | `Content-Encoding` (without `aws-chunked`), `Cache-Control`, … | `::lakefs-rs::<header>` |
//! | `x-amz-storage-class`, unless `STANDARD` | `::lakefs-rs::storage-class` |
//! | `x-amz-checksum-*`, `x-amz-checksum-type` | `::lakefs-rs::checksum` ([`Checksum`]) |
//! | sizes of parts | `::lakefs-rs::parts` ([`PartSizes`]) |
//!
//! lakeFS keeps keys it does not know and never shows them as headers. `Content-Type` is a field of the
//! entry. Values are stored as text; RFC 2047 is for the wire only ([`encoded_word`]).

use std::collections::BTreeMap;

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Code, S3Error};

mod checksum;
mod encoded_word;
mod parts;

pub(crate) use checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
pub(crate) use parts::PartSizes;

/// Metadata of an entry.
pub(crate) type Metadata = BTreeMap<String, String>;

/// What user metadata is called on the wire.
const USER_HEADER: &str = "x-amz-meta-";
/// What user metadata is called in an entry.
const USER_KEY: &str = "X-Amz-Meta-";
/// What keys of our own begin with.
const OWN_KEY: &str = lakefs_service::OWN_METADATA;
const STORAGE_CLASS_KEY: &str = "::lakefs-rs::storage-class";
const STORAGE_CLASS_HEADER: HeaderName = HeaderName::from_static("x-amz-storage-class");
const REDIRECT: HeaderName = HeaderName::from_static("x-amz-website-redirect-location");
const MISSING_META: HeaderName = HeaderName::from_static("x-amz-missing-meta");

/// Most bytes of names and values of one object's user metadata.
pub(crate) const MAX_USER_METADATA_BYTES: usize = 2048;
/// Most bytes of the system headers kept with one object.
const MAX_SYSTEM_BYTES: usize = 8192;

/// Headers kept as they are, with the key of the entry's metadata.
const SYSTEM: [(HeaderName, &str); 6] = [
    (CACHE_CONTROL, "::lakefs-rs::cache-control"),
    (CONTENT_DISPOSITION, "::lakefs-rs::content-disposition"),
    (CONTENT_ENCODING, "::lakefs-rs::content-encoding"),
    (CONTENT_LANGUAGE, "::lakefs-rs::content-language"),
    (EXPIRES, "::lakefs-rs::expires"),
    (REDIRECT, "::lakefs-rs::website-redirect-location"),
];

/// Storage classes S3 knows.
const STORAGE_CLASSES: [&str; 11] = [
    "DEEP_ARCHIVE",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
    "GLACIER",
    "GLACIER_IR",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "OUTPOSTS",
    "REDUCED_REDUNDANCY",
    "STANDARD",
    "STANDARD_IA",
];

/// The metadata an object gets from the headers of the request that makes it: user metadata, system
/// headers and storage class. Checksum and part sizes are added by who knows them
/// ([`Checksum::store`], [`PartSizes::store`]).
pub(crate) fn metadata_from_headers(headers: &HeaderMap) -> Result<Metadata, S3Error> {
    let mut metadata = user_metadata(headers)?;
    let mut bytes = 0;
    for (header, key) in SYSTEM {
        let value = joined(headers, &header);
        let value = if header == CONTENT_ENCODING {
            value.and_then(|value| without_chunked(&value))
        } else {
            value
        };
        if let Some(value) = value {
            bytes += value.len();
            metadata.insert(key.to_owned(), value);
        }
    }
    if bytes > MAX_SYSTEM_BYTES {
        return Err(S3Error::new(Code::MetadataTooLarge)
            .detail("Size", bytes.to_string())
            .detail("MaxSizeAllowed", MAX_SYSTEM_BYTES.to_string()));
    }
    if let Some(class) = storage_class(headers)? {
        metadata.insert(STORAGE_CLASS_KEY.to_owned(), class.to_owned());
    }
    Ok(metadata)
}

/// The media type a request gives its object; `None` where it gives none.
pub(crate) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = text(headers.get(CONTENT_TYPE)?);
    (!value.is_empty()).then_some(value)
}

/// The storage class a request asks for; `None` for the default one.
pub(crate) fn storage_class(headers: &HeaderMap) -> Result<Option<&str>, S3Error> {
    let Some(class) = headers.get(&STORAGE_CLASS_HEADER) else {
        return Ok(None);
    };
    match class.to_str().unwrap_or_default() {
        "" | "STANDARD" => Ok(None),
        class if STORAGE_CLASSES.contains(&class) => Ok(Some(class)),
        _ => Err(S3Error::with(
            Code::InvalidArgument,
            "The storage class you specified is not valid",
        )
        .detail("ArgumentName", STORAGE_CLASS_HEADER.as_str())),
    }
}

/// The storage class of an entry.
pub(crate) fn stored_class<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<&'a str> {
    metadata
        .into_iter()
        .find(|(key, _)| *key == STORAGE_CLASS_KEY)
        .map(|(_, value)| value)
}

/// Puts what an entry's metadata says into the headers of an answer: user metadata, system headers and
/// storage class. User metadata no header can carry is counted in `x-amz-missing-meta`.
pub(crate) fn apply_headers<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
    headers: &mut HeaderMap,
) {
    let mut missing = 0u32;
    for (key, value) in metadata {
        if let Some(name) = user_name(key) {
            match user_header(name, value) {
                Some((name, value)) => {
                    headers.insert(name, value);
                }
                None => missing += 1,
            }
        } else if key.starts_with(OWN_KEY)
            && let Some(name) = own_header(key)
            && let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
        {
            headers.insert(name, value);
        }
    }
    if missing > 0 {
        headers.insert(MISSING_META, HeaderValue::from(missing));
    }
}

/// Copies to another object: with everything but the storage class and the redirect, which a request gives
/// anew (`x-amz-metadata-directive: COPY`).
pub(crate) fn copied<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
    request: &HeaderMap,
) -> Result<Metadata, S3Error> {
    let redirect_key = SYSTEM
        .iter()
        .find(|(name, _)| *name == REDIRECT)
        .map_or("", |(_, key)| *key);
    let mut copied: Metadata = metadata
        .into_iter()
        .filter(|(key, _)| *key != STORAGE_CLASS_KEY && *key != redirect_key)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if let Some(class) = storage_class(request)? {
        copied.insert(STORAGE_CLASS_KEY.to_owned(), class.to_owned());
    }
    if let Some(redirect) = joined(request, &REDIRECT) {
        copied.insert(redirect_key.to_owned(), redirect);
    }
    Ok(copied)
}

/// Copies to another object: without what a request may replace, that is with the checksum and part
/// sizes of the bytes only (`x-amz-metadata-directive: REPLACE`).
pub(crate) fn facts_of_bytes<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Metadata {
    metadata
        .into_iter()
        .filter(|(key, _)| *key == checksum::KEY || *key == parts::KEY)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// User metadata as an entry keeps it. A header that comes several times is one, joined with commas.
fn user_metadata(headers: &HeaderMap) -> Result<Metadata, S3Error> {
    let mut metadata = Metadata::new();
    let mut bytes = 0;
    for header in headers.keys() {
        let Some(name) = header.as_str().strip_prefix(USER_HEADER) else {
            continue;
        };
        if name.is_empty() {
            continue;
        }
        let value = joined(headers, header).unwrap_or_default();
        let value = encoded_word::decode(&value);
        bytes += name.len() + value.len();
        metadata.insert(format!("{USER_KEY}{name}"), value);
    }
    if bytes > MAX_USER_METADATA_BYTES {
        return Err(S3Error::new(Code::MetadataTooLarge)
            .detail("Size", bytes.to_string())
            .detail("MaxSizeAllowed", MAX_USER_METADATA_BYTES.to_string()));
    }
    Ok(metadata)
}

/// The name a key of user metadata stands for.
fn user_name(key: &str) -> Option<&str> {
    let (prefix, name) = key.split_at_checked(USER_KEY.len())?;
    prefix.eq_ignore_ascii_case(USER_KEY).then_some(name)
}

fn user_header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut header = String::with_capacity(USER_HEADER.len() + name.len());
    header.push_str(USER_HEADER);
    header.push_str(name);
    header.make_ascii_lowercase();
    let header = HeaderName::try_from(header).ok()?;
    let value = HeaderValue::from_str(&encoded_word::encode(value)).ok()?;
    Some((header, value))
}

/// The header a key of our own stands for.
fn own_header(key: &str) -> Option<HeaderName> {
    if key == STORAGE_CLASS_KEY {
        return Some(STORAGE_CLASS_HEADER);
    }
    SYSTEM
        .into_iter()
        .find(|(_, own)| *own == key)
        .map(|(name, _)| name)
}

/// All values of a header; `None` where it is absent or says nothing.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let mut all = text(values.next()?);
    for value in values {
        all.push(',');
        all.push_str(&text(value));
    }
    (!all.is_empty()).then_some(all)
}

/// A value as text. One that is no UTF-8 is what HTTP used to say it is, Latin-1.
fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect(),
    }
}

/// An encoding without the framing of the request's body, which is no property of the object.
fn without_chunked(value: &str) -> Option<String> {
    let left: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!left.is_empty()).then(|| left.join(","))
}

#[cfg(test)]
mod tests;
