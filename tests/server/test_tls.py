"""Everything encrypted, with certificates of a private authority: clients to the server, the server to its
database and to its store. And what happens where a certificate is not good."""

import os
import ssl
import subprocess
import urllib.request
from contextlib import ExitStack

import lakefs
import pytest
from lakefs.client import Client

from support.postgres import Postgres
from support.server import KEY, SECRET, Lakectl, Server, wait_until
from support.store import Store
from support.tls import Authority, TlsFront

ADMIN = {"username": "admin", "key": {"access_key_id": KEY, "secret_access_key": SECRET}}
PASSWORD = "not-to-be-told"


class Installation:
    """A database and a store that are reached by TLS only, and certificates for a server."""

    def __init__(self, root, cleanup):
        self.root = root
        self.authority = Authority(root / "authority")
        self.stranger = Authority(root / "stranger", "another authority")
        self.certificate = self.authority.issue("server")
        self.database = Postgres(root)
        cleanup.callback(lambda: self.database.stop())
        self.database.encrypt(*self.certificate, self.authority.file)
        self.database.create("lakefs")
        self.database.create("empty")
        self.database.allow("hostssl all all 127.0.0.1/32 trust\n")
        store = Store()
        cleanup.callback(store.stop)
        store.bucket("lake")
        front = TlsFront(store.gate.port, *self.certificate)
        cleanup.callback(front.stop)
        self.store = {**store.settings(), "LAKEFS_BLOCKSTORE_S3_ENDPOINT": f"https://localhost:{front.port}",
                      "LAKEFS_BLOCKSTORE_S3_MAX_RETRIES": "0"}
        self.trust = {"SSL_CERT_FILE": self.authority.file}

    def postgres(self, mode, host="127.0.0.1", name="empty", more=""):
        return {"LAKEFS_DATABASE_TYPE": "postgres", "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING":
                f"postgres://lake:{PASSWORD}@{host}:{self.database.port}/{name}?sslmode={mode}{more}"}

    def verified(self, **more):
        return self.postgres("verify-full", more=f"&sslrootcert={self.authority.file}", **more)

    def listener(self, certificate=None):
        file, key = certificate or self.certificate
        return {"LAKEFS_TLS_ENABLED": "true", "LAKEFS_TLS_CERT_FILE": file, "LAKEFS_TLS_KEY_FILE": key}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with ExitStack() as cleanup:
        yield Installation(tmp_path_factory.mktemp("tls"), cleanup)


def lakectl(server, home, trust=None):
    cli = Lakectl(server, home)
    if trust:
        cli.env["SSL_CERT_FILE"] = str(trust)
    else:
        # Where the system's certificates would be; a machine may trust ours by accident.
        cli.env["SSL_CERT_FILE"] = os.devnull
    return cli


def fetch(lake, url):
    with urllib.request.urlopen(url, context=lake.authority.context()) as answer:
        return answer.read()


