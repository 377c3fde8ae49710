//! What the three ways to list a bucket have in common: their parameters, the search, and the rows.
//!
//! A repository lists as one flat bucket whose keys begin with references. A prefix without `/` names no
//! reference yet: it lists the branches it begins, as common prefixes, whatever the delimiter. A prefix
//! with one lists inside the reference before it. Of a marker only what lies in that reference counts;
//! one that sorts before it starts the list, one that sorts after it ends it. An alias's bucket lists as
//! any bucket does.

mod marker;
mod rows;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use lakefs_service::{ErrorKind, ListObjects, ObjectsPage, PageRequest, Reason};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Gateway;
use crate::error::{Code, S3Error};
use crate::request::Request;
use crate::xml::Xml;
use marker::{After, after_key};

pub(super) use marker::{decode_token, encode_token};
pub(super) use rows::RowStyle;

/// Most results of a page, and how many it has unless told otherwise.
const MAX_KEYS: usize = 1000;
/// Longest key of a bucket: a reference, a slash and a path.
const MAX_KEY_BYTES: usize = 1024 + 1 + lakefs_types::MAX_PATH_BYTES;
/// What `encoding-type=url` leaves as it is. A space is `%20`, so that clients that take `+` for one and
/// clients that do not read the same.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// What to list.
#[derive(Debug)]
pub(super) struct Listing<'r> {
    pub(super) prefix: &'r str,
    pub(super) delimiter: &'r str,
    pub(super) max_keys: usize,
    /// Whether names are to be percent-encoded.
    pub(super) encoded: bool,
    /// Only keys after this one; empty for all.
    pub(super) after: Cow<'r, str>,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    rows: Rows,
    /// What stands before every path to make it a key: the reference and a slash.
    lead: String,
    /// How much of every path does not show: an alias's prefix.
    hidden: usize,
    pub(super) truncated: bool,
}

#[derive(Debug)]
enum Rows {
    Branches(Vec<String>),
    Objects(ObjectsPage),
    None,
}

impl<'r> Listing<'r> {
    /// Reads the parameters all listings share.
    pub(super) fn of(request: &'r Request) -> Result<Self, S3Error> {
        let text = |name| request.query.get(name).unwrap_or_default();
        let encoded = match text("encoding-type") {
            "" => false,
            kind if kind.eq_ignore_ascii_case("url") => true,
            other => {
                return Err(invalid(
                    "encoding-type",
                    other,
                    "Invalid Encoding Method specified in Request",
                ));
            }
        };
        Ok(Self {
            prefix: text("prefix"),
            delimiter: text("delimiter"),
            max_keys: max_keys(text("max-keys"))?,
            encoded,
            after: Cow::Borrowed(""),
        })
    }

    /// Starts the list after a key.
    pub(super) fn after(mut self, key: impl Into<Cow<'r, str>>) -> Result<Self, S3Error> {
        self.after = key.into();
        if self.after.len() > MAX_KEY_BYTES {
            return Err(S3Error::new(Code::KeyTooLong));
        }
        Ok(self)
    }

    /// Finds the page.
    pub(super) async fn find(
        &self,
        gateway: &Gateway,
        request: &Request,
    ) -> Result<Found, S3Error> {
        let bucket = request.bucket()?;
        if let Some(alias) = &bucket.alias {
            let scope = Scope {
                repository: &alias.repository,
                reference: &alias.reference,
                lead: "",
                base: &alias.prefix,
                prefix: self.prefix,
            };
            return self.objects(gateway, request, &scope).await;
        }
        let Some((reference, prefix)) = self.prefix.split_once('/') else {
            return self.branches(gateway, request, bucket.repository()).await;
        };
        let scope = Scope {
            repository: bucket.repository(),
            reference,
            lead: &self.prefix[..=reference.len()],
            base: "",
            prefix,
        };
        self.objects(gateway, request, &scope).await
    }

