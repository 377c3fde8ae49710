"""The recorded conversations: every step equal, or accepted with a reason."""

import re
import subprocess
import sys
from pathlib import Path

from support.server import LAKECTL

HERE = Path(__file__).parent


def replay(script, server, accept, *args):
    """Runs a replay; answers its output, which names every difference."""
    command = [sys.executable, str(script), "check", "--url", server.url, "--key", server.key, "--secret", server.secret,
               "--accept", str(HERE / accept), *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    counts = re.search(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout)
    print(done.stdout[-20000:], done.stderr[-5000:])
    assert counts, "the replay did not finish"
    assert int(counts[2]) == 0, counts[0]
    assert int(counts[1]) > 0


def test_the_rest_conversation_is_the_recorded_one(shared, server):
    directory = shared / "conformance"
    replay(directory / "conform.py", server, "accept-api.txt", "--ns", "local://conform", "--file", str(directory / "api.jsonl"))


def test_the_command_line_conversation_is_the_recorded_one(shared, server):
    directory = shared / "conformance"
    replay(directory / "cli.py", server, "accept-cli.txt", "--lakectl", str(Path(LAKECTL).resolve()), "--ns", "local://cli",
           "--file", str(directory / "lakectl.jsonl"))


def test_the_s3_conversation_is_the_recorded_one(shared, server):
    directory = shared / "conformance"
    replay(directory / "conform.py", server, "accept-s3.txt", "--scenario", "s3", "--ns", "local://s3", "--file", str(directory / "s3.jsonl"))
