//! Hand-written lists read back through their wire types.

use lakefs_wire as wire;
use serde_json::json;

use crate::harness::{Lake, MAIN, REPO};

#[tokio::test]
async fn a_listing_reads_back_through_its_type() {
    let lake = Lake::with_repository().await;
    lake.upload("a%2F%22quoted%22", "1").await;
    lake.upload("a%2F%C5%BC%0A", "22").await;
    let metadata = lake
        .post(&format!("{MAIN}/objects?path=b"))
        .text("text/plain", "333")
        .header("x-lakefs-meta-k", "v\"\\");
    assert_eq!(metadata.send().await.status, 201);

    let list = |query: &str| {
        let path = format!("{REPO}/refs/main/objects/ls?{query}");
        let call = lake.get(&path);
        async move {
            let answer = call.send().await;
            assert_eq!(answer.status, 200, "{:?}", answer.body);
            let list: wire::ObjectStatsList = serde_json::from_slice(&answer.body).unwrap();
            // Nothing is written that the type does not know.
            assert_eq!(serde_json::to_value(&list).unwrap(), answer.json());
            list
        }
    };
    let all = list("").await;
    let paths: Vec<_> = all
        .results
        .iter()
        .map(|object| object.path.as_str())
        .collect();
    assert_eq!(paths, ["a/\"quoted\"", "a/ż\n", "b"]);
    let sizes: Vec<_> = all.results.iter().map(|object| object.size_bytes).collect();
    assert_eq!(sizes, [Some(1), Some(2), Some(3)]);
    assert_eq!(all.results[0].metadata, None);
    let metadata = wire::Metadata::from([("k".to_owned(), "v\"\\".to_owned())]);
    assert_eq!(all.results[2].metadata, Some(metadata));
    assert!(
        all.results[0]
            .physical_address
            .starts_with("mem://lake/data/")
    );

    let folded = list("delimiter=/").await;
    assert_eq!(folded.results[0].path_type, wire::PathType::CommonPrefix);
    assert_eq!(
        (
            folded.results[0].path.as_str(),
            folded.results[0].size_bytes
        ),
        ("a/", None)
    );
    let page = list("amount=2").await;
    assert_eq!(
        page.pagination,
        wire::Pagination {
            has_more: true,
            max_per_page: 1000,
            next_offset: "a/ż\n".to_owned(),
            results: 2
        }
    );
    let plain = list("user_metadata=false").await;
    assert!(plain.results.iter().all(|object| object.metadata.is_none()));
}

#[tokio::test]
async fn one_object_tells_its_metadata_even_when_there_is_none() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "1").await;
    let stat = format!("{REPO}/refs/main/objects/stat?path=a");
    let found = lake.get(&stat).send().await;
    let typed: wire::ObjectStats = serde_json::from_slice(&found.body).unwrap();
    assert_eq!(typed.metadata, Some(wire::Metadata::new()));
    assert_eq!(serde_json::to_value(&typed).unwrap(), found.json());
    let update = format!("{MAIN}/objects/stat/user_metadata?path=a");
    let updated = lake
        .put(&update)
        .json(&json!({"set": {"k": "v"}}))
        .send()
        .await;
    assert_eq!(updated.status, 204);
    assert_eq!(
        lake.get(&stat).send().await.json()["metadata"],
        json!({"k": "v"})
    );
}

#[tokio::test]
async fn differences_read_back_through_their_type() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "1").await;
    let first = lake.commit("one").await;
    lake.upload("a", "22").await;
    lake.upload("dir%2Fb", "1").await;
    let second = lake.commit("two").await;
    lake.upload("c", "1").await;
    for path in [
        format!("{REPO}/refs/{first}/diff/{second}?type=two_dot&include_right_stats=true"),
        format!("{REPO}/refs/{first}/diff/{second}?delimiter=/"),
        format!("{MAIN}/diff"),
    ] {
        let answer = lake.get(&path).send().await;
        let typed: wire::DiffList = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), answer.json());
        assert!(!typed.results.is_empty(), "{path}");
    }
    let missing = lake
        .get(&format!("{REPO}/refs/main/diff/nope"))
        .send()
        .await;
    assert_eq!(
        missing.refusal(),
        (404, "get commit by ref nope: not found".to_owned())
    );
}

#[tokio::test]
async fn references_and_repositories_are_paged() {
    let lake = Lake::with_repository().await;
    for name in ["dev", "exp"] {
        let body = json!({"name": name, "source": "main"});
        lake.post(&format!("{REPO}/branches"))
            .json(&body)
            .send()
            .await;
        let body = json!({"id": format!("v-{name}"), "ref": "main"});
        let tag = lake.post(&format!("{REPO}/tags")).json(&body).send().await;
        assert_eq!(tag.status, 201);
    }
    for list in ["branches", "tags"] {
        let answer = lake.get(&format!("{REPO}/{list}?amount=1")).send().await;
        let typed: wire::RefList = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), answer.json());
        assert!(typed.pagination.has_more);
        assert_eq!(typed.results[0].id, typed.pagination.next_offset);
    }
    let repositories = lake.get("/repositories?search=ak").send().await.json();
    assert_eq!(repositories["results"][0]["id"], "lake");
    let users = lake.get("/auth/users").send().await.json();
    assert_eq!(users["pagination"]["max_per_page"], 0);
}
