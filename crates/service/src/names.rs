//! Reading the names of a request. The texts of refusals are the ones clients know; the rules are
//! in `lakefs-types`.

use std::collections::BTreeMap;

use lakefs_types::{
    BranchId, ObjectPath, PathError, RefExpr, RefExprError, RepositoryId, StorageNamespace, TagId,
};

use crate::{Error, Reason, Result};

/// Most bytes of keys and values of one object's, commit's or repository's metadata.
pub(crate) const MAX_METADATA_BYTES: usize = 1 << 20;

/// Longest name of a new branch or tag: with modifiers behind it, it must still fit in a reference
/// (`lakefs_types::MAX_REFERENCE_BYTES`). Longer ones that lakeFS stored are read.
const MAX_NEW_NAME_BYTES: usize = 512;

const INVALID: &str = "invalid value: validation error";

fn required(argument: &str) -> Error {
    Error::invalid(format!(
        "argument {argument}: required value: validation error"
    ))
}

pub(crate) fn repository(name: &str) -> Result<RepositoryId> {
    RepositoryId::new(name).map_err(|_| {
        Error::invalid(format!("argument repository: repository id: {INVALID}"))
            .because(Reason::InvalidName)
    })
}

/// The branch of an operation on its content; clients know it as `name` there.
pub(crate) fn branch(name: &str) -> Result<BranchId> {
    branch_argument("name", name)
}

/// A branch under another argument's name.
pub(crate) fn branch_argument(argument: &str, name: &str) -> Result<BranchId> {
    if name.is_empty() {
        return Err(required(argument));
    }
    BranchId::new(name).map_err(|_| {
        // A tag may have a name that no branch has, such as one with a dot.
        let plain = TagId::new(name).is_ok() && RefExpr::parse(name) == Ok(RefExpr::name(name));
        let reason = if plain {
            Reason::NotABranch
        } else {
            Reason::InvalidName
        };
        Error::invalid(format!("argument {argument}: branch id: {INVALID}")).because(reason)
    })
}

/// The name of a branch to create.
pub(crate) fn new_branch(name: &str) -> Result<BranchId> {
    if name.is_empty() {
        return Err(required("branch"));
    }
    check_length("branch", name)?;
    BranchId::new(name).map_err(|_| {
        Error::invalid(format!(
            "argument branch: branch id: {INVALID}: branch id must consist of letters, digits, \
             underscores and dashes, and cannot start with a dash"
        ))
    })
}

pub(crate) fn tag(name: &str) -> Result<TagId> {
    if name.is_empty() {
        return Err(required("tagID"));
    }
    TagId::new(name).map_err(|_| Error::invalid(format!("argument tagID: tag id: {INVALID}")))
}

/// The name of a tag to create.
pub(crate) fn new_tag(name: &str) -> Result<TagId> {
    check_length("tagID", name)?;
    tag(name)
}

fn check_length(argument: &str, name: &str) -> Result<()> {
    let bytes = name.len();
    if bytes > MAX_NEW_NAME_BYTES {
        return Err(Error::invalid(format!(
            "argument {argument}: {INVALID}: {bytes} is above maximum length ({MAX_NEW_NAME_BYTES})"
        )));
    }
    Ok(())
}

pub(crate) fn path(path: &str) -> Result<ObjectPath> {
    path_argument("path", path)
}

pub(crate) fn path_argument(argument: &str, path: &str) -> Result<ObjectPath> {
    ObjectPath::new(path).map_err(|error| match error {
        PathError::Empty => required(argument).because(Reason::PathEmpty),
        PathError::TooLong { bytes } => Error::invalid(format!(
            "argument {argument}: {INVALID}: {bytes} is above maximum length ({})",
            lakefs_types::MAX_PATH_BYTES
        ))
        .because(Reason::PathTooLong),
    })
}

pub(crate) fn namespace(url: &str) -> Result<StorageNamespace> {
    StorageNamespace::new(url).map_err(|error| Error::invalid(error.to_string()))
}

pub(crate) fn reference(text: &str) -> Result<RefExpr> {
    let parsed = RefExpr::parse(text).map_err(|error| match error {
        _ if text.is_empty() => required("ref"),
        RefExprError::Unexpected { .. } | RefExprError::OutOfRange { .. } => {
            let modifier = bad_modifier(text);
            Error::invalid(format!(
                "could not parse modifier {modifier}: ref: {INVALID}"
            ))
        }
        RefExprError::Character { .. } | RefExprError::TooLong { .. } => {
            Error::invalid(format!("argument ref: ref: {INVALID}"))
        }
        RefExprError::NoBase { .. } | RefExprError::NotAlone { .. } => {
            Error::invalid(format!("ref: {INVALID}"))
        }
    });
    parsed.map_err(|error| error.because(Reason::InvalidName))
}

/// Refuses metadata that no header or form would carry: it is part of a record that is read whole.
pub(crate) fn metadata(metadata: &BTreeMap<String, String>) -> Result<()> {
    let bytes: usize = metadata
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if bytes > MAX_METADATA_BYTES {
        return Err(Error::invalid(format!(
            "metadata is {bytes} bytes long, the limit is {MAX_METADATA_BYTES}"
        )));
    }
    if metadata.contains_key("") {
        return Err(Error::invalid("a metadata key cannot be empty"));
    }
    Ok(())
}

/// The first modifier whose count is not one.
fn bad_modifier(text: &str) -> &str {
    let symbol = |c: char| matches!(c, '~' | '^' | '@' | '$');
    let mut rest = text;
    while let Some(start) = rest.find(symbol) {
        let (_, from) = rest.split_at(start);
        let end = from
            .char_indices()
            .skip(1)
            .find_map(|(index, c)| symbol(c).then_some(index))
            .unwrap_or(from.len());
        let (modifier, after) = from.split_at(end);
        let count = modifier.get(1..).unwrap_or("");
        if !count.is_empty() && count.parse::<u32>().is_err() {
            return modifier;
        }
        rest = after;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
        error.message().to_owned()
    }

    /// Texts of recorded conversations.
    #[test]
    fn refusals_have_the_texts_clients_know() {
        let invalid = "ref: invalid value: validation error";
        for (text, message) in [
            ("main@@", invalid.to_owned()),
            ("~1", invalid.to_owned()),
            ("main~x", format!("could not parse modifier ~x: {invalid}")),
            (
                "main~1~999999999999999999999",
                format!("could not parse modifier ~999999999999999999999: {invalid}"),
            ),
            ("ma in", format!("argument ref: {invalid}")),
        ] {
            assert_eq!(refusal(reference(text)), message, "{text}");
        }
        assert_eq!(
            refusal(repository("No_There")),
            "argument repository: repository id: invalid value: validation error"
        );
        assert_eq!(
            refusal(branch("release-1.0_x")),
            "argument name: branch id: invalid value: validation error"
        );
        assert_eq!(
            refusal(new_branch("a.b")),
            "argument branch: branch id: invalid value: validation error: branch id must consist \
             of letters, digits, underscores and dashes, and cannot start with a dash"
        );
        assert_eq!(
            refusal(new_branch("")),
            "argument branch: required value: validation error"
        );
        assert_eq!(
            refusal(tag("a..b")),
            "argument tagID: tag id: invalid value: validation error"
        );
        assert_eq!(
            refusal(tag("")),
            "argument tagID: required value: validation error"
        );
        assert_eq!(
            refusal(path(&"p".repeat(1025))),
            "argument path: invalid value: validation error: 1025 is above maximum length (1024)"
        );
    }
}
