//! What every backend must do, as one suite that each of them runs.
//!
//! A check panics with its story; the suite needs a namespace of its own in an empty or shared store
//! and leaves its objects there.

use std::sync::Arc;

use bytes::Bytes;
use lakefs_types::StorageNamespace;
use md5::{Digest as _, Md5};

use crate::{
    Address, BlockError, BlockStore, ByteRange, LateName, Location, PutBody, PutOptions,
    UploadedPart, relative_to,
};

/// What a backend may differ in.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Smallest size of a part that is not the last.
    pub min_part_bytes: usize,
    /// Whether addresses with `..` segments are refused instead of taken literally.
    pub refuses_dot_segments: bool,
    /// Whether it is a stand-in for the real service, which cannot hold some odd keys and fails in ways
    /// of its own on uploads that are no more.
    pub stand_in: bool,
}

/// Runs the whole suite.
pub async fn run(store: Arc<dyn BlockStore>, namespace: &StorageNamespace, profile: Profile) {
    let suite = Suite {
        store,
        namespace: namespace.clone(),
        profile,
    };
    suite.objects_come_back_whole().await;
    suite.ranges_select_bytes().await;
    suite.absent_objects_are_absent().await;
    suite.a_put_replaces_the_object().await;
    suite.keys_are_literal_and_distinct().await;
    suite.bad_bodies_store_nothing().await;
    suite.another_md5_than_expected_stores_nothing().await;
    suite.a_dropped_put_stores_nothing().await;
    suite.an_object_may_get_its_name_last().await;
    suite.racing_puts_leave_one_whole_object().await;
    suite.copies_stand_alone().await;
    suite.addresses_lead_back();
    if suite.store.multipart().is_some() {
        suite.parts_make_an_object().await;
        suite.wrong_completions_are_refused().await;
        suite.uploads_can_be_aborted().await;
        suite.bad_parts_are_not_kept().await;
    }
}

struct Suite {
    store: Arc<dyn BlockStore>,
    namespace: StorageNamespace,
    profile: Profile,
}

/// Bytes that differ from place to place, so that a shifted or repeated chunk shows.
pub fn pattern(length: usize, seed: u8) -> Bytes {
    let byte = |i: usize| (i.wrapping_mul(31) ^ (i >> 8) ^ (i >> 16)).to_le_bytes()[0] ^ seed;
    (0..length).map(byte).collect::<Vec<_>>().into()
}

/// A body in chunks, without a known length unless given.
pub fn chunked(bytes: &Bytes, chunk: usize, length: Option<u64>) -> PutBody {
    let all = bytes.clone();
    let starts = (0..bytes.len()).step_by(chunk.max(1));
    let chunks = starts.map(move |at| Ok(all.slice(at..all.len().min(at + chunk))));
    PutBody {
        stream: Box::pin(futures_util::stream::iter(chunks)),
        length,
    }
}

impl Suite {
    fn at(&self, key: &str) -> Location {
        self.store
            .locate(&self.namespace, Address::Relative(key))
            .expect("a key below the namespace has a place")
    }

    async fn put(&self, key: &str, bytes: &Bytes) {
        let body = PutBody::from_bytes(bytes.clone());
        let stored = self
            .store
            .put(&self.at(key), body, &PutOptions::default())
            .await
            .unwrap_or_else(|error| fail("put", key, &error));
        assert_eq!(stored.size, bytes.len() as u64, "size of {key:?}");
        assert_eq!(
            stored.md5,
            hex::encode(Md5::digest(bytes)),
            "md5 of {key:?}"
        );
    }

    async fn get(&self, key: &str, range: Option<ByteRange>) -> Result<Bytes, BlockError> {
        let got = self.store.get(&self.at(key), range).await?;
        let (length, start) = (got.length, got.start);
        let bytes = got.collect(u64::MAX).await?;
        assert_eq!(bytes.len() as u64, length, "length of {key:?} from {start}");
        Ok(bytes)
    }

    async fn expect(&self, key: &str, bytes: &Bytes) {
        let got = self
            .get(key, None)
            .await
            .unwrap_or_else(|error| fail("get", key, &error));
        assert!(got == bytes, "bytes of {key:?} differ");
        let info = self.head(key).await;
        assert_eq!(info, Some(bytes.len() as u64), "head of {key:?}");
    }

    async fn head(&self, key: &str) -> Option<u64> {
        let info = self.store.head(&self.at(key)).await;
        info.unwrap_or_else(|error| fail("head", key, &error))
            .map(|info| info.size)
    }

