"""The listener: TLS, HTTP/2, graceful stop, probes, metrics, logs, what is not built."""

import datetime
import json
import re
import signal
import socket
import ssl
import threading
import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.server import Server, basic, wait_until


@pytest.fixture
def certificate(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(__import__("ipaddress").ip_address("127.0.0.1"))])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return {"LAKEFS_TLS_ENABLED": "true", "LAKEFS_TLS_CERT_FILE": f"{tmp_path}/cert.pem", "LAKEFS_TLS_KEY_FILE": f"{tmp_path}/key.pem"}


def test_tls_serves_and_offers_http2(tmp_path, certificate):
    with Server(tmp_path / "lake", env=certificate) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=certificate["LAKEFS_TLS_CERT_FILE"])
        assert server.call("GET", "/repositories", context=context).status == 200
        login = server.call("POST", "/auth/login", {"access_key_id": server.key, "secret_access_key": server.secret},
                            auth=False, context=context)
        assert "Secure" in login.headers["Set-Cookie"]
        context.set_alpn_protocols(["h2", "http/1.1"])
        port = int(server.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                assert secured.selected_alpn_protocol() == "h2"


def half_an_upload(server):
    """A connection on which half of a body has been sent, to a server that has been told to stop since."""
    server.ok("POST", "/repositories", {"name": "slow", "storage_namespace": "local://slow"})
    connection = socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
    head = (f"POST /api/v1/repositories/slow/branches/main/objects?path=a HTTP/1.1\r\nHost: x\r\nAuthorization: {basic()}\r\n"
            "Content-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\n01234")
    connection.sendall(head.encode())
    wait_until("the upload to be running", lambda: 'lakefs_concurrent_requests{service="rest_api"} 1' in
               server.call("GET", "/metrics", api=False).text)
    server.process.send_signal(signal.SIGTERM)
    wait_until("the stop to begin", lambda: "Shutting down" in server.output())
    assert server.process.poll() is None
    return connection


def test_a_running_upload_is_finished_before_the_stop(tmp_path):
    with Server(tmp_path / "lake") as server:
        connection = half_an_upload(server)
        connection.sendall(b"56789")
        answer = connection.recv(4096).decode()
        assert answer.startswith("HTTP/1.1 201"), answer
        connection.close()
        assert server.wait() == 0
    with Server(tmp_path / "lake") as server:
        assert server.call("GET", "/repositories/slow/refs/main/objects?path=a").body == b"0123456789"


def test_an_upload_that_does_not_end_is_given_up_with_the_grace_period(tmp_path):
    with Server(tmp_path / "lake") as server:
        connection = half_an_upload(server)
        assert server.wait(120) == 0
        assert "stopped before these requests had finished" in server.output()
        connection.close()
    with Server(tmp_path / "lake") as server:
        assert server.call("GET", "/repositories/slow/refs/main/objects?path=a").status == 404
        blocks = tmp_path / "lake/blocks/slow"
        assert not [path for path in blocks.rglob("*") if path.is_file() and path.read_bytes().startswith(b"01234")]


def test_an_idle_connection_does_not_delay_the_stop(server):
    port = int(server.url.rsplit(":", 1)[1])
    idle = socket.create_connection(("127.0.0.1", port))
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < 10
    idle.close()


def test_probes_answer(server):
    for path in ("/_health", "/_health/live", "/_health/ready"):
        assert server.call("GET", path, api=False, auth=False).status == 200


def test_metrics_have_the_names_dashboards_know(server):
    server.ok("GET", "/repositories")
    text = server.call("GET", "/metrics", api=False, auth=False).text
    for name in ("api_requests_total", "api_request_duration_seconds_bucket", "api_request_ttfb_duration_seconds_count",
                 "lakefs_concurrent_requests", "kv_request_duration_seconds_count", "process_resident_memory_bytes"):
        assert re.search(f"^{name}", text, re.M), name


def test_metrics_can_be_closed(tmp_path):
    with Server(tmp_path, env={"LAKEFS_METRICS_TOKEN": "t0ken"}) as server:
        assert server.call("GET", "/metrics", api=False).status == 401
        assert server.call("GET", "/metrics", api=False, auth="Bearer t0ken").status == 200


def test_every_call_leaves_a_line_with_the_identifier_the_client_got(tmp_path):
    env = {"LAKEFS_LOGGING_FORMAT": "json", "LAKEFS_LOGGING_AUDIT_LOG_LEVEL": "INFO"}
    with Server(tmp_path, env=env) as server:
        answer = server.call("GET", "/repositories?after=x", headers={"X-Lakefs-Client": "tester/1"})
        identifier = answer.headers["X-Request-ID"]
        line = wait_until("the line", lambda: next(
            (line for line in server.lines() if line["msg"] == "HTTP call ended" and line["request_id"] == identifier), None))
        assert (line["status_code"], line["method"], line["path"], line["user"], line["client"]) == (
            200, "GET", "/api/v1/repositories?after=x", "admin", "tester/1")
        audit = [line for line in server.lines() if line.get("log_audit")]
        assert any(line["request_id"] == identifier for line in audit)
        assert server.secret not in server.output()


def test_logs_can_go_to_a_file_and_be_silent(tmp_path):
    log = tmp_path / "logs/lakefs.log"
    with Server(tmp_path / "one", env={"LAKEFS_LOGGING_OUTPUT": str(log), "LAKEFS_LOGGING_FORMAT": "json"}) as server:
        assert server.lines() == []
        assert json.loads(log.read_text().splitlines()[0])["msg"] == "settings"
    with Server(tmp_path / "two", env={"LAKEFS_LOGGING_LEVEL": "NONE"}) as server:
        assert "level=" not in server.output()


def test_the_level_follows_the_configuration_file(tmp_path):
    file = tmp_path / "lakefs.yaml"
    file.write_text("logging: {level: INFO, format: json}\n")
    with Server(tmp_path / "lake", args=("--config", str(file))) as server:
        server.ok("GET", "/repositories")
        assert not any(line["msg"] == "HTTP call ended" for line in server.lines())
        file.write_text("logging: {level: DEBUG, format: json}\n")
        wait_until("the level to change", lambda: any("logging.level applied" in line["msg"] for line in server.lines()))
        server.ok("GET", "/repositories")
        wait_until("the line", lambda: any(line["msg"] == "HTTP call ended" for line in server.lines()))


def test_s3_requests_are_told_apart_from_others(server):
    s3 = boto3.client("s3", endpoint_url=server.url, aws_access_key_id=server.key, aws_secret_access_key=server.secret,
                      region_name="us-east-1", config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}))
    with pytest.raises(ClientError) as failure:
        s3.list_objects_v2(Bucket="nowhere")
    assert failure.value.response["Error"]["Code"] == "NoSuchBucket"
    assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert s3.list_buckets()["Buckets"] == []


def test_other_paths(server):
    assert "text/html" in server.call("GET", "/", api=False, headers={"Accept": "text/html"}).headers["Content-Type"]
    assert server.call("GET", "/nowhere", api=False).status == 404
    assert server.call("GET", "/iceberg/api/v1/config", api=False).status == 501
    logout = server.call("GET", "/logout", api=False)
    assert (logout.status, logout.headers["Location"]) == (307, "/auth/login")
    assert "internal_auth_session=;" in logout.headers["Set-Cookie"]


def test_many_clients_at_once(server):
    failures = []

    def ask():
        for _ in range(20):
            if server.call("GET", "/repositories").status != 200:
                failures.append(1)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
