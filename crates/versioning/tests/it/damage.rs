//! Records that do not read back: lists show that they are there, everything else goes on, and they can be
//! removed or put right.

use lakefs_kv::KvStore as _;
use lakefs_versioning::{CommitRequest, Error, ListObjects, ListRefs, Page};

use crate::support::{Lake, branch, create, path, reference, repository_id, tag};

/// No message: a field that is longer than the record.
const DAMAGED: &[u8] = b"\x0a\xff";

impl Lake {
    async fn damage(&self, partition: &str, key: &str) {
        let set = self.kv.set(partition.as_bytes(), key.as_bytes(), DAMAGED);
        set.await.unwrap();
    }

    async fn damage_reference(&self, key: &str) {
        let partition = format!("lake-{}", self.repository.instance_uid);
        self.damage(&partition, key).await;
    }

    /// Damages what is staged on `main` at a path.
    async fn damage_staged(&self, path: &str) {
        let main = self.engine.branch(&self.repository, &branch("main")).await;
        let token = main.unwrap().staging_token.to_string();
        self.damage(&token, path).await;
    }
}

fn names(after: &str, amount: usize) -> ListRefs {
    ListRefs {
        after: after.to_owned(),
        amount,
        ..ListRefs::default()
    }
}

/// Names of the items, damaged ones marked with `!`.
fn shown<T>(page: &Page<T>, name: impl Fn(&T) -> String) -> String {
    let items = page.items.iter().map(|item| match item {
        Ok(item) => name(item),
        Err(damaged) => {
            assert!(damaged.error.to_string().contains(&damaged.name));
            format!("{}!", damaged.name)
        }
    });
    items.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn names_it<T: std::fmt::Debug>(outcome: Result<T, Error>, record: &str) {
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, Error::Corrupt { .. }) && error.to_string().contains(record),
        "{error:?}"
    );
}

