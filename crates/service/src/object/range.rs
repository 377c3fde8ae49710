//! The header `Range` of a read (RFC 9110 §14), against the size of an object.

use lakefs_block::ByteRange;

use crate::ContentRange;

/// What a `Range` header asks of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeOutcome {
    /// All of it: there is no header, or one that is not about bytes, which is ignored.
    Whole,
    /// These bytes, which the object has.
    Part(ContentRange),
    /// Bytes the object does not have.
    Unsatisfiable,
    /// Several ranges. They are not offered.
    Multiple,
}

impl ContentRange {
    pub(crate) fn to_bytes(self) -> ByteRange {
        ByteRange::Bounded {
            start: self.start,
            end: self.end,
        }
    }
}

/// Decides which bytes of an object of `size` bytes are asked for.
pub(crate) fn decide_range(header: Option<&str>, size: u64) -> RangeOutcome {
    let Some(ranges) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return RangeOutcome::Whole;
    };
    if ranges.contains(',') {
        return RangeOutcome::Multiple;
    }
    let Some((first, last)) = ranges.trim().split_once('-') else {
        return RangeOutcome::Unsatisfiable;
    };
    let part = match (first.trim(), last.trim()) {
        ("", last) => number(last)
            .filter(|length| *length > 0 && size > 0)
            .map(|length| (size.saturating_sub(length), size - 1)),
        (first, "") => number(first)
            .filter(|start| *start < size)
            .map(|start| (start, size - 1)),
        (first, last) => match (number(first), number(last)) {
            (Some(start), Some(end)) if start <= end && start < size => {
                Some((start, end.min(size - 1)))
            }
            _ => None,
        },
    };
    match part {
        Some((start, end)) => RangeOutcome::Part(ContentRange { start, end }),
        None => RangeOutcome::Unsatisfiable,
    }
}

/// A number of decimal digits; one too great for 64 bits is past every object.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decide(header: &str, size: u64) -> RangeOutcome {
        decide_range(Some(header), size)
    }

    fn part(start: u64, end: u64) -> RangeOutcome {
        RangeOutcome::Part(ContentRange { start, end })
    }

    #[test]
    fn one_range_is_cut_to_the_object() {
        assert_eq!(decide("bytes=1-2", 5), part(1, 2));
        assert_eq!(decide("bytes=-2", 5), part(3, 4));
        assert_eq!(decide("bytes=3-", 5), part(3, 4));
        assert_eq!(decide("bytes=0-99", 5), part(0, 4));
        assert_eq!(decide("bytes=-99", 5), part(0, 4));
        assert_eq!(decide("bytes=0-99999999999999999999999", 5), part(0, 4));
    }

    #[test]
    fn what_is_not_there_is_not_satisfiable() {
        for header in [
            "bytes=9-",
            "bytes=5-5",
            "bytes=2-1",
            "bytes=-0",
            "bytes=-",
            "bytes=z",
        ] {
            assert_eq!(decide(header, 5), RangeOutcome::Unsatisfiable, "{header}");
        }
        for header in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
            assert_eq!(decide(header, 0), RangeOutcome::Unsatisfiable, "{header}");
        }
        assert_eq!(decide("bytes=0-0,2-2", 5), RangeOutcome::Multiple);
        assert_eq!(decide("items=0-1", 5), RangeOutcome::Whole);
        assert_eq!(decide_range(None, 0), RangeOutcome::Whole);
    }

    proptest! {
        #[test]
        fn a_part_always_lies_inside(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", size: u64) {
            if let RangeOutcome::Part(range) = decide(&header, size) {
                prop_assert!(range.start <= range.end && range.end < size);
            }
        }
    }
}
