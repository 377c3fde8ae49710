"""The reproduce-a-bug story: old rows by commit id, a branch from that commit, and a revert."""

import json

import pytest

CLASSIC = "org.apache.spark.sql.execution.datasources.SQLHadoopMapReduceCommitProtocol"
MAGIC = {
    "spark.sql.sources.commitProtocolClass": "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
    "spark.sql.parquet.output.committer.class": "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
    "fs.s3a.committer.name": "magic",
    "fs.s3a.committer.magic.enabled": "true",
}
COMMITTERS = {
    "file-v1": {"mapreduce.fileoutputcommitter.algorithm.version": "1"},
    "file-v2": {"mapreduce.fileoutputcommitter.algorithm.version": "2"},
    "magic": MAGIC,
}


def events(spark, days, version):
    """Five rows a day, with a value that tells who has written them."""
    rows = [(f"2026-03-{day:02}", number, f"{version}-{day}-{number}") for day in days for number in range(5)]
    return spark.createDataFrame(rows, "date string, number int, value string")


def rows(spark, uri):
    return sorted((str(row.date), row.number, row.value) for row in spark.read.parquet(uri).collect())


def write(frame, uri, mode="errorifexists"):
    frame.repartition(2).write.mode(mode).partitionBy("date").parquet(uri)


@pytest.mark.parametrize("committer", COMMITTERS)
def test_old_rows_stay_readable_by_commit_and_a_revert_brings_them_back(spark, lake, conf, committer):
    repository = lake.repository("example-repo")
    conf({"spark.sql.sources.commitProtocolClass": CLASSIC, **COMMITTERS[committer]})
    table = repository.uri("main", "events/by-date")
    write(events(spark, [1, 2, 3], "good"), table)
    good = rows(spark, table)
    assert len(good) == 15 and {value.split("-")[0] for _, _, value in good} == {"good"}
    success = repository.read("main", "events/by-date/_SUCCESS")
    assert json.loads(success)["committer"] == "magic" if committer == "magic" else success == b""
    before = repository.commit("main", "three days of events")

    write(events(spark, [2, 3], "bad").limit(7), table, "overwrite")
    bad = rows(spark, table)
    assert len(bad) == 7
    broken = repository.commit("main", "a bad day")

    short = before[:8]
    assert rows(spark, f"s3://{repository.name}/{short}/events/by-date") == good
    assert rows(spark, repository.uri("main~1", "events/by-date")) == good
    repository.branch("reproduce", short)
    copy = repository.uri("reproduce", "events/by-date", scheme="s3")
    assert rows(spark, copy) == good
    write(events(spark, [4], "fixed"), copy, "append")
    assert len(rows(spark, copy)) == 20
    assert rows(spark, table) == bad, "what is tried on the branch does not show on main"

    repository.revert("main", broken)
    assert rows(spark, table) == good
    assert repository.paths("main", "events/by-date/_temporary") == []
    assert not [path for path in repository.paths("main") if "__magic" in path or ".spark-staging" in path]


def test_dynamic_partition_overwrite_replaces_only_the_days_written(spark, lake, conf):
    repository = lake.repository("dynamic")
    conf({"spark.sql.sources.commitProtocolClass": CLASSIC, "spark.sql.sources.partitionOverwriteMode": "dynamic"})
    table = repository.uri("main", "events")
    write(events(spark, [1, 2], "first"), table)
    write(events(spark, [2, 3], "second"), table, "overwrite")
    found = {day: {value.split("-")[0] for date, _, value in rows(spark, table) if date == day}
             for day in ("2026-03-01", "2026-03-02", "2026-03-03")}
    assert found == {"2026-03-01": {"first"}, "2026-03-02": {"second"}, "2026-03-03": {"second"}}


def test_a_commit_is_refused_as_a_place_to_write(spark, lake):
    repository = lake.repository("read-only")
    write(events(spark, [1], "good"), repository.uri("main", "events"))
    commit = repository.commit("main", "one day")
    with pytest.raises(Exception, match="NoSuchBucket|specified bucket does not exist"):
        write(events(spark, [2], "late"), repository.uri(commit, "events"), "append")
    assert len(rows(spark, repository.uri(commit, "events"))) == 5
