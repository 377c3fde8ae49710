//! `gateways.s3.*`.

use http::{Method, Uri};
use lakefs_gateway::{BucketAlias, CorsOptions, GatewayOptions};
use lakefs_types::RepositoryId;

use super::Reader;

impl Reader<'_> {
    pub(super) fn gateway(&self, problems: &mut Vec<String>) -> GatewayOptions {
        let name = |key: &str| format!("gateways.s3.{key}");
        let domains: Vec<String> = self
            .list(&name("domain_name"))
            .iter()
            .map(|domain| domain.to_ascii_lowercase())
            .collect();
        check_domains(&domains, problems);
        let mut aliases = Vec::new();
        for text in self.list(&name("bucket_aliases")) {
            match parse_alias(&text) {
                Ok(alias) => aliases.push(alias),
                Err(problem) => {
                    problems.push(format!("gateways.s3.bucket_aliases: {text:?} {problem}"));
                }
            }
        }
        let options = GatewayOptions {
            domains,
            region: self.text(&name("region")),
            aliases,
            test_buckets: self.flag(&name("test_buckets")),
            test_namespace: self.text(&name("test_namespace")),
            copy_clones: self.text(&name("copy")) == "clone",
            min_part_bytes: self.size(&name("min_part_size_bytes")),
            max_put_bytes: match self.size(&name("max_put_size_bytes")) {
                0 => u64::MAX,
                limit => limit,
            },
            body_idle: self.duration(&name("body_idle_timeout")),
            upload_lifetime: self.duration(&name("upload_lifetime")),
            fallback: parse_fallback(&self.text(&name("fallback_url")), problems),
            cors: self.cors(problems),
        };
        if options.test_buckets && options.test_namespace.is_empty() {
            problems.push("gateways.s3.test_buckets needs gateways.s3.test_namespace".to_owned());
        }
        if options.body_idle.is_zero() {
            problems.push("gateways.s3.body_idle_timeout must be above 0".to_owned());
        }
        options
    }

    fn cors(&self, problems: &mut Vec<String>) -> Option<CorsOptions> {
        let name = |key: &str| format!("gateways.s3.cors.{key}");
        let origins = self.list(&name("allowed_origins"));
        if origins.is_empty() {
            return None;
        }
        let mut methods = Vec::new();
        for text in self.list(&name("allowed_methods")) {
            match text.parse() {
                Ok(method) if METHODS.contains(&method) => methods.push(method),
                _ => problems.push(format!(
                    "gateways.s3.cors.allowed_methods: {text:?} is none of GET, HEAD, PUT, POST and DELETE"
                )),
            }
        }
        let headers = self.list(&name("allowed_headers"));
        let patterns = origins.iter().chain(&headers);
        for text in patterns.filter(|text| text.matches('*').count() > 1) {
            problems.push(format!("gateways.s3.cors: {text:?} has more than one *"));
        }
        Some(CorsOptions {
            origins,
            methods,
            headers,
            exposed: self.list(&name("exposed_headers")),
            max_age: self.duration(&name("max_age")),
        })
    }
}

/// Methods S3 knows.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::POST,
    Method::DELETE,
];

/// The address of the fallback; none when empty.
fn parse_fallback(text: &str, problems: &mut Vec<String>) -> Option<Uri> {
    if text.is_empty() {
        return None;
    }
    let address = text.parse::<Uri>().ok().filter(|address| {
        matches!(address.scheme_str(), Some("http" | "https"))
            && address
                .authority()
                .is_some_and(|at| !at.as_str().contains('@'))
            && address.query().is_none()
    });
    if address.is_none() {
        problems.push(format!(
            "gateways.s3.fallback_url: {text:?} is not http[s]://host[:port][/path]"
        ));
    }
    address
}

/// A domain below another would make it unclear where the name of a bucket ends.
fn check_domains(domains: &[String], problems: &mut Vec<String>) {
    for domain in domains {
        let suffix = format!(".{domain}");
        if let Some(inner) = domains.iter().find(|other| other.ends_with(&suffix)) {
            problems.push(format!(
                "gateways.s3.domain_name: {inner} is below {domain}; requests could mean either"
            ));
        }
    }
}

/// Reads `name=repository/reference[/prefix]`.
fn parse_alias(text: &str) -> Result<BucketAlias, String> {
    let (name, target) = text
        .split_once('=')
        .ok_or("is not name=repository/reference")?;
    let mut parts = target.trim().splitn(3, '/');
    let (Some(repository), Some(reference)) = (parts.next(), parts.next()) else {
        return Err("names no reference".to_owned());
    };
    let prefix = match parts.next() {
        None | Some("") => String::new(),
        Some(prefix) if prefix.ends_with('/') => prefix.to_owned(),
        Some(prefix) => format!("{prefix}/"),
    };
    let name = name.trim();
    if name.is_empty() || name.contains('/') {
        return Err("has no usable bucket name".to_owned());
    }
    RepositoryId::new(repository).map_err(|error| format!("names no repository: {error}"))?;
    if reference.is_empty() {
        return Err("names no reference".to_owned());
    }
    Ok(BucketAlias {
        name: name.to_owned(),
        repository: repository.to_owned(),
        reference: reference.to_owned(),
        prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_name_a_repository_a_reference_and_perhaps_a_prefix() {
        let parsed = |text| {
            let alias = parse_alias(text)?;
            Ok::<_, String>([alias.name, alias.repository, alias.reference, alias.prefix])
        };
        for (text, wanted) in [
            ("flat=lake/main", ["flat", "lake", "main", ""]),
            ("flat = lake/main/", ["flat", "lake", "main", ""]),
            ("a.b=lake/main~1/x/y", ["a.b", "lake", "main~1", "x/y/"]),
            ("a=lake/v1/x/", ["a", "lake", "v1", "x/"]),
        ] {
            assert_eq!(parsed(text).unwrap(), wanted, "{text}");
        }
        for bad in [
            "flat",
            "flat=lake",
            "flat=lake/",
            "=lake/main",
            "a/b=lake/main",
            "x=L/main",
        ] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fallback_is_an_absolute_address() {
        let parsed = |text| {
            let mut problems = Vec::new();
            let address = parse_fallback(text, &mut problems);
            assert_eq!(problems.is_empty(), address.is_some() || text.is_empty());
            address.map(|address| address.to_string())
        };
        assert_eq!(parsed(""), None);
        assert_eq!(
            parsed("http://o:9000/x").as_deref(),
            Some("http://o:9000/x")
        );
        for bad in [
            "o:9000",
            "/x",
            "ftp://o",
            "http://u:p@o",
            "http://o?x=1",
            "http://",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_domain_may_be_below_another() {
        let problems = |domains: &[&str]| {
            let domains: Vec<_> = domains.iter().map(ToString::to_string).collect();
            let mut problems = Vec::new();
            check_domains(&domains, &mut problems);
            problems.len()
        };
        assert_eq!(problems(&["s3.example.com", "example.com"]), 1);
        assert_eq!(problems(&["s3.example.com", "xs3.example.com"]), 0);
    }
}
