"""The user's story with the official Python package."""

import lakefs
import pytest
from lakefs.client import Client
from lakefs.exceptions import ConflictException, NotFoundException

from support import dataset


@pytest.fixture
def repo(server):
    client = Client(host=server.url, username=server.key, password=server.secret)
    return lakefs.repository("example-repo", client=client).create(storage_namespace="local://example-repo")


def upload(branch, prefix, files):
    for path, data in files.items():
        branch.object(f"{prefix}/{path}").upload(data=data, mode="wb", content_type="application/vnd.apache.parquet")


def content(ref, prefix=""):
    """Path and checksum of everything below a prefix."""
    return {entry.path: entry.checksum for entry in ref.objects(prefix=prefix, max_amount=None)}


def test_a_data_set_lives_through_its_story(repo, tmp_path):
    main = repo.branch("main")
    files = dataset.write(tmp_path / "weather", range(5))
    upload(main, "weather", files)
    assert {change.type for change in main.uncommitted()} == {"added"}
    first = main.commit("five days", metadata={"source": "stations"})
    assert first.get_commit().metadata == {"source": "stations"}
    original = content(main)

    ingest = repo.branch("ingest").create("main")
    upload(ingest, "weather", dataset.write(tmp_path / "new", range(5, 7)))
    upload(ingest, "weather", dataset.write(tmp_path / "fixed", range(1), warmer=1.5))
    ingest.commit("two more days, one corrected")
    changes = sorted(change.type for change in main.diff(ingest))
    assert changes == ["added", "added", "changed"]
    merge = ingest.merge_into(main, message="ingest")
    good = content(main)
    assert len(good) == 7 and not list(main.diff(ingest, type="two_dot"))
    assert dataset.read_rows(main.object(path).reader(mode="rb").read() for path in good) == 7 * 200

    # Two bad commits undone, newest first, history kept.
    main.object(sorted(good)[2]).delete()
    bad_one = main.commit("bad: a day is gone")
    main.object("weather/junk").upload("junk")
    bad_two = main.commit("bad: junk")
    for bad in (bad_two, bad_one):
        main.revert(bad.id[:8])
    assert content(main) == good
    messages = [commit.message for commit in main.log()]
    assert sum(message.startswith("bad:") for message in messages) == 2
    assert sum(message.startswith("Revert") for message in messages) == 2

    # The merge undone against its first parent.
    main.revert(merge, parent_number=1)
    assert content(main) == original
    main.revert(main.head)
    assert content(main) == good

    # Old data through a short commit id.
    past = repo.branch("past").create(first.id[:8])
    assert content(past) == original
    for path, data in files.items():
        assert past.object(f"weather/{path}").reader(mode="rb").read() == data

    # Two collections joined on a third branch, seen on main by one merge.
    for name in ("orders", "customers"):
        branch = repo.branch(name).create("main")
        upload(branch, name, dataset.write(tmp_path / name, range(2), rows=50))
        branch.commit(name)
    joined = repo.branch("joined").create("orders")
    repo.branch("customers").merge_into(joined)
    with joined.transact(commit_message="orders with their customers") as work:
        work.object("joined/join.csv").upload("order,customer\n1,2\n")
    assert not content(main, "orders/")
    joined.merge_into(main)
    assert content(main, "orders/") and content(main, "customers/") and content(main, "joined/")

    # Tag, cherry-pick, reset.
    tag = repo.tag("v1").create(main)
    assert content(tag) == content(main)
    picked = repo.branch("picked").create(first.id)
    picked.cherry_pick(repo.branch("orders").head)
    assert content(picked, "orders/") == content(main, "orders/")
    before = content(main)
    main.object("joined/join.csv").delete()
    main.reset_changes()
    assert content(main) == before


def test_conflicts_and_strategies(repo):
    main = repo.branch("main")
    main.object("a").upload("base")
    main.commit("base")
    for name in ("left", "right"):
        branch = repo.branch(name).create("main")
        branch.object("a").upload(name)
        branch.commit(name)
    repo.branch("left").merge_into(main)
    with pytest.raises(ConflictException):
        repo.branch("right").merge_into(main)
    for strategy, winner in (("dest-wins", "left"), ("source-wins", "right")):
        branch = repo.branch(strategy).create("main")
        repo.branch("right").merge_into(branch, strategy=strategy)
        assert branch.object("a").reader(mode="r").read() == winner
    squashed = repo.branch("squashed").create("main")
    reference = repo.branch("right").merge_into(squashed, strategy="source-wins", squash_merge=True)
    assert len(lakefs.Reference("example-repo", reference, client=repo._client).get_commit().parents) == 1
    with pytest.raises(NotFoundException):
        repo.branch("nowhere").get_commit()


def test_objects_read_write_and_tell_their_facts(repo):
    main = repo.branch("main")
    written = main.object("dir/a b?#ü.bin").upload(data=b"0123456789", mode="wb", metadata={"k": "v"})
    facts = written.stat()
    assert (facts.size_bytes, facts.metadata) == (10, {"k": "v"})
    with written.reader(mode="rb") as reader:
        reader.seek(4)
        assert reader.read(3) == b"456"
    with pytest.raises(Exception):
        main.object("x").upload(data=b"1", mode="xb") and main.object("x").upload(data=b"2", mode="xb")
    main.delete_objects(["dir/a b?#ü.bin", "x"])
    assert content(main) == {}