    async fn objects_come_back_whole(&self) {
        for size in [0, 1, 4095, 65_536, (1 << 20) - 1, 1 << 20, (3 << 20) + 17] {
            let key = format!("whole/{size}");
            let bytes = pattern(size, 1);
            self.put(&key, &bytes).await;
            self.expect(&key, &bytes).await;
            for length in [Some(size as u64), None] {
                let body = chunked(&bytes, 70_001, length);
                let stored = self
                    .store
                    .put(&self.at(&key), body, &PutOptions::default())
                    .await
                    .unwrap_or_else(|error| fail("chunked put", &key, &error));
                assert_eq!(stored.size, size as u64);
                assert_eq!(stored.md5, hex::encode(Md5::digest(&bytes)));
                self.expect(&key, &bytes).await;
            }
        }
    }

    async fn ranges_select_bytes(&self) {
        let bytes = pattern(3_000_000, 2);
        self.put("ranges", &bytes).await;
        let bounded = |start, end| ByteRange::Bounded { start, end };
        for (range, from, to) in [
            (bounded(0, 0), 0, 1),
            (bounded(5, 1_500_000), 5, 1_500_001),
            (bounded(2_999_999, 9_000_000), 2_999_999, 3_000_000),
            (ByteRange::From { start: 1 }, 1, 3_000_000),
            (ByteRange::Suffix { length: 3 }, 2_999_997, 3_000_000),
            (ByteRange::Suffix { length: u64::MAX }, 0, 3_000_000),
        ] {
            let got = self.store.get(&self.at("ranges"), Some(range)).await;
            let got = got.unwrap_or_else(|error| fail("get", "ranges", &error));
            assert_eq!((got.size, got.start), (3_000_000, from as u64), "{range:?}");
            let got = got.collect(u64::MAX).await.expect("the bytes of a range");
            assert!(got == bytes.slice(from..to), "bytes of {range:?}");
        }
        for range in [
            bounded(3_000_000, 3_000_001),
            ByteRange::From { start: 3_000_000 },
            ByteRange::Suffix { length: 0 },
        ] {
            let refused = self.get("ranges", Some(range)).await;
            assert!(
                matches!(
                    refused,
                    Err(BlockError::RangeNotSatisfiable {
                        size: 3_000_000,
                        ..
                    })
                ),
                "{range:?}: {refused:?}"
            );
        }
    }

    async fn absent_objects_are_absent(&self) {
        assert_eq!(self.head("absent").await, None);
        for range in [None, Some(ByteRange::From { start: 0 })] {
            let got = self.get("absent", range).await;
            assert!(matches!(got, Err(BlockError::NotFound { .. })), "{got:?}");
        }
        self.put("parent/child", &pattern(1, 0)).await;
        assert_eq!(self.head("parent").await, None);
        assert_eq!(self.head("parent/child/grandchild").await, None);
        let place = self.at("parent/child");
        for _ in 0..2 {
            let deleted = self.store.delete(&place).await;
            deleted.unwrap_or_else(|error| fail("delete", "parent/child", &error));
            assert_eq!(self.head("parent/child").await, None);
        }
        let copied = self
            .store
            .copy(&self.at("absent"), &self.at("copied"))
            .await;
        assert!(
            matches!(copied, Err(BlockError::NotFound { .. })),
            "{copied:?}"
        );
        assert_eq!(self.head("copied").await, None);
    }

    async fn a_put_replaces_the_object(&self) {
        for size in [2_000_000, 10, 0, 70_000] {
            let bytes = pattern(size, 3);
            self.put("replaced", &bytes).await;
            self.expect("replaced", &bytes).await;
        }
    }

