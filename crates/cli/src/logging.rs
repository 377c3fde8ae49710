//! Logs of what the client does, for whoever looks into a problem. Off unless asked for.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::{GlobalFlags, LogFormat};
use crate::error::{Error, Result};

/// Where log lines go: all of these.
#[derive(Debug, Clone)]
struct Outputs(Arc<Vec<Output>>);

#[derive(Debug)]
enum Output {
    Stdout,
    Stderr,
    File(std::fs::File),
}

impl Write for &Outputs {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        for output in self.0.iter() {
            match output {
                Output::Stdout => io::stdout().write_all(line)?,
                Output::Stderr => io::stderr().write_all(line)?,
                Output::File(file) => (&mut &*file).write_all(line)?,
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Outputs {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

/// Starts logging as the flags say.
pub(crate) fn start(global: &GlobalFlags) -> Result<()> {
    let level = match global.log_level.to_ascii_lowercase().as_str() {
        "" | "none" | "null" | "off" => return Ok(()),
        "panic" | "fatal" | "error" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        other => return Err(Error::failed(format!("unknown log level {other:?}"))),
    };
    let open = |name: &String| match name.as_str() {
        "-" => Ok(Output::Stdout),
        "=" => Ok(Output::Stderr),
        path => OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map(Output::File)
            .map_err(|error| Error::file("open log", path.as_ref(), &error)),
    };
    let mut outputs = global
        .log_output
        .iter()
        .map(open)
        .collect::<Result<Vec<_>>>()?;
    if outputs.is_empty() {
        outputs.push(Output::Stderr);
    }
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(Outputs(Arc::new(outputs)));
    match global.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
