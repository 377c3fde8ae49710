"""A stream writes Parquet and its checkpoint to an ingest branch, which is merged to main at intervals.

Spark's file sink keeps a log beside the files, with their whole URIs: it speaks of the branch that was written. So
readers of other references are told to go by the files themselves, which commits and merges make visible all at once.
"""

import json
import threading
import time

import pytest

from support.server import wait_until

BATCH_ROWS, INTERVALS, BATCHES_EACH = 120, 4, 2
SCHEMA = "batch int, row int"


def feed(directory, number):
    """One file for the stream; it appears whole."""
    lines = [json.dumps({"batch": number, "row": row}) for row in range(BATCH_ROWS)]
    hidden = directory / f".{number:03}"
    hidden.write_text("\n".join(lines))
    hidden.rename(directory / f"{number:03}.json")


def batches(spark, uri):
    """Rows per batch that a reader sees."""
    counted = spark.read.schema(SCHEMA).parquet(uri).groupBy("batch").count()
    return {row["batch"]: row["count"] for row in counted.collect()}


def whole(intervals):
    return {number: BATCH_ROWS for number in range(intervals * BATCHES_EACH)}


class Stream:
    """The job: all files there are, one a batch, from where the checkpoint says it has stopped."""

    def __init__(self, spark, repository, source):
        self.spark, self.repository, self.source = spark, repository, source

    def start(self):
        return (self.spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(str(self.source))
                .repartition(3).writeStream.format("parquet").trigger(availableNow=True)
                .option("checkpointLocation", self.repository.uri("ingest", "_checkpoints/events"))
                .start(self.repository.uri("ingest", "events")))

    def run(self):
        query = self.start()
        assert query.awaitTermination(180), "the stream does not end"
        assert query.exception() is None, query.exception()


class Reader(threading.Thread):
    """Reads main over and over; remembers what it saw."""

    def __init__(self, spark, uri):
        super().__init__(daemon=True)
        self.spark, self.uri, self.stopping = spark, uri, threading.Event()
        self.seen, self.error = [], None

    def run(self):
        try:
            while not self.stopping.is_set():
                self.seen.append(batches(self.spark, self.uri))
                time.sleep(0.05)
        except Exception as error:
            self.error = error


@pytest.fixture
def stream(spark, lake, conf, tmp_path):
    conf({"spark.sql.streaming.fileStreamSink.ignoreMetadata": "true"})
    repository = lake.repository("streaming")
    repository.branch("ingest")
    source = tmp_path / "source"
    source.mkdir()
    return Stream(spark, repository, source)


def test_a_reader_of_main_never_sees_a_part_of_an_interval_and_a_revert_takes_one_out(spark, stream):
    repository, main = stream.repository, stream.repository.uri("main", "events")
    merges, reader = [], Reader(spark, main)
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


def test_an_interrupted_stream_goes_on_from_its_checkpoint_and_a_commit_hides_what_it_left(spark, stream):
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
