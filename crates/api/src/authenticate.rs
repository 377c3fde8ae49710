//! Who sent a request: bearer token, then basic credentials, then the session cookie.
//!
//! The first that is presented decides; a wrong one ends the request even where nobody need be
//! logged in. Nothing presented is an anonymous caller, whom the use-case then refuses or not.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use lakefs_service::{Caller, Claim, Error, Service};

/// Sets the user whom the request's headers prove, if they claim one.
pub(crate) async fn authenticate(
    service: &Service,
    headers: &HeaderMap,
    caller: &mut Caller,
) -> Result<(), Error> {
    if let Some(claim) = claim(headers)? {
        caller.user = Some(service.authenticate_claim(claim).await?);
    }
    Ok(())
}

fn claim(headers: &HeaderMap) -> Result<Option<Claim<'_>>, Error> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().map_err(|_| Error::unauthenticated())?;
        if let Some(claim) = Claim::of_authorization(value) {
            return Ok(Some(claim));
        }
    }
    let cookies = headers.get_all(COOKIE).iter();
    Ok(Claim::of_cookies(
        cookies.filter_map(|value| value.to_str().ok()),
    ))
}
