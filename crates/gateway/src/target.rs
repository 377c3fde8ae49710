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
        if let Some(alias) = &self.alias {
            return Some(Place {
                repository: &alias.repository,
                reference: &alias.reference,
                rest: key,
                prefix: &alias.prefix,
            });
        }
        let (reference, rest) = key.split_once('/')?;
        Some(Place {
            repository: &self.name,
            reference,
            rest,
            prefix: "",
        })
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
            return Ok(self.target(&label.to_ascii_lowercase(), decode(path)?));
        }
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        if path.is_empty() {
            return Ok(Target::Service);
        }
        if bucket.is_empty() {
            return Err(S3Error::new(Code::InvalidBucketName));
        }
        Ok(self.target(&decode(bucket)?, decode(key)?))
    }

    fn target(&self, name: &str, key: String) -> Target {
        let bucket = self.bucket(name);
        if key.is_empty() {
            return Target::Bucket(bucket);
        }
        Target::Object(bucket, key)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn resolver() -> Resolver {
        let alias = BucketAlias {
            name: "flat".to_owned(),
            repository: "lake".to_owned(),
            reference: "main".to_owned(),
            prefix: "data/".to_owned(),
        };
        let domains = ["s3.example.com".to_owned(), "S3.Other.org".to_owned()];
        Resolver::new(&domains, &[alias])
    }

    fn resolve(host: &str, path: &str) -> (String, Option<String>) {
        match resolver().resolve(host, path).unwrap() {
            Target::Service => (String::new(), None),
            Target::Bucket(bucket) => (bucket.name, None),
            Target::Object(bucket, key) => (bucket.name, Some(key)),
        }
    }

    #[test]
    fn a_bucket_is_in_the_host_or_else_in_the_path() {
        for (host, path, bucket, key) in [
            ("h", "/", "", None),
            ("h", "", "", None),
            ("h:80", "/b", "b", None),
            ("h", "/b/", "b", None),
            ("h", "/b/k", "b", Some("k")),
            ("s3.example.com", "/b/k", "b", Some("k")),
            ("b.s3.example.com", "/", "b", None),
            ("B.S3.example.COM:8000", "/k/l", "b", Some("k/l")),
            ("a.b.s3.example.com", "/k", "a.b", Some("k")),
            ("b.s3.other.org", "/k", "b", Some("k")),
            ("bs3.example.com", "/b/k", "b", Some("k")),
            (".s3.example.com", "/b/k", "b", Some("k")),
            ("[::1]:8000", "/b/k", "b", Some("k")),
        ] {
            let wanted = (bucket.to_owned(), key.map(str::to_owned));
            assert_eq!(resolve(host, path), wanted, "{host} {path}");
        }
        let nameless = resolver().resolve("h", "//k").unwrap_err();
        assert_eq!(nameless.code, Code::InvalidBucketName);
    }

    #[test]
    fn a_key_stays_as_it_came_and_is_decoded_once() {
        for (path, key) in [
            ("/b//k", "/k"),
            ("/b/a//b/", "a//b/"),
            ("/b/../x/./", "../x/./"),
            ("/b/a%2Fb%2525+c", "a/b%25+c"),
            ("/b/main~1/%C3%BC", "main~1/ü"),
            ("/b/main%5E2/x", "main^2/x"),
        ] {
            assert_eq!(resolve("h", path).1.unwrap(), key, "{path}");
        }
    }

    #[test]
    fn keys_of_repositories_begin_with_a_reference_and_those_of_aliases_do_not() {
        let place = |name: &str, key: &str| {
            let bucket = resolver().bucket(name);
            let place = bucket.place(key)?;
            Some([place.repository, place.reference, &place.path()].map(str::to_owned))
        };
        let named = |parts: [&str; 3]| Some(parts.map(str::to_owned));
        assert_eq!(place("lake", "main/a//b"), named(["lake", "main", "a//b"]));
        assert_eq!(place("lake", "main/"), named(["lake", "main", ""]));
        assert_eq!(place("lake", "main"), None);
        assert_eq!(place("flat", "a/b"), named(["lake", "main", "data/a/b"]));
        let root = |name: &str, key: &str| {
            let bucket = resolver().bucket(name);
            bucket.root(key).map(|root| root.reference.to_owned())
        };
        assert_eq!(root("lake", "main").as_deref(), Some("main"));
        assert_eq!(root("lake", "main/").as_deref(), Some("main"));
        for (name, key) in [
            ("lake", "main/a"),
            ("lake", "main//"),
            ("lake", "/"),
            ("flat", "x/"),
        ] {
            assert_eq!(root(name, key), None, "{name} {key}");
        }
    }

    proptest! {
        #[test]
        fn no_address_stops_the_server(host in "\\PC{0,40}", path in "[ -~]{0,60}") {
            let _any = resolver().resolve(&host, &path);
        }
    }
}
