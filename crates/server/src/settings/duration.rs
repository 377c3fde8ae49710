//! Durations as lakeFS's configuration writes them (Go syntax): `24h`, `1h30m`, `1.5s`, `3ms`.
//!
//! A bare number other than 0 is refused: there it would mean nanoseconds, which nobody wants.

use std::fmt::Write as _;
use std::time::Duration;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration; the error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() || rest.starts_with('-') {
        return Err("needs a duration such as 90s, 15m or 24h".to_owned());
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, next) = tail.split_at(letters);
        let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err("needs a unit after each number (ns, us, ms, s, m, h), as in 1h30m".into());
        };
        nanos += scaled(number, *scale).ok_or("has a number that cannot be read")?;
        rest = next;
    }
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| "is too long".to_owned())
}

/// `number` (digits with at most one point) times `scale`.
fn scaled(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 30 {
        return None;
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total = whole.checked_mul(u128::from(scale))?;
    let mut step = u128::from(scale);
    for digit in fraction.bytes() {
        step /= 10;
        total = total.checked_add(step * u128::from(digit - b'0'))?;
    }
    Some(total)
}

/// Writes a duration the way [`parse`] reads it, largest units first.
pub(crate) fn format(duration: Duration) -> String {
    let mut nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, scale) in UNITS.iter().rev().filter(|(unit, _)| unit.is_ascii()) {
        let count = nanos / u128::from(*scale);
        nanos %= u128::from(*scale);
        if count > 0 {
            write!(text, "{count}{unit}").expect("writing to a string cannot fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_writes() {
        for (text, millis) in [
            ("0", 0),
            ("3ms", 3),
            ("20s", 20_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("168h0m0s", 604_800_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse("250µs"), Ok(Duration::from_micros(250)));
    }

    #[test]
    fn refuses_what_has_no_unit_or_no_sense() {
        for text in ["", "5", "-3s", "3 s", "h", "1..5s", "3x", "999999999999h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_what_it_reads() {
        for text in ["0s", "3ms", "1h30m", "168h", "15m", "1s500ms"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }
}
