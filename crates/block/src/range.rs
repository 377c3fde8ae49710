//! Which bytes of an object a range means, once its size is known (RFC 9110 §14.1.2).

use crate::ByteRange;

impl ByteRange {
    /// First byte and count of the range in an object of `size` bytes; `None` when it selects nothing.
    pub fn resolve(self, size: u64) -> Option<(u64, u64)> {
        match self {
            Self::Bounded { start, end } if start < size && start <= end => {
                Some((start, end.min(size - 1) - start + 1))
            }
            Self::From { start } if start < size => Some((start, size - start)),
            Self::Suffix { length } if length > 0 && size > 0 => {
                let length = length.min(size);
                Some((size - length, length))
            }
            _ => None,
        }
    }

    /// The value of a `Range` header.
    pub fn header(self) -> String {
        match self {
            Self::Bounded { start, end } => format!("bytes={start}-{end}"),
            Self::From { start } => format!("bytes={start}-"),
            Self::Suffix { length } => format!("bytes=-{length}"),
        }
    }
}

/// First byte and count to read of an object of `size` bytes, for an optional range.
pub(crate) fn resolve(range: Option<ByteRange>, size: u64) -> Option<(u64, u64)> {
    range.map_or(Some((0, size)), |range| range.resolve(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_resolve_like_http_ranges() {
        let bounded = |start, end| ByteRange::Bounded { start, end };
        assert_eq!(bounded(0, 0).resolve(1), Some((0, 1)));
        assert_eq!(bounded(2, u64::MAX).resolve(5), Some((2, 3)));
        assert_eq!(bounded(5, 9).resolve(5), None);
        assert_eq!(bounded(3, 2).resolve(5), None);
        assert_eq!(ByteRange::From { start: 4 }.resolve(5), Some((4, 1)));
        assert_eq!(ByteRange::From { start: 5 }.resolve(5), None);
        assert_eq!(ByteRange::Suffix { length: 2 }.resolve(5), Some((3, 2)));
        assert_eq!(ByteRange::Suffix { length: 9 }.resolve(5), Some((0, 5)));
        assert_eq!(ByteRange::Suffix { length: 0 }.resolve(5), None);
        assert_eq!(ByteRange::Suffix { length: 1 }.resolve(0), None);
        assert_eq!(resolve(None, 0), Some((0, 0)));
    }
}
