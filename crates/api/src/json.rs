//! A writer of JSON text for the answers that are asked for most: listings, objects, commits, branches.
//!
//! One growing buffer and no intermediate values. It writes what it is told in the order it is told;
//! nesting is the caller's, and tests read every hand-written answer back through its wire type.

/// JSON text in the making.
#[derive(Debug, Default)]
pub(crate) struct JsonWriter {
    buffer: Vec<u8>,
}

/// For each byte: 0 to copy it, else the character after the backslash (`u` for a numeric escape).
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

impl JsonWriter {
    /// An empty text with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(capacity),
        }
    }

    /// The text.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.buffer
    }

    /// Punctuation and names, as they are.
    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.buffer.extend_from_slice(text.as_bytes());
        self
    }

    /// A text in quotes.
    pub(crate) fn string(&mut self, text: &str) -> &mut Self {
        self.buffer.push(b'"');
        self.escaped(text);
        self.buffer.push(b'"');
        self
    }

    /// One text in quotes, given in two pieces.
    pub(crate) fn string_of_two(&mut self, first: &str, second: &str) -> &mut Self {
        self.buffer.push(b'"');
        self.escaped(first);
        self.escaped(second);
        self.buffer.push(b'"');
        self
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, number: i64) -> &mut Self {
        self.buffer
            .extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, flag: bool) -> &mut Self {
        self.raw(if flag { "true" } else { "false" })
    }

    /// An array of texts.
    pub(crate) fn strings<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> &mut Self {
        self.separated('[', ']', texts, |json, text| {
            json.string(text);
        })
    }

    /// An object of texts by text.
    pub(crate) fn map<'t>(&mut self, pairs: impl Iterator<Item = (&'t str, &'t str)>) -> &mut Self {
        self.separated('{', '}', pairs, |json, (key, value)| {
            json.string(key).raw(":").string(value);
        })
    }

    /// Items with commas between them, in brackets.
    pub(crate) fn separated<T>(
        &mut self,
        open: char,
        close: char,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.raw(open.encode_utf8(&mut [0; 4]));
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.buffer.push(b',');
            }
            write(self, item);
        }
        self.raw(close.encode_utf8(&mut [0; 4]))
    }

    fn escaped(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        loop {
            let plain = plain_prefix(rest);
            let (copied, special) = rest.split_at(plain);
            self.buffer.extend_from_slice(copied);
            let Some((byte, after)) = special.split_first() else {
                return;
            };
            match escape_of(*byte) {
                b'u' => {
                    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                    let low = [digit(byte >> 4), digit(byte & 0xf)];
                    self.buffer.extend_from_slice(b"\\u00");
                    self.buffer.extend_from_slice(&low);
                }
                short => self.buffer.extend_from_slice(&[b'\\', short]),
            }
            rest = after;
        }
    }
}

/// How many bytes from the start need no escape. Eight at a time: most texts need none at all.
fn plain_prefix(text: &[u8]) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is zero; a byte after one that is may be marked as well.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let (words, _) = text.as_chunks::<8>();
    let mut plain = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let quote = zeros(word ^ (LOW * u64::from(b'"')));
        let backslash = zeros(word ^ (LOW * u64::from(b'\\')));
        if control | quote | backslash != 0 {
            break;
        }
        plain += 8;
    }
    let rest = text.get(plain..).unwrap_or(&[]);
    plain
        + rest
            .iter()
            .position(|byte| escape_of(*byte) != 0)
            .unwrap_or(rest.len())
}

fn escape_of(byte: u8) -> u8 {
    ESCAPES.get(usize::from(byte)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(write: impl FnOnce(&mut JsonWriter)) -> Value {
        let mut json = JsonWriter::default();
        write(&mut json);
        serde_json::from_slice(&json.finish()).expect("JSON")
    }

    #[test]
    fn containers_have_commas_between_and_not_around() {
        let pairs = [("a", "1"), ("b", "2")];
        assert_eq!(
            written(|json| {
                json.map(pairs.into_iter());
            }),
            serde_json::json!({"a": "1", "b": "2"})
        );
        assert_eq!(
            written(|json| {
                json.strings(std::iter::empty());
            }),
            serde_json::json!([])
        );
        assert_eq!(
            written(|json| {
                json.raw("[").integer(i64::MIN).raw(",").flag(true).raw("]");
            }),
            serde_json::json!([i64::MIN, true])
        );
    }

    #[test]
    fn one_special_byte_is_found_wherever_it_is() {
        for special in (0..0x20).chain([b'"', b'\\']) {
            for at in 0..40 {
                let mut text = vec![b'a'; 40];
                text[at] = special;
                assert_eq!(plain_prefix(&text), at, "{special}");
            }
        }
        for plain in [" ", "~", "\u{7f}", "\u{80}ż日😀".repeat(9).as_str(), ""] {
            assert_eq!(plain_prefix(plain.as_bytes()), plain.len(), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(first: String, second: String) {
            let value = written(|json| { json.string_of_two(&first, &second); });
            prop_assert_eq!(value, Value::String(first + &second));
        }
    }
}
