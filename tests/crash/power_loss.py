#!/usr/bin/env python3
"""Pull the plug at every point of uploads, staging, commits and merges.

The real server runs once under `strace` while a client works; `disk_model.py` replays the trace onto a
disk that forgets what was not synced. For each state that disk ever had, a fresh server is started on
it: it must start without help, hold everything it had acknowledged by then, show no half commit, and
give back every byte it lists.

usage: power_loss.py --lakefs PATH [--keep DIR] [--every N]
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk_model import CALLS, Disk, Replay  # noqa: E402

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AUTH = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A real server on a data directory, optionally traced."""

    def __init__(self, binary, root, trace=None):
        self.port, self.log = free_port(), open(os.path.join(tempfile.gettempdir(), f"power-loss-{os.getpid()}.log"), "ab")
        env = {
            "PATH": os.environ["PATH"], "HOME": root,
            "LAKEFS_LISTEN_ADDRESS": f"127.0.0.1:{self.port}",
            "LAKEFS_DATABASE_TYPE": "local", "LAKEFS_DATABASE_LOCAL_PATH": f"{root}/kv",
            "LAKEFS_BLOCKSTORE_TYPE": "local", "LAKEFS_BLOCKSTORE_LOCAL_PATH": f"{root}/blocks",
            "LAKEFS_COMMITTED_LOCAL_CACHE_DIR": f"{root}/cache",
            "LAKEFS_AUTH_ENCRYPT_SECRET_KEY": "power loss",
            "LAKEFS_INSTALLATION_USER_NAME": "admin", "LAKEFS_INSTALLATION_ACCESS_KEY_ID": KEY,
            "LAKEFS_INSTALLATION_SECRET_ACCESS_KEY": SECRET,
        }
        command = [binary, "run"]
        if trace:
            command = ["strace", "-f", "-ttt", "-y", "-xx", "-s", "40000000", "-o", trace, "-e", "trace=" + CALLS] + command
        self.process = subprocess.Popen(command, env=env, cwd=root, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.call("GET", "/repositories")
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.process.kill()
                    raise SystemExit(f"server on {root} did not start; see {self.log.name}")
                time.sleep(0.01)

    def call(self, method, path, body=None, raw=None, headers=None):
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        kind = "application/octet-stream" if raw is not None else "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}", method=method, data=data,
            headers={"Authorization": AUTH, "Content-Type": kind, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:300]}") from None
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text

    def stop(self):
        self.process.kill()
        self.process.wait()


def work(server):
    """The client: a list of (what, details) in the order their answers came."""
    done = []
    repo = "/repositories/plug"

    def put(branch, path, text):
        server.call("POST", f"{repo}/branches/{branch}/objects?path={urllib.parse.quote(path, safe='')}", raw=text)
        done.append(("put", branch, path, hashlib.md5(text).hexdigest()))

    def commit(branch, message):
        answer = server.call("POST", f"{repo}/branches/{branch}/commits", {"message": message})
        done.append(("commit", branch, message, answer["id"]))

    def note(what, *details):
        done.append((what, *details))

    server.call("POST", "/repositories", {"name": "plug", "storage_namespace": "local://plug"})
    note("repo", "plug")
    put("main", "a/one", b"1" * 100)
    put("main", "a/two", b"2" * 300_000)
    commit("main", "first")
    server.call("POST", f"{repo}/branches", {"name": "dev", "source": "main"})
    note("branch", "dev")
    put("dev", "b/three", b"3")
    server.call("PUT", f"{repo}/branches/dev/objects?path=staged",
                {"physical_address": "local://elsewhere/x", "checksum": "c" * 32, "size_bytes": 5})
    note("staged", "dev", "staged")
    server.call("DELETE", f"{repo}/branches/dev/objects?path=a%2Fone")
    note("deleted", "dev", "a/one")
    commit("dev", "second")
    put("main", "a/four", b"4" * 10)
    commit("main", "third")
    answer = server.call("POST", f"{repo}/refs/dev/merge/main", {"message": "fourth"})
    note("commit", "main", "fourth", answer["reference"])
    server.call("POST", f"{repo}/branches/main/revert", {"ref": answer["reference"], "parent_number": 1})
    note("reverted", "main", answer["reference"])
    server.call("POST", f"{repo}/tags", {"id": "v1", "ref": answer["reference"]})
    note("tag", "v1", answer["reference"])
    put("main", "last", b"uncommitted")
    return done


