"""Two servers on one PostgreSQL database and one bucket, as users drive them: direct transfers to the
store, interleaved writes, outages of either."""

import hashlib
import os
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import lakefs
import pytest
from lakefs.client import Client

from support.server import KEY, SECRET, Lakectl, Server, quote, wait_until
from support.postgres import Postgres
from support.store import Store

BASE = "/repositories/example-repo"
REPO = "lakefs://example-repo"
ODD = "dir//a b#ü%?+&=.txt"


class Installation:
    """A database, a bucket, and two servers on them."""

    def __init__(self, root, cleanup):
        self.database = Postgres(root)
        cleanup.callback(self.database.stop)
        self.store = Store()
        cleanup.callback(self.store.stop)
        self.store.bucket("lake")
        self.env = {**self.store.settings(), "LAKEFS_DATABASE_TYPE": "postgres",
                    "LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING": self.database.create("lakefs")}
        self.root = root
        # Started together: both make the tables.
        with ThreadPoolExecutor(2) as pool:
            self.one, self.two = pool.map(lambda name: cleanup.enter_context(Server(root / name, env=self.env)), ("one", "two"))
        keys = {"username": "admin", "key": {"access_key_id": KEY, "secret_access_key": SECRET}}
        self.one.ok("POST", "/setup_lakefs", keys, auth=False)
        # A server that was there before the user was knows the new key at once.
        assert self.two.call("GET", "/user").status == 200
        self.one.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "s3://lake/example"})


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with ExitStack() as cleanup:
        running = Installation(tmp_path_factory.mktemp("postgres-s3"), cleanup)
        yield running
        assert [running.one.stop(), running.two.stop()] == [0, 0]


@pytest.fixture
def cli(lake, tmp_path):
    """The command line on each server."""
    return Lakectl(lake.one, tmp_path), Lakectl(lake.two, tmp_path)


def branch(lake, name):
    lake.one.ok("POST", f"{BASE}/branches", {"name": name, "source": "main"})
    return f"{BASE}/branches/{name}", f"{BASE}/refs/{name}"


def fetch(url, method="GET", data=None):
    headers = {"Content-Type": "application/octet-stream"} if data is not None else {}
    with urllib.request.urlopen(urllib.request.Request(url, method=method, data=data, headers=headers)) as answer:
        return answer.headers, answer.read()


def md5(data):
    return hashlib.md5(data).hexdigest()


def test_lakectl_transfers_directly_and_through_the_server(lake, cli, tmp_path):
    one, two = cli
    branch(lake, "transfers")
    target = f"{REPO}/transfers/"
    big = os.urandom(20 << 20)
    (tmp_path / "big").write_bytes(big)
    (tmp_path / "small").write_bytes(b"small")
    for way in ("true", "false"):
        for name in ("big", "small"):
            one("fs", "upload", "-s", str(tmp_path / name), f"{target}{way}/{name}", f"--pre-sign={way}", "--no-progress")
    one("fs", "upload", "-s", "-", target + ODD.replace("%", "%25"), "--pre-sign", stdin="from a pipe")

    facts = {entry["path"]: entry for entry in lake.two.pages(f"{BASE}/refs/transfers/objects/ls")}
    assert {path: entry["size_bytes"] for path, entry in facts.items()} == {
        "true/big": len(big), "false/big": len(big), "true/small": 5, "false/small": 5, ODD: 11}
    assert facts["true/big"]["checksum"].endswith("-4"), "uploaded in four parts"
    assert facts["false/big"]["checksum"] == md5(big)
    for way in ("true", "false"):
        for uploaded in ("true", "false"):
            back = tmp_path / f"back-{way}-{uploaded}"
            two("fs", "download", f"{target}{uploaded}/big", str(back), f"--pre-sign={way}", "--no-progress")
            assert back.read_bytes() == big
        assert two("fs", "cat", target + ODD.replace("%", "%25"), f"--pre-sign={way}") == "from a pipe"
    assert fetch(two("fs", "presign", target + ODD.replace("%", "%25")).strip())[1] == b"from a pipe"
    two("fs", "rm", "-r", f"{target}false/")
    two("commit", target.rstrip("/"), "-m", "transfers")
    assert "false/" not in one("fs", "ls", "-r", target)


