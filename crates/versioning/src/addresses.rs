//! Where new objects go, and the proof that an address was handed out by an installation
//! (format.md §12.2–12.4). Pure: time and identifiers come in as values.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lakefs_runtime::{Ids, Timestamp};
use lakefs_types::xid::{Xid, YEAR_4000};
use parking_lot::Mutex;
use sha2::Sha256;

/// How long an address that was handed out may be linked.
pub const LINK_VALIDITY: Duration = Duration::from_hours(24);

/// A partition takes this many objects.
const PARTITION_OBJECTS: u32 = 50_000;
/// A partition is used this long.
const PARTITION_AGE: Duration = Duration::from_hours(1);

/// Chooses addresses of new objects, relative to the namespace: `data/<partition>/<name>`. Newer
/// partitions sort first.
#[derive(Debug)]
pub struct DataAddresses {
    ids: Arc<Ids>,
    current: Mutex<Option<Partition>>,
}

#[derive(Debug)]
struct Partition {
    id: Xid,
    since: Timestamp,
    left: u32,
}

impl DataAddresses {
    /// A chooser with a partition of its own.
    pub fn new(ids: Arc<Ids>) -> Self {
        Self {
            ids,
            current: Mutex::new(None),
        }
    }

    /// The next address.
    pub fn next(&self) -> String {
        let now = self.ids.clock().now();
        let mut current = self.current.lock();
        let fresh = current
            .take()
            .filter(|p| p.left > 0 && now.since(p.since) < PARTITION_AGE);
        let mut partition = fresh.unwrap_or_else(|| Partition {
            id: self.ids.descending_xid(YEAR_4000),
            since: now,
            left: PARTITION_OBJECTS,
        });
        partition.left -= 1;
        let address = format!("data/{}/{}", partition.id, self.ids.xid());
        *current = Some(partition);
        address
    }
}

/// What a link address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSubject<'a> {
    /// The repository.
    pub repository: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The path.
    pub path: &'a str,
}

/// Why an address cannot be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It carries no signature, or another one than this subject's.
    #[error("address is not signed for this path")]
    Signature,
    /// It was handed out too long ago.
    #[error("address token has expired")]
    Expired,
}

/// Signs a relative address: `data/…/<xid>` becomes `data/…/<xid>,<signature>`, which is also the name
/// the object is stored under.
pub fn sign_link_address(key: &[u8], subject: LinkSubject<'_>, address: &str) -> String {
    format!(
        "{address},{}",
        URL_SAFE_NO_PAD.encode(mac(key, subject, address).finalize().into_bytes())
    )
}

/// Checks a relative address that a client brings back. The age counts from the time in its name.
pub fn verify_link_address(
    key: &[u8],
    subject: LinkSubject<'_>,
    signed: &str,
    now: Timestamp,
) -> Result<(), LinkError> {
    let (address, signature) = signed.rsplit_once(',').ok_or(LinkError::Signature)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| LinkError::Signature)?;
    mac(key, subject, address)
        .verify_slice(&signature)
        .map_err(|_| LinkError::Signature)?;
    let id = address
        .rsplit('/')
        .next()
        .and_then(Xid::parse)
        .ok_or(LinkError::Signature)?;
    // The format keeps 32 bits of the time: the difference is right across a wrap.
    let age = u32::try_from(now.seconds.rem_euclid(1 << 32))
        .unwrap_or(0)
        .wrapping_sub(id.seconds());
    // An address of a server whose clock is ahead is young, not 136 years old.
    let ahead = age > u32::MAX / 2;
    if ahead || u64::from(age) <= LINK_VALIDITY.as_secs() {
        Ok(())
    } else {
        Err(LinkError::Expired)
    }
}

fn mac(key: &[u8], subject: LinkSubject<'_>, address: &str) -> Hmac<Sha256> {
    let mut message = String::from("{\"Repository\":");
    push_json(&mut message, subject.repository);
    message.push_str(",\"Branch\":");
    push_json(&mut message, subject.branch);
    message.push_str(",\"Path\":");
    push_json(&mut message, subject.path);
    message.push_str(",\"PhysicalAddress\":");
    push_json(&mut message, address);
    message.push('}');
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message.as_bytes());
    mac
}

/// A JSON string as the reference server writes it: `<`, `>`, `&` and the two line separators are
/// escaped as well, or signatures of such paths would not agree.
fn push_json(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", c as u32).expect("writing to memory");
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use lakefs_runtime::ManualClock;

    use super::*;

    const KEY: &[u8] = b"OVERRIDE_THIS_SIGNING_SECRET_DEFAULT";
    const SUBJECT: LinkSubject<'_> = LinkSubject {
        repository: "repo1",
        branch: "main",
        path: "a/b",
    };

    /// Vector of format.md §18.16.
    #[test]
    fn published_signature_holds() {
        let address = "data/g0000000000000000000/c0000000000000000000";
        assert_eq!(
            sign_link_address(KEY, SUBJECT, address),
            format!("{address},Oby5ABFjztCZp3wibzWg-fKWcy-eEakCc7iM6WZ7fuo")
        );
    }

    #[test]
    fn an_address_is_good_for_its_subject_for_a_day() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
        let ids = Arc::new(Ids::seeded(1, clock));
        let signed = sign_link_address(KEY, SUBJECT, &DataAddresses::new(ids).next());
        let check = |subject, text: &str, seconds: i64| {
            verify_link_address(
                KEY,
                subject,
                text,
                Timestamp::from_seconds(1_700_000_000 + seconds),
            )
        };
        assert_eq!(check(SUBJECT, &signed, 24 * 3600), Ok(()));
        assert_eq!(check(SUBJECT, &signed, -5), Ok(()));
        assert_eq!(
            check(SUBJECT, &signed, 24 * 3600 + 1),
            Err(LinkError::Expired)
        );
        let other = LinkSubject {
            path: "a/c",
            ..SUBJECT
        };
        assert_eq!(check(other, &signed, 0), Err(LinkError::Signature));
        assert_eq!(
            check(SUBJECT, signed.split(',').next().unwrap(), 0),
            Err(LinkError::Signature)
        );
        assert_eq!(
            check(SUBJECT, &format!("{}AAA", &signed[..signed.len() - 3]), 0),
            Err(LinkError::Signature)
        );
    }

    #[test]
    fn partitions_descend_and_are_left_by_count_and_age() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_700_000_000)));
        let addresses = DataAddresses::new(Arc::new(Ids::seeded(
            1,
            Arc::clone(&clock) as Arc<dyn lakefs_runtime::Clock>,
        )));
        let partition = |address: String| address.split('/').nth(1).unwrap().to_owned();
        let first = partition(addresses.next());
        for _ in 1..PARTITION_OBJECTS {
            assert_eq!(partition(addresses.next()), first);
        }
        let second = partition(addresses.next());
        assert_ne!(second, first);
        clock.advance(PARTITION_AGE);
        assert!(partition(addresses.next()) < first);
    }

    #[test]
    fn json_text_is_escaped_as_the_reference_server_does() {
        let mut out = String::new();
        push_json(&mut out, "a<b>&\u{2028}\u{1}\"\\ż");
        assert_eq!(out, "\"a\\u003cb\\u003e\\u0026\\u2028\\u0001\\\"\\\\ż\"");
    }
}
