"""A small Parquet data set partitioned by date: measurements of a few weather stations."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

STATIONS = ["harbour", "hill", "orchard", "river"]
FIRST = date(2026, 3, 1)


def day(number):
    return (FIRST + timedelta(days=number)).isoformat()


def measurements(days, rows=200, warmer=0.0):
    """Rows of each day and station; the same for the same arguments."""
    table = {"date": [], "station": [], "minute": [], "celsius": []}
    for number in days:
        for row in range(rows):
            table["date"].append(day(number))
            table["station"].append(STATIONS[row % len(STATIONS)])
            table["minute"].append(row * 7 % 1440)
            table["celsius"].append(round((number * 13 + row * 29) % 300 / 10 + warmer, 1))
    return pa.table(table)


def write(directory, days, **more):
    """Writes the data set; answers relative path and bytes of each file."""
    ds.write_dataset(measurements(days, **more), directory, format="parquet", partitioning=["date"],
                     partitioning_flavor="hive", existing_data_behavior="delete_matching")
    root = Path(directory)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def read_rows(files):
    """Number of rows in Parquet files given as bytes."""
    return sum(pq.read_table(pa.BufferReader(data)).num_rows for data in files)
