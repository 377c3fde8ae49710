//! `lakectl` as people run it: the real binary in a cleared environment against a server that the
//! test controls, down to connections that break in the middle.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod fake_lake;
#[cfg(test)]
mod lakectl;
#[cfg(test)]
mod output;
#[cfg(test)]
mod removals;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod uploads;

use std::collections::BTreeSet;

/// A file that is not a module here would never run.
#[test]
fn every_file_in_this_directory_is_a_module() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "main.rs")
        .collect();
    let source = include_str!("main.rs");
    let modules: BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(|module| format!("{module}.rs"))
        .collect();
    assert_eq!(files, modules);
}
