//! The basic ISO 8601 form of a moment, `20130524T000000Z`, which signatures cover.

use std::fmt;

/// A moment in UTC with whole seconds, in the years 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AmzDate {
    unix_seconds: i64,
}

const DAY: i64 = 86_400;
const EARLIEST: i64 = -62_167_219_200;
const LATEST: i64 = 253_402_300_799;

impl AmzDate {
    /// A moment by its seconds since the Unix epoch.
    pub fn from_unix(seconds: i64) -> Self {
        Self {
            unix_seconds: seconds.clamp(EARLIEST, LATEST),
        }
    }

    /// Seconds since the Unix epoch.
    pub fn unix(self) -> i64 {
        self.unix_seconds
    }

    /// Parses `YYYYMMDDTHHMMSSZ`.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
        if day.len() != 8 || time.len() != 6 {
            return None;
        }
        let number = |text: Option<&str>| -> Option<i64> {
            let text = text?;
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        let year = number(day.get(..4))?;
        let month = number(day.get(4..6))?;
        let dom = number(day.get(6..))?;
        let hour = number(time.get(..2))?;
        let minute = number(time.get(2..4))?;
        let second = number(time.get(4..))?;
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let days = days_from_civil(year, month, dom)?;
        Some(Self::from_unix(
            days * DAY + hour * 3600 + minute * 60 + second,
        ))
    }

    /// The day alone, `YYYYMMDD`, as scopes have it.
    pub fn day(self) -> String {
        let (year, month, dom) = civil_from_days(self.unix_seconds.div_euclid(DAY));
        format!("{year:04}{month:02}{dom:02}")
    }
}

impl fmt::Display for AmzDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.unix_seconds.rem_euclid(DAY);
        write!(
            f,
            "{}T{:02}{:02}{:02}Z",
            self.day(),
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Days since the epoch of a date in the proleptic Gregorian calendar; `None` if there is no such day.
fn days_from_civil(year: i64, month: i64, dom: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || dom < 1 {
        return None;
    }
    // Years begin in March, so that the leap day is the last of a year.
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted.div_euclid(400);
    let of_era = shifted.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + dom - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    (civil_from_days(days) == (year, month, dom)).then_some(days)
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let dom = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = of_era + era * 400 + i64::from(month <= 2);
    (year, month, dom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_moments_print_and_parse() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (1_709_251_199, "20240229T235959Z"),
            (-1, "19691231T235959Z"),
            (EARLIEST, "00000101T000000Z"),
            (LATEST, "99991231T235959Z"),
        ] {
            let date = AmzDate::from_unix(seconds);
            assert_eq!(date.to_string(), text);
            assert_eq!(AmzDate::parse(text), Some(date));
        }
        assert_eq!(AmzDate::from_unix(i64::MAX).unix(), LATEST);
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for bad in [
            "",
            "20130524",
            "20130524T000000",
            "20130229T000000Z",
            "20131301T000000Z",
            "20130524T240000Z",
            "2013+524T000000Z",
            "20130524T0000 0Z",
            "20130524T00000żZ",
        ] {
            assert_eq!(AmzDate::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_second_parses_back(seconds in EARLIEST..=LATEST) {
            let date = AmzDate::from_unix(seconds);
            prop_assert_eq!(AmzDate::parse(&date.to_string()), Some(date));
        }
    }
}
