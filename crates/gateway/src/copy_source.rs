//! `x-amz-copy-source`: which object a copy is made of.

use percent_encoding::percent_decode_str;

use crate::error::{Code, S3Error, Scope};
use crate::request::Request;
use crate::target::{Bucket, Place, Resolver};

/// The object a copy is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopySource {
    bucket: Bucket,
    key: String,
}

impl CopySource {
    /// Reads the header: `[/]bucket/key[?versionId=null]`, percent-encoded once. A plus sign is one.
    pub(crate) fn of(request: &Request, resolver: &Resolver) -> Result<Self, S3Error> {
        Self::parse(
            request.header("x-amz-copy-source").unwrap_or_default(),
            resolver,
        )
    }

    fn parse(text: &str, resolver: &Resolver) -> Result<Self, S3Error> {
        let (name, version) = match text.rsplit_once("?versionId=") {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let decoded = percent_decode_str(name)
            .decode_utf8()
            .map_err(|_| not_a_source())?;
        let path = decoded.strip_prefix('/').unwrap_or(&decoded);
        match path.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                if version.is_some_and(|version| version != "null") {
                    return Err(S3Error::new(Code::NoSuchVersion));
                }
                Ok(Self {
                    bucket: resolver.bucket(bucket),
                    key: key.to_owned(),
                })
            }
            _ => Err(not_a_source()),
        }
    }

    /// Where the object lies.
    pub(crate) fn place(&self) -> Result<Place<'_>, S3Error> {
        self.bucket
            .place(&self.key)
            .filter(|place| !place.rest.is_empty())
            .ok_or_else(|| S3Error::new(Code::NoSuchKey))
    }
}

fn not_a_source() -> S3Error {
    S3Error::with(
        Code::InvalidArgument,
        "Copy Source must mention the source bucket and key: sourcebucket/sourcekey.",
    )
    .scope(Scope::Kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BucketAlias;

    fn resolver() -> Resolver {
        let alias = BucketAlias {
            name: "flat".to_owned(),
            repository: "lake".to_owned(),
            reference: "dev".to_owned(),
            prefix: "in/".to_owned(),
        };
        Resolver::new(&[], &[alias])
    }

    #[test]
    fn sources_are_decoded_once_and_plus_stays() {
        for (text, repository, reference, path) in [
            ("lake/main/a", "lake", "main", "a"),
            ("/lake/main/a", "lake", "main", "a"),
            ("lake%2Fmain%2Fa%20b", "lake", "main", "a b"),
            ("lake/main~1/a+b%252F", "lake", "main~1", "a+b%2F"),
            ("lake/main//a/", "lake", "main", "/a/"),
            ("lake/main/a?b", "lake", "main", "a?b"),
            ("lake/main/a?versionId=null", "lake", "main", "a"),
            ("lake/main/a%3FversionId=1", "lake", "main", "a?versionId=1"),
            ("lake/m/ü%C3%BC", "lake", "m", "üü"),
            ("flat/x", "lake", "dev", "in/x"),
        ] {
            let source = CopySource::parse(text, &resolver()).unwrap();
            let place = source.place().unwrap();
            assert_eq!(
                (place.repository, place.reference, place.path().as_str()),
                (repository, reference, path),
                "{text}"
            );
        }
    }

    #[test]
    fn what_names_no_object_is_refused() {
        for (text, code) in [
            ("", Code::InvalidArgument),
            ("nonsense", Code::InvalidArgument),
            ("/", Code::InvalidArgument),
            ("lake/", Code::InvalidArgument),
            ("//main/a", Code::InvalidArgument),
            ("lake/%FF", Code::InvalidArgument),
            ("lake/main/a?versionId=7", Code::NoSuchVersion),
        ] {
            let error = CopySource::parse(text, &resolver()).unwrap_err();
            assert_eq!(error.code, code, "{text}");
        }
        for text in ["lake/main", "lake/main/"] {
            let source = CopySource::parse(text, &resolver()).unwrap();
            assert_eq!(source.place().unwrap_err().code, Code::NoSuchKey, "{text}");
        }
    }
}
