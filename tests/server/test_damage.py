"""Records and tables that do not read back, in a real installation: what is asked about them names them, and
everything else goes on."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from support.postgres import Postgres
from support.server import KEY, SECRET, Lakectl, Server

BASE = "/repositories/example-repo"
ADMIN = {"username": "admin", "key": {"access_key_id": KEY, "secret_access_key": SECRET}}


class Installation:
    """A server on PostgreSQL, whose records can be changed behind its back, and on a local store."""

    def __init__(self, root, cleanup):
        self.database = Postgres(root)
        cleanup.callback(self.database.stop)
        env = {"LAKEFS_DATABASE_TYPE": "postgres", "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING": self.database.create("lakefs")}
        self.server = cleanup.enter_context(Server(root / "lake", env=env))
        self.server.ok("POST", "/setup_lakefs", ADMIN, auth=False)
        self.server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "local://example"})

    def damage(self, key):
        """Replaces the value of the one record with this key by something that is no message."""
        changed = self.database.sql(f"UPDATE kv SET value = '\\x0aff' WHERE key = convert_to('{key}', 'UTF8') RETURNING 1", "lakefs")
        assert changed.splitlines()[0] == "1", changed

    def tables(self):
        directory = self.server.directory / "blocks/example/_lakefs"
        return {path for path in directory.iterdir() if path.is_file() and len(path.name) == 64}


@pytest.fixture
def lake(tmp_path):
    with ExitStack() as cleanup:
        yield Installation(tmp_path, cleanup)


def fails_naming(server, method, path, name, body=None):
    answer = server.call(method, path, body)
    assert answer.status == 500 and name in answer.json()["message"], (answer.status, answer.text)


def test_damaged_records_are_listed_named_and_put_right(lake, tmp_path):
    server, cli = lake.server, Lakectl(lake.server, tmp_path)
    for name in ("one", "two", "three"):
        server.ok("POST", f"{BASE}/branches", {"name": name, "source": "main"})
        server.ok("POST", f"{BASE}/tags", {"id": f"tag-{name}", "ref": "main"})
        server.ok("POST", "/repositories", {"name": f"repo-{name}", "storage_namespace": f"local://{name}"})
    for key in ("branches/two", "tags/tag-two", "repos/repo-two"):
        lake.damage(key)

    branches = {found["id"]: found["commit_id"] for found in server.pages(f"{BASE}/branches")}
    assert set(branches) == {"main", "one", "two", "three"} and [name for name, commit in branches.items() if not commit] == ["two"]
    tags = {found["id"]: found["commit_id"] for found in server.pages(f"{BASE}/tags")}
    assert set(tags) == {"tag-one", "tag-two", "tag-three"} and tags["tag-two"] == ""
    assert {found["id"] for found in server.pages("/repositories")} == {"example-repo", "repo-one", "repo-two", "repo-three"}
    for command in (("branch", "list", "lakefs://example-repo"), ("tag", "list", "lakefs://example-repo"), ("repo", "list")):
        assert "two" in cli(*command) and "three" in cli(*command)
    fails_naming(server, "GET", f"{BASE}/branches/two", "branch two")
    fails_naming(server, "GET", f"{BASE}/refs/tag-two/commits", "tag tag-two")
    fails_naming(server, "POST", f"{BASE}/refs/two/merge/one", "branch two", {})
    assert server.call("GET", "/_health/ready", api=False).status == 200

    server.ok("POST", f"{BASE}/branches/one/objects?path=k", raw=b"v")
    server.ok("POST", f"{BASE}/branches/one/commits", {"message": "c"})
    server.ok("POST", f"{BASE}/refs/one/merge/three", {})

    cli("branch", "delete", "lakefs://example-repo/two", "-y")
    cli("tag", "delete", "lakefs://example-repo/tag-two", "-y")
    server.ok("DELETE", "/repositories/repo-two?force=true")
    server.ok("POST", f"{BASE}/branches", {"name": "two", "source": "three"})
    assert server.call("GET", f"{BASE}/refs/two/objects?path=k").body == b"v"

    lake.damage("branches/main")
    fails_naming(server, "GET", f"{BASE}/branches/main", "branch main")
    server.ok("PUT", f"{BASE}/branches/main/hard_reset?ref=three&force=true")
    assert server.call("GET", f"{BASE}/refs/main/objects?path=k").body == b"v"


def test_a_damaged_commit_and_a_damaged_change_are_named(lake):
    server = lake.server
    server.ok("POST", f"{BASE}/branches", {"name": "dev", "source": "main"})
    for path in ("a", "b", "c"):
        server.ok("POST", f"{BASE}/branches/dev/objects?path={path}", raw=path.encode())
    lake.damage("b")
    page = server.ok("GET", f"{BASE}/refs/dev/objects/ls")
    assert [found["path"] for found in page["results"]] == ["a"] and page["pagination"]["has_more"]
    fails_naming(server, "GET", f"{BASE}/refs/dev/objects/ls?after=a", " b")
    assert [found["path"] for found in server.ok("GET", f"{BASE}/refs/dev/objects/ls?after=b")["results"]] == ["c"]
    fails_naming(server, "GET", f"{BASE}/refs/dev/objects?path=b", " b")
    fails_naming(server, "POST", f"{BASE}/branches/dev/commits", " b", {"message": "m"})
    assert server.call("GET", f"{BASE}/refs/dev/objects?path=c").body == b"c"
    server.ok("DELETE", f"{BASE}/branches/dev/objects?path=b")
    commit = server.ok("POST", f"{BASE}/branches/dev/commits", {"message": "m"})["id"]
    assert [found["path"] for found in server.pages(f"{BASE}/refs/dev/objects/ls")] == ["a", "c"]

    lake.damage(f"commits/{commit}")
    env = {name: value for name, value in server.env.items() if name.startswith("LAKEFS_DATABASE") or name.startswith("LAKEFS_BLOCKSTORE")}
    with Server(server.directory.parent / "fresh", env=env) as fresh:
        fails_naming(fresh, "GET", f"{BASE}/refs/dev/objects/ls", commit)
        fails_naming(fresh, "GET", f"{BASE}/refs/dev/commits", commit)
        assert fresh.call("GET", f"{BASE}/refs/main/commits").status == 200
        assert fresh.ok("GET", f"{BASE}/branches/dev")["commit_id"] == commit
        fresh.ok("DELETE", f"{BASE}/branches/dev")


@pytest.mark.parametrize("kind", ["truncated", "flipped", "missing"])
def test_damaged_tables_are_named_and_harm_nobody_else(lake, kind):
    server = lake.server
    before = lake.tables()
    server.ok("POST", f"{BASE}/branches/main/objects?path=sound", raw=b"sound")
    server.ok("POST", f"{BASE}/branches/main/commits", {"message": "sound"})
    sound = lake.tables() - before
    server.ok("POST", f"{BASE}/branches", {"name": "dev", "source": "main"})
    server.ok("POST", f"{BASE}/branches/dev/objects?path=hurt", raw=b"hurt")
    server.ok("POST", f"{BASE}/branches/dev/commits", {"message": "hurt"})
    hurt = lake.tables() - before - sound
    assert server.stop() == 0
    for table in hurt:
        data = bytearray(Path(table).read_bytes())
        data[len(data) // 2] ^= 0x40
        if kind == "missing":
            table.unlink()
        else:
            table.write_bytes(data[:len(data) // 2] if kind == "truncated" else data)
    server.start()
    answer = server.call("GET", f"{BASE}/refs/dev/objects/ls")
    assert answer.status == 500 and any(table.name in answer.json()["message"] for table in hurt), answer.text
    assert server.call("GET", f"{BASE}/refs/main/diff/dev").status == 500
    assert server.call("GET", f"{BASE}/refs/main/objects?path=sound").body == b"sound"
    server.ok("POST", f"{BASE}/branches/main/objects?path=more", raw=b"more")
    head = server.ok("POST", f"{BASE}/branches/main/commits", {"message": "goes on"})["id"]
    assert server.call("POST", f"{BASE}/refs/dev/merge/main", {}).status == 500
    assert server.ok("GET", f"{BASE}/branches/main")["commit_id"] == head
    assert [found["path"] for found in server.pages(f"{BASE}/refs/main/objects/ls")] == ["more", "sound"]
    server.ok("PUT", f"{BASE}/branches/dev/hard_reset?ref=main~1")
    assert [found["path"] for found in server.pages(f"{BASE}/refs/dev/objects/ls")] == ["sound"]
