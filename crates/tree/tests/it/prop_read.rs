//! Commit and reading against the oracle: any changes, any splitting, any key.

use lakefs_tree::DiffKind::{Added, Changed, Removed};
use lakefs_tree::{CommitOptions, CommitOutcome};
use lakefs_types::MetaRangeId;
use proptest::prelude::*;

use crate::model::{Content, apply, changes, diff, key, page, read};
use crate::support::{memory, run};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn commits_are_what_the_changes_say(
        first in changes(300),
        second in changes(40),
        raggedness in prop_oneof![Just(1u64), Just(7), Just(50), Just(50_000)],
        probes in proptest::collection::vec(key(), 20),
    ) {
        run(async {
            let (_, store, ns) = memory(raggedness);
            let allow = CommitOptions { allow_empty: true };
            let mut content = Content::new();
            let mut metarange = MetaRangeId::EMPTY;
            for changes in [&first, &second] {
                let outcome = store.commit(&ns, &metarange, &mut page(changes), &allow).await.unwrap();
                let next = apply(&content, changes);
                let CommitOutcome::Written { metarange: written, added, removed, changed } = outcome else {
                    panic!("allowed to be empty");
                };
                let kinds = diff(&content, &next);
                let count = |kind| kinds.iter().filter(|d| d.0 == kind).count() as u64;
                assert_eq!((added, removed, changed), (count(Added), count(Removed), count(Changed)));
                assert_eq!(read(&store, &ns, &written).await, next);
                content = next;
                metarange = written;
            }
            let mut iter = store.iter(&ns, &metarange).await.unwrap();
            for probe in &probes {
                let got = store.get(&ns, &metarange, probe).await.unwrap();
                let want = content.get(probe);
                assert_eq!(got.map(|r| (r.identity.to_vec(), r.data.to_vec())), want.cloned());
                iter.seek(probe).await.unwrap();
                assert_eq!(iter.current().unwrap(), None);
                let mut rest = content.range(probe.clone()..).take(3);
                for _ in 0..3 {
                    let got = iter.next().await.unwrap().map(|r| r.key.to_vec());
                    assert_eq!(got, rest.next().map(|(key, _)| key.clone()));
                }
            }
            let mut nothing = page(&changes_of(&content));
            let outcome = store.commit(&ns, &metarange, &mut nothing, &CommitOptions::default()).await;
            assert_eq!(outcome.unwrap(), CommitOutcome::NoChanges);
            // Ranges join up and say what they hold.
            let ranges = store.ranges(&ns, &metarange).await.unwrap();
            assert_eq!(ranges.iter().map(|r| r.count).sum::<u64>(), content.len() as u64);
            let again = crate::model::write(&store, &ns, &content).await;
            assert_eq!(read(&store, &ns, &again).await, content);
        });
    }
}

/// Changes that change nothing: every key again, and one that is absent deleted.
fn changes_of(content: &Content) -> crate::model::Changes {
    let mut changes: crate::model::Changes = content
        .iter()
        .map(|(key, value)| (key.clone(), Some((value.0.clone(), b"other data".to_vec()))))
        .collect();
    changes.entry(b"absent".to_vec()).or_insert(None);
    changes
}

#[test]
fn content_without_objects_is_a_table_with_the_published_id() {
    run(async {
        let (_, store, ns) = memory(50_000);
        let allow = CommitOptions { allow_empty: true };
        let mut nothing = page(&crate::model::Changes::new());
        let outcome = store
            .commit(&ns, &MetaRangeId::EMPTY, &mut nothing, &allow)
            .await
            .unwrap();
        let CommitOutcome::Written { metarange, .. } = outcome else {
            panic!("{outcome:?}")
        };
        let id = "00fb7eff1a97c500eb3ca8d2ef5464131d6b6a5f9512e41eba97843522213b66";
        assert_eq!(metarange.as_str(), id);
        assert!(read(&store, &ns, &metarange).await.is_empty());
    });
}
