"""The user's story with the real server and the real command line."""

import re

from support import dataset

REPO = "lakefs://example-repo"
MAIN = f"{REPO}/main"


def commit_id(text):
    return re.search(r"ID: ([0-9a-f]{64})", text)[1]


def test_a_data_set_lives_through_its_story(server, lakectl, tmp_path):
    listing = lambda ref: lakectl("fs", "ls", "-r", f"{REPO}/{ref}/")  # noqa: E731

    # A repository with a data set, committed with metadata.
    lakectl("repo", "create", REPO, "local://example-repo")
    files = dataset.write(tmp_path / "weather", range(5))
    assert len(files) == 5
    lakectl("fs", "upload", "-r", "-s", str(tmp_path / "weather"), f"{MAIN}/weather/", "--no-progress")
    first = commit_id(lakectl("commit", MAIN, "-m", "five days", "--meta", "source=stations,quality=raw"))
    log = lakectl("log", MAIN)
    assert "five days" in log and "source = stations" in re.sub(r"\s+", " ", log), log

    # A branch of its own takes new data and a correction, then main gets both at once.
    lakectl("branch", "create", f"{REPO}/ingest", "-s", MAIN)
    dataset.write(tmp_path / "new", range(5, 7))
    lakectl("fs", "upload", "-r", "-s", str(tmp_path / "new"), f"{REPO}/ingest/weather/", "--no-progress")
    dataset.write(tmp_path / "fixed", range(1), warmer=1.5)
    lakectl("fs", "upload", "-r", "-s", str(tmp_path / "fixed"), f"{REPO}/ingest/weather/", "--no-progress")
    assert lakectl("diff", f"{REPO}/ingest").count("added") == 2
    lakectl("commit", f"{REPO}/ingest", "-m", "two more days, one corrected")
    changes = lakectl("diff", MAIN, f"{REPO}/ingest")
    assert (changes.count("added"), changes.count("modified")) == (2, 1), changes
    before_merge = listing("main")
    lakectl("merge", f"{REPO}/ingest", MAIN, "-m", "ingest")
    assert lakectl("diff", MAIN, f"{REPO}/ingest", "--two-way").count("weather/") == 0
    good = listing("main")
    assert good.count(".parquet") == 7

    # Two bad commits, undone together by their short ids, history kept.
    lakectl("fs", "rm", "-r", f"{MAIN}/weather/date={dataset.day(2)}/")
    bad_one = commit_id(lakectl("commit", MAIN, "-m", "bad: a day is gone"))
    (tmp_path / "junk").write_text("junk")
    lakectl("fs", "upload", "-s", str(tmp_path / "junk"), f"{MAIN}/weather/junk")
    bad_two = commit_id(lakectl("commit", MAIN, "-m", "bad: junk"))
    lakectl("branch", "revert", MAIN, bad_two[:8], bad_one[:8], "-y")
    assert listing("main") == good
    history = lakectl("log", MAIN)
    assert history.count("bad:") >= 2 and history.count("Revert") == 2, history

    # The merge itself is undone against its first parent, and redone.
    merge = re.search(r"ID:\s+([0-9a-f]{64})(?:(?!ID:).)*?Merge:", history, re.S)[1]
    lakectl("branch", "revert", MAIN, merge[:10], "-m", "1", "-y")
    assert listing("main") == before_merge
    lakectl("branch", "revert", MAIN, "main", "-y")
    assert listing("main") == good

    # Old data through a branch made from a short commit id.
    lakectl("branch", "create", f"{REPO}/past", "-s", f"{REPO}/{first[:8]}")
    assert listing("past") == before_merge
    target = tmp_path / "back"
    lakectl("fs", "download", "-r", f"{REPO}/past/weather/", str(target), "--no-progress")
    back = {str(path.relative_to(target)): path.read_bytes() for path in sorted(target.rglob("*.parquet"))}
    assert back == files

    # Two collections on branches of their own, joined on a third, seen on main by one merge.
    for name in ("orders", "customers"):
        lakectl("branch", "create", f"{REPO}/{name}", "-s", MAIN)
        dataset.write(tmp_path / name, range(2), rows=50)
        lakectl("fs", "upload", "-r", "-s", str(tmp_path / name), f"{REPO}/{name}/{name}/", "--no-progress")
        lakectl("commit", f"{REPO}/{name}", "-m", name)
    lakectl("branch", "create", f"{REPO}/joined", "-s", f"{REPO}/orders")
    lakectl("merge", f"{REPO}/customers", f"{REPO}/joined")
    (tmp_path / "join.csv").write_text("order,customer\n1,2\n")
    lakectl("fs", "upload", "-s", str(tmp_path / "join.csv"), f"{REPO}/joined/joined/join.csv")
    lakectl("commit", f"{REPO}/joined", "-m", "orders with their customers")
    assert "orders/" not in listing("main")
    lakectl("merge", f"{REPO}/joined", MAIN)
    together = listing("main")
    assert all(part in together for part in ("orders/", "customers/", "joined/join.csv"))

    # Tags, cherry-pick, reset.
    lakectl("tag", "create", f"{REPO}/v1", MAIN)
    assert listing("v1") == together
    lakectl("branch", "create", f"{REPO}/picked", "-s", f"{REPO}/{first[:12]}")
    picked = commit_id(lakectl("commit", f"{REPO}/orders", "-m", "nothing", "--allow-empty-commit"))
    assert picked
    orders_commit = re.findall(r"ID:\s+([0-9a-f]{64})", lakectl("log", f"{REPO}/orders"))[1]
    lakectl("cherry-pick", f"{REPO}/{orders_commit}", f"{REPO}/picked")
    assert "orders/" in listing("picked")
    lakectl("fs", "rm", f"{MAIN}/joined/join.csv")
    lakectl("branch", "reset", MAIN, "-y")
    assert listing("main") == together


