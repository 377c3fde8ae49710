//! The properties of a table: what lakeFS and tools read about it without its records.

use std::collections::BTreeMap;

use super::builder::BlockBuilder;
use super::format::put_uvarint;
use super::separator::common_prefix;

/// Facts that a writer counts for the properties of its table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TableStats {
    pub(crate) entries: u64,
    pub(crate) data_blocks: u64,
    pub(crate) data_size: u64,
    pub(crate) index_size: u64,
    /// Number of index partitions and size of the index over them, where the index has two levels.
    pub(crate) partitions: Option<(u64, u64)>,
    pub(crate) raw_key_size: u64,
    pub(crate) raw_value_size: u64,
}

fn number(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_uvarint(&mut out, value);
    out
}

/// The properties block of a table.
pub(crate) fn encode(stats: &TableStats, user: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    let mut all: BTreeMap<Vec<u8>, Vec<u8>> = user.clone();
    let mut put = |name: &str, value: Vec<u8>| {
        all.insert(format!("rocksdb.{name}").into_bytes(), value);
    };
    let two_level = u32::from(stats.partitions.is_some()) * 2;
    put(
        "block.based.table.index.type",
        two_level.to_le_bytes().to_vec(),
    );
    put("block.based.table.prefix.filtering", b"0".to_vec());
    put("block.based.table.whole.key.filtering", b"0".to_vec());
    put("column.family.id", number(0x7fff_ffff));
    put("comparator", b"leveldb.BytewiseComparator".to_vec());
    put("compression", b"Snappy".to_vec());
    put(
        "compression_options",
        b"window_bits=-14; level=32767; strategy=0; max_dict_bytes=0; zstd_max_train_bytes=0; enabled=0; "
            .to_vec(),
    );
    put(
        "external_sst_file.global_seqno",
        0u64.to_le_bytes().to_vec(),
    );
    put("external_sst_file.version", 2u32.to_le_bytes().to_vec());
    put("merge.operator", b"pebble.concatenate".to_vec());
    put("prefix.extractor.name", b"nullptr".to_vec());
    put("property.collectors", b"[static]".to_vec());
    for zero in [
        "creation.time",
        "deleted.keys",
        "filter.size",
        "fixed.key.length",
        "format.version",
        "index.key.is.user.key",
        "index.value.is.delta.encoded",
        "merge.operands",
        "num.range-deletions",
        "oldest.key.time",
    ] {
        put(zero, number(0));
    }
    put("data.size", number(stats.data_size));
    put("index.size", number(stats.index_size));
    put("num.data.blocks", number(stats.data_blocks));
    put("num.entries", number(stats.entries));
    put("raw.key.size", number(stats.raw_key_size));
    put("raw.value.size", number(stats.raw_value_size));
    if let Some((partitions, top_level_size)) = stats.partitions {
        put("index.partitions", number(partitions));
        put("top-level.index.size", number(top_level_size));
    }
    let mut block = BlockBuilder::new(u32::MAX);
    let mut last: &[u8] = &[];
    for (name, value) in &all {
        block.add(name, common_prefix(name, last), &[], value);
        last = name;
    }
    block.finish().to_vec()
}
