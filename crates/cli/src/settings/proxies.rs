//! Proxies, from the variables everybody uses: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, upper or lower
//! case. This machine is never reached through a proxy.

use std::net::IpAddr;

use base64::Engine as _;
use http::Uri;
use percent_encoding::percent_decode_str;

use super::Environment;
use crate::error::{Error, Result};

/// A proxy that is spoken to over plain HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Where it is.
    pub(crate) uri: Uri,
    /// What it wants to be told about the caller, as the value of `Proxy-Authorization`.
    pub(crate) authorization: Option<String>,
}

/// Which requests go through which proxy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    bypass: Vec<String>,
}

impl Proxies {
    /// Reads the variables.
    pub(crate) fn of(environment: &Environment) -> Result<Self> {
        let variable = |name: &str| {
            let found = environment
                .get(name)
                .or_else(|| environment.get(&name.to_lowercase()));
            found.unwrap_or_default().trim().to_owned()
        };
        let bypass = variable("NO_PROXY");
        let bypass = bypass
            .split(',')
            .map(|entry| entry.trim().to_ascii_lowercase());
        Ok(Self {
            http: parse("HTTP_PROXY", &variable("HTTP_PROXY"))?,
            https: parse("HTTPS_PROXY", &variable("HTTPS_PROXY"))?,
            bypass: bypass.filter(|entry| !entry.is_empty()).collect(),
        })
    }

    /// The proxy for a request, if it goes through one.
    pub(crate) fn proxy_for(&self, uri: &Uri) -> Option<&Proxy> {
        let proxy = match uri.scheme_str() {
            Some("https") => self.https.as_ref(),
            _ => self.http.as_ref(),
        }?;
        let host = uri.host()?.trim_matches(['[', ']']).to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let local = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let port = uri.port_u16();
        let bypassed = self.bypass.iter().any(|entry| covers(entry, &host, port));
        (!local && !bypassed).then_some(proxy)
    }
}

/// Whether an entry of `NO_PROXY` means a host: `*`, a domain and all below it, or with a port only
/// that one.
fn covers(entry: &str, host: &str, port: Option<u16>) -> bool {
    if entry == "*" {
        return true;
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') => match digits.parse::<u16>() {
            Ok(only) => (name, Some(only)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    };
    if only.is_some() && only != port {
        return false;
    }
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    host == name
        || host
            .strip_suffix(name)
            .is_some_and(|rest| rest.ends_with('.'))
}

fn parse(variable: &str, text: &str) -> Result<Option<Proxy>> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = |why: &str| Error::failed(format!("{variable}: {why}"));
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let uri: Uri = full.parse().map_err(|_| bad("not a URL"))?;
    let authority = uri.authority().ok_or_else(|| bad("not a URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(bad("only proxies at http:// addresses are supported"));
    }
    let authorization = authority.as_str().rsplit_once('@').map(|(user, _)| {
        let user = percent_decode_str(user).decode_utf8_lossy();
        let encoded = base64::engine::general_purpose::STANDARD.encode(user.as_bytes());
        format!("Basic {encoded}")
    });
    let port = authority.port_u16().unwrap_or(80);
    let uri = format!("http://{}:{port}", authority.host());
    let uri = uri.parse().map_err(|_| bad("not a URL"))?;
    Ok(Some(Proxy { uri, authorization }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_through(proxies: &Proxies, url: &str) -> Option<String> {
        let proxy = proxies.proxy_for(&url.parse().unwrap())?;
        Some(proxy.uri.to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_some_hosts_have_none() {
        let environment = Environment::from([
            ("HTTP_PROXY", "http://us%65r:pw@proxy:3128"),
            ("https_proxy", "secure.proxy"),
            ("NO_PROXY", "internal.example, .corp,other:8000,10.0.0.1"),
        ]);
        let proxies = Proxies::of(&environment).unwrap();
        let http = Some("http://proxy:3128/".to_owned());
        let https = Some("http://secure.proxy:80/".to_owned());
        assert_eq!(goes_through(&proxies, "http://lake:8000/x"), http);
        assert_eq!(goes_through(&proxies, "https://lake/x"), https);
        for direct in [
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
            "https://internal.example",
            "https://a.internal.example",
            "https://lake.corp",
            "http://other:8000",
            "http://10.0.0.1",
        ] {
            assert_eq!(goes_through(&proxies, direct), None, "{direct}");
        }
        assert_eq!(goes_through(&proxies, "http://other:9000"), http);
        assert_eq!(goes_through(&proxies, "http://notinternal.example"), http);
        let proxy = proxies.proxy_for(&"http://lake".parse().unwrap()).unwrap();
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dXNlcjpwdw=="));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable() {
        let environment = Environment::from([("HTTPS_PROXY", "socks5://proxy:1080")]);
        let error = Proxies::of(&environment).unwrap_err().to_string();
        assert!(error.starts_with("HTTPS_PROXY: "), "{error}");
        assert!(
            Proxies::of(&Environment::default())
                .unwrap()
                .proxy_for(&"http://x".parse().unwrap())
                .is_none()
        );
    }
}
