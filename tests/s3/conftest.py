"""One server for all tests of the gateway; each test works on a branch of its own.

With LAKEFS_S3_ENDPOINT (and AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) the clients talk to that S3 server instead: a
way to see that a test asks for S3 and not for us. Tests that need branches are skipped then."""

import os
import re

import pytest

from support.s3 import Place
from support.server import KEY, SECRET, Server

REPOSITORY = "example-repo"
ELSEWHERE = os.environ.get("LAKEFS_S3_ENDPOINT")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    """A server on embedded stores with the default settings, or the other S3 server."""
    if ELSEWHERE:
        there = Place(ELSEWHERE, os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], REPOSITORY, "main/")
        there.client().create_bucket(Bucket=REPOSITORY)
        yield there
        return
    with Server(tmp_path_factory.mktemp("gateway") / "lake") as server:
        server.ok("POST", "/repositories", {"name": REPOSITORY, "storage_namespace": "local://example"})
        yield Place(server.url, KEY, SECRET, REPOSITORY, "main/", server)


@pytest.fixture
def place(gateway, request):
    """A branch of the test's own."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")[-60:].strip("-")
    return gateway.at(name) if ELSEWHERE else gateway.fork(name, "main")


@pytest.fixture
def branch(place):
    """The same, for tests that need branches."""
    if not place.lake:
        pytest.skip("needs a server with branches")
    return place
