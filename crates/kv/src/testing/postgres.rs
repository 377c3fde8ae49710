//! A PostgreSQL server of a test's own: started from the installed binaries in a temporary
//! directory, stopped when dropped. Not durable, for speed.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A running server, reachable on a port of 127.0.0.1 as role `lakefs` with password `secret`.
#[derive(Debug)]
pub struct TestPostgres {
    home: TempDir,
    binaries: PathBuf,
    port: u16,
}

impl TestPostgres {
    /// Starts a server. Nothing, with a message to the test's reader, where PostgreSQL is not
    /// installed.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub fn start() -> Option<Self> {
        let Some(binaries) = find_binaries() else {
            let message = "skipped: PostgreSQL is not installed (/usr/lib/postgresql/*/bin)\n";
            drop(std::io::stderr().write_all(message.as_bytes()));
            return None;
        };
        let home = tempfile::tempdir().expect("a temporary directory");
        let server = Self {
            port: free_port(),
            home,
            binaries,
        };
        // The server's role may be another than ours.
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(server.home.path(), open).expect("permissions");
        let password = server.home.path().join("password");
        std::fs::write(&password, "secret\n").expect("a password file");
        let data = server.data();
        server.run(
            "initdb",
            &[
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C",
                "--username=lakefs",
                "--auth=scram-sha-256",
                "--pwfile",
                text(&password),
                "-D",
                text(&data),
            ],
        );
        server.launch();
        Some(server)
    }

    /// The connection string of the database that every server has.
    pub fn connection_string(&self) -> String {
        self.connection_string_for("postgres")
    }

    /// The connection string of a database.
    pub fn connection_string_for(&self, database: &str) -> String {
        format!(
            "postgres://lakefs:secret@127.0.0.1:{}/{database}?sslmode=prefer",
            self.port
        )
    }

    /// Runs SQL; answers its rows as text.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        let target = self.connection_string();
        let output = self.run(
            "psql",
            &["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", &target, "-c", sql],
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops the server at once, breaking every connection.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&self) {
        self.control(&["stop", "-m", "immediate"]);
    }

    /// Starts the server again after [`TestPostgres::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn launch(&self) {
        let options = format!(
            "-c fsync=off -c full_page_writes=off -c listen_addresses=127.0.0.1 -c port={} \
             -c unix_socket_directories={} -c max_connections=60 -c shared_buffers=16MB",
            self.port,
            text(self.home.path()),
        );
        let log = self.home.path().join("log");
        self.control(&["start", "-l", text(&log), "-o", &options]);
    }

    /// The server's data directory, for changes to its configuration.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// Lets the server's role own a file.
    ///
    /// # Panics
    /// When it cannot.
    pub fn hand_over(&self, path: &Path) {
        if is_root() {
            check(
                "chown",
                Command::new("chown")
                    .args(["postgres", text(path)])
                    .output(),
            );
        }
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.data();
        let common = ["-w", "-t", "60", "-D", text(&data)];
        self.run("pg_ctl", &[arguments, &common].concat());
    }

    /// Runs a program of the installation, as its own role where we are root: it refuses root.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let path = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // Not our own directory, which that role may not enter.
        command.args(arguments).current_dir("/");
        check(program, command.output())
    }
}

impl Drop for TestPostgres {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.stop();
        }
        // Its files are another role's, who can delete them where we cannot.
        if !is_root() {
            return;
        }
        drop(std::fs::remove_dir_all(self.data()));
    }
}

fn check(program: &str, output: std::io::Result<Output>) -> Output {
    let output = output.expect("the program can be run");
    let (said, complained) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{program} failed: {}{}",
        String::from_utf8_lossy(said),
        String::from_utf8_lossy(complained)
    );
    output
}

fn find_binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let installed = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|binaries| binaries.join("initdb").exists());
    installed.max()
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}
