//! Computing checksums, and making one of an object out of those of its parts. Names and the form entries
//! keep are in `headers`; what a client claims is compared in `body`.
//!
//! A `FULL_OBJECT` checksum is that of the object's bytes; CRCs of parts can be combined to it. A
//! `COMPOSITE` one is the checksum of the parts' checksums, followed by how many they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

use crate::headers::{Checksum, ChecksumAlgorithm as Algorithm, ChecksumType};

/// The CRC behind an algorithm that is one.
const fn crc_of(algorithm: Algorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        Algorithm::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
        Algorithm::Sha1
        | Algorithm::Sha256
        | Algorithm::Sha512
        | Algorithm::Md5
        | Algorithm::Xxhash64
        | Algorithm::Xxhash3
        | Algorithm::Xxhash128 => None,
    }
}

/// Whether checksums of an object made of parts can be of this algorithm and type.
pub(crate) const fn allows(algorithm: Algorithm, kind: ChecksumType) -> bool {
    match kind {
        ChecksumType::FullObject => crc_of(algorithm).is_some(),
        ChecksumType::Composite => !matches!(algorithm, Algorithm::Crc64nvme),
    }
}

/// The type of an object made of parts that is meant when a client names none.
pub(crate) const fn default_type(algorithm: Algorithm) -> ChecksumType {
    match algorithm {
        Algorithm::Crc64nvme => ChecksumType::FullObject,
        _ => ChecksumType::Composite,
    }
}

/// Bytes of the longest digest.
const MAX_BYTES: usize = 64;

/// The checksum of some bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest {
    algorithm: Algorithm,
    /// As many as [`ChecksumAlgorithm::digest_bytes`] count; the rest is zero.
    bytes: [u8; MAX_BYTES],
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.to_base64())
    }
}

impl Digest {
    fn of(algorithm: Algorithm, value: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_BYTES];
        if value.len() != algorithm.digest_bytes() {
            return None;
        }
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self { algorithm, bytes })
    }

    /// Reads the Base64 that headers and documents hold.
    pub(crate) fn parse(algorithm: Algorithm, base64: &str) -> Option<Self> {
        Self::of(algorithm, &STANDARD.decode(base64).ok()?)
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..self.algorithm.digest_bytes())
            .unwrap_or(&[])
    }

    /// The form headers and documents hold.
    pub(crate) fn to_base64(self) -> String {
        STANDARD.encode(self.as_bytes())
    }

    /// As an entry keeps the checksum of all its bytes.
    pub(crate) fn of_object(self) -> Checksum {
        Checksum {
            algorithm: self.algorithm,
            kind: ChecksumType::FullObject,
            value: self.to_base64(),
        }
    }

    fn from_crc(algorithm: Algorithm, crc: u64) -> Self {
        let mut bytes = [0; MAX_BYTES];
        let all = crc.to_be_bytes();
        let value = all.get(8 - algorithm.digest_bytes()..).unwrap_or(&all);
        for (to, from) in bytes.iter_mut().zip(value) {
            *to = *from;
        }
        Self { algorithm, bytes }
    }

    fn to_crc(self) -> u64 {
        self.as_bytes()
            .iter()
            .fold(0, |crc, byte| crc << 8 | u64::from(*byte))
    }

    /// The checksum of two pieces of bytes one after the other, the second of them `length` bytes long.
    /// `None` unless both are the same CRC.
    pub(crate) fn followed_by(self, second: Self, length: u64) -> Option<Self> {
        if self.algorithm != second.algorithm {
            return None;
        }
        let crc = crc_of(self.algorithm)?;
        let whole = crc_fast::checksum_combine(crc, self.to_crc(), second.to_crc(), length);
        Some(Self::from_crc(self.algorithm, whole))
    }
}

/// The `FULL_OBJECT` checksum of an object made of parts, each with its length; `None` unless all are
/// the same CRC.
pub(crate) fn full_object(parts: impl IntoIterator<Item = (Digest, u64)>) -> Option<Digest> {
    let mut parts = parts.into_iter();
    let (first, _) = parts.next()?;
    crc_of(first.algorithm)?;
    parts.try_fold(first, |whole, (part, length)| {
        whole.followed_by(part, length)
    })
}

/// The `COMPOSITE` checksum of an object made of parts, with its count; `None` unless all have the same
/// algorithm, and there is one.
pub(crate) fn composite(parts: &[Digest]) -> Option<String> {
    let algorithm = parts.first()?.algorithm;
    let mut hasher = Hasher::new(algorithm);
    for part in parts {
        if part.algorithm != algorithm {
            return None;
        }
        hasher.update(part.as_bytes());
    }
    let value = hasher.finish().to_base64();
    Some(format!("{value}-{}", parts.len()))
}

