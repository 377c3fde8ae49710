//! What a request points at, from its host and path: the service, a bucket, or an object in one.
//!
//! Pure. The path is split as it came, so `//`, dot segments and a trailing `/` stay; each part is
//! percent-decoded once. A bucket is a repository whose keys begin with a reference, or an alias
//! that shows a part of one ([`BucketAlias`]).

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::BucketAlias;
use crate::error::{Code, S3Error};

/// What a request points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// No bucket is named.
    Service,
    /// A bucket.
    Bucket(Bucket),
    /// A key of a bucket.
    Object(Bucket, String),
}

/// A bucket as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The name the client uses.
    pub(crate) name: String,
    /// The alias behind the name, where it is one.
    pub(crate) alias: Option<Arc<BucketAlias>>,
}

/// A key, as repository, reference and path. A path may be empty: the root of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) repository: &'a str,
    pub(crate) reference: &'a str,
    /// What the key says after the reference, without an alias's prefix.
    pub(crate) rest: &'a str,
    /// An alias's prefix.
    pub(crate) prefix: &'a str,
}

impl Place<'_> {
    /// The path inside the reference.
    pub(crate) fn path(&self) -> String {
        format!("{}{}", self.prefix, self.rest)
    }
}

impl Bucket {
    /// The repository behind the bucket.
    pub(crate) fn repository(&self) -> &str {
        self.alias
            .as_ref()
            .map_or(&self.name, |alias| &alias.repository)
    }

    /// Where a key lies; `None` for a key that names no reference, which nothing can have.
    pub(crate) fn place<'a>(&'a self, key: &'a str) -> Option<Place<'a>> {
        match &self.alias {
            Some(alias) => Some(Place {
                repository: &alias.repository,
                reference: &alias.reference,
                rest: key,
                prefix: &alias.prefix,
            }),
            None => {
                let (reference, rest) = key.split_once('/')?;
                Some(Place {
                    repository: &self.name,
                    reference,
                    rest,
                    prefix: "",
                })
            }
        }
    }
}

impl Bucket {
    /// The root of a reference, where a key names one and nothing in it. Buckets that are aliases have
    /// none: their keys name no reference.
    pub(crate) fn root<'a>(&'a self, key: &'a str) -> Option<Place<'a>> {
        if self.alias.is_some() {
            return None;
        }
        let reference = key.strip_suffix('/').unwrap_or(key);
        (!reference.is_empty() && !reference.contains('/')).then_some(Place {
            repository: &self.name,
            reference,
            rest: "",
            prefix: "",
        })
    }
}

/// Finds buckets: by host, by path, and by alias.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    domains: Vec<String>,
    aliases: parking_lot::RwLock<std::collections::HashMap<String, Arc<BucketAlias>>>,
}

impl Resolver {
    pub(crate) fn new(domains: &[String], aliases: &[BucketAlias]) -> Self {
        let aliases = aliases
            .iter()
            .map(|alias| (alias.name.clone(), Arc::new(alias.clone())))
            .collect();
        Self {
            domains: domains
                .iter()
                .map(|domain| domain.to_ascii_lowercase())
                .collect(),
            aliases: parking_lot::RwLock::new(aliases),
        }
    }

    /// A bucket by its name.
    pub(crate) fn bucket(&self, name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            alias: self.aliases.read().get(name).cloned(),
        }
    }

    /// All aliases, in no order.
    pub(crate) fn aliases(&self) -> Vec<Arc<BucketAlias>> {
        self.aliases.read().values().cloned().collect()
    }

    /// Adds an alias; one of that name is replaced.
    pub(crate) fn add_alias(&self, alias: BucketAlias) {
        let name = alias.name.clone();
        self.aliases.write().insert(name, Arc::new(alias));
    }

    pub(crate) fn remove_alias(&self, name: &str) {
        self.aliases.write().remove(name);
    }

    /// What host and raw path point at.
    pub(crate) fn resolve(&self, host: &str, path: &str) -> Result<Target, S3Error> {
        let path = path.strip_prefix('/').unwrap_or(path);
        if let Some(label) = self.bucket_of_host(host) {
            return Ok(self.target(label.to_ascii_lowercase(), &decode(path)?));
        }
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Ok(Target::Service);
        }
        Ok(self.target(decode(bucket)?, &decode(key)?))
    }

    fn target(&self, name: String, key: &str) -> Target {
        let bucket = self.bucket(&name);
        if key.is_empty() {
            return Target::Bucket(bucket);
        }
        Target::Object(bucket, key.to_owned())
    }

    /// What stands before one of our domains in a host name.
    pub(crate) fn bucket_of_host<'h>(&self, host: &'h str) -> Option<&'h str> {
        let name = without_port(host);
        self.domains.iter().find_map(|domain| {
            let at = name.len().checked_sub(domain.len())?;
            let (label, rest) = (name.get(..at)?, name.get(at..)?);
            let label = label.strip_suffix('.')?;
            (rest.eq_ignore_ascii_case(domain) && !label.is_empty()).then_some(label)
        })
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn decode(text: &str) -> Result<String, S3Error> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| S3Error::new(Code::InvalidUri))
}
