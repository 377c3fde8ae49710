//! User metadata: as it travels in headers, and apart from what this server keeps beside it in an entry.
//!
//! Keys that begin with [`OWN_METADATA`] hold what S3's headers say about an object: system headers,
//! checksums, sizes of parts. They are read and written by the gateway. REST neither shows nor takes them:
//! a client that could write one could forge a checksum, and one that was shown them would send them back.

use std::collections::BTreeMap;

use crate::{Error, Result, names};

/// What the metadata keys of this server begin with.
pub const OWN_METADATA: &str = "::lakefs-rs::";
/// Prefix of the keys lakeFS keeps for itself.
const INTERNAL: &str = "::lakefs::";

/// Whether a key is the user's, and not this server's own.
pub(crate) fn is_users(key: &str) -> bool {
    !key.starts_with(OWN_METADATA)
}

/// What a user is shown of an entry's metadata.
pub(crate) fn shown<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    metadata
        .into_iter()
        .filter(|(key, _)| is_users(key))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Judges the metadata a user gives an object.
pub(crate) fn check_given(metadata: &BTreeMap<String, String>) -> Result<()> {
    names::metadata(metadata)?;
    if metadata.keys().all(|key| is_users(key)) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "metadata keys that begin with {OWN_METADATA} are the server's own"
    )))
}

/// Replaces a user's metadata in an entry's; the server's own stays.
pub(crate) fn replace(stored: &mut BTreeMap<String, String>, given: &BTreeMap<String, String>) {
    stored.retain(|key, _| !is_users(key));
    stored.extend(
        given
            .iter()
            .map(|(key, value)| (key.clone(), value.clone())),
    );
}

/// User metadata of an upload: `X-Lakefs-Meta-<key>` and `X-Lakefs-Internal-<key>`, with keys in
/// lower case. Takes every header of the request, names in any case.
pub fn user_metadata_from_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    headers
        .into_iter()
        .filter_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let key = match name.strip_prefix("x-lakefs-meta-") {
                Some(key) => key.to_owned(),
                None => format!("{INTERNAL}{}", name.strip_prefix("x-lakefs-internal-")?),
            };
            Some((key, value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_metadata_headers_become_metadata() {
        let metadata = user_metadata_from_headers([
            ("X-Lakefs-Meta-Owner", "Team"),
            ("x-lakefs-internal-Client-Mtime", "12"),
            ("content-type", "text/plain"),
        ]);
        let pairs: Vec<_> = metadata
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(pairs, [("::lakefs::client-mtime", "12"), ("owner", "Team")]);
    }
}
