"""Clients in Go, JavaScript and Java with their default settings; the programs are in `clients`."""

import os
import subprocess

import pytest

from support import clients
from support.server import Server
from support.store import Store


@pytest.fixture
def client(place, tmp_path):
    """Runs a program on a branch of its own; it checks what it does."""
    env = {**place.credentials(), "HOME": str(tmp_path), "LAKE_ADDRESS": place.address, "LAKE_BUCKET": place.bucket, "LAKE_PREFIX": place.prefix}

    def run(*command, cwd=None, more=None):
        done = subprocess.run([*map(str, command)], env={**env, **(more or {})}, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout
    return run


def tag(place, name):
    return place.client().head_object(Bucket=place.bucket, Key=place.key(name))["ETag"].strip('"')


def test_minio_go(place, client):
    client(clients.go("minio"))
    assert {"large", "streamed", "cas", "copies/both", "presigned", "sum/parts"} <= set(place.keys())
    assert place.body("cas") == b"3" and tag(place, "sum/parts").endswith("-2")


def test_aws_sdk_for_go(place, client):
    client(clients.go("awssdk"))
    assert {"large", "copied", "presigned"} <= set(place.keys())
    assert place.body("presigned") == b"by url" and tag(place, "large").endswith("-4")


def test_aws_sdk_for_javascript(place, client):
    modules = clients.javascript()
    client("node", "aws-sdk.mjs", cwd=modules)
    assert {"large", "stream", "copied", "presigned"} <= set(place.keys()) and "given/up" not in place.keys()
    assert place.body("presigned") == b"by url" and tag(place, "large").endswith("-3")


def test_aws_sdk_for_java(place, client):
    client("java", "-cp", clients.java(), "AwsSdk")
    assert {"stream", "parts", "presigned", "tree/copied", "tree/unknown"} <= set(place.keys())
    assert place.body("presigned") == b"by url" and "-" in tag(place, "tree/deep/large")


def test_lakefs_sdk_for_java(branch, client):
    client("java", "-cp", clients.java(), "LakefsSdk")


def test_lakefs_file_system_for_hadoop(branch, client, tmp_path):
    """It goes past the server for bytes, to an S3-compatible store."""
    store = Store()
    try:
        place = store.bucket("lake")
        with Server(tmp_path / "lake", env=store.settings()) as server:
            server.ok("POST", "/repositories", {"name": "hadoop", "storage_namespace": f"s3://{place}/hadoop"})
            client("java", "-cp", clients.java("hadoop"), "LakefsFiles", more={
                "AWS_ENDPOINT_URL": server.url, "LAKE_BUCKET": "hadoop", "STORE_ADDRESS": store.url.split("//")[1]})
            left = server.pages("/repositories/hadoop/refs/main/objects/ls")
            assert [entry["path"] for entry in left if entry["size_bytes"]] == ["renamed/file"]
    finally:
        store.stop()
