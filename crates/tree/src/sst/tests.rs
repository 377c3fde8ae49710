//! The container against real tables and against its own damage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;

use super::block::{BlockCursor, decode_stored};
use super::builder::BlockBuilder;
use super::format::RECORD_TRAILER;
use super::index::{ReadAt, TableIndex, property, read_properties};
use super::separator::common_prefix;
use super::writer::{FinishedTable, Origin, StoredBlock, TableWriter};

struct Memory<'f>(&'f [u8]);

impl ReadAt for Memory<'_> {
    type Error = &'static str;

    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at<'a>(
        &'a self,
        offset: u64,
        length: usize,
        _: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], &'static str> {
        let offset = usize::try_from(offset).map_err(|_| "outside")?;
        self.0
            .get(offset..)
            .and_then(|rest| rest.get(..length))
            .ok_or("outside")
    }
}

/// A data block as stored.
fn stored<'f>(file: &'f [u8], index: &TableIndex, at: usize) -> &'f [u8] {
    let handle = index.block(at).unwrap();
    let start = usize::try_from(handle.offset).unwrap();
    let end = usize::try_from(handle.end().unwrap()).unwrap();
    &file[start..end]
}

type Records = Vec<(Vec<u8>, Vec<u8>)>;

fn read_all(file: &[u8]) -> Result<Records, &'static str> {
    let index = TableIndex::read(&Memory(file))?;
    let mut snappy = snap::raw::Decoder::new();
    let mut block = Vec::new();
    let mut records = Vec::new();
    for at in 0..index.len() {
        let stored = stored(file, &index, at);
        decode_stored(stored, &mut snappy, &mut block)?;
        let mut cursor = BlockCursor::new(true);
        cursor.reset(&block)?;
        while cursor.advance(&block)? {
            records.push((cursor.key().to_vec(), cursor.value(&block).to_vec()));
        }
    }
    Ok(records)
}

fn metadata(kind: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("type".to_owned(), kind.to_owned())])
}

fn write(metadata: BTreeMap<String, String>, records: &Records) -> FinishedTable {
    let mut writer = TableWriter::new(metadata);
    for (key, value) in records {
        writer.add(key, value);
    }
    writer.finish()
}

/// The directory of recorded installations: `../shared` beside the repository, or `LAKEFS_SHARED`.
fn golden() -> Option<(tempfile::TempDir, Vec<PathBuf>)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads where its fixtures are"
    )]
    let shared = std::env::var("LAKEFS_SHARED").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let archive = shared.join("golden/objects.tar.xz");
    if !archive.exists() {
        println!("skipped: {} is absent", archive.display());
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("xJf")
        .arg(&archive)
        .arg("-C")
        .arg(directory.path())
        .status()
        .unwrap();
    assert!(status.success());
    let mut tables = Vec::new();
    let mut pending = vec![directory.path().to_owned()];
    while let Some(path) = pending.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.file_name().is_some_and(|name| name.len() == 64) {
                tables.push(path);
            }
        }
    }
    tables.sort();
    Some((directory, tables))
}

