"""`lakefs://` in Python: fsspec's file system for lakeFS, and what reads tables through it."""

import duckdb
import fsspec
import lakefs
import pyarrow.dataset as ds
import pytest
from lakefs.client import Client
from lakefs_spec import LakeFSFileSystem

from support.dataset import measurements


@pytest.fixture
def repo(server):
    client = Client(host=server.url, username=server.key, password=server.secret)
    return lakefs.repository("example-repo", client=client).create(storage_namespace="local://example-repo")


@pytest.fixture
def files(server, repo):
    LakeFSFileSystem.clear_instance_cache()
    return LakeFSFileSystem(host=server.url, username=server.key, password=server.secret)


def test_files_are_written_listed_copied_read_and_removed(files, tmp_path):
    top = "example-repo/main"
    files.pipe({f"{top}/dir/{name}": name.encode() for name in ("a b.txt", "ü+%.txt", "c")})
    names = [f"{top}/dir/{name}" for name in ("a b.txt", "c", "ü+%.txt")]
    assert files.ls(f"{top}/dir", detail=False) == names and files.find(f"{top}/dir") == names
    assert files.glob(f"{top}/dir/*.txt") == [names[0], names[2]]
    assert files.ls(f"{top}/", detail=False) == [f"{top}/dir/"]
    assert files.isdir(f"{top}/dir") and not files.exists(f"{top}/nothing")
    files.cp_file(names[0], f"{top}/copy")
    with files.open(f"{top}/copy", "rb") as source:
        source.seek(2)
        assert source.read(3) == b"b.t"
    assert files.checksum(f"{top}/copy") == files.checksum(names[0]) and files.info(f"{top}/copy")["size"] == 7
    with pytest.raises(FileNotFoundError):
        files.cat(f"{top}/nothing")
    (tmp_path / "up/deep").mkdir(parents=True)
    (tmp_path / "up/deep/file").write_bytes(bytes(6 << 20))
    files.put(str(tmp_path / "up"), f"{top}/up", recursive=True)
    files.get(f"{top}/up", str(tmp_path / "down"), recursive=True)
    assert (tmp_path / "down/deep/file").stat().st_size == 6 << 20
    files.rm(f"{top}/up", recursive=True)
    assert not files.exists(f"{top}/up/deep/file")


def test_transactions_are_seen_whole_or_not_at_all(files, repo):
    main = repo.branch("main")
    with files.transaction(repo, main) as work:
        files.pipe(f"example-repo/{work.branch.id}/one", b"1")
        work.commit("one")
        files.pipe(f"example-repo/{work.branch.id}/two", b"2")
        work.commit("two")
        assert not files.exists("example-repo/main/one")
    assert files.cat("example-repo/main/one") == b"1" and files.cat("example-repo/main/two") == b"2"
    head = main.get_commit().id
    with pytest.raises(ZeroDivisionError), files.transaction(repo, main) as work:
        files.pipe(f"example-repo/{work.branch.id}/three", b"3")
        work.commit("three")
        raise ZeroDivisionError
    assert main.get_commit().id == head and not files.exists("example-repo/main/three")


def test_tables_through_pyarrow_and_duckdb(files, repo):
    table = measurements(range(3))
    base = "example-repo/main/table"
    ds.write_dataset(table, base, filesystem=files, format="parquet", partitioning=["date"], partitioning_flavor="hive")
    read = ds.dataset(base, filesystem=files, format="parquet", partitioning="hive")
    assert read.count_rows() == table.num_rows and len(read.files) == 3
    before = repo.branch("main").commit("a table").id
    duck = duckdb.connect()
    duck.register_filesystem(files)
    count = f"select count(*), count(distinct date) from read_parquet('lakefs://{base}/*/*.parquet', hive_partitioning = true)"
    assert duck.sql(count).fetchall() == [(table.num_rows, 3)]
    files.rm(f"{base}/", recursive=True)
    assert duck.sql(count.replace("/main/", f"/{before}/")).fetchall() == [(table.num_rows, 3)]
    duck.sql("copy (select 42 as answer) to 'lakefs://example-repo/main/answer.parquet'")
    assert duck.sql("from 'lakefs://example-repo/main/answer.parquet'").fetchall() == [(42,)]


def test_a_url_is_enough_where_the_environment_tells_the_rest(server, repo, monkeypatch):
    for name, value in (("ENDPOINT", server.url), ("ACCESS_KEY_ID", server.key), ("SECRET_ACCESS_KEY", server.secret)):
        monkeypatch.setenv(f"LAKECTL_{'SERVER_ENDPOINT_URL' if name == 'ENDPOINT' else f'CREDENTIALS_{name}'}", value)
        monkeypatch.setenv(f"LAKEFS_{name}", value)
    LakeFSFileSystem.clear_instance_cache()
    with fsspec.open("lakefs://example-repo/main/note", "w") as sink:
        sink.write("by url")
    with fsspec.open("lakefs://example-repo/main/note") as source:
        assert source.read() == b"by url"
