"""An installation written by lakeFS, loaded into each key-value store: every answer is the same, and
work goes on top of it."""

import json
import tarfile
from pathlib import Path

import pytest

from support.server import Server, lakefs, quote

SECRET_KEY = "golden secret key"
KEY, SECRET = "AKIAIOSFDNN7EXAMPLEQ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
RECORDED_STORE = "local:///srv/lake/"
# Answers of operations of later issues.
PENDING = {"pulls", "runs"}


@pytest.fixture(scope="module")
def expected(shared):
    return json.loads((shared / "golden/expected.json").read_text())


@pytest.fixture(scope="module", params=["local", "postgres"])
def golden(request, shared, tmp_path_factory):
    """A server on the loaded installation."""
    root = tmp_path_factory.mktemp(f"golden-{request.param}")
    lake = root / "lake"
    lake.mkdir()
    env = {"HOME": str(lake), "LAKEFS_AUTH_ENCRYPT_SECRET_KEY": SECRET_KEY, "LAKEFS_BLOCKSTORE_TYPE": "local",
           "LAKEFS_DATABASE_TYPE": request.param, "LAKEFS_DATABASE_LOCAL_PATH": f"{lake}/kv"}
    if request.param == "postgres":
        env["LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING"] = request.getfixturevalue("postgres").create("golden")
    with tarfile.open(shared / "golden/objects.tar.xz") as archive:
        archive.extractall(root / "objects", filter="data")
    done = lakefs("kv", "load", "--input", str(shared / "golden/kv.jsonl"), env=env, timeout=600)
    assert done.returncode == 0, done.stderr
    env["LAKEFS_BLOCKSTORE_LOCAL_PATH"] = str(store_root(root / "objects"))
    with Server(lake, env=env, key=KEY, secret=SECRET, admin=False) as server:
        server.store = env["LAKEFS_BLOCKSTORE_LOCAL_PATH"]
        yield server


def store_root(directory):
    """Where `gold/` is in the unpacked archive."""
    if (directory / "gold").is_dir():
        return directory
    return next(path.parent for path in directory.rglob("gold") if path.is_dir())


