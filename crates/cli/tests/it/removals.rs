//! `fs rm`: everything goes, or the command says what did not.

use http::Method;

use crate::fake_lake::{FakeLake, Fault, Offers};
use crate::lakectl::Home;

const RM: &[&str] = &["fs", "rm", "-r", "lakefs://repo/main/t/"];

fn lake(objects: usize) -> FakeLake {
    let lake = FakeLake::start(Offers::default());
    for index in 0..objects {
        lake.put(&format!("t/{index:05}"), "");
    }
    lake.put("other", "");
    lake
}

#[test]
fn thousands_are_removed_in_batches_and_it_is_checked() {
    let lake = lake(2500);
    assert_eq!(Home::of(&lake).run(RM).ok(), "");
    assert!(lake.get("t/00000").is_none() && lake.get("t/02499").is_none());
    assert!(lake.get("other").is_some());
    assert_eq!(lake.count("POST", "objects/delete"), 3);
    assert_eq!(lake.count("GET", "objects/ls"), 3 + 1, "a last look");
}

#[test]
fn a_lost_answer_leaves_nothing_behind() {
    let lake = lake(10);
    lake.fail(Method::POST, "objects/delete", 2, Fault::LoseAnswer);
    assert_eq!(Home::of(&lake).run(RM).ok(), "");
    assert!(lake.get("t/00009").is_none());
}

#[test]
fn what_the_server_refuses_is_listed() {
    let lake = lake(3);
    lake.put("t/locked", "");
    let outcome = Home::of(&lake).run(RM);
    assert_eq!(
        outcome.stderr,
        "rm t/locked: [403] locked\n1 of 4 objects were not removed\nError executing command.\n"
    );
    assert_eq!(outcome.code, 1);
    assert!(lake.get("t/00000").is_none());
}

#[test]
fn what_stays_although_nobody_said_so_is_a_failure() {
    let lake = lake(3);
    lake.keep_deleted();
    let message = Home::of(&lake).run(RM).error();
    assert!(
        message.starts_with("3 objects are still there after 3 rounds"),
        "{message}"
    );
}

#[test]
fn one_object_is_removed_without_a_word() {
    let lake = lake(1);
    let home = Home::of(&lake);
    assert_eq!(
        home.run(&["fs", "rm", "lakefs://repo/main/t/00000"]).ok(),
        ""
    );
    assert!(lake.get("t/00000").is_none());
    let message = home.run(&["fs", "rm", "lakefs://repo/main/"]).error();
    assert!(message.contains("names no object"), "{message}");
}
