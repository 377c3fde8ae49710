//! The oracle: content as a map, and what commit, diff and merge mean on maps.

use std::collections::{BTreeMap, BTreeSet};

use lakefs_tree::{ChangePage, DiffIter, DiffKind, MergeStrategy, TreeStore};
use lakefs_types::{MetaRangeId, StorageNamespace};
use proptest::prelude::*;

/// Identity and data by key. Data varies where identity does not.
pub(crate) type Content = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

/// Keys that share prefixes, so that blocks shorten them and separators have work to do.
pub(crate) fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0u32..400).prop_map(|n| format!("dir/{n:03}").into_bytes()),
        1 => proptest::collection::vec(prop_oneof![0u8..3, 0xfeu8..], 1..4),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (
        0u8..4,
        0u8..3,
        prop_oneof![Just(1usize), Just(90), Just(900)],
    )
        .prop_map(|(identity, data, repeat)| {
            (
                vec![identity; 32],
                vec![data; repeat + usize::from(identity)],
            )
        })
}

/// New records and deletions.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<(Vec<u8>, Vec<u8>)>>;

pub(crate) fn changes(most: usize) -> impl Strategy<Value = Changes> {
    proptest::collection::btree_map(key(), proptest::option::weighted(0.7, value()), 0..most)
}

pub(crate) fn apply(content: &Content, changes: &Changes) -> Content {
    let mut out = content.clone();
    for (key, change) in changes {
        match change {
            None => drop(out.remove(key)),
            // An equal identity keeps the old record.
            Some(new) if out.get(key).is_some_and(|old| old.0 == new.0) => {}
            Some(new) => drop(out.insert(key.clone(), new.clone())),
        }
    }
    out
}

pub(crate) fn page(changes: &Changes) -> ChangePage {
    let mut page = ChangePage::new();
    for (key, change) in changes {
        match change {
            Some((identity, data)) => page.set(key, identity, data),
            None => page.delete(key),
        }
    }
    page
}

pub(crate) async fn read(store: &TreeStore, ns: &StorageNamespace, id: &MetaRangeId) -> Content {
    let mut iter = store.iter(ns, id).await.unwrap();
    let mut out = Content::new();
    while let Some(record) = iter.next().await.unwrap() {
        let value = (record.identity.to_vec(), record.data.to_vec());
        assert!(out.insert(record.key.to_vec(), value).is_none());
    }
    out
}

/// Writes content from nothing.
pub(crate) async fn write(
    store: &TreeStore,
    ns: &StorageNamespace,
    content: &Content,
) -> MetaRangeId {
    let mut writer = store.writer(ns, lakefs_tree::WriterOptions::default());
    for (key, (identity, data)) in content {
        writer.write_record(key, identity, data).await.unwrap();
    }
    writer.finish().await.unwrap()
}

pub(crate) type Difference = (DiffKind, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

pub(crate) async fn drain(iter: &mut DiffIter) -> Vec<Difference> {
    let mut out = Vec::new();
    while let Some(d) = iter.next().await.unwrap() {
        let data = |v: Option<lakefs_tree::ValueRef<'_>>| v.map(|v| v.data.to_vec());
        out.push((d.kind, d.key.to_vec(), data(d.left), data(d.right)));
    }
    out
}

fn keys<'a>(all: &[&'a Content]) -> BTreeSet<&'a Vec<u8>> {
    all.iter().flat_map(|content| content.keys()).collect()
}

pub(crate) fn diff(left: &Content, right: &Content) -> Vec<Difference> {
    let mut out = Vec::new();
    for key in keys(&[left, right]) {
        let (l, r) = (left.get(key), right.get(key));
        if l.map(|v| &v.0) == r.map(|v| &v.0) {
            continue;
        }
        let kind = match (l, r) {
            (None, _) => DiffKind::Added,
            (_, None) => DiffKind::Removed,
            _ => DiffKind::Changed,
        };
        let data = |v: Option<&(Vec<u8>, Vec<u8>)>| v.map(|v| v.1.clone());
        out.push((kind, key.clone(), data(l), data(r)));
    }
    out
}

pub(crate) fn compare(base: &Content, source: &Content, destination: &Content) -> Vec<Difference> {
    let identity = |content: &Content, key: &Vec<u8>| content.get(key).map(|v| v.0.clone());
    diff(destination, source)
        .into_iter()
        .filter_map(|(kind, key, left, right)| {
            let was = identity(base, &key);
            if was == identity(source, &key) {
                return None;
            }
            let kind = if was == identity(destination, &key) {
                kind
            } else {
                DiffKind::Conflict
            };
            Some((kind, key, left, right))
        })
        .collect()
}

/// The merged content, or the first key in conflict.
pub(crate) fn merge(
    base: &Content,
    source: &Content,
    destination: &Content,
    strategy: MergeStrategy,
) -> Result<Content, Vec<u8>> {
    let mut out = Content::new();
    for key in keys(&[base, source, destination]) {
        let (b, s, d) = (base.get(key), source.get(key), destination.get(key));
        let identity = |v: Option<&(Vec<u8>, Vec<u8>)>| v.map(|v| v.0.clone());
        let (bi, si, di) = (identity(b), identity(s), identity(d));
        let chosen = if si == di || di == bi {
            s
        } else if si == bi {
            d
        } else {
            match strategy {
                MergeStrategy::Fail => return Err(key.clone()),
                MergeStrategy::SourceWins => s,
                MergeStrategy::DestinationWins => d,
            }
        };
        if let Some(value) = chosen {
            out.insert(key.clone(), value.clone());
        }
    }
    Ok(out)
}

/// Content without data where only the identity is decided: equal identities on both sides may keep
/// either side's data.
pub(crate) fn identities(content: &Content) -> BTreeMap<Vec<u8>, Vec<u8>> {
    content
        .iter()
        .map(|(key, value)| (key.clone(), value.0.clone()))
        .collect()
}
