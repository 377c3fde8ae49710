//! Exit codes and messages for command lines that are wrong, without any server.

use crate::lakectl::Home;

fn home() -> Home {
    Home::with_url("http://127.0.0.1:1")
}

#[test]
fn usage_errors_go_to_standard_error_and_exit_with_1() {
    let home = home();
    for (arguments, stderr) in [
        (
            &["repo", "create"][..],
            "Error: accepts 2 arg(s), received 0\n",
        ),
        (
            &["frobnicate"],
            "Error: unknown command \"frobnicate\" for \"lakectl\"\nRun 'lakectl --help' for usage.\n",
        ),
        (&["repo", "list", "--nope"], "Error: unknown flag: --nope\n"),
    ] {
        let outcome = home.run(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (1, ""),
            "{arguments:?}"
        );
        assert_eq!(outcome.stderr, stderr);
    }
}

#[test]
fn addresses_are_checked_before_anything_is_sent_or_written() {
    let home = home();
    for (arguments, stderr) in [
        (
            &["repo", "create", "clirepo", "local://x"][..],
            "repository URI malformed lakefs URI\nError executing command.\n",
        ),
        (
            &[
                "branch",
                "create",
                "lakefs://repo/a.b",
                "-s",
                "lakefs://repo/main",
            ],
            "branch URI contains invalid branch name: not a valid branch URI\nError executing command.\n",
        ),
        (
            &["commit", "lakefs://repo/main"],
            "commit with no message without specifying the \"--allow-empty-message\" flag\nError executing command.\n",
        ),
    ] {
        let outcome = home.run(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (1, ""),
            "{arguments:?}"
        );
        assert_eq!(outcome.stderr, stderr);
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_request() {
    let home = home();
    let mut command = home.command(&["repo", "list"]);
    command.env("LAKECTL_SERVER_RETRIES_ENABLED", "false");
    let outcome = crate::lakectl::finish(command, b"");
    assert_eq!(
        outcome.error(),
        "Get \"http://127.0.0.1:1/api/v1/repositories?after=&amount=100&prefix=\": dial tcp 127.0.0.1:1: connect: connection refused\nError executing command.\n"
    );
    let tried = home.run(&["repo", "list"]).error();
    assert!(
        tried.contains("giving up after 5 attempt(s): dial tcp 127.0.0.1:1"),
        "{tried}"
    );
}

#[test]
fn help_and_completion_need_no_configuration() {
    let home = home();
    let mut command = home.command(&["completion", "bash"]);
    command.env("LAKECTL_CONFIG_FILE", "/nonexistent");
    assert!(
        crate::lakectl::finish(command, b"")
            .ok()
            .contains("_lakectl")
    );
    assert!(
        home.run(&["fs", "upload", "--help"])
            .ok()
            .contains("Examples:")
    );
    assert!(home.run(&["repo"]).ok().contains("create"));
}

#[test]
fn declining_a_question_aborts() {
    let home = home();
    let outcome = home.run_with_input(&["branch", "revert", "lakefs://repo/main", "main"], b"n\n");
    assert_eq!(outcome.stderr, "Revert aborted\nError executing command.\n");
    assert!(outcome.stdout.starts_with("Branch: lakefs://repo/main\n"));
    assert_eq!(outcome.code, 1);
}

#[test]
fn the_base_address_completes_short_ones() {
    let home = home();
    let mut command = home.command(&["branch", "delete", "dev"]);
    command.env("LAKECTL_BASE_URI", "lakefs://repo/");
    let outcome = crate::lakectl::finish(command, b"");
    assert!(
        outcome.stdout.starts_with("Branch: lakefs://repo/dev\n"),
        "{outcome:?}"
    );
}
