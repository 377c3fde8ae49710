"""A stream writes Parquet and its checkpoint to an ingest branch, which is merged to main at intervals.

Spark's file sink keeps a log beside the files; docs/streaming.md tells what that means for readers. A stream that never
rests can be merged at any moment, and main is read by the log; one that is merged between its runs is read by the files.
"""

import json
import random
import threading
import time

import pytest

from sink_log import listed, whole_batches
from support.server import wait_until

BATCH_ROWS, INTERVALS, BATCHES_EACH = 120, 4, 2
SCHEMA = "batch int, row int, half int"


def feed(directory, number):
    """One file for the stream; it appears whole."""
    lines = [json.dumps({"batch": number, "row": row, "half": row % 2}) for row in range(BATCH_ROWS)]
    hidden = directory / f".{number:03}"
    hidden.write_text("\n".join(lines))
    hidden.rename(directory / f"{number:03}.json")


def batches(spark, *uris, base=None):
    """Rows per batch that a reader sees."""
    reader = spark.read.schema(SCHEMA)
    if base:
        reader = reader.option("basePath", base)
    counted = reader.parquet(*uris).groupBy("batch").count()
    return {row["batch"]: row["count"] for row in counted.collect()}


def rows(count):
    """So many whole batches. They need not come in the order of their files."""
    return {number: BATCH_ROWS for number in range(count)}


def whole(intervals):
    return rows(intervals * BATCHES_EACH)


class Stream:
    """The job: all files there are, one a batch, from where the checkpoint says it has stopped."""

    def __init__(self, spark, repository, source):
        self.spark, self.repository, self.source = spark, repository, source

    def start(self):
        """Ends when all files there are have been read."""
        return self.started(availableNow=True)

    def started(self, partitions=(), **trigger):
        return (self.spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(str(self.source))
                .repartition(3).writeStream.partitionBy(*partitions).format("parquet").trigger(**trigger)
                .option("checkpointLocation", self.repository.uri("ingest", "_checkpoints/events"))
                .start(self.repository.uri("ingest", "events")))

    def start_for_good(self):
        """Runs until it is stopped; a batch begins as soon as the one before has ended."""
        return self.started(("half",), processingTime="0 seconds")

    def run(self):
        query = self.start()
        assert query.awaitTermination(180), "the stream does not end"
        assert query.exception() is None, query.exception()


class Reader(threading.Thread):
    """Reads over and over; remembers what it saw."""

    def __init__(self, read):
        super().__init__(daemon=True)
        self.read, self.stopping = read, threading.Event()
        self.seen, self.error = [], None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.seen.append(self.read())
                time.sleep(0.05)
        except Exception as error:
            self.error = error


@pytest.fixture
def stream(spark, lake, tmp_path):
    repository = lake.repository("streaming")
    repository.branch("ingest")
    source = tmp_path / "source"
    source.mkdir()
    return Stream(spark, repository, source)


@pytest.fixture
def by_files(conf):
    """Readers go by the files that are there, not by the log."""
    conf({"spark.sql.streaming.fileStreamSink.ignoreMetadata": "true"})


class Intervals:
    """Commits ingest and merges it to main."""

    def __init__(self, repository):
        self.repository, self.merges, self.cut = repository, [], 0

    def unlisted(self, ref):
        """Data files of a batch that has not ended."""
        counted = {path for files in whole_batches(self.repository, ref, "events").values() for path in files}
        return [path for path in self.repository.paths(ref, "events/half=") if path.endswith(".parquet") and path not in counted]

    def merge(self):
        """One interval; there is none where nothing was written since the last."""
        if not self.repository.changed("ingest"):
            return None
        commit = self.repository.commit("ingest", "whatever is there")
        self.cut += bool(self.unlisted(commit))
        self.merges.append(self.repository.merge("ingest", "main"))
        self.complete(self.merges[-1])
        return self.merges[-1]

    def complete(self, ref):
        """What the log at a reference lists is there, too, and has its size."""
        sizes = {entry["path"]: entry["size_bytes"] for entry in self.repository.objects(ref, "events/")}
        batches = whole_batches(self.repository, ref, "events")
        assert list(batches) == list(range(len(batches)))
        assert all(sizes.get(path) == size for files in batches.values() for path, size in files.items())
        return len(batches)


def by_log(spark, repository, ref):
    """What the log of a reference lists, read from that reference."""
    base = repository.uri(ref).rstrip("/")
    return batches(spark, *listed(spark, base, "events"), base=f"{base}/events")


