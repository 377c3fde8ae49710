"""Clients that say so are sent to the object store for an object's bytes, where the store hands out addresses."""

import http.client
import urllib.parse
from contextlib import ExitStack

import pytest

from support.s3 import Place
from support.server import KEY, SECRET, Server
from support.store import Store

AGENT = "lakeFS-client/1 s3RedirectionSupport"
BODY = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """A server whose store is an S3 service."""
    with ExitStack() as cleanup:
        store = Store()
        cleanup.callback(store.stop)
        store.bucket("lake")
        server = cleanup.enter_context(Server(tmp_path_factory.mktemp("redirect") / "lake", env=store.settings()))
        server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "s3://lake/example"})
        place = Place(server.url, KEY, SECRET, "example-repo", "main/", server)
        place.put("x", BODY)
        yield place


def ask(url, method="GET", **headers):
    """One request, and no other."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def signed(place, operation="get_object", **params):
    params = {"Bucket": place.bucket, "Key": place.key("x"), **params}
    return place.client(signature_version="s3v4").generate_presigned_url(operation, Params=params)


def test_a_client_that_follows_is_sent_to_the_store(remote):
    status, headers, body = ask(signed(remote), User_Agent=AGENT, Range="bytes=1-5")
    assert (status, body) == (307, b"")
    assert headers["Cache-Control"] == "no-store" and headers["Content-Length"] == "0" and headers["x-amz-request-id"]
    there = headers["Location"]
    assert there.startswith(remote.lake.env["LAKEFS_BLOCKSTORE_S3_ENDPOINT"]) and "X-Amz-Signature=" in there
    assert ask(there)[2] == BODY
    assert ask(there, Range="bytes=1-5")[::2] == (206, BODY[1:6])


def test_conditions_are_judged_before(remote):
    etag = ask(signed(remote), User_Agent=AGENT, If_Match='"other"')
    assert etag[0] == 412
    assert ask(signed(remote, Key=remote.key("missing")), User_Agent=AGENT)[0] == 404


def test_everybody_else_is_served_here(remote):
    assert ask(signed(remote))[::2] == (200, BODY)
    assert ask(signed(remote, "head_object"), "HEAD", User_Agent=AGENT)[0] == 200
    overridden = signed(remote, ResponseContentType="text/plain")
    assert ask(overridden, User_Agent=AGENT)[::2] == (200, BODY)
    part = signed(remote, PartNumber=1)
    assert ask(part, User_Agent=AGENT)[::2] == (206, BODY)


def test_a_local_store_has_nowhere_to_send_to(place):
    place.put("x", BODY)
    assert ask(signed(place), User_Agent=AGENT)[::2] == (200, BODY)
