//! Random operations against a simple oracle; and actors on two servers whose turns are shuffled by a
//! seed at every call of the stores.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lakefs_block::testing::YieldingBlockStore;
use lakefs_block::{BlockStore, MemBlockStore};
use lakefs_kv::testing::YieldingKv;
use lakefs_kv::{KvStore, MemKv};
use lakefs_runtime::{Clock, Ids, ManualClock, TaskScope, Timestamp};
use lakefs_versioning::{
    CommitRequest, CreateBranch, DeleteOptions, DiffType, Engine, Error, ListItem, ListObjects,
    MergeRequest, NoHooks, PutOptions, RefDiff, Repository, Strategy as MergeStrategy,
};
use proptest::prelude::*;

use crate::support::{Lake, START, branch, create, engine, entry, path, reference};

type Content = BTreeMap<String, String>;

const BRANCHES: [&str; 3] = ["main", "dev", "side"];
const PATHS: [&str; 8] = ["a", "a/1", "a/2", "a/b/1", "b", "b/1", "c//", "z"];

#[derive(Debug, Clone)]
enum Step {
    Put(usize, usize, u8),
    Delete(usize, usize),
    Commit(usize),
    Merge(usize, usize, u8),
    Revert(usize),
    Reset(usize),
    ResetPrefix(usize, &'static str),
    HardReset(usize),
    List(usize, &'static str, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (on, at) = (0..BRANCHES.len(), 0..PATHS.len());
    prop_oneof![
        6 => (on.clone(), at.clone(), 0u8..4).prop_map(|(on, at, content)| Step::Put(on, at, content)),
        3 => (on.clone(), at).prop_map(|(on, at)| Step::Delete(on, at)),
        4 => on.clone().prop_map(Step::Commit),
        3 => (on.clone(), on.clone(), 0u8..3).prop_map(|(from, into, strategy)| Step::Merge(from, into, strategy)),
        1 => on.clone().prop_map(Step::Revert),
        1 => on.clone().prop_map(Step::Reset),
        1 => (on.clone(), prop_oneof![Just("a"), Just("a/"), Just("b"), Just("")])
            .prop_map(|(on, prefix)| Step::ResetPrefix(on, prefix)),
        1 => on.clone().prop_map(Step::HardReset),
        2 => (on, prop_oneof![Just(""), Just("a"), Just("a/")], 1usize..4)
            .prop_map(|(on, prefix, amount)| Step::List(on, prefix, amount)),
    ]
}

/// A commit of the oracle: its content and its parents.
#[derive(Debug, Clone)]
struct Known {
    content: Content,
    parents: Vec<String>,
    generation: i32,
}

/// A branch of the oracle: its head and what is visible on it.
#[derive(Debug, Clone)]
struct Side {
    head: String,
    visible: Content,
}

#[derive(Debug, Default)]
struct Oracle {
    commits: BTreeMap<String, Known>,
    sides: BTreeMap<&'static str, Side>,
}

fn merged(
    base: &Content,
    source: &Content,
    into: &Content,
    strategy: MergeStrategy,
) -> Option<Content> {
    let keys: std::collections::BTreeSet<_> = base
        .keys()
        .chain(source.keys())
        .chain(into.keys())
        .collect();
    let mut out = Content::new();
    for key in keys {
        let (b, s, d) = (base.get(key), source.get(key), into.get(key));
        let result = if s == d || b == s {
            d
        } else if b == d {
            s
        } else {
            match strategy {
                MergeStrategy::Default => return None,
                MergeStrategy::DestinationWins => d,
                MergeStrategy::SourceWins => s,
            }
        };
        out.extend(result.map(|value| (key.clone(), value.clone())));
    }
    Some(out)
}

impl Oracle {
    fn committed(&self, side: &Side) -> &Content {
        &self.commits[&side.head].content
    }

    fn dirty(&self, side: &Side) -> bool {
        side.visible != *self.committed(side)
    }
}

async fn settle(lake: &Lake, oracle: &mut Oracle, name: &'static str, content: Content) {
    let head = lake
        .engine
        .commit_of(&lake.repository, &reference(name))
        .await
        .unwrap();
    let known = Known {
        content: content.clone(),
        parents: head.parents.iter().map(ToString::to_string).collect(),
        generation: head.generation,
    };
    oracle.commits.insert(head.id.to_string(), known);
    oracle.sides.insert(
        name,
        Side {
            head: head.id.to_string(),
            visible: content,
        },
    );
}

async fn apply(lake: &Lake, oracle: &mut Oracle, step: &Step) {
    match *step {
        Step::Put(on, at, content) => {
            let content = content.to_string();
            lake.put(BRANCHES[on], PATHS[at], &content).await;
            oracle
                .sides
                .get_mut(BRANCHES[on])
                .unwrap()
                .visible
                .insert(PATHS[at].into(), content);
        }
        Step::Delete(on, at) => {
            lake.delete(BRANCHES[on], PATHS[at]).await;
            oracle
                .sides
                .get_mut(BRANCHES[on])
                .unwrap()
                .visible
                .remove(PATHS[at]);
        }
        Step::Commit(on) => {
            let side = oracle.sides[BRANCHES[on]].clone();
            let outcome = lake.try_commit(BRANCHES[on], "c").await;
            assert_eq!(outcome.is_ok(), oracle.dirty(&side), "{outcome:?}");
            if outcome.is_ok() {
                settle(lake, oracle, BRANCHES[on], side.visible).await;
            }
        }
        Step::Merge(from, into, strategy) => merge(lake, oracle, from, into, strategy).await,
        Step::Revert(on) => revert(lake, oracle, on).await,
        Step::Reset(on) => {
            lake.engine
                .reset_branch(&lake.repository, &branch(BRANCHES[on]), false)
                .await
                .unwrap();
            let committed = oracle.committed(&oracle.sides[BRANCHES[on]]).clone();
            oracle.sides.get_mut(BRANCHES[on]).unwrap().visible = committed;
        }
        Step::ResetPrefix(on, prefix) => {
            lake.engine
                .reset_prefix(&lake.repository, &branch(BRANCHES[on]), prefix, false)
                .await
                .unwrap();
            let committed = oracle.committed(&oracle.sides[BRANCHES[on]]).clone();
            let visible = &mut oracle.sides.get_mut(BRANCHES[on]).unwrap().visible;
            visible.retain(|path, _| !path.starts_with(prefix));
            visible.extend(
                committed
                    .into_iter()
                    .filter(|(path, _)| path.starts_with(prefix)),
            );
        }
        Step::HardReset(on) => hard_reset(lake, oracle, on).await,
        Step::List(on, prefix, amount) => list(lake, oracle, BRANCHES[on], prefix, amount).await,
    }
}

async fn merge(lake: &Lake, oracle: &mut Oracle, from: usize, into: usize, strategy: u8) {
    let strategy = [
        MergeStrategy::Default,
        MergeStrategy::DestinationWins,
        MergeStrategy::SourceWins,
    ][usize::from(strategy)];
    let request = MergeRequest {
        strategy,
        ..MergeRequest::new(reference(BRANCHES[from]), "t")
    };
    let (source, side) = (
        oracle.sides[BRANCHES[from]].clone(),
        oracle.sides[BRANCHES[into]].clone(),
    );
    let base = lake
        .engine
        .merge_base(
            &lake.repository,
            &reference(&source.head),
            &reference(&side.head),
        )
        .await
        .unwrap();
    let base = base.base.unwrap();
    let base = &oracle.commits[base.id.as_str()].content;
    let expected = merged(
        base,
        oracle.committed(&source),
        oracle.committed(&side),
        strategy,
    );
    let nothing = base == oracle.committed(&source);
    let dirty = oracle.dirty(&side);
    match lake.merge_with(BRANCHES[into], &request).await {
        Ok(_) => {
            assert!(!dirty && !nothing);
            settle(lake, oracle, BRANCHES[into], expected.unwrap()).await;
        }
        Err(Error::DirtyBranch { .. }) => assert!(dirty),
        Err(Error::NoChanges) => assert!(nothing),
        Err(Error::Conflict { .. }) => assert!(expected.is_none()),
        Err(error) => panic!("{error:?}"),
    }
}

async fn revert(lake: &Lake, oracle: &mut Oracle, on: usize) {
    let side = oracle.sides[BRANCHES[on]].clone();
    let head = oracle.commits[&side.head].clone();
    let parent = head
        .parents
        .first()
        .map_or_else(Content::new, |id| oracle.commits[id].content.clone());
    let number = u32::from(!head.parents.is_empty());
    let outcome = lake.revert(BRANCHES[on], BRANCHES[on], number).await;
    let nothing = parent == head.content;
    match outcome {
        Ok(_) => {
            assert!(!oracle.dirty(&side) && !nothing);
            settle(lake, oracle, BRANCHES[on], parent).await;
        }
        Err(Error::DirtyBranch { .. }) => assert!(oracle.dirty(&side)),
        Err(Error::NoChanges) => assert!(nothing),
        Err(error) => panic!("{error:?}"),
    }
}

async fn hard_reset(lake: &Lake, oracle: &mut Oracle, on: usize) {
    let side = oracle.sides[BRANCHES[on]].clone();
    let target = reference(&format!("{}~1", BRANCHES[on]));
    let reset = lake
        .engine
        .hard_reset(&lake.repository, &branch(BRANCHES[on]), &target, false)
        .await;
    match reset {
        Ok(id) => {
            assert!(!oracle.dirty(&side));
            let visible = oracle.commits[id.as_str()].content.clone();
            oracle.sides.insert(
                BRANCHES[on],
                Side {
                    head: id.to_string(),
                    visible,
                },
            );
        }
        Err(Error::DirtyBranch { .. }) => assert!(oracle.dirty(&side)),
        Err(Error::RefNotFound { .. }) => {
            assert_eq!(oracle.commits[&side.head].generation, 1);
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// Pages of a rolled-up listing put together are what the oracle rolls up.
async fn list(lake: &Lake, oracle: &Oracle, on: &'static str, prefix: &str, amount: usize) {
    let mut expected: Vec<String> = oracle.sides[on]
        .visible
        .keys()
        .filter(|path| path.starts_with(prefix))
        .map(|path| match path[prefix.len()..].find('/') {
            Some(at) => format!("{}*", &path[..=prefix.len() + at]),
            None => path.clone(),
        })
        .collect();
    expected.dedup();
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let list = ListObjects {
            prefix: prefix.into(),
            after,
            delimiter: "/".into(),
            amount,
        };
        let (items, more) = lake.list(on, &list).await;
        listed.extend(items);
        if !more {
            break;
        }
        after = listed
            .last()
            .map(|last| last.trim_end_matches('*').to_owned())
            .unwrap();
    }
    assert_eq!(listed, expected, "{on} {prefix}");
}

async fn agree(lake: &Lake, oracle: &Oracle) {
    for (name, side) in &oracle.sides {
        assert_eq!(lake.head(name).await, side.head);
        assert_eq!(lake.content(name).await, side.visible, "{name}");
        let committed = oracle.committed(side);
        assert_eq!(
            &lake.content(&format!("{name}@")).await,
            committed,
            "{name}"
        );
        let mut changes = Vec::new();
        for key in side.visible.keys().chain(committed.keys()) {
            let kind = match (committed.get(key), side.visible.get(key)) {
                (None, _) => DiffType::Added,
                (_, None) => DiffType::Removed,
                (old, new) if old != new => DiffType::Changed,
                _ => continue,
            };
            changes.push((key.clone(), kind));
        }
        changes.sort_by(|a, b| a.0.cmp(&b.0));
        changes.dedup();
        assert_eq!(lake.uncommitted(name).await, changes, "{name}");
        assert_eq!(
            lake.diff(name, &format!("{name}$"), RefDiff::TwoDot).await,
            changes,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_operations_agrees_with_the_oracle(steps in prop::collection::vec(step(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lake = Lake::new().await;
            let mut oracle = Oracle::default();
            for name in BRANCHES {
                if name != "main" {
                    lake.branch_from(name, "main").await;
                }
                settle(&lake, &mut oracle, name, Content::new()).await;
            }
            for step in &steps {
                apply(&lake, &mut oracle, step).await;
            }
            agree(&lake, &oracle).await;
        });
    }
}

/// What one of several actors does: it owns some paths of every branch, commits and merges what
/// everybody staged, and always sees what it wrote itself.
struct Actor {
    name: usize,
    engine: Engine,
    repository: Arc<Repository>,
    random: Ids,
    own: BTreeMap<&'static str, Content>,
    commits: Vec<(&'static str, String)>,
}

impl Actor {
    fn choose(&self, below: usize) -> usize {
        usize::from(u16::from_le_bytes(self.random.random())) % below
    }

    async fn act(&mut self, clock: &ManualClock) {
        let on = ["main", "dev"][self.choose(2)];
        let at = format!("actor{}/{}", self.name, self.choose(4));
        clock.advance(Duration::from_millis(700));
        match self.choose(10) {
            0..=3 => {
                let content = self.choose(50).to_string();
                let options = PutOptions::default();
                self.engine
                    .put(
                        &self.repository,
                        &branch(on),
                        &path(&at),
                        &entry(&content),
                        &options,
                    )
                    .await
                    .unwrap();
                self.own.get_mut(on).unwrap().insert(at, content);
            }
            4 => {
                let options = DeleteOptions::default();
                self.engine
                    .delete(&self.repository, &branch(on), &path(&at), options)
                    .await
                    .unwrap();
                self.own.get_mut(on).unwrap().remove(&at);
            }
            5..=6 => {
                let request = CommitRequest {
                    committer: format!("actor {}", self.name),
                    message: self.random.uuid(),
                    ..CommitRequest::default()
                };
                match self
                    .engine
                    .commit(&self.repository, &branch(on), &request)
                    .await
                {
                    Ok(commit) => self.commits.push((on, commit.id.to_string())),
                    Err(Error::NoChanges) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            7 => {
                // Nobody stages on the sink, so it is never dirty; it takes from one side only.
                let request = MergeRequest::new(reference("main"), "merger");
                match self
                    .engine
                    .merge(&self.repository, &branch("sink"), &request)
                    .await
                {
                    Ok(commit) => self.commits.push(("sink", commit.id.to_string())),
                    Err(Error::NoChanges) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            _ => self.look(on).await,
        }
    }

    /// Its own paths read as it left them, whatever commits are under way.
    async fn look(&self, on: &'static str) {
        let prefix = format!("actor{}/", self.name);
        let list = ListObjects {
            prefix,
            amount: 100,
            ..ListObjects::default()
        };
        let page = self
            .engine
            .list(&self.repository, &reference(on), &list)
            .await
            .unwrap();
        let listed: Content = page
            .iter()
            .map(|item| match item {
                ListItem::Object { path, entry } => (
                    String::from_utf8(path.to_vec()).unwrap(),
                    entry.etag.to_owned(),
                ),
                ListItem::CommonPrefix { .. } => panic!("{item:?}"),
            })
            .collect();
        assert_eq!(listed, self.own[on], "{on}");
        for n in 0..4 {
            let at = format!("actor{}/{n}", self.name);
            let found = match self
                .engine
                .get(&self.repository, &reference(on), &path(&at))
                .await
            {
                Ok(found) => Some(found.view().etag.to_owned()),
                Err(Error::ObjectNotFound { .. }) => None,
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(found.as_ref(), self.own[on].get(&at), "{on} {at}");
        }
    }
}

async fn simulate(seed: u64, servers: usize) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(START)));
    let ids = Arc::new(Ids::seeded(seed, Arc::clone(&clock) as Arc<dyn Clock>));
    let kv = Arc::new(YieldingKv::new(Arc::new(MemKv::new()), seed));
    let blocks = Arc::new(YieldingBlockStore::new(
        Arc::new(MemBlockStore::new(ids)),
        seed,
    ));
    let tasks = TaskScope::new();
    let engines: Vec<Engine> = (0..servers as u64)
        .map(|n| {
            engine(
                Arc::clone(&kv) as Arc<dyn KvStore>,
                Arc::clone(&blocks) as Arc<dyn BlockStore>,
                Arc::clone(&clock),
                seed * 10 + n,
                Arc::new(NoHooks),
                &tasks,
            )
        })
        .collect();
    let repository = engines[0].create_repository(&create("lake")).await.unwrap();
    for name in ["dev", "sink"] {
        let options = CreateBranch::default();
        engines[0]
            .create_branch(&repository, &branch(name), &reference("main"), &options)
            .await
            .unwrap();
    }
    // Only one server empties what was dropped: another one cannot know who reads here.
    if servers == 1 {
        engines[0].start();
    }
    let actors = (0..4).map(|name| {
        let mut actor = Actor {
            name,
            engine: engines[name % servers].clone(),
            repository: Arc::clone(&repository),
            random: Ids::seeded(
                seed * 100 + name as u64,
                Arc::clone(&clock) as Arc<dyn Clock>,
            ),
            own: [("main", Content::new()), ("dev", Content::new())].into(),
            commits: Vec::new(),
        };
        let clock = Arc::clone(&clock);
        async move {
            for _ in 0..30 {
                actor.act(&clock).await;
            }
            for on in ["main", "dev"] {
                actor.look(on).await;
            }
            actor
        }
    });
    let actors = futures_util::future::join_all(actors).await;
    let lake = Watch {
        engine: &engines[0],
        repository: &repository,
    };
    for on in ["main", "dev"] {
        let expected: Content = actors
            .iter()
            .flat_map(|actor| actor.own[on].clone())
            .collect();
        assert_eq!(lake.content(on).await, expected, "{on}");
    }
    for (on, id) in actors.iter().flat_map(|actor| &actor.commits) {
        let base = engines[0]
            .merge_base(&repository, &reference(id), &reference(on))
            .await
            .unwrap();
        assert_eq!(
            base.base.unwrap().id.as_str(),
            id,
            "an acknowledged commit is not on {on}"
        );
    }
    assert!(tasks.shutdown(Duration::from_mins(1)).await);
}

struct Watch<'a> {
    engine: &'a Engine,
    repository: &'a Repository,
}

impl Watch<'_> {
    async fn content(&self, at: &str) -> Content {
        let list = ListObjects {
            amount: 1000,
            ..ListObjects::default()
        };
        let page = self
            .engine
            .list(self.repository, &reference(at), &list)
            .await
            .unwrap();
        page.iter()
            .map(|item| match item {
                ListItem::Object { path, entry } => (
                    String::from_utf8(path.to_vec()).unwrap(),
                    entry.etag.to_owned(),
                ),
                ListItem::CommonPrefix { .. } => panic!("{item:?}"),
            })
            .collect()
    }
}

fn run(servers: usize, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        println!("seed {seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(simulate(seed, servers));
    }
}

#[test]
fn actors_on_one_server_see_their_own_writes_and_lose_none() {
    run(1, 1..25);
}

#[test]
fn actors_on_two_servers_see_their_own_writes_and_lose_none() {
    run(2, 1..25);
}