def test_a_client_writes_to_the_store_and_links(lake):
    on, at = branch(lake, "linked")
    place = lake.one.ok("GET", f"{on}/staging/backing?path=direct&presign=true")
    headers, _ = fetch(place["presigned_url"], "PUT", b"written directly")
    link = {"staging": place, "checksum": headers["ETag"].strip('"'), "size_bytes": 16, "user_metadata": {"k": "v"}}
    linked = lake.two.ok("PUT", f"{on}/staging/backing?path=direct", link)
    assert (linked["checksum"], linked["metadata"]) == (md5(b"written directly"), {"k": "v"})
    assert lake.one.call("GET", f"{at}/objects?path=direct", headers={"Range": "bytes=8-"}).body == b"directly"

    redirect = lake.one.call("GET", f"{at}/objects?path=direct&presign=true")
    assert redirect.status == 302 and fetch(redirect.headers["location"])[1] == b"written directly"
    for path in ("stat?path=direct&presign=true", "ls?presign=true"):
        answer = lake.two.ok("GET", f"{at}/objects/{path}")
        entry = answer["results"][0] if "results" in answer else answer
        assert fetch(entry["physical_address"])[1] == b"written directly" and entry["physical_address_expiry"]

    copied = lake.two.ok("POST", f"{on}/objects/copy?dest_path=copy", {"src_path": "direct", "src_ref": "linked"})
    assert copied["physical_address"] != linked["physical_address"]
    assert lake.one.call("GET", f"{at}/objects?path=copy").body == b"written directly"


def test_an_upload_in_parts_may_end_on_another_server(lake):
    on, at = branch(lake, "parts")

    def begin(count):
        return lake.one.ok("POST", f"{on}/staging/pmpu?path=parts&parts={count}")

    upload = begin(2)
    pieces = [b"x" * (5 << 20), b"tail"]
    parts = [{"part_number": number, "etag": fetch(url, "PUT", piece)[0]["ETag"]}
             for number, (url, piece) in enumerate(zip(upload["presigned_urls"], pieces), 1)]
    done = {"physical_address": upload["physical_address"], "parts": parts}
    # The answer may be lost on its way: completing again is the same.
    for server in (lake.two, lake.one):
        entry = server.ok("PUT", f"{on}/staging/pmpu/{upload['upload_id']}?path=parts", done)
        assert entry["size_bytes"] == (5 << 20) + 4
    assert lake.one.call("GET", f"{at}/objects?path=parts").body == b"".join(pieces)

    other = begin(1)
    wrong = {"physical_address": other["physical_address"], "parts": [{"part_number": 1, "etag": "wrong"}]}
    refused = lake.two.call("PUT", f"{on}/staging/pmpu/{other['upload_id']}?path=parts", wrong)
    assert refused.status == 400 and "specified parts could not be found" in refused.json()["message"]
    abort = {"physical_address": other["physical_address"]}
    assert lake.two.call("DELETE", f"{on}/staging/pmpu/{other['upload_id']}?path=parts", abort).status == 204
    assert not lake.store.client.list_multipart_uploads(Bucket="lake").get("Uploads")


def test_the_python_package_reads_and_writes_directly(lake):
    client = Client(host=lake.two.url, username=KEY, password=SECRET)
    repo = lakefs.repository("example-repo", client=client)
    work = repo.branch("python").create("main")
    data = os.urandom(1 << 20)
    for direct in (True, False):
        written = work.object(f"direct-{direct}").upload(data=data, mode="wb", pre_sign=direct, metadata={"k": "v"})
        for way in (True, False):
            assert written.reader(mode="rb", pre_sign=way).read() == data
        assert (written.stat().checksum, written.stat().metadata) == (md5(data), {"k": "v"})
    work.commit("written")
    assert sorted(change.path for change in repo.branch("main").diff(work)) == ["direct-False", "direct-True"]
    work.object("direct-True").copy(destination_branch_id="python", destination_path="copy")
    assert work.object("copy").reader(mode="rb").read() == data
    work.reset_changes()
    work.revert(work.head)
    assert not list(work.objects())


