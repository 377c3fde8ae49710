//! Signatures held against vectors of others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod botocore;
mod published;
mod refusals;

/// A file that no `mod` names is never run.
#[test]
fn every_file_is_listed() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let listed = include_str!("main.rs").contains(&format!("\nmod {module};\n"));
        assert!(listed || module == "main", "{name}");
    }
}
