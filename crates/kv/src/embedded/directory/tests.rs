use super::*;

fn reason(answer: Result<(StoreDirectory, Found), KvError>) -> String {
    match answer {
        Err(KvError::Refused { reason, .. }) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn finished(root: &Path) {
    let (directory, found) = StoreDirectory::claim(root).unwrap();
    assert_eq!(found, Found::Nothing);
    let built = directory.unfinished_engine().unwrap();
    std::fs::create_dir(&built).unwrap();
    directory.finish(&built).unwrap();
}

#[test]
fn a_finished_store_is_found_again_and_an_unfinished_one_begins_anew() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("a/b/c");
    std::fs::create_dir_all(root.join("engine/leftover")).unwrap();
    std::fs::create_dir_all(root.join("engine.tmp/leftover")).unwrap();
    finished(&root);
    assert!(!root.join("engine/leftover").exists());
    let (_, found) = StoreDirectory::claim(&root).unwrap();
    assert_eq!(found, Found::Store);
}

#[test]
fn two_owners_at_a_time_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let first = StoreDirectory::claim(home.path()).unwrap();
    let message = reason(StoreDirectory::claim(home.path()));
    let owner = format!("process {} has it open", std::process::id());
    assert_eq!(message, owner);
    drop(first);
    StoreDirectory::claim(home.path()).unwrap();
}

#[test]
fn badger_files_are_refused_and_left_alone() {
    for name in [
        "MANIFEST",
        "KEYREGISTRY",
        "DISCARD",
        "000001.vlog",
        "000001.sst",
        "00001.mem",
    ] {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(name), b"theirs").unwrap();
        let message = reason(StoreDirectory::claim(home.path()));
        assert!(
            message.contains("badger") && message.contains(name),
            "{message}"
        );
        let files: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
        assert_eq!(files.len(), 1);
        let bytes = std::fs::read(home.path().join(name)).unwrap();
        assert_eq!(bytes, b"theirs");
    }
}

#[test]
fn a_directory_with_other_files_is_refused() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("thesis.docx"), b"mine").unwrap();
    assert!(reason(StoreDirectory::claim(home.path())).contains("thesis.docx"));
    let file = home.path().join("thesis.docx");
    assert!(!reason(StoreDirectory::claim(&file)).is_empty());
}

#[test]
fn unknown_versions_and_broken_markers_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    finished(home.path());
    let path = home.path().join(FORMAT_FILE);
    let newer = [&MAGIC[..], &7_u32.to_be_bytes(), b"more"].concat();
    std::fs::write(&path, newer).unwrap();
    let message = reason(StoreDirectory::claim(home.path()));
    assert!(message.contains("version is 7"), "{message}");
    for broken in [
        &b""[..],
        b"lakefs-rs",
        b"lakefs-rs-kv\0\0\0",
        b"something longer than it",
    ] {
        std::fs::write(&path, broken).unwrap();
        match StoreDirectory::claim(home.path()) {
            Err(KvError::Corrupt { detail, .. }) => assert!(detail.ends_with("FORMAT")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn room_is_probed_without_traces() {
    let home = tempfile::tempdir().unwrap();
    let (directory, _) = StoreDirectory::claim(home.path()).unwrap();
    directory.probe_room().unwrap();
    assert!(!home.path().join(PROBE_FILE).exists());
}
