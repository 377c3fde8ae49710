//! What the server keeps in an entry's metadata beside the user's is no business of REST: it is not shown,
//! not taken, and not lost when a user replaces what is his.

use std::collections::BTreeMap;

use bytes::Bytes;
use lakefs_service::{
    BeginUpload, CopyObject, DiffRefs, ErrorKind, ListObjects, Listed, OWN_METADATA, OpenObject,
    PageRequest, PutBody, StageObject, StoreOptions, UploadObject, WriteCondition,
};

use crate::support::{Lake, REPO, body, lake_with_repository, upload};

const CHECKSUM: &str = "::lakefs-rs::checksum";

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// An object as the gateway writes it.
async fn put(lake: &Lake, path: &str, metadata: BTreeMap<String, String>) {
    let begin = BeginUpload {
        operation: "PutObject",
        repository: REPO,
        branch: "main",
        path,
        condition: WriteCondition::Always,
        force: false,
    };
    let upload = lake.service.begin_upload(&lake.admin, begin).await.unwrap();
    let body = PutBody::from_bytes(Bytes::from_static(b"hello"));
    let stored = upload.store(body, StoreOptions::default()).await.unwrap();
    stored.finish(metadata).await.unwrap();
}

/// All metadata of an entry, as the gateway reads it.
async fn stored(lake: &Lake, path: &str) -> BTreeMap<String, String> {
    let open = OpenObject {
        operation: "GetObject",
        repository: REPO,
        reference: "main",
        path,
    };
    let opened = lake.service.open_object(&lake.admin, open).await.unwrap();
    let metadata = opened.facts().metadata().collect::<Vec<_>>();
    pairs(&metadata)
}

async fn listed(lake: &Lake) -> Vec<Vec<(String, String)>> {
    let request = ListObjects {
        repository: REPO,
        reference: "main",
        page: PageRequest::default(),
        delimiter: "",
        user_metadata: true,
        presign: false,
    };
    let page = lake.service.list_objects(&lake.admin, request).await;
    let page = page.unwrap();
    page.iter()
        .map(|listed| match listed.unwrap() {
            Listed::Object(object) => object
                .metadata
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            Listed::Prefix(_) => panic!("no delimiter was given"),
        })
        .collect()
}

#[tokio::test]
async fn users_are_shown_their_own_metadata_only() {
    let lake = lake_with_repository().await;
    assert!(CHECKSUM.starts_with(OWN_METADATA));
    let before = lake.commit("main", "nothing").await;
    assert!(before.is_err(), "there is nothing to commit yet");
    put(&lake, "a", pairs(&[(CHECKSUM, "x"), ("owner", "me")])).await;
    put(&lake, "b", pairs(&[(CHECKSUM, "x")])).await;
    let users = pairs(&[("owner", "me")]);
    assert_eq!(lake.stat("main", "a").await.unwrap().metadata, Some(users));
    let none = Some(BTreeMap::new());
    assert_eq!(lake.stat("main", "b").await.unwrap().metadata, none);
    let owner = ("owner".to_owned(), "me".to_owned());
    assert_eq!(listed(&lake).await, [vec![owner], Vec::new()]);
    lake.branch("old", "main").await.unwrap();
    lake.commit("main", "two objects").await.unwrap();
    let diff = DiffRefs {
        repository: REPO,
        left: "old",
        right: "main",
        two_dot: true,
        page: PageRequest::default(),
        delimiter: "",
        include_right_stats: true,
    };
    let found = lake.service.diff_refs(&lake.admin, diff).await.unwrap();
    let right: Vec<_> = found
        .results
        .into_iter()
        .map(|difference| difference.right.unwrap().metadata)
        .collect();
    assert_eq!(right, [pairs(&[("owner", "me")]), BTreeMap::new()]);
    assert_eq!(stored(&lake, "a").await.len(), 2, "and both are stored");
}

#[tokio::test]
async fn what_is_the_servers_survives_replacement_and_copies() {
    let lake = lake_with_repository().await;
    put(&lake, "a", pairs(&[(CHECKSUM, "x"), ("owner", "me")])).await;
    let given = pairs(&[("team", "us")]);
    let service = &lake.service;
    let updated = service.update_object_user_metadata(&lake.admin, REPO, "main", "a", given);
    updated.await.unwrap();
    let both = pairs(&[(CHECKSUM, "x"), ("team", "us")]);
    assert_eq!(stored(&lake, "a").await, both);
    let copy = CopyObject {
        repository: REPO,
        branch: "main",
        dest_path: "b",
        src_path: "a",
        src_ref: None,
        shallow: false,
        force: false,
    };
    let copied = service.copy_object(&lake.admin, copy).await.unwrap();
    assert_eq!(copied.metadata, Some(pairs(&[("team", "us")])));
    assert_eq!(stored(&lake, "b").await, both);
}

#[tokio::test]
async fn users_cannot_write_what_is_the_servers() {
    let lake = lake_with_repository().await;
    put(&lake, "a", pairs(&[(CHECKSUM, "x")])).await;
    let forged = || pairs(&[(CHECKSUM, "forged")]);
    let request = UploadObject {
        metadata: forged(),
        ..upload("main", "b")
    };
    let service = &lake.service;
    let uploaded = service.upload_object(&lake.admin, request, || async { Ok(body(b"hello")) });
    assert_eq!(uploaded.await.unwrap_err().kind(), ErrorKind::Invalid);
    let updated = service.update_object_user_metadata(&lake.admin, REPO, "main", "a", forged());
    assert_eq!(updated.await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(stored(&lake, "a").await, pairs(&[(CHECKSUM, "x")]));
    let stage = StageObject {
        repository: REPO,
        branch: "main",
        path: "c",
        physical_address: "local://elsewhere/c",
        checksum: "c",
        size_bytes: 5,
        mtime: None,
        metadata: Some(forged()),
        content_type: None,
        if_none_match: None,
        if_match: None,
        force: false,
    };
    let staged = service.stage_object(&lake.admin, stage).await;
    assert_eq!(staged.unwrap_err().kind(), ErrorKind::Invalid);
}
