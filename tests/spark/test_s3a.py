"""S3A's file system on its own: markers, rename, bulk delete, multipart upload and copy, append refused."""

import pytest

from session import file_system

MIB = 1024 * 1024


def put(spark, uri, data):
    """Writes bytes through S3A."""
    fs, path = file_system(spark, uri)
    out = fs.create(path, True)
    out.write(bytearray(data))
    out.close()


def get(spark, uri):
    fs, path = file_system(spark, uri)
    stream = fs.open(path)
    try:
        return bytes(spark.sparkContext._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
    finally:
        stream.close()


def names(spark, uri):
    fs, path = file_system(spark, uri)
    return sorted((status.getPath().getName(), status.isDirectory()) for status in fs.listStatus(path))


def exists(spark, uri):
    fs, path = file_system(spark, uri)
    return fs.exists(path)


@pytest.fixture
def small_parts(spark, lake):
    """A repository for which S3A uploads and copies in parts of 5 MiB."""
    repository = lake.repository("parts")
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    hadoop.set(f"fs.s3a.bucket.{repository.name}.multipart.size", "5M")
    hadoop.set(f"fs.s3a.bucket.{repository.name}.multipart.threshold", "5M")
    hadoop.set(f"fs.s3a.bucket.{repository.name}.block.size", "5M")
    return repository


def test_directories_at_the_root_of_a_branch_and_below(spark, lake):
    repository = lake.repository("markers")
    for path in ("", "one", "one/two/three", ""):
        fs, target = file_system(spark, repository.uri("main", path))
        assert fs.mkdirs(target)
        # Nothing is stored for the root itself: it shows as a directory as soon as there is something in it.
        assert not repository.paths("main") or fs.getFileStatus(target).isDirectory()
    assert fs.getFileStatus(target).isDirectory()
    assert names(spark, repository.uri("main")) == [("one", True)]
    assert names(spark, repository.uri("main", "one/two")) == [("three", True)]
    assert names(spark, repository.uri("main", "one/two/three")) == []
    put(spark, repository.uri("main", "one/two/three/file"), b"something")
    assert names(spark, repository.uri("main", "one/two/three")) == [("file", False)]
    assert get(spark, repository.uri("main", "one/two/three/file")) == b"something"
    fs, top = file_system(spark, f"s3a://{repository.name}/")
    assert [status.getPath().getName() for status in fs.listStatus(top)] == ["main"]


def test_rename_of_a_file_and_of_a_directory_of_many_files(spark, lake):
    repository = lake.repository("rename")
    for number in range(40):
        put(spark, repository.uri("main", f"from/part={number % 4}/file-{number:02}"), f"data {number}".encode())
    fs, source = file_system(spark, repository.uri("main", "from"))
    _, target = file_system(spark, repository.uri("main", "to"))
    assert fs.rename(source, target)
    assert not exists(spark, repository.uri("main", "from"))
    assert not [path for path in repository.paths("main") if path.startswith("from/")]
    files = [path for path in repository.paths("main", "to/") if not path.endswith("/")]
    assert len(files) == 40
    assert get(spark, repository.uri("main", "to/part=3/file-07")) == b"data 7"
    _, one = file_system(spark, repository.uri("main", "to/part=0/file-00"))
    _, other = file_system(spark, repository.uri("main", "single"))
    assert fs.rename(one, other)
    assert get(spark, repository.uri("main", "single")) == b"data 0"
    assert not exists(spark, repository.uri("main", "to/part=0/file-00"))


def test_a_large_tree_is_deleted_in_bulk(spark, lake):
    repository = lake.repository("bulk")
    for number in range(300):
        put(spark, repository.uri("main", f"tree/{number % 7}/file {number}+%25"), b"x")
    put(spark, repository.uri("main", "tree-beside/file"), b"stays")
    fs, tree = file_system(spark, repository.uri("main", "tree"))
    assert fs.delete(tree, True)
    assert not exists(spark, repository.uri("main", "tree"))
    assert [path for path in repository.paths("main") if not path.endswith("/")] == ["tree-beside/file"]
    assert not fs.delete(tree, True), "nothing is left to delete"


def test_large_files_are_uploaded_copied_and_read_in_parts(spark, small_parts):
    repository = small_parts
    block = bytes(range(256)) * 4096
    data = b"".join(block[number:] + block[:number] for number in range(12)) + b"the end"
    assert len(data) == 12 * MIB + 7
    put(spark, repository.uri("main", "large/file"), data)
    fs, source = file_system(spark, repository.uri("main", "large/file"))
    assert fs.getFileStatus(source).getLen() == len(data)
    assert get(spark, repository.uri("main", "large/file")) == data
    _, target = file_system(spark, repository.uri("main", "copied"))
    assert fs.rename(source, target)
    assert get(spark, repository.uri("main", "copied")) == data
    stream = fs.open(target)
    stream.seek(7 * MIB + 3)
    assert stream.read() == data[7 * MIB + 3]
    stream.seek(11)
    assert stream.read() == data[11]
    stream.close()
    assert repository.paths("main") and not exists(spark, repository.uri("main", "large/file"))


def test_an_upload_that_is_given_up_leaves_nothing(spark, small_parts):
    repository = small_parts
    fs, path = file_system(spark, repository.uri("main", "given/up"))
    out = fs.create(path, True)
    out.write(bytearray(6 * MIB))
    out.abort()
    assert not exists(spark, repository.uri("main", "given/up"))
    assert [path for path in repository.paths("main") if not path.endswith("/")] == []


def test_files_are_not_overwritten_without_leave_and_directories_not_by_files(spark, lake):
    repository = lake.repository("overwrite")
    put(spark, repository.uri("main", "a/file"), b"first")
    fs, path = file_system(spark, repository.uri("main", "a/file"))
    with pytest.raises(Exception, match="FileAlreadyExistsException"):
        fs.create(path, False).close()
    _, directory = file_system(spark, repository.uri("main", "a"))
    with pytest.raises(Exception, match="FileAlreadyExistsException"):
        fs.create(directory, True).close()
    with pytest.raises(Exception, match="FileNotFoundException"):
        get(spark, repository.uri("main", "a/nothing"))
    assert get(spark, repository.uri("main", "a/file")) == b"first"
