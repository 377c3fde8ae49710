//! Reads the connection strings that lakeFS takes: URLs or `key=value` lists, whose unknown
//! parameters are settings of the session.
//!
//! Three kinds of parameters are taken out before the driver reads the rest: those about TLS, whose
//! meanings the driver knows in part; those of other clients' pools, which are ignored; and
//! `lakefskv_table`, which names the table. What neither we nor the driver know is handed to the
//! server.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::str::FromStr as _;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::{Host, SslMode};

const DEFAULT_TABLE: &str = "kv";
const TABLE_PARAMETER: &str = "lakefskv_table";

/// What the driver reads itself.
const DRIVER_PARAMETERS: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "load_balance_hosts",
];

/// What tunes the client of the Go server and has no meaning here.
const IGNORED_PARAMETERS: [&str; 4] = [
    "default_query_exec_mode",
    "description_cache_capacity",
    "statement_cache_capacity",
    "statement_cache_mode",
];

/// How far a server's certificate is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Verification {
    /// Encrypt, whoever it is.
    #[default]
    Nothing,
    /// Its chain, under any name.
    Chain,
    /// Its chain and its name.
    Full,
}

/// TLS as asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsRequest {
    pub(super) verification: Verification,
    pub(super) root_certificates: Option<PathBuf>,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// A connection string, understood.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) config: tokio_postgres::Config,
    pub(super) tls: TlsRequest,
    pub(super) table: String,
}

impl Target {
    /// Parses a connection string. The error never quotes values, which may be secrets.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let (base, parameters) = if is_url {
            split_url(text)?
        } else {
            (String::new(), split_list(text)?)
        };
        let mut parts = Parts::default();
        for Parameter { name, value, raw } in parameters {
            if DRIVER_PARAMETERS.contains(&name.as_str()) {
                parts.driver.push(raw);
            } else if !IGNORED_PARAMETERS.contains(&name.as_str()) && !name.starts_with("pool_") {
                parts.take(&name, value)?;
            }
        }
        let (lead, separator) = if is_url { ("?", "&") } else { ("", " ") };
        let driver = format!("{base}{lead}{}", parts.driver.join(separator));
        let config =
            tokio_postgres::Config::from_str(driver.trim_end_matches('?')).map_err(|error| {
                std::error::Error::source(&error)
                    .unwrap_or(&error)
                    .to_string()
            })?;
        Ok(parts.finish(config))
    }

    /// Where it connects to, without secrets.
    pub(super) fn location(&self) -> String {
        let mut location = String::from("postgres");
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let port = self.config.get_ports();
            let port = port.get(index).or(port.first()).unwrap_or(&5432);
            let host = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            };
            location.push_str(if index == 0 { "://" } else { "," });
            // Writing to a string cannot fail.
            let _: std::fmt::Result = write!(location, "{host}:{port}");
        }
        if let Some(database) = self.config.get_dbname() {
            location.push('/');
            location.push_str(database);
        }
        location
    }
}

#[derive(Debug)]
struct Parameter {
    name: String,
    value: String,
    /// As it was written.
    raw: String,
}

#[derive(Debug, Default)]
struct Parts {
    driver: Vec<String>,
    ssl_mode: Option<String>,
    tls: TlsRequest,
    table: Option<String>,
    session: String,
}

impl Parts {
    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "sslmode" => {
                if !SSL_MODES.contains(&value.as_str()) {
                    return Err(format!("sslmode must be one of {}", SSL_MODES.join(", ")));
                }
                self.ssl_mode = Some(value);
            }
            "sslrootcert" => self.tls.root_certificates = Some(value.into()),
            "sslcert" => self.tls.certificate = Some(value.into()),
            "sslkey" => self.tls.key = Some(value.into()),
            "sslpassword" | "sslsni" | "krbspn" | "krbsrvname" | "passfile" | "service"
            | "servicefile" => return Err(format!("parameter {name} is not supported")),
            TABLE_PARAMETER if value.is_empty() => {
                return Err(format!("parameter {TABLE_PARAMETER} is empty"));
            }
            TABLE_PARAMETER => self.table = Some(value),
            name => {
                let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
                // Writing to a string cannot fail.
                let _: std::fmt::Result = write!(self.session, " -c {name}={value}");
            }
        }
        Ok(())
    }

    fn finish(self, mut config: tokio_postgres::Config) -> Target {
        let mut tls = self.tls;
        let (mode, verification) = match self.ssl_mode.as_deref() {
            Some("disable") => (SslMode::Disable, Verification::Nothing),
            Some("verify-full") => (SslMode::Require, Verification::Full),
            Some("verify-ca") => (SslMode::Require, Verification::Chain),
            // As every PostgreSQL client has it: a root certificate asks to be used.
            Some("require") if tls.root_certificates.is_some() => {
                (SslMode::Require, Verification::Chain)
            }
            Some("require") => (SslMode::Require, Verification::Nothing),
            _ => (SslMode::Prefer, Verification::Nothing),
        };
        tls.verification = verification;
        config.ssl_mode(mode);
        if !self.session.is_empty() {
            let given = config.get_options().unwrap_or_default().to_owned();
            config.options(format!("{given}{}", self.session).trim_start());
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        if config.get_application_name().is_none() {
            config.application_name("lakefs");
        }
        Target {
            config,
            tls,
            table: self.table.unwrap_or_else(|| DEFAULT_TABLE.to_owned()),
        }
    }
}