def relative(server, answer):
    """The answer with addresses relative to the store."""
    if isinstance(answer, dict):
        return {name: relative(server, value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [relative(server, value) for value in answer]
    if isinstance(answer, str):
        return answer.replace(f"local://{server.store}/", "local://").replace(RECORDED_STORE, "local://")
    return answer


def summary(results):
    """Long listings are recorded as count, ends and every 5,000th."""
    return {"count": len(results), "every_5000th": results[::5000], "first": results[:3], "last": results[-3:]}


def ask(server, repository, question):
    base = f"/repositories/{repository}"
    kind, _, ref = question.partition(":")
    if kind == "log":
        return server.pages(f"{base}/refs/{quote(ref)}/commits")
    if kind == "objects":
        return server.pages(f"{base}/refs/{quote(ref)}/objects/ls?user_metadata=true")
    if kind == "uncommitted":
        return server.pages(f"{base}/branches/{quote(ref)}/diff")
    if kind == "branches":
        return server.pages(f"{base}/branches?show_hidden=true")
    if kind == "tags":
        return server.pages(f"{base}/tags")
    if kind == "metadata":
        return server.ok("GET", f"{base}/metadata")
    if kind == "protection":
        return server.ok("GET", f"{base}/settings/branch_protection")
    if kind == "gc_rules":
        answer = server.call("GET", f"{base}/settings/gc_rules")
        return answer.json() if answer.status == 200 else {"status": answer.status, "body": answer.text.strip() + "\n"}
    raise AssertionError(f"no such question: {question}")


def test_every_answer_is_the_recorded_one(golden, expected):
    wrong = []

    def compare(name, wanted, got):
        wanted, got = relative(golden, wanted), relative(golden, got)
        if "gc_rules" in name and "branches" in wanted:
            # Stored as a map: there is no order to keep.
            wanted["branches"].sort(key=str), got["branches"].sort(key=str)
        if wanted != got:
            wrong.append(f"{name}:\n  want {json.dumps(wanted)[:600]}\n   got {json.dumps(got)[:600]}")

    compare("repositories", expected["repositories"], golden.pages("/repositories"))
    compare("user", expected["user"], golden.ok("GET", "/user"))
    for repository, questions in expected.items():
        if not isinstance(questions, dict) or repository == "user":
            continue
        for question, wanted in questions.items():
            if question in PENDING:
                continue
            got = ask(golden, repository, question)
            if isinstance(wanted, dict) and "every_5000th" in wanted:
                got = summary(got)
            compare(f"{repository} {question}", wanted, got)
    assert not wrong, "\n".join(wrong)


def test_every_object_that_is_there_reads_back(golden, expected):
    refs = [name.partition(":")[2] for name in expected["golden"] if name.startswith("objects:")]
    for ref in refs:
        for entry in expected["golden"][f"objects:{ref}"]:
            if not (Path(golden.store) / relative(golden, entry["physical_address"])[len("local://"):]).exists():
                continue
            answer = golden.call("GET", f"/repositories/golden/refs/{quote(ref)}/objects?path={quote(entry['path'])}")
            assert (answer.status, len(answer.body)) == (200, entry["size_bytes"]), (ref, entry["path"], answer.text)


def test_work_goes_on_where_it_was_left(golden):
    base = "/repositories/golden"
    before = golden.pages(f"{base}/refs/main/objects/ls")
    golden.ok("POST", f"{base}/branches", {"name": "onward", "source": "main"})
    golden.ok("POST", f"{base}/branches/onward/objects?path=onward%2Fnew", raw=b"new")
    commit = golden.ok("POST", f"{base}/branches/onward/commits", {"message": "onward", "metadata": {"k": "v"}})
    assert commit["parents"] == [golden.ok("GET", f"{base}/branches/main")["commit_id"]]
    diff = golden.pages(f"{base}/refs/main/diff/onward")
    assert [(entry["type"], entry["path"]) for entry in diff] == [("added", "onward/new")]
    merged = golden.ok("POST", f"{base}/refs/onward/merge/main", {})
    after = golden.pages(f"{base}/refs/main/objects/ls")
    assert [entry["path"] for entry in after] == sorted([entry["path"] for entry in before] + ["onward/new"])
    golden.ok("POST", f"{base}/branches/main/revert", {"ref": merged["reference"], "parent_number": 1})
    assert golden.pages(f"{base}/refs/main/objects/ls") == before


def test_one_change_on_a_large_table_keeps_the_other_ranges(golden):
    base = "/repositories/many"
    golden.ok("POST", f"{base}/branches", {"name": "edit-one", "source": "main"})
    golden.ok("POST", f"{base}/branches/edit-one/objects?path=tables%2F000%2Fnew", raw=b"x")
    commit = golden.ok("POST", f"{base}/branches/edit-one/commits", {"message": "one"})
    assert len(golden.pages(f"{base}/refs/edit-one/objects/ls")) == 70_051
    diff = golden.pages(f"{base}/refs/main/diff/edit-one")
    assert [entry["path"] for entry in diff] == ["tables/000/new"]
    golden.ok("POST", f"{base}/refs/{commit['id']}/merge/main", {})
    assert golden.ok("GET", f"{base}/refs/main/objects/stat?path=tables%2F000%2Fnew")["size_bytes"] == 1


def test_the_recorded_staged_changes_can_be_committed(golden):
    base = "/repositories/golden"
    changes = golden.pages(f"{base}/branches/staged/diff")
    assert {(change["type"], change["path"]) for change in changes} == {
        ("removed", "only-main"), ("changed", "plain.txt"), ("added", "uncommitted/a")}
    golden.ok("POST", f"{base}/branches/staged/commits", {"message": "staged there, committed here"})
    assert golden.pages(f"{base}/branches/staged/diff") == []
    paths = [entry["path"] for entry in golden.pages(f"{base}/refs/staged/objects/ls")]
    assert "uncommitted/a" in paths and "only-main" not in paths
