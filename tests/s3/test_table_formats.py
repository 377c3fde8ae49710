"""Tables through the gateway: Delta and Iceberg, written on a branch, merged, read on main."""

import json
import subprocess
import sys

import deltalake
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io.pyarrow import PyArrowFileIO

WRITERS, APPENDS = 4, 5

# One process of several that append to the same table at once.
APPEND = """
import json, sys
import pyarrow as pa
from deltalake import write_deltalake
url, writer, appends, options = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])
for number in range(appends):
    write_deltalake(url, pa.table({"writer": [writer], "number": [number]}), mode="append", storage_options=options)
"""


def delta_options(place):
    """What any S3-compatible store needs; nothing about locks."""
    return {"AWS_ACCESS_KEY_ID": place.access_key, "AWS_SECRET_ACCESS_KEY": place.secret, "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": place.endpoint, "AWS_ALLOW_HTTP": "true"}


def rows(table):
    return sorted(table.to_pyarrow_table().to_pylist(), key=lambda row: tuple(row.values()))


def test_delta_writes_merges_and_travels(place):
    options, url = delta_options(place), place.url("delta/stations")
    first = pa.table({"id": [1, 2, 3], "name": ["harbour", "hill", "orchard"], "day": ["a", "a", "b"]})
    write_deltalake(url, first, partition_by=["day"], storage_options=options)
    table = DeltaTable(url, storage_options=options)
    change = pa.table({"id": [2, 4], "name": ["summit", "river"], "day": ["a", "b"]})
    (table.merge(change, predicate="t.id = s.id", source_alias="s", target_alias="t")
        .when_matched_update_all().when_not_matched_insert_all().execute())
    table.delete("id = 3")
    assert [row["name"] for row in rows(DeltaTable(url, storage_options=options))] == ["harbour", "summit", "river"]
    assert rows(DeltaTable(url, version=0, storage_options=options)) == first.to_pylist()
    table.optimize.compact()
    table.create_checkpoint()
    assert len(rows(DeltaTable(url, storage_options=options))) == 3
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert len(rows(DeltaTable(url, storage_options=options))) == 3
    assert not [key for key in place.keys() if ".tmp" in key]


def test_delta_loses_no_concurrent_commit(place):
    options, url = delta_options(place), place.url("delta/appended")
    write_deltalake(url, pa.table({"writer": [-1], "number": [-1]}), storage_options=options)
    writers = [subprocess.Popen([sys.executable, "-c", APPEND, url, str(writer), str(APPENDS), json.dumps(options)], stderr=subprocess.PIPE)
               for writer in range(WRITERS)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors.decode()
    table = DeltaTable(url, storage_options=options)
    assert table.version() == WRITERS * APPENDS
    assert {(row["writer"], row["number"]) for row in rows(table)} == {(-1, -1)} | {
        (writer, number) for writer in range(WRITERS) for number in range(APPENDS)}


def test_delta_on_a_branch_and_merged(branch):
    options = delta_options(branch)
    write_deltalake(branch.url("t"), pa.table({"a": [1]}), storage_options=options)
    branch.commit("made")
    work = branch.fork(f"{branch.branch}-work")
    write_deltalake(work.url("t"), pa.table({"a": [2]}), mode="append", storage_options=options)
    assert len(rows(DeltaTable(branch.url("t"), storage_options=options))) == 1, "the branch is isolated"
    head = work.commit("appended")
    work.merge_into(branch.branch)
    assert rows(DeltaTable(branch.url("t"), storage_options=options)) == [{"a": 1}, {"a": 2}]
    write_deltalake(branch.url("t"), pa.table({"a": [3]}), mode="overwrite", storage_options=options)
    assert rows(DeltaTable(branch.url("t"), storage_options=options)) == [{"a": 3}]
    assert len(rows(DeltaTable(branch.at(head[:12]).url("t"), storage_options=options))) == 2, "a commit is a table that stays"
    with pytest.raises((deltalake.exceptions.DeltaError, OSError)):
        write_deltalake(branch.at(head).url("t"), pa.table({"a": [4]}), mode="append", storage_options=options)


class BranchIO(PyArrowFileIO):
    """Files of a table name each other by their whole address. This reads and writes those of one branch at another
    reference, so that the table's own address stays that of the branch it belongs to."""

    def moved(self, location):
        return location.replace(self.properties["branch.from"], self.properties["branch.to"], 1)

    def new_input(self, location):
        return super().new_input(self.moved(location))

    def new_output(self, location):
        return super().new_output(self.moved(location))

    def delete(self, location):
        return super().delete(self.moved(location) if isinstance(location, str) else location)


def catalog(place, directory, name, home=None):
    """A catalog in a file; with `home`, of the tables of that branch as they are at the place."""
    made = SqlCatalog(name, **{
        "uri": f"sqlite:///{directory}/{name}.db", "warehouse": (home or place).url("warehouse"), "s3.endpoint": place.endpoint,
        "s3.access-key-id": place.access_key, "s3.secret-access-key": place.secret, "s3.region": "us-east-1",
        **({"py-io-impl": f"{__name__}.BranchIO", "branch.from": home.url(), "branch.to": place.url()} if home else {})})
    made.create_namespace_if_not_exists("weather")
    return made


def test_iceberg_writes_upserts_and_travels(place, tmp_path):
    lake = catalog(place, tmp_path, "lake")
    first = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["harbour", "hill", "orchard"]})
    table = lake.create_table("weather.stations", first.schema)
    table.append(first)
    before = table.current_snapshot().snapshot_id
    done = table.upsert(pa.table({"id": pa.array([2, 4], pa.int64()), "name": ["summit", "river"]}), join_cols=["id"])
    assert (done.rows_updated, done.rows_inserted) == (1, 1)
    table.delete("id = 3")
    table = lake.load_table("weather.stations")
    assert ids(table) == [1, 2, 4] and sorted(table.scan().to_arrow()["name"].to_pylist()) == ["harbour", "river", "summit"]
    assert table.scan(snapshot_id=before).to_arrow().sort_by("id").equals(first)
    assert table.scan(row_filter="id > 1").to_arrow().num_rows == 2
    table.overwrite(first)
    assert ids(table) == [1, 2, 3]
    lake.drop_table("weather.stations")
    with pytest.raises(NoSuchTableError):
        lake.load_table("weather.stations")


def ids(table):
    return sorted(table.scan().to_arrow()["id"].to_pylist())


def test_iceberg_on_a_branch_and_merged(branch, tmp_path):
    lake = catalog(branch, tmp_path, "main")
    one, two = (pa.table({"id": pa.array([number], pa.int64())}) for number in (1, 2))
    table = lake.create_table("weather.days", one.schema)
    table.append(one)
    old = branch.commit("made")
    work = branch.fork(f"{branch.branch}-work")
    there = catalog(work, tmp_path, "work", home=branch).register_table("weather.days", table.metadata_location)
    there.append(two)
    there.upsert(pa.table({"id": pa.array([2, 3], pa.int64())}), join_cols=["id"])
    assert ids(there) == [1, 2, 3]
    assert ids(lake.load_table("weather.days")) == [1], "the branch is isolated"
    with pytest.raises(OSError):
        catalog(branch, tmp_path, "early").register_table("weather.days", there.metadata_location)
    work.commit("appended")
    work.merge_into(branch.branch)
    merged = catalog(branch, tmp_path, "merged").register_table("weather.days", there.metadata_location)
    assert ids(merged) == [1, 2, 3]
    travelled = catalog(branch.at(old[:12]), tmp_path, "old", home=branch).register_table("weather.days", table.metadata_location)
    assert ids(travelled) == [1]