const SSL_MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

fn split_url(text: &str) -> Result<(String, Vec<Parameter>), String> {
    let (base, query) = text.split_once('?').unwrap_or((text, ""));
    let mut parameters = Vec::new();
    for raw in query.split('&').filter(|raw| !raw.is_empty()) {
        let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
        let decode = |part| {
            percent_decode_str(part)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| "a parameter is not valid UTF-8".to_owned())
        };
        parameters.push(Parameter {
            name: decode(name)?,
            value: decode(value)?,
            raw: raw.to_owned(),
        });
    }
    Ok((base.to_owned(), parameters))
}

/// Splits `a=b c='d e'`; quotes and backslashes as in `libpq`.
fn split_list(text: &str) -> Result<Vec<Parameter>, String> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or("expected a URL or a list of name=value")?;
        let after = after.trim_start();
        let (value, used) = list_value(after)?;
        let name = name.trim();
        parameters.push(Parameter {
            name: name.to_owned(),
            value,
            raw: format!("{name}={}", after.get(..used).unwrap_or_default()),
        });
        rest = after.get(used..).unwrap_or_default().trim_start();
    }
    Ok(parameters)
}

/// The value at the start of a list's rest, and how many bytes it takes there.
fn list_value(text: &str) -> Result<(String, usize), String> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped)) => value.push(escaped),
                None => return Err("a value ends in a backslash".to_owned()),
            },
            '\'' if quoted => return Ok((value, at + 1)),
            character if !quoted && character.is_whitespace() => return Ok((value, at)),
            character => value.push(character),
        }
    }
    if quoted {
        return Err("a quoted value has no end".to_owned());
    }
    Ok((value, text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_lists_mean_the_same() {
        for text in [
            "postgres://me:s%20e@db.example:6543/lake?sslmode=disable&lakefskv_table=kv2\
             &search_path=a%20b&pool_max_conns=3&connect_timeout=7",
            "host=db.example port=6543 user=me password='s e' dbname=lake sslmode=disable \
             lakefskv_table = kv2 search_path=a\\ b pool_max_conns=3 connect_timeout=7",
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.table, "kv2");
            assert_eq!(target.location(), "postgres://db.example:6543/lake");
            assert_eq!(target.config.get_user(), Some("me"));
            assert_eq!(target.config.get_password(), Some(&b"s e"[..]));
            assert_eq!(target.config.get_ssl_mode(), SslMode::Disable);
            assert_eq!(target.config.get_options(), Some("-c search_path=a\\ b"));
            assert!(target.config.get_connect_timeout().is_some());
        }
    }

    #[test]
    fn missing_parts_have_defaults() {
        let target = Target::parse("postgres:///lake").unwrap();
        assert_eq!(target.table, "kv");
        assert_eq!(target.location(), "postgres://localhost:5432/lake");
        assert_eq!(target.config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(target.tls, TlsRequest::default());
        let socket = Target::parse("host=/run/pg dbname=lake").unwrap();
        assert_eq!(socket.location(), "postgres:///run/pg:5432/lake");
    }

    #[test]
    fn tls_modes_say_what_is_verified() {
        let parse = |mode: &str| Target::parse(&format!("postgres://h/d?sslmode={mode}")).unwrap();
        for (mode, ssl_mode, verification) in [
            ("allow", SslMode::Prefer, Verification::Nothing),
            ("require", SslMode::Require, Verification::Nothing),
            (
                "require&sslrootcert=/ca.pem",
                SslMode::Require,
                Verification::Chain,
            ),
            ("verify-ca", SslMode::Require, Verification::Chain),
            ("verify-full", SslMode::Require, Verification::Full),
        ] {
            let target = parse(mode);
            assert_eq!(target.config.get_ssl_mode(), ssl_mode, "{mode}");
            assert_eq!(target.tls.verification, verification, "{mode}");
        }
    }

    #[test]
    fn senseless_strings_are_refused_without_quoting_secrets() {
        for text in [
            "secret",
            "host='secret",
            "password=secret\\",
            "postgres://u:secret@h:notaport/d",
            "postgres://u:secret@h/d?sslmode=secret",
            "postgres://u:secret@h/d?sslpassword=secret",
            "postgres://u:secret@h/d?lakefskv_table=",
            "postgres://u:secret@h/d?x=%ff",
            "port=secret",
        ] {
            let message = Target::parse(text).unwrap_err();
            assert!(!message.contains("secret"), "{text}: {message}");
        }
    }
}