    async fn keys_are_literal_and_distinct(&self) {
        let long = "x".repeat(900);
        let unicode = "ż".repeat(400);
        let mut keys = vec![
            "k/a",
            "k/a/b",
            "k/a//b",
            "k/a/b/",
            "k/a/b//",
            "k/A",
            "k/%41",
            "k/a b",
            "k/a+b",
            "k/a%2Fb",
            "k/a?b=c&d",
            "k/a#b",
            "k/zażółć/日本語",
            "k/=;,@:!$'()*~_-.",
            "k/\"quoted\"",
            "k/<a>&b",
            "k/x,y_sig-1",
            "k/..hidden",
            "k/...",
            &unicode,
        ];
        if !self.profile.stand_in {
            keys.extend([
                "/k",
                "//k",
                "k/",
                "k//",
                "k/./a",
                "k/../a",
                "k/a/..",
                ".",
                "..",
                "k/\u{1}\u{7f}",
                "k/back\\slash",
                &long,
            ]);
        }
        let value = |i: usize| Bytes::from(format!("value of key {i}"));
        for (i, key) in keys.iter().enumerate() {
            self.put(key, &value(i)).await;
        }
        for (i, key) in keys.iter().enumerate() {
            self.expect(key, &value(i)).await;
        }
        for (i, key) in keys.iter().enumerate().rev() {
            self.put(key, &value(i + 1000)).await;
        }
        for (i, key) in keys.iter().enumerate() {
            self.expect(key, &value(i + 1000)).await;
            let deleted = self.store.delete(&self.at(key)).await;
            deleted.unwrap_or_else(|error| fail("delete", key, &error));
            assert_eq!(self.head(key).await, None, "{key:?} after its removal");
        }
    }

    async fn bad_bodies_store_nothing(&self) {
        for size in [10, 3_000_000] {
            let bytes = pattern(size, 4);
            let long = chunked(&bytes, 65_536, Some(size as u64 - 1));
            let short = chunked(&bytes, 65_536, Some(size as u64 + 1));
            let cut = failing(chunked(&bytes, 65_536, Some(size as u64 + 1)));
            let late = failing(chunked(&bytes, 65_536, Some(size as u64)));
            for (body, found) in [
                (long, "length"),
                (short, "length"),
                (cut, "stream"),
                (late, "stream"),
            ] {
                let stored = self
                    .store
                    .put(&self.at("bad"), body, &PutOptions::default())
                    .await;
                check_refusal(&stored.map(drop), found);
                assert_eq!(self.head("bad").await, None);
            }
        }
    }

    async fn another_md5_than_expected_stores_nothing(&self) {
        for size in [0, 10, 3_000_000, 20_000_000] {
            let bytes = pattern(size, 13);
            let mut expected: [u8; 16] = Md5::digest(&bytes).into();
            for without_md5 in [false, true] {
                let options = PutOptions {
                    expected_md5: Some(expected),
                    without_md5,
                    ..PutOptions::default()
                };
                let body = chunked(&bytes, 65_536, Some(size as u64));
                let stored = self.store.put(&self.at("digest"), body, &options).await;
                stored.unwrap_or_else(|error| fail("put", "digest", &error));
            }
            expected[0] ^= 1;
            let options = PutOptions {
                expected_md5: Some(expected),
                without_md5: true,
                ..PutOptions::default()
            };
            let body = chunked(&bytes, 65_536, None);
            let place = self.at("digest/wrong");
            let stored = self.store.put(&place, body, &options).await;
            check_refusal(&stored.map(drop), "digest");
            assert_eq!(self.head("digest/wrong").await, None);
        }
    }

    async fn a_dropped_put_stores_nothing(&self) {
        let bytes = pattern(2_500_000, 5);
        let endless = futures_util::stream::pending();
        let mut body = chunked(&bytes, 65_536, None);
        body.stream = Box::pin(futures_util::StreamExt::chain(body.stream, endless));
        let place = self.at("dropped");
        let options = PutOptions::default();
        let mut put = self.store.put(&place, body, &options);
        for _ in 0..50 {
            let step = std::future::poll_fn(|context| {
                std::task::Poll::Ready(put.as_mut().poll(context).is_pending())
            });
            assert!(step.await, "an endless body cannot be stored");
            tokio::task::yield_now().await;
        }
        drop(put);
        assert_eq!(self.head("dropped").await, None);
    }

    async fn an_object_may_get_its_name_last(&self) {
        let options = PutOptions::default();
        let named = |key: &str| -> LateName { Box::pin(std::future::ready(Some(self.at(key)))) };
        for size in [0, 1, 1 << 20, (3 << 20) + 17] {
            let bytes = pattern(size, 6);
            let (send, receive) = tokio::sync::oneshot::channel();
            let last = self.at("late");
            // The name is there only once the body has ended.
            let end = futures_util::stream::once(async move {
                drop(send.send(last));
                Ok(Bytes::new())
            });
            let mut body = chunked(&bytes, 70_001, None);
            body.stream = Box::pin(futures_util::StreamExt::chain(body.stream, end));
            let name: LateName = Box::pin(async move { receive.await.ok() });
            let stored = self.store.put_named_late(body, name, &options).await;
            let stored = stored.unwrap_or_else(|error| fail("late put", "late", &error));
            assert_eq!(stored.size, size as u64);
            self.expect("late", &bytes).await;
        }
        let bytes = pattern(2_500_000, 7);
        let nowhere: LateName = Box::pin(std::future::ready(None));
        let body = || chunked(&bytes, 65_536, None);
        let stored = self.store.put_named_late(body(), nowhere, &options).await;
        assert!(matches!(stored, Err(BlockError::Body(_))), "{stored:?}");
        let broken = Err(BlockError::Body("the client went away".into()));
        let mut failing = body();
        let tail = futures_util::stream::iter([broken]);
        failing.stream = Box::pin(futures_util::StreamExt::chain(failing.stream, tail));
        let stored = self
            .store
            .put_named_late(failing, named("late-broken"), &options)
            .await;
        assert!(matches!(stored, Err(BlockError::Body(_))), "{stored:?}");
        assert_eq!(self.head("late-broken").await, None);
    }

