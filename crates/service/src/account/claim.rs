//! What a request claims in its headers, still encoded: bearer token, basic credentials or session cookie.
//! Every protocol reads them alike; which headers count and what a refusal looks like is theirs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::account::login::{Presented, SESSION_COOKIE, User};
use crate::{Error, Result, Service};

/// A claim about who sent a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim<'h> {
    /// `Authorization: Bearer`.
    Bearer(&'h str),
    /// `Authorization: Basic`, in Base64.
    Basic(&'h str),
    /// Value of the session cookie.
    Session(&'h str),
}

impl<'h> Claim<'h> {
    /// The claim of an `Authorization` header; `None` for a scheme that is not one of ours. Schemes are
    /// recognised in any case.
    pub fn of_authorization(value: &'h str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            Some(Self::Bearer(rest.trim()))
        } else if scheme.eq_ignore_ascii_case("basic") {
            Some(Self::Basic(rest.trim()))
        } else {
            None
        }
    }

    /// The session among the `Cookie` headers of a request.
    pub fn of_cookies(cookies: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        cookies
            .into_iter()
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == SESSION_COOKIE && !value.is_empty())
            .map(|(_, value)| Self::Session(value))
    }
}

impl Service {
    /// Finds out whether a claim is true, and of whom.
    pub async fn authenticate_claim(&self, claim: Claim<'_>) -> Result<std::sync::Arc<User>> {
        let decoded;
        let presented = match claim {
            Claim::Bearer(token) => Presented::Bearer(token),
            Claim::Session(session) => Presented::Session(session),
            Claim::Basic(encoded) => {
                decoded = STANDARD
                    .decode(encoded)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(Error::unauthenticated)?;
                let (access_key_id, secret_access_key) =
                    decoded.split_once(':').ok_or_else(Error::unauthenticated)?;
                Presented::Basic {
                    access_key_id,
                    secret_access_key,
                }
            }
        };
        self.authenticate(presented).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_recognised_in_any_case() {
        for (value, wanted) in [
            ("Bearer abc", Some(Claim::Bearer("abc"))),
            ("BASIC  abc ", Some(Claim::Basic("abc"))),
            ("Bearer", None),
            ("AWS4-HMAC-SHA256 x", None),
        ] {
            assert_eq!(Claim::of_authorization(value), wanted, "{value}");
        }
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let found = Claim::of_cookies(["a=b; internal_auth_session=xyz="]);
        assert_eq!(found, Some(Claim::Session("xyz=")));
        assert_eq!(Claim::of_cookies(["internal_auth_session="]), None);
    }
}
