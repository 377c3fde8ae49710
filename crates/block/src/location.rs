//! Where an object is, and how addresses resolve to places (format.md §12.1).
//!
//! Addresses are literal text: nothing is percent-decoded and no dot segment is removed, because a key
//! is whatever its writer called it. What a file system cannot hold is the local store's concern.

use lakefs_types::StorageNamespace;

use crate::{BlockError, BlockStore};

/// An address as an entry stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address<'a> {
    /// Below the repository's storage namespace.
    Relative(&'a str),
    /// A whole URL, such as `s3://bucket/key`.
    Full(&'a str),
}

/// A resolved place in a store: the bucket (for a local store the first directory below its root; empty
/// for an absolute file outside of it) and the key inside it. Keys are literal: `a//b`, a
/// trailing `/`, `..` and unicode are all just characters of a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// Bucket or container.
    pub bucket: String,
    /// Key inside it, without a leading `/`.
    pub key: String,
}

/// Resolves an address of a store whose URLs are `scheme://bucket/key`.
pub fn resolve_url(
    scheme: &str,
    namespace: &StorageNamespace,
    address: Address<'_>,
) -> Result<Location, BlockError> {
    let invalid = |address: &str, reason: String| BlockError::InvalidAddress {
        address: address.to_owned(),
        reason,
    };
    match address {
        Address::Relative(relative) => {
            if namespace.scheme() != scheme {
                return Err(invalid(
                    namespace.as_str(),
                    format!("this object store serves {scheme}:// addresses only"),
                ));
            }
            let base = namespace.location();
            let (bucket, prefix) = base.split_once('/').unwrap_or((base, ""));
            if bucket.is_empty() {
                return Err(invalid(
                    namespace.as_str(),
                    "the storage namespace names no bucket".to_owned(),
                ));
            }
            let mut key = String::with_capacity(prefix.len() + 1 + relative.len());
            if !prefix.is_empty() {
                key.push_str(prefix);
                key.push('/');
            }
            key.push_str(relative);
            Ok(Location {
                bucket: bucket.to_owned(),
                key,
            })
        }
        Address::Full(url) => {
            let rest = url
                .strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .ok_or_else(|| {
                    invalid(
                        url,
                        format!("this object store serves {scheme}:// addresses only"),
                    )
                })?;
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() || key.is_empty() {
                return Err(invalid(url, "it names no object in a bucket".to_owned()));
            }
            Ok(Location {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            })
        }
    }
}

/// The part of a physical address below a storage namespace, if it lies there: what a relative entry
/// address would be. Both sides are resolved by the store first, so two spellings of one place compare
/// equal and a namespace is never a mere text prefix of its neighbour.
pub fn relative_to(
    store: &dyn BlockStore,
    namespace: &StorageNamespace,
    physical_address: &str,
) -> Option<String> {
    let base = store.locate(namespace, Address::Relative("")).ok()?;
    let place = store
        .locate(namespace, Address::Full(physical_address))
        .ok()?;
    if place.bucket != base.bucket {
        return None;
    }
    let relative = place.key.strip_prefix(base.key.as_str())?;
    (!relative.is_empty()).then(|| relative.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(url: &str) -> StorageNamespace {
        StorageNamespace::new(url).unwrap()
    }

    #[test]
    fn relative_addresses_join_their_namespace_literally() {
        let at = |ns: &str, key: &str| {
            let location = resolve_url("s3", &namespace(ns), Address::Relative(key)).unwrap();
            (location.bucket, location.key)
        };
        let place = |bucket: &str, key: &str| (bucket.to_owned(), key.to_owned());
        assert_eq!(at("s3://b", "data/x"), place("b", "data/x"));
        assert_eq!(at("s3://b/", "data/x"), place("b", "data/x"));
        assert_eq!(at("s3://b/p/q//", "/x"), place("b", "p/q//x"));
        assert_eq!(at("s3://b/p", "a/../b"), place("b", "p/a/../b"));
    }

    #[test]
    fn other_schemes_and_empty_buckets_are_refused() {
        let ns = namespace("s3://b/p");
        for bad in ["gs://b/k", "b/k", "s3:///k", "s3://b", "s3://b/", ""] {
            assert!(
                matches!(
                    resolve_url("s3", &ns, Address::Full(bad)),
                    Err(BlockError::InvalidAddress { .. })
                ),
                "{bad}"
            );
        }
        let elsewhere = namespace("gs://b/p");
        assert!(resolve_url("s3", &elsewhere, Address::Relative("k")).is_err());
        assert!(resolve_url("s3", &namespace("s3:///p"), Address::Relative("k")).is_err());
    }
}
