"""The gateway in front of an S3-compatible store on a bad line: passing faults are not noticed, lasting ones are told,
and nothing partial is ever visible."""

import hashlib
import http.client
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from s3_results import refused
from support.faults import ERROR_500, ERROR_503, HALF_SENT, LOST, RESET, TRUNCATED, FaultyProxy, memory_stays_flat
from support.s3 import Place, RawRequest, request
from support.server import KEY, SECRET, Server, wait_until
from support.store import Store

PASSING = [RESET, LOST, ERROR_500, ERROR_503]
BIG = os.urandom(1 << 20) * 6


class Remote:
    """A server whose store is behind the proxy, and the store itself."""

    def __init__(self, root, cleanup):
        self.store = Store()
        cleanup.callback(self.store.stop)
        self.store.bucket("lake")
        self.proxy = FaultyProxy(self.store.gate.target)
        cleanup.callback(self.proxy.stop)
        env = {**self.store.settings(), "LAKEFS_BLOCKSTORE_S3_ENDPOINT": self.proxy.url, "LAKEFS_BLOCKSTORE_S3_MAX_RETRIES": 2}
        self.server = cleanup.enter_context(Server(root / "lake", env=env))
        self.server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "s3://lake/example"})
        self.main = Place(self.server.url, KEY, SECRET, "example-repo", "main/", self.server)

    def stored(self):
        return set(self.store.keys("lake", "example/data/"))

    def uploads(self):
        return {upload["UploadId"] for upload in self.store.client.list_multipart_uploads(Bucket="lake").get("Uploads", [])}


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    with ExitStack() as cleanup:
        running = Remote(tmp_path_factory.mktemp("remote"), cleanup)
        yield running
        assert running.server.process.poll() is None and "panicked" not in running.server.output()


@pytest.fixture
def place(remote, request):
    return remote.main.fork("".join(each if each.isalnum() else "-" for each in request.node.name).strip("-"), "main")


def client(place):
    """One try: what the gateway answers is what the test sees."""
    return place.client(retries={"total_max_attempts": 1})


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_not_noticed(remote, place, fault):
    s3, at = client(place), {"Bucket": place.bucket, "Key": place.key("small")}
    with remote.proxy.failing(fault, "PUT", "/data/", times=1):
        s3.put_object(**at, Body=b"small", Metadata={"k": "v"})
    with remote.proxy.failing(fault, "GET", "/data/", times=1):
        assert s3.get_object(**at)["Body"].read() == b"small"
    with remote.proxy.failing(fault, "PUT", "/data/", times=1):
        s3.copy_object(**{**at, "Key": place.key("copy")}, CopySource=at)
    upload = {**at, "Key": place.key("parts")}
    with remote.proxy.failing(fault, "POST", r"\?uploads", times=1):
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    with remote.proxy.failing(fault, "PUT", "partNumber=1", times=1):
        tags = [s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number, body in ((1, BIG), (2, b"tail"))]
    with remote.proxy.failing(fault, "POST", "uploadId=", times=1):
        s3.complete_multipart_upload(**upload, MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]})
    assert place.body("parts") == BIG + b"tail" and place.body("copy") == b"small"
    assert place.keys() == ["copy", "parts", "small"]


@pytest.mark.parametrize("fault", [RESET, ERROR_500, ERROR_503, HALF_SENT])
def test_a_lasting_fault_is_told_and_leaves_nothing(remote, place, fault):
    s3, at = client(place), {"Bucket": place.bucket, "Key": place.key("x")}
    place.put("kept", b"kept")
    before = remote.stored()
    source = {**at, "Key": place.key("kept")}
    with memory_stays_flat(remote.server), remote.proxy.failing(fault, "*", "/data/"):
        for call, more in ((s3.put_object, {"Body": b"small"}), (s3.put_object, {"Body": BIG * 3}), (s3.copy_object, {"CopySource": source}),
                           (s3.put_object, {"Body": b"once", "IfNoneMatch": "*"})):
            code, status = refused(call, **at, **more)
            assert (code, status) in (("ServiceUnavailable", 503), ("SlowDown", 503), ("InternalError", 500)), (call, code)
        if fault != HALF_SENT:
            assert request(place, "GET", "kept").status in (500, 503)
        assert place.keys() == ["kept"]
        # What needs only metadata works.
        assert s3.head_object(**source)["ContentLength"] == 4
    assert place.body("kept") == b"kept" and remote.stored() == before
    s3.put_object(**at, Body=b"after all", IfNoneMatch="*")
    assert place.body("x") == b"after all"


