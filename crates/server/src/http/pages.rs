//! Answers of the parts that are not the API: probes, metrics, logout, and what is not built yet.

use axum::body::Body;
use http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::metrics;

const PAGE: &str = include_str!("page.html");

/// Text with a type.
pub(super) fn text(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// `/_health`: the process answers.
pub(super) fn live(installation_id: &str) -> Response<Body> {
    let body = format!("alive! {installation_id}");
    text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        body.trim_end().to_owned(),
    )
}

/// `/_health/ready`: whether records and objects can be reached.
pub(super) fn ready(ready: bool) -> Response<Body> {
    if ready {
        return text(StatusCode::OK, "text/plain; charset=utf-8", "ready");
    }
    let mut response = text(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        "not ready",
    );
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// `/metrics`, for whoever shows the token if there is one.
pub(super) fn metrics(
    metrics: &metrics::Metrics,
    token: &str,
    headers: &HeaderMap,
) -> Response<Body> {
    if !token.is_empty() && !bears(headers, token) {
        let mut response = text(
            StatusCode::UNAUTHORIZED,
            "text/plain; charset=utf-8",
            "unauthorized",
        );
        response
            .headers_mut()
            .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    text(StatusCode::OK, metrics::CONTENT_TYPE, metrics.render())
}

/// Whether a request bears the token. Takes as long for a wrong token as for the right one.
fn bears(headers: &HeaderMap, token: &str) -> bool {
    let Some(given) = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
    else {
        return false;
    };
    given.len() == token.len()
        && given
            .iter()
            .zip(token.as_bytes())
            .fold(0, |difference, (a, b)| difference | (a ^ b))
            == 0
}

/// `/logout`: forgets the session cookie and goes to the login page.
pub(super) fn logout(redirect: &HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(LOCATION, redirect.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        SET_COOKIE,
        HeaderValue::from_static(
            "internal_auth_session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; \
             HttpOnly; SameSite=Lax",
        ),
    );
    response
}

/// Parts of other editions.
pub(super) fn not_offered() -> Response<Body> {
    text(
        StatusCode::NOT_IMPLEMENTED,
        "text/plain; charset=utf-8",
        "Not Implemented",
    )
}

/// Paths of the web interface, until it is built: a page for people, JSON for programs.
pub(super) fn page(path: &str, headers: &HeaderMap) -> Response<Body> {
    let wants_html = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let status = if path == "/" {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    if wants_html || path == "/" {
        let mut response = text(status, "text/html; charset=utf-8", PAGE);
        response
            .headers_mut()
            .insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        return response;
    }
    text(status, "application/json", "{\"message\":\"not found\"}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_open_without_a_token_and_closed_with_one() {
        let figures = metrics::Metrics::new();
        let mut headers = HeaderMap::new();
        assert_eq!(metrics(&figures, "", &headers).status(), 200);
        assert_eq!(metrics(&figures, "t0ken", &headers).status(), 401);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer token"));
        assert_eq!(metrics(&figures, "t0ken", &headers).status(), 401);
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer t0ken"));
        assert_eq!(metrics(&figures, "t0ken", &headers).status(), 200);
    }

    #[test]
    fn people_get_a_page_and_programs_json() {
        let mut headers = HeaderMap::new();
        let answer = page("/repositories", &headers);
        assert_eq!(
            (answer.status(), &answer.headers()[CONTENT_TYPE]),
            (
                StatusCode::NOT_FOUND,
                &HeaderValue::from_static("application/json")
            )
        );
        headers.insert(ACCEPT, HeaderValue::from_static("text/html,*/*"));
        assert_eq!(
            page("/repositories", &headers).headers()[CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        assert_eq!(page("/", &HeaderMap::new()).status(), StatusCode::OK);
    }
}