    async fn racing_puts_leave_one_whole_object(&self) {
        let bodies: Vec<_> = (0..8).map(|seed| pattern(300_000, seed)).collect();
        let puts = bodies.iter().map(|bytes| self.put("raced", bytes));
        futures_util::future::join_all(puts).await;
        let got = self.get("raced", None).await.expect("the raced object");
        assert!(bodies.contains(&got), "a mixture of two puts");
    }

    async fn copies_stand_alone(&self) {
        let (old, new) = (pattern(100_000, 6), pattern(5, 7));
        self.put("copy/source", &old).await;
        self.put("copy/target", &new).await;
        for _ in 0..2 {
            let (source, target) = (self.at("copy/source"), self.at("copy/target"));
            let copied = self.store.copy(&source, &target).await;
            copied.unwrap_or_else(|error| fail("copy", "copy/source", &error));
            self.expect("copy/target", &old).await;
        }
        self.put("copy/source", &new).await;
        self.expect("copy/target", &old).await;
        let deleted = self.store.delete(&self.at("copy/source")).await;
        deleted.unwrap_or_else(|error| fail("delete", "copy/source", &error));
        self.expect("copy/target", &old).await;
    }

    fn addresses_lead_back(&self) {
        let relative = |address: &str| relative_to(self.store.as_ref(), &self.namespace, address);
        for key in ["data/a/b", "data/a,b_-", "x//y/", "zażółć"] {
            let address = self.store.physical_address(&self.at(key));
            let found = self.store.locate(&self.namespace, Address::Full(&address));
            assert_eq!(found.ok(), Some(self.at(key)), "{address}");
            assert_eq!(relative(&address).as_deref(), Some(key), "{address}");
        }
        let namespace = self.namespace.as_str().trim_end_matches('/');
        let inside = relative(&format!("{namespace}/data/a"));
        assert_eq!(inside.as_deref(), Some("data/a"));
        for outside in [
            format!("{namespace}x/data/a"),
            "elsewhere://b/data/a".to_owned(),
            namespace.to_owned(),
            format!("{namespace}/"),
            String::new(),
        ] {
            assert_eq!(relative(&outside), None, "{outside}");
        }
        let sneaky = relative(&format!("{namespace}/other/../data/a"));
        let literal = (!self.profile.refuses_dot_segments).then_some("other/../data/a");
        assert_eq!(sneaky.as_deref(), literal);
        let other = StorageNamespace::new("elsewhere://b/c").expect("a URL");
        let refused = self.store.locate(&other, Address::Relative("k"));
        assert!(matches!(refused, Err(BlockError::InvalidAddress { .. })));
    }

