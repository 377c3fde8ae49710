//! The bytes of the journal: batches of records, each batch under one checksum (docs/format/journal.md).
//!
//! A batch is whole or it is not there. Its checksum is keyed with the id of the process that wrote it,
//! which clients do not know: an object whose bytes look like a batch is never taken for one.

use std::ops::Range;

use bytes::Bytes;

use crate::Location;

const MAGIC: [u8; 6] = *b"lfjrnl";
const VERSION: u16 = 1;
/// Bytes of a batch before its records.
pub(super) const HEADER: usize = 40;

const PUT: u8 = 1;
const REMOVE: u8 = 2;
const VOID: u8 = 3;

/// Builds the bytes of a batch.
#[derive(Debug)]
pub(super) struct Builder {
    bytes: Vec<u8>,
}

/// What is known of a batch besides its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Its number; they ascend.
    pub(super) number: u64,
    /// The last batch acknowledged before it.
    pub(super) previous: u64,
    /// Whatever batches up to this one did is on disk without the journal.
    pub(super) settled: u64,
}

/// A change of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Record {
    /// The object has these bytes.
    Put {
        change: u64,
        location: Location,
        body: Bytes,
    },
    /// There is no such object.
    Remove { change: u64, location: Location },
    /// An earlier change did not happen, and was reported as failed.
    Void { change: u64 },
}

/// What lies at some place in a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole batch, and how many bytes it takes.
    Batch(Header, Vec<Record>, usize),
    /// A batch written by another version.
    Version(u16),
    /// Nothing, or a part of a batch.
    Nothing,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; HEADER],
        }
    }

    /// Whether there are no records.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER
    }

    pub(super) fn put(&mut self, change: u64, location: &Location, body: &[u8]) {
        self.record(PUT, change, location, body);
    }

    pub(super) fn remove(&mut self, change: u64, location: &Location) {
        self.record(REMOVE, change, location, &[]);
    }

    pub(super) fn void(&mut self, change: u64) {
        let nowhere = Location {
            bucket: String::new(),
            key: String::new(),
        };
        self.record(VOID, change, &nowhere, &[]);
    }

    /// Lengths fit: [`fits`] was asked before.
    fn record(&mut self, kind: u8, change: u64, location: &Location, body: &[u8]) {
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&change.to_be_bytes());
        for length in [
            length(location.bucket.len()),
            length(location.key.len()),
            length(body.len()),
        ] {
            self.bytes.extend_from_slice(&length);
        }
        self.bytes.extend_from_slice(location.bucket.as_bytes());
        self.bytes.extend_from_slice(location.key.as_bytes());
        self.bytes.extend_from_slice(body);
    }

    /// The batch.
    pub(super) fn finish(mut self, key: &str, header: Header) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len() - HEADER).unwrap_or(u32::MAX);
        let mut head = Vec::with_capacity(HEADER);
        head.extend_from_slice(&MAGIC);
        head.extend_from_slice(&VERSION.to_be_bytes());
        head.extend_from_slice(&header.number.to_be_bytes());
        head.extend_from_slice(&header.previous.to_be_bytes());
        head.extend_from_slice(&header.settled.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        let records = self.bytes.get(HEADER..).unwrap_or_default();
        head.extend_from_slice(&checksum(key, &head, records).to_be_bytes());
        self.bytes.splice(..HEADER, head);
        self.bytes
    }
}

fn checksum(key: &str, head: &[u8], records: &[u8]) -> u32 {
    let sum = crc32c::crc32c(key.as_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(sum, head), records)
}

/// Bytes of a record.
pub(super) fn record_bytes(location: &Location, body: usize) -> usize {
    21 + location.bucket.len() + location.key.len() + body
}

/// Reads bytes from the front.
struct Reader<'a>(&'a Bytes, usize);

impl Reader<'_> {
    fn range(&mut self, length: usize) -> Option<Range<usize>> {
        let end = self.1.checked_add(length)?;
        let range = (end <= self.0.len()).then_some(self.1..end)?;
        self.1 = end;
        Some(range)
    }

    fn bytes(&mut self, length: usize) -> Option<Bytes> {
        self.range(length).map(|range| self.0.slice(range))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let range = self.range(N)?;
        self.0.get(range)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.u32()?).ok()
    }

    fn text(&mut self, length: usize) -> Option<String> {
        String::from_utf8(self.bytes(length)?.to_vec()).ok()
    }
}

