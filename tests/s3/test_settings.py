"""Settings of the gateway and rules of repositories, as clients see them."""

import time
import uuid

import pytest

from s3_results import refused
from support.faults import memory_stays_flat, nothing_stays
from support.s3 import Place, RawRequest, md5
from support.server import KEY, SECRET, Server, wait_until

IDLE_SECONDS = 1


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    env = {"LAKEFS_GATEWAYS_S3_BUCKET_ALIASES": "flat=example-repo/main,deep=example-repo/main/a/b,frozen=example-repo/main@",
           "LAKEFS_GATEWAYS_S3_BODY_IDLE_TIMEOUT": f"{IDLE_SECONDS}s", "LAKEFS_GATEWAYS_S3_COPY": "clone",
           "LAKEFS_GATEWAYS_S3_MIN_PART_SIZE_BYTES": "10"}
    with Server(tmp_path_factory.mktemp("settings") / "lake", env=env) as server:
        server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "local://example"})
        yield Place(server.url, KEY, SECRET, "example-repo", "main/", server)


def test_flat_buckets_show_a_part_of_a_repository(lake):
    s3 = lake.client()
    s3.put_object(Bucket="flat", Key="a/b/c", Body=b"through the flat one")
    s3.put_object(Bucket="deep", Key="d", Body=b"through the deep one")
    assert lake.keys() == ["a/b/c", "a/b/d"]
    for bucket, keys in (("flat", ["a/b/c", "a/b/d"]), ("deep", ["c", "d"])):
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == keys
    assert s3.list_objects_v2(Bucket="flat", Delimiter="/")["CommonPrefixes"] == [{"Prefix": "a/"}]
    assert s3.list_objects_v2(Bucket="deep", StartAfter="c")["Contents"][0]["Key"] == "d"
    s3.copy_object(Bucket="deep", Key="copied", CopySource={"Bucket": "flat", "Key": "a/b/c"})
    assert lake.body("a/b/copied") == b"through the flat one"
    upload = {"Bucket": "deep", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket="deep")["Uploads"]] == ["parts"]
    tag = s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]})
    assert (done["Bucket"], done["Key"]) == ("deep", "parts")
    gone = s3.delete_objects(Bucket="deep", Delete={"Objects": [{"Key": key} for key in ("c", "d", "copied", "parts")]})
    assert len(gone["Deleted"]) == 4 and lake.keys() == []
    assert {"flat", "deep", "example-repo"} <= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert refused(s3.put_object, Bucket="frozen", Key="x", Body=b"x")[1] == 400


def test_a_body_that_stands_still_is_given_up(lake):
    marker = uuid.uuid4().hex.encode()
    raws = [RawRequest(lake, "PUT", f"slow/{number}", 10 << 20).send(marker) for number in range(20)]
    started = time.monotonic()
    for raw in raws:
        answer = raw.answer()
        assert answer is None or (answer.status, answer.code) == (400, "RequestTimeout"), answer
    assert IDLE_SECONDS / 2 < time.monotonic() - started < 20
    assert lake.keys() == []
    nothing_stays(lake.lake, marker)


def test_clients_that_read_slowly_hold_a_block_each_and_not_the_object(lake):
    block = uuid.uuid4().bytes * 65536
    lake.put("long", block * 48)
    with memory_stays_flat(lake.lake, may_grow_mib=40 * 1.5 + 10):
        readers = [RawRequest(lake, "GET", "long", None) for _ in range(40)]
        assert all(raw.socket.recv(1000).startswith(b"HTTP/1.1 200") for raw in readers)
        started = time.monotonic()
        assert md5(lake.body("long")) == md5(block * 48) and time.monotonic() - started < 20
        for raw in readers:
            raw.leave()
    lake.client().delete_object(Bucket=lake.bucket, Key=lake.key("long"))


def test_a_clone_shares_the_object_and_outlives_its_source(lake):
    lake.put("source", b"shared")
    lake.client().copy_object(Bucket=lake.bucket, Key=lake.key("clone"), CopySource={"Bucket": lake.bucket, "Key": lake.key("source")})
    assert lake.stat("clone")["physical_address"] == lake.stat("source")["physical_address"]
    lake.put("source", b"another")
    lake.client().delete_object(Bucket=lake.bucket, Key=lake.key("source"))
    assert lake.body("clone") == b"shared"
    lake.client().delete_object(Bucket=lake.bucket, Key=lake.key("clone"))


def test_read_only_repositories_and_protected_branches(lake):
    lake.lake.ok("POST", "/repositories", {"name": "frozen-repo", "storage_namespace": "local://frozen", "read_only": True})
    s3 = lake.client()
    assert refused(s3.put_object, Bucket="frozen-repo", Key="main/x", Body=b"x") == ("ErrReadOnlyRepository", 403)
    assert not s3.list_objects_v2(Bucket="frozen-repo", Prefix="main/").get("Contents")
    lake.put("kept", b"kept")
    settings = "/repositories/example-repo/settings/branch_protection"
    lake.lake.ok("PUT", settings, [{"pattern": "main"}])
    at = {"Bucket": lake.bucket, "Key": lake.key("kept")}
    try:
        wait_until("the rule to be known", lambda: lake.lake.call(
            "POST", "/repositories/example-repo/branches/main/objects?path=probe", raw=b"").status == 403, 20)
        for call, more in ((s3.put_object, {"Body": b"new"}), (s3.delete_object, {}), (s3.create_multipart_upload, {}),
                           (s3.copy_object, {"CopySource": at, "MetadataDirective": "REPLACE"})):
            assert refused(call, **at, **more) == ("ErrWriteToProtectedBranch", 403)
        done = s3.delete_objects(Bucket=lake.bucket, Delete={"Objects": [{"Key": at["Key"]}]})
        assert [each["Key"] for each in done["Errors"]] == [at["Key"]] and not done.get("Deleted")
        assert lake.body("kept") == b"kept"
    finally:
        lake.lake.ok("PUT", settings, [])