    async fn parts_make_an_object(&self) {
        let store = self.store.multipart().expect("checked by the caller");
        let place = self.at("multi/object");
        let id = store
            .create(&place, &PutOptions::default())
            .await
            .unwrap_or_else(|error| fail("create", "multi/object", &error));
        let size = self.profile.min_part_bytes;
        let bytes = [pattern(size, 8), pattern(size + 3, 9), pattern(7, 10)];
        self.put("multi/source", &pattern(size + 10, 9)).await;
        let first = self.part(&place, &id, 1, &pattern(size, 0)).await;
        assert_eq!(self.head("multi/object").await, None);
        let again = self.part(&place, &id, 1, &bytes[0]).await;
        assert_ne!(first.etag, again.etag);
        let range = ByteRange::Bounded {
            start: 0,
            end: size as u64 + 2,
        };
        let copied = store
            .copy_part(&place, &id, 3, &self.at("multi/source"), Some(range))
            .await
            .unwrap_or_else(|error| fail("copy_part", "multi/object", &error));
        let last = self.part(&place, &id, 7, &bytes[2]).await;
        let listed = store.list_parts(&place, &id, 0, 100).await;
        let listed = listed.expect("the parts of an upload");
        let seen: Vec<_> = listed.iter().map(|part| (part.number, part.size)).collect();
        let sizes: Vec<_> = bytes.iter().map(|part| part.len() as u64).collect();
        assert_eq!(seen, [(1, sizes[0]), (3, sizes[1]), (7, sizes[2])]);
        let page = store.list_parts(&place, &id, 1, 1).await.expect("a page");
        assert_eq!(page.iter().map(|part| part.number).collect::<Vec<_>>(), [3]);
        let parts = [again, copied, last];
        let done = store
            .complete(&place, &id, &parts)
            .await
            .unwrap_or_else(|error| fail("complete", "multi/object", &error));
        assert_eq!(done.size, sizes.iter().sum::<u64>());
        let etag = done
            .etag
            .expect("an object made of parts has an entity tag");
        assert!(etag.ends_with("-3"), "{etag}");
        self.expect("multi/object", &bytes.concat().into()).await;
        self.is_over(&place, &id, &parts).await;
        // Made of a single part.
        let place = self.at("multi/single");
        let id = store.create(&place, &PutOptions::default()).await;
        let id = id.unwrap_or_else(|error| fail("create", "multi/single", &error));
        let parts = [self.part(&place, &id, 9, &bytes[2]).await];
        let done = store.complete(&place, &id, &parts).await;
        let done = done.unwrap_or_else(|error| fail("complete", "multi/single", &error));
        assert!(done.etag.is_some_and(|etag| etag.ends_with("-1")));
        self.expect("multi/single", &bytes[2]).await;
        self.is_over(&place, &id, &parts).await;
        self.expect("multi/single", &bytes[2]).await;
    }

    /// Completing once more is refused in a way that tells that the upload has ended, or has the same
    /// outcome.
    async fn is_over(&self, place: &Location, id: &str, parts: &[UploadedPart]) {
        let store = self.store.multipart().expect("checked by the caller");
        let again = store.complete(place, id, parts).await;
        if !self.profile.stand_in {
            assert!(
                matches!(again, Ok(_) | Err(BlockError::NoSuchUpload { .. })),
                "{again:?}"
            );
        }
        let aborted = store.abort(place, id).await;
        aborted.unwrap_or_else(|error| fail("abort", &place.key, &error));
    }

    async fn part(&self, place: &Location, id: &str, number: u32, bytes: &Bytes) -> UploadedPart {
        let store = self.store.multipart().expect("checked by the caller");
        let part = store
            .upload_part(
                place,
                id,
                number,
                PutBody::from_bytes(bytes.clone()),
                &PutOptions::default(),
            )
            .await
            .unwrap_or_else(|error| fail("upload_part", &place.key, &error));
        assert_eq!(part.etag, hex::encode(Md5::digest(bytes)));
        part
    }

    async fn wrong_completions_are_refused(&self) {
        let store = self.store.multipart().expect("checked by the caller");
        let place = self.at("multi/wrong");
        let options = PutOptions::default();
        let id = store.create(&place, &options).await.expect("an upload");
        let part = self.part(&place, &id, 2, &pattern(10, 11)).await;
        let other = UploadedPart {
            number: 3,
            etag: part.etag.clone(),
        };
        let changed = UploadedPart {
            number: 2,
            etag: "0".repeat(32),
        };
        for (parts, found) in [
            (vec![], "request"),
            (vec![other.clone()], "part"),
            (vec![changed], "part"),
            (vec![part.clone(), other.clone()], "part"),
            (vec![other, part.clone()], "order"),
            (vec![part.clone(), part.clone()], "order"),
        ] {
            let refused = store.complete(&place, &id, &parts).await;
            check_refusal(&refused.map(drop), found);
            assert_eq!(self.head("multi/wrong").await, None);
        }
        for number in [0, 10_001] {
            let body = PutBody::from_bytes("x");
            let refused = store.upload_part(&place, &id, number, body, &options).await;
            check_refusal(&refused.map(drop), "request");
        }
        let done = store.complete(&place, &id, &[part]).await;
        assert_eq!(done.expect("a completion").size, 10);
    }

