//! The value of a session cookie, as lakeFS's cookie store writes it: a login token wrapped with a
//! date and a signature under the shared secret (docs/format/auth.md).
//!
//! base64url( `<unix seconds>|<payload>|` ‖ mac\[32\] ), payload = base64url(gob of {"token": …}),
//! mac = HMAC-SHA256(secret, `<cookie name>|<unix seconds>|<payload>`). Sessions begun on lakeFS go on
//! here, and the other way round.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use lakefs_runtime::Timestamp;
use subtle::ConstantTimeEq as _;

use crate::SharedSecret;
use crate::gob;
use crate::token::hmac_sha256;

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "internal_auth_session";
/// How long a cookie lives, seconds; the token in it usually ends sooner.
pub const SESSION_MAX_AGE_SECS: u32 = 30 * 24 * 3600;
/// Longest value, also of lakeFS.
const MAX_VALUE_BYTES: usize = 4096;
const TOKEN: &str = "token";

/// Value of the session cookie for a login token.
pub fn session_cookie(secret: &SharedSecret, token: &str, now: Timestamp) -> String {
    let payload = URL_SAFE.encode(gob::encode_map(&[(TOKEN, token)]));
    let seconds = now.seconds.to_string();
    let mac = sign(secret, &seconds, &payload);
    let mut value = format!("{seconds}|{payload}|").into_bytes();
    value.extend_from_slice(&mac);
    URL_SAFE.encode(value)
}

/// The login token in a session cookie; `None` when the value is damaged, forged or too old. The
/// token has yet to be verified.
pub fn token_of_session_cookie(
    secret: &SharedSecret,
    value: &str,
    now: Timestamp,
) -> Option<String> {
    if value.len() > MAX_VALUE_BYTES {
        return None;
    }
    let value = URL_SAFE.decode(value).ok()?;
    // The signature is raw bytes and may hold the separator itself.
    let (text, mac) = value.split_at_checked(value.len().checked_sub(32)?)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('|')?;
    let (seconds, payload) = text.split_once('|')?;
    if !bool::from(sign(secret, seconds, payload).ct_eq(mac)) {
        return None;
    }
    let issued: i64 = seconds.parse().ok()?;
    if now.seconds.checked_sub(issued)? > i64::from(SESSION_MAX_AGE_SECS) {
        return None;
    }
    let entries = gob::decode_map(&URL_SAFE.decode(payload).ok()?)?;
    entries
        .into_iter()
        .find_map(|(key, value)| (key == TOKEN).then_some(value))
}

fn sign(secret: &SharedSecret, seconds: &str, payload: &str) -> [u8; 32] {
    let pieces = [SESSION_COOKIE, "|", seconds, "|", payload];
    hmac_sha256(secret.as_bytes(), &pieces.map(str::as_bytes))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    #[test]
    fn a_cookie_gives_its_token_back_for_thirty_days() {
        let secret = SharedSecret::new("shared");
        let cookie = session_cookie(&secret, "a.b.c", NOW);
        let read = |days: u64| {
            let later = NOW.plus(Duration::from_secs(days * 24 * 3600));
            token_of_session_cookie(&secret, &cookie, later)
        };
        assert_eq!(read(0).as_deref(), Some("a.b.c"));
        assert_eq!(read(30).as_deref(), Some("a.b.c"));
        assert_eq!(read(31), None);
        let other = SharedSecret::new("other");
        assert_eq!(token_of_session_cookie(&other, &cookie, NOW), None);
    }

    #[test]
    fn a_changed_cookie_is_nothing() {
        let secret = SharedSecret::new("shared");
        let raw = URL_SAFE
            .decode(session_cookie(&secret, "a.b.c", NOW))
            .unwrap();
        for index in 0..raw.len() {
            let mut damaged = raw.clone();
            damaged[index] ^= 1;
            let value = URL_SAFE.encode(damaged);
            assert_eq!(
                token_of_session_cookie(&secret, &value, NOW),
                None,
                "{index}"
            );
        }
        for value in ["", "a", "fA==", &"A".repeat(5000)] {
            assert_eq!(
                token_of_session_cookie(&secret, value, NOW),
                None,
                "{value}"
            );
        }
    }
}
