//! How command lines are understood.

use super::*;

fn arguments(line: &str) -> Vec<OsString> {
    std::iter::once("lakectl")
        .chain(line.split_whitespace())
        .map(OsString::from)
        .collect()
}

fn complaint(line: &str) -> String {
    match parse(&arguments(line)) {
        Err(error) => error.to_string(),
        Ok(parsed) => panic!("{line}: {parsed:?}"),
    }
}

#[test]
fn the_tree_is_consistent() {
    tree().debug_assert();
    flags::tolerant(tree()).debug_assert();
}

#[test]
fn the_number_of_arguments_is_counted() {
    for (line, text) in [
        ("repo create", "accepts 2 arg(s), received 0"),
        ("repo create a", "accepts 2 arg(s), received 1"),
        ("repo create a b c", "accepts 2 arg(s), received 3"),
        ("repo create a b c -d x d", "accepts 2 arg(s), received 4"),
        ("repo list x", "accepts 0 arg(s), received 1"),
        ("diff", "accepts between 1 and 2 arg(s), received 0"),
        (
            "branch revert a",
            "requires at least 2 arg(s), only received 1",
        ),
        ("fs cat", "accepts 1 arg(s), received 0"),
    ] {
        assert_eq!(complaint(line), text, "{line}");
    }
}

#[test]
fn commands_and_flags_that_do_not_exist_are_named() {
    assert_eq!(
        complaint("frobnicate"),
        "unknown command \"frobnicate\" for \"lakectl\"\nRun 'lakectl --help' for usage."
    );
    assert_eq!(
        complaint("repo frobnicate"),
        "unknown command \"frobnicate\" for \"lakectl repo\"\nRun 'lakectl repo --help' for usage."
    );
    assert_eq!(complaint("repo list --nope"), "unknown flag: --nope");
    assert_eq!(
        complaint("repo list -Z"),
        "unknown shorthand flag: 'Z' in -Z"
    );
    assert_eq!(
        complaint("repo list --amount"),
        "flag needs an argument: --amount"
    );
    assert!(
        complaint("repo list --amount x")
            .starts_with("invalid argument \"x\" for \"--amount\" flag: ")
    );
    assert_eq!(
        complaint("branch create lakefs://r/b"),
        "required flag(s) \"source\" not set"
    );
}

fn command(line: &str) -> Cli {
    match parse(&arguments(line)) {
        Ok(Parsed::Run(cli)) => *cli,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_may_be_spelled_as_scripts_spell_them() {
    assert!(!command("repo list --verbose=false").global.verbose);
    assert!(command("--verbose repo list").global.verbose);
    assert!(command("repo list --verbose=T").global.verbose);
    assert!(complaint("repo list --verbose=perhaps").contains("--verbose"));
    assert_eq!(
        command("repo list -c a --config=b").global.config,
        Some("b".into())
    );
    match command("commit lakefs://repo/main -m -dash -m --last").command {
        Some(Command::Commit(args)) => assert_eq!(args.message(), "--last"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn help_is_no_error() {
    for line in [
        "",
        "--help",
        "repo",
        "repo create --help",
        "help repo",
        "repo --verbose",
    ] {
        match parse(&arguments(line)) {
            Ok(Parsed::Help(text)) => assert!(text.contains("Usage"), "{line}: {text}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}
