//! The checksum of an object: which algorithm, whether of its bytes or of its parts' checksums, and the
//! value. An entry keeps it as one text, `<algorithm> <type> <value>` in S3's spelling.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Metadata;

pub(super) const KEY: &str = "::lakefs-rs::checksum";
const TYPE_HEADER: HeaderName = HeaderName::from_static("x-amz-checksum-type");

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ChecksumAlgorithm {
    /// CRC-32.
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// MD5.
    Md5,
    /// XXH64.
    Xxhash64,
    /// XXH3 of 64 bits.
    Xxhash3,
    /// XXH3 of 128 bits.
    Xxhash128,
}

impl ChecksumAlgorithm {
    /// Every algorithm.
    pub(crate) const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64nvme,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md5,
        Self::Xxhash64,
        Self::Xxhash3,
        Self::Xxhash128,
    ];

    /// As it stands in documents and in `x-amz-checksum-algorithm`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Md5 => "MD5",
            Self::Xxhash64 => "XXHASH64",
            Self::Xxhash3 => "XXHASH3",
            Self::Xxhash128 => "XXHASH128",
        }
    }

    /// The header, or trailer, that carries its value.
    pub(crate) const fn header(self) -> HeaderName {
        HeaderName::from_static(self.header_name())
    }

    /// The header's name.
    pub(crate) const fn header_name(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Sha512 => "x-amz-checksum-sha512",
            Self::Md5 => "x-amz-checksum-md5",
            Self::Xxhash64 => "x-amz-checksum-xxhash64",
            Self::Xxhash3 => "x-amz-checksum-xxhash3",
            Self::Xxhash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// The element that carries its value in documents.
    pub(crate) const fn element(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64nvme => "ChecksumCRC64NVME",
            Self::Sha1 => "ChecksumSHA1",
            Self::Sha256 => "ChecksumSHA256",
            Self::Sha512 => "ChecksumSHA512",
            Self::Md5 => "ChecksumMD5",
            Self::Xxhash64 => "ChecksumXXHASH64",
            Self::Xxhash3 => "ChecksumXXHASH3",
            Self::Xxhash128 => "ChecksumXXHASH128",
        }
    }

    /// Bytes of a digest.
    pub(crate) const fn digest_bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64nvme | Self::Xxhash64 | Self::Xxhash3 => 8,
            Self::Md5 | Self::Xxhash128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The algorithm of a name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// The algorithm a header or trailer carries the value of.
    pub(crate) fn of_header(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.header_name().eq_ignore_ascii_case(name))
    }
}

/// What a checksum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ChecksumType {
    /// All bytes of the object.
    FullObject,
    /// The checksums of its parts.
    Composite,
}

impl ChecksumType {
    /// As it stands in documents and headers.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    /// The type of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::FullObject, Self::Composite]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(name))
    }
}

/// The checksum of an object, verified or computed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// Algorithm.
    pub(crate) algorithm: ChecksumAlgorithm,
    /// What it is of.
    pub(crate) kind: ChecksumType,
    /// Base64 of the digest; with `-<parts>` behind it for a composite one.
    pub(crate) value: String,
}

impl Checksum {
    /// Keeps it in an entry's metadata.
    pub(crate) fn store(&self, metadata: &mut Metadata) {
        let (algorithm, kind) = (self.algorithm.as_str(), self.kind.as_str());
        metadata.insert(KEY.to_owned(), format!("{algorithm} {kind} {}", self.value));
    }

    /// The checksum an entry has, if it has one that is understood.
    pub(crate) fn of<'a>(metadata: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let (algorithm, kind, value) = read(metadata)?;
        Some(Self {
            algorithm,
            kind,
            value: value.to_owned(),
        })
    }

    /// The same without its value: for the rows of listings, which do not tell it.
    pub(crate) fn kind_of<'a>(
        metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<(ChecksumAlgorithm, ChecksumType)> {
        read(metadata).map(|(algorithm, kind, _)| (algorithm, kind))
    }

    /// Puts it into the headers of an answer: `x-amz-checksum-<algorithm>` and `x-amz-checksum-type`.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.value) {
            headers.insert(self.algorithm.header(), value);
            let kind = HeaderValue::from_static(self.kind.as_str());
            headers.insert(TYPE_HEADER, kind);
        }
    }
}

fn read<'a>(
    metadata: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Option<(ChecksumAlgorithm, ChecksumType, &'a str)> {
    let text = metadata.into_iter().find(|(key, _)| *key == KEY)?.1;
    let (algorithm, rest) = text.split_once(' ')?;
    let (kind, value) = rest.split_once(' ')?;
    let algorithm = ChecksumAlgorithm::parse(algorithm)?;
    Some((algorithm, ChecksumType::parse(kind)?, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_gives_back_the_checksum_it_got() {
        for algorithm in ChecksumAlgorithm::ALL {
            for (kind, value) in [
                (ChecksumType::FullObject, "NhCmhg=="),
                (ChecksumType::Composite, "AbCd+/==-12"),
            ] {
                let checksum = Checksum {
                    algorithm,
                    kind,
                    value: value.to_owned(),
                };
                let mut metadata = Metadata::new();
                checksum.store(&mut metadata);
                let pairs = metadata.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                assert_eq!(Checksum::of(pairs), Some(checksum.clone()));
                let mut headers = HeaderMap::new();
                checksum.apply(&mut headers);
                assert_eq!(headers[algorithm.header_name()], value);
                assert_eq!(headers["x-amz-checksum-type"], kind.as_str());
                assert_eq!(
                    ChecksumAlgorithm::of_header(algorithm.header_name()),
                    Some(algorithm)
                );
            }
        }
        for text in ["", "CRC32", "CRC32 FULL_OBJECT", "MD4 FULL_OBJECT x"] {
            assert_eq!(Checksum::of([(KEY, text)]), None, "{text}");
        }
    }
}
