//! Any sequence of beginning, uploading, completing and giving up, against a model that is a few maps: the
//! same objects, the same refusals, the same lists, and nothing left over.

use std::collections::BTreeMap;

use lakefs_service::{ListUploads, ListedUpload, Reason, WriteCondition};
use proptest::prelude::*;

use crate::support::{Lake, REPO, lake_with_repository};
use crate::uploads::{LEAST, at, named, reason};

const PATHS: [&str; 2] = ["a", "b/c"];
/// Bytes of parts: one shorter than the least, two that are long enough.
const BYTES: [&[u8]; 3] = [b"abc", b"defg", b"hijklmno"];

#[derive(Debug, Clone)]
enum Step {
    Begin(usize),
    /// Which upload, number, bytes.
    Part(usize, u32, usize),
    /// Which upload, numbers and the bytes they are said to have, whether only where nothing is.
    Complete(usize, Vec<(u32, usize)>, bool),
    /// As the parts are, in order.
    CompleteAll(usize, bool),
    Abort(usize),
    Commit,
}

fn step() -> impl Strategy<Value = Step> {
    let part = (1..5_u32, 0..BYTES.len());
    prop_oneof![
        2 => (0..PATHS.len()).prop_map(Step::Begin),
        6 => (0..4_usize, part.clone()).prop_map(|(upload, (number, bytes))| {
            Step::Part(upload, number, bytes)
        }),
        1 => (0..4_usize, prop::collection::vec(part, 0..4), any::<bool>())
            .prop_map(|(upload, parts, absent)| Step::Complete(upload, parts, absent)),
        3 => (0..4_usize, any::<bool>()).prop_map(|(upload, absent)| {
            Step::CompleteAll(upload, absent)
        }),
        1 => (0..4_usize).prop_map(Step::Abort),
        1 => Just(Step::Commit),
    ]
}

#[derive(Debug, Default)]
struct Upload {
    id: String,
    path: &'static str,
    parts: BTreeMap<u32, &'static [u8]>,
    /// The list it was completed with.
    completed: Option<Vec<(u32, &'static [u8])>>,
    aborted: bool,
}

#[derive(Debug, Default)]
struct Model {
    uploads: Vec<Upload>,
    objects: BTreeMap<&'static str, Vec<u8>>,
    /// Objects the store should have.
    stored: usize,
}

/// What a completion should end in.
fn judge(
    upload: &Upload,
    list: &[(u32, &'static [u8])],
    there: bool,
    absent: bool,
) -> Result<(), &'static str> {
    if list.is_empty() {
        return Err("InvalidPart");
    }
    if !list.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("InvalidPartOrder");
    }
    if let Some(done) = &upload.completed {
        return if done == list {
            Ok(())
        } else {
            Err("UploadNotFound")
        };
    }
    if upload.aborted {
        return Err("UploadNotFound");
    }
    if absent && there {
        return Err("none");
    }
    if list
        .iter()
        .any(|(number, bytes)| upload.parts.get(number) != Some(bytes))
    {
        return Err("InvalidPart");
    }
    let (_, first) = list.split_last().unwrap();
    if first.iter().any(|(_, bytes)| (bytes.len() as u64) < LEAST) {
        return Err("PartTooSmall");
    }
    Ok(())
}

async fn complete(
    lake: &Lake,
    model: &mut Model,
    upload: usize,
    list: Vec<(u32, &'static [u8])>,
    absent: bool,
) {
    let upload = &mut model.uploads[upload];
    let there = model.objects.contains_key(upload.path);
    let expected = judge(upload, &list, there, absent);
    let condition = if absent {
        WriteCondition::IfAbsent
    } else {
        WriteCondition::Always
    };
    let outcome = lake
        .finish_if(at(upload.path, &upload.id), named(&list), condition)
        .await;
    if let Err(expected) = expected {
        let said = reason(outcome).map_or("none".to_owned(), |reason| format!("{reason:?}"));
        assert_eq!(said, expected);
        return;
    }
    let whole: Vec<u8> = list.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    assert_eq!(outcome.unwrap().size, whole.len() as u64);
    if upload.completed.is_none() {
        model.objects.insert(upload.path, whole);
        model.stored += 1;
        upload.completed = Some(list);
    }
}

async fn run(steps: Vec<Step>) {
    let lake = lake_with_repository().await;
    let mut model = Model::default();
    for step in steps {
        let count = model.uploads.len();
        let pick = |upload: usize| (count > 0).then(|| upload % count);
        match step {
            Step::Begin(path) => {
                let path = PATHS[path];
                let id = lake.begin("main", path).await.unwrap();
                model.uploads.push(Upload {
                    id,
                    path,
                    ..Upload::default()
                });
            }
            Step::Part(upload, number, bytes) => {
                let Some(upload) = pick(upload) else { continue };
                let upload = &mut model.uploads[upload];
                let bytes = BYTES[bytes];
                let outcome = lake.part(at(upload.path, &upload.id), number, bytes).await;
                if upload.aborted || upload.completed.is_some() {
                    assert_eq!(reason(outcome), Some(Reason::UploadNotFound));
                } else {
                    outcome.unwrap();
                    upload.parts.insert(number, bytes);
                }
            }
            Step::Complete(upload, list, absent) => {
                let Some(upload) = pick(upload) else { continue };
                let list = list
                    .into_iter()
                    .map(|(number, bytes)| (number, BYTES[bytes]));
                complete(&lake, &mut model, upload, list.collect(), absent).await;
            }
            Step::CompleteAll(upload, absent) => {
                let Some(upload) = pick(upload) else { continue };
                let list = model.uploads[upload].parts.clone().into_iter().collect();
                complete(&lake, &mut model, upload, list, absent).await;
            }
            Step::Abort(upload) => {
                let Some(upload) = pick(upload) else { continue };
                let upload = &mut model.uploads[upload];
                let target = at(upload.path, &upload.id);
                let outcome = lake
                    .service
                    .abort_multipart_upload(&lake.admin, target, None)
                    .await;
                if upload.aborted || upload.completed.is_some() {
                    assert_eq!(reason(outcome), Some(Reason::UploadNotFound));
                } else {
                    outcome.unwrap();
                    upload.aborted = true;
                }
            }
            // Nothing to commit is fine.
            Step::Commit => drop(lake.commit("main", "c").await),
        }
    }
    check(&lake, &model).await;
}

/// Objects, lists and what is left are as the model says.
async fn check(lake: &Lake, model: &Model) {
    for path in PATHS {
        let there = lake.read("main", path).await.ok();
        assert_eq!(there.as_ref(), model.objects.get(path));
    }
    let list = ListUploads {
        limit: 100,
        ..ListUploads::default()
    };
    let page = lake.service.list_multipart_uploads(&lake.admin, REPO, list);
    let listed = page
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|item| match item {
            ListedUpload::Upload { info, .. } => info.id,
            ListedUpload::Prefix(prefix) => prefix,
        });
    let mut listed: Vec<String> = listed.collect();
    listed.sort();
    let open = |upload: &&Upload| !upload.aborted && upload.completed.is_none();
    let mut expected: Vec<String> = model
        .uploads
        .iter()
        .filter(open)
        .map(|upload| upload.id.clone())
        .collect();
    expected.sort();
    assert_eq!(listed, expected);
    assert_eq!(lake.store_uploads(), expected.len());
    assert_eq!(lake.records("multiparts").await, expected.len());
    assert_eq!(lake.data_files(), model.stored);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn uploads_do_what_the_model_does(steps in prop::collection::vec(step(), 1..24)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(run(steps));
    }
}