#[test]
fn golden_tables_are_rebuilt_byte_for_byte() {
    let Some((_directory, tables)) = golden() else {
        return;
    };
    assert!(tables.len() > 30);
    for path in tables {
        let name = path.file_name().unwrap().to_str().unwrap();
        let file = std::fs::read(&path).unwrap();
        let properties = read_properties(&Memory(&file)).unwrap();
        let own = |name: &[u8]| {
            !name.starts_with(b"rocksdb.")
                && !matches!(
                    name,
                    b"min_key" | b"max_key" | b"count" | b"estimated_size_bytes"
                )
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let metadata = properties
            .iter()
            .filter(|(name, _)| own(name))
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        let records = read_all(&file).unwrap();
        let table = write(metadata, &records);
        assert_eq!(hex::encode(table.digest), name);
        assert_eq!(
            table.estimated_size_bytes.to_string().as_bytes(),
            property(&properties, "estimated_size_bytes").unwrap()
        );
        let built = read_properties(&Memory(&table.file)).unwrap();
        for (a, b) in properties.iter().zip(&built) {
            assert_eq!((text(&a.0), &a.1), (text(&b.0), &b.1), "{name}");
        }
        assert!(
            table.file == file,
            "{name}: {} bytes, want {}",
            table.file.len(),
            file.len()
        );
    }
}

/// Vectors of format.md §18.10, §18.12 and §18.13.
#[test]
fn published_addresses_hold() {
    let address = |metadata: BTreeMap<String, String>, records: &Records| {
        hex::encode(write(metadata, records).digest)
    };
    assert_eq!(
        address(BTreeMap::new(), &vec![(b"key".to_vec(), b"value".to_vec())]),
        "1f60902cb44890618d61597673a62e44cf526f5991d9db687141218985fe60b8"
    );
    assert_eq!(
        address(metadata("ranges"), &vec![]),
        "5105eaf20d56aa444d5402b4eab9d952aecff97791980db9141ca8e2590ce149"
    );
    assert_eq!(
        address(metadata("metaranges"), &vec![]),
        "00fb7eff1a97c500eb3ca8d2ef5464131d6b6a5f9512e41eba97843522213b66"
    );
    let identity =
        hex::decode("10a13541c7d73feb0dc5c469e5921d04866ff9192ea40cef9106b1072c1db6d1").unwrap();
    let mut value = Vec::new();
    crate::record::encode_value(&mut value, &identity, b"\x0a\x02ab");
    let table = write(metadata("ranges"), &vec![(b"a/b.txt".to_vec(), value)]);
    let id = "39758af8ddfa7e91eb943584fd7c5eeebf6872bdd73a262a7ff3d682331adb01";
    assert_eq!(
        (
            hex::encode(table.digest).as_str(),
            table.estimated_size_bytes
        ),
        (id, 68)
    );
    let mut value = Vec::new();
    let range = hex::decode("0a07612f622e7478741207612f622e74787418442001").unwrap();
    crate::record::encode_value(&mut value, id.as_bytes(), &range);
    assert_eq!(
        address(metadata("metaranges"), &vec![(b"a/b.txt".to_vec(), value)]),
        "fda412d662cd1260cdc61442314f8c64f94e304cc6ba9738c87733fab41c72fc"
    );
}

fn sample(count: u32) -> Records {
    (0..count)
        .map(|n| {
            let mut value = n.wrapping_mul(0x9e37_79b9).to_le_bytes().repeat(8);
            value.extend_from_slice(
                b"a value that compresses, and is long enough to fill blocks soon",
            );
            (format!("some/prefix/{n:08}").into_bytes(), value)
        })
        .collect()
}

#[test]
fn tables_with_one_and_two_index_levels_read_back() {
    for count in [0, 1, 16, 17, 1000, 40_000] {
        let records = sample(count);
        let table = write(metadata("ranges"), &records);
        assert_eq!(read_all(&table.file).unwrap(), records);
        let index = TableIndex::read(&Memory(&table.file)).unwrap();
        let mut seen = 0;
        for at in 0..index.len() {
            assert_eq!(
                index.seek(&records.get(seen).map_or(vec![], |r| r.0.clone())),
                at
            );
            let stored = stored(&table.file, &index, at);
            let mut block = Vec::new();
            decode_stored(stored, &mut snap::raw::Decoder::new(), &mut block).unwrap();
            let mut cursor = BlockCursor::new(true);
            cursor.reset(&block).unwrap();
            while cursor.advance(&block).unwrap() {
                assert_eq!(index.seek(cursor.key()), at);
                seen += 1;
            }
        }
        assert_eq!(index.seek(b"zzzz"), index.len());
    }
}

#[test]
fn unchanged_blocks_are_copied_and_the_file_is_the_same() {
    let mut records = sample(5000);
    let base = write(metadata("ranges"), &records);
    records[2500].1[0] ^= 1;
    let plain = write(metadata("ranges"), &records);
    let index = TableIndex::read(&Memory(&base.file)).unwrap();
    let mut writer = TableWriter::new(metadata("ranges"));
    let (mut block, mut position) = (Vec::new(), 0);
    for at in 0..index.len() {
        let stored = stored(&base.file, &index, at);
        decode_stored(stored, &mut snap::raw::Decoder::new(), &mut block).unwrap();
        let mut cursor = BlockCursor::new(true);
        cursor.reset(&block).unwrap();
        let mut first = Some(StoredBlock {
            raw: &block,
            stored,
        });
        while cursor.advance(&block).unwrap() {
            let (key, value) = &records[position];
            let shared = common_prefix(writer.last_key(), key);
            let changed = position == 2500;
            let origin = Origin {
                block: first.take(),
                entry: cursor.raw(&block).filter(|_| !changed),
            };
            writer.add_after(key, shared, value, origin);
            position += 1;
        }
    }
    let copied = writer.finish();
    assert!(copied.file == plain.file);
    assert_eq!(copied.blocks_encoded, 1);
    assert_eq!(copied.blocks_copied, index.len() as u64 - 1);
}

proptest! {
    /// Keys with bytes of a record's trailer, shorter and longer than what a copy or a length of one
    /// byte takes: looking for any of them, or for what is between, is stepping there.
    #[test]
    fn seeking_in_a_block_goes_where_stepping_goes(
        keys in proptest::collection::btree_set(block_key(), 1..60),
        probes in proptest::collection::vec(block_key(), 20),
    ) {
        let mut builder = BlockBuilder::new(16);
        let mut last: Vec<u8> = Vec::new();
        for key in &keys {
            let stored = [&key[..], &RECORD_TRAILER].concat();
            builder.add(key, common_prefix(&last, &stored).min(key.len()), &RECORD_TRAILER, key);
            last = stored;
        }
        let block = builder.finish();
        let mut cursor = BlockCursor::new(true);
        for probe in keys.iter().chain(&probes) {
            let mut wanted = keys.range::<Vec<u8>, _>(probe..);
            prop_assert_eq!(cursor.seek(block, probe).unwrap(), wanted.clone().next().is_some());
            // And goes on from there.
            while let Some(key) = wanted.next() {
                prop_assert_eq!(cursor.key(), &key[..]);
                prop_assert_eq!(cursor.value(block), &key[..]);
                prop_assert_eq!(cursor.advance(block).unwrap(), wanted.clone().next().is_some());
            }
        }
    }
}

fn block_key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0u32..200).prop_map(|n| format!("tables/{:02}/part-{n:05}", n / 20).into_bytes()),
        proptest::collection::vec(0u8..3, 0..12),
        (0u8..3, 0usize..200).prop_map(|(first, length)| [&[first][..], &vec![1; length]].concat()),
    ]
}

#[test]
fn every_truncation_and_every_flipped_byte_is_an_error_or_the_same_records() {
    let records = sample(300);
    let file = write(metadata("ranges"), &records).file;
    for length in 0..file.len() {
        assert!(read_all(&file[..length]).is_err(), "cut at {length}");
    }
    let mut damaged = file.clone();
    for at in 0..file.len() {
        for flip in [1, 0x80] {
            damaged[at] ^= flip;
            if let Ok(read) = read_all(&damaged) {
                assert_eq!(read, records, "byte {at}");
            }
            damaged[at] ^= flip;
        }
    }
}
