"""The log of Spark's file sink: which files of a directory count, and in which batch they came."""

import json


def whole_batches(repository, ref, directory):
    """The files each batch has written, as far as the log at a reference tells: path without the branch, and size.

    Batch N is the file N; every tenth is `N.compact`, which repeats all before it."""
    batches = {}
    for path in repository.paths(ref, f"{directory}/_spark_metadata/"):
        name = path.rsplit("/", 1)[1]
        if not name.split(".")[0].isdigit():
            continue
        version, *entries = repository.read(ref, path).decode().splitlines()
        assert version == "v1", version
        files = [json.loads(entry) for entry in entries]
        batches[int(name.split(".")[0])] = {local(each["path"]): each["size"] for each in files}
    seen, found = set(), {}
    for number, files in sorted(batches.items()):
        found[number] = {path: size for path, size in files.items() if path not in seen}
        seen |= files.keys()
    return found


def local(uri):
    """`s3a://repository/branch/path` without what comes before the path."""
    return uri.split("//", 1)[1].split("/", 2)[2]


def listed(spark, branch, directory):
    """The files that count, by their place on a branch such as `s3a://repository/main`: what docs/streaming.md gives."""
    log = spark.sparkContext.textFile(f"{branch}/{directory}/_spark_metadata/[0-9]*")
    paths = {json.loads(line)["path"] for line in log.collect() if line.startswith("{")}
    return [f"{branch}/{directory}/" + path.split(f"/{directory}/", 1)[1] for path in sorted(paths)]
