//! Bad requests: each gets its own answer, before anybody is asked who they are.

use serde_json::json;

use crate::harness::{Lake, MAIN, REPO};

async fn refused(lake: &Lake, path: &str) -> (u16, String) {
    lake.get(path).send().await.refusal()
}

#[tokio::test]
async fn the_contract_is_checked_before_the_caller() {
    let lake = Lake::new().await;
    let answer = lake
        .get("/repositories?amount=1001")
        .anonymous()
        .send()
        .await;
    assert_eq!(
        answer.refusal(),
        (
            400,
            "parameter \"amount\" in query has an error: number must be at most 1000".to_owned()
        )
    );
    let body = json!({"name": "Conform", "storage_namespace": "mem://x"});
    let answer = lake
        .post("/repositories")
        .anonymous()
        .json(&body)
        .send()
        .await;
    assert_eq!(
        answer.refusal(),
        (400, "request body has an error: doesn't match schema #/components/schemas/RepositoryCreation: Error at \"/name\": string doesn't match the regular expression \"^[a-z0-9][a-z0-9-]{2,62}$\"".to_owned())
    );
}

#[tokio::test]
async fn bodies_are_json_of_the_right_shape_and_size() {
    let lake = Lake::with_repository().await;
    let branches = format!("{REPO}/branches");
    for (body, status, told) in [
        ("{\"name\":", 400, "unexpected EOF"),
        ("nonsense", 400, "failed to decode request body"),
        (
            "{\"name\":1,\"source\":\"main\"}",
            400,
            "Error at \"/name\": value must be a string",
        ),
        ("{\"name\":\"x\"}", 400, "property \"source\" is missing"),
        ("", 400, "value is required but missing"),
    ] {
        let answer = lake
            .post(&branches)
            .text("application/json", body)
            .send()
            .await;
        let (found, message) = answer.refusal();
        assert_eq!(found, status, "{body}");
        assert!(message.contains(told), "{message}");
    }
    let form = lake
        .post(&branches)
        .text("application/x-www-form-urlencoded", "name=x");
    assert!(
        form.send()
            .await
            .refusal()
            .1
            .contains("header Content-Type has unexpected value")
    );
    let huge = "x".repeat((4 << 20) + 1);
    let answer = lake
        .post(&branches)
        .text("application/json", huge)
        .send()
        .await;
    assert_eq!(answer.refusal().0, 413);
}

#[tokio::test]
async fn references_that_are_none_are_invalid() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "a").await;
    lake.commit("one").await;
    for reference in [
        "main~999999999999",
        "%5E-1",
        "main%5E-1",
        "~1",
        "main@@",
        "main~x",
        "ma%20in",
        "main%0a",
        "main%5E2",
    ] {
        for path in ["objects/stat?path=a", "objects/ls", "commits"] {
            let (status, message) =
                refused(&lake, &format!("{REPO}/refs/{reference}/{path}")).await;
            assert_eq!(status, 400, "{reference} {path} {message}");
        }
    }
    for reference in [
        "nope",
        "main~99",
        "0123456789abcdef",
        &"0".repeat(64),
        "nope@",
    ] {
        let (status, _) = refused(&lake, &format!("{REPO}/refs/{reference}/objects/ls")).await;
        assert_eq!(status, 404, "{reference}");
    }
}

