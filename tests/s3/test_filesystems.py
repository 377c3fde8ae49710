"""File systems on S3 with their default settings: s3fs, pyarrow, obstore."""

import os
import urllib.request
from datetime import timedelta

import obstore
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pytest
import s3fs
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import S3Store

from support.dataset import day, measurements


@pytest.fixture
def files(place):
    s3fs.S3FileSystem.clear_instance_cache()
    return s3fs.S3FileSystem(key=place.access_key, secret=place.secret, endpoint_url=place.endpoint)


@pytest.fixture
def arrow(place):
    return pafs.S3FileSystem(access_key=place.access_key, secret_key=place.secret, endpoint_override=place.endpoint,
                             region="us-east-1")


@pytest.fixture
def store(place):
    return S3Store(place.bucket, prefix=place.prefix, endpoint=place.endpoint, region="us-east-1", access_key_id=place.access_key,
                   secret_access_key=place.secret, client_options={"allow_http": True})


def test_s3fs(place, files):
    data = os.urandom(1 << 20) * 60
    with files.open(place.path("big"), "wb") as sink:
        sink.write(data[:55 << 20])
        sink.write(data[55 << 20:])
    assert files.info(place.path("big"))["size"] == len(data) and files.info(place.path("big"))["ETag"].endswith('-2"')
    with files.open(place.path("big"), "rb") as source:
        source.seek(30 << 20)
        assert source.read(1000) == data[30 << 20:][:1000]
    assert files.cat_file(place.path("big"), start=-10) == data[-10:]
    files.pipe({place.path(f"dir/{name}.txt"): name.encode() for name in ("a", "b c", "ü+%")})
    files.touch(place.path("dir/empty"))
    assert sorted(files.glob(place.path("dir/*.txt"))) == sorted(place.path(f"dir/{name}.txt") for name in ("a", "b c", "ü+%"))
    assert sorted(files.find(place.path("dir"))) == sorted(files.ls(place.path("dir"), detail=False))
    assert files.isdir(place.path("dir")) and files.isfile(place.path("dir/a.txt")) and not files.exists(place.path("nothing"))
    files.makedirs(place.path("made/deep"), exist_ok=True)
    files.copy(place.path("dir"), place.path("moved"), recursive=True)
    files.mv(place.path("dir/ü+%.txt"), place.path("moved/ü+%.txt"))
    files.rm(place.path("dir"), recursive=True)
    assert files.cat(place.path("moved/ü+%.txt")) == "ü+%".encode() and not files.exists(place.path("dir/a.txt"))
    files.cp_file(place.path("moved/a.txt"), place.path("copied"))
    files.setxattr(place.path("copied"), colour="blue")
    assert files.getxattr(place.path("copied"), "colour") == "blue" and files.cat(place.path("copied")) == b"a"
    files.rm(place.path("moved"), recursive=True)
    assert place.keys() == ["big", "copied"]
    assert files.checksum(place.path("copied"))


def test_pyarrow_directories_and_streams(place, arrow):
    arrow.create_dir(place.path("dir/deep"), recursive=True)
    assert arrow.get_file_info(place.path("dir")).type == pafs.FileType.Directory
    data = os.urandom(1 << 20) * 25
    with arrow.open_output_stream(place.path("dir/stream"), metadata={"Content-Type": "text/plain", "k": "v"}) as sink:
        for at in range(0, len(data), 1 << 20):
            sink.write(data[at:at + (1 << 20)])
    with arrow.open_input_file(place.path("dir/stream")) as source:
        assert source.size() == len(data) and source.read_at(100, 20 << 20) == data[20 << 20:][:100]
        assert source.metadata()["Content-Type"] == b"text/plain"
    arrow.copy_file(place.path("dir/stream"), place.path("dir/copy"))
    arrow.move(place.path("dir/copy"), place.path("dir/moved"))
    found = arrow.get_file_info(pafs.FileSelector(place.path("dir"), recursive=True))
    assert {info.path for info in found if info.is_file} == {place.path("dir/stream"), place.path("dir/moved")}
    arrow.delete_dir(place.path("dir"))
    assert not [key for key in place.keys() if key.startswith("dir/")]


@pytest.mark.parametrize("where", ["tables/deep", ""])
def test_pyarrow_datasets(place, arrow, where):
    """At the root of a branch too, where the directory of the data set is the branch itself."""
    base, table = place.path(where).rstrip("/"), measurements(range(5))
    for _ in range(2):
        ds.write_dataset(table, base, filesystem=arrow, format="parquet", partitioning=["date"], partitioning_flavor="hive",
                         existing_data_behavior="delete_matching")
    data = ds.dataset(base, filesystem=arrow, format="parquet", partitioning="hive")
    assert data.count_rows() == table.num_rows and len(data.files) == 5
    assert data.to_table(filter=ds.field("date") == day(2), columns=["celsius"]).num_rows == table.num_rows // 5


def test_pyarrow_and_the_root_of_a_branch(branch, arrow):
    root = branch.path().rstrip("/")
    arrow.create_dir(root)
    assert branch.keys() == [], "a branch is a directory without that"
    branch.put("x")
    assert arrow.get_file_info(root).type == pafs.FileType.Directory
    assert [info.base_name for info in arrow.get_file_info(pafs.FileSelector(root))] == ["x"]
    names = {info.base_name for info in arrow.get_file_info(pafs.FileSelector(branch.bucket))}
    assert {"main", branch.branch} <= names


def test_obstore(place, store):
    data = os.urandom(1 << 20) * 12
    put = obstore.put(store, "big", data)
    assert put["e_tag"].endswith('-3"')
    assert bytes(obstore.get(store, "big").bytes()) == data
    ends = obstore.get_ranges(store, "big", starts=[0, 7 << 20], lengths=[10, 20])
    assert [bytes(each) for each in ends] == [data[:10], data[7 << 20:][:20]]
    first = obstore.put(store, "cas", b"1", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "cas", b"2", mode="create")
    second = obstore.put(store, "cas", b"2", mode={"e_tag": first["e_tag"]})
    with pytest.raises(PreconditionError):
        obstore.put(store, "cas", b"3", mode={"e_tag": first["e_tag"]})
    assert obstore.head(store, "cas")["e_tag"] == second["e_tag"]
    for name in ("l/a", "l/b", "l/c/d"):
        obstore.put(store, name, b"x", attributes={"Content-Type": "text/x", "k": "v"})
    assert obstore.get(store, "l/a").attributes["k"] == "v"
    assert [each["path"] for batch in obstore.list(store, "l", offset="l/a") for each in batch] == ["l/b", "l/c/d"]
    level = obstore.list_with_delimiter(store, "l")
    assert level["common_prefixes"] == ["l/c"] and len(level["objects"]) == 2
    obstore.copy(store, "l/a", "copy")
    obstore.rename(store, "copy", "renamed")
    obstore.delete(store, [f"l/{name}" for name in ("a", "b", "c/d", "never")])
    assert place.keys() == ["big", "cas", "renamed"]


def test_obstore_conditional_reads_and_links(place, store):
    tag = obstore.put(store, "c", b"conditional")["e_tag"]
    assert bytes(obstore.get(store, "c", options={"if_match": tag}).bytes()) == b"conditional"
    with pytest.raises(PreconditionError):
        obstore.get(store, "c", options={"if_match": '"other"'})
    with urllib.request.urlopen(obstore.sign(store, "GET", "c", timedelta(hours=1))) as answer:
        assert answer.read() == b"conditional"
