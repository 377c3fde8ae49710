//! Listings against an oracle: S3's rules over a sorted map, for any keys, prefixes, delimiters and pages.

use std::collections::{BTreeMap, BTreeSet};

use lakefs_service::{CreateBranch, CreateCommit};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use proptest::prelude::*;

use crate::harness::{Answer, Lake};

/// What a listing tells, in order: a key, or a common prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Key(String),
    Prefix(String),
}

/// S3's rules, all at once.
fn oracle(keys: &BTreeSet<String>, prefix: &str, delimiter: &str, after: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for key in keys {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        if key.as_str() <= after {
            continue;
        }
        let folded = (!delimiter.is_empty())
            .then(|| rest.find(delimiter))
            .flatten()
            .map(|at| key[..prefix.len() + at + delimiter.len()].to_owned());
        let item = match folded {
            // A prefix that is the marker itself was told on the page before.
            Some(folded) if folded == after => continue,
            Some(folded) => Item::Prefix(folded),
            None => Item::Key(key.clone()),
        };
        if items.last() != Some(&item) {
            items.push(item);
        }
    }
    items
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// The items of a page: prefixes and keys, each in order.
fn items(answer: &Answer) -> Vec<Item> {
    let prefixes = answer.elements("CommonPrefixes").into_iter().map(|inner| {
        let inner = inner.trim_start_matches("<Prefix>");
        Item::Prefix(decoded(inner.trim_end_matches("</Prefix>")))
    });
    let keys = answer.elements("Key").into_iter();
    let keys = keys.map(|key| Item::Key(decoded(key)));
    let mut all: Vec<Item> = prefixes.chain(keys).collect();
    all.sort_by(|left, right| text(left).cmp(text(right)));
    all
}

fn text(item: &Item) -> &str {
    match item {
        Item::Key(text) | Item::Prefix(text) => text,
    }
}

/// Few letters, so that prefixes, delimiters and keys meet; some are longer than a byte.
fn word(longest: usize) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(vec!["a", "b", "/", "-", "ü", "日", "\u{1}", " ", "&"]);
    prop::collection::vec(letter, 0..=longest).prop_map(|letters| letters.concat())
}

#[derive(Debug, Clone)]
struct Case {
    committed: BTreeSet<String>,
    staged: BTreeSet<String>,
    prefix: String,
    delimiter: String,
    after: String,
    page: usize,
}

fn case() -> impl Strategy<Value = Case> {
    let keys = || {
        prop::collection::btree_set(
            word(5).prop_filter("a path", |path| !path.is_empty()),
            0..12,
        )
    };
    (keys(), keys(), word(2), word(2), word(4), 1usize..5).prop_map(
        |(committed, staged, prefix, delimiter, after, page)| Case {
            committed,
            staged,
            prefix,
            delimiter,
            after,
            page,
        },
    )
}

async fn check(lake: &Lake, repository: &str, case: &Case) {
    lake.create_repository(repository).await;
    let key = |path: &String| format!("main/{path}");
    for path in &case.committed {
        lake.put_object(repository, &key(path), b"x").await;
    }
    if !case.committed.is_empty() {
        let commit = CreateCommit {
            repository,
            branch: "main",
            message: "half of the keys",
            metadata: BTreeMap::new(),
            date: None,
            allow_empty: false,
            source_metarange: None,
            force: false,
        };
        lake.service.commit(lake.admin(), commit).await.unwrap();
    }
    for path in &case.staged {
        lake.put_object(repository, &key(path), b"y").await;
    }
    let keys: BTreeSet<String> = case.committed.iter().chain(&case.staged).map(key).collect();
    let prefix = format!("main/{}", case.prefix);
    let after = if case.after.is_empty() {
        String::new()
    } else {
        format!("main/{}", case.after)
    };
    let expected = oracle(&keys, &prefix, &case.delimiter, &after);
    let walk = Walk {
        repository,
        prefix: &prefix,
        delimiter: &case.delimiter,
        after: &after,
        page: case.page,
    };
    walk.expect(lake, &expected).await;
}

/// A listing, page by page.
#[derive(Debug)]
struct Walk<'a> {
    repository: &'a str,
    prefix: &'a str,
    delimiter: &'a str,
    after: &'a str,
    page: usize,
}

impl Walk<'_> {
    /// Each way to list finds these, in this order.
    async fn expect(&self, lake: &Lake, expected: &[Item]) {
        let (repository, after) = (self.repository, self.after);
        let common = format!(
            "prefix={}&delimiter={}&max-keys={}&encoding-type=url",
            encoded(self.prefix),
            encoded(self.delimiter),
            self.page
        );
        for way in ["v2", "v1", "versions"] {
            let mut found: Vec<Item> = Vec::new();
            let mut query = match way {
                "v2" => format!("list-type=2&{common}&start-after={}", encoded(after)),
                "v1" => format!("{common}&marker={}", encoded(after)),
                _ => format!("versions&{common}&key-marker={}", encoded(after)),
            };
            loop {
                let answer = lake.get(&format!("/{repository}?{query}")).send().await;
                let answer = answer.expect(200);
                let page = items(&answer);
                let more = answer.element("IsTruncated") == "true";
                assert!(page.len() <= self.page, "{way} {self:?}");
                assert!(!more || page.len() == self.page, "{way} {self:?}");
                found.extend(page);
                if !more {
                    break;
                }
                let last = found.last().map(|item| text(item).to_owned()).unwrap();
                query = match way {
                    "v2" => {
                        let token = answer.element("NextContinuationToken");
                        format!("list-type=2&{common}&continuation-token={token}")
                    }
                    "v1" => {
                        let told = decoded(answer.element("NextMarker"));
                        assert!(told.is_empty() == self.delimiter.is_empty());
                        assert!(told.is_empty() || told == last);
                        format!("{common}&marker={}", encoded(&last))
                    }
                    _ => {
                        let told = answer.element("NextKeyMarker");
                        format!("versions&{common}&key-marker={told}&version-id-marker=null")
                    }
                };
            }
            assert_eq!(found, expected, "{way} {self:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// `-` sorts before `/`: a branch whose name goes on with it comes first.
    #[test]
    fn branches_are_listed_like_the_keys_in_them(
        names in prop::collection::btree_set("[a0][a0_-]{0,3}", 0..10),
        prefix in "([a0][a-]?)?",
        after in "([a0][a0_-]{0,3}/?[a-]{0,2})?",
        page in 1usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::with_repository().await;
            for name in &names {
                let request = CreateBranch { repository: "lake", name, source: "main", hidden: false, force: false };
                lake.service.create_branch(lake.admin(), request).await.unwrap();
            }
            let mut keys: BTreeSet<String> = names.iter().map(|name| format!("{name}/")).collect();
            keys.insert("main/".to_owned());
            let (prefix, after) = (prefix.as_str(), after.as_str());
            let expected = oracle(&keys, prefix, "/", after);
            let walk = Walk { repository: "lake", prefix, delimiter: "/", after, page };
            walk.expect(&lake, &expected).await;
        });
    }

    #[test]
    fn listings_are_what_the_rules_say(cases in prop::collection::vec(case(), 4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::new().await;
            for (index, case) in cases.iter().enumerate() {
                check(&lake, &format!("lake{index}"), case).await;
            }
        });
    }
}
