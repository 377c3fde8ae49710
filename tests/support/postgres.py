"""A PostgreSQL server of our own, in a temporary directory."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from support.server import wait_until


def binaries():
    """The directory of initdb and postgres, or None."""
    for directory in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if os.path.exists(f"{directory}/initdb") and os.path.exists(f"{directory}/postgres"):
            return directory
    found = shutil.which("initdb")
    return str(Path(found).resolve().parent) if found else None


class Postgres:
    """Started on a free port; postgres refuses to run as root, so it runs as `nobody` then."""

    def __init__(self, directory):
        self.options = ()
        self.bin = binaries()
        assert self.bin, "these tests need PostgreSQL (Debian: apt-get install postgresql)"
        self.data = Path(directory) / "pg"
        self.data.mkdir(parents=True)
        self.account = None
        if os.geteuid() == 0:
            self.account = pwd.getpwnam("nobody")
            os.chown(self.data, self.account.pw_uid, self.account.pw_gid)
            for parent in self.data.parents:
                if parent.stat().st_uid == 0 and parent.is_relative_to("/tmp") and str(parent) != "/tmp":
                    parent.chmod(0o755)
        self.run("initdb", "-D", str(self.data), "-U", "lake", "-A", "trust", "--no-sync", "-E", "UTF8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [f"{self.bin}/postgres", "-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1",
             "-k", str(self.data), "-c", "fsync=off", *(word for option in self.options for word in ("-c", option))],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.identity())
        wait_until("postgres to accept connections", self.accepts, 60)

    def identity(self):
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def run(self, program, *args):
        subprocess.run([f"{self.bin}/{program}", *args], check=True, capture_output=True, **self.identity())

    def accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        done = subprocess.run([f"{self.bin}/pg_isready", "-h", "127.0.0.1", "-p", str(self.port)], capture_output=True)
        return done.returncode == 0

    def encrypt(self, certificate, key, authority):
        """Starts again with TLS. Clients have to show a certificate of the authority where `hba` asks for it."""
        for name, file in (("server.crt", certificate), ("server.key", key), ("root.crt", authority)):
            path = self.data / name
            path.write_bytes(Path(file).read_bytes())
            path.chmod(0o600)
            if self.account:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        self.stop()
        self.options = ("ssl=on", "ssl_ca_file=root.crt")
        self.start()

    def allow(self, rules):
        """Replaces the rules of who may connect how. Connections by the socket stay open to all."""
        (self.data / "pg_hba.conf").write_text("local all all trust\n" + rules)
        self.run("pg_ctl", "reload", "-D", str(self.data))

    def sql(self, statement, database="postgres"):
        """What a statement answers, read through the socket."""
        done = subprocess.run([f"{self.bin}/psql", "-h", str(self.data), "-p", str(self.port), "-U", "lake", "-d", database,
                               "-Atc", statement], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def create(self, name):
        """A fresh database; answers its connection string."""
        self.run("createdb", "-h", str(self.data), "-p", str(self.port), "-U", "lake", name)
        return f"postgres://lake@127.0.0.1:{self.port}/{name}?sslmode=disable"

    def stop(self):
        """A fast shutdown: connections are cut, not waited for."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
