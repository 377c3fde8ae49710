//! Objects in an S3-compatible store that is 10 ms away and takes 200 MB a second: through the gateway, and
//! directly.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use super::{Server, directory, free_port, link, start};
use crate::run::{Outcome, command, run};
use crate::{venv, versitygw};

const ROUND_TRIP: Duration = Duration::from_millis(10);
const BYTES_PER_SECOND: u32 = 200_000_000;
const KEY: &str = "store";
const SECRET: &str = "store-secret";

/// Arguments go to `tests/bench/remote.py`.
pub(super) fn bench(args: &[String]) -> Outcome {
    let python = venv::python()?;
    let versitygw = versitygw::install()?;
    let directory = directory("bench-remote")?;
    let objects = directory.join("store");
    std::fs::create_dir(&objects).map_err(|error| format!("{}: {error}", objects.display()))?;
    let port = free_port()?;
    let mut store = Command::new(versitygw);
    store
        .args(["--quiet", "--port", &format!("127.0.0.1:{port}")])
        .args(["--access", KEY, "--secret", SECRET, "posix"])
        .arg(&objects);
    let _store = start("1", &mut store, port, &directory.join("store.log"))?;
    let near = link::start(
        SocketAddr::from(([127, 0, 0, 1], port)),
        ROUND_TRIP,
        BYTES_PER_SECOND,
    )?;
    // The line belongs to the clients, not to the server.
    let pid = std::process::id().to_string();
    run(command("taskset").args(["-a", "-c", "-p", "1", &pid]))?;
    let endpoint = format!("http://{near}");
    let server = Server::start(
        &directory,
        &[
            ("LAKEFS_BLOCKSTORE_TYPE", "s3"),
            ("LAKEFS_BLOCKSTORE_S3_ENDPOINT", &endpoint),
            ("LAKEFS_BLOCKSTORE_S3_REGION", "us-east-1"),
            ("LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE", "true"),
            ("LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID", KEY),
            ("LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY", SECRET),
        ],
    )?;
    run(command("taskset")
        .args(["-c", "1"])
        .arg(python)
        .arg("tests/bench/remote.py")
        .args([
            "--store",
            &endpoint,
            "--store-key",
            KEY,
            "--store-secret",
            SECRET,
        ])
        .args([
            "--lakefs",
            &server.url(),
            "--key",
            super::KEY,
            "--secret",
            super::SECRET,
        ])
        .args(args))
}