def test_an_upload_survives_an_outage(remote, place):
    s3, upload, before = client(place), {"Bucket": place.bucket, "Key": place.key("parts")}, remote.uploads()
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    tag = s3.upload_part(**upload, PartNumber=1, Body=BIG)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    for fault in (RESET, ERROR_503, LOST):
        with remote.proxy.failing(fault, "*", "/data/"):
            code, status = refused(s3.complete_multipart_upload, **upload, MultipartUpload=parts)
            assert status in (500, 503), code
            assert place.keys() == []
    done = s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert place.body("parts") == BIG
    assert s3.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"] == done["ETag"]
    assert remote.uploads() <= before


@pytest.mark.parametrize("fault", [RESET, ERROR_503])
def test_an_upload_can_be_aborted_during_an_outage(remote, place, fault):
    s3, upload = client(place), {"Bucket": place.bucket, "Key": place.key("parts")}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    s3.upload_part(**upload, PartNumber=1, Body=b"part")
    with remote.proxy.failing(fault, "DELETE", "/data/"):
        try:
            s3.abort_multipart_upload(**upload)
        except s3.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
    try:
        s3.abort_multipart_upload(**upload)
    except s3.exceptions.NoSuchUpload:
        pass
    assert refused(s3.upload_part, **upload, PartNumber=2, Body=b"late") == ("NoSuchUpload", 404)
    assert place.keys() == []


def test_a_read_that_breaks_off_goes_on(remote, place):
    data = os.urandom(8 << 20)
    place.put("long", data)
    with memory_stays_flat(remote.server), remote.proxy.failing(TRUNCATED, "GET", "/data/", times=1):
        assert place.body("long") == data


def test_a_read_that_cannot_go_on_is_cut_and_never_passed_off_as_whole(remote, place):
    data = os.urandom(8 << 20)
    place.put("long", data)
    with memory_stays_flat(remote.server):
        with remote.proxy.failing(TRUNCATED, "GET", "/data/", times=1), remote.proxy.failing(RESET, "GET", "/data/"):
            try:
                answer = request(place, "GET", "long")
                assert answer.status in (500, 503), answer.status
            except (http.client.IncompleteRead, ConnectionResetError) as error:
                assert not isinstance(error, http.client.IncompleteRead) or len(error.partial) < len(data)
    assert hashlib.md5(place.body("long")).digest() == hashlib.md5(data).digest()


def test_many_requests_on_a_line_that_fails_now_and_then(remote, place):
    """Every other request of the server to its store meets a fault; all objects arrive, and only whole."""
    bodies = {f"busy/{number:02}": os.urandom(2000 + number) for number in range(24)}

    def write(item):
        name, body = item
        s3 = place.client(retries={"total_max_attempts": 8, "mode": "standard"})
        s3.put_object(Bucket=place.bucket, Key=place.key(name), Body=body)

    place.client(retries={"total_max_attempts": 8, "mode": "standard"})
    with memory_stays_flat(remote.server), ThreadPoolExecutor(6) as pool, ExitStack() as faults:
        for fault in PASSING:
            faults.enter_context(remote.proxy.failing(fault, "PUT", "/data/", times=4))
        list(pool.map(write, bodies.items()))
    assert place.keys() == sorted(bodies)
    for name, body in bodies.items():
        assert place.body(name) == body


def test_a_client_that_leaves_leaves_nothing(remote, place):
    before = remote.stored(), remote.uploads()
    with memory_stays_flat(remote.server):
        for length in (100_000, 64 << 20):
            RawRequest(place, "PUT", "left", length).send(b"x" * (length // 4)).leave()
    wait_until("what was begun in the store to be removed", lambda: (remote.stored(), remote.uploads()) == before, 15)
    assert place.keys() == []
