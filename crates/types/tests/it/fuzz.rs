//! Fuzz targets with their corpus in `tests/corpus/<target>`, run over it and over mutations of it. What breaks
//! one elsewhere is added there as a file.

use std::path::Path;

use lakefs_types::xid::Xid;
use lakefs_types::{
    BranchId, CommitId, MAX_PATH_BYTES, MetaRangeId, ObjectPath, RangeId, RefExpr, RepositoryId,
    StorageNamespace, TagId,
};

/// A reference expression that is one is printed as another that means the same.
fn reference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(expression) = RefExpr::parse(&text) {
        let printed = expression.to_string();
        assert_eq!(
            RefExpr::parse(&printed).as_ref(),
            Ok(&expression),
            "{text:?}"
        );
    }
}

/// A path is taken as it is or not at all.
fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match ObjectPath::new(text.clone()) {
        Ok(path) => {
            assert_eq!(path.as_str(), text);
            assert_eq!(path.as_bytes(), text.as_bytes());
            assert!((1..=MAX_PATH_BYTES).contains(&path.as_bytes().len()));
        }
        Err(_) => assert!(text.is_empty() || text.len() > MAX_PATH_BYTES, "{text:?}"),
    }
}

/// A name is taken as it is or not at all, and names neither a directory above nor a second thing.
fn name(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(name) = RepositoryId::new(&text) {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains(['/', '.']), "{text:?}");
    }
    if let Ok(name) = BranchId::new(&text) {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains(['/', '.', '~', '^', '@', '$']), "{text:?}");
        assert!(RefExpr::parse(&text).is_ok(), "{text:?}");
    }
    if let Ok(name) = TagId::new(&text) {
        assert_eq!(name.as_str(), text);
        assert!(!text.contains(['/', '^', ' ']), "{text:?}");
    }
    if let Ok(namespace) = StorageNamespace::new(&text) {
        assert_eq!(namespace.as_str(), text);
    }
}

/// An identifier is printed as it was read.
fn identifier(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(id) = text.parse::<CommitId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(id) = text.parse::<MetaRangeId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(id) = text.parse::<RangeId>() {
        assert_eq!(id.as_str(), text);
    }
    if let Some(id) = Xid::parse(&text) {
        assert_eq!(id.to_string(), text);
    }
}

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

    /// Characters that mean something are more likely than others.
    fn byte(&mut self) -> u8 {
        let meaning = b"~^@$/.-_:%{}*?[]\\ \0\n09azAZ\xff\xc3\xbc";
        if self.next(4) == 0 {
            u8::try_from(self.next(256)).unwrap()
        } else {
            meaning[self.next(meaning.len())]
        }
    }

    fn apply(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.next(6) {
            let at = self.next(bytes.len());
            match self.next(5) {
                0 => bytes.truncate(at),
                1 | 2 => bytes.insert(at.min(bytes.len()), self.byte()),
                3 => bytes.extend_from_within(at..),
                _ if bytes.is_empty() => {}
                _ => bytes[at] = self.byte(),
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
    let files = std::fs::read_dir(corpus).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let seed = std::fs::read(file).unwrap();
        fuzz(&seed);
        for _ in 0..3000 {
            fuzz(&mutations.apply(&seed));
        }
    }
}

#[test]
fn references_are_read_or_refused() {
    run("references", reference);
}

#[test]
fn paths_are_taken_as_they_are() {
    run("paths", path);
}

#[test]
fn names_are_taken_as_they_are() {
    run("names", name);
}

#[test]
fn identifiers_are_printed_as_they_were_read() {
    run("identifiers", identifier);
}
