//! User metadata as it travels in headers.

use std::collections::BTreeMap;

/// Prefix of the keys lakeFS keeps for itself.
const INTERNAL: &str = "::lakefs::";

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
