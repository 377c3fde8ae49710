//! The object record of a tree: where the bytes of a path are and what is known about them.
//!
//! Stored form (docs/format/records.md, `Entry`): 1 address · 2 last modified · 3 size · 4 entity tag ·
//! 5 metadata · 6 address type · 7 content type. [`Entry`] owns and writes; [`EntryView`] borrows
//! from stored bytes, so that a listing of a thousand entries copies none of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use lakefs_block::Address;
use lakefs_runtime::Timestamp;
use lakefs_types::identity::IdentityHasher;

use crate::proto::{
    DecodeError, Fields, Value, put_bytes, put_scalar_bytes, put_scalar_int64, put_varint,
    varint_len,
};

/// How to read an entry's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AddressType {
    /// By its look: a URL is a whole address, anything else is below the namespace. Old records only.
    ByPrefix,
    /// Below the repository's storage namespace.
    #[default]
    Relative,
    /// A whole URL.
    Full,
}

/// What a path holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// Where the bytes are.
    pub address: String,
    /// How to read `address`.
    pub address_type: AddressType,
    /// When the object was written.
    pub last_modified: Timestamp,
    /// Size in bytes.
    pub size: i64,
    /// Entity tag: for uploads through a server the MD5 of the bytes in hex.
    pub etag: String,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
    /// Content type; empty for imported objects and old records.
    pub content_type: String,
}

impl Entry {
    /// Identity of the content: size, entity tag, metadata and content type. Where the bytes are and
    /// when they came does not count, so that uploading the same again is no change.
    pub fn identity(&self) -> [u8; 32] {
        let mut hasher = IdentityHasher::new();
        hasher
            .int64(self.size)
            .string(&self.etag)
            .map(&self.metadata);
        if !self.content_type.is_empty() {
            hasher.string(&self.content_type);
        }
        hasher.finish()
    }

    /// The stored form. Metadata is written in key order: the reference writer's order is random, so
    /// any is compatible, and ours is the same every time.
    pub fn encode(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(self.address.len() + self.etag.len() + self.content_type.len() + 48);
        put_scalar_bytes(&mut out, 1, self.address.as_bytes());
        put_timestamp(&mut out, 2, self.last_modified);
        put_scalar_int64(&mut out, 3, self.size);
        put_scalar_bytes(&mut out, 4, self.etag.as_bytes());
        for (key, value) in &self.metadata {
            put_map_entry(&mut out, 5, key, value);
        }
        put_scalar_int64(
            &mut out,
            6,
            match self.address_type {
                AddressType::ByPrefix => 0,
                AddressType::Relative => 1,
                AddressType::Full => 2,
            },
        );
        put_scalar_bytes(&mut out, 7, self.content_type.as_bytes());
        out
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        EntryView::parse(bytes).map(|view| view.to_entry())
    }
}

/// Appends a map entry with both its key and its value, as the reference writer does even where
/// they are empty.
fn put_map_entry(out: &mut Vec<u8>, number: u32, key: &str, value: &str) {
    let length =
        2 + varint_len(key.len() as u64) + key.len() + varint_len(value.len() as u64) + value.len();
    put_varint(out, u64::from(number) << 3 | 2);
    put_varint(out, length as u64);
    put_bytes(out, 1, key.as_bytes());
    put_bytes(out, 2, value.as_bytes());
}

fn put_timestamp(out: &mut Vec<u8>, number: u32, moment: Timestamp) {
    let mut message = Vec::with_capacity(16);
    put_scalar_int64(&mut message, 1, moment.seconds);
    put_scalar_int64(&mut message, 2, i64::from(moment.nanos));
    put_bytes(out, number, &message);
}

/// An [`Entry`] read in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntryView<'a> {
    /// Where the bytes are.
    pub address: &'a str,
    /// How to read `address`.
    pub address_type: AddressType,
    /// When the object was written.
    pub last_modified: Timestamp,
    /// Size in bytes.
    pub size: i64,
    /// Entity tag.
    pub etag: &'a str,
    /// Content type; empty where none was recorded.
    pub content_type: &'a str,
    message: &'a [u8],
    metadata_len: usize,
}

