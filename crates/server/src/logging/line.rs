//! One log line: what an event says, as text or JSON.

use std::fmt::Write as _;

use lakefs_runtime::Timestamp;
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::request_id::RequestId;

/// An event, taken apart.
#[derive(Debug)]
pub(super) struct Line {
    time: String,
    level: &'static str,
    message: String,
    place: Option<String>,
    fields: Vec<(&'static str, serde_json::Value)>,
}

impl Line {
    pub(super) fn of(event: &Event<'_>, now: Timestamp, request: Option<RequestId>) -> Self {
        let metadata = event.metadata();
        let mut line = Self {
            time: format_time(now),
            level: match *metadata.level() {
                tracing::Level::TRACE => "trace",
                tracing::Level::DEBUG => "debug",
                tracing::Level::INFO => "info",
                tracing::Level::WARN => "warning",
                tracing::Level::ERROR => "error",
            },
            message: String::new(),
            place: metadata
                .file()
                .zip(metadata.line())
                .map(|(file, line)| format!("{}:{line}", short_path(file))),
            fields: Vec::new(),
        };
        event.record(&mut line);
        if let Some(request) = request
            && !line.fields.iter().any(|(name, _)| *name == "request_id")
        {
            line.fields.push(("request_id", request.to_string().into()));
        }
        line
    }

    /// `time="…" level=info msg="…" key=value`
    pub(super) fn text(&self) -> String {
        let mut text = format!("time=\"{}\" level={}", self.time, self.level);
        push_pair(&mut text, "msg", &self.message);
        if let Some(place) = &self.place {
            push_pair(&mut text, "file", place);
        }
        for (name, value) in &self.fields {
            match value {
                serde_json::Value::String(value) => push_pair(&mut text, name, value),
                other => push_pair(&mut text, name, &other.to_string()),
            }
        }
        text.push('\n');
        text
    }

    /// One JSON object.
    pub(super) fn json(&self) -> String {
        let mut object = serde_json::Map::new();
        for (name, value) in &self.fields {
            object.insert((*name).to_owned(), value.clone());
        }
        if let Some(place) = &self.place {
            object.insert("file".to_owned(), place.as_str().into());
        }
        object.insert("level".to_owned(), self.level.into());
        object.insert("msg".to_owned(), self.message.as_str().into());
        object.insert("time".to_owned(), self.time.as_str().into());
        let mut text = serde_json::Value::Object(object).to_string();
        text.push('\n');
        text
    }

    fn push(&mut self, field: &Field, value: serde_json::Value) {
        match (field.name(), value) {
            ("message", serde_json::Value::String(text)) => self.message = text,
            (name, value) => self.fields.push((name, value)),
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.push(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value.into());
    }

    /// The whole chain: the cause is usually what helps.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                write!(text, ": {cause_text}").expect("writing to a string cannot fail");
            }
            source = cause.source();
        }
        self.push(field, text.into());
    }
}

fn push_pair(text: &mut String, name: &str, value: &str) {
    let plain = !value.is_empty()
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./@^+:".contains(&b));
    if plain {
        write!(text, " {name}={value}")
    } else {
        write!(text, " {name}={value:?}")
    }
    .expect("writing to a string cannot fail");
}

fn format_time(now: Timestamp) -> String {
    let nanos = i32::try_from(now.nanos).unwrap_or(0);
    jiff::Timestamp::new(now.seconds, nanos).map_or_else(
        |_| now.seconds.to_string(),
        |moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    )
}

/// `crates/kv/src/local.rs` as `kv/local.rs`, and a file of a library without the place where it was
/// on the machine that built this program.
fn short_path(file: &str) -> String {
    let start = file.rfind("crates/").map(|at| at + "crates/".len());
    let start = start.or_else(|| {
        let (before, library) = file.split_once("/registry/src/")?;
        Some(before.len() + "/registry/src/".len() + library.find('/')? + 1)
    });
    let short = file.get(start.unwrap_or(0)..).unwrap_or(file);
    short.replace("/src/", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line {
            time: format_time(Timestamp {
                seconds: 1_600_000_000,
                nanos: 5_000_000,
            }),
            level: "info",
            message: "two words \"here\"\n".to_owned(),
            place: Some(short_path("crates/kv/src/local.rs")),
            fields: vec![
                ("path", "/a b".into()),
                ("count", 3.into()),
                ("branch", "main".into()),
            ],
        }
    }

    #[test]
    fn text_quotes_what_would_break_the_line() {
        assert_eq!(
            line().text(),
            "time=\"2020-09-13T12:26:40.005Z\" level=info msg=\"two words \\\"here\\\"\\n\" \
             file=kv/local.rs path=\"/a b\" count=3 branch=main\n"
        );
    }

    #[test]
    fn files_of_libraries_do_not_tell_where_this_was_built() {
        let file = "/home/me/.cargo/registry/src/index.example-1949cf8c/pool-0.14.2/src/lib.rs";
        assert_eq!(short_path(file), "pool-0.14.2/lib.rs");
        assert_eq!(short_path("crates/kv/src/local.rs"), "kv/local.rs");
    }

    #[test]
    fn json_is_one_object_with_the_fields_beside_the_message() {
        let object: serde_json::Value = serde_json::from_str(&line().json()).unwrap();
        assert_eq!(object["msg"], "two words \"here\"\n");
        assert_eq!(object["count"], 3);
        assert_eq!(object["path"], "/a b");
    }
}
