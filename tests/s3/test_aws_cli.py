"""The AWS CLI, versions 1 and 2, with its default settings."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from support import clients


@pytest.fixture(params=["v1", "v2"])
def aws(place, tmp_path, request):
    """Runs the command; it must succeed."""
    command = [clients.aws_cli_v2()] if request.param == "v2" else [sys.executable, str(Path(sys.executable).parent / "aws")]
    env = {**place.credentials(), "HOME": str(tmp_path), "AWS_PAGER": ""}

    def run(*args, stdin=None, fails=False):
        done = subprocess.run([*command, *args], env=env, cwd=tmp_path, input=stdin, capture_output=True, timeout=120)
        assert (done.returncode != 0) == fails, (args, done.stdout, done.stderr)
        return done.stdout if not fails else done.stderr
    return run


@pytest.fixture
def tree(tmp_path):
    """A directory with files of several sizes; one goes up in parts."""
    files = {"a.txt": b"a", "sub/b c+d%.txt": b"b" * 1000, "sub/deep/é.bin": os.urandom(9 << 20), "empty": b""}
    for name, data in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return files


def read(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_copy_move_and_remove(place, aws, tree, tmp_path):
    aws("s3", "cp", "--recursive", "--quiet", "tree", place.url("up"))
    assert place.keys() == sorted(f"up/{name}" for name in tree)
    aws("s3", "cp", "--recursive", "--quiet", place.url("up"), "down")
    assert read(tmp_path / "down") == tree
    aws("s3", "cp", "--quiet", "-", place.url("piped"), stdin=b"from a pipe")
    assert aws("s3", "cp", "--quiet", place.url("piped"), "-") == b"from a pipe"
    aws("s3", "cp", "--recursive", "--quiet", place.url("up"), place.url("again"))
    aws("s3", "mv", "--recursive", "--quiet", place.url("again"), place.url("moved"))
    assert [key for key in place.keys() if not key.startswith("up/")] == ["moved/" + name for name in sorted(tree)] + ["piped"]
    assert place.body("moved/sub/deep/é.bin") == tree["sub/deep/é.bin"]
    listed = aws("s3", "ls", place.url("moved/")).decode()
    assert "PRE sub/" in listed and "a.txt" in listed and "é.bin" not in listed
    aws("s3", "rm", "--recursive", "--quiet", place.url("moved"))
    aws("s3", "rm", "--quiet", place.url("piped"))
    assert place.keys() == sorted(f"up/{name}" for name in tree)


def test_sync_sends_what_changed(place, aws, tree, tmp_path):
    sent = aws("s3", "sync", "tree", place.url("synced")).decode()
    assert sent.count("upload:") == len(tree)
    assert not aws("s3", "sync", "tree", place.url("synced")), "nothing changed"
    (tmp_path / "tree/a.txt").write_bytes(b"changed")
    (tmp_path / "tree/empty").unlink()
    sent = aws("s3", "sync", "--delete", "tree", place.url("synced")).decode()
    assert sent.count("upload:") == 1 and sent.count("delete:") == 1
    aws("s3", "sync", "--quiet", place.url("synced"), "back")
    assert read(tmp_path / "back") == read(tmp_path / "tree")
    assert not aws("s3", "sync", place.url("synced"), "back"), "times and sizes are as they were"


def test_presign_and_s3api(place, aws, tmp_path):
    (tmp_path / "body").write_bytes(b"by s3api")
    bucket = ("--bucket", place.bucket)
    at = (*bucket, "--key", place.key("api/one"))
    put = json.loads(aws("s3api", "put-object", *at, "--body", "body", "--metadata", "k=v", "--content-type", "text/plain"))
    head = json.loads(aws("s3api", "head-object", *at))
    assert (head["ETag"], head["Metadata"], head["ContentType"]) == (put["ETag"], {"k": "v"}, "text/plain")
    aws("s3api", "get-object", *at, "--range", "bytes=3-", "part")
    assert (tmp_path / "part").read_bytes() == b"s3api"
    with urllib.request.urlopen(aws("s3", "presign", place.url("api/one"), "--expires-in", "60").decode().strip()) as answer:
        assert answer.read() == b"by s3api"
    listed = json.loads(aws("s3api", "list-objects-v2", *bucket, "--prefix", place.key("api/")))
    assert [entry["Key"] for entry in listed["Contents"]] == [place.key("api/one")]
    stale = aws("s3api", "put-object", *at, "--body", "body", "--if-none-match", "*", fails=True)
    assert b"PreconditionFailed" in stale
    deletion = json.dumps({"Objects": [{"Key": place.key("api/one")}]})
    assert json.loads(aws("s3api", "delete-objects", *bucket, "--delete", deletion))["Deleted"]
    assert not place.keys()


def test_branches_are_listed(branch, aws):
    branch.put("x")
    assert f"PRE {branch.key('')}" in aws("s3", "ls", f"s3://{branch.bucket}/").decode()
    assert branch.bucket in aws("s3", "ls").decode()
