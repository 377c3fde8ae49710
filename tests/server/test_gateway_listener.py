"""S3 at the listener: who gets a request, what comes before the body, what is written down about it."""

import http.client
import re
import time
import urllib.request

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.server import KEY, SECRET, Server, wait_until

PROTECTED = [{"pattern": "kept"}]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A server with a second listener for S3, an alias, and little patience."""
    env = {
        "LAKEFS_GATEWAYS_S3_LISTEN_ADDRESS": "127.0.0.1:0",
        "LAKEFS_GATEWAYS_S3_BUCKET_ALIASES": "flat=lake/main/data",
        "LAKEFS_GATEWAYS_S3_BODY_IDLE_TIMEOUT": "1s",
        "LAKEFS_LOGGING_AUDIT_LOG_LEVEL": "INFO",
        "LAKEFS_LOGGING_FORMAT": "json",
    }
    with Server(tmp_path_factory.mktemp("listener") / "lake", env) as server:
        server.ok("POST", "/repositories", {"name": "lake", "storage_namespace": "local://lake"})
        server.ok("POST", "/repositories/lake/branches", {"name": "kept", "source": "main"})
        server.ok("PUT", "/repositories/lake/settings/branch_protection", PROTECTED)
        wait_until("the rule to count", lambda: put(server, "/lake/kept/x", b"x").status == 403)
        yield server


def signed(server, method, path, headers=None, url=None):
    """Headers of a request with a body that is not signed."""
    url = url or server.url
    request = AWSRequest(method=method, url=url + path, headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})})
    request.context["client_config"] = None
    signer = S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
    signer.payload = lambda _: "UNSIGNED-PAYLOAD"
    signer.add_auth(request)
    return dict(request.headers.items())


def put(server, path, body, connection=None):
    own = connection or http.client.HTTPConnection(server.url.split("//")[1], timeout=30)
    own.request("PUT", path, body=body, headers=signed(server, "PUT", path))
    answer = own.getresponse()
    answer.text = answer.read().decode()
    if not connection:
        own.close()
    return answer


def s3_url(server):
    line = next(line for line in server.lines() if line.get("msg") == "listening")
    return line["s3_url"]


def test_the_second_listener_serves_s3_and_nothing_else(lake):
    put(lake, "/flat/a", b"hello")
    url = s3_url(lake)
    headers = signed(lake, "GET", "/lake/main/data/a", url=url)
    request = urllib.request.Request(url + "/lake/main/data/a", headers=headers)
    assert urllib.request.urlopen(request, timeout=30).read() == b"hello"
    for path in ["/api/v1/healthcheck", "/_health", "/metrics", "/"]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url + path, timeout=30)
        assert refused.value.code == 403
        assert b"<Code>AccessDenied</Code>" in refused.value.read()


def test_a_small_body_that_is_refused_does_not_cost_the_connection(lake):
    connection = http.client.HTTPConnection(lake.url.split("//")[1], timeout=30)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        answer = put(lake, "/lake/kept/x", b"x" * 200_000, connection)
        assert (answer.status, "ErrWriteToProtectedBranch" in answer.text) == (403, True)
        assert connection.sock is first
    connection.close()


def test_a_refusal_comes_instead_of_the_invitation(lake):
    """The client waits to be told to go on, and never is."""
    connection = http.client.HTTPConnection(lake.url.split("//")[1], timeout=30)
    headers = signed(lake, "PUT", "/lake/kept/x")
    connection.putrequest("PUT", "/lake/kept/x", skip_host=True)
    connection.putheader("Host", lake.url.split("//")[1])
    for name, value in {**headers, "Content-Length": str(1 << 30), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    started = connection.sock.recv(64)
    assert started.startswith(b"HTTP/1.1 403")
    connection.close()


def test_a_body_that_stands_still_is_given_up(lake):
    connection = http.client.HTTPConnection(lake.url.split("//")[1], timeout=30)
    connection.putrequest("PUT", "/lake/main/slow", skip_host=True)
    connection.putheader("Host", lake.url.split("//")[1])
    for name, value in {**signed(lake, "PUT", "/lake/main/slow"), "Content-Length": "1000000"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.sock.sendall(b"x" * 10)
    begun = time.monotonic()
    answer = connection.getresponse()
    assert (answer.status, b"<Code>RequestTimeout</Code>" in answer.read()) == (400, True)
    assert 0.9 < time.monotonic() - begun < 20
    connection.close()
    assert lake.call("HEAD", "/repositories/lake/refs/main/objects?path=slow").status == 404


def test_every_request_is_counted_and_has_a_line(lake):
    put(lake, "/flat/counted", b"12345")
    wrong = lake.call("GET", "/lake", auth="AWS nobody:aaaa", api=False, headers={"x-amz-date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())})
    assert (wrong.status, wrong.headers["x-amz-request-id"] in wrong.text) == (403, True)

    def line_of(**wanted):
        return next((line for line in lake.lines() if all(line.get(k) == v for k, v in wanted.items())), None)

    line = wait_until("the access line", lambda: line_of(service_name="s3_gateway", path="/flat/counted"))
    assert (line["operation_id"], line["user"], line["repository"], line["ref"]) == ("PutObject", "admin", "lake", "main")
    assert (line["received_bytes"], line["status_code"]) == (5, 200)
    line = wait_until("its line too", lambda: line_of(request_id=wrong.headers["x-amz-request-id"]))
    assert (line["error_code"], line["user"]) == ("InvalidAccessKeyId", "")
    metrics = lake.call("GET", "/metrics", api=False).text
    assert re.search(r'gateway_request_duration_seconds_count\{operation="PutObject",code="200"\} \d', metrics)
    assert re.search(r'gateway_received_bytes_total\{operation="PutObject"\} \d', metrics)
    assert re.search(r'gateway_auth_failures_total\{reason="InvalidAccessKeyId"\} \d', metrics)
    assert 'lakefs_concurrent_requests{service="s3_gateway"} 0' in metrics