/// Computes a checksum of bytes as they come.
#[derive(Clone)]
pub(crate) struct Hasher {
    algorithm: Algorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    // A CRC's parameters are wide tables of constants, and those of XXH3 hold a buffer.
    Crc(Box<crc_fast::Digest>),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Box<Sha512>),
    Md5(Md5),
    Xxhash64(Box<XxHash64>),
    Xxhash3(Box<XxHash3_64>),
    Xxhash128(Box<XxHash3_128>),
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hasher({})", self.algorithm.as_str())
    }
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let crc = |crc| State::Crc(Box::new(crc_fast::Digest::new(crc)));
        let state = match algorithm {
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64nvme => crc(CrcAlgorithm::Crc64Nvme),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(Sha512::new())),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Xxhash64 => State::Xxhash64(Box::new(XxHash64::with_seed(0))),
            Algorithm::Xxhash3 => State::Xxhash3(Box::new(XxHash3_64::new())),
            Algorithm::Xxhash128 => State::Xxhash128(Box::new(XxHash3_128::new())),
        };
        Self { algorithm, state }
    }

    /// Goes on from a SHA-256 that was computed for another purpose.
    pub(crate) fn of_sha256(state: Sha256) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            state: State::Sha256(state),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(crc) => crc.update(bytes),
            State::Sha1(sha1) => sha1.update(bytes),
            State::Sha256(sha256) => sha256.update(bytes),
            State::Sha512(sha512) => sha512.update(bytes),
            State::Md5(md5) => md5.update(bytes),
            State::Xxhash64(xxhash) => std::hash::Hasher::write(&mut **xxhash, bytes),
            State::Xxhash3(xxhash) => std::hash::Hasher::write(&mut **xxhash, bytes),
            State::Xxhash128(xxhash) => xxhash.write(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        let algorithm = self.algorithm;
        let mut bytes = [0; MAX_BYTES];
        let mut put = |value: &[u8]| {
            for (to, from) in bytes.iter_mut().zip(value) {
                *to = *from;
            }
        };
        match self.state {
            State::Crc(crc) => return Digest::from_crc(algorithm, crc.finalize()),
            State::Sha1(sha1) => put(&sha1.finalize()),
            State::Sha256(sha256) => put(&sha256.finalize()),
            State::Sha512(sha512) => put(&sha512.finalize()),
            State::Md5(md5) => put(&md5.finalize()),
            State::Xxhash64(xxhash) => put(&std::hash::Hasher::finish(&*xxhash).to_be_bytes()),
            State::Xxhash3(xxhash) => put(&std::hash::Hasher::finish(&*xxhash).to_be_bytes()),
            State::Xxhash128(xxhash) => put(&xxhash.finish_128().to_be_bytes()),
        }
        Digest { algorithm, bytes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The check values of the CRC catalogue, and the digests of the hashes' own standards.
    #[test]
    fn known_values_come_out() {
        for (algorithm, value) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (
                Algorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
            (
                Algorithm::Sha512,
                "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a\
                 d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
            ),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Xxhash64, "8cb841db40e6ae83"),
            (Algorithm::Xxhash3, "72dcb18b67a17dff"),
            (Algorithm::Xxhash128, "33119477ede5dcd5e9716427681d5860"),
        ] {
            let checksum = of(algorithm, b"123456789");
            assert_eq!(hex::encode(checksum.as_bytes()), value);
            let text = checksum.to_base64();
            assert_eq!(Digest::parse(algorithm, &text), Some(checksum));
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            assert_eq!(
                Algorithm::of_header(algorithm.header_name()),
                Some(algorithm)
            );
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        for bad in [
            "", "AAAA", "AAAAA", "AAAAAA", "AAAAAA= ", "!AAAAA==", "AAAAAAA=",
        ] {
            assert_eq!(Digest::parse(Algorithm::Crc32, bad), None, "{bad}");
        }
        assert!(Digest::parse(Algorithm::Crc32, "AAAAAA==").is_some());
        assert_eq!(Algorithm::parse("MD4"), None);
    }

    #[test]
    fn types_are_those_s3_allows() {
        use ChecksumType::{Composite, FullObject};
        for (algorithm, composite, full) in [
            (Algorithm::Crc32, true, true),
            (Algorithm::Crc32c, true, true),
            (Algorithm::Crc64nvme, false, true),
            (Algorithm::Sha1, true, false),
            (Algorithm::Sha256, true, false),
            (Algorithm::Sha512, true, false),
            (Algorithm::Md5, true, false),
            (Algorithm::Xxhash3, true, false),
        ] {
            assert_eq!(allows(algorithm, Composite), composite);
            assert_eq!(allows(algorithm, FullObject), full);
            assert!(allows(algorithm, default_type(algorithm)));
        }
    }

    #[test]
    fn composites_hash_the_parts_and_count_them() {
        let (a, b) = (of(Algorithm::Sha256, b"a"), of(Algorithm::Sha256, b"b"));
        let both = [a.as_bytes(), b.as_bytes()].concat();
        let expected = format!("{}-2", of(Algorithm::Sha256, &both).to_base64());
        assert_eq!(composite(&[a, b]), Some(expected));
        assert_eq!(composite(&[]), None);
        assert_eq!(composite(&[a, of(Algorithm::Crc32, b"b")]), None);
        assert_eq!(full_object([(a, 1), (b, 1)]), None);
        assert_eq!(full_object([(a, 1)]), None);
    }

    proptest! {
        #[test]
        fn crcs_of_parts_make_that_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 1..6),
        ) {
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
                let pieces = parts.iter().map(|part| (of(algorithm, part), part.len() as u64));
                prop_assert_eq!(full_object(pieces), Some(of(algorithm, &parts.concat())));
            }
        }

        #[test]
        fn pieces_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..2000), at in 0_usize..2000) {
            let (head, tail) = bytes.split_at(at.min(bytes.len()));
            for algorithm in Algorithm::ALL {
                let mut hasher = Hasher::new(algorithm);
                hasher.update(head);
                hasher.update(tail);
                prop_assert_eq!(hasher.finish(), of(algorithm, &bytes));
            }
        }
    }
}