    async fn branches(
        &self,
        gateway: &Gateway,
        request: &Request,
        repository: &str,
    ) -> Result<Found, S3Error> {
        let page = PageRequest {
            prefix: self.prefix,
            after: &self.after,
            // Also where none are wanted: whether the caller may list, and the repository is there, is
            // asked all the same.
            amount: i64::try_from(self.max_keys.max(1)).ok(),
        };
        let service = gateway.service();
        let found = service.list_branch_roots(&request.caller, repository, page);
        let found = found.await?;
        let none = self.max_keys == 0;
        Ok(Found {
            rows: if none {
                Rows::None
            } else {
                Rows::Branches(found.names)
            },
            lead: String::new(),
            hidden: 0,
            truncated: found.has_more && !none,
        })
    }

    async fn objects(
        &self,
        gateway: &Gateway,
        request: &Request,
        scope: &Scope<'_>,
    ) -> Result<Found, S3Error> {
        let after = match after_key(scope.lead, &self.after) {
            After::Start => String::new(),
            After::Path(path) => [scope.base, path].concat(),
            After::End => return Ok(empty()),
        };
        let prefix = [scope.base, scope.prefix].concat();
        if prefix.len() > lakefs_types::MAX_PATH_BYTES {
            return Ok(empty());
        }
        let list = ListObjects {
            repository: scope.repository,
            reference: scope.reference,
            page: PageRequest {
                prefix: &prefix,
                after: &after,
                amount: i64::try_from(self.max_keys.max(1)).ok(),
            },
            delimiter: self.delimiter,
            user_metadata: false,
            presign: false,
        };
        let page = gateway
            .service()
            .list_objects(&request.caller, list)
            .await?;
        if self.max_keys == 0 {
            return Ok(empty());
        }
        Ok(Found {
            truncated: page.has_more(),
            rows: Rows::Objects(page),
            lead: scope.lead.to_owned(),
            hidden: scope.base.len(),
        })
    }

    /// A name as the document shows it.
    pub(super) fn name(&self, xml: &mut Xml, element: &str, name: &str) {
        xml.open(element);
        self.text(xml, name);
        xml.close(element);
    }

    fn text(&self, xml: &mut Xml, name: &str) {
        if self.encoded {
            for piece in utf8_percent_encode(name, KEPT) {
                xml.raw(&[piece]);
            }
        } else {
            xml.escaped(name);
        }
    }
}

/// Where the objects of a listing are.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    repository: &'a str,
    reference: &'a str,
    /// What stands before every path to make it a key.
    lead: &'a str,
    /// What every path begins with and no key shows.
    base: &'a str,
    /// What the client wants paths to begin with, after the base.
    prefix: &'a str,
}

/// Whether a listing failed because its reference names nothing, so that no key can begin with it.
pub(super) fn names_nothing(error: &S3Error) -> bool {
    let source = error.source.as_ref();
    let service = source.and_then(|source| source.downcast_ref::<lakefs_service::Error>());
    service.is_some_and(|error| match error.reason() {
        Some(Reason::ReferenceNotFound | Reason::BranchNotFound | Reason::InvalidName) => true,
        Some(_) => false,
        None => error.kind() == ErrorKind::NotFound,
    })
}

/// An empty page.
pub(super) fn empty() -> Found {
    Found {
        rows: Rows::None,
        lead: String::new(),
        hidden: 0,
        truncated: false,
    }
}

/// A parameter that is not valid.
pub(super) fn invalid(name: &'static str, value: &str, message: &str) -> S3Error {
    S3Error::with(Code::InvalidArgument, message)
        .detail("ArgumentName", name)
        .detail("ArgumentValue", value)
}

fn max_keys(text: &str) -> Result<usize, S3Error> {
    if text.is_empty() {
        return Ok(MAX_KEYS);
    }
    match text.parse::<u32>() {
        Ok(number) if i32::try_from(number).is_ok() => Ok((number as usize).min(MAX_KEYS)),
        _ => Err(invalid(
            "max-keys",
            text,
            &format!("Argument {text} must be an integer between 0 and 2147483647"),
        )),
    }
}
