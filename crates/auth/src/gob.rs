//! The one value of Go's `gob` encoding that a session cookie holds: a map from text to text whose
//! static type is `map[interface{}]interface{}` (docs/format/auth.md).
//!
//! A stream is a sequence of messages, each preceded by its length. A message begins with a type
//! id: negative ones define a type and are skipped, the first positive one is the value. Type ids
//! above 64 are given out by the writer in any order, so readers take what the stream says.

/// Most entries of a map; real ones hold one.
const MAX_ENTRIES: u64 = 16;
/// Type id of a text, fixed by the format.
const STRING: i64 = 6;
/// Defines type 65 as `map[interface{}]interface{}`.
const DEFINITION: &[u8] = &[
    0x0e, 0xff, 0x81, 0x04, 0x01, 0x02, 0xff, 0x82, 0x00, 0x01, 0x10, 0x01, 0x10, 0x00, 0x00,
];

/// Encodes a map as a whole stream.
pub(crate) fn encode_map(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut value = vec![0xff, 0x82, 0x00];
    put_uint(&mut value, entries.len() as u64);
    for (key, text) in entries {
        put_text(&mut value, key);
        put_text(&mut value, text);
    }
    let mut out = DEFINITION.to_vec();
    put_uint(&mut out, value.len() as u64);
    out.extend_from_slice(&value);
    out
}

/// Decodes the map of a stream; `None` for anything else. Values that are not texts end it.
pub(crate) fn decode_map(stream: &[u8]) -> Option<Vec<(String, String)>> {
    let mut stream = Reader(stream);
    loop {
        let length = stream.uint()?;
        let mut message = Reader(stream.take(length)?);
        if message.int()? < 0 {
            continue;
        }
        // A value that is not a structure follows a zero.
        if message.uint()? != 0 {
            return None;
        }
        let count = message.uint().filter(|count| *count <= MAX_ENTRIES)?;
        return (0..count)
            .map(|_| Some((message.text()?, message.text()?)))
            .collect();
    }
}

fn put_uint(out: &mut Vec<u8>, value: u64) {
    if let Ok(small @ 0..=0x7f) = u8::try_from(value) {
        out.push(small);
        return;
    }
    let bytes = value.to_be_bytes();
    let skip = value.leading_zeros() / 8;
    // The count of bytes that follow, negated.
    let count = u8::try_from(8 - skip).expect("a 64-bit number has 1 to 8 bytes");
    out.push(count.wrapping_neg());
    out.extend(bytes.iter().skip(skip as usize));
}

/// A text as the value of an interface: name and id of its type, then its bytes.
fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut value = vec![0x00];
    put_uint(&mut value, text.len() as u64);
    value.extend_from_slice(text.as_bytes());
    put_uint(out, "string".len() as u64);
    out.extend_from_slice(b"string");
    put_uint(out, STRING.unsigned_abs() << 1);
    put_uint(out, value.len() as u64);
    out.extend_from_slice(&value);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(head)
    }

    fn uint(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let count = first.wrapping_neg();
        if count > 8 {
            return None;
        }
        let bytes = self.take(u64::from(count))?;
        Some(
            bytes
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte)),
        )
    }

    fn int(&mut self) -> Option<i64> {
        let value = self.uint()?;
        let magnitude = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 1 {
            !magnitude
        } else {
            magnitude
        })
    }

    fn text(&mut self) -> Option<String> {
        let name = self.uint()?;
        if self.take(name)? != b"string" || self.int()? != STRING {
            return None;
        }
        let length = self.uint()?;
        let mut value = Reader(self.take(length)?);
        if value.uint()? != 0 {
            return None;
        }
        let length = value.uint()?;
        String::from_utf8(value.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_stream_is_the_described_one() {
        let stream = encode_map(&[("token", "abc")]);
        assert_eq!(
            hex::encode(stream),
            concat!(
                "0eff8104010 2ff82000110 01100000",
                "22",
                "ff8200",
                "01",
                "06737472696e67",
                "0c",
                "07",
                "00",
                "05746f6b656e",
                "06737472696e67",
                "0c",
                "05",
                "00",
                "03616263"
            )
            .replace(' ', "")
        );
    }

    #[test]
    fn the_type_id_is_whatever_the_stream_says() {
        let mut stream = encode_map(&[("token", "abc")]);
        // Type 66 instead of 65, in the definition (-66) and in the value.
        stream[2] = 0x83;
        stream[7] = 0x84;
        stream[17] = 0x84;
        assert_eq!(
            decode_map(&stream),
            Some(vec![("token".to_owned(), "abc".to_owned())])
        );
    }

    #[test]
    fn a_cut_stream_is_nothing() {
        let stream = encode_map(&[("token", "abc")]);
        for cut in 0..stream.len() {
            assert_eq!(decode_map(&stream[..cut]), None, "{cut}");
        }
    }

    proptest! {
        #[test]
        fn maps_read_back(key in ".{0,200}", value in ".{0,400}") {
            let decoded = decode_map(&encode_map(&[(&key, &value)]));
            prop_assert_eq!(decoded, Some(vec![(key, value)]));
        }

        #[test]
        fn any_bytes_decode_or_not(bytes: Vec<u8>) {
            let _outcome = decode_map(&bytes);
        }
    }
}
