//! Runs the binary.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::fake_lake::FakeLake;

/// A place to run lakectl in: an empty home directory that is also the working directory.
pub(crate) struct Home {
    directory: TempDir,
    url: String,
}

/// What came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The standard output of a command that succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// The standard error of a command that failed.
    #[track_caller]
    pub(crate) fn error(self) -> String {
        assert_eq!(self.code, 1, "{self:?}");
        self.stderr
    }
}

impl Home {
    /// A home whose lakectl talks to a server.
    pub(crate) fn of(lake: &FakeLake) -> Self {
        Self::with_url(lake.url())
    }

    /// A home whose lakectl talks to a URL.
    pub(crate) fn with_url(url: impl Into<String>) -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            url: url.into(),
        }
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories it is in.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The names of everything in a directory, sorted.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let path: &Path = &self.path(directory);
        let mut names: Vec<String> = std::fs::read_dir(path)
            .map(|entries| {
                entries
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect()
            })
            .unwrap_or_default();
        names.sort();
        names
    }

    /// A command with the environment lakectl gets in these tests and no other.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakectl"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("HOME", self.directory.path())
            .env("TZ", "UTC")
            .env("LAKECTL_SERVER_ENDPOINT_URL", &self.url)
            .env("LAKECTL_CREDENTIALS_ACCESS_KEY_ID", "AKIA")
            .env("LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY", "secret")
            .env("LAKECTL_SERVER_RETRIES_MIN_WAIT_INTERVAL", "1ms")
            .env("LAKECTL_SERVER_RETRIES_MAX_WAIT_INTERVAL", "5ms")
            .stdin(Stdio::null());
        command
    }

    /// Runs lakectl.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments), b"")
    }

    /// Runs lakectl with something on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        finish(command, input)
    }
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command, input: &[u8]) -> Outcome {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
