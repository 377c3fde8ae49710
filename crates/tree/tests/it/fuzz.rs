//! Runs the fuzz targets over the checked-in corpus and mutations of it. A crash found elsewhere is
//! added to `tests/corpus/<target>` as a file.

use std::path::Path;

use lakefs_tree::fuzzing;

/// A small generator: the same mutations every time.
struct Mutations(u64);

impl Mutations {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below.max(1)
    }

    fn apply(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.next(4) {
            let at = self.next(bytes.len());
            match self.next(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), u8::try_from(self.next(256)).unwrap()),
                2 => bytes.extend_from_within(at..),
                _ if bytes.is_empty() => {}
                3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.next(5)],
                _ => bytes[at] ^= 1 << self.next(8),
            }
        }
        bytes
    }
}

fn run(target: &str, fuzz: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/corpus")
        .join(target);
    let mut mutations = Mutations(1);
    let mut seeds = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz(&seed);
        for _ in 0..2000 {
            fuzz(&mutations.apply(&seed));
        }
        seeds += 1;
    }
    assert!(seeds > 0);
}

#[test]
fn no_bytes_break_the_table_reader() {
    run("table", fuzzing::table);
}

#[test]
fn no_bytes_break_the_block_reader() {
    run("block", fuzzing::block);
}

#[test]
fn no_bytes_break_decompression() {
    run("stored_block", fuzzing::stored_block);
}

#[test]
fn any_records_read_back() {
    run("records", fuzzing::records);
}
