//! Content addresses: identifiers that are the SHA-256 of what they name, in lower-case hex.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not a content address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not 64 lower-case hexadecimal digits")]
pub struct ParseIdError {
    /// The rejected text.
    pub text: String,
}

fn is_content_address(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

macro_rules! content_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier of a 32-byte SHA-256 digest.
            pub fn from_digest(digest: &[u8; 32]) -> Self {
                Self(hex::encode(digest).into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                if is_content_address(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(ParseIdError { text: text.to_owned() })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

content_id! {
    /// A commit: SHA-256 over its committer, message, content, date, metadata and parents.
    CommitId
}
content_id! {
    /// A range: a sorted table of objects.
    RangeId
}

/// A metarange: the sorted table of ranges that is the whole content of a commit.
///
/// The first commit of a repository has no table at all; that is [`MetaRangeId::EMPTY`], stored as
/// the empty string.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MetaRangeId(Option<Arc<str>>);

impl MetaRangeId {
    /// The content of a repository's first commit: no objects and no stored table.
    pub const EMPTY: Self = Self(None);

    /// The identifier of a 32-byte SHA-256 digest.
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(Some(hex::encode(digest).into()))
    }

    /// The identifier as text; empty for [`MetaRangeId::EMPTY`].
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }

    /// Whether no table stands behind this content.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl FromStr for MetaRangeId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        if text.is_empty() {
            Ok(Self::EMPTY)
        } else if is_content_address(text) {
            Ok(Self(Some(text.into())))
        } else {
            Err(ParseIdError {
                text: text.to_owned(),
            })
        }
    }
}

impl fmt::Display for MetaRangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MetaRangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetaRangeId({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_address_is_64_lower_case_hex_digits() {
        let text = "00fb7eff1a97c500eb3ca8d2ef5464131d6b6a5f9512e41eba97843522213b66";
        assert_eq!(text.parse::<CommitId>().unwrap().as_str(), text);
        for bad in [
            "",
            "00fb",
            &text.to_uppercase(),
            &format!("{text}0"),
            &text.replace('0', "g"),
        ] {
            assert!(bad.parse::<CommitId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_empty_metarange_is_the_empty_text() {
        assert!("".parse::<MetaRangeId>().unwrap().is_empty());
        assert_eq!(MetaRangeId::EMPTY.to_string(), "");
    }
}
