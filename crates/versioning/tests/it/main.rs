//! The engine against in-memory stores, against a recorded installation, and under faults.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says when it is skipped"
)]

mod answers;
mod basics;
mod conditions;
mod counts;
mod damage;
mod delete_if;
mod emptied;
mod faults;
mod golden;
mod hooks;
mod model;
mod objects;
mod prop_listing;
mod stories;
mod support;

/// Every file of this directory is part of the binary: a forgotten one would never run.
#[test]
fn every_file_is_listed() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for file in std::fs::read_dir(here).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap();
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "{name}"
        );
    }
}
