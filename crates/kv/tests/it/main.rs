//! Integration tests of the key-value stores: what needs another process or a disk of its own.

#[cfg(test)]
mod child;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod model;
#[cfg(test)]
mod postgres;

#[test]
fn every_file_here_is_listed() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
    for entry in std::fs::read_dir(here).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let listed = include_str!("main.rs").contains(&format!("mod {name};"));
        assert!(listed || name == "main", "{name} is not part of any test");
    }
}