#[tokio::test]
async fn damaged_branches_are_listed_under_their_names() {
    let lake = Lake::new().await;
    for name in ["a", "b", "c", "z"] {
        lake.branch_from(name, "main").await;
    }
    for name in ["b", "z"] {
        lake.damage_reference(&format!("branches/{name}")).await;
    }
    let (engine, repository) = (&lake.engine, &lake.repository);
    let list = async |after: &str, amount| {
        let list = names(after, amount);
        let page = engine.list_branches(repository, &list, false).await;
        let page = page.unwrap();
        let text = shown(&page, |branch| branch.id.to_string());
        (text, page.last.unwrap_or_default(), page.has_more)
    };
    assert_eq!(
        list("", 10).await,
        ("a b! c main z!".into(), "z".into(), false)
    );
    assert_eq!(list("", 2).await, ("a b!".into(), "b".into(), true));
    assert_eq!(list("b", 2).await, ("c main".into(), "main".into(), true));
    assert_eq!(list("z", 2).await, (String::new(), String::new(), false));

    // The others go on, and new ones are made.
    lake.put("a", "k", "1").await;
    lake.commit("a", "c").await;
    lake.merge("a", "c").await.unwrap();
    lake.branch_from("d", "c").await;
    names_it(engine.branch(repository, &branch("b")).await, "branch b");
    names_it(lake.merge("b", "c").await, "branch b");
    names_it(lake.try_put("b", "k", "1").await, "branch b");

    engine
        .delete_branch(repository, &branch("b"), false)
        .await
        .unwrap();
    lake.branch_from("b", "a").await;
    assert_eq!(lake.read("b", "k").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_damaged_default_branch_is_rebuilt_by_a_forced_hard_reset() {
    let lake = Lake::new().await;
    lake.put("main", "k", "1").await;
    let commit = lake.commit("main", "c").await;
    lake.put("main", "lost", "2").await;
    lake.damage_reference("branches/main").await;
    let reset = async |force| {
        let (main, to) = (branch("main"), reference(commit.id.as_str()));
        lake.engine
            .hard_reset(&lake.repository, &main, &to, force)
            .await
    };
    names_it(reset(false).await, "branch main");
    assert_eq!(reset(true).await.unwrap(), commit.id);
    assert_eq!(
        lake.content("main").await,
        [("k".to_owned(), "1".to_owned())].into()
    );
    lake.put("main", "k", "2").await;
    lake.commit("main", "goes on").await;
    // Where nothing is wrong with the record, force changes nothing about uncommitted changes.
    lake.put("main", "k", "3").await;
    let dirty = reset(true).await.unwrap_err();
    assert!(matches!(dirty, Error::DirtyBranch { .. }), "{dirty:?}");
}

#[tokio::test]
async fn damaged_tags_are_listed_and_can_be_deleted() {
    let lake = Lake::new().await;
    let (engine, repository) = (&lake.engine, &lake.repository);
    for name in ["v1", "v2", "v3"] {
        engine
            .create_tag(repository, &tag(name), &reference("main"), false)
            .await
            .unwrap();
    }
    lake.damage_reference("tags/v2").await;
    let list = async || {
        let page = engine.list_tags(repository, &names("", 10)).await.unwrap();
        shown(&page, |tag| tag.id.to_string())
    };
    assert_eq!(list().await, "v1 v2! v3");
    names_it(engine.tag(repository, &tag("v2")).await, "tag v2");
    names_it(
        engine.commit_of(repository, &reference("v2")).await,
        "tag v2",
    );
    engine
        .delete_tag(repository, &tag("v2"), false)
        .await
        .unwrap();
    assert_eq!(list().await, "v1 v3");
}

#[tokio::test]
async fn damaged_repositories_are_listed_and_deleted_by_force_only() {
    let lake = Lake::new().await;
    for name in ["aaa", "zzz"] {
        lake.engine.create_repository(&create(name)).await.unwrap();
    }
    lake.damage("graveler", "repos/aaa").await;
    let fresh = lake.second_server().await;
    let engine = &fresh.engine;
    let list = async |search: &str| {
        let page = engine.list_repositories(&names("", 10), search).await;
        shown(&page.unwrap(), |found| found.id.to_string())
    };
    assert_eq!(list("").await, "aaa! lake zzz");
    assert_eq!(list("z").await, "zzz");
    let id = repository_id("aaa");
    names_it(engine.repository(&id).await, "repository aaa");
    names_it(engine.delete_repository(&id, false).await, "repository aaa");
    let taken = engine.create_repository(&create("aaa")).await.unwrap_err();
    assert!(matches!(taken, Error::RepositoryExists { .. }), "{taken:?}");
    engine.delete_repository(&id, true).await.unwrap();
    assert_eq!(list("").await, "lake zzz");
}

/// An object whose record is damaged has no size and no checksum that could be shown, so it is an error; what
/// lies before and behind it can be listed.
#[tokio::test]
async fn a_damaged_uncommitted_change_ends_the_page_before_it() {
    let lake = Lake::new().await;
    for path in ["a", "b", "dir/c", "e"] {
        lake.put("main", path, "1").await;
    }
    lake.damage_staged("dir/c").await;
    let (engine, repository, main) = (&lake.engine, &lake.repository, reference("main"));
    let all = |prefix: &str, after: &str, delimiter: &str| ListObjects {
        prefix: prefix.to_owned(),
        after: after.to_owned(),
        delimiter: delimiter.to_owned(),
        amount: 10,
    };
    let listed = |names: &[&str], more| (names.iter().map(|n| (*n).to_owned()).collect(), more);
    for delimiter in ["", "/"] {
        let list = |prefix, after| all(prefix, after, delimiter);
        assert_eq!(
            lake.list("main", &list("", "")).await,
            listed(&["a", "b"], true)
        );
        names_it(
            engine.list(repository, &main, &list("", "b")).await,
            "dir/c",
        );
        names_it(
            engine.list(repository, &main, &list("dir/", "")).await,
            "dir/c",
        );
        assert_eq!(
            lake.list("main", &list("", "dir/c")).await,
            listed(&["e"], false)
        );
        // Outside of the prefix it does not matter.
        assert_eq!(
            lake.list("main", &list("b", "")).await,
            listed(&["b"], false)
        );
        assert_eq!(
            lake.list("main", &list("e", "")).await,
            listed(&["e"], false)
        );
    }
    names_it(engine.get(repository, &main, &path("dir/c")).await, "dir/c");
    assert_eq!(lake.read("main", "e").await.as_deref(), Some("1"));

    // Nothing is committed without it; what was set aside for the commit stays visible.
    let commit = CommitRequest {
        committer: "tester".to_owned(),
        message: "c".to_owned(),
        ..CommitRequest::default()
    };
    let refused = engine.commit(repository, &branch("main"), &commit).await;
    names_it(refused, "dir/c");
    assert_eq!(lake.read("main", "e").await.as_deref(), Some("1"));

    // Putting, deleting and taking back all put it right.
    lake.put("main", "dir/c", "2").await;
    assert_eq!(lake.read("main", "dir/c").await.as_deref(), Some("2"));
    lake.commit("main", "c").await;
    lake.put("main", "dir/c", "3").await;
    lake.damage_staged("dir/c").await;
    engine
        .reset_object(repository, &branch("main"), &path("dir/c"), false)
        .await
        .unwrap();
    assert_eq!(lake.read("main", "dir/c").await.as_deref(), Some("2"));
    lake.put("main", "dir/c", "3").await;
    lake.damage_staged("dir/c").await;
    lake.delete("main", "dir/c").await;
    lake.commit("main", "deleted").await;
    assert_eq!(
        lake.list("main", &all("", "", "")).await,
        listed(&["a", "b", "e"], false)
    );
}