impl<'a> EntryView<'a> {
    /// Reads stored bytes. Everything is checked here, so that iterating metadata later cannot fail.
    pub fn parse(message: &'a [u8]) -> Result<Self, DecodeError> {
        let mut view = Self {
            message,
            address_type: AddressType::ByPrefix,
            ..Self::default()
        };
        let mut fields = Fields::new(message);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => view.address = value.text()?,
                2 => view.last_modified = read_timestamp(value.bytes()?)?,
                3 => view.size = value.int64()?,
                4 => view.etag = value.text()?,
                5 => {
                    read_map_entry(value.bytes()?)?;
                    view.metadata_len += 1;
                }
                6 => {
                    view.address_type = match value.varint()? {
                        1 => AddressType::Relative,
                        2 => AddressType::Full,
                        _ => AddressType::ByPrefix,
                    };
                }
                7 => view.content_type = value.text()?,
                _ => {}
            }
        }
        Ok(view)
    }

    /// User metadata, in stored order.
    pub fn metadata(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut fields = Fields::new(if self.metadata_len == 0 {
            &[]
        } else {
            self.message
        });
        std::iter::from_fn(move || {
            while let Ok(Some((number, value))) = fields.next() {
                if let (5, Value::Bytes(bytes)) = (number, value) {
                    return read_map_entry(bytes).ok();
                }
            }
            None
        })
    }

    /// Number of metadata pairs.
    pub fn metadata_len(&self) -> usize {
        self.metadata_len
    }

    /// The address as the object store resolves it.
    pub fn location(&self) -> Address<'a> {
        match self.address_type {
            AddressType::Full => Address::Full(self.address),
            AddressType::ByPrefix if self.address.contains("://") => Address::Full(self.address),
            AddressType::Relative | AddressType::ByPrefix => Address::Relative(self.address),
        }
    }

    /// An owned copy.
    pub fn to_entry(&self) -> Entry {
        Entry {
            address: self.address.to_owned(),
            address_type: self.address_type,
            last_modified: self.last_modified,
            size: self.size,
            etag: self.etag.to_owned(),
            metadata: self
                .metadata()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
            content_type: self.content_type.to_owned(),
        }
    }
}

/// Entries that were read once, laid end to end, so that they can be looked at again without reading
/// or checking their stored form a second time.
#[derive(Debug, Clone, Default)]
pub(crate) struct EntryArena {
    texts: String,
    messages: Vec<u8>,
}

/// Where an entry of an [`EntryArena`] is: address, entity tag and content type follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntrySlot {
    texts: u32,
    address: u32,
    etag: u32,
    content_type: u32,
    /// The stored message, kept only for an entry with metadata.
    message: u32,
    message_len: u32,
    metadata_len: u32,
    address_type: AddressType,
    last_modified: Timestamp,
    size: i64,
}

impl EntryArena {
    /// Copies an entry in.
    pub(crate) fn push(&mut self, entry: &EntryView<'_>) -> EntrySlot {
        let length = |length: usize| u32::try_from(length).expect("a page is far below 4 GiB");
        let message = if entry.metadata_len == 0 {
            &[]
        } else {
            entry.message
        };
        let slot = EntrySlot {
            texts: length(self.texts.len()),
            address: length(entry.address.len()),
            etag: length(entry.etag.len()),
            content_type: length(entry.content_type.len()),
            message: length(self.messages.len()),
            message_len: length(message.len()),
            metadata_len: length(entry.metadata_len),
            address_type: entry.address_type,
            last_modified: entry.last_modified,
            size: entry.size,
        };
        self.texts.push_str(entry.address);
        self.texts.push_str(entry.etag);
        self.texts.push_str(entry.content_type);
        self.messages.extend_from_slice(message);
        slot
    }

    /// The entry of a slot of this arena.
    pub(crate) fn view(&self, slot: EntrySlot) -> Option<EntryView<'_>> {
        let rest = self.texts.get(slot.texts as usize..)?;
        let (address, rest) = rest.split_at_checked(slot.address as usize)?;
        let (etag, rest) = rest.split_at_checked(slot.etag as usize)?;
        let content_type = rest.get(..slot.content_type as usize)?;
        let message = self.messages.get(slot.message as usize..)?;
        Some(EntryView {
            address,
            address_type: slot.address_type,
            last_modified: slot.last_modified,
            size: slot.size,
            etag,
            content_type,
            message: message.get(..slot.message_len as usize)?,
            metadata_len: slot.metadata_len as usize,
        })
    }
}

fn read_map_entry(bytes: &[u8]) -> Result<(&str, &str), DecodeError> {
    let (mut key, mut val) = ("", "");
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => key = value.text()?,
            2 => val = value.text()?,
            _ => {}
        }
    }
    Ok((key, val))
}