def test_a_stream_is_merged_at_any_moment_and_main_shows_whole_batches_only(spark, stream):
    repository, main, moments = stream.repository, stream.repository.uri("main", "events"), random.Random(4)
    intervals, total = Intervals(repository), 13
    # Spark follows the log to the branch that was written; the second reader stays on main.
    readers = [Reader(lambda: batches(spark, main)), Reader(lambda: by_log(spark, repository, "main"))]
    query = stream.start_for_good()
    try:
        for number in range(total - 2):
            feed(stream.source, number)
        while not intervals.merges or intervals.complete("main") < total - 2:
            assert query.isActive, query.exception()
            time.sleep(moments.uniform(0, 1))
            intervals.merge()
            if not readers[0].ident and intervals.merges and intervals.complete("main"):
                for reader in readers:
                    reader.start()
        # The moments may all have been between batches; this one is not.
        number = total - 2
        while not intervals.cut:
            feed(stream.source, number)
            number, total = number + 1, max(total, number + 2)
            wait_until("a batch under way", lambda: intervals.unlisted("ingest"), 60)
            intervals.merge()
        for rest in range(number, total):
            feed(stream.source, rest)
        query.processAllAvailable()
        before = intervals.complete("main")
        last = intervals.merge()
        for reader in readers:
            read = len(reader.seen)
            wait_until("the reader to come by", lambda: reader.error or len(reader.seen) > read + 1, 60)
    finally:
        query.stop()
        for reader in readers:
            reader.stopping.set()
            if reader.ident:
                reader.join(60)
    for reader in readers:
        assert reader.error is None, repr(reader.error)
        sizes = [len(seen) for seen in reader.seen]
        assert sizes == sorted(sizes) and sizes[-1] == total and len(set(sizes)) > 2
        assert all(count == BATCH_ROWS for seen in reader.seen for count in seen.values()), reader.seen

    assert by_log(spark, repository, last) == rows(total)
    repository.revert("main", last, parent=1)
    left = by_log(spark, repository, "main")
    assert left == by_log(spark, repository, f"{last}^1") == batches(spark, main) and 0 < len(left) == before < total
    # What main shows is its own, and lives on without the branch that was written.
    repository.call("DELETE", "/branches/ingest")
    assert by_log(spark, repository, "main") == left
    with pytest.raises(Exception, match="ingest/events"):
        batches(spark, main)


def test_a_reader_of_main_never_sees_a_part_of_an_interval_and_a_revert_takes_one_out(spark, stream, by_files):
    repository, main = stream.repository, stream.repository.uri("main", "events")
    merges, reader = [], Reader(lambda: batches(spark, main))
    try:
        for interval in range(INTERVALS):
            for number in range(BATCHES_EACH):
                feed(stream.source, interval * BATCHES_EACH + number)
            stream.run()
            repository.commit("ingest", f"interval {interval}")
            merges.append(repository.merge("ingest", "main"))
            if interval == 0:
                reader.start()
            read = len(reader.seen)
            wait_until("the reader to come by", lambda: reader.error or len(reader.seen) > read + 1, 60)
    finally:
        reader.stopping.set()
        if reader.is_alive():
            reader.join(60)
    assert reader.error is None, repr(reader.error)
    sizes = [len(seen) for seen in reader.seen]
    assert sizes == sorted(sizes) and sizes[-1] == INTERVALS * BATCHES_EACH
    assert all(seen == whole(len(seen) // BATCHES_EACH) for seen in reader.seen), reader.seen
    assert batches(spark, main) == whole(INTERVALS)

    repository.revert("main", merges[-1], parent=1)
    assert batches(spark, main) == whole(INTERVALS - 1)
    assert batches(spark, repository.uri(merges[-1], "events")) == whole(INTERVALS)
    # By the log Spark finds nothing outside the branch that was written: there are no partition directories here.
    log = "spark.sql.streaming.fileStreamSink.ignoreMetadata"
    spark.conf.set(log, "false")
    assert batches(spark, main) == {} and batches(spark, repository.uri("ingest", "events")) == whole(INTERVALS)
    # An older interval leaves a gap in the log; the files without it are as they were.
    repository.revert("main", merges[1], parent=1)
    with pytest.raises(Exception, match="_spark_metadata"):
        batches(spark, main)
    spark.conf.set(log, "true")
    gone = range(BATCHES_EACH, 2 * BATCHES_EACH)
    assert batches(spark, main) == {number: count for number, count in whole(INTERVALS - 1).items() if number not in gone}


def test_an_interrupted_stream_goes_on_from_its_checkpoint_and_a_commit_hides_what_it_left(spark, stream, by_files):
    repository = stream.repository
    ingest = repository.uri("ingest", "events")
    feed(stream.source, 0)
    stream.run()
    repository.commit("ingest", "the first run")
    for number in range(1, 6):
        feed(stream.source, number)
    query = stream.start()
    wait_until("a batch of the second run", lambda: len(batches(spark, ingest)) > 1, 60)
    query.stop()
    assert batches(spark, repository.uri("ingest@", "events")) == {0: BATCH_ROWS}
    stream.run()
    # The log of the sink tells which files count; the interrupted batch may have left others.
    spark.conf.set("spark.sql.streaming.fileStreamSink.ignoreMetadata", "false")
    assert batches(spark, ingest) == {number: BATCH_ROWS for number in range(6)}