def verify(server, acknowledged):
    """Everything acknowledged is there; everything listed can be read; no half commit shows."""
    if not acknowledged:
        return
    repo = "/repositories/plug"
    log = {c["message"]: c for c in server.call("GET", f"{repo}/refs/main/commits?amount=1000")["results"]}
    branches = {b["id"]: b for b in server.call("GET", f"{repo}/branches")["results"]}
    if "dev" in branches:
        for commit in server.call("GET", f"{repo}/refs/dev/commits?amount=1000")["results"]:
            log.setdefault(commit["message"], commit)
    for what, *rest in acknowledged:
        if what == "commit":
            branch, message, commit_id = rest
            assert log.get(message, {}).get("id") == commit_id, f"commit {message} is gone"
        elif what == "branch":
            assert rest[0] in branches, f"branch {rest[0]} is gone"
        elif what == "tag":
            assert server.call("GET", f"{repo}/tags/{rest[0]}")["commit_id"] == rest[1]
    # the last acknowledged state of each path on each branch, unless a later operation may have begun on it
    for branch in branches:
        listing = server.call("GET", f"{repo}/refs/{branch}/objects/ls?amount=1000")["results"]
        paths = {}
        for entry in listing:
            paths[entry["path"]] = entry
            if "elsewhere" in entry["physical_address"]:
                continue
            body = server.call("GET", f"{repo}/refs/{branch}/objects?path={urllib.parse.quote(entry['path'], safe='')}")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            assert hashlib.md5(body).hexdigest() == entry["checksum"], f"{branch}: {entry['path']} reads wrong"
        expected = {}
        for what, *rest in acknowledged:
            if what == "put" and rest[0] == branch:
                expected[rest[1]] = rest[2]
            elif what == "branch" and rest[0] == branch:
                expected.update({"a/one": None, "a/two": None})
            elif what == "staged" and rest[0] == branch:
                expected[rest[1]] = "c" * 32
            elif what == "deleted" and rest[0] == branch:
                expected[rest[1]] = False
        reverting = any(what == "commit" and rest[1] == "fourth" for what, *rest in acknowledged)
        for path, checksum in expected.items():
            if checksum is False:
                assert path not in paths, f"{branch}: deleted {path} is back"
            elif not (branch == "main" and reverting and path == "a/one"):
                if branch == "dev" and path == "a/one":
                    continue
                # main loses a/one while the merge of its deletion is in flight; nothing else may go
                if branch == "main" and path == "a/one" and path not in paths:
                    assert "fourth" in log
                    continue
                assert path in paths, f"{branch}: {path} is gone"
                assert checksum is None or paths[path]["checksum"] == checksum
    if any(what == "reverted" for what, *_ in acknowledged):
        names = [e["path"] for e in server.call("GET", f"{repo}/refs/main@/objects/ls?amount=1000")["results"]]
        assert names == ["a/four", "a/one", "a/two"], f"revert is gone: {names}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lakefs", required=True)
    parser.add_argument("--keep", help="leave the trace and the failing state here")
    parser.add_argument("--every", type=int, default=1, help="test every N-th state only")
    options = parser.parse_args()
    base = options.keep or tempfile.mkdtemp(prefix="power-loss-")
    os.makedirs(base, exist_ok=True)
    root, trace = os.path.join(base, "lake"), os.path.join(base, "trace")
    os.makedirs(root)
    server = Server(options.lakefs, root, trace)
    done = work(server)
    subprocess.run(["pkill", "-KILL", "-P", str(server.process.pid)], check=False)
    server.stop()

    disk = Disk(root)
    # responses before `work` began are those of the readiness probe
    responses, states = [], []
    step = {"count": 0}

    def on_sync():
        step["count"] += 1
        target = os.path.join(base, f"state-{step['count']:04d}")
        disk.materialise(target)
        states.append((target, len(responses)))

    Replay(disk, on_sync, lambda status: responses.append(status)).run(open(trace, encoding="utf-8", errors="replace"))
    probes = len(responses) - len(done)
    assert probes >= 1, f"{len(responses)} responses in the trace for {len(done)} operations"
    failures = 0
    chosen = range(0, len(states), options.every)
    for index in chosen:
        target, _ = states[index]
        # a crash just before the next sync sees this state, with every answer given until then
        until = states[index + 1][1] if index + 1 < len(states) else len(responses)
        acknowledged = done[: max(0, until - probes)]
        try:
            survivor = Server(options.lakefs, target)
            try:
                verify(survivor, acknowledged)
            finally:
                survivor.stop()
        except (AssertionError, RuntimeError, SystemExit) as error:
            failures += 1
            print(f"after sync {index + 1} of {len(states)}, {len(acknowledged)} acknowledged: {error}")
        else:
            shutil.rmtree(target)
    print(f"{len(done)} operations, {len(states)} syncs, {len(chosen)} states restarted")
    print(f"{len(chosen) - failures} passed, {failures} failed")
    if not options.keep:
        shutil.rmtree(base, ignore_errors=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
