//! Signing keys: derived from a secret for one day, region and service, and remembered.

use std::collections::HashMap;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::{ALGORITHM, AmzDate};

/// What a signing key is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Day, `YYYYMMDD`.
    pub day: String,
    /// Region, such as `us-east-1`.
    pub region: String,
    /// Service, such as `s3`.
    pub service: String,
}

impl Scope {
    /// Parses `day/region/service/aws4_request`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let scope = Self {
            day: parts.next()?.to_owned(),
            region: parts.next()?.to_owned(),
            service: parts.next()?.to_owned(),
        };
        (parts.next()? == "aws4_request" && parts.next().is_none()).then_some(scope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/aws4_request",
            self.day, self.region, self.service
        )
    }
}

/// A derived key. Its bytes are never printed.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// Derives the key of a scope.
    pub fn derive(secret: &str, scope: &Scope) -> Self {
        let first = hmac(format!("AWS4{secret}").as_bytes(), scope.day.as_bytes());
        let parts = [&scope.region, &scope.service, "aws4_request"];
        Self(
            parts
                .into_iter()
                .fold(first, |key, part: &str| hmac(&key, part.as_bytes())),
        )
    }

    /// Signs a text; lower-case hex.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(hmac(&self.0, string_to_sign.as_bytes()))
    }

    /// Signs a canonical request.
    pub fn sign_request(&self, date: AmzDate, scope: &Scope, canonical: &str) -> String {
        let hash = hex::encode(Sha256::digest(canonical));
        self.sign(&format!("{ALGORITHM}\n{date}\n{scope}\n{hash}"))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// Remembers derived keys: deriving costs four HMACs, and a scope serves a whole day.
#[derive(Debug)]
pub struct KeyCache {
    capacity: usize,
    known: Mutex<Known>,
}

/// By access key id; each has few scopes at a time.
#[derive(Debug, Default)]
struct Known {
    keys: HashMap<String, Vec<KnownKey>>,
    count: usize,
}

/// A key, what it is good for, and the secret it came from.
#[derive(Debug)]
struct KnownKey {
    scope: Scope,
    secret: Secret,
    key: SigningKey,
}

/// A secret that is never printed.
struct Secret(Box<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl KeyCache {
    /// A cache of at most `capacity` keys.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            known: Mutex::default(),
        }
    }

    /// The key of an access key's secret for a scope. A changed secret is noticed.
    pub fn get(&self, access_key_id: &str, secret: &str, scope: &Scope) -> SigningKey {
        let fits = |known: &&KnownKey| known.scope == *scope && *known.secret.0 == *secret;
        let found = {
            let known = self.known.lock();
            let keys = known.keys.get(access_key_id);
            keys.and_then(|keys| Some(keys.iter().find(fits)?.key.clone()))
        };
        found.unwrap_or_else(|| {
            let key = SigningKey::derive(secret, scope);
            let fresh = KnownKey {
                scope: scope.clone(),
                secret: Secret(secret.into()),
                key: key.clone(),
            };
            self.known.lock().add(access_key_id, fresh, self.capacity);
            key
        })
    }
}

impl Known {
    fn add(&mut self, access_key_id: &str, fresh: KnownKey, capacity: usize) {
        if self.count >= capacity {
            // Yesterday's keys go first; a cache of today's keys alone starts anew.
            self.retain(|known| known.scope.day == fresh.scope.day);
            if self.count >= capacity {
                self.retain(|_| false);
            }
        }
        let keys = self.keys.entry(access_key_id.to_owned()).or_default();
        self.count -= keys.len();
        keys.retain(|known| known.scope != fresh.scope);
        keys.push(fresh);
        self.count += keys.len();
    }

    fn retain(&mut self, keep: impl Fn(&KnownKey) -> bool) {
        self.keys.retain(|_, keys| {
            keys.retain(&keep);
            !keys.is_empty()
        });
        self.count = self.keys.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(day: &str) -> Scope {
        Scope::parse(&format!("{day}/us-east-1/iam/aws4_request")).unwrap()
    }

    /// The derived key AWS publishes as an example.
    #[test]
    fn the_published_key_is_derived() {
        let key = SigningKey::derive(
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            &scope("20150830"),
        );
        assert_eq!(
            hex::encode(key.0),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }

    #[test]
    fn the_cache_is_bounded_and_notices_new_secrets() {
        let cache = KeyCache::new(2);
        for (user, secret, day) in [
            ("a", "1", "20150830"),
            ("b", "2", "20150830"),
            ("a", "3", "20150830"),
            ("c", "4", "20150831"),
            ("d", "5", "20150831"),
            ("e", "6", "20150831"),
        ] {
            let key = cache.get(user, secret, &scope(day));
            assert_eq!(key.0, SigningKey::derive(secret, &scope(day)).0);
            assert_eq!(key.0, cache.get(user, secret, &scope(day)).0);
            assert!(cache.known.lock().count <= 2);
        }
    }

    #[test]
    fn scopes_parse_and_print() {
        let text = "20150830/eu-1/s3/aws4_request";
        assert_eq!(Scope::parse(text).unwrap().to_string(), text);
        for bad in ["", "a/b/c", "a/b/c/aws5_request", "a/b/c/aws4_request/d"] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }
}
