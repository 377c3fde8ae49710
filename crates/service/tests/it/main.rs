//! Use-cases over real stores in memory or in a temporary directory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop at the first surprise"
)]

mod accounts;
mod addresses;
mod commits;
mod known;
mod object_steps;
mod objects;
mod own_metadata;
mod prop_uploads;
mod recordings;
mod repositories;
mod support;
mod upload_faults;
mod uploads;

/// Every file of this directory is part of the binary.
#[test]
fn every_test_file_is_listed() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let main = include_str!("main.rs");
    for file in std::fs::read_dir(directory).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap();
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "{name}"
        );
    }
}
