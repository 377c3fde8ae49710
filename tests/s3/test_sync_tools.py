"""Tools that copy directories, with their default settings: s3cmd and rclone."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

TREE = {"a.txt": b"a", "sub/b c+d%.txt": b"b" * 1000, "sub/é.bin": b"\x00\xff" * 1000, "empty": b""}
OLD = 1_500_000_000.123456789


@pytest.fixture
def tree(tmp_path):
    for name, data in TREE.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (OLD, OLD))
    return tmp_path / "tree"


def read(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def runner(command, place, tmp_path, env=None):
    def run(*args, stdin=None):
        done = subprocess.run([*command, *args], env={**place.credentials(), "HOME": str(tmp_path), **(env or {})}, cwd=tmp_path,
                              input=stdin, capture_output=True, timeout=120)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return (done.stdout + done.stderr).decode()
    return run


@pytest.fixture(params=["v4", "v2"])
def s3cmd(place, tmp_path, request):
    config = tmp_path / "s3cfg"
    config.write_text(f"[default]\naccess_key = {place.access_key}\nsecret_key = {place.secret}\nhost_base = {place.address}\n"
                      f"host_bucket = {place.address}\nuse_https = False\nsignature_v2 = {request.param == 'v2'}\n")
    return runner([sys.executable, str(Path(sys.executable).parent / "s3cmd"), "--config", str(config)], place, tmp_path)


def test_s3cmd(place, s3cmd, tree, tmp_path):
    s3cmd("put", "--recursive", f"{tree}/", place.url("up/"))
    assert place.keys() == sorted(f"up/{name}" for name in TREE)
    (tmp_path / "down").mkdir()
    s3cmd("get", "--recursive", place.url("up/"), "down/")
    assert read(tmp_path / "down") == TREE
    (tmp_path / "big").write_bytes(os.urandom(16 << 20))
    s3cmd("put", "big", place.url("big"))
    s3cmd("get", place.url("big"), "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "big").read_bytes()
    assert not re.search(r"^upload:", s3cmd("sync", f"{tree}/", place.url("up/")), re.MULTILINE), "nothing changed"
    listed = s3cmd("ls", place.url("up/"))
    assert place.url("up/sub/") in listed and place.url("up/a.txt") in listed
    s3cmd("cp", place.url("up/sub/b c+d%.txt"), place.url("copied"))
    s3cmd("mv", place.url("copied"), place.url("moved"))
    assert "1000" in s3cmd("info", place.url("moved"))
    with urllib.request.urlopen(s3cmd("signurl", place.url("moved"), "+60").strip()) as answer:
        assert answer.read() == TREE["sub/b c+d%.txt"]
    s3cmd("del", "--recursive", place.url("up/"))
    assert place.keys() == ["big", "moved"]


@pytest.fixture
def rclone(place, tmp_path):
    command = os.environ.get("RCLONE_BIN") or shutil.which("rclone")
    assert command, "these tests need rclone (Debian: apt-get install rclone)"
    return runner([command, "--config", str(tmp_path / "none")], place, tmp_path, {
        "RCLONE_CONFIG_LAKE_TYPE": "s3", "RCLONE_CONFIG_LAKE_PROVIDER": "Other", "RCLONE_CONFIG_LAKE_ENDPOINT": place.endpoint,
        "RCLONE_CONFIG_LAKE_ACCESS_KEY_ID": place.access_key, "RCLONE_CONFIG_LAKE_SECRET_ACCESS_KEY": place.secret})


def test_rclone(place, rclone, tree, tmp_path):
    there = "lake:" + place.path("up")
    (tree / "big").write_bytes(os.urandom(16 << 20))
    # Parts of a remote file have no MD5 in their tag: rclone keeps it as metadata.
    rclone("sync", "--s3-upload-cutoff", "5Mi", "--s3-chunk-size", "5Mi", str(tree), there)
    assert place.keys() == sorted(f"up/{name}" for name in [*TREE, "big"])
    assert "0 differences found" in rclone("check", str(tree), there)
    assert "0 differences found" in rclone("check", "--download", str(tree), there)
    assert "There was nothing to transfer" in rclone("sync", "-v", str(tree), there)
    rclone("copy", there, "down")
    assert read(tmp_path / "down") == read(tree)
    assert abs((tmp_path / "down/a.txt").stat().st_mtime - OLD) < 1e-3, "times come back"
    # A new time is a copy of the object onto itself; a removed file is removed there.
    os.utime(tree / "a.txt", (OLD + 5, OLD + 5))
    (tree / "empty").unlink()
    rclone("sync", str(tree), there)
    assert "1500000005" in str(place.client().head_object(Bucket=place.bucket, Key=place.key("up/a.txt"))["Metadata"]["mtime"])
    assert place.keys() == sorted(f"up/{name}" for name in [*TREE, "big"] if name != "empty")
    rclone("move", there, "lake:" + place.path("moved"))
    assert "0 differences found" in rclone("check", str(tree), "lake:" + place.path("moved"))
    rclone("purge", "lake:" + place.path("moved"))
    assert not place.keys()
