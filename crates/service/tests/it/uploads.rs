//! Uploads in parts: objects that are made, refused, given up, and found again.

use std::time::Duration;

use lakefs_block::PutBody;
use lakefs_kv::KvStore as _;
use lakefs_service::{
    CompleteUpload, CompletedUpload, CopyPlan, CopyUploadPart, CreateUpload, Error, ListUploads,
    ListedUpload, PartBody, Reason, Result, SweepOutcome, UploadPart, UploadTarget, UploadedPart,
    WriteCondition,
};
use md5::{Digest as _, Md5};

use crate::support::{Lake, REPO, lake_with_repository, status};

/// Fewest bytes of a part but the last, in these tests.
pub(crate) const LEAST: u64 = 4;
const LIFETIME: Duration = Duration::from_hours(7 * 24);
const DAY: Duration = Duration::from_hours(24);

pub(crate) fn at<'a>(path: &'a str, id: &'a str) -> UploadTarget<'a> {
    UploadTarget {
        repository: REPO,
        branch: "main",
        path,
        id,
    }
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

pub(crate) fn named(parts: &[(u32, &[u8])]) -> Vec<UploadedPart> {
    parts
        .iter()
        .map(|(number, bytes)| UploadedPart {
            number: *number,
            etag: md5(bytes),
        })
        .collect()
}

impl Lake {
    pub(crate) async fn begin(&self, branch: &str, path: &str) -> Result<String> {
        let request = CreateUpload {
            repository: REPO,
            branch,
            path,
            content_type: Some("image/png".to_owned()),
            metadata: [("X-Amz-Meta-a".to_owned(), "1".to_owned())].into(),
            storage_class: None,
            checksum: String::new(),
        };
        self.service
            .create_multipart_upload(&self.admin, request)
            .await
    }

    pub(crate) async fn part(
        &self,
        target: UploadTarget<'_>,
        number: u32,
        bytes: &[u8],
    ) -> Result<UploadPart> {
        let body = PutBody::from_bytes(bytes.to_vec());
        self.service
            .upload_part_of(&self.admin, target, number, |_| {
                Ok(PartBody {
                    body,
                    expected_md5: None,
                    checksum: Box::new(|| "sum".to_owned()),
                })
            })
            .await
    }

    pub(crate) async fn finish_if(
        &self,
        target: UploadTarget<'_>,
        parts: Vec<UploadedPart>,
        condition: WriteCondition,
    ) -> Result<CompletedUpload> {
        let request = CompleteUpload {
            target,
            parts,
            condition,
            min_part_bytes: LEAST,
        };
        self.service
            .complete_multipart_upload(&self.admin, request, |_, stored| {
                let sizes: Vec<String> = stored.iter().map(|part| part.size.to_string()).collect();
                Ok([("sizes".to_owned(), sizes.join(","))].into())
            })
            .await
    }

    pub(crate) async fn finish(
        &self,
        target: UploadTarget<'_>,
        parts: &[(u32, &[u8])],
    ) -> Result<CompletedUpload> {
        self.finish_if(target, named(parts), WriteCondition::Always)
            .await
    }

    async fn abort(&self, target: UploadTarget<'_>) -> Result<()> {
        self.service
            .abort_multipart_upload(&self.admin, target, None)
            .await
    }

    pub(crate) async fn sweep(&self) -> SweepOutcome {
        self.service.sweep_uploads(LIFETIME).await.unwrap()
    }

    /// Records in a partition.
    pub(crate) async fn records(&self, partition: &str) -> usize {
        self.kv
            .scan(partition.as_bytes(), b"", 1000)
            .await
            .unwrap()
            .len()
    }

    /// Uploads the store knows of.
    pub(crate) fn store_uploads(&self) -> usize {
        let directory = self.directory.path().join(".lakefs-rs/uploads");
        std::fs::read_dir(directory).unwrap().count()
    }

    /// Nothing is left of any upload but what is remembered of its end.
    pub(crate) async fn assert_tidy(&self, id: &str) {
        assert_eq!(self.records("lakefs-rs:multipart").await, 0);
        assert_eq!(self.records("multiparts").await, 0);
        let parts = format!("lakefs-rs:multipart:{id}");
        assert_eq!(self.records(&parts).await, 0);
        assert_eq!(self.store_uploads(), 0);
    }
}

pub(crate) fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> Option<Reason> {
    outcome.unwrap_err().reason()
}

fn gone<T: std::fmt::Debug>(outcome: Result<T>) {
    let error: Error = outcome.unwrap_err();
    assert_eq!(
        (status(&error), error.reason()),
        (404, Some(Reason::UploadNotFound)),
        "{error}"
    );
}

#[tokio::test]
async fn exactly_the_listed_parts_become_the_object() {
    let lake = lake_with_repository().await;
    let id = lake.begin("main", "a/b").await.unwrap();
    let target = at("a/b", &id);
    assert_eq!(lake.records("multiparts").await, 1);
    for (number, bytes) in [
        (7, b"last" as &[u8]),
        (2, b"seconds"),
        (1, b"first"),
        (3, b"unused"),
    ] {
        let part = lake.part(target, number, bytes).await.unwrap();
        assert_eq!((part.etag, part.size), (md5(bytes), bytes.len() as u64));
    }
    // The second of a number replaces the first.
    lake.part(target, 2, b"second").await.unwrap();
    let listed = lake
        .service
        .list_upload_parts(&lake.admin, target, 1, 2)
        .await
        .unwrap();
    let numbers: Vec<u32> = listed.parts.iter().map(|part| part.number).collect();
    assert_eq!((numbers, listed.has_more), (vec![2, 3], true));
    assert_eq!(listed.parts[0].etag, md5(b"second"));
    assert_eq!(listed.upload.initiator, "admin");
    assert!(lake.stat("main", "a/b").await.is_err());

    let parts: [(u32, &[u8]); 3] = [(1, b"first"), (2, b"second"), (7, b"last")];
    let made = lake.finish(target, &parts).await.unwrap();
    let digests: Vec<u8> = parts
        .iter()
        .flat_map(|(_, bytes)| Md5::digest(bytes).to_vec())
        .collect();
    assert_eq!(made.etag, format!("{}-3", md5(&digests)));
    assert_eq!(lake.read("main", "a/b").await.unwrap(), b"firstsecondlast");
    let stats = lake.stat("main", "a/b").await.unwrap();
    assert_eq!((&stats.checksum, stats.size_bytes), (&made.etag, 15));
    assert_eq!(stats.content_type, "image/png");
    let metadata = stats.metadata.unwrap();
    assert_eq!(metadata["X-Amz-Meta-a"], "1");
    assert_eq!(metadata["sizes"], "5,6,4");
    assert_eq!(made.metadata, metadata);
    lake.assert_tidy(&id).await;
    assert_eq!(lake.data_files(), 1);
}

#[tokio::test]
async fn an_upload_that_could_not_be_stored_does_not_begin() {
    let lake = lake_with_repository().await;
    lake.branch("guarded", "main").await.unwrap();
    let rules = vec!["guard*".to_owned()];
    lake.service
        .set_branch_protection_rules(&lake.admin, REPO, rules, None)
        .await
        .unwrap();
    for (branch, path, expected) in [("nope", "x", 404), ("main", "", 400), ("guarded", "x", 403)] {
        let refused = lake.begin(branch, path).await.unwrap_err();
        assert_eq!(status(&refused), expected, "{branch} {path}");
    }
    assert_eq!(lake.store_uploads(), 0);
    assert_eq!(lake.records("multiparts").await, 0);
}

#[tokio::test]
async fn an_upload_is_found_under_its_own_name_only() {
    let lake = lake_with_repository().await;
    lake.create("other").await.unwrap();
    lake.branch("dev", "main").await.unwrap();
    let id = lake.begin("main", "x").await.unwrap();
    lake.part(at("x", &id), 1, b"bytes").await.unwrap();
    let other = UploadTarget {
        repository: "other",
        ..at("x", &id)
    };
    let branch = UploadTarget {
        branch: "dev",
        ..at("x", &id)
    };
    let unknown = id.replace(|_: char| true, "0");
    for target in [
        at("y", &id),
        other,
        branch,
        at("x", "zzz"),
        at("x", ""),
        at("x", &unknown),
    ] {
        gone(lake.part(target, 1, b"bytes").await);
        gone(lake.finish(target, &[(1, b"bytes")]).await);
        gone(lake.abort(target).await);
        let listed = lake.service.list_upload_parts(&lake.admin, target, 0, 9);
        gone(listed.await);
    }
    lake.finish(at("x", &id), &[(1, b"bytes")]).await.unwrap();
    // Nor is its end found under another one.
    gone(lake.finish(at("y", &id), &[(1, b"bytes")]).await);
}

#[tokio::test]
async fn a_list_that_is_wrong_leaves_the_upload_open() {
    type List<'a> = &'a [(u32, &'a [u8])];
    let lake = lake_with_repository().await;
    let id = lake.begin("main", "x").await.unwrap();
    let target = at("x", &id);
    for (number, bytes) in [(1, b"one1" as &[u8]), (2, b"two"), (3, b"three")] {
        lake.part(target, number, bytes).await.unwrap();
    }
    let wrong: [(List<'_>, Reason); 7] = [
        (&[], Reason::InvalidPart),
        (&[(1, b"another")], Reason::InvalidPart),
        (&[(4, b"one1")], Reason::InvalidPart),
        (&[(0, b"one1")], Reason::InvalidPart),
        (&[(3, b"three"), (1, b"one1")], Reason::InvalidPartOrder),
        (&[(1, b"one1"), (1, b"one1")], Reason::InvalidPartOrder),
        (
            &[(1, b"one1"), (2, b"two"), (3, b"three")],
            Reason::PartTooSmall,
        ),
    ];
    for (parts, expected) in wrong {
        let refused = lake.finish(target, parts).await;
        assert_eq!(reason(refused), Some(expected), "{parts:?}");
    }
    assert!(lake.stat("main", "x").await.is_err());
    lake.finish(target, &[(1, b"one1"), (3, b"three")])
        .await
        .unwrap();
    assert_eq!(lake.read("main", "x").await.unwrap(), b"one1three");
}

#[tokio::test(start_paused = true)]
async fn a_completion_is_answered_again_for_a_day() {
    let lake = lake_with_repository().await;
    let id = lake.begin("main", "x").await.unwrap();
    let target = at("x", &id);
    lake.part(target, 1, b"bytes").await.unwrap();
    lake.part(target, 2, b"more").await.unwrap();
    let parts: &[(u32, &[u8])] = &[(1, b"bytes"), (2, b"more")];
    let made = lake.finish(target, parts).await.unwrap();
    // What came after is not touched by the answer.
    lake.put("main", "x", b"newer").await.unwrap();
    assert_eq!(lake.finish(target, parts).await.unwrap(), made);
    assert_eq!(lake.read("main", "x").await.unwrap(), b"newer");
    gone(lake.finish(target, &[(1, b"bytes")]).await);
    gone(lake.part(target, 3, b"late").await);
    gone(lake.abort(target).await);

    lake.clock.advance(DAY);
    assert_eq!(lake.sweep().await, SweepOutcome::default());
    assert_eq!(lake.finish(target, parts).await.unwrap(), made);
    lake.clock.advance(Duration::from_secs(1));
    assert_eq!(lake.sweep().await.forgotten, 1);
    gone(lake.finish(target, parts).await);
}

#[tokio::test]
async fn conditions_are_judged_before_the_store_and_with_the_write() {
    let lake = lake_with_repository().await;
    lake.put("main", "x", b"first").await.unwrap();
    let id = lake.begin("main", "x").await.unwrap();
    let target = at("x", &id);
    lake.part(target, 1, b"bytes").await.unwrap();
    let parts = || named(&[(1, b"bytes")]);
    for condition in [
        WriteCondition::IfAbsent,
        WriteCondition::IfMatch("another".to_owned()),
    ] {
        let refused = lake.finish_if(target, parts(), condition).await;
        assert_eq!(status(&refused.unwrap_err()), 412);
    }
    let condition = WriteCondition::IfMatch(md5(b"first"));
    lake.finish_if(target, parts(), condition).await.unwrap();
    assert_eq!(lake.read("main", "x").await.unwrap(), b"bytes");
}

/// One of many wins; the bytes of the others do not stay.
#[tokio::test]
async fn of_completions_that_want_the_path_free_one_wins() {
    let lake = lake_with_repository().await;
    let mut uploads = Vec::new();
    for _ in 0..6 {
        let id = lake.begin("main", "x").await.unwrap();
        lake.part(at("x", &id), 1, b"bytes").await.unwrap();
        uploads.push(id);
    }
    let attempts = uploads.iter().map(|id| {
        let parts = named(&[(1, b"bytes")]);
        lake.finish_if(at("x", id), parts, WriteCondition::IfAbsent)
    });
    let outcomes = futures_util::future::join_all(attempts).await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 5));
    for refusal in refused {
        assert_eq!(status(&refusal.unwrap_err()), 412);
    }
    assert_eq!(lake.read("main", "x").await.unwrap(), b"bytes");
    // Those refused before the store was asked are still open.
    for id in &uploads {
        drop(lake.abort(at("x", id)).await);
    }
    lake.assert_tidy("").await;
    assert_eq!(lake.data_files(), 1);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let lake = lake_with_repository().await;
    let id = lake.begin("main", "x").await.unwrap();
    lake.part(at("x", &id), 1, b"bytes").await.unwrap();
    lake.abort(at("x", &id)).await.unwrap();
    lake.assert_tidy(&id).await;
    gone(lake.abort(at("x", &id)).await);
    gone(lake.finish(at("x", &id), &[(1, b"bytes")]).await);
    assert_eq!(lake.data_files(), 0);
}

/// The branch may be gone by then.
#[tokio::test]
async fn uploads_outlive_their_branch_only_to_be_aborted() {
    let lake = lake_with_repository().await;
    lake.branch("dev", "main").await.unwrap();
    let id = lake.begin("dev", "x").await.unwrap();
    let target = UploadTarget {
        branch: "dev",
        ..at("x", &id)
    };
    lake.part(target, 1, b"bytes").await.unwrap();
    lake.service
        .delete_branch(&lake.admin, REPO, "dev", false)
        .await
        .unwrap();
    let missing = Some(Reason::BranchNotFound);
    assert_eq!(reason(lake.part(target, 2, b"bytes").await), missing);
    assert_eq!(reason(lake.finish(target, &[(1, b"bytes")]).await), missing);
    lake.abort(target).await.unwrap();
    lake.assert_tidy(&id).await;
}

#[tokio::test]
async fn a_part_is_copied_from_any_reference() {
    let lake = lake_with_repository().await;
    lake.put("main", "source", b"0123456789").await.unwrap();
    let commit = lake.commit("main", "c").await.unwrap();
    lake.put("main", "source", b"changed").await.unwrap();
    let id = lake.begin("main", "x").await.unwrap();
    let copy = |number| CopyUploadPart {
        target: at("x", &id),
        number,
        repository: REPO,
        reference: &commit,
        path: "source",
    };
    let range = |start, end| Some(lakefs_service::ContentRange { start, end });
    let whole = lake
        .service
        .copy_upload_part(&lake.admin, copy(1), |info, source| {
            assert_eq!((source.size_bytes, info.checksum.as_str()), (10, ""));
            Ok(CopyPlan::default())
        })
        .await
        .unwrap();
    assert_eq!((whole.size, whole.etag), (10, md5(b"0123456789")));
    let some = lake
        .service
        .copy_upload_part(&lake.admin, copy(2), |_, _| {
            Ok(CopyPlan {
                range: range(3, 5),
                checksum: Some(Box::new(|stream| {
                    (stream, Box::new(|| "through".to_owned()))
                })),
            })
        })
        .await
        .unwrap();
    assert_eq!((some.size, some.checksum.as_str()), (3, "through"));
    for outside in [range(3, 10), range(5, 4)] {
        let refused = lake
            .service
            .copy_upload_part(&lake.admin, copy(3), |_, _| {
                Ok(CopyPlan {
                    range: outside,
                    checksum: None,
                })
            })
            .await;
        assert_eq!(status(&refused.unwrap_err()), 400);
    }
    lake.finish(at("x", &id), &[(1, b"0123456789"), (2, b"345")])
        .await
        .unwrap();
    assert_eq!(lake.read("main", "x").await.unwrap(), b"0123456789345");
}

pub(crate) async fn listed(lake: &Lake, request: ListUploads<'_>) -> (Vec<String>, bool) {
    let page = lake
        .service
        .list_multipart_uploads(&lake.admin, REPO, request)
        .await
        .unwrap();
    let names = page.items.into_iter().map(|item| match item {
        ListedUpload::Upload { name, .. } => name,
        ListedUpload::Prefix(name) => format!("[{name}]"),
    });
    (names.collect(), page.has_more)
}

const ALL: ListUploads<'_> = ListUploads {
    prefix: "",
    delimiter: "",
    after_name: "",
    after_id: "",
    limit: 100,
};
const EVERYTHING: [&str; 6] = [
    "dev/z", "main/a", "main/a", "main/b/1", "main/b/2", "main/c",
];

/// Six uploads, a second apart, and their ids.
async fn six_uploads() -> (Lake, Vec<String>) {
    let lake = lake_with_repository().await;
    lake.branch("dev", "main").await.unwrap();
    let mut ids = Vec::new();
    for (branch, path) in [
        ("main", "b/1"),
        ("main", "a"),
        ("dev", "z"),
        ("main", "b/2"),
        ("main", "a"),
        ("main", "c"),
    ] {
        lake.clock.advance(Duration::from_secs(1));
        ids.push(lake.begin(branch, path).await.unwrap());
    }
    (lake, ids)
}

#[tokio::test]
async fn pages_of_uploads_are_the_list() {
    let (lake, _) = six_uploads().await;
    let folded = ListUploads {
        prefix: "main/",
        delimiter: "/",
        ..ALL
    };
    let rows = ["main/a", "main/a", "[main/b/]", "main/c"];
    assert_eq!(
        listed(&lake, folded).await,
        (rows.map(str::to_owned).into(), false)
    );
    // Page by page, the rows are the same.
    for (request, rows) in [(ALL, EVERYTHING.as_slice()), (folded, rows.as_slice())] {
        let mut seen = Vec::new();
        let (mut name, mut id) = (String::new(), String::new());
        loop {
            let page = lake
                .service
                .list_multipart_uploads(
                    &lake.admin,
                    REPO,
                    ListUploads {
                        limit: 1,
                        after_name: &name,
                        after_id: &id,
                        ..request
                    },
                )
                .await
                .unwrap();
            match &page.items[0] {
                ListedUpload::Upload { name: n, info } => {
                    seen.push(n.clone());
                    (name, id) = (n.clone(), info.id.clone());
                }
                ListedUpload::Prefix(prefix) => {
                    seen.push(format!("[{prefix}]"));
                    (name, id) = (prefix.clone(), String::new());
                }
            }
            if !page.has_more {
                break;
            }
        }
        assert_eq!(seen, rows);
    }
}

#[tokio::test]
async fn uploads_are_listed_by_name_and_age() {
    let (lake, ids) = six_uploads().await;
    assert_eq!(listed(&lake, ALL).await.0, EVERYTHING);
    // Of one name the older comes first.
    let page = lake.service.list_multipart_uploads(
        &lake.admin,
        REPO,
        ListUploads {
            prefix: "main/a",
            ..ALL
        },
    );
    let seen: Vec<String> = page
        .await
        .unwrap()
        .items
        .into_iter()
        .filter_map(|item| match item {
            ListedUpload::Upload { info, .. } => Some(info.id),
            ListedUpload::Prefix(_) => None,
        })
        .collect();
    assert_eq!(seen, [ids[1].as_str(), ids[4].as_str()]);
    lake.abort(at("c", &ids[5])).await.unwrap();
    assert_eq!(listed(&lake, ALL).await.0, EVERYTHING[..5]);
}

#[tokio::test(start_paused = true)]
async fn old_uploads_are_swept_and_young_ones_are_not() {
    let lake = lake_with_repository().await;
    let old = lake.begin("main", "old").await.unwrap();
    lake.part(at("old", &old), 1, b"bytes").await.unwrap();
    lake.clock.advance(Duration::from_hours(6 * 24));
    let young = lake.begin("main", "young").await.unwrap();
    assert_eq!(lake.sweep().await.aborted, 0);
    lake.clock.advance(DAY + Duration::from_secs(1));
    let outcome = lake.sweep().await;
    assert_eq!((outcome.seen, outcome.aborted), (2, 1));
    gone(lake.finish(at("old", &old), &[(1, b"bytes")]).await);
    lake.part(at("young", &young), 1, b"bytes").await.unwrap();
    lake.abort(at("young", &young)).await.unwrap();
    lake.assert_tidy(&old).await;
}

/// A repository of the same name is another one.
#[tokio::test(start_paused = true)]
async fn uploads_of_a_deleted_repository_are_swept() {
    let lake = lake_with_repository().await;
    let id = lake.begin("main", "x").await.unwrap();
    lake.part(at("x", &id), 1, b"bytes").await.unwrap();
    lake.service
        .delete_repository(&lake.admin, REPO, false)
        .await
        .unwrap();
    let missing = Some(Reason::RepositoryNotFound);
    assert_eq!(reason(lake.part(at("x", &id), 2, b"bytes").await), missing);
    let finished = lake.finish(at("x", &id), &[(1, b"bytes")]).await;
    assert_eq!(reason(finished), missing);
    assert_eq!(lake.sweep().await.aborted, 1);
    lake.assert_tidy(&id).await;
}
