//! The tree store through its public interface, on real block stores.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail tests"
)]

mod faults;
mod fuzz;
mod golden;
mod model;
mod prop_copy;
mod prop_merge;
mod prop_read;
mod remote;
mod support;
mod work;

/// A test file that is not listed above would silently not run.
#[test]
fn every_test_file_is_listed() {
    let listed = include_str!("main.rs");
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || listed.contains(&format!("mod {module};")),
            "{name} is not listed"
        );
    }
}
