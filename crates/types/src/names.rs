//! Names that people choose: repositories, branches, tags, storage namespaces; and the staging
//! token the server chooses. Rules: format.md §2.3 of the stored-format description, restated in
//! docs/format/names.md.

use std::fmt;
use std::sync::Arc;

/// Why a name is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {kind} {name:?}: {rule}")]
pub struct NameError {
    /// What was being named: `repository`, `branch`, `tag` or `storage namespace`.
    pub kind: &'static str,
    /// The rejected text.
    pub name: String,
    /// The rule it breaks, as advice.
    pub rule: &'static str,
}

macro_rules! name_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type! {
    /// A repository: `^[a-z0-9][a-z0-9-]{2,62}$`.
    RepositoryId
}
name_type! {
    /// A branch: `^\w[-\w]*$`, ASCII.
    BranchId
}
name_type! {
    /// A tag: git-like rules, no `/`.
    TagId
}
name_type! {
    /// Where a repository's objects live: a URL whose scheme names the kind of store.
    StorageNamespace
}
name_type! {
    /// The key-value partition that holds one generation of a branch's uncommitted changes:
    /// `<repository>-<branch>:<uuid>`.
    StagingToken
}

impl RepositoryId {
    /// Parses a repository name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bytes = name.as_bytes();
        let ok = (3..=63).contains(&bytes.len())
            && bytes.first() != Some(&b'-')
            && bytes
                .iter()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if ok {
            Ok(Self(name.into()))
        } else {
            Err(NameError {
                kind: "repository",
                name: name.to_owned(),
                rule: "use 3 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit",
            })
        }
    }
}

impl BranchId {
    /// Parses a branch name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bytes = name.as_bytes();
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let ok = bytes.first().is_some_and(word) && bytes.iter().all(|b| word(b) || *b == b'-');
        if ok {
            Ok(Self(name.into()))
        } else {
            Err(NameError {
                kind: "branch",
                name: name.to_owned(),
                rule: "use letters, digits, underscores and hyphens, not beginning with a hyphen",
            })
        }
    }

    /// A branch name read back from a stored record, which an older server may have written under
    /// other rules (a default branch was never checked there).
    pub fn from_stored(name: &str) -> Self {
        Self(name.into())
    }
}

impl TagId {
    /// Parses a tag name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let forbidden = |c: char| (c as u32) <= 0x20 || c as u32 == 0x7f || "^:?*[\\/".contains(c);
        let rule = if name.is_empty() {
            "a tag needs a name"
        } else if name == "@" {
            "a tag cannot be just '@'"
        } else if name.ends_with('.') || name.strip_suffix(".lock").is_some() {
            "a tag cannot end with '.' or '.lock'"
        } else if name.contains("..") || name.contains("@{") {
            "a tag cannot contain '..' or '@{'"
        } else if name.contains(forbidden) {
            "a tag cannot contain white space, control characters or any of ^ : ? * [ \\ /"
        } else {
            return Ok(Self(name.into()));
        };
        Err(NameError {
            kind: "tag",
            name: name.to_owned(),
            rule,
        })
    }

    /// A tag name read back from a stored record.
    pub fn from_stored(name: &str) -> Self {
        Self(name.into())
    }
}

impl StorageNamespace {
    /// Parses a storage namespace: `scheme://…`. Which schemes a server serves is for its block
    /// store to say.
    pub fn new(url: &str) -> Result<Self, NameError> {
        let valid = url.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty()
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
                && !rest.is_empty()
        });
        if valid {
            Ok(Self(url.into()))
        } else {
            Err(NameError {
                kind: "storage namespace",
                name: url.to_owned(),
                rule: "give a URL such as s3://bucket/prefix",
            })
        }
    }

    /// The scheme, such as `s3`.
    pub fn scheme(&self) -> &str {
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
    }

    /// What follows `scheme://`, without trailing slashes.
    pub fn location(&self) -> &str {
        self.0
            .split_once("://")
            .map_or("", |(_, rest)| rest.trim_end_matches('/'))
    }
}

impl StagingToken {
    /// A token for a new generation of `branch`; `uuid` is a fresh version 4 UUID in its usual text
    /// form.
    pub fn generate(repository: &RepositoryId, branch: &BranchId, uuid: &str) -> Self {
        Self(format!("{repository}-{branch}:{uuid}").into())
    }

    /// A token read back from a stored record.
    pub fn from_stored(token: &str) -> Self {
        Self(token.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_their_rule() {
        for good in ["abc", "0-a", &"a".repeat(63)] {
            assert!(RepositoryId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "Abc", "a_b", "a.b", &"a".repeat(64)] {
            assert!(RepositoryId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn branch_names_follow_their_rule() {
        for good in ["main", "_x", "a-b_C9"] {
            assert!(BranchId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a.b", "a/b", "ż", "a b"] {
            assert!(BranchId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tag_names_follow_git_with_tilde_allowed() {
        for good in ["v1.0", "release-1.0_x", "a~b", "ż"] {
            assert!(TagId::new(good).is_ok(), "{good}");
        }
        for bad in [
            "", "@", "a..b", "a/b", "a.lock", "a@{b", "a b", "a:b", "a.", "a\\b", "a\u{7f}",
        ] {
            assert!(TagId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_namespace_splits_into_scheme_and_location() {
        let ns = StorageNamespace::new("s3://bucket/a/b/").unwrap();
        assert_eq!((ns.scheme(), ns.location()), ("s3", "bucket/a/b"));
        assert!(StorageNamespace::new("bucket/a").is_err());
    }
}
