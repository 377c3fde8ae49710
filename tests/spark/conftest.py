"""One server and one JVM for all Spark tests.

`SPARK_JARS` names the directory jars.py has filled; `cargo xtask spark` sets it.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lake import Lake  # noqa: E402
from session import start  # noqa: E402
from support.server import Server  # noqa: E402


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("lake"), env={"LAKEFS_LOGGING_LEVEL": "WARN"}) as server:
        yield Lake(server)


@pytest.fixture(scope="session")
def spark(lake, tmp_path_factory):
    jars = os.environ.get("SPARK_JARS")
    assert jars, "set SPARK_JARS to the directory that jars.py has filled, or run `cargo xtask spark`"
    assert shutil.which("java"), "these tests need Java 17 (Debian: apt-get install openjdk-17-jre-headless)"
    session = start(lake, Path(jars), tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture
def conf(spark):
    """Sets session configuration for one test."""
    changed = {}

    def put(values):
        for name, value in values.items():
            changed.setdefault(name, spark.conf.get(name, None))
            spark.conf.set(name, value)

    yield put
    for name, value in changed.items():
        if value is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, value)
