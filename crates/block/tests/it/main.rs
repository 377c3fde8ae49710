//! Behaviour of the stores from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod crash;
mod faults;
mod journal;
mod large;
mod local;
mod mem;
mod moto;
mod parts;
mod proxy;
mod s3;
mod s3_faults;
mod s3_tls;

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
