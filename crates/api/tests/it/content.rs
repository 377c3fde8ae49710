//! The bytes of objects: uploads in every form, downloads whole and in part.

use serde_json::json;

use crate::harness::{Answer, Lake, MAIN, REPO};

/// A form of parts: name, content type, content.
fn form(parts: &[(&str, &str, &str)]) -> String {
    let part = |(name, content_type, content): &(&str, &str, &str)| {
        let content_type = match *content_type {
            "" => String::new(),
            known => format!("Content-Type: {known}\r\n"),
        };
        format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\
             {content_type}\r\n{content}\r\n"
        )
    };
    parts.iter().map(part).collect::<String>() + "--XX--\r\n"
}

async fn upload_form(lake: &Lake, path: &str, body: String) -> Answer {
    lake.post(&format!("{MAIN}/objects?path={path}"))
        .text("multipart/form-data; boundary=XX", body)
        .send()
        .await
}

async fn get(lake: &Lake, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut call = lake.get(&format!("{REPO}/refs/main/objects?path={path}"));
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.send().await
}

#[tokio::test]
async fn raw_bytes_and_forms_become_objects() {
    let lake = Lake::with_repository().await;
    let raw = lake
        .post(&format!("{MAIN}/objects?path=a%2Fplain.txt"))
        .text("text/plain", "hello")
        .header("x-lakefs-meta-Owner", "Team")
        .header("x-lakefs-internal-client-mtime", "12")
        .send()
        .await;
    let stats = raw.json();
    assert_eq!(stats["checksum"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(
        (&stats["path"], &stats["size_bytes"]),
        (&json!("a/plain.txt"), &json!(5))
    );
    assert_eq!(
        stats["metadata"],
        json!({"::lakefs::client-mtime": "12", "owner": "Team"})
    );

    let body = form(&[
        ("other", "", "skipped"),
        ("content", "text/csv", "1,2"),
        ("content", "", "second"),
    ]);
    let uploaded = upload_form(&lake, "form", body).await;
    assert_eq!(uploaded.status, 201);
    assert_eq!(uploaded.json()["content_type"], "text/csv");
    assert_eq!(get(&lake, "form", &[]).await.body, "1,2");

    let empty = lake
        .post(&format!("{MAIN}/objects?path=empty"))
        .octets("")
        .send()
        .await;
    assert_eq!(empty.json()["size_bytes"], 0);
    assert_eq!(get(&lake, "empty", &[]).await.header("content-length"), "0");
}

#[tokio::test]
async fn a_form_without_content_or_boundary_is_invalid() {
    let lake = Lake::with_repository().await;
    let none = upload_form(&lake, "x", form(&[("other", "", "x")]))
        .await
        .refusal();
    assert_eq!((none.0, none.1.contains("content")), (400, true));
    let bare = lake
        .post(&format!("{MAIN}/objects?path=x"))
        .text("multipart/form-data", "x")
        .send()
        .await;
    assert_eq!(bare.refusal().0, 400);
    let large = upload_form(&lake, "x", form(&[("other", "", &"x".repeat(2 << 20))])).await;
    assert_eq!(large.refusal().0, 400);
    assert_eq!(get(&lake, "x", &[]).await.refusal().0, 404);
}

#[tokio::test]
async fn a_condition_on_a_write_is_kept_or_refused() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "1").await;
    let put = |value| {
        lake.post(&format!("{MAIN}/objects?path=a"))
            .octets("2")
            .header("if-none-match", value)
    };
    assert_eq!(
        put("*").send().await.refusal(),
        (412, "path already exists".to_owned())
    );
    assert_eq!(
        put("\"abc\"").send().await.refusal(),
        (501, "Not Implemented".to_owned())
    );
    assert_eq!(get(&lake, "a", &[]).await.body, "1");
}

#[tokio::test]
async fn a_read_protects_the_browser() {
    let lake = Lake::with_repository().await;
    let upload = lake
        .post(&format!("{MAIN}/objects?path=page"))
        .text("text/html", "<b>");
    assert_eq!(upload.send().await.status, 201);
    let read = get(&lake, "page", &[]).await;
    for (name, value) in [
        ("content-type", "text/html"),
        ("content-disposition", "inline"),
        ("content-length", "3"),
        ("cache-control", "no-store, must-revalidate"),
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    ] {
        assert_eq!(read.header(name), value, "{name}");
    }
    assert!(read.header("last-modified").ends_with(" GMT"));
    lake.upload("bytes", "x").await;
    assert_eq!(
        get(&lake, "bytes", &[]).await.header("content-disposition"),
        "attachment"
    );
}

