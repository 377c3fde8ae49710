//! Downloads: resumed, verified, complete or not there at all.

use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use http::Method;

use crate::fake_lake::{FakeLake, Fault, Offers, Stored, md5};
use crate::lakectl::Home;

const PRESIGN: Offers = Offers {
    presign: true,
    multipart: false,
};

fn data(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index * 7 % 251).unwrap())
        .collect()
}

#[test]
fn a_file_arrives_under_its_name() {
    for offers in [Offers::default(), PRESIGN] {
        let lake = FakeLake::start(offers);
        lake.put("a/b c?#%.bin", data(300_000));
        let home = Home::of(&lake);
        let text = home
            .run(&["fs", "download", "lakefs://repo/main/a/b c?#%25.bin", "got"])
            .ok();
        let path = home.path("got");
        assert_eq!(
            text,
            format!(
                "download: lakefs://repo/main/a/b c?#%.bin to {}\n",
                path.display()
            )
        );
        assert_eq!(std::fs::read(path).unwrap(), data(300_000));
        assert_eq!(home.names("."), ["got"]);
    }
}

#[test]
fn a_connection_that_breaks_is_resumed_where_it_broke() {
    for offers in [Offers::default(), PRESIGN] {
        let lake = FakeLake::start(offers);
        lake.put("k", data(200_000));
        let target = if offers.presign {
            "/store/"
        } else {
            "/objects?path=k"
        };
        lake.fail(Method::GET, target, 1, Fault::Truncate(100_000));
        let home = Home::of(&lake);
        home.run(&["fs", "download", "lakefs://repo/main/k"]).ok();
        assert_eq!(std::fs::read(home.path("k")).unwrap(), data(200_000));
        assert_eq!(lake.count("GET", target), 2);
    }
}

#[test]
fn what_stays_incomplete_or_wrong_never_gets_the_name() {
    for (fault, words) in [
        (Fault::Truncate(1000), "unexpected EOF"),
        (Fault::Corrupt, "received other content than is stored"),
        (Fault::Status(500, "oops"), "500 Internal Server Error"),
    ] {
        let lake = FakeLake::start(Offers::default());
        lake.put("k", data(200_000));
        lake.fail(Method::GET, "/objects?path=k", 99, fault);
        let home = Home::of(&lake);
        home.write("k", "what was here before");
        let message = home
            .run(&["fs", "download", "lakefs://repo/main/k", "k"])
            .error();
        assert!(message.contains(words), "{message}");
        assert_eq!(
            std::fs::read(home.path("k")).unwrap(),
            b"what was here before"
        );
        assert_eq!(home.names("."), ["k"]);
    }
}

#[test]
fn large_objects_are_read_in_parallel_ranges() {
    let lake = FakeLake::start(PRESIGN);
    lake.put("big", data(1_000_000));
    lake.fail(Method::GET, "/store/", 1, Fault::Truncate(10));
    lake.fail(Method::GET, "/store/", 1, Fault::Status(503, "busy"));
    lake.fail(Method::GET, "/store/", 1, Fault::Status(403, "expired"));
    let home = Home::of(&lake);
    home.run(&[
        "fs",
        "download",
        "--part-size",
        "65536",
        "lakefs://repo/main/big",
    ])
    .ok();
    assert_eq!(std::fs::read(home.path("big")).unwrap(), data(1_000_000));
    assert_eq!(lake.count("GET", "/store/"), 16 + 3);
    assert_eq!(
        lake.count("GET", "objects/stat"),
        2,
        "the URL that ended was renewed once"
    );
}

#[test]
fn a_corrupt_range_is_found_out() {
    let lake = FakeLake::start(PRESIGN);
    lake.put("big", data(200_000));
    lake.fail(Method::GET, "/store/", 1, Fault::Corrupt);
    let home = Home::of(&lake);
    let message = home
        .run(&[
            "fs",
            "download",
            "--part-size",
            "65536",
            "lakefs://repo/main/big",
        ])
        .error();
    assert!(message.contains("received other content"), "{message}");
    assert!(home.names(".").is_empty());
}

#[test]
fn a_checksum_that_is_no_md5_is_not_compared() {
    let lake = FakeLake::start(Offers::default());
    let stored = Stored {
        content: b"x".to_vec(),
        checksum: "0123456789abcdef0123456789abcdef-3".into(),
        ..Stored::default()
    };
    lake.put_stored("k", stored);
    let home = Home::of(&lake);
    home.run(&["fs", "download", "lakefs://repo/main/k"]).ok();
    assert_eq!(home.run(&["fs", "cat", "lakefs://repo/main/k"]).ok(), "x");
}