fn read_timestamp(bytes: &[u8]) -> Result<Timestamp, DecodeError> {
    let mut moment = Timestamp::default();
    let mut fields = Fields::new(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => moment.seconds = value.int64()?,
            2 => {
                moment.nanos = u32::try_from(value.int64()?).map_err(|_| DecodeError::Malformed)?;
            }
            _ => {}
        }
    }
    Ok(moment)
}

/// An entry as it is stored: identity and message bytes, checked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    identity: [u8; 32],
    data: Bytes,
}

impl StoredEntry {
    /// Takes stored bytes. `identity` is what the table or staging record says.
    pub fn new(identity: [u8; 32], data: Bytes) -> Result<Self, DecodeError> {
        EntryView::parse(&data)?;
        Ok(Self { identity, data })
    }

    /// Identity of the content.
    pub fn identity(&self) -> &[u8; 32] {
        &self.identity
    }

    /// The stored message.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The entry, borrowed.
    pub fn view(&self) -> EntryView<'_> {
        EntryView::parse(&self.data).unwrap_or_default()
    }

    /// The entry, copied.
    pub fn to_entry(&self) -> Entry {
        self.view().to_entry()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = Entry> {
        (
            "\\PC{0,20}",
            0u8..3,
            any::<i64>(),
            0u32..1_000_000_000,
            any::<i64>(),
            "[0-9a-f]{0,32}",
            prop::collection::btree_map("\\PC{0,4}", "\\PC{0,4}", 0..4),
            "\\PC{0,10}",
        )
            .prop_map(
                |(address, kind, seconds, nanos, size, etag, metadata, content_type)| Entry {
                    address,
                    address_type: match kind {
                        0 => AddressType::ByPrefix,
                        1 => AddressType::Relative,
                        _ => AddressType::Full,
                    },
                    last_modified: Timestamp { seconds, nanos },
                    size,
                    etag,
                    metadata,
                    content_type,
                },
            )
    }

    proptest! {
        #[test]
        fn entries_read_back(entry in entry()) {
            prop_assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
        }

        #[test]
        fn an_arena_gives_back_what_came_in(entries in prop::collection::vec(entry(), 0..5)) {
            let mut arena = EntryArena::default();
            let stored: Vec<Vec<u8>> = entries.iter().map(Entry::encode).collect();
            let slots: Vec<EntrySlot> = stored
                .iter()
                .map(|bytes| arena.push(&EntryView::parse(bytes).unwrap()))
                .collect();
            for (slot, entry) in slots.iter().zip(&entries) {
                prop_assert_eq!(&arena.view(*slot).unwrap().to_entry(), entry);
            }
        }

        #[test]
        fn any_bytes_decode_or_fail(bytes: Vec<u8>) {
            let _outcome = Entry::decode(&bytes);
        }
    }

    /// Vectors of format.md §18.7, §18.8 and §18.9.
    #[test]
    fn published_identities_hold() {
        let hex_of = |entry: &Entry| hex::encode(entry.identity());
        let mut entry = Entry {
            size: 99,
            etag: "123456789".into(),
            ..Entry::default()
        };
        assert_eq!(
            hex_of(&entry),
            "305dc3bcf6786199a71d11568a84fcd424de995ff01268dcffe3739576f9127b"
        );
        entry.content_type = "application/octet-stream".into();
        assert_eq!(
            hex_of(&entry),
            "10a13541c7d73feb0dc5c469e5921d04866ff9192ea40cef9106b1072c1db6d1"
        );
        let entry = Entry {
            size: 5,
            etag: "x".into(),
            metadata: [("a", "1"), ("b", "2")]
                .map(|(k, v)| (k.into(), v.into()))
                .into(),
            content_type: "text/plain".into(),
            ..Entry::default()
        };
        assert_eq!(
            hex_of(&entry),
            "b7e24f17a67c9465ca7ddc706af055b8b0f7cf115fb87ada9728bd86dc0f4f55"
        );
        let entry = Entry {
            size: 11,
            etag: "664c688b4ea9c56730daacfc3d70aeed".into(),
            ..Entry::default()
        };
        assert_eq!(
            hex_of(&entry),
            "56fef3921aa6e7fd62bbe23b2f69db3f9049a54b6f2c7bd886b7eb1a6ca3ab3e"
        );
    }

    #[test]
    fn map_entries_carry_empty_keys_and_values() {
        let entry = Entry {
            address_type: AddressType::ByPrefix,
            metadata: [(String::new(), String::new())].into(),
            ..Entry::default()
        };
        assert_eq!(hex::encode(entry.encode()), "12002a040a001200");
    }
}
