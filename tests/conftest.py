"""Fixtures of the black-box suites."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.postgres import Postgres  # noqa: E402
from support.server import Lakectl, Server  # noqa: E402


@pytest.fixture
def server(tmp_path):
    """A fresh server on embedded stores."""
    with Server(tmp_path / "lake") as running:
        yield running


@pytest.fixture
def lakectl(server, tmp_path):
    """The command line, set up for that server."""
    home = tmp_path / "home"
    home.mkdir()
    return Lakectl(server, home)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    running = Postgres(tmp_path_factory.mktemp("postgres"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def shared():
    """Data shared by several projects; in CI it is always there."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    path = Path(os.environ.get("LAKEFS_SHARED", beside))
    if not path.is_dir():
        assert not os.environ.get("CI"), f"CI needs {path}"
        pytest.skip(f"{path} is not here")
    return path
