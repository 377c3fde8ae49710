//! What commands print, byte for byte, as text and as JSON.

use http::Method;
use serde_json::{Value, json};

use crate::fake_lake::{FakeLake, Fault, Offers, Stored, md5};
use crate::lakectl::{Home, finish};

fn page(results: &Value) -> Value {
    let count = results.as_array().unwrap().len();
    json!({
        "results": results,
        "pagination": {"has_more": false, "next_offset": "", "max_per_page": 1000, "results": count},
    })
}

fn repository() -> Value {
    json!({"id": "repo", "creation_date": 0, "default_branch": "main", "read_only": false,
           "storage_id": "", "storage_namespace": "local://repo"})
}

#[test]
fn piped_lists_are_tab_separated_and_json_lists_are_arrays() {
    let lake = FakeLake::start(Offers::default());
    let request = "GET /repositories?after=&amount=100&prefix=";
    lake.answer(request, 200, page(&json!([repository()])));
    let home = Home::of(&lake);
    assert_eq!(
        home.run(&["repo", "list"]).ok(),
        "repo\t1970-01-01 00:00:00 +0000 UTC\tmain\trepo\tlocal://repo\n\n"
    );
    let parsed: Value =
        serde_json::from_str(&home.run(&["repo", "list", "--output", "json"]).ok()).unwrap();
    assert_eq!(parsed, json!([repository()]));
    lake.answer(request, 200, page(&json!([])));
    assert_eq!(home.run(&["repo", "list"]).ok(), "\n");
    assert_eq!(home.run(&["repo", "list", "--output=json"]).ok(), "[]\n");
}

#[test]
fn on_a_terminal_lists_are_boxes_with_a_hint_for_more() {
    let lake = FakeLake::start(Offers::default());
    let mut answer = page(&json!([repository()]));
    answer["pagination"]["has_more"] = true.into();
    answer["pagination"]["next_offset"] = "repo".into();
    lake.answer("GET /repositories?after=&amount=1&prefix=", 200, answer);
    let home = Home::of(&lake);
    let mut command = home.command(&["repo", "list", "--amount", "1"]);
    command.env("LAKECTL_INTERACTIVE", "true");
    let text = finish(command, b"").ok();
    assert!(text.contains("| REPOSITORY | CREATION DATE "), "{text}");
    assert!(
        text.ends_with("for more results run with --amount 1 --after \"repo\"\n"),
        "{text}"
    );
}

fn commit(id: char, parents: &[&str], metadata: &Value) -> Value {
    json!({"id": id.to_string().repeat(64), "parents": parents, "committer": "ann", "message": "m <1>",
           "creation_date": 0, "generation": 1, "meta_range_id": "mr", "metadata": metadata, "version": 1})
}

#[test]
fn the_log_shows_everything_however_many_pages_that_takes() {
    let lake = FakeLake::start(Offers::default());
    let mut first = page(&json!([commit('a', &[], &json!({"k": "v"}))]));
    first["pagination"]["has_more"] = true.into();
    first["pagination"]["next_offset"] = "x".into();
    lake.answer(
        "GET /repositories/repo/refs/main/commits?after=&amount=1000",
        200,
        first,
    );
    let second = page(&json!([commit('b', &["p", "q"], &json!({}))]));
    lake.answer(
        "GET /repositories/repo/refs/main/commits?after=x&amount=1000",
        200,
        second,
    );
    let home = Home::of(&lake);
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    let date = "1970-01-01 00:00:00 +0000 UTC";
    assert_eq!(
        home.run(&["log", "lakefs://repo/main"]).ok(),
        format!(
            "\nID:            {a}\nAuthor:        ann\nDate:          {date}\n\n\tm <1>\n\n\
             Metadata:\n\t\n\tk                  = v\n\t\n\
             ID:            {b}\nAuthor:        ann\nDate:          {date}\nMerge:         p, q\n\n\tm <1>\n\n"
        )
    );
    let without = home
        .run(&["log", "lakefs://repo/main", "--no-merges", "--amount", "5"])
        .ok();
    assert!(without.contains(&a) && !without.contains(&b), "{without}");
    let dot = home.run(&["log", "lakefs://repo/main", "--dot"]).ok();
    assert!(dot.starts_with("digraph {\n\trankdir=\"BT\"\n\n"), "{dot}");
    assert!(
        dot.contains("label=< <b>bbbbbbbb<br/> m &lt;1&gt;</b> >]"),
        "{dot}"
    );
    assert!(dot.ends_with("\" -> \"q\";\n\n}\n"), "{dot}");
}

