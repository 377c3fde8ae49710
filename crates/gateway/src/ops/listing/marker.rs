//! Where a page of a listing begins, and the token that says so.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::invalid;
use crate::error::S3Error;

/// Version of the tokens: the first byte of what they encode. The rest is the last key of a page.
const TOKEN_VERSION: u8 = 1;

/// Where a list in one reference begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After<'a> {
    /// At its first path.
    Start,
    /// After this path.
    Path(&'a str),
    /// Nowhere: all its keys come before.
    End,
}

/// Where the keys that begin with `lead` go on after `key`.
pub(super) fn after_key<'a>(lead: &str, key: &'a str) -> After<'a> {
    match key.strip_prefix(lead) {
        Some("") => After::Start,
        Some(path) => After::Path(path),
        None if key < lead => After::Start,
        None => After::End,
    }
}

/// A token for the page after `key`. What is in it is nobody's business but ours.
pub(in crate::ops) fn encode_token(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len() + 1);
    bytes.push(TOKEN_VERSION);
    bytes.extend_from_slice(key.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key in a token of ours.
pub(in crate::ops) fn decode_token(token: &str) -> Result<String, S3Error> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| match bytes.split_first() {
        Some((&TOKEN_VERSION, key)) => String::from_utf8(key.to_vec()).ok(),
        _ => None,
    });
    key.ok_or_else(|| {
        invalid(
            "continuation-token",
            token,
            "The continuation token provided is incorrect",
        )
    })
}