def test_all_connections_are_encrypted_and_verified(lake, tmp_path):
    env = {**lake.store, **lake.verified(name="lakefs"), **lake.listener(), **lake.trust}
    with Server(tmp_path / "lake", env=env, context=lake.authority.context()) as server:
        assert server.url.startswith("https://")
        server.ok("POST", "/setup_lakefs", ADMIN, auth=False)
        cli = lakectl(server, tmp_path, lake.authority.file)
        cli("repo", "create", "lakefs://encrypted", "s3://lake/encrypted")
        data = os.urandom(6 << 20)
        (tmp_path / "data").write_bytes(data)
        for way in ("true", "false"):
            cli("fs", "upload", "-s", str(tmp_path / "data"), f"lakefs://encrypted/main/{way}", f"--pre-sign={way}", "--no-progress")
        cli("commit", "lakefs://encrypted/main", "-m", "over TLS")
        for way in ("true", "false"):
            cli("fs", "download", "lakefs://encrypted/main/true", str(tmp_path / way), f"--pre-sign={way}", "--no-progress")
            assert (tmp_path / way).read_bytes() == data
        assert "over TLS" in cli("log", "lakefs://encrypted/main")
        link = cli("fs", "presign", "lakefs://encrypted/main/false").strip()
        assert link.startswith("https://localhost:") and fetch(lake, link) == data

        client = Client(host=server.url, username=KEY, password=SECRET, ssl_ca_cert=str(lake.authority.file))
        work = lakefs.repository("encrypted", client=client).branch("python").create("main")
        work.object("by-python").upload(data=b"by Python", pre_sign=False)
        assert work.object("by-python").reader(mode="rb", pre_sign=False).read() == b"by Python"

        sessions = lake.database.sql("SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                     "WHERE application_name = 'lakefs' GROUP BY ssl")
        assert sessions.startswith("t|") and "\n" not in sessions, sessions
        assert server.stop() == 0
    with Server(tmp_path / "lake", env=env, context=lake.authority.context()) as server:
        assert server.call("GET", "/repositories/encrypted/refs/main/objects?path=true").body == data


def test_lakectl_sends_nothing_to_a_server_it_does_not_trust(lake, tmp_path):
    days_ago = lake.authority.issue("expired", days=(-3, -1))
    elsewhere = lake.authority.issue("elsewhere", hosts=["lake.example"])
    for name, certificate, trust in [
            ("strange", lake.stranger.issue("server"), lake.authority.file), ("unknown", lake.certificate, None),
            ("expired", days_ago, lake.authority.file), ("elsewhere", elsewhere, lake.authority.file)]:
        context = ssl._create_unverified_context()
        with Server(tmp_path / name, env=lake.listener(certificate), context=context) as server:
            refused = lakectl(server, tmp_path, trust).run("repo", "create", "lakefs://refused", "local://refused")
            assert refused.returncode == 1 and "created" not in refused.stdout, name
            assert "tls: " in refused.stderr, refused.stderr
            assert server.ok("GET", "/repositories")["results"] == [], name
            assert server.ok("GET", "/_health/live", api=False) is not False, "a broken handshake harms nobody"


def test_a_database_that_cannot_be_verified_stops_the_start(lake, tmp_path):
    root = f"&sslrootcert={lake.authority.file}"
    for name, database in [
            ("unknown authority", lake.postgres("verify-full", more=f"&sslrootcert={lake.stranger.file}")),
            ("authority of the system", lake.postgres("verify-full")),
            ("wrong name", lake.postgres("verify-full", host="127.0.0.2", more=root)),
            ("unknown authority under require", lake.postgres("require", more=f"&sslrootcert={lake.stranger.file}")),
            ("plain", lake.postgres("disable"))]:
        server = Server(tmp_path / name.replace(" ", "-"), env={**database, "SSL_CERT_FILE": os.devnull}, ready=False)
        assert server.wait(60) == 1, name
        output = server.output()
        assert "postgres" in output.lower() or "key-value store" in output, (name, output)
        assert PASSWORD not in output, name


def test_require_encrypts_without_asking_who_it_is(lake, tmp_path):
    for name, database in [("require", lake.postgres("require")),
                           ("chain", lake.postgres("verify-ca", more=f"&sslrootcert={lake.authority.file}"))]:
        with Server(tmp_path / name, env={**database, "SSL_CERT_FILE": os.devnull}) as server:
            assert server.call("GET", "/_health/ready", api=False).status == 200, name


def test_a_database_may_ask_for_a_certificate(lake, tmp_path):
    certificate, key = lake.authority.issue("lake", hosts=[])
    lake.database.allow("hostssl all all 127.0.0.1/32 cert\n")
    try:
        wait_until("the rule to be in force", lambda: refused_without_certificate(lake), 30)
        with_certificate = f"&sslrootcert={lake.authority.file}&sslcert={certificate}&sslkey={key}"
        with Server(tmp_path / "shown", env=lake.postgres("verify-full", more=with_certificate)) as server:
            assert server.call("GET", "/_health/ready", api=False).status == 200
        server = Server(tmp_path / "not-shown", env=lake.verified(), ready=False)
        assert server.wait(60) == 1
        assert PASSWORD not in server.output()
    finally:
        lake.database.allow("hostssl all all 127.0.0.1/32 trust\n")


def refused_without_certificate(lake):
    psql = subprocess.run([f"{lake.database.bin}/psql", f"host=127.0.0.1 port={lake.database.port} user=lake dbname=lakefs "
                           "sslmode=require sslcert=/nowhere", "-Atc", "SELECT 1"], capture_output=True)
    return psql.returncode != 0


def test_a_store_that_cannot_be_verified_gets_nothing(lake, tmp_path):
    env = {**lake.store, "SSL_CERT_FILE": lake.stranger.file, "LAKEFS_LOGGING_FORMAT": "json", "LAKEFS_DATABASE_TYPE": "local"}
    with Server(tmp_path / "lake", env=env) as server:
        answer = server.call("POST", "/repositories", {"name": "refused", "storage_namespace": "s3://lake/refused"})
        assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, answer.text
        assert any("certificate" in str(line).lower() for line in server.lines()), "the log says why"
        assert server.ok("GET", "/repositories")["results"] == []


def test_a_listener_without_its_files_does_not_start(lake, tmp_path):
    certificate, key = lake.certificate
    strange = lake.stranger.issue("server")[1]
    for name, file, of, said in [("missing", tmp_path / "none.pem", key, "none.pem"), ("swapped", key, certificate, "server.key"),
                                 ("foreign", certificate, strange, "")]:
        env = {"LAKEFS_TLS_ENABLED": "true", "LAKEFS_TLS_CERT_FILE": file, "LAKEFS_TLS_KEY_FILE": of}
        server = Server(tmp_path / name, env=env, ready=False)
        assert server.wait() == 1, name
        assert said in server.output() and "PRIVATE KEY" not in server.output(), (name, server.output())