#[test]
fn the_prefix_counts_for_uncommitted_changes_too() {
    let lake = FakeLake::start(Offers::default());
    let change =
        |path: &str, kind: &str| json!({"path": path, "path_type": "object", "type": kind});
    lake.answer(
        "GET /repositories/repo/branches/main/diff?after=&amount=1000&prefix=t%2F",
        200,
        page(&json!([
            change("t/a", "added"),
            change("t/b", "removed"),
            change("t/c", "changed"),
            change("t/d", "conflict"),
        ])),
    );
    let home = Home::of(&lake);
    assert_eq!(
        home.run(&["diff", "lakefs://repo/main", "--prefix", "t/"])
            .ok(),
        "Ref: lakefs://repo/main\n+ added t/a\n- removed t/b\n~ modified t/c\n* conflict t/d\n"
    );
}

#[test]
fn cherry_picking_a_merge_without_a_parent_number_is_the_servers_to_refuse() {
    let lake = FakeLake::start(Offers::default());
    let refusal = "merge commit: parent number required";
    lake.fail(Method::POST, "cherry-pick", 1, Fault::Status(400, refusal));
    let home = Home::of(&lake);
    let outcome = home.run(&["cherry-pick", "lakefs://repo/m", "lakefs://repo/main"]);
    assert_eq!(outcome.error(), format!("{refusal}\n400 Bad Request\n"));
}

#[test]
fn json_output_has_nothing_but_json() {
    let lake = FakeLake::start(Offers::default());
    let made = commit('c', &["p"], &json!({}));
    lake.answer(
        "POST /repositories/repo/branches/main/commits",
        201,
        made.clone(),
    );
    lake.answer(
        "GET /repositories/repo/branches/main",
        200,
        json!({"id": "main", "commit_id": "c"}),
    );
    let home = Home::of(&lake);
    let json = |arguments: &[&str]| -> Value {
        let mut all = vec!["--output", "json"];
        all.extend(arguments);
        serde_json::from_str(&home.run(&all).ok()).unwrap()
    };
    assert_eq!(json(&["commit", "lakefs://repo/main", "-m", "x"]), made);
    assert_eq!(
        json(&["branch", "show", "lakefs://repo/main"]),
        json!({"id": "main", "commit_id": "c"})
    );
    assert_eq!(json(&["version"])["server"], "1.84.0");
    assert_eq!(json(&["doctor"])["valid"], false);
}

#[test]
fn stat_and_ls_have_the_columns_scripts_cut() {
    let lake = FakeLake::start(Offers::default());
    lake.put_stored(
        "b.txt",
        Stored {
            content: b"hello\n".to_vec(),
            checksum: md5(b"hello\n"),
            content_type: "text/plain".into(),
            metadata: [("k".to_owned(), "v".to_owned())].into(),
        },
    );
    let home = Home::of(&lake);
    assert_eq!(
        home.run(&["fs", "ls", "lakefs://repo/main/"]).ok(),
        "object          2023-11-14 22:13:20 +0000 UTC    6 B             b.txt\n"
    );
    assert_eq!(
        home.run(&["fs", "stat", "lakefs://repo/main/b.txt"]).ok(),
        "Path: b.txt\nModified Time: 2023-11-14 22:13:20 +0000 UTC\nSize: 6 bytes\nHuman Size: 6 B\n\
         Physical Address: mem://ns/data/b.txt\nChecksum: b1946ac92492d2347c6235b4d2611184\n\
         Content-Type: text/plain\nMetadata:\n\tk                  = v\n"
    );
}

#[test]
fn no_colours_in_a_pipe_and_none_on_a_terminal_that_declines() {
    let lake = FakeLake::start(Offers::default());
    lake.put("a", "x");
    let home = Home::of(&lake);
    let ls = |interactive: &str, no_color: &str| {
        let mut command = home.command(&["fs", "ls", "lakefs://repo/main/"]);
        command
            .env("LAKECTL_INTERACTIVE", interactive)
            .env("NO_COLOR", no_color);
        finish(command, b"").ok().contains('\x1b')
    };
    assert!(ls("true", ""));
    assert!(ls("true", "0"));
    assert!(!ls("true", "1"));
    assert!(!ls("false", ""));
}
