//! Uploads of many parts cost no more for each part than those of few.

use std::sync::Arc;

use lakefs_block::testing::CrashFs;
use lakefs_block::{
    BlockStore as _, Fs as _, LocalBlockStore, LocalOptions, Location, MultipartStore as _,
    PutBody, PutOptions, UploadedPart,
};
use lakefs_runtime::{Ids, SystemClock};

const MAX_PARTS: u32 = 10_000;

fn place() -> Location {
    Location {
        bucket: "lake".to_owned(),
        key: "data/large".to_owned(),
    }
}

fn open(fs: &CrashFs) -> LocalBlockStore {
    let options = LocalOptions {
        root: "/simulated".into(),
        ..LocalOptions::default()
    };
    let ids = Arc::new(Ids::system(Arc::new(SystemClock)));
    LocalBlockStore::open_on(Arc::new(fs.clone()), &options, ids).unwrap()
}

async fn upload(store: &LocalBlockStore, id: &str, number: u32, text: String) -> UploadedPart {
    let (body, options) = (PutBody::from_bytes(text), PutOptions::default());
    let place = place();
    let part = store.upload_part(&place, id, number, body, &options);
    part.await.unwrap()
}

#[tokio::test]
async fn no_directory_is_read_for_a_part() {
    let fs = CrashFs::new();
    let store = open(&fs);
    let id = store.create(&place(), &PutOptions::default()).await;
    let id = id.unwrap();
    let before = fs.listings();
    for number in 1..=1000 {
        upload(&store, &id, number, format!("{number},")).await;
    }
    assert_eq!(fs.listings(), before);
    // After a restart the directory is read once, and a part still replaces the one before it.
    drop(store);
    let store = open(&fs);
    let before = fs.listings();
    for number in 1..=100 {
        upload(&store, &id, number, format!("new {number},")).await;
    }
    assert_eq!(fs.listings(), before + 1);
    let files = fs.list_dir(&format!(".lakefs-rs/uploads/{id}")).unwrap();
    assert_eq!(files.len(), 1000 + 1, "and the name of the object");
}

#[tokio::test]
async fn as_many_parts_as_s3_takes_make_an_object() {
    let fs = CrashFs::new();
    // Nothing is lost here, and it would cost a copy of the directory for each part.
    fs.lie_about_directories();
    let store = open(&fs);
    let id = store.create(&place(), &PutOptions::default()).await;
    let id = id.unwrap();
    let (mut parts, mut size) = (Vec::new(), 0);
    for number in 1..=MAX_PARTS {
        let text = format!("{number},");
        size += text.len() as u64;
        parts.push(upload(&store, &id, number, text).await);
    }
    let made = store.complete(&place(), &id, &parts).await.unwrap();
    assert_eq!(made.size, size);
    assert!(made.etag.unwrap().ends_with("-10000"));
    assert_eq!(store.head(&place()).await.unwrap().unwrap().size, size);
    assert!(fs.list_dir(".lakefs-rs/uploads").unwrap().is_empty());
}
