//! Tokens, some of them made by another program from the claims the format describes.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn secret() -> SharedSecret {
    SharedSecret::new("some shared secret")
}

fn verify(token: &str) -> Result<String, TokenError> {
    verify_login_token(&secret(), token, NOW)
}

/// A token with any header and claims, signed with HMAC-SHA256.
fn token(header: &str, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mac = hmac_sha256(secret().as_bytes(), &[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

#[test]
fn a_token_names_its_user_until_it_expires() {
    let expires = NOW.plus(std::time::Duration::from_mins(1));
    let token = sign_login_token(&secret(), "admin", "id", NOW, expires);
    assert_eq!(verify(&token).as_deref(), Ok("admin"));
    assert_eq!(
        verify_login_token(&secret(), &token, expires),
        Err(TokenError::Expired)
    );
    assert_eq!(
        verify_login_token(&SharedSecret::new("other"), &token, NOW),
        Err(TokenError::Signature)
    );
}

/// Made with the `hmac` module of Python.
#[test]
fn tokens_of_another_implementation_verify() {
    for (algorithm, token) in [
        ("HS256", include_str!("vectors/hs256.jwt")),
        ("HS384", include_str!("vectors/hs384.jwt")),
        ("HS512", include_str!("vectors/hs512.jwt")),
    ] {
        assert_eq!(verify(token.trim()).as_deref(), Ok("admin"), "{algorithm}");
    }
}

#[test]
fn the_audience_is_login_or_nobody() {
    let with = |aud: &str| {
        verify(&token(
            HS256,
            &format!(r#"{{"sub":"u","exp":1800000000{aud}}}"#),
        ))
    };
    for good in [
        "",
        r#","aud":"login""#,
        r#","aud":["login"]"#,
        r#","aud":["x","login"]"#,
        r#","aud":[]"#,
        r#","aud":"""#,
        r#","aud":null"#,
    ] {
        assert_eq!(with(good).as_deref(), Ok("u"), "{good}");
    }
    for bad in [r#","aud":"auth-client""#, r#","aud":["auth-client"]"#] {
        assert_eq!(with(bad), Err(TokenError::Audience), "{bad}");
    }
}

#[test]
fn unsigned_endless_and_malformed_tokens_prove_nothing() {
    let claims = r#"{"sub":"u","exp":1800000000,"aud":"login"}"#;
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"hs256"}"#,
    ] {
        assert_eq!(verify(&token(header, claims)), Err(TokenError::Signature));
    }
    let unsigned = token(r#"{"alg":"none"}"#, claims);
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(verify(&format!("{signed}.")), Err(TokenError::Signature));
    for claims in [
        r#"{"sub":"u"}"#,
        r#"{"sub":"u","exp":1}"#,
        r#"{"sub":"u","exp":1800000000,"nbf":1750000000}"#,
    ] {
        assert_eq!(verify(&token(HS256, claims)), Err(TokenError::Expired));
    }
    for bad in ["", ".", "..", "abc", "a.b.c", "!.!.!", &"a".repeat(9000)] {
        assert_eq!(verify(bad), Err(TokenError::Malformed), "{bad}");
    }
}
