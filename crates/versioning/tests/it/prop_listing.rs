//! Listing from any key with any delimiter, page by page, against a plain computation; some paths are
//! committed, some uncommitted, some deleted.

use std::collections::{BTreeMap, BTreeSet};

use lakefs_versioning::{DeleteOptions, ListObjects};
use proptest::prelude::*;

use crate::support::{Lake, branch, path};

/// Paths of few letters, so that delimiters and prefixes hit.
fn text(most: usize) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b"),
        Just("/"),
        Just("--"),
        Just("é"),
        Just("\u{10ffff}")
    ];
    proptest::collection::vec(piece, 0..most).prop_map(|pieces| pieces.concat())
}

fn paths(most: usize) -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set(text(6), 0..most).prop_map(|mut paths| {
        paths.remove("");
        paths
    })
}

/// What a path is listed as: itself, or what it shares with others up to the delimiter.
fn rolled(list: &ListObjects, path: &str) -> (String, bool) {
    let below = path.get(list.prefix.len()..).unwrap_or_default();
    match below.find(&list.delimiter) {
        Some(at) if !list.delimiter.is_empty() => {
            let end = list.prefix.len() + at + list.delimiter.len();
            (path.get(..end).unwrap_or_default().to_owned(), true)
        }
        _ => (path.to_owned(), false),
    }
}

/// All items of a list, in order; true for those rolled up.
fn expected(list: &ListObjects, paths: &BTreeSet<String>) -> Vec<(String, bool)> {
    let mut items = BTreeMap::new();
    for path in paths {
        if !path.starts_with(&list.prefix) || path.as_bytes() <= list.after.as_bytes() {
            continue;
        }
        let (item, is_prefix) = rolled(list, path);
        // A page that ended with a common prefix is followed by what comes after everything below it.
        if is_prefix && item == list.after {
            continue;
        }
        items.insert(item, is_prefix);
    }
    items.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_listing_is_the_plain_one(
        committed in paths(30),
        staged in paths(12),
        deleted in paths(12),
        lists in proptest::collection::vec((text(3), text(5), text(2), 1usize..6), 12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::new().await;
            lake.put("main", "first", "x").await;
            for at in &committed {
                lake.put("main", at, "x").await;
            }
            lake.commit("main", "one").await;
            for at in &staged {
                lake.put("main", at, "y").await;
            }
            let mut present: BTreeSet<String> = committed.union(&staged).cloned().collect();
            present.insert("first".to_owned());
            for at in &deleted {
                let options = DeleteOptions::default();
                let (main, gone) = (branch("main"), path(at));
                let delete = lake.engine.delete(&lake.repository, &main, &gone, options);
                delete.await.unwrap();
                present.remove(at);
            }
            // Each again with another size of page: what the first listing of a directory found is
            // remembered, and must lead the second one to the same.
            let lists = lists.iter().chain(&lists).enumerate();
            for (number, (prefix, after, delimiter, amount)) in lists {
                let (prefix, after, delimiter) = (prefix.clone(), after.clone(), delimiter.clone());
                let amount = amount + number % 3;
                let mut list = ListObjects { prefix, after, delimiter, amount };
                let wanted = expected(&list, &present);
                let mut got = Vec::new();
                loop {
                    let page = lake
                        .engine
                        .list(&lake.repository, &crate::support::reference("main"), &list)
                        .await
                        .unwrap();
                    assert!(page.len() <= amount);
                    for item in page.iter() {
                        let text = String::from_utf8(item.path().to_vec()).unwrap();
                        let is_prefix = matches!(item, lakefs_versioning::ListItem::CommonPrefix { .. });
                        got.push((text, is_prefix));
                    }
                    if !page.has_more() {
                        break;
                    }
                    list.after = String::from_utf8(page.last_path().unwrap().to_vec()).unwrap();
                }
                assert_eq!(got, wanted, "{list:?}");
            }
        });
    }
}
