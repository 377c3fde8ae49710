//! The gateway in process: real use-cases over stores in memory, signed requests straight into
//! [`lakefs_gateway::Gateway`].

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod authentication;
mod buckets;
mod copy;
mod cors;
mod deletes;
mod fallback;
mod harness;
mod listing;
mod multipart;
mod prop_listing;
mod put;
mod reads;
mod refusals;

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
