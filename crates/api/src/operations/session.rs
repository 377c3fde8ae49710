//! Logging in, and who one is.

use http::HeaderValue;
use http::header::SET_COOKIE;
use lakefs_service::{Error, ErrorKind, SESSION_COOKIE, UserInfo};
use lakefs_wire as wire;

use crate::body::JsonBody;
use crate::operation::operation;
use crate::respond::{Json, WithHeader};

operation! {
    /// Begins a session: a token, and the same in a cookie for browsers.
    Login(), body JsonBody<wire::LoginInformation> => OK WithHeader<wire::AuthenticationToken>;
    |call, _, JsonBody(body)| {
        let login = call.service.login(call.caller, &body.access_key_id, &body.secret_access_key).await?;
        let secure = if call.tls { "; Secure" } else { "" };
        let cookie = format!(
            "{SESSION_COOKIE}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}",
            login.cookie, login.cookie_max_age_secs
        );
        let value = HeaderValue::try_from(cookie)
            .map_err(|error| Error::new(ErrorKind::Internal, "session cookie").caused_by(error))?;
        Ok(WithHeader {
            body: wire::AuthenticationToken {
                token: login.token,
                token_expiration: Some(login.token_expiration),
            },
            name: SET_COOKIE,
            value,
        })
    }
}

operation! {
    /// Who the caller is; an empty user when nobody.
    GetCurrentUser(), => OK Json<wire::CurrentUser>;
    |call, _, _| {
        let user = call.service.get_current_user(call.caller).await?;
        Ok(Json(wire::CurrentUser { user: user_of(user) }))
    }
}

operation! {
    /// What the login page may offer: nothing, with one administrator.
    GetAuthCapabilities(), => OK Json<wire::AuthCapabilities>;
    |_, _, _| {
        Ok(Json(wire::AuthCapabilities { forgot_password: None, invite_user: Some(false) }))
    }
}

pub(super) fn user_of(user: UserInfo) -> wire::User {
    wire::User {
        creation_date: user.creation_date,
        email: user.email,
        friendly_name: user.friendly_name,
        id: user.id,
    }
}
