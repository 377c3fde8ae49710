//! The shared load harness against a release server pinned to core 0; its clients pin themselves to
//! core 1.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run::{Outcome, cargo, command, run, say, shared, target};
use crate::venv;

const KEY: &str = "AKIAIOSFOLQUICKSTART";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const START: Duration = Duration::from_secs(30);

/// Arguments go to `bench.py`; without any, 200,000 objects. `--skip s3` leaves the S3 gateway out.
pub(crate) fn bench(args: &[String]) -> Outcome {
    let shared = shared().ok_or("cargo xtask bench needs ../shared/bench")?;
    run(cargo().args(["build", "--release", "--package", "lakefs-server"]))?;
    let python = venv::python()?;
    let directory = target().join("bench");
    if directory.exists() {
        std::fs::remove_dir_all(&directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
    }
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let mut server = Server::start(&directory, port)?;
    server.wait_until_serving(port)?;
    let defaults = ["--n", "200000"].map(ToOwned::to_owned);
    let args = if args.is_empty() { &defaults[..] } else { args };
    run(command(python)
        .arg(shared.join("bench/bench.py"))
        .args([
            "--url",
            &url,
            "--key",
            KEY,
            "--secret",
            SECRET,
            "--ns",
            "local://bench",
            "--s3",
            &url,
        ])
        .args(["--pid", &server.0.id().to_string()])
        .args(args))
}

struct Server(Child);

impl Server {
    fn start(directory: &Path, port: u16) -> Outcome<Self> {
        std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        let log = std::fs::File::create(directory.join("server.log"))
            .map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        say(&format!(
            "server log: {}",
            directory.join("server.log").display()
        ));
        Command::new("taskset")
            .args(["-c", "0"])
            .arg(target().join("release/lakefs"))
            .args(["run", "--local-settings"])
            .env("LAKEFS_LISTEN_ADDRESS", format!("127.0.0.1:{port}"))
            .env("LAKEFS_DATABASE_LOCAL_PATH", directory.join("kv"))
            .env("LAKEFS_BLOCKSTORE_LOCAL_PATH", directory.join("blocks"))
            .env("LAKEFS_COMMITTED_LOCAL_CACHE_DIR", directory.join("cache"))
            .env("LAKEFS_INSTALLATION_USER_NAME", "bench")
            .env("LAKEFS_INSTALLATION_ACCESS_KEY_ID", KEY)
            .env("LAKEFS_INSTALLATION_SECRET_ACCESS_KEY", SECRET)
            .current_dir(directory)
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            .spawn()
            .map(Self)
            .map_err(|error| format!("cannot start the server: {error}"))
    }

    fn wait_until_serving(&mut self, port: u16) -> Outcome {
        let deadline = Instant::now() + START;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Err(format!("the server stopped: {status}"));
            }
            if Instant::now() > deadline {
                return Err("the server does not answer".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

fn free_port() -> Outcome<u16> {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}
