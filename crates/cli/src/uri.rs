//! `lakefs://repository/ref/path`: the addresses that commands take.
//!
//! A path may be absent (`repo/ref`) or empty (`repo/ref/`); the two differ. `%XX` stands for one
//! byte, as in the original client, so that `%25` is how a percent sign before two hexadecimal
//! digits is written. Unlike there, `?`, `#` and a percent sign that begins no escape are themselves:
//! every key can be addressed (docs/compat.md, "lakectl"). Refs and repositories hold no escapes.

use std::fmt;

use lakefs_types::{BranchId, RepositoryId};
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};

const SCHEME: &str = "lakefs://";

/// A parsed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    /// The repository.
    pub(crate) repository: String,
    /// Branch, tag, commit or expression; absent in a repository address.
    pub(crate) reference: Option<String>,
    /// The object's key or a prefix; absent in a ref address.
    pub(crate) path: Option<String>,
}

/// A repository and something in it that is not a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefUri {
    /// The repository.
    pub(crate) repository: String,
    /// Branch, tag, commit or expression.
    pub(crate) reference: String,
}

/// A repository, a ref and a key or prefix (which may be empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathUri {
    /// The repository.
    pub(crate) repository: String,
    /// Branch, tag, commit or expression.
    pub(crate) reference: String,
    /// Key or prefix.
    pub(crate) path: String,
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.repository)?;
        if let Some(reference) = &self.reference {
            write!(f, "/{reference}")?;
        }
        if let Some(path) = &self.path {
            write!(f, "/{path}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RefUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.repository, self.reference)
    }
}

impl fmt::Display for PathUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            repository,
            reference,
            path,
        } = self;
        write!(f, "{SCHEME}{repository}/{reference}/{path}")
    }
}

impl PathUri {
    /// The same repository and ref, another path.
    pub(crate) fn with_path(&self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self.clone()
        }
    }
}

/// Parses addresses; short ones are completed with the base address of `--base-uri`.
#[derive(Debug, Clone, Default)]
pub(crate) struct UriParser {
    base: String,
}

impl UriParser {
    /// A parser that puts `base`, as it is, before every address without a scheme.
    pub(crate) fn new(base: impl Into<String>) -> Self {
        Self { base: base.into() }
    }

    /// Any address. `name` says in an error which argument it was.
    pub(crate) fn any(&self, name: &str, text: &str) -> Result<Uri> {
        let malformed = || Error::failed(format!("{name} malformed lakefs URI"));
        let whole = if text.starts_with(SCHEME) {
            text.to_owned()
        } else {
            format!("{}{text}", self.base)
        };
        let rest = whole.strip_prefix(SCHEME).ok_or_else(malformed)?;
        let (repository, rest) = match rest.split_once('/') {
            Some((repository, rest)) => (repository, Some(rest)),
            None => (rest, None),
        };
        if repository.is_empty() {
            return Err(malformed());
        }
        let (reference, path) = match rest {
            None | Some("") => (None, None),
            Some(rest) => match rest.split_once('/') {
                Some((reference, path)) => (Some(reference), Some(path)),
                None => (Some(rest), None),
            },
        };
        Ok(Uri {
            repository: repository.to_owned(),
            reference: reference.map(str::to_owned),
            path: path.map(decode),
        })
    }

    /// A repository address, without ref and path.
    pub(crate) fn repository(&self, name: &str, text: &str) -> Result<String> {
        let uri = self.any(name, text)?;
        check_repository(name, &uri.repository)?;
        if uri.reference.is_some() {
            return Err(invalid(name, "not a valid repository URI"));
        }
        Ok(uri.repository)
    }

    /// A ref address: repository and ref, without path.
    pub(crate) fn reference(&self, name: &str, text: &str) -> Result<RefUri> {
        let uri = self.any(name, text)?;
        check_repository(name, &uri.repository)?;
        match (uri.reference, uri.path) {
            (Some(reference), None) => {
                check_reference(name, &reference)?;
                Ok(RefUri {
                    repository: uri.repository,
                    reference,
                })
            }
            _ => Err(invalid(name, "not a valid ref URI")),
        }
    }

    /// A branch address: the ref must be a branch name, not an expression.
    pub(crate) fn branch(&self, name: &str, text: &str) -> Result<RefUri> {
        let uri = self.any(name, text)?;
        check_repository(name, &uri.repository)?;
        match (uri.reference, uri.path) {
            (Some(branch), None) => {
                check_branch(name, &branch)?;
                Ok(RefUri {
                    repository: uri.repository,
                    reference: branch,
                })
            }
            _ => Err(invalid(name, "not a valid branch URI")),
        }
    }

    /// An address with a path, which may be empty.
    pub(crate) fn path(&self, name: &str, text: &str) -> Result<PathUri> {
        let uri = self.any(name, text)?;
        check_repository(name, &uri.repository)?;
        match (uri.reference, uri.path) {
            (Some(reference), Some(path)) => {
                check_reference(name, &reference)?;
                Ok(PathUri {
                    repository: uri.repository,
                    reference,
                    path,
                })
            }
            _ => Err(invalid(name, "not a valid path URI")),
        }
    }

    /// An address with a path that names an object: it is not empty.
    pub(crate) fn object(&self, name: &str, text: &str) -> Result<PathUri> {
        let uri = self.path(name, text)?;
        if uri.path.is_empty() {
            return Err(invalid(name, "names no object: not a valid path URI"));
        }
        Ok(uri)
    }
}

fn invalid(name: &str, why: &str) -> Error {
    Error::failed(format!("{name} {why}"))
}

fn check_repository(name: &str, repository: &str) -> Result<()> {
    RepositoryId::new(repository).map(drop).map_err(|_| {
        invalid(
            name,
            "contains invalid repository name: not a valid repository URI",
        )
    })
}

fn check_reference(name: &str, reference: &str) -> Result<()> {
    if reference.is_empty() || reference.contains(char::is_whitespace) {
        return Err(invalid(
            name,
            "contains invalid reference: not a valid ref URI",
        ));
    }
    Ok(())
}

fn check_branch(name: &str, branch: &str) -> Result<()> {
    BranchId::new(branch)
        .map(drop)
        .map_err(|_| invalid(name, "contains invalid branch name: not a valid branch URI"))
}

/// Decodes escapes. Bytes that would not be UTF-8 leave the text as it was: no key is spelled so.
fn decode(text: &str) -> String {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
