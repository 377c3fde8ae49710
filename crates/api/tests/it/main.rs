//! The API in process: real use-cases over stores in memory, requests straight into [`lakefs_api::Api`].

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod authentication;
mod branches_and_commits;
mod content;
mod counts;
mod harness;
mod listings;
mod requests;
mod routing;
mod streams;

/// A file that is not a module of this binary would never run.
#[test]
fn every_file_is_part_of_the_suite() {
    let source = include_str!("main.rs");
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let listed = module == "main" || source.contains(&format!("mod {module};"));
        assert!(listed, "{name} is not a module of main.rs");
    }
}
