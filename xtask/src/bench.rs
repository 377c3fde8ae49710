//! Measurements of a release server pinned to core 0, its clients on core 1: the shared load harness, large
//! objects beside a plain file server, and objects in a store that is far away.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{Outcome, cargo, command, needs, run, say, shared, target};
use crate::venv;

mod large;
mod link;
mod remote;

const KEY: &str = "AKIAIOSFOLQUICKSTART";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const START: Duration = Duration::from_secs(30);

/// `cargo xtask bench [large | remote | BENCH ARGS]`
pub(crate) fn command_line(args: &[String]) -> Outcome {
    needs("taskset", "util-linux")?;
    run(cargo().args(["build", "--release", "--package", "lakefs-server"]))?;
    match args.first().map(String::as_str) {
        Some("large") => large::bench(args.get(1..).unwrap_or_default()),
        Some("remote") => remote::bench(args.get(1..).unwrap_or_default()),
        _ => harness(args),
    }
}

/// Arguments go to `bench.py`; without any, 200,000 objects. `--skip s3` leaves the S3 gateway out.
fn harness(args: &[String]) -> Outcome {
    let shared = shared().ok_or("cargo xtask bench needs ../shared/bench")?;
    needs("wrk", "wrk (Debian: apt-get install wrk)")?;
    let python = venv::python()?;
    let server = Server::start(&directory("bench")?, &[])?;
    let url = server.url();
    let defaults = ["--n", "200000"].map(ToOwned::to_owned);
    let args = if args.is_empty() { &defaults[..] } else { args };
    run(command(python)
        .arg(shared.join("bench/bench.py"))
        .args(["--url", &url, "--key", KEY, "--secret", SECRET])
        .args(["--ns", "local://bench", "--s3", &url])
        .args(["--pid", &server.running.0.id().to_string()])
        .args(args))
}

/// An empty directory for what a server keeps.
fn directory(name: &str) -> Outcome<PathBuf> {
    let directory = target().join(name);
    let fail = |error| format!("{}: {error}", directory.display());
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(fail)?;
    }
    std::fs::create_dir_all(&directory).map_err(fail)?;
    Ok(directory)
}

/// A program that ends with us.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Starts a program on one core, its output in a file; ready once its port answers.
fn start(core: &str, program: &mut Command, port: u16, log: &Path) -> Outcome<Running> {
    let fail = |error: std::io::Error| format!("{}: {error}", log.display());
    let output = std::fs::File::create(log).map_err(fail)?;
    let errors = output.try_clone().map_err(fail)?;
    let name = program.get_program().to_owned();
    let mut pinned = Command::new("taskset");
    pinned
        .args(["-c", core])
        .arg(&name)
        .args(program.get_args());
    for (key, value) in program.get_envs() {
        if let Some(value) = value {
            pinned.env(key, value);
        }
    }
    if let Some(directory) = program.get_current_dir() {
        pinned.current_dir(directory);
    }
    let name = name.to_string_lossy();
    let child = pinned
        .stdout(Stdio::from(output))
        .stderr(Stdio::from(errors))
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    let mut running = Running(child);
    let deadline = Instant::now() + START;
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Ok(Some(status)) = running.0.try_wait() {
            return Err(format!("{name} stopped: {status}; see {}", log.display()));
        }
        if Instant::now() > deadline {
            return Err(format!("{name} does not answer; see {}", log.display()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(running)
}

/// A release server.
struct Server {
    running: Running,
    port: u16,
}

impl Server {
    /// On the embedded store and local objects, unless the settings say otherwise.
    fn start(directory: &Path, settings: &[(&str, &str)]) -> Outcome<Self> {
        let port = free_port()?;
        let log = directory.join("server.log");
        say(&format!("server log: {}", log.display()));
        let mut lakefs = Command::new(target().join("release/lakefs"));
        lakefs
            .arg("run")
            .env("LAKEFS_LISTEN_ADDRESS", format!("127.0.0.1:{port}"))
            .env("LAKEFS_DATABASE_TYPE", "local")
            .env("LAKEFS_DATABASE_LOCAL_PATH", directory.join("kv"))
            .env("LAKEFS_BLOCKSTORE_TYPE", "local")
            .env("LAKEFS_BLOCKSTORE_LOCAL_PATH", directory.join("blocks"))
            .env("LAKEFS_COMMITTED_LOCAL_CACHE_DIR", directory.join("cache"))
            .env("LAKEFS_AUTH_ENCRYPT_SECRET_KEY", "of a benchmark")
            .env("LAKEFS_INSTALLATION_USER_NAME", "bench")
            .env("LAKEFS_INSTALLATION_ACCESS_KEY_ID", KEY)
            .env("LAKEFS_INSTALLATION_SECRET_ACCESS_KEY", SECRET)
            .envs(settings.iter().copied())
            .current_dir(directory);
        let running = start("0", &mut lakefs, port, &log)?;
        Ok(Self { running, port })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn free_port() -> Outcome<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}
