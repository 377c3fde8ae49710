//! `--meta key=value`: metadata on the command line.

use lakefs_wire::Metadata;

use crate::error::{Error, Result};

/// Parses pairs; commas have already separated several pairs in one flag. A value may contain `=`.
pub(crate) fn parse(pairs: &[String]) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            Error::failed("invalid key/value pair - should be separated by \"=\"")
        })?;
        metadata.insert(key.to_owned(), value.to_owned());
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_contain_an_equals_sign() {
        let metadata = parse(&["a=b=c".into(), "d=".into()]).unwrap();
        assert_eq!(metadata["a"], "b=c");
        assert_eq!(metadata["d"], "");
        assert!(parse(&["plain".into()]).is_err());
    }
}
