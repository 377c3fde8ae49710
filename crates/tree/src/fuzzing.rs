//! Fuzz targets: decoders as functions of any bytes. None may panic, hang or take memory out of
//! proportion. The corpus is in `tests/corpus`, run by a test and extended by it with mutations.

use bytes::Bytes;

use crate::metarange::MetaRange;
use crate::record::{decode_value, encode_value};
use crate::sst::block::{BlockCursor, decode_stored};
use crate::sst::writer::TableWriter;
use crate::table::TableBytes;
use crate::{RangeInfo, TableFile};

/// The bytes are a table file.
pub fn table(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(file) = TableFile::parse("fuzzed", bytes.clone()) {
        let mut records = 0u64;
        drop(file.for_each(|_| records += 1));
    }
    drop(MetaRange::read("fuzzed", &TableBytes::Memory(bytes)));
}

/// The bytes are a decoded block; the first of them says what to look for.
pub fn block(bytes: &[u8]) {
    let (looked_for, block) = bytes.split_at(bytes.len().min(4));
    for internal in [false, true] {
        let mut cursor = BlockCursor::new(internal);
        if cursor.reset(block).is_ok() {
            while let Ok(true) = cursor.advance(block) {
                decode_value(cursor.value(block))
                    .map(|value| RangeInfo::decode(value.identity, value.data));
            }
        }
        if let Ok(true) = cursor.seek(block, looked_for) {
            assert!(
                cursor.key() >= looked_for,
                "a seek goes to the key or after it"
            );
        }
    }
}

/// The bytes are a stored block without a valid checksum: its checksum is set right first.
pub fn stored_block(bytes: &[u8]) {
    let mut out = Vec::new();
    let mut snappy = snap::raw::Decoder::new();
    let _refused = decode_stored(bytes, &mut snappy, &mut out);
    if let Some((&compression, body)) = bytes.split_first() {
        let mut stored = Vec::new();
        crate::sst::builder::append_stored(&mut stored, body, compression);
        let _refused = decode_stored(&stored, &mut snappy, &mut out);
    }
}

/// The bytes are cut into records; the table written of them reads back as they are.
pub fn records(bytes: &[u8]) {
    let mut records: Vec<(&[u8], &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| {
            line.split_at(
                line.iter()
                    .position(|byte| *byte == b'=')
                    .unwrap_or(line.len()),
            )
        })
        .collect();
    records.sort_unstable();
    records.dedup_by(|a, b| a.0 == b.0);
    let mut writer = TableWriter::new(std::collections::BTreeMap::new());
    let mut value = Vec::new();
    for (key, data) in &records {
        value.clear();
        encode_value(&mut value, key, data);
        writer.add(key, &value);
    }
    let file = writer.finish().file;
    let table = TableFile::parse("written", file.into()).expect("a written table reads");
    let mut read = records.iter();
    table
        .for_each(|record| {
            assert_eq!(
                Some(&(record.key, record.data)),
                read.next(),
                "records differ"
            );
        })
        .expect("a written table reads");
    assert_eq!(read.next(), None, "records are missing");
}
