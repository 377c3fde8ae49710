"""The same client and conversation, once with the gateway and once with the store itself: every difference is explained."""

from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from conversation import converse
from support.s3 import Place
from support.server import KEY, SECRET, Server
from support.store import Store

EXPLAINED = Path(__file__).with_name("differences.txt")


def explanations():
    """Lines `step field reason`; step and field are patterns of the shell's kind."""
    lines = (line.split(None, 2) for line in EXPLAINED.read_text().splitlines() if line.strip() and not line.startswith("#"))
    return [(step, field) for step, field, _ in lines]


def covers(explanation, step, field):
    return fnmatchcase(step, explanation[0]) and fnmatchcase(field, explanation[1])


def differences(ours, theirs):
    """Step, field and both values of everything that is not equal."""
    assert ours.keys() == theirs.keys()
    return [(step, field, ours[step].get(field), theirs[step].get(field))
            for step in ours for field in sorted(ours[step].keys() | theirs[step].keys())
            if ours[step].get(field) != theirs[step].get(field)]


@pytest.fixture(scope="module")
def conversations(tmp_path_factory):
    store = Store()
    try:
        store.bucket("example-repo")
        theirs = converse(store.client, "example-repo")
    finally:
        store.stop()
    with Server(tmp_path_factory.mktemp("differences") / "lake") as server:
        server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "local://example"})
        place = Place(server.url, KEY, SECRET, "example-repo", "main/", server)
        return converse(place.client(), "example-repo"), theirs


def test_every_difference_to_the_store_is_explained(conversations):
    explained = explanations()
    found = differences(*conversations)
    unexplained = [each for each in found if not any(covers(line, *each[:2]) for line in explained)]
    assert not unexplained, "\n".join(f"{step} {field} ours {ours!r}, the store's {theirs!r}" for step, field, ours, theirs in unexplained)


def test_every_explanation_explains_something(conversations):
    found = differences(*conversations)
    stale = [line for line in explanations() if not any(covers(line, *each[:2]) for each in found)]
    assert not stale, stale