/// Looks at the front of some bytes.
pub(super) fn decode(key: &str, bytes: &Bytes) -> Found {
    let mut reader = Reader(bytes, 0);
    if reader.array() != Some(MAGIC) {
        return Found::Nothing;
    }
    match reader.array().map(u16::from_be_bytes) {
        Some(VERSION) => {}
        Some(other) => return Found::Version(other),
        None => return Found::Nothing,
    }
    decode_batch(key, bytes, reader).unwrap_or(Found::Nothing)
}

fn decode_batch(key: &str, bytes: &Bytes, mut reader: Reader<'_>) -> Option<Found> {
    let header = Header {
        number: reader.u64()?,
        previous: reader.u64()?,
        settled: reader.u64()?,
    };
    let length = reader.length()?;
    let head = bytes.get(..reader.1)?;
    let expected = reader.u32()?;
    let records = reader.bytes(length)?;
    if checksum(key, head, &records) != expected {
        return None;
    }
    let mut reader = Reader(&records, 0);
    let mut found = Vec::new();
    while reader.1 < records.len() {
        let [kind] = reader.array()?;
        let change = reader.u64()?;
        let [bucket, key, body] = [reader.length()?, reader.length()?, reader.length()?];
        let location = Location {
            bucket: reader.text(bucket)?,
            key: reader.text(key)?,
        };
        let body = reader.bytes(body)?;
        found.push(match kind {
            PUT => Record::Put {
                change,
                location,
                body,
            },
            REMOVE => Record::Remove { change, location },
            VOID => Record::Void { change },
            _ => return None,
        });
    }
    Some(Found::Batch(header, found, HEADER + length))
}

/// Places after `from` where a batch might begin.
pub(super) fn candidates(bytes: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let rest = bytes.get(from..).unwrap_or_default();
    let windows = rest.windows(MAGIC.len()).enumerate();
    windows
        .filter(|(_, window)| *window == MAGIC)
        .map(move |(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn at(key: &str) -> Location {
        Location {
            bucket: "lake".to_owned(),
            key: key.to_owned(),
        }
    }

    fn sample() -> Vec<u8> {
        let mut builder = Builder::new();
        builder.put(7, &at("data/a"), b"body");
        builder.remove(8, &at("data/ż"));
        builder.void(7);
        let header = Header {
            number: 3,
            previous: 2,
            settled: 1,
        };
        builder.finish(KEY, header)
    }

    #[test]
    fn the_format_is_fixed() {
        // docs/format/journal.md shows this batch.
        let expected = concat!(
            "6c666a726e6c0001",
            "0000000000000003",
            "0000000000000002",
            "0000000000000001",
            "00000058",
            "c27fee54",
            "010000000000000007000000040000000600000004",
            "6c616b65646174612f61626f6479",
            "020000000000000008000000040000000700000000",
            "6c616b65646174612fc5bc",
            "030000000000000007000000000000000000000000",
        );
        assert_eq!(hex::encode(sample()), expected);
    }

    #[test]
    fn batches_come_back() {
        let mut bytes = sample();
        let length = bytes.len();
        bytes.extend_from_slice(&[0; 10]);
        let Found::Batch(header, records, taken) = decode(KEY, &bytes.into()) else {
            unreachable!("a batch just made")
        };
        assert_eq!((header.number, header.previous, header.settled), (3, 2, 1));
        assert_eq!(taken, length);
        assert_eq!(
            records,
            [
                Record::Put {
                    change: 7,
                    location: at("data/a"),
                    body: Bytes::from_static(b"body")
                },
                Record::Remove {
                    change: 8,
                    location: at("data/ż")
                },
                Record::Void { change: 7 },
            ]
        );
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let whole = sample();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                let found = decode(KEY, &bytes.into());
                assert!(!matches!(found, Found::Batch(..)), "byte {at}, bit {bit}");
            }
            let cut = Bytes::copy_from_slice(&whole[..at]);
            assert_eq!(decode(KEY, &cut), Found::Nothing, "cut at {at}");
        }
        assert_eq!(decode("another", &whole.into()), Found::Nothing);
    }

    #[test]
    fn another_version_is_told_apart() {
        let mut bytes = sample();
        bytes[7] = 2;
        assert_eq!(decode(KEY, &bytes.into()), Found::Version(2));
    }
}
