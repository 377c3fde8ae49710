use std::sync::Arc;

use lakefs_types::{BranchId, RepositoryId};
use proptest::prelude::*;

use super::*;

fn repository(name: &str) -> Repository {
    Repository {
        id: RepositoryId::new(name).unwrap(),
        namespace: StorageNamespace::new("local://ns").unwrap(),
        default_branch: BranchId::from_stored("main"),
        created: Timestamp::default(),
        read_only: false,
        storage_id: String::new(),
        instance_uid: "uid".to_owned(),
        partition: Arc::from(format!("{name}-uid")),
    }
}

fn upload(state: UploadState) -> Upload {
    Upload {
        id: upload_id(Timestamp::from_seconds(1_700_000_000), [7; 8]),
        repository: "repo".to_owned(),
        instance: "uid".to_owned(),
        branch: "main".to_owned(),
        path: "a/b".to_owned(),
        namespace: StorageNamespace::new("local://ns").unwrap(),
        address: "data/x/y".to_owned(),
        token: "of the store".to_owned(),
        created: Timestamp::from_seconds(1_700_000_000),
        initiator: "admin".to_owned(),
        content_type: "image/png".to_owned(),
        metadata: [("X-Amz-Meta-a".to_owned(), String::new())].into(),
        storage_class: "GLACIER".to_owned(),
        checksum: "CRC32 COMPOSITE".to_owned(),
        state,
    }
}

#[test]
fn records_read_back() {
    let attempt = Attempt {
        id: [3; 16],
        again: true,
        since: Timestamp::from_seconds(5),
        list: [9; 32],
    };
    for state in [
        UploadState::Open,
        UploadState::Completing(attempt),
        UploadState::Aborted,
    ] {
        let upload = upload(state);
        assert_eq!(Upload::decode(&upload.encode()).unwrap(), upload);
    }
    let part = UploadPart {
        number: 10_000,
        etag: "e".to_owned(),
        size: u64::MAX,
        modified: Timestamp::from_seconds(-1),
        checksum: "CRC32 AAAA".to_owned(),
    };
    assert_eq!(
        UploadPart::decode(&part_key(10_000), &part.encode()).unwrap(),
        part
    );
    let completion = Completion {
        repository: "repo".to_owned(),
        instance: "uid".to_owned(),
        name: "main/a".to_owned(),
        list: [1; 32],
        etag: "x-2".to_owned(),
        size: 12,
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        completed: Timestamp::from_seconds(6),
    };
    assert_eq!(
        Completion::decode(&completion.encode()).unwrap(),
        completion
    );
}

#[test]
fn damaged_records_are_named() {
    assert!(Upload::decode(b"\xff").is_err());
    assert!(UploadPart::decode(b"abc", b"").is_err());
    assert!(Completion::decode(b"").is_err());
}

/// The fields of docs/format/records.md, in their order.
#[test]
fn lakefs_reads_our_tracking_record() {
    let tracking = Upload {
        token: "t".to_owned(),
        path: "p".to_owned(),
        created: Timestamp::from_seconds(1),
        address: "d".to_owned(),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        content_type: "c".to_owned(),
        ..upload(UploadState::Open)
    }
    .encode_tracking();
    let expected =
        "0a0174".to_owned() + "120170" + "1a020801" + "220164" + "2a060a016b120176" + "320163";
    assert_eq!(hex::encode(tracking), expected);
}

#[test]
fn ids_sort_by_age_and_are_known_by_their_look() {
    let older = upload_id(Timestamp::from_seconds(1_700_000_000), [0xff; 8]);
    let newer = upload_id(
        Timestamp {
            seconds: 1_700_000_000,
            nanos: 1,
        },
        [0; 8],
    );
    assert!(older < newer);
    assert!(is_upload_id(&older));
    for bad in ["", "zzz", &older[1..], &older.to_uppercase()] {
        assert!(!is_upload_id(bad), "{bad}");
    }
}

proptest! {
    #[test]
    fn keys_sort_as_names_do(a in "[a\\x00\\x01/é]{0,4}", b in "[a\\x00\\x01/é]{0,4}") {
        let repository = repository("repo");
        let (older, newer) = ("0".repeat(32), "f".repeat(32));
        let (ka, kb) = (upload_key(&repository, &a, &newer), upload_key(&repository, &b, &older));
        if a == b {
            prop_assert!(ka > kb);
        } else {
            prop_assert_eq!(ka.cmp(&kb), a.as_bytes().cmp(b.as_bytes()));
        }
        let after = after_uploads_of(&repository, &a);
        prop_assert!(ka < after);
        if a < b {
            prop_assert!(after < kb);
        }
        prop_assert_eq!(b.starts_with(&a), kb.starts_with(&upload_prefix(&repository, &a)));
    }
}
