//! Short keys for indexes: a key between the last one of a block and the first of the next, as short
//! as the bytewise comparer of `LevelDB` makes it.

/// Appends to `out` a key that is at least `last` and below `next`, and answers whether it is another
/// one than `last` (then shorter, and greater).
pub(crate) fn separator(out: &mut Vec<u8>, last: &[u8], next: &[u8]) -> bool {
    let start = out.len();
    shorten(out, last, next);
    accept(out, start, last)
}

/// Appends to `out` a key that is at least `last`, with nothing after it. Answers as [`separator`].
pub(crate) fn successor(out: &mut Vec<u8>, last: &[u8]) -> bool {
    let start = out.len();
    if let Some((&first, _)) = last.split_first()
        && first != 0xff
    {
        out.push(first + 1);
    } else {
        out.extend_from_slice(last);
    }
    accept(out, start, last)
}

fn shorten(out: &mut Vec<u8>, last: &[u8], next: &[u8]) {
    let common = common_prefix(last, next);
    let (Some(&a), Some(&b)) = (last.get(common), next.get(common)) else {
        out.extend_from_slice(last);
        return;
    };
    if a >= b {
        out.extend_from_slice(last);
    } else if common + 1 < next.len() || a + 1 < b {
        out.extend_from_slice(last.get(..common).unwrap_or_default());
        out.push(a + 1);
    } else {
        let tail = last.get(common + 1..).unwrap_or_default();
        match tail.iter().position(|byte| *byte != 0xff) {
            Some(at) => {
                out.extend_from_slice(last.get(..=common + 1 + at).unwrap_or_default());
                if let Some(byte) = out.last_mut() {
                    *byte += 1;
                }
            }
            None => out.extend_from_slice(last),
        }
    }
}

fn accept(out: &mut Vec<u8>, start: usize, last: &[u8]) -> bool {
    let made = out.get(start..).unwrap_or_default();
    if made.len() <= last.len() && made > last {
        return true;
    }
    out.truncate(start);
    out.extend_from_slice(last);
    false
}

/// How many leading bytes two keys share.
#[inline]
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let (a_words, _) = a.as_chunks::<8>();
    let (b_words, _) = b.as_chunks::<8>();
    let mut shared = 0;
    for (x, y) in a_words.iter().zip(b_words) {
        let difference = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if difference != 0 {
            return shared + (difference.trailing_zeros() / 8) as usize;
        }
        shared += 8;
    }
    let a_tail = a.get(shared..).unwrap_or_default();
    let b_tail = b.get(shared..).unwrap_or_default();
    shared
        + a_tail
            .iter()
            .zip(b_tail)
            .take_while(|(x, y)| x == y)
            .count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn between(last: &[u8], next: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        let other = separator(&mut out, last, next);
        (out, other)
    }

    #[test]
    fn separators_are_those_of_leveldb() {
        assert_eq!(between(b"abcd", b"abzz"), (b"abd".to_vec(), true));
        assert_eq!(between(b"abc1", b"abc2"), (b"abc1".to_vec(), false));
        assert_eq!(between(b"abc1x", b"abc2"), (b"abc1y".to_vec(), true));
        assert_eq!(
            between(b"abc1\xff\xff", b"abc2"),
            (b"abc1\xff\xff".to_vec(), false)
        );
        assert_eq!(between(b"ab", b"abc"), (b"ab".to_vec(), false));
        let mut out = Vec::new();
        assert!(successor(&mut out, b"abc"));
        assert_eq!(out, b"b");
        out.clear();
        assert!(!successor(&mut out, b"\xff\xff"));
        assert_eq!(out, b"\xff\xff");
    }

    proptest! {
        #[test]
        fn a_separator_separates(mut keys in proptest::collection::btree_set(proptest::collection::vec(prop_oneof![0u8..3, 253u8..], 0..6), 2)) {
            let last = keys.pop_first().unwrap();
            let next = keys.pop_first().unwrap();
            let (key, other) = between(&last, &next);
            prop_assert!(key >= last && key < next);
            prop_assert_eq!(other, key != last);
            prop_assert!(key.len() <= last.len());
            let shared = last.iter().zip(&next).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(common_prefix(&last, &next), shared);
        }
    }
}
