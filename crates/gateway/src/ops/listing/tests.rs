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
}
