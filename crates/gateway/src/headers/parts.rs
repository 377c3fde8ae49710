//! The sizes of the parts an object was uploaded in, for reads by part number. An entry keeps them as one
//! text of runs, `<size>x<how many>` or `<size>`, joined with commas: uploads have parts of one size
//! and a last one, so that this is short. Where it would not be, only the number is kept: `<count>n`.

use std::fmt::Write as _;

use super::Metadata;

pub(super) const KEY: &str = "::lakefs-rs::parts";
/// Most bytes of the text; sizes that need more are not kept.
const MAX_BYTES: usize = 1024;
/// Most parts S3 has.
const MAX_PARTS: u32 = 10_000;

/// Sizes of the parts of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartSizes {
    count: u32,
    /// Size and how many of it, in order; empty where the sizes are not known.
    runs: Vec<(u64, u32)>,
}

/// One part in its object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PartSpan {
    /// Its first byte.
    pub(crate) start: u64,
    /// Bytes of it.
    pub(crate) size: u64,
}

impl PartSizes {
    /// Parts in the order of the object.
    pub(crate) fn new(sizes: impl IntoIterator<Item = u64>) -> Self {
        let mut parts = Self {
            count: 0,
            runs: Vec::new(),
        };
        for size in sizes {
            parts.count += 1;
            match parts.runs.last_mut() {
                Some((last, times)) if *last == size => *times += 1,
                _ => parts.runs.push((size, 1)),
            }
        }
        parts
    }

    /// How many parts.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// The sizes in order; none where they are not known.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = u64> {
        self.runs
            .iter()
            .flat_map(|(size, times)| std::iter::repeat_n(*size, *times as usize))
    }

    /// Where a part lies, counted from 1 in the order of the object.
    pub(crate) fn span(&self, number: u32) -> Option<PartSpan> {
        let mut before = number.checked_sub(1)?;
        let mut start = 0u64;
        for (size, times) in &self.runs {
            if before < *times {
                let start = start + size * u64::from(before);
                return Some(PartSpan { start, size: *size });
            }
            before -= times;
            start += size * u64::from(*times);
        }
        None
    }

    /// Keeps them in an entry's metadata.
    pub(crate) fn store(&self, metadata: &mut Metadata) {
        let mut text = String::new();
        for (size, times) in &self.runs {
            let comma = if text.is_empty() { "" } else { "," };
            let outcome = if *times == 1 {
                write!(text, "{comma}{size}")
            } else {
                write!(text, "{comma}{size}x{times}")
            };
            if outcome.is_err() || text.len() > MAX_BYTES {
                text = format!("{}n", self.count);
                break;
            }
        }
        metadata.insert(KEY.to_owned(), text);
    }

    /// The parts of an entry; `None` for an object that was uploaded at once, or in parts nobody kept
    /// the sizes of.
    pub(crate) fn of<'a>(metadata: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let text = metadata.into_iter().find(|(key, _)| *key == KEY)?.1;
        if let Some(count) = text.strip_suffix('n') {
            return Some(Self {
                count: count.parse().ok()?,
                runs: Vec::new(),
            });
        }
        let mut runs = Vec::new();
        let (mut count, mut total) = (0u32, 0u64);
        for run in text.split(',') {
            let (size, times) = run.split_once('x').unwrap_or((run, "1"));
            let (size, times): (u64, u32) = (size.parse().ok()?, times.parse().ok()?);
            count = count.checked_add(times).filter(|all| *all <= MAX_PARTS)?;
            total = total.checked_add(size.checked_mul(u64::from(times))?)?;
            runs.push((size, times));
        }
        Some(Self { count, runs })
    }

    /// Bytes of all parts.
    pub(crate) fn total(&self) -> u64 {
        let run = |(size, times): &(u64, u32)| size * u64::from(*times);
        self.runs.iter().map(run).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stored(sizes: &[u64]) -> (String, Option<PartSizes>) {
        let mut metadata = Metadata::new();
        PartSizes::new(sizes.iter().copied()).store(&mut metadata);
        let text = metadata[KEY].clone();
        let read = PartSizes::of([(KEY, text.as_str())]);
        (text, read)
    }

    #[test]
    fn equal_parts_are_one_run() {
        let (text, read) = stored(&[5, 5, 5, 2]);
        assert_eq!(text, "5x3,2");
        let read = read.unwrap();
        assert_eq!((read.count(), read.total()), (4, 17));
        assert_eq!(read.span(0), None);
        assert_eq!(read.span(1), Some(PartSpan { start: 0, size: 5 }));
        assert_eq!(read.span(3), Some(PartSpan { start: 10, size: 5 }));
        assert_eq!(read.span(4), Some(PartSpan { start: 15, size: 2 }));
        assert_eq!(read.span(5), None);
    }

    #[test]
    fn sizes_that_need_much_room_are_only_counted() {
        let sizes: Vec<u64> = (5 << 20..(5 << 20) + 10_000).collect();
        let (text, read) = stored(&sizes);
        assert_eq!(text, "10000n");
        let read = read.unwrap();
        assert_eq!((read.count(), read.span(1)), (10_000, None));
    }

    #[test]
    fn what_is_no_list_of_sizes_is_none() {
        for text in [
            "",
            "x",
            "5x",
            "n",
            "-1",
            "5x10001",
            "18446744073709551615x2",
            "1,18446744073709551615",
        ] {
            assert_eq!(PartSizes::of([(KEY, text)]), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parts_read_back_and_lie_end_to_end(sizes in prop::collection::vec(0u64..4, 1..40)) {
            let read = stored(&sizes).1.unwrap();
            prop_assert_eq!(read.sizes().collect::<Vec<_>>(), sizes.clone());
            let mut start = 0;
            for (number, size) in (1u32..).zip(&sizes) {
                prop_assert_eq!(read.span(number), Some(PartSpan { start, size: *size }));
                start += size;
            }
        }
    }
}
