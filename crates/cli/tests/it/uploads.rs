//! Uploads: through the server, to the store, in parts; verified; only what changed.

use http::Method;

use crate::fake_lake::{FakeLake, Fault, Offers};
use crate::lakectl::Home;

const PRESIGN: Offers = Offers {
    presign: true,
    multipart: false,
};
const MULTIPART: Offers = Offers {
    presign: true,
    multipart: true,
};

fn data(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index * 13 % 251).unwrap())
        .collect()
}

#[test]
fn a_file_is_uploaded_whichever_way_the_server_offers() {
    for offers in [Offers::default(), PRESIGN, MULTIPART] {
        let lake = FakeLake::start(offers);
        let home = Home::of(&lake);
        home.write("f", data(12_000_000));
        home.run(&[
            "fs",
            "upload",
            "-s",
            "f",
            "--content-type",
            "text/x",
            "lakefs://repo/main/k",
        ])
        .ok();
        let stored = lake.get("k").unwrap();
        assert!(stored.content == data(12_000_000), "{offers:?}");
        assert_eq!(
            lake.count("PUT", "/store/part-"),
            if offers.multipart { 3 } else { 0 }
        );
    }
}

#[test]
fn passing_failures_are_tried_again_with_all_of_the_content() {
    let cases = [
        (Offers::default(), Method::POST, "/objects?path=k"),
        (PRESIGN, Method::PUT, "/store/"),
        (MULTIPART, Method::PUT, "/store/part-2"),
    ];
    for (offers, method, target) in cases {
        let lake = FakeLake::start(offers);
        lake.fail(method.clone(), target, 1, Fault::Status(503, "later"));
        lake.fail(method, target, 1, Fault::LoseAnswer);
        let home = Home::of(&lake);
        home.write("f", data(11_000_000));
        home.run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
            .ok();
        assert!(
            lake.get("k").unwrap().content == data(11_000_000),
            "{offers:?}"
        );
    }
}

#[test]
fn a_link_that_conflicts_is_tried_again_but_not_for_ever() {
    let lake = FakeLake::start(PRESIGN);
    let home = Home::of(&lake);
    home.write("f", "x");
    lake.fail(
        Method::PUT,
        "staging/backing",
        2,
        Fault::Status(409, "conflict"),
    );
    home.run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
        .ok();
    assert_eq!(lake.count("PUT", "staging/backing"), 3);
    lake.fail(
        Method::PUT,
        "staging/backing",
        999,
        Fault::Status(409, "conflict"),
    );
    let message = home
        .run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k2"])
        .error();
    assert_eq!(message, "conflict\n409 Conflict\n");
}

#[test]
fn parts_of_an_upload_that_failed_are_given_up() {
    let lake = FakeLake::start(MULTIPART);
    lake.fail(Method::PUT, "/store/part-3", 99, Fault::Status(400, "no"));
    let home = Home::of(&lake);
    home.write("f", data(16_000_000));
    assert!(
        home.run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
            .error()
            .contains("no\n400")
    );
    assert_eq!(lake.count("DELETE", "staging/pmpu/u"), 1);
    assert!(lake.get("k").is_none());
}

#[test]
fn a_part_whose_url_ended_gets_a_new_one() {
    let lake = FakeLake::start(MULTIPART);
    lake.fail(
        Method::PUT,
        "/store/part-2",
        1,
        Fault::Status(403, "expired"),
    );
    let home = Home::of(&lake);
    home.write("f", data(11_000_000));
    home.run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
        .ok();
    assert_eq!(lake.count("PUT", "staging/pmpu/u/parts/2"), 1);
}

#[test]
fn an_answer_that_describes_something_else_is_a_failure() {
    let lake = FakeLake::start(Offers::default());
    let wrong = serde_json::json!({
        "path": "k", "path_type": "object", "checksum": "00000000000000000000000000000000",
        "physical_address": "mem://x", "mtime": 1, "size_bytes": 5,
    });
    lake.answer(
        "POST /repositories/repo/branches/main/objects?path=k",
        201,
        wrong,
    );
    let home = Home::of(&lake);
    home.write("f", "hello");
    let message = home
        .run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
        .error();
    assert!(
        message.contains("the server stored other content than was sent"),
        "{message}"
    );
    home.write("f", "hello!");
    let message = home
        .run(&["fs", "upload", "-s", "f", "lakefs://repo/main/k"])
        .error();
    assert!(
        message.contains("the server stored 5 bytes, 6 were sent"),
        "{message}"
    );
}

#[test]
fn standard_input_is_uploaded_to_its_end() {
    for offers in [Offers::default(), PRESIGN, MULTIPART] {
        let lake = FakeLake::start(offers);
        let home = Home::of(&lake);
        let arguments = ["fs", "upload", "-s", "-", "lakefs://repo/main/k"];
        let outcome = home.run_with_input(&arguments, &data(6_000_000));
        assert!(outcome.ok().contains("Size: 6000000 bytes\n"));
        assert!(lake.get("k").unwrap().content == data(6_000_000));
    }
}

#[test]
fn a_tree_uploads_what_is_new_or_changed() {
    let lake = FakeLake::start(Offers::default());
    let home = Home::of(&lake);
    for name in ["dir/a.txt", "dir/a/b", "dir/c"] {
        home.write(name, name);
    }
    let upload = [
        "fs",
        "upload",
        "-s",
        "dir",
        "-r",
        "-p",
        "1",
        "lakefs://repo/main/d",
    ];
    assert_eq!(
        home.run(&upload).ok(),
        "\ndiff 'local://dir/' <--> 'lakefs://repo/main/d/'...\n\
         upload a.txt ... done!\nupload a/b ... done!\nupload c ... done!\n\
         \nUpload Summary:\n\nDownloaded: 0\nUploaded: 3\nRemoved: 0\n\n"
    );
    let stored = lake.get("d/a/b").unwrap();
    assert!(
        stored.metadata.contains_key("::lakefs::client-mtime"),
        "{stored:?}"
    );
    lake.put("d/b-remote-only", "stays");
    assert!(home.run(&upload).ok().contains("Uploaded: 0\n"));
    home.write("dir/a/b", "longer than it was before");
    home.write("dir/z", "new");
    let text = home.run(&upload).ok();
    assert!(
        text.contains("upload a/b ... done!\nupload z ... done!\n"),
        "{text}"
    );
    assert!(lake.get("d/b-remote-only").is_some());
}

#[test]
fn a_tree_of_which_something_fails_is_a_failure() {
    let lake = FakeLake::start(Offers::default());
    lake.fail(
        Method::POST,
        "path=d%2Fb",
        99,
        Fault::Status(403, "protected"),
    );
    let home = Home::of(&lake);
    for name in ["dir/a", "dir/b", "dir/c"] {
        home.write(name, name);
    }
    let outcome = home.run(&["fs", "upload", "-s", "dir", "-r", "lakefs://repo/main/d/"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stdout.contains("Uploaded: 2\n"));
    assert!(
        outcome.stderr.contains("upload b failed: protected\n"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("1 of 3 files were not uploaded\n"),
        "{}",
        outcome.stderr
    );
    assert!(lake.get("d/a").is_some() && lake.get("d/c").is_some());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let lake = FakeLake::start(Offers::default());
    let home = Home::of(&lake);
    assert_eq!(
        home.run(&["fs", "upload", "-s", "nope.txt", "lakefs://repo/main/c"])
            .error(),
        "open nope.txt: no such file or directory\nError executing command.\n"
    );
}
