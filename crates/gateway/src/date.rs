//! Moments as S3 writes them: in headers (RFC 9110) and in documents (ISO 8601). Written by hand, because
//! a page of a listing has a thousand of them.

use http::HeaderValue;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAY: i64 = 86_400;
/// The years the formats can write: 0000-01-01 to 9999-12-31.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

/// Days, months, years and the time of the day.
struct Civil {
    weekday: usize,
    year: u32,
    /// From 1.
    month: u32,
    /// From 1.
    day: u32,
    second: u32,
}

/// The date of a moment in Unix seconds. Years are counted from March, so that the odd month is last.
fn civil(seconds: i64) -> Civil {
    let seconds = seconds.clamp(FIRST, LAST);
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let number = |value: i64| u32::try_from(value).unwrap_or(0);
    // From 0000-03-01; 400 years have 146,097 days.
    let shifted = days + 719_468;
    let (era, of_era) = (
        shifted.div_euclid(146_097),
        number(shifted.rem_euclid(146_097)),
    );
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    Civil {
        weekday: usize::try_from(days.rem_euclid(7)).unwrap_or(0),
        year: number(era * 400 + i64::from(year_of_era) + i64::from(month <= 2)),
        month,
        day: of_year - (153 * from_march + 2) / 5 + 1,
        second: number(second),
    }
}

/// Writes a number with leading zeros over `into`.
fn digits(into: &mut [u8], mut number: u32) {
    for byte in into.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Writes a time of the day over the figures of `15:04:05`.
fn clock(into: &mut [u8], second: u32) {
    let parts = [second / 3600, second / 60 % 60, second % 60];
    for (slot, part) in into.chunks_mut(3).zip(parts) {
        if let Some(slot) = slot.get_mut(..2) {
            digits(slot, part);
        }
    }
}

/// `Mon, 02 Jan 2006 15:04:05 GMT`.
pub(crate) fn http_date(seconds: i64) -> HeaderValue {
    let date = civil(seconds);
    let mut text = *b"Mon, 02 Jan 2006 15:04:05 GMT";
    text[..3].copy_from_slice(DAYS[date.weekday]);
    digits(&mut text[5..7], date.day);
    text[8..11].copy_from_slice(MONTHS[date.month as usize - 1]);
    digits(&mut text[12..16], date.year);
    clock(&mut text[17..25], date.second);
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""))
}

/// `2006-01-02T15:04:05.000Z`. Whole seconds, as S3 has them, so that a listing and the header
/// `Last-Modified` of an object say the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsoDate([u8; 24]);

impl IsoDate {
    /// A moment in Unix seconds.
    pub(crate) fn new(seconds: i64) -> Self {
        let date = civil(seconds);
        let mut text = *b"2006-01-02T15:04:05.000Z";
        digits(&mut text[..4], date.year);
        digits(&mut text[5..7], date.month);
        digits(&mut text[8..10], date.day);
        clock(&mut text[11..19], date.second);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Writes many [`IsoDate`]s: what a moment shares with the one before is not written again. Dividing
/// seconds into years, months and days costs more than the rest of a row of a listing.
#[derive(Debug)]
pub(crate) struct IsoDates {
    second: i64,
    day: i64,
    text: String,
}

impl IsoDates {
    pub(crate) fn new() -> Self {
        Self {
            second: 0,
            day: 0,
            text: IsoDate::new(0).as_str().to_owned(),
        }
    }

    /// A moment in Unix seconds.
    pub(crate) fn text(&mut self, seconds: i64) -> &str {
        let seconds = seconds.clamp(FIRST, LAST);
        if seconds == self.second {
            return &self.text;
        }
        self.second = seconds;
        let day = seconds.div_euclid(DAY);
        if day == self.day
            && let Ok(second) = u32::try_from(seconds.rem_euclid(DAY))
        {
            let mut time = *b"15:04:05";
            clock(&mut time, second);
            if let Ok(time) = std::str::from_utf8(&time) {
                self.text.truncate(11);
                self.text.push_str(time);
                self.text.push_str(".000Z");
            }
        } else {
            self.day = day;
            self.text.clear();
            self.text.push_str(IsoDate::new(seconds).as_str());
        }
        &self.text
    }
}

/// A date of a header, in any of the three forms HTTP has known (RFC 9110 §5.6.7), as Unix seconds.
pub(crate) fn parse_http_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let parsed = DateTimeParser::new().parse_timestamp(text).ok();
    let parsed = parsed.or_else(|| {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .into_iter()
            .find_map(|format| {
                let civil = DateTime::strptime(format, text).ok()?;
                civil.to_zoned(TimeZone::UTC).ok().map(Timestamp::from)
            })
    });
    parsed.map(Timestamp::as_second)
}

/// A date of a document or of one of S3's own headers: ISO 8601 or HTTP's, as Unix seconds.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let iso = text.trim().parse::<Timestamp>().ok();
    iso.map(Timestamp::as_second)
        .or_else(|| parse_http_date(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments_are_written_right() {
        for (seconds, http, iso) in [
            (
                0,
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "1970-01-01T00:00:00.000Z",
            ),
            (
                784_111_777,
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "1994-11-06T08:49:37.000Z",
            ),
            (
                951_782_400,
                "Tue, 29 Feb 2000 00:00:00 GMT",
                "2000-02-29T00:00:00.000Z",
            ),
            (
                i64::MAX,
                "Fri, 31 Dec 9999 23:59:59 GMT",
                "9999-12-31T23:59:59.000Z",
            ),
            (
                i64::MIN,
                "Sat, 01 Jan 0000 00:00:00 GMT",
                "0000-01-01T00:00:00.000Z",
            ),
        ] {
            assert_eq!(http_date(seconds), http);
            assert_eq!(IsoDate::new(seconds).as_str(), iso);
        }
    }

    #[test]
    fn all_forms_of_http_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_http_date(text), Some(784_111_777), "{text}");
        }
        for text in ["", "yesterday", "784111777"] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
        assert_eq!(parse_date("1994-11-06T08:49:37.250Z"), Some(784_111_777));
    }

    proptest! {
        #[test]
        fn many_moments_are_written_like_each(start in -200_000i64..LAST, steps in prop::collection::vec(-90_000i64..90_000, 0..20)) {
            let mut dates = IsoDates::new();
            let mut moment = start;
            for step in steps {
                let alone = IsoDate::new(moment);
                prop_assert_eq!(dates.text(moment), alone.as_str());
                moment += step % 7 * step;
            }
        }

        #[test]
        fn every_moment_reads_back(seconds in 0..LAST) {
            let iso = IsoDate::new(seconds);
            prop_assert_eq!(parse_date(iso.as_str()), Some(seconds));
            let http = http_date(seconds);
            prop_assert_eq!(parse_http_date(http.to_str().unwrap()), Some(seconds));
        }
    }
}