    async fn uploads_can_be_aborted(&self) {
        let store = self.store.multipart().expect("checked by the caller");
        let place = self.at("multi/aborted");
        let options = PutOptions::default();
        let id = store.create(&place, &options).await.expect("an upload");
        let other = self.at("multi/aborted-2");
        let other_id = store.create(&other, &options).await.expect("an upload");
        let uploads = async |place| store.uploads_of(place).await.expect("uploads");
        assert_eq!(uploads(&place).await, std::slice::from_ref(&id));
        assert_eq!(uploads(&other).await, std::slice::from_ref(&other_id));
        let aborted = store.abort(&other, &other_id).await;
        aborted.unwrap_or_else(|error| fail("abort", "multi/aborted-2", &error));
        assert!(uploads(&other).await.is_empty());
        let part = self.part(&place, &id, 1, &pattern(10, 12)).await;
        for _ in 0..2 {
            let aborted = store.abort(&place, &id).await;
            aborted.unwrap_or_else(|error| fail("abort", "multi/aborted", &error));
        }
        assert_eq!(self.head("multi/aborted").await, None);
        if self.profile.stand_in {
            return;
        }
        let unknown = [
            store.complete(&place, &id, &[part]).await.map(drop),
            store.list_parts(&place, &id, 0, 1).await.map(drop),
            store
                .upload_part(&place, &id, 1, PutBody::from_bytes("x"), &options)
                .await
                .map(drop),
        ];
        for outcome in unknown {
            check_refusal(&outcome, "upload");
        }
        assert_eq!(self.head("multi/aborted").await, None);
    }

    async fn bad_parts_are_not_kept(&self) {
        let store = self.store.multipart().expect("checked by the caller");
        let place = self.at("multi/bad");
        let plain = PutOptions::default();
        let id = store.create(&place, &plain).await.expect("an upload");
        // Small enough for one request, and too large for it.
        for size in [10, 9_000_000] {
            let bytes = pattern(size, 14);
            let mut expected: [u8; 16] = Md5::digest(&bytes).into();
            let right = PutOptions {
                expected_md5: Some(expected),
                ..PutOptions::default()
            };
            let body = chunked(&bytes, 65_536, Some(size as u64));
            let kept = store.upload_part(&place, &id, 1, body, &right).await;
            let kept = kept.unwrap_or_else(|error| fail("upload_part", "multi/bad", &error));
            expected[15] ^= 1;
            let wrong = PutOptions {
                expected_md5: Some(expected),
                ..PutOptions::default()
            };
            let body = |length| chunked(&bytes, 65_536, Some(length));
            let size = size as u64;
            for (body, options, found) in [
                (body(size - 1), &plain, "length"),
                (body(size + 1), &plain, "length"),
                (failing(body(size + 1)), &plain, "stream"),
                (failing(body(size)), &plain, "stream"),
                (body(size), &wrong, "digest"),
            ] {
                let refused = store.upload_part(&place, &id, 1, body, options).await;
                check_refusal(&refused.map(drop), found);
                let listed = store.list_parts(&place, &id, 0, 10).await;
                let listed = listed.expect("the parts of an upload");
                let etags: Vec<_> = listed.iter().map(|part| &part.etag).collect();
                assert_eq!(etags, [&kept.etag], "after a bad {found}");
            }
        }
        store.abort(&place, &id).await.expect("an abort");
    }
}

/// The same body, whose stream fails where it should end.
fn failing(mut body: PutBody) -> PutBody {
    let error = BlockError::Body("connection reset by peer".into());
    let error = futures_util::stream::once(async { Err(error) });
    body.stream = Box::pin(futures_util::StreamExt::chain(body.stream, error));
    body
}

/// Checks what was said of a bad request.
fn check_refusal(outcome: &Result<(), BlockError>, expected: &str) {
    let found = match outcome {
        Err(BlockError::Body(source)) if source.to_string() == "connection reset by peer" => {
            "stream"
        }
        Err(BlockError::BodyLength { .. }) => "length",
        Err(BlockError::DigestMismatch { .. }) => "digest",
        Err(BlockError::NoSuchUpload { .. }) => "upload",
        Err(BlockError::InvalidPart { .. }) => "part",
        Err(BlockError::InvalidPartOrder) => "order",
        Err(BlockError::InvalidRequest { .. }) => "request",
        _ => "something else",
    };
    assert_eq!(found, expected, "{outcome:?}");
}

#[expect(clippy::panic, reason = "this is how a check fails")]
fn fail<T>(operation: &str, key: &str, error: &BlockError) -> T {
    panic!("{operation} of {key:?} failed: {error} ({error:?})")
}
