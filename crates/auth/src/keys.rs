//! Making key pairs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lakefs_runtime::Ids;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// An access key id: `AKIAJ`, 14 of `A-Z2-7`, `Q`.
pub fn generate_access_key_id(ids: &Ids) -> String {
    let random: [u8; 14] = ids.random();
    let middle = random
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    "AKIAJ".chars().chain(middle).chain(['Q']).collect()
}

/// A secret access key: 30 random bytes in base64, 40 characters.
pub fn generate_secret_access_key(ids: &Ids) -> String {
    STANDARD.encode(ids.random::<30>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lakefs_runtime::ManualClock;

    use super::*;

    #[test]
    fn keys_look_like_lakefs_keys() {
        let ids = Ids::seeded(7, Arc::new(ManualClock::default()));
        for _ in 0..100 {
            let id = generate_access_key_id(&ids);
            assert_eq!(id.len(), 20);
            assert!(id.starts_with("AKIAJ") && id.ends_with('Q'), "{id}");
            assert!(id[5..19].bytes().all(|b| ALPHABET.contains(&b)), "{id}");
            assert_eq!(generate_secret_access_key(&ids).len(), 40);
        }
    }
}