def test_nothing_is_lost_between_two_servers(lake):
    on, at = branch(lake, "busy")
    servers, written, commits, done = (lake.one, lake.two), [], [], threading.Event()

    def write(writer):
        for number in range(30):
            path = f"{writer}/{number:02}"
            servers[(writer + number) % 2].ok("POST", f"{on}/objects?path={quote(path)}", raw=path.encode())
            written.append(path)

    def commit(number):
        while not done.is_set():
            number += 1
            answer = servers[number % 2].call("POST", f"{on}/commits", {"message": str(number)})
            if answer.status == 201:
                commits.append(answer.json()["id"])
            else:
                assert (answer.status, "no changes" in answer.text) == (400, True), answer.text

    def merge():
        number = 0
        while not done.is_set():
            number += 1
            here, there = servers[number % 2], servers[(number + 1) % 2]
            side, path = f"side-{number}", f"merged/{number}"
            here.ok("POST", f"{BASE}/branches", {"name": side, "source": "busy"})
            there.ok("POST", f"{BASE}/branches/{side}/objects?path={quote(path)}", raw=path.encode())
            here.ok("POST", f"{BASE}/branches/{side}/commits", {"message": side})
            answer = there.call("POST", f"{BASE}/refs/{side}/merge/busy", {})
            if answer.status == 200:
                written.append(path)
                commits.append(answer.json()["reference"])
            else:
                assert (answer.status, "uncommitted changes" in answer.text) == (400, True), answer.text

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, writer) for writer in range(4)]
        others = [pool.submit(commit, 0), pool.submit(commit, 1), pool.submit(merge)]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        for other in others:
            other.result()
    lake.one.call("POST", f"{on}/commits", {"message": "the rest"})
    for server in servers:
        assert [entry["path"] for entry in server.pages(f"{at}/objects/ls")] == sorted(written)
        assert server.pages(f"{on}/diff") == []
        assert set(commits) <= {entry["id"] for entry in server.pages(f"{at}/commits")}
    for path in written[::10]:
        assert lake.two.call("GET", f"{at}/objects?path={quote(path)}").text == path


def test_committed_tables_are_cached_on_disk(lake):
    on, at = branch(lake, "cached")
    lake.one.ok("POST", f"{on}/objects?path=cached", raw=b"x")
    lake.one.ok("POST", f"{on}/commits", {"message": "cached"})
    expected = lake.one.pages(f"{at}/objects/ls")
    with Server(lake.root / "third", env=lake.env) as third:
        assert third.pages(f"{at}/objects/ls") == expected
    cache = lake.root / "third/cache"
    tables = [path for path in cache.rglob("*") if path.is_file()]
    assert tables, "the tables that were read are on disk"
    # What is there is not fetched again, also after a restart, and not believed blindly.
    lake.store.gate.close()
    try:
        with Server(lake.root / "third", env=lake.env) as third:
            assert third.pages(f"{at}/objects/ls") == expected
    finally:
        lake.store.gate.open()
    for path in tables:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(data)
    with Server(lake.root / "third", env=lake.env) as third:
        assert third.pages(f"{at}/objects/ls") == expected


def refused_together(server, requests):
    """Simultaneous requests answered 503, in the form clients know, with a time to come back."""
    with ThreadPoolExecutor(len(requests)) as pool:
        for answer in pool.map(lambda request: server.call(*request), requests):
            assert answer.status == 503 and int(answer.headers["Retry-After"]) > 0, (answer.status, answer.text)
            assert answer.headers["Content-Type"] == "application/json" and answer.json()["message"]


def test_an_outage_of_the_store_ends_by_itself(lake):
    on, at = branch(lake, "no-store")
    lake.one.ok("POST", f"{on}/objects?path=a", raw=b"a")
    lake.store.gate.close()
    try:
        assert lake.one.call("GET", f"{at}/objects/stat?path=a").status == 200, "metadata needs no store"
        refused_together(lake.one, [("GET", f"{at}/objects?path=a"), ("POST", f"{on}/objects?path=b", None, b"b"),
                                   ("POST", f"{on}/commits", {"message": "b"})])
    finally:
        lake.store.gate.open()
    assert lake.one.call("GET", f"{at}/objects?path=a").body == b"a"
    # What was refused left nothing behind, and the change that was there before is still there.
    assert [change["path"] for change in lake.one.pages(f"{on}/diff")] == ["a"]
    lake.one.ok("POST", f"{on}/commits", {"message": "after all"})


def test_an_outage_of_the_database_ends_by_itself(lake):
    on, at = branch(lake, "no-database")
    lake.one.ok("POST", f"{on}/objects?path=a", raw=b"a")
    lake.database.stop()
    try:
        refused_together(lake.one, [("GET", f"{at}/objects/stat?path=a"), ("POST", f"{on}/objects?path=b", None, b"b"),
                                   ("GET", f"{BASE}/branches")])
        assert lake.one.call("GET", "/_health", api=False).status == 200
    finally:
        lake.database.start()
    for server in (lake.one, lake.two):
        wait_until("the server to work again", lambda: server.call("GET", f"{at}/objects/stat?path=a").status == 200)
    lake.two.ok("POST", f"{on}/objects?path=b", raw=b"b")
    lake.one.ok("POST", f"{on}/commits", {"message": "after all"})
    assert [entry["path"] for entry in lake.two.pages(f"{at}/objects/ls")] == ["a", "b"]
