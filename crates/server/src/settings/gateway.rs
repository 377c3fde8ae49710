//! `gateways.s3.*`.

use lakefs_gateway::{BucketAlias, GatewayOptions};
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
        };
        if options.test_buckets && options.test_namespace.is_empty() {
            problems.push("gateways.s3.test_buckets needs gateways.s3.test_namespace".to_owned());
        }
        if options.body_idle.is_zero() {
            problems.push("gateways.s3.body_idle_timeout must be above 0".to_owned());
        }
        options
    }
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