#[tokio::test]
async fn names_and_paths_have_their_rules() {
    let lake = Lake::with_repository().await;
    assert_eq!(
        refused(&lake, "/repositories/No_There").await,
        (
            400,
            "argument repository: repository id: invalid value: validation error".to_owned()
        )
    );
    assert_eq!(
        refused(&lake, "/repositories/nothere").await,
        (404, "repository not found".to_owned())
    );
    for name in ["a/b", "a.b", "-a", ""] {
        let body = json!({"name": name, "source": "main"});
        let answer = lake
            .post(&format!("{REPO}/branches"))
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.refusal().0, 400, "{name}");
    }
    for id in ["a..b", "a/b", "a.lock", "@", "a@{b", "a b", "a:b", "a.", ""] {
        let body = json!({"id": id, "ref": "main"});
        let answer = lake.post(&format!("{REPO}/tags")).json(&body).send().await;
        assert_eq!(answer.refusal().0, 400, "{id}");
    }
    let long = format!("{MAIN}/objects?path={}", "p".repeat(1025));
    assert_eq!(
        lake.post(&long).octets("x").send().await.refusal(),
        (
            400,
            "argument path: invalid value: validation error: 1025 is above maximum length (1024)"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn metadata_has_a_limit() {
    let lake = Lake::with_repository().await;
    let value = "v".repeat(1 << 20);
    let body = json!({"message": "m", "allow_empty": true, "metadata": {"k": value}});
    let answer = lake
        .post(&format!("{MAIN}/commits"))
        .json(&body)
        .send()
        .await;
    let (status, message) = answer.refusal();
    assert_eq!(status, 400);
    assert!(message.contains("limit is 1048576"), "{message}");

    let value = "v".repeat(64 << 10);
    let body = json!({"physical_address": "mem://lake/x", "checksum": "c", "size_bytes": 1, "metadata": {"k": value}});
    let answer = lake
        .put(&format!("{MAIN}/objects?path=a"))
        .json(&body)
        .send()
        .await;
    assert!(answer.refusal().1.contains("limit is 65536"));
}

/// The largest request passes, the next one does not (docs/design/0006-rest-api.md, "Limits").
#[tokio::test]
async fn limits_are_where_they_are_said_to_be() {
    let lake = Lake::with_repository().await;
    let object = |bytes: usize| format!("{MAIN}/objects?path={}", "p".repeat(bytes));
    for (bytes, status) in [(1024, 201), (1025, 400)] {
        let answer = lake.post(&object(bytes)).octets("x").send().await;
        assert_eq!(answer.status, status, "path of {bytes} bytes");
    }
    for (bytes, status) in [(64 << 10, 201), ((64 << 10) + 1, 400)] {
        let metadata = json!({"k": "v".repeat(bytes - 1)});
        let body = json!({"physical_address": "mem://lake/x", "checksum": "c", "size_bytes": 1, "metadata": metadata});
        let answer = lake.put(&object(1)).json(&body).send().await;
        assert_eq!(answer.status, status, "object metadata of {bytes} bytes");
    }
    for (bytes, status) in [(1 << 20, 201), ((1 << 20) + 1, 400)] {
        let long = "v".repeat(bytes);
        let shorter = long.get(1..).unwrap();
        for body in [
            json!({"message": long, "allow_empty": true}),
            json!({"message": "m", "allow_empty": true, "metadata": {"k": shorter}}),
        ] {
            let answer = lake.post(&format!("{MAIN}/commits")).json(&body);
            assert_eq!(
                answer.send().await.status,
                status,
                "commit of {bytes} bytes"
            );
        }
    }
    for (count, status) in [(1000, 200), (1001, 400)] {
        let paths: Vec<_> = (0..count).map(|n| format!("p{n}")).collect();
        let answer = lake.post(&format!("{MAIN}/objects/delete"));
        let answer = answer.json(&json!({"paths": paths})).send().await;
        assert_eq!(answer.status, status, "deletion of {count}");
        for list in [
            format!("{REPO}/refs/main/objects/ls?amount={count}"),
            format!("{REPO}/refs/main/commits?{}", "objects=a&".repeat(count)),
        ] {
            let answer = lake.get(&list).send().await;
            assert_eq!(answer.status, status, "list of {count}");
        }
    }
    for (bytes, status) in [(512, 201), (513, 400)] {
        let names = [
            ("branches", "name", "source", "b"),
            ("tags", "id", "ref", "t"),
        ];
        for (kind, name, source, letter) in names {
            let body = json!({name: letter.repeat(bytes), source: "main"});
            let answer = lake
                .post(&format!("{REPO}/{kind}"))
                .json(&body)
                .send()
                .await;
            assert_eq!(answer.status, status, "{kind} of {bytes} bytes");
        }
    }
    let longest = format!("{REPO}/refs/{}~1/objects/ls", "b".repeat(512));
    assert_eq!(lake.get(&longest).send().await.status, 200);
    for (bytes, status) in [(4 << 20, 400), ((4 << 20) + 1, 413)] {
        let body = " ".repeat(bytes);
        let answer = lake.post(&format!("{MAIN}/commits")).octets(body);
        let answer = answer.header("content-type", "application/json");
        assert_eq!(answer.send().await.status, status, "body of {bytes} bytes");
    }
}