#[tokio::test]
async fn ranges_are_served_or_refused() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "hello").await;
    for (range, content, told) in [
        ("bytes=1-2", "el", "bytes 1-2/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
        ("bytes=3-", "lo", "bytes 3-4/5"),
        ("bytes=3-99", "lo", "bytes 3-4/5"),
    ] {
        let part = get(&lake, "a", &[("range", range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(
            (part.body.as_ref(), part.header("content-range")),
            (content.as_bytes(), told)
        );
    }
    let outside = get(&lake, "a", &[("range", "bytes=9-")]).await;
    assert_eq!(outside.header("content-range"), "bytes */5");
    assert_eq!(
        outside.refusal(),
        (416, "Requested Range Not Satisfiable".to_owned())
    );
    let several = get(&lake, "a", &[("range", "bytes=0-0,2-2")]).await;
    assert_eq!(
        (several.status.as_u16(), several.header("content-range")),
        (416, "")
    );
    assert_eq!(
        get(&lake, "a", &[("range", "bytes=z")]).await.refusal().0,
        400
    );
}

#[tokio::test]
async fn heads_and_conditions_move_no_bytes() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "hello").await;
    let path = format!("{REPO}/refs/main/objects?path=a");
    let head = lake.call(http::Method::HEAD, &path).send().await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(
        (head.header("content-length"), head.header("accept-ranges")),
        ("5", "bytes")
    );
    let etag = head.header("etag").to_owned();
    let same = get(&lake, "a", &[("if-none-match", &etag)]).await;
    assert_eq!(
        (same.status.as_u16(), same.body.len(), same.header("etag")),
        (304, 0, "")
    );
    let part = lake
        .call(http::Method::HEAD, &path)
        .header("range", "bytes=1-2")
        .send()
        .await;
    assert_eq!(
        (part.status.as_u16(), part.header("content-length")),
        (206, "2")
    );
    let presigned = lake.get(&format!("{path}&presign=true")).send().await;
    assert_eq!(presigned.refusal().0, 400);
}

#[tokio::test]
async fn an_address_is_linked_only_where_it_was_given_out() {
    let lake = Lake::with_repository().await;
    let backing = format!("{MAIN}/staging/backing?path=linked");
    let given = lake.get(&backing).send().await.json();
    assert_eq!(given["presigned_url"], json!(null));
    let address = given["physical_address"].as_str().unwrap();
    let link = |address: &str| json!({"staging": {"physical_address": address}, "checksum": "c", "size_bytes": 3});
    let forged = format!("{}AAA", &address[..address.len() - 3]);
    assert_eq!(
        lake.put(&backing)
            .json(&link(&forged))
            .send()
            .await
            .refusal()
            .0,
        400
    );
    let linked = lake.put(&backing).json(&link(address)).send().await;
    assert_eq!(linked.status, 200);
    assert_eq!(linked.json()["content_type"], "application/octet-stream");
    let elsewhere = format!("{MAIN}/staging/backing?path=other");
    assert_eq!(
        lake.put(&elsewhere)
            .json(&link(address))
            .send()
            .await
            .refusal()
            .0,
        400
    );
    let nothing = json!({"staging": {}, "checksum": "c", "size_bytes": 3});
    assert_eq!(
        lake.put(&backing).json(&nothing).send().await.refusal().0,
        400
    );
}

#[tokio::test]
async fn deletions_tell_what_failed() {
    let lake = Lake::with_repository().await;
    lake.upload("a", "1").await;
    let delete = format!("{MAIN}/objects/delete");
    let answer = lake
        .post(&delete)
        .json(&json!({"paths": ["a", "zzz"]}))
        .send()
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"errors": []}))
    );
    let paths: Vec<_> = (0..1001).map(|n| format!("p{n}")).collect();
    let many = lake
        .post(&delete)
        .json(&json!({"paths": paths}))
        .send()
        .await
        .refusal();
    assert_eq!(
        many,
        (
            400,
            "request size exceeded, max paths is set to 1000".to_owned()
        )
    );
    let one = lake
        .delete(&format!("{MAIN}/objects?path=zzz"))
        .send()
        .await;
    assert_eq!(one.status, 204);
}
