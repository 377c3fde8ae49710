//! Records of tables: an opaque key, an identity and opaque data; the stored value that holds the
//! latter two; and the record by which a metarange describes a range (docs/format/tables.md).

use bytes::Bytes;
use lakefs_types::RangeId;

use crate::sst::format::{put_uvarint, take_uvarint, uvarint_len};

/// Longest identity or data the format allows.
pub(crate) const MAX_PART_BYTES: usize = 640 << 16;

/// A record, borrowed from the iterator that stands on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef<'a> {
    /// The key: an object's path.
    pub key: &'a [u8],
    /// What decides whether two records are the same.
    pub identity: &'a [u8],
    /// The rest.
    pub data: &'a [u8],
}

/// The part of a record that is not its key, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRef<'a> {
    /// What decides whether two records are the same.
    pub identity: &'a [u8],
    /// The rest.
    pub data: &'a [u8],
}

/// The part of a record that is not its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What decides whether two records are the same.
    pub identity: Bytes,
    /// The rest.
    pub data: Bytes,
}

/// A range as a metarange describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeInfo {
    /// The table.
    pub id: RangeId,
    /// Its first key.
    pub min_key: Bytes,
    /// Its last key.
    pub max_key: Bytes,
    /// Number of records.
    pub count: u64,
    /// Its size when it was closed; part of the metarange's identity, so carried over unchanged.
    pub estimated_size_bytes: u64,
}

/// Splits a stored value into identity and data. Bytes after them are ignored, as lakeFS does.
#[inline]
pub(crate) fn decode_value(value: &[u8]) -> Option<ValueRef<'_>> {
    let (identity, rest) = take_part(value)?;
    let (data, _) = take_part(rest)?;
    Some(ValueRef { identity, data })
}

/// Takes a length-prefixed part; the length is a zig-zag varint.
#[inline]
fn take_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes;
    let length = take_uvarint(&mut rest)?;
    if length & 1 == 1 {
        return None;
    }
    let length = usize::try_from(length >> 1).ok()?;
    if length > MAX_PART_BYTES {
        return None;
    }
    rest.split_at_checked(length)
}

/// Appends the stored form of identity and data.
#[inline]
pub(crate) fn encode_value(out: &mut Vec<u8>, identity: &[u8], data: &[u8]) {
    put_uvarint(out, (identity.len() as u64) << 1);
    out.extend_from_slice(identity);
    put_uvarint(out, (data.len() as u64) << 1);
    out.extend_from_slice(data);
}

/// Length of the stored form of identity and data.
pub(crate) fn encoded_len(value: ValueRef<'_>) -> usize {
    uvarint_len(value.identity.len() << 1)
        + value.identity.len()
        + uvarint_len(value.data.len() << 1)
        + value.data.len()
}

const MIN_KEY: u64 = 1;
const MAX_KEY: u64 = 2;
const ESTIMATED_SIZE: u64 = 3;
const COUNT: u64 = 4;

impl RangeInfo {
    /// The data of its record in a metarange: a protobuf message.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for (field, key) in [(MIN_KEY, &self.min_key), (MAX_KEY, &self.max_key)] {
            if !key.is_empty() {
                put_uvarint(out, field << 3 | 2);
                put_uvarint(out, key.len() as u64);
                out.extend_from_slice(key);
            }
        }
        for (field, number) in [
            (ESTIMATED_SIZE, self.estimated_size_bytes),
            (COUNT, self.count),
        ] {
            if number != 0 {
                put_uvarint(out, field << 3);
                put_uvarint(out, number);
            }
        }
    }

    /// Reads a record of a metarange.
    pub(crate) fn decode(identity: &[u8], data: &[u8]) -> Option<Self> {
        let mut info = Self {
            id: std::str::from_utf8(identity).ok()?.parse().ok()?,
            min_key: Bytes::new(),
            max_key: Bytes::new(),
            count: 0,
            estimated_size_bytes: 0,
        };
        let mut rest = data;
        while !rest.is_empty() {
            let tag = take_uvarint(&mut rest)?;
            match tag & 7 {
                0 => {
                    let number = take_uvarint(&mut rest)?;
                    match tag >> 3 {
                        ESTIMATED_SIZE => info.estimated_size_bytes = number,
                        COUNT => info.count = number,
                        _ => {}
                    }
                }
                1 => rest = rest.get(8..)?,
                2 => {
                    let length = usize::try_from(take_uvarint(&mut rest)?).ok()?;
                    let (bytes, after) = rest.split_at_checked(length)?;
                    rest = after;
                    match tag >> 3 {
                        MIN_KEY => info.min_key = Bytes::copy_from_slice(bytes),
                        MAX_KEY => info.max_key = Bytes::copy_from_slice(bytes),
                        _ => {}
                    }
                }
                5 => rest = rest.get(4..)?,
                _ => return None,
            }
        }
        Some(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of format.md §18.13.
    #[test]
    fn stored_forms_are_those_published() {
        let mut value = Vec::new();
        encode_value(&mut value, &[7; 32], b"data");
        assert_eq!(value.first(), Some(&0x40));
        let parts = decode_value(&value).unwrap();
        assert_eq!((parts.identity, parts.data), (&[7u8; 32][..], &b"data"[..]));
        assert_eq!(encoded_len(parts), value.len());

        let id = "39758af8ddfa7e91eb943584fd7c5eeebf6872bdd73a262a7ff3d682331adb01";
        let info = RangeInfo {
            id: id.parse().unwrap(),
            min_key: Bytes::from_static(b"a/b.txt"),
            max_key: Bytes::from_static(b"a/b.txt"),
            count: 1,
            estimated_size_bytes: 68,
        };
        let mut data = Vec::new();
        info.encode(&mut data);
        assert_eq!(
            hex::encode(&data),
            "0a07612f622e7478741207612f622e74787418442001"
        );
        assert_eq!(RangeInfo::decode(id.as_bytes(), &data), Some(info));
    }

    #[test]
    fn damaged_values_are_refused() {
        assert_eq!(decode_value(b""), None);
        assert_eq!(decode_value(&[0x41, 1, 2]), None);
        assert_eq!(decode_value(&[0x40, 1, 2]), None);
        assert_eq!(RangeInfo::decode(&[b'0'; 64], &[0x0a, 9, 1]), None);
        assert_eq!(RangeInfo::decode(b"short", &[]), None);
    }
}
