//! Small pieces of text that several commands write the same way.

use std::fmt::Write as _;

/// Fills up with spaces on the right to a number of characters.
pub(crate) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// A size in powers of 1000: `512 B`, `1.5 kB`.
pub(crate) fn human_bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut divisor = 1000_u64;
    let mut unit = 0;
    while unit + 1 < UNITS.len() && size / divisor >= 1000 {
        divisor *= 1000;
        unit += 1;
    }
    let tenths = (u128::from(size) * 10 + u128::from(divisor) / 2) / u128::from(divisor);
    let name = UNITS.get(unit).copied().unwrap_or("EB");
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A moment in Unix seconds, in the local time zone: `2006-01-02 15:04:05 -0700 MST`.
pub(crate) fn date(unix_seconds: i64) -> String {
    match jiff::Timestamp::from_second(unix_seconds) {
        Ok(moment) => moment
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S %z %Z")
            .to_string(),
        Err(_) => format!("{unix_seconds} (Unix seconds)"),
    }
}

/// Escapes a text for HTML-like labels.
pub(crate) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => {
                _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counted_in_thousands() {
        for (size, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1500, "1.5 kB"),
            (20_900, "20.9 kB"),
            (2_000_000, "2.0 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(human_bytes(size), text);
        }
    }

    #[test]
    fn padding_counts_characters_and_never_cuts() {
        assert_eq!(pad("ż", 3), "ż  ");
        assert_eq!(pad("common_prefix", 12), "common_prefix");
    }

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(
            escape_html("Merge 'a' <b> & \"c\""),
            "Merge &#39;a&#39; &lt;b&gt; &amp; &#34;c&#34;"
        );
    }
}
