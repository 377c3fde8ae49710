#!/usr/bin/env python3
"""Kill the server under load, again and again, on one data directory.

Ten clients write (uploads, staged entries, deletions, and one that commits, branches and merges) until
the server is killed with SIGKILL at a random moment; it is restarted on the same directory and must hold
everything that was acknowledged in any cycle so far. An operation in flight at the kill may have
happened or not, but not by half.

usage: kill.py --lakefs PATH [--cycles 20] [--seed N]
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from power_loss import AUTH, Server  # noqa: E402

REPO = "/api/v1/repositories/crash"


class Gone(Exception):
    """The server is no longer there."""


class Client:
    """One keep-alive connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method, path, body=None, raw=None):
        headers = {"Authorization": AUTH, "Content-Type": "application/json"}
        if raw is not None:
            headers["Content-Type"] = "application/octet-stream"
        elif body is not None:
            raw = json.dumps(body).encode()
        try:
            self.connection.request(method, path, body=raw, headers=headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Gone from error
        return answer.status, text


class Truth:
    """What clients were told. Each path belongs to one client, so it knows its last state."""

    def __init__(self):
        self.paths = {}
        self.unsure = set()
        self.commits = []
        self.merges = []


def writer(number, port, truth, stop, seed):
    """Uploads, stages and deletes paths of its own on main."""
    client, rng, made = Client(port), random.Random(seed), 0
    try:
        while not stop.is_set():
            path = f"w{number}/{rng.randrange(40):02d}"
            quoted = urllib.parse.quote(path, safe="")
            kind = rng.random()
            truth.unsure.add(path)
            if kind < 0.5:
                text = f"{seed}-{number}-{made}".encode() * rng.choice([1, 50, 3000])
                status, _ = client.call("POST", f"{REPO}/branches/main/objects?path={quoted}", raw=text)
                after = hashlib.md5(text).hexdigest()
            elif kind < 0.85:
                after = hashlib.md5(f"{seed}-{number}-{made}".encode()).hexdigest()
                status, _ = client.call("PUT", f"{REPO}/branches/main/objects?path={quoted}", {
                    "physical_address": "local://elsewhere/x", "checksum": after, "size_bytes": 1})
            else:
                status, _ = client.call("DELETE", f"{REPO}/branches/main/objects?path={quoted}")
                after = None
            made += 1
            if status not in (201, 204):
                raise AssertionError(f"{path}: status {status}")
            truth.paths[path] = after
            truth.unsure.discard(path)
    except Gone:
        pass


def committer(port, truth, stop, seed):
    """Commits main all the time."""
    client, made = Client(port), 0
    try:
        while not stop.is_set():
            message = f"commit {seed} {made}"
            status, text = client.call("POST", f"{REPO}/branches/main/commits", {"message": message, "allow_empty": True})
            if status == 201:
                truth.commits.append(json.loads(text)["id"])
            elif status != 400:
                raise AssertionError(f"commit: {status} {text[:200]}")
            made += 1
    except Gone:
        pass


def merger(port, truth, stop, seed):
    """Branches off, changes, commits and merges into a branch of its own."""
    client, made = Client(port), 0
    try:
        while not stop.is_set():
            name = f"side-{seed}-{made}"
            client.call("POST", f"{REPO}/branches", {"name": name, "source": "trunk"})
            client.call("POST", f"{REPO}/branches/{name}/objects?path=m%2F{seed}-{made}", raw=name.encode())
            client.call("POST", f"{REPO}/branches/{name}/commits", {"message": name})
            status, text = client.call("POST", f"{REPO}/refs/{name}/merge/trunk", {})
            if status != 200:
                raise AssertionError(f"merge: {status} {text[:200]}")
            truth.merges.append((json.loads(text)["reference"], f"m/{seed}-{made}"))
            made += 1
    except Gone:
        pass


def listing(server, ref):
    entries, after = {}, ""
    while True:
        page = server.call("GET", f"/repositories/crash/refs/{ref}/objects/ls?amount=1000&after={urllib.parse.quote(after, safe='')}")
        entries.update((e["path"], e) for e in page["results"])
        if not page["pagination"]["has_more"]:
            return entries
        after = page["pagination"]["next_offset"]


def history(server, ref):
    commits, after = [], ""
    while True:
        page = server.call("GET", f"/repositories/crash/refs/{ref}/commits?amount=1000&after={after}")
        commits += [c["id"] for c in page["results"]]
        if not page["pagination"]["has_more"]:
            return commits
        after = page["pagination"]["next_offset"]


def verify(server, truth, rng):
    """Compares the server's word with what clients were told."""
    entries = listing(server, "main")
    for path, checksum in truth.paths.items():
        if path in truth.unsure:
            continue
        if checksum is None:
            assert path not in entries, f"{path} was deleted and is back"
        else:
            assert path in entries, f"{path} is gone"
            assert entries[path]["checksum"] == checksum, f"{path} has other content"
    real = [e for e in entries.values() if "elsewhere" not in e["physical_address"]]
    for entry in rng.sample(real, min(30, len(real))):
        body = server.call("GET", f"/repositories/crash/refs/main/objects?path={urllib.parse.quote(entry['path'], safe='')}")
        assert hashlib.md5(body).hexdigest() == entry["checksum"], f"{entry['path']} reads wrong"
    main = set(history(server, "main"))
    for commit in truth.commits:
        assert commit in main, f"commit {commit} is gone"
    trunk, merged = set(history(server, "trunk")), listing(server, "trunk")
    for commit, path in truth.merges:
        assert commit in trunk, f"merge {commit} is gone"
        assert path in merged, f"{path} of merge {commit} is gone"
    # what was in flight has happened or not; from here on it is known
    for path in truth.unsure:
        truth.paths[path] = entries[path]["checksum"] if path in entries else None
    truth.unsure.clear()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lakefs", required=True)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="kill-")
    truth, failed = Truth(), 0
    server = Server(options.lakefs, root)
    server.call("POST", "/repositories", {"name": "crash", "storage_namespace": "local://crash"})
    server.call("POST", "/repositories/crash/branches", {"name": "trunk", "source": "main"})
    for cycle in range(options.cycles):
        stop, errors = threading.Event(), []

        def guarded(work, *details):
            try:
                work(*details)
            except AssertionError as error:
                errors.append(error)

        seed = options.seed * 1000 + cycle
        threads = [threading.Thread(target=guarded, args=(writer, n, server.port, truth, stop, seed)) for n in range(8)]
        threads.append(threading.Thread(target=guarded, args=(committer, server.port, truth, stop, seed)))
        threads.append(threading.Thread(target=guarded, args=(merger, server.port, truth, stop, seed)))
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.2, 1.2))  # the moment of the kill is what is random here
        server.stop()
        stop.set()
        for thread in threads:
            thread.join()
        server = Server(options.lakefs, root)
        try:
            assert not errors, errors
            verify(server, truth, rng)
        except (AssertionError, RuntimeError) as error:
            failed += 1
            print(f"cycle {cycle}: {error}")
    server.stop()
    print(f"{len(truth.paths)} paths, {len(truth.commits)} commits, {len(truth.merges)} merges acknowledged")
    print(f"{options.cycles - failed} passed, {failed} failed")
    if failed:
        print(f"left in {root}")
    else:
        shutil.rmtree(root, ignore_errors=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
