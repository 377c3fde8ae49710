//! Objects: uploads that succeed, are refused or break off; reading, copying, deleting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use lakefs_block::{BlockError, PutBody};
use lakefs_service::{
    ContentRange, CopyObject, DeleteObjects, ErrorKind, GetObject, GetObjectOutcome,
    HeadObjectOutcome, ListObjects, Listed, PageRequest, UploadBody,
};

use crate::support::{REPO, body, get, lake_with_repository, message, status, upload};

#[tokio::test]
async fn an_upload_reads_back_with_its_facts() {
    let lake = lake_with_repository().await;
    let mut request = upload("main", "a/plain.txt");
    request.metadata = BTreeMap::from([("owner".to_owned(), "Team".to_owned())]);
    let made = lake
        .service
        .upload_object(&lake.admin, request, || async {
            Ok(UploadBody {
                content_type: Some("text/plain".to_owned()),
                ..body(b"hello")
            })
        })
        .await
        .unwrap();
    assert_eq!(made.checksum, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!((made.size_bytes, made.mtime), (5, 1_700_000_000));
    assert_eq!(lake.stat("main", "a/plain.txt").await.unwrap(), made);
    assert_eq!(lake.read("main", "a/plain.txt").await.unwrap(), b"hello");
    let odd = lake.put("main", "a//b/ c /", b"").await.unwrap();
    assert_eq!(
        (odd.content_type.as_str(), odd.size_bytes),
        ("application/octet-stream", 0)
    );
    assert_eq!(lake.read("main", "a//b/ c /").await.unwrap(), b"");
}

#[tokio::test]
async fn nothing_of_the_body_is_read_before_the_write_is_known_to_be_possible() {
    let lake = lake_with_repository().await;
    lake.put("main", "taken", b"x").await.unwrap();
    lake.branch("guarded", "main").await.unwrap();
    let rules = vec!["guard*".to_owned()];
    lake.service
        .set_branch_protection_rules(&lake.admin, REPO, rules, None)
        .await
        .unwrap();
    for (branch, path, condition, expected) in [
        ("nope", "x", None, 404),
        ("bad.name", "x", None, 400),
        ("main", "", None, 400),
        ("main", "taken", Some("*"), 412),
        ("main", "taken", Some("\"tag\""), 501),
        ("guarded", "x", None, 403),
    ] {
        let opened = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&opened);
        let mut request = upload(branch, path);
        request.if_none_match = condition;
        let outcome = lake
            .service
            .upload_object(&lake.admin, request, move || async move {
                seen.store(true, Ordering::SeqCst);
                Ok(body(b"x"))
            })
            .await;
        assert_eq!(status(&outcome.unwrap_err()), expected, "{branch} {path}");
        assert!(!opened.load(Ordering::SeqCst), "{branch} {path}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let lake = lake_with_repository().await;
    let broken = || {
        let chunks = [
            Ok(Bytes::from_static(b"first half")),
            Err(BlockError::Body("connection reset".into())),
        ];
        async {
            Ok(UploadBody {
                content_type: None,
                body: PutBody {
                    stream: Box::pin(futures_util::stream::iter(chunks)),
                    length: None,
                },
            })
        }
    };
    let outcome = lake
        .service
        .upload_object(&lake.admin, upload("main", "x"), broken)
        .await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(status(&lake.stat("main", "x").await.unwrap_err()), 404);
    assert_eq!(lake.data_files(), 0);
    // And one whose client goes away while bytes are still to come: the future is dropped.
    let endless = || async {
        Ok(UploadBody {
            content_type: None,
            body: PutBody {
                stream: Box::pin(futures_util::stream::pending()),
                length: Some(100),
            },
        })
    };
    let request = upload("main", "x");
    let mut upload = Box::pin(lake.service.upload_object(&lake.admin, request, endless));
    for _ in 0..100 {
        tokio::select! {
            biased;
            _ = &mut upload => panic!("the body never ends"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(upload);
    assert_eq!(status(&lake.stat("main", "x").await.unwrap_err()), 404);
    assert_eq!(lake.data_files(), 0);
}

#[tokio::test]
async fn one_of_several_conditional_uploads_wins_and_the_others_leave_no_bytes() {
    let lake = lake_with_repository().await;
    let put = |content: &'static [u8]| {
        let mut request = upload("main", "once");
        request.if_none_match = Some("*");
        lake.service.upload_object(
            &lake.admin,
            request,
            move || async move { Ok(body(content)) },
        )
    };
    let outcomes: Vec<_> =
        futures_util::future::join_all([put(b"a"), put(b"b"), put(b"c"), put(b"d")]).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1);
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!((status(lost), lost.message()), (412, "path already exists"));
    }
    assert_eq!(lake.data_files(), 1);
}

#[tokio::test]
async fn ranges_and_tags_are_answered_by_outcome() {
    let lake = lake_with_repository().await;
    lake.put("main", "x", b"hello").await.unwrap();
    let ask = |range, if_none_match| {
        lake.service.get_object(
            &lake.admin,
            GetObject {
                range,
                if_none_match,
                ..get("main", "x")
            },
        )
    };
    let part = ask(Some("bytes=1-2"), None).await.unwrap();
    let GetObjectOutcome::Content { range, length, .. } = part else {
        panic!("{part:?}");
    };
    assert_eq!(
        (range, length),
        (Some(ContentRange { start: 1, end: 2 }), 2)
    );
    let tag = "\"5d41402abc4b2a76b9719d911017c592\"";
    let same = ask(None, Some(tag)).await.unwrap();
    assert!(matches!(same, GetObjectOutcome::NotModified { .. }));
    for (header, several) in [("bytes=9-", false), ("bytes=0-0,2-2", true)] {
        let outside = ask(Some(header), None).await.unwrap();
        assert!(
            matches!(outside, GetObjectOutcome::RangeNotSatisfiable { multiple, .. } if multiple == several)
        );
        let head = lake
            .service
            .head_object(&lake.admin, REPO, "main", "x", Some(header))
            .await;
        assert!(
            matches!(head.unwrap(), HeadObjectOutcome::RangeNotSatisfiable { multiple, .. } if multiple == several)
        );
    }
}

#[tokio::test]
async fn an_object_without_its_bytes_is_gone() {
    let lake = lake_with_repository().await;
    let made = lake.put("main", "x", b"hello").await.unwrap();
    std::fs::remove_file(made.physical_address.strip_prefix("local://").unwrap()).unwrap();
    let gone = lake
        .service
        .get_object(&lake.admin, get("main", "x"))
        .await
        .unwrap_err();
    assert_eq!((gone.kind(), gone.message()), (ErrorKind::Gone, "No data"));
    lake.blocks.set_down(true);
    let down = lake.put("main", "y", b"y").await.unwrap_err();
    assert_eq!(down.kind(), ErrorKind::Unavailable);
    lake.blocks.set_down(false);
    lake.put("main", "y", b"y").await.unwrap();
}

#[tokio::test]
async fn a_copy_has_bytes_of_its_own() {
    let lake = lake_with_repository().await;
    let source = lake.put("main", "x", b"hello").await.unwrap();
    let request = CopyObject {
        repository: REPO,
        branch: "main",
        dest_path: "y",
        src_path: "x",
        src_ref: None,
        shallow: false,
        force: false,
    };
    let copy = lake
        .service
        .copy_object(&lake.admin, request)
        .await
        .unwrap();
    assert_ne!(copy.physical_address, source.physical_address);
    assert_eq!((copy.checksum, copy.size_bytes), (source.checksum, 5));
    assert_eq!(lake.read("main", "y").await.unwrap(), b"hello");
    let shallow = CopyObject {
        shallow: true,
        ..request
    };
    let refused = lake.service.copy_object(&lake.admin, shallow).await;
    assert_eq!(status(&refused.unwrap_err()), 501);
}

#[tokio::test]
async fn deleting_many_tells_about_each_bad_path() {
    let lake = lake_with_repository().await;
    lake.put("main", "x", b"x").await.unwrap();
    let request = DeleteObjects {
        repository: REPO,
        branch: "main",
        no_tombstone: false,
        force: false,
    };
    let paths = [
        "x".to_owned(),
        String::new(),
        "p".repeat(1025),
        "absent".to_owned(),
    ];
    let failures = lake
        .service
        .delete_objects(&lake.admin, request, &paths)
        .await
        .unwrap();
    let told: Vec<_> = failures
        .iter()
        .map(|failure| failure.path.as_str())
        .collect();
    assert_eq!(told, [paths[1].as_str(), paths[2].as_str()]);
    assert!(
        failures
            .iter()
            .all(|failure| failure.kind == ErrorKind::Invalid)
    );
    assert_eq!(status(&lake.stat("main", "x").await.unwrap_err()), 404);
    let none = lake
        .service
        .delete_objects(&lake.admin, request, &[])
        .await
        .unwrap();
    assert!(none.is_empty());
}

#[tokio::test]
async fn metadata_updates_do_not_lose_a_concurrent_upload() {
    let lake = lake_with_repository().await;
    lake.put("main", "x", b"one").await.unwrap();
    let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let (update, put) = tokio::join!(
        lake.service
            .update_object_user_metadata(&lake.admin, REPO, "main", "x", metadata.clone()),
        lake.put("main", "x", b"two!"),
    );
    update.unwrap();
    put.unwrap();
    assert_eq!(lake.read("main", "x").await.unwrap(), b"two!");
    let service = &lake.service;
    service
        .update_object_user_metadata(&lake.admin, REPO, "main", "x", metadata.clone())
        .await
        .unwrap();
    let found = lake.stat("main", "x").await.unwrap();
    assert_eq!((found.size_bytes, found.metadata), (4, Some(metadata)));
    let long = BTreeMap::from([("k".to_owned(), "v".repeat(1 << 20))]);
    let refused = service
        .update_object_user_metadata(&lake.admin, REPO, "main", "x", long)
        .await;
    assert!(message(refused).contains("the limit is 1048576"));
}

#[tokio::test]
async fn a_listing_borrows_its_results() {
    let lake = lake_with_repository().await;
    for path in ["a/1", "a/2", "b", "c"] {
        lake.put("main", path, b"x").await.unwrap();
    }
    let request = ListObjects {
        repository: REPO,
        reference: "main",
        page: PageRequest {
            amount: Some(2),
            ..PageRequest::default()
        },
        delimiter: "/",
        user_metadata: true,
        presign: false,
    };
    let page = lake
        .service
        .list_objects(&lake.admin, request)
        .await
        .unwrap();
    assert_eq!(
        (page.len(), page.has_more(), page.next_offset()),
        (2, true, "b")
    );
    let listed: Vec<_> = page
        .iter()
        .map(|result| match result.unwrap() {
            Listed::Prefix(path) => (path.to_owned(), None),
            Listed::Object(object) => (
                object.path.to_owned(),
                Some(object.physical_address.to_string()),
            ),
        })
        .collect();
    let stat = lake.stat("main", "b").await.unwrap();
    assert_eq!(
        listed,
        [
            ("a/".to_owned(), None),
            ("b".to_owned(), Some(stat.physical_address))
        ]
    );
    let presign = ListObjects {
        presign: true,
        ..request
    };
    let refused = lake.service.list_objects(&lake.admin, presign).await;
    assert_eq!(
        message(refused),
        "local adapter presigned URL: operation not supported"
    );
}