#[test]
fn cat_fails_when_what_it_wrote_was_not_all() {
    let lake = FakeLake::start(Offers::default());
    lake.put("k", "hello");
    let home = Home::of(&lake);
    lake.fail(Method::GET, "/objects?path=k", 1, Fault::Truncate(2));
    assert_eq!(
        home.run(&["fs", "cat", "lakefs://repo/main/k"]).ok(),
        "hello"
    );
    lake.fail(Method::GET, "/objects?path=k", 1, Fault::Corrupt);
    assert!(
        home.run(&["fs", "cat", "lakefs://repo/main/k"])
            .error()
            .contains("other content")
    );
}

#[test]
fn a_tree_arrives_with_times_and_failures_are_listed() {
    let lake = FakeLake::start(Offers::default());
    for index in 0..2500 {
        lake.put(
            &format!("t/{}/f{index}", index % 7),
            format!("content {index}"),
        );
    }
    let dated = Stored {
        content: b"old".to_vec(),
        checksum: md5(b"old"),
        metadata: [("::lakefs::client-mtime".to_owned(), "1234567890".to_owned())].into(),
        ..Stored::default()
    };
    lake.put_stored("t/dated", dated);
    let home = Home::of(&lake);
    let text = home
        .run(&["fs", "download", "-r", "lakefs://repo/main/t", "out"])
        .ok();
    assert!(text.contains("download dated ... done!\n"), "{text}");
    assert!(text.ends_with("\nDownload Summary:\n\nDownloaded: 2501\nUploaded: 0\nRemoved: 0\n\n"));
    assert_eq!(
        std::fs::read(home.path("out/3/f10")).unwrap(),
        b"content 10"
    );
    assert_eq!(
        std::fs::metadata(home.path("out/dated")).unwrap().mtime(),
        1_234_567_890
    );

    lake.fail(
        Method::GET,
        "path=t%2F3%2Ff2495",
        99,
        Fault::Status(404, "gone"),
    );
    let outcome = home.run(&["fs", "download", "-r", "lakefs://repo/main/t/3/", "again"]);
    assert!(
        outcome.stderr.contains("download f2495 failed: gone\n"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome
            .stderr
            .ends_with("1 of 357 files were not downloaded\nError executing command.\n")
    );
    assert_eq!(outcome.code, 1);
    assert_eq!(home.names("again").len(), 356);
}

#[test]
fn names_that_lead_out_of_the_destination_are_refused() {
    let lake = FakeLake::start(Offers::default());
    for key in [
        "t/../../evil",
        "t//abs",
        "t/a/../evil",
        "t/link/evil",
        "t/good",
        "t/dir/",
    ] {
        lake.put(key, if key.ends_with('/') { "" } else { "x" });
    }
    let home = Home::of(&lake);
    std::fs::create_dir_all(home.path("elsewhere")).unwrap();
    std::fs::create_dir_all(home.path("out")).unwrap();
    std::os::unix::fs::symlink(home.path("elsewhere"), home.path("out/link")).unwrap();
    let outcome = home.run(&["fs", "download", "-r", "lakefs://repo/main/t/", "out"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("4 of 6 files were not downloaded"),
        "{}",
        outcome.stderr
    );
    assert_eq!(home.names("out"), ["dir", "good", "link"]);
    assert!(home.names("elsewhere").is_empty());
    assert_eq!(home.names("."), ["elsewhere", "out"]);
}

#[test]
fn a_missing_object_is_told_with_the_file_it_would_have_become() {
    let lake = FakeLake::start(Offers::default());
    let home = Home::of(&lake);
    let path = home.path("zzz");
    assert_eq!(
        home.run(&["fs", "download", "lakefs://repo/main/zzz", "zzz"])
            .error(),
        format!(
            "download failed: failed to download '{}' object: request failed: 404 Not Found\nError executing command.\n",
            path.display()
        )
    );
}

#[test]
fn an_interrupted_download_leaves_nothing_behind() {
    let lake = FakeLake::start(Offers::default());
    lake.put("k", data(200_000));
    lake.fail(Method::GET, "/objects?path=k", 1, Fault::Stall(100_000));
    let home = Home::of(&lake);
    let mut child = home
        .command(&["fs", "download", "lakefs://repo/main/k"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while home.names(".").is_empty() {
        assert!(Instant::now() < deadline, "the download did not begin");
        std::thread::yield_now();
    }
    assert!(home.names(".")[0].starts_with(".lakectl-"));
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(home.names(".").is_empty());
}
