//! The path of an object inside a repository.

use std::fmt;

/// Longest path, in bytes of UTF-8.
pub const MAX_PATH_BYTES: usize = 1024;

/// A path: 1 to [`MAX_PATH_BYTES`] bytes of UTF-8, taken literally. `a//b`, a leading or a trailing
/// `/` are all legal and distinct; nothing is normalised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectPath(String);

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is empty.
    #[error("path is empty")]
    Empty,
    /// The text is too long.
    #[error("path is {bytes} bytes long, the limit is {MAX_PATH_BYTES}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl ObjectPath {
    /// Parses a path.
    pub fn new(path: impl Into<String>) -> Result<Self, PathError> {
        let path = path.into();
        match path.len() {
            0 => Err(PathError::Empty),
            1..=MAX_PATH_BYTES => Ok(Self(path)),
            bytes => Err(PathError::TooLong { bytes }),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as the bytes that order it among other paths.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Gives up the text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectPath({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_counted_in_bytes() {
        assert!(ObjectPath::new("ż".repeat(512)).is_ok());
        assert_eq!(
            ObjectPath::new("ż".repeat(513)),
            Err(PathError::TooLong { bytes: 1026 })
        );
        assert_eq!(ObjectPath::new(""), Err(PathError::Empty));
    }
}
