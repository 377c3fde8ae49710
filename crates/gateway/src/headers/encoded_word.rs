//! RFC 2047 encoded words: how user metadata that is no printable ASCII travels in headers.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest encoded word (RFC 2047 §2).
const MAX_WORD: usize = 75;
const OPEN: &str = "=?utf-8?q?";
const CLOSE: &str = "?=";

/// A value with its encoded words read. What is not quite one, or in an unknown charset, stays.
pub(super) fn decode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    // White space between two encoded words only separates them.
    let mut after_word = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let Some((word, after)) = word(from) else {
            let (start, after) = from.split_at(2);
            out.push_str(before);
            out.push_str(start);
            rest = after;
            after_word = false;
            continue;
        };
        let separates = after_word && before.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
        if !separates {
            out.push_str(before);
        }
        out.push_str(&word);
        after_word = true;
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The encoded word a text begins with, and what follows it.
fn word(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix("=?")?;
    let (charset, inner) = inner.split_once('?')?;
    let (encoding, inner) = inner.split_once('?')?;
    let (coded, after) = inner.split_once("?=")?;
    let bytes = if encoding.eq_ignore_ascii_case("b") {
        STANDARD.decode(coded).ok()?
    } else if encoding.eq_ignore_ascii_case("q") {
        unquote(coded)?
    } else {
        return None;
    };
    let text = if charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii")
    {
        String::from_utf8(bytes).ok()?
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        bytes.into_iter().map(char::from).collect()
    } else {
        return None;
    };
    Some((text, after))
}

fn unquote(coded: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(coded.len());
    let mut bytes = coded.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'_' => out.push(b' '),
            b'=' => {
                let digits = [bytes.next()?, bytes.next()?];
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).ok()?;
                out.extend(byte);
            }
            b'!'..=b'~' => out.push(byte),
            _ => return None,
        }
    }
    Some(out)
}

/// A value as a header carries it: as it is where it is printable ASCII, in encoded words otherwise.
pub(super) fn encode(value: &str) -> Cow<'_, str> {
    if value
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
    {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() * 3 + OPEN.len() + CLOSE.len());
    let mut start = out.len();
    out.push_str(OPEN);
    for letter in value.chars() {
        let mut utf8 = [0; 4];
        let utf8 = letter.encode_utf8(&mut utf8).as_bytes();
        let length: usize = utf8.iter().map(|byte| coded_len(*byte)).sum();
        // A letter is never split over two words.
        if out.len() - start + length + CLOSE.len() > MAX_WORD {
            out.push_str(CLOSE);
            out.push(' ');
            start = out.len();
            out.push_str(OPEN);
        }
        for byte in utf8 {
            match *byte {
                b' ' => out.push('_'),
                byte if coded_len(byte) == 1 => out.push(char::from(byte)),
                byte => {
                    let mut digits = [0; 2];
                    if hex::encode_to_slice([byte], &mut digits).is_ok() {
                        out.push('=');
                        out.extend(digits.map(|digit| char::from(digit.to_ascii_uppercase())));
                    }
                }
            }
        }
    }
    out.push_str(CLOSE);
    Cow::Owned(out)
}

fn coded_len(byte: u8) -> usize {
    match byte {
        b'=' | b'?' | b'_' => 3,
        b' '..=b'~' => 1,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_of_both_encodings_are_read() {
        for (coded, text) in [
            ("plain", "plain"),
            ("=?UTF-8?B?xbzDs8WCdw==?=", "żółw"),
            ("=?utf-8?Q?a_=C5=BC=3F?=", "a ż?"),
            ("=?ISO-8859-1?q?caf=E9?= noir", "café noir"),
            ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
            ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
            ("=?utf-8?q?=ZZ?=", "=?utf-8?q?=ZZ?="),
            ("=?koi8-r?q?a?=", "=?koi8-r?q?a?="),
            ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
            ("a =? b", "a =? b"),
            ("=?", "=?"),
        ] {
            assert_eq!(decode(coded), text, "{coded}");
        }
    }

    #[test]
    fn only_what_must_be_is_encoded() {
        assert_eq!(encode("Bar baz = ?"), "Bar baz = ?");
        assert_eq!(encode("ż ó"), "=?utf-8?q?=C5=BC_=C3=B3?=");
        assert_eq!(encode("a\nb"), "=?utf-8?q?a=0Ab?=");
    }

    proptest! {
        #[test]
        fn other_letters_come_back(text in "[a-z =?_]{0,20}[żółę日本\u{1f600}][żółę日本 =?_a-z\u{1f600}]{0,60}") {
            let coded = encode(&text).into_owned();
            prop_assert!(coded.is_ascii());
            prop_assert!(coded.split(' ').all(|word| word.len() <= MAX_WORD));
            prop_assert_eq!(decode(&coded), text);
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,40}") {
            let _text = decode(&text);
        }
    }
}
