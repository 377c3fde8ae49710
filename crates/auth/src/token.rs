//! Login tokens: JSON Web Tokens signed with the shared secret.
//!
//! Written here rather than taken from a library: three symmetric algorithms and four claims are
//! all there is, the libraries read the machine's clock, and they bring public-key cryptography
//! that nothing here uses. Tokens work on lakeFS and on this server alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lakefs_runtime::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Sha256, Sha384, Sha512};

use crate::SharedSecret;

/// The audience of login tokens.
const LOGIN: &str = "login";
/// Longest token looked at.
const MAX_TOKEN_BYTES: usize = 8 << 10;

#[derive(Serialize)]
struct LoginClaims<'a> {
    aud: &'a str,
    exp: i64,
    iat: i64,
    iss: &'a str,
    jti: &'a str,
    sub: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    aud: Audience,
    exp: Option<f64>,
    nbf: Option<f64>,
    #[serde(default)]
    sub: String,
}

/// One text or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
    Absent(()),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Absent(())
    }
}

impl Audience {
    /// Login tokens name the audience `login`, or none.
    fn is_login(&self) -> bool {
        match self {
            Self::One(one) => one.is_empty() || one == LOGIN,
            Self::Many(many) => many.is_empty() || many.iter().any(|one| one == LOGIN),
            Self::Absent(()) => true,
        }
    }
}

/// A token that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token.
    #[error("malformed token")]
    Malformed,
    /// It is signed by something else, or not signed.
    #[error("token signature does not match")]
    Signature,
    /// It is over, or has not begun, or never ends.
    #[error("token is not valid at this time")]
    Expired,
    /// It is for something else.
    #[error("token is for another audience")]
    Audience,
}

/// A token for `user` from `now` to `expires`, with the unique identifier `id`.
pub fn sign_login_token(
    secret: &SharedSecret,
    user: &str,
    id: &str,
    now: Timestamp,
    expires: Timestamp,
) -> String {
    let claims = LoginClaims {
        aud: LOGIN,
        exp: expires.seconds,
        iat: now.seconds,
        iss: "auth",
        jti: id,
        sub: user,
    };
    let claims = serde_json::to_vec(&claims).expect("texts and numbers serialise");
    let mut token = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let mac = hmac_sha256(secret.as_bytes(), &[token.as_bytes()]);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(mac, &mut token);
    token
}

/// The user a login token was issued to.
pub fn verify_login_token(
    secret: &SharedSecret,
    token: &str,
    now: Timestamp,
) -> Result<String, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
    let header: Header = read(header)?;
    let signature = decode(signature)?;
    if !signature_matches(
        &header.alg,
        secret.as_bytes(),
        signed.as_bytes(),
        &signature,
    ) {
        return Err(TokenError::Signature);
    }
    let claims: Claims = read(claims)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are far below 2^52"
    )]
    let now = now.seconds as f64;
    let begun = claims.nbf.is_none_or(|nbf| nbf <= now);
    if !begun || claims.exp.is_none_or(|exp| exp <= now) {
        return Err(TokenError::Expired);
    }
    if !claims.aud.is_login() {
        return Err(TokenError::Audience);
    }
    Ok(claims.sub)
}

fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

fn read<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, TokenError> {
    serde_json::from_slice(&decode(part)?).map_err(|_| TokenError::Malformed)
}

/// Compares in constant time. Any algorithm but the three symmetric ones, `none` above all, never
/// matches.
fn signature_matches(algorithm: &str, key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    macro_rules! verify {
        ($hash:ty) => {{
            let mut mac = Hmac::<$hash>::new_from_slice(key).expect("any length of key is fine");
            mac.update(signed);
            mac.verify_slice(signature).is_ok()
        }};
    }
    match algorithm {
        "HS256" => verify!(Sha256),
        "HS384" => verify!(Sha384),
        "HS512" => verify!(Sha512),
        _ => false,
    }
}

/// HMAC-SHA256 of pieces laid end to end.
pub(crate) fn hmac_sha256(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length of key is fine");
    for piece in pieces {
        mac.update(piece);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
