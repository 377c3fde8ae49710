//! Starts moto, a stand-in for S3 written in Python, once for all tests. Where it cannot be had the
//! tests that need it say so and pass.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Serves until its input ends, so that it never outlives the tests.
const SCRIPT: &str = r#"
import logging, sys
logging.disable(logging.CRITICAL)
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                      aws_access_key_id="id", aws_secret_access_key="secret")
for name in ("lake", "other"):
    client.create_bucket(Bucket=name)
client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1",
                      aws_access_key_id="id", aws_secret_access_key="secret")
client.create_bucket(Bucket="faraway", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
print(port, flush=True)
sys.stdin.read()
"#;

struct Moto {
    port: u16,
    /// Its open input keeps the server alive; the end of this process closes it.
    _child: Child,
}

/// Port of the server, with buckets `lake`, `other`, and `faraway` in `eu-west-1`.
pub(crate) fn port() -> Option<u16> {
    static MOTO: OnceLock<Option<Moto>> = OnceLock::new();
    let moto = MOTO.get_or_init(start);
    if moto.is_none() {
        println!("skipped: python3 with moto[server] and boto3 cannot be had");
    }
    moto.as_ref().map(|moto| moto.port)
}

fn start() -> Option<Moto> {
    let python = python()?;
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?)
        .read_line(&mut line)
        .ok()?;
    Some(Moto {
        port: line.trim().parse().ok()?,
        _child: child,
    })
}

fn python() -> Option<PathBuf> {
    let usable = |python: &Path| {
        Command::new(python)
            .args(["-c", "import boto3, moto.server"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let system = PathBuf::from("python3");
    if usable(&system) {
        return Some(system);
    }
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    let python = venv.join("bin/python");
    if usable(&python) {
        return Some(python);
    }
    let run = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let made = run(Command::new(&system).args(["-m", "venv"]).arg(&venv))
        && run(Command::new(&python).args(["-m", "pip", "install", "-q", "moto[server]", "boto3"]));
    (made && usable(&python)).then_some(python)
}
