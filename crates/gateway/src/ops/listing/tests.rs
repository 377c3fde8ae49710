use proptest::prelude::*;

use super::*;

#[test]
fn a_marker_counts_inside_of_the_reference_only() {
    assert_eq!(after_key("main/", ""), After::Start);
    assert_eq!(after_key("main/", "main/"), After::Start);
    assert_eq!(after_key("main/", "main/a"), After::Path("a"));
    assert_eq!(after_key("main/", "main"), After::Start);
    assert_eq!(after_key("main/", "dev/z"), After::Start);
    assert_eq!(after_key("main/", "main0"), After::End);
    assert_eq!(after_key("main/", "test/a"), After::End);
    assert_eq!(after_key("", "a"), After::Path("a"));
}

#[test]
fn branches_go_on_after_the_one_a_key_is_in() {
    assert_eq!(after_branch(""), "");
    assert_eq!(after_branch("dev/"), "dev");
    assert_eq!(after_branch("dev/a/b"), "dev");
    let before = after_branch("dev");
    assert!(before.as_str() < "dev" && *before > *"deuzzz");
    assert_eq!(after_branch("\0"), "");
}

#[test]
fn only_numbers_are_amounts() {
    assert_eq!(max_keys("").unwrap(), 1000);
    assert_eq!(max_keys("0").unwrap(), 0);
    assert_eq!(max_keys("5000").unwrap(), 1000);
    assert_eq!(max_keys("2147483647").unwrap(), 1000);
    for text in ["-1", "x", "1.5", "2147483648", "99999999999999999999"] {
        assert_eq!(max_keys(text).unwrap_err().code, Code::InvalidArgument);
    }
}

#[test]
fn a_token_that_is_not_ours_is_refused() {
    for token in ["main/a", "AQ==", "Ag", "!", "Av8"] {
        let error = decode_token(token).unwrap_err();
        assert_eq!(error.code, Code::InvalidArgument, "{token}");
    }
}

proptest! {
    #[test]
    fn a_token_gives_back_its_key(key in "\\PC{0,40}") {
        prop_assert_eq!(decode_token(&encode_token(&key)).unwrap(), key);
    }

    /// The last name before a key: nothing a branch may be called lies between.
    #[test]
    fn no_name_lies_between(key in "[A-Za-z0-9_][A-Za-z0-9_-]{0,5}", name in "[A-Za-z0-9_][A-Za-z0-9_-]{0,5}") {
        let after = after_branch(&key);
        prop_assert_eq!(name > after, name >= key);
    }
}