def test_conflicts_squash_and_hard_reset(server, lakectl, tmp_path):
    lakectl("repo", "create", REPO, "local://example-repo")

    def put(branch, path, text):
        (tmp_path / "text").write_text(text)
        lakectl("fs", "upload", "-s", str(tmp_path / "text"), f"{REPO}/{branch}/{path}")

    put("main", "a", "base")
    lakectl("commit", MAIN, "-m", "base")
    for name in ("left", "right"):
        lakectl("branch", "create", f"{REPO}/{name}", "-s", MAIN)
        put(name, "a", name)
        put(name, name, "own")
        lakectl("commit", f"{REPO}/{name}", "-m", name)

    # A conflict stops the merge and changes nothing.
    lakectl("merge", f"{REPO}/left", MAIN)
    head = lakectl("branch", "show", MAIN)
    refused = lakectl.run("merge", f"{REPO}/right", MAIN)
    assert refused.returncode == 1 and "onflict" in refused.stdout + refused.stderr
    assert lakectl("branch", "show", MAIN) == head

    # Each strategy decides it its way.
    for strategy, winner in (("dest-wins", "left"), ("source-wins", "right")):
        lakectl("branch", "create", f"{REPO}/{strategy}", "-s", MAIN)
        lakectl("merge", f"{REPO}/right", f"{REPO}/{strategy}", "--strategy", strategy)
        assert lakectl("fs", "cat", f"{REPO}/{strategy}/a") == winner
        assert lakectl("fs", "cat", f"{REPO}/{strategy}/right") == "own"

    # A squash merge has one parent.
    lakectl("branch", "create", f"{REPO}/squashed", "-s", MAIN)
    lakectl("merge", f"{REPO}/right", f"{REPO}/squashed", "--strategy", "source-wins", "--squash")
    head = server.ok("GET", "/repositories/example-repo/branches/squashed")["commit_id"]
    assert len(server.ok("GET", f"/repositories/example-repo/commits/{head}")["parents"]) == 1

    # A hard reset moves the branch itself.
    answer = server.call("PUT", "/repositories/example-repo/branches/squashed/hard_reset?ref=main")
    assert answer.status == 204, answer.text
    main = server.ok("GET", "/repositories/example-repo/branches/main")["commit_id"]
    assert server.ok("GET", "/repositories/example-repo/branches/squashed")["commit_id"] == main
