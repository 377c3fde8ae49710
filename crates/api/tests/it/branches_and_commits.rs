//! Branches, tags, commits and merges: statuses and bodies as recorded.

use serde_json::json;

use crate::harness::{Lake, MAIN, REPO};

#[tokio::test]
async fn a_branch_is_made_with_a_text_answer() {
    let lake = Lake::with_repository().await;
    let body = json!({"name": "dev", "source": "main"});
    let made = lake
        .post(&format!("{REPO}/branches"))
        .json(&body)
        .send()
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("content-type"), "text/plain; charset=utf-8");
    let head = lake.get(MAIN).send().await.json()["commit_id"].clone();
    assert_eq!(head.as_str().unwrap().as_bytes(), made.body);
    let again = lake
        .post(&format!("{REPO}/branches"))
        .json(&body)
        .send()
        .await;
    assert_eq!(
        again.refusal(),
        (409, "branch already exists: not unique".to_owned())
    );
    let gone = lake.delete(&format!("{REPO}/branches/dev")).send().await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    let missing = lake.get(&format!("{REPO}/branches/dev")).send().await;
    assert_eq!(missing.refusal(), (404, "branch not found".to_owned()));
    let default = lake.delete(MAIN).send().await.refusal();
    assert_eq!(
        default,
        (403, "cannot delete repository default branch".to_owned())
    );
}

#[tokio::test]
async fn a_conflict_answers_the_body_of_a_merge() {
    let lake = Lake::with_repository().await;
    let body = json!({"name": "dev", "source": "main"});
    lake.post(&format!("{REPO}/branches"))
        .json(&body)
        .send()
        .await;
    let dev = format!("{REPO}/branches/dev");
    lake.post(&format!("{dev}/objects?path=a"))
        .octets("dev")
        .send()
        .await;
    let message = json!({"message": "m"});
    let committed = lake
        .post(&format!("{dev}/commits"))
        .json(&message)
        .send()
        .await;
    assert_eq!(committed.status, 201);
    lake.upload("a", "main").await;
    lake.commit("other").await;
    let merge = format!("{REPO}/refs/dev/merge/main");
    let conflict = lake.post(&merge).send().await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.json(), json!({"reference": ""}));
    let strategy = json!({"strategy": "source-wins"});
    let merged = lake.post(&merge).json(&strategy).send().await;
    assert_eq!(merged.status, 200);
    assert_eq!(merged.json()["reference"].as_str().unwrap().len(), 64);
    let again = lake.post(&merge).send().await.refusal();
    assert_eq!(again, (400, "update branch main: no changes".to_owned()));
    let base = lake.get(&merge).send().await;
    assert_eq!(base.status, 200);
    let bad = lake
        .post(&merge)
        .json(&json!({"strategy": "ours"}))
        .send()
        .await;
    assert_eq!(bad.refusal().0, 400);
}

#[tokio::test]
async fn commits_are_answered_with_every_field() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "a").await;
    let body = json!({"message": "m \"quoted\" ż", "metadata": {"k": "v"}, "date": 1_600_000_000});
    let made = lake
        .post(&format!("{MAIN}/commits"))
        .json(&body)
        .send()
        .await;
    assert_eq!(made.status, 201);
    let made: lakefs_wire::Commit = serde_json::from_slice(&made.body).unwrap();
    assert_eq!(made.message, "m \"quoted\" ż");
    assert_eq!(
        (made.creation_date, made.generation, made.version),
        (1_600_000_000, Some(2), Some(1))
    );
    assert_eq!(made.committer, "admin");
    assert_eq!((made.parents.len(), made.metadata.len()), (1, 1));
    let short = lake
        .get(&format!("{REPO}/commits/{}", &made.id[..8]))
        .send()
        .await;
    assert_eq!(short.json(), serde_json::to_value(&made).unwrap());
    let nothing = lake
        .post(&format!("{MAIN}/commits"))
        .json(&json!({"message": ""}))
        .send()
        .await;
    assert_eq!(nothing.refusal(), (400, "commit: no changes".to_owned()));
    let log = lake
        .get(&format!("{REPO}/refs/main/commits?amount=1"))
        .send()
        .await;
    let log: lakefs_wire::CommitList = serde_json::from_slice(&log.body).unwrap();
    assert_eq!((log.pagination.has_more, log.pagination.results), (true, 1));
}

#[tokio::test]
async fn reset_revert_and_cherry_pick_answer_as_recorded() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "a").await;
    for body in [
        json!({"type": "object", "path": "zzz"}),
        json!({"type": "reset"}),
    ] {
        let reset = lake.put(MAIN).json(&body).send().await;
        assert_eq!(reset.status, 204);
    }
    let clean = lake.get(&format!("{MAIN}/diff")).send().await.json();
    assert_eq!(clean["results"], json!([]));
    lake.upload("kept", "k").await;
    lake.commit("good").await;
    lake.upload("b", "b").await;
    let bad = lake.commit("bad").await;
    let revert = json!({"ref": &bad[..8], "parent_number": 0});
    let reverted = lake
        .post(&format!("{MAIN}/revert"))
        .json(&revert)
        .send()
        .await;
    assert_eq!((reverted.status.as_u16(), reverted.body.len()), (204, 0));
    let again = lake
        .post(&format!("{MAIN}/revert"))
        .json(&revert)
        .send()
        .await
        .refusal();
    assert_eq!(again, (400, "update branch: no changes".to_owned()));
    let picked = lake
        .post(&format!("{MAIN}/cherry-pick"))
        .json(&json!({"ref": bad}))
        .send()
        .await;
    assert_eq!(picked.status, 201);
    assert_eq!(picked.json()["metadata"]["cherry-pick-committer"], "admin");
    let reset = lake
        .put(&format!("{MAIN}/hard_reset?ref=main~1"))
        .send()
        .await;
    assert_eq!(reset.status, 204);
}

#[tokio::test]
async fn settings_answer_with_their_tags() {
    let lake = Lake::with_repository().await;
    let path = format!("{REPO}/settings/branch_protection");
    let none = lake.get(&path).send().await;
    assert_eq!((none.header("etag"), none.json()), ("", json!([])));
    let rules = json!([{"pattern": "rel*"}]);
    let first = lake
        .put(&path)
        .header("if-match", "")
        .json(&rules)
        .send()
        .await;
    assert_eq!(first.status, 204);
    let some = lake.get(&path).send().await;
    assert_eq!(
        (some.header("etag").len(), some.json()),
        (64, rules.clone())
    );
    let stale = lake
        .put(&path)
        .header("if-match", "x")
        .json(&rules)
        .send()
        .await;
    assert_eq!(stale.refusal(), (412, "Precondition failed".to_owned()));

    let path = format!("{REPO}/settings/gc_rules");
    assert_eq!(
        lake.get(&path).send().await.refusal(),
        (404, "not found".to_owned())
    );
    let rules = json!({"branches": [{"branch_id": "main", "retention_days": 9}], "default_retention_days": 7});
    assert_eq!(lake.put(&path).json(&rules).send().await.status, 204);
    assert_eq!(lake.get(&path).send().await.json(), rules);
    let wide = json!({"branches": [], "default_retention_days": 1_i64 << 40});
    assert_eq!(lake.put(&path).json(&wide).send().await.refusal().0, 400);
    assert_eq!(lake.delete(&path).send().await.status, 204);
}
