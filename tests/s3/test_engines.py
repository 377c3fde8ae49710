"""Query engines with their default settings: DuckDB and polars."""

from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import polars as pl
import pytest

from support.dataset import FIRST, day, measurements


@pytest.fixture
def duck(place, tmp_path):
    db = duckdb.connect(config={"extension_directory": str(tmp_path), "home_directory": str(tmp_path)})
    extension = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
    db.execute(f"LOAD '{extension}'")
    db.execute(f"""CREATE SECRET lake (TYPE s3, KEY_ID '{place.access_key}', SECRET '{place.secret}', REGION 'us-east-1',
                   ENDPOINT '{place.address}', URL_STYLE 'path', USE_SSL false)""")
    yield db
    db.close()


def test_duckdb_writes_partitions_and_reads_by_glob_and_range(place, duck):
    table = measurements(range(4), rows=500)
    duck.register("measured", table)
    target = place.url("events")
    duck.execute(f"COPY measured TO '{target}' (FORMAT parquet, PARTITION_BY (date))")
    assert len(place.keys("events/")) == 4
    count = f"SELECT count(*), round(sum(celsius), 1) FROM read_parquet('{target}/*/*.parquet', hive_partitioning = true)"
    wanted = duck.execute("SELECT count(*), round(sum(celsius), 1) FROM measured").fetchall()
    assert duck.execute(count).fetchall() == wanted
    one = duck.execute(f"SELECT count(*) FROM read_parquet('{target}/**', hive_partitioning = true) WHERE date = '{day(1)}'").fetchone()
    assert one == (500,)
    # Larger than one part; only some of its ranges are read back.
    duck.execute(f"""COPY (SELECT range AS n, hash(range) AS h FROM range(400000)) TO '{place.url('big.parquet')}'
                     (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 20000)""")
    assert duck.execute(f"SELECT h = hash(n) FROM '{place.url('big.parquet')}' WHERE n = 300001").fetchone() == (True,)
    duck.execute(f"COPY (SELECT 1 AS a, 'x,y' AS b) TO '{place.url('one.csv')}' (HEADER)")
    assert duck.execute(f"SELECT * FROM '{place.url('one.csv')}'").fetchall() == [(1, "x,y")]
    assert duck.execute(f"SELECT count(*) FROM glob('{place.url('**')}')").fetchone() == (6,)
    with pytest.raises(duckdb.Error):
        duck.execute(f"SELECT * FROM '{place.url('missing.parquet')}'")


def test_duckdb_reads_commits(branch, duck):
    duck.execute(f"COPY (SELECT 1 AS version) TO '{branch.url('t.parquet')}'")
    commit = branch.commit("first")
    duck.execute(f"COPY (SELECT 2 AS version) TO '{branch.url('t.parquet')}' (OVERWRITE_OR_IGNORE)")
    for reference, version in ((branch.branch, 2), (commit[:8], 1), (f"{branch.branch}@", 1)):
        assert duck.execute(f"SELECT version FROM '{branch.at(reference).url('t.parquet')}'").fetchone() == (version,)


def test_polars(place):
    options = {"aws_access_key_id": place.access_key, "aws_secret_access_key": place.secret, "aws_region": "us-east-1",
               "aws_endpoint_url": place.endpoint, "aws_allow_http": "true"}
    frame = pl.from_arrow(measurements(range(3), rows=1000))
    assert isinstance(frame, pl.DataFrame)
    for name, sink, scan in (("p.parquet", frame.lazy().sink_parquet, pl.scan_parquet), ("c.csv", frame.lazy().sink_csv, pl.scan_csv),
                             ("i.arrow", frame.lazy().sink_ipc, pl.scan_ipc), ("n.ndjson", frame.lazy().sink_ndjson, pl.scan_ndjson)):
        sink(place.url(name), storage_options=options)
        assert scan(place.url(name), storage_options=options).collect().equals(frame), name
    frame.lazy().sink_parquet(pl.PartitionBy(place.url("parts/"), key=["date"]), storage_options=options, mkdir=True)
    back = pl.scan_parquet(place.url("parts/"), storage_options=options, hive_partitioning=True, try_parse_hive_dates=False)
    assert back.filter(pl.col("date") == str(FIRST)).select(pl.len()).collect().item() == 1000
    assert back.select(pl.len()).collect().item() == frame.height
