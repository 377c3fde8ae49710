//! The shared secret of an installation (`auth.encrypt.secret_key`) and the encryption of stored
//! secret access keys under it.
//!
//! Stored form (docs/format/auth.md): salt\[8\] ‖ nonce\[24\] ‖ secretbox (tag\[16\] ‖ ciphertext), the
//! key being scrypt(N=512, r=8, p=1) of the shared secret and the salt. Secrets stay readable because
//! request signatures need them.

use std::fmt;

use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use lakefs_runtime::Ids;

const SALT: usize = 8;
const NONCE: usize = 24;
/// scrypt cost: log2 of N = 512.
const LOG_N: u8 = 9;

/// The shared secret. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret(Vec<u8>);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret")
    }
}

/// The stored bytes are not something this secret encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored secret does not decrypt")]
pub struct DecryptError;

impl SharedSecret {
    /// Takes the setting's text as it is.
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Encrypts under a fresh salt and nonce: the same text never gives the same bytes.
    pub fn encrypt(&self, plain: &str, ids: &Ids) -> Vec<u8> {
        let salt: [u8; SALT] = ids.random();
        let nonce: [u8; NONCE] = ids.random();
        let sealed = self
            .cipher(&salt)
            .encrypt(Nonce::from_slice(&nonce), plain.as_bytes())
            .expect("a secret key is far below the cipher's limit");
        [&salt[..], &nonce[..], &sealed[..]].concat()
    }

    /// Decrypts what [`SharedSecret::encrypt`], or lakeFS, stored. Costs about a millisecond.
    pub fn decrypt(&self, stored: &[u8]) -> Result<String, DecryptError> {
        let (salt, rest) = stored.split_at_checked(SALT).ok_or(DecryptError)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE).ok_or(DecryptError)?;
        let plain = self
            .cipher(salt)
            .decrypt(Nonce::from_slice(nonce), sealed)
            .map_err(|_| DecryptError)?;
        String::from_utf8(plain).map_err(|_| DecryptError)
    }

    fn cipher(&self, salt: &[u8]) -> XSalsa20Poly1305 {
        let params = scrypt::Params::new(LOG_N, 8, 1).expect("constant parameters are valid");
        let mut key = [0u8; 32];
        scrypt::scrypt(&self.0, salt, &params, &mut key).expect("32 bytes is a valid length");
        XSalsa20Poly1305::new(Key::from_slice(&key))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lakefs_runtime::ManualClock;

    use super::*;

    fn ids() -> Ids {
        Ids::seeded(1, Arc::new(ManualClock::default()))
    }

    #[test]
    fn secrets_read_back_and_differ_each_time() {
        let (secret, ids) = (SharedSecret::new("shared"), ids());
        let (one, two) = (
            secret.encrypt("s3cret", &ids),
            secret.encrypt("s3cret", &ids),
        );
        assert_ne!(one, two);
        assert_eq!(one.len(), 48 + "s3cret".len());
        assert_eq!(secret.decrypt(&one).as_deref(), Ok("s3cret"));
        assert_eq!(secret.decrypt(&two).as_deref(), Ok("s3cret"));
    }

    #[test]
    fn another_key_or_damaged_bytes_do_not_decrypt() {
        let secret = SharedSecret::new("shared");
        let stored = secret.encrypt("s3cret", &ids());
        assert_eq!(
            SharedSecret::new("other").decrypt(&stored),
            Err(DecryptError)
        );
        for cut in 0..stored.len() {
            assert_eq!(secret.decrypt(&stored[..cut]), Err(DecryptError), "{cut}");
        }
        for index in 0..stored.len() {
            let mut damaged = stored.clone();
            damaged[index] ^= 1;
            assert_eq!(secret.decrypt(&damaged), Err(DecryptError), "{index}");
        }
    }

    /// The administrator's credential of an installation written by lakeFS v1.84.
    #[test]
    fn a_secret_stored_by_lakefs_decrypts() {
        let stored = hex::decode(concat!(
            "f5d9665445fc4490654ebb5dce4cecb051130de98ee73eb01e2865b389fb09ba",
            "6c74a3fe4e3a04730b81dcedd8861edc3243c2d06f12876b9791e0db0b81807c",
            "0f6abd401b9ff5fcf3f5eaf67142cac66f87f78ed1a63ccb",
        ))
        .unwrap();
        assert_eq!(
            SharedSecret::new("golden secret key")
                .decrypt(&stored)
                .as_deref(),
            Ok("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        );
    }
}
