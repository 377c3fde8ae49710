//! Bounds on what one request may bring, besides the size of its body ([`crate::body`]) and of a path
//! (`lakefs_types::MAX_PATH_BYTES`, which the use-cases check).

use lakefs_wire::Metadata;

use crate::error::Failure;

/// Most bytes of an object's user metadata, keys and values. It is stored in the object's entry,
/// which is copied with every range that is rewritten.
pub(crate) const MAX_OBJECT_METADATA_BYTES: usize = 64 << 10;
/// Most bytes of a commit's or repository's metadata, keys and values.
pub(crate) const MAX_METADATA_BYTES: usize = 1 << 20;

/// Refuses metadata of more than `limit` bytes.
pub(crate) fn check_metadata(metadata: &Metadata, limit: usize) -> Result<(), Failure> {
    let size: usize = metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if size > limit {
        return Err(Failure::invalid(format!(
            "metadata has {size} bytes, the limit is {limit}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_largest_that_passes() {
        let metadata = |length: usize| Metadata::from([("k".to_owned(), "v".repeat(length - 1))]);
        assert!(check_metadata(&metadata(10), 10).is_ok());
        let failure = check_metadata(&metadata(11), 10).expect_err("too large");
        assert_eq!(failure.message(), "metadata has 11 bytes, the limit is 10");
    }
}
