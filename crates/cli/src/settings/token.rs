//! The token that a login elsewhere left for this user, used when no key pair is configured.

use serde::Deserialize;

use super::Environment;

#[derive(Debug, Deserialize)]
struct CachedToken {
    token: String,
    #[serde(default)]
    token_expiration: i64,
}

/// The cached token, unless there is none or it has expired.
pub(crate) fn cached(environment: &Environment) -> Option<String> {
    let path = environment
        .home()?
        .join(".lakectl/cache/lakectl_token_cache.json");
    let cached: CachedToken = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let live = cached.token_expiration == 0
        || cached.token_expiration > jiff::Timestamp::now().as_second();
    (live && !cached.token.is_empty()).then_some(cached.token)
}
