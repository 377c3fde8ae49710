"""Where the server writes: what is lakeFS's under lakeFS's names, what is its own only where lakeFS never looks.

Records of its own live in partitions `lakefs-rs:*`, objects of its own in sub-directories of `_lakefs/`."""

import re
from contextlib import ExitStack

import boto3
from botocore.config import Config

from support.postgres import Postgres
from support.server import KEY, SECRET, Server
from support.store import Store

ADMIN = {"username": "admin", "key": {"access_key_id": KEY, "secret_access_key": SECRET}}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
XID = r"[0-9a-v]{20}"
RECORDS = [
    (r"kv-internal-metadata", r"kv/schema/version"), (r"graveler", r"repos/lake"),
    (rf"lake-{XID}", r"branches/\w+|tags/\w+|commits/[0-9a-f]{64}|settings/protected_branches|repo-metadata"),
    (rf"lake-\w+:{UUID}", r".*"), (r"cleanup-tokens", rf"lake-\w+:{UUID}"), (r"multiparts", r".+"),
    (r"usage", rf"usage/monthly/{UUID}/\d{{6}}"), (r"basicAuth", r"users/superAdmin|uCredentials/superAdmin/credentials/\w+"),
    (r"auth", r"installation_id|installation_metadata/\w+"), (r"lakefs-rs:.+", r".*"),
]
OBJECTS = rf"lake/data/{XID}/{XID}(,[\w-]+)?|lake/_lakefs/(dummy|[0-9a-f]{{64}}|.+/.+)"


def test_everything_written_has_a_place_that_lakefs_knows_or_never_looks_at(tmp_path):
    with ExitStack() as cleanup:
        database, store = Postgres(tmp_path), Store()
        cleanup.callback(database.stop)
        cleanup.callback(store.stop)
        store.bucket("bucket")
        env = {**store.settings(), "LAKEFS_DATABASE_TYPE": "postgres",
               "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING": database.create("lakefs")}
        with Server(tmp_path / "lake", env=env) as server:
            work(server)
            halfway = read(database, store)
            server.ok("POST", "/repositories/lake/branches/dev/commits", {"message": "the rest"})
            assert server.stop() == 0
        for records, objects in (halfway, read(database, store)):
            assert len(records) > 20 and len(objects) > 8
            for partition, key in records:
                assert any(re.fullmatch(p, partition) and re.fullmatch(k, key, re.S) for p, k in RECORDS), (partition, key)
            for name in objects:
                assert re.fullmatch(OBJECTS, name), name
        assert any(partition.startswith("lakefs-rs:") for partition, _ in halfway[0]), "the test reaches records of our own"


def read(database, store):
    rows = database.sql("SELECT encode(partition_key, 'hex'), encode(key, 'hex') FROM kv", "lakefs").splitlines()
    records = [[bytes.fromhex(part).decode() for part in row.split("|")] for row in rows]
    return records, store.keys("bucket")


def work(server):
    """Something of everything, some of it left half done."""
    server.ok("POST", "/setup_lakefs", ADMIN, auth=False)
    server.ok("POST", "/repositories", {"name": "lake", "storage_namespace": "s3://bucket/lake"})
    base = "/repositories/lake"
    server.ok("POST", f"{base}/metadata", {"metadata": {"k": "v"}})
    server.ok("PUT", f"{base}/settings/branch_protection", [{"pattern": "prod*"}])
    server.ok("PUT", f"{base}/settings/gc_rules", {"default_retention_days": 7, "branches": []})
    server.ok("POST", f"{base}/branches/main/objects?path=a", raw=b"a")
    server.ok("POST", f"{base}/branches/main/commits", {"message": "c"})
    server.ok("POST", f"{base}/tags", {"id": "v1", "ref": "main"})
    server.ok("POST", f"{base}/branches", {"name": "dev", "source": "main"})
    s3 = boto3.client("s3", endpoint_url=server.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1",
                      config=Config(s3={"addressing_style": "path"}))
    s3.put_object(Bucket="lake", Key="dev/by-s3", Body=b"x", Metadata={"k": "v"})
    for key, ends in (("dev/whole", True), ("dev/open", False)):
        upload = s3.create_multipart_upload(Bucket="lake", Key=key)["UploadId"]
        part = s3.upload_part(Bucket="lake", Key=key, UploadId=upload, PartNumber=1, Body=b"p")
        if ends:
            s3.complete_multipart_upload(Bucket="lake", Key=key, UploadId=upload,
                                         MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    place = server.ok("GET", f"{base}/branches/dev/staging/backing?path=linked")["physical_address"]
    server.ok("PUT", f"{base}/branches/dev/staging/backing?path=linked",
              {"staging": {"physical_address": place}, "checksum": "c", "size_bytes": 3})
    server.ok("POST", f"{base}/branches/dev/objects/copy?dest_path=copy", {"src_path": "a"})
    server.ok("POST", f"{base}/branches/dev/commits", {"message": "d"})
    server.ok("POST", f"{base}/refs/dev/merge/main", {})
    server.ok("POST", f"{base}/branches/dev/objects?path=left", raw=b"left")
