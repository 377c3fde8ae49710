//! Objects of a gigabyte on a local store, beside nginx serving files of the same size on the same core.

use std::process::Command;

use super::{KEY, SECRET, Server, directory, free_port, start};
use crate::run::{Outcome, command, needs, run};
use crate::venv;

/// Arguments go to `tests/bench/large.py`.
pub(super) fn bench(args: &[String]) -> Outcome {
    needs("nginx", "nginx (Debian: apt-get install nginx-light)")?;
    needs("curl", "curl 7.75 or later (Debian: apt-get install curl)")?;
    let python = venv::python()?;
    let directory = directory("bench-large")?;
    let server = Server::start(&directory, &[])?;
    let blocks = directory.join("blocks");
    let port = free_port()?;
    let config = directory.join("nginx.conf");
    std::fs::write(
        &config,
        nginx_config(&directory.display().to_string(), port),
    )
    .map_err(|error| format!("{}: {error}", config.display()))?;
    let mut nginx = Command::new("nginx");
    nginx.arg("-c").arg(&config);
    let _nginx = start("0", &mut nginx, port, &directory.join("nginx.log"))?;
    run(command("taskset")
        .args(["-c", "1"])
        .arg(python)
        .arg("tests/bench/large.py")
        .args(["--lakefs", &server.url(), "--key", KEY, "--secret", SECRET])
        .args(["--files", &format!("http://127.0.0.1:{port}"), "--root"])
        .arg(&blocks)
        .args(args))
}

fn nginx_config(directory: &str, port: u16) -> String {
    format!(
        "user root;\ndaemon off;\nworker_processes 1;\nerror_log stderr;\npid {directory}/nginx.pid;\n\
         events {{}}\nhttp {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n\
         server {{ listen 127.0.0.1:{port}; root {directory}/blocks; }}\n}}\n"
    )
}
