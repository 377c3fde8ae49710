//! Presigned URLs: when they end, and renewing them.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A URL with less time left than this is renewed before use.
const MARGIN_SECONDS: i64 = 15;

/// Whether a URL ends so soon that it should be renewed. One that does not say is taken as good.
pub(crate) fn ends_soon(url: &str, now: i64) -> bool {
    end_of(url).is_some_and(|end| end - now < MARGIN_SECONDS)
}

/// When a URL signed for S3 ends, in Unix seconds.
fn end_of(url: &str) -> Option<i64> {
    let (_, query) = url.split_once('?')?;
    let parameters: HashMap<&str, &str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let signed = parameters.get("X-Amz-Date")?;
    let lifetime: i64 = parameters.get("X-Amz-Expires")?.parse().ok()?;
    let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", signed).ok()?;
    let signed = signed.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    signed.checked_add(lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_renewed_shortly_before_its_end() {
        let url = "https://b/k?X-Amz-Date=20240101T000000Z&X-Amz-Expires=900&X-Amz-Signature=s";
        let end = 1_704_067_200 + 900;
        assert_eq!(end_of(url), Some(end));
        assert!(!ends_soon(url, end - 15));
        assert!(ends_soon(url, end - 14));
        assert!(!ends_soon("https://b/k?sig=1", i64::MAX));
    }
}
