"""Runs the cases of `versitygw test`, an S3 conformance suite of other people, against the gateway.

Each case makes its own bucket, so the server runs with `gateways.s3.test_buckets`. What must pass stands in
expected-pass.txt, everything else in not-expected.txt with the reason; a case in neither list, one that no longer
passes, and one that passes although it is listed as failing each fail the run. Cases share bucket names, so a
server runs one at a time, and what it leaves behind is removed before the next.

`run.py --lakefs BINARY --versitygw BINARY [PATTERN...]`; with patterns only the cases they match. `--write` puts
what passed into expected-pass.txt.
"""

import argparse
import fnmatch
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected-pass.txt"
NOT_EXPECTED = HERE / "not-expected.txt"
CASE_SECONDS = 120
# Sub-commands that are whole groups or measurements, not cases.
GROUPS = {"full-flow", "website-hosting", "posix", "scoutfs", "gw-iam", "iam", "access-control", "s3-iam",
          "s3-iam-session", "noacl", "data-integrity-etag", "bench", "throughput", "help,"}


def cases(binary):
    """Names of all cases the binary knows."""
    text = subprocess.run([binary, "test", "--help"], env={}, capture_output=True, text=True, check=True).stdout
    commands = text.split("COMMANDS:")[1].split("\nOPTIONS:")[0]
    names = {line.split()[0] for line in commands.splitlines() if line.strip()}
    return sorted(names - GROUPS)


def lines(path):
    for line in path.read_text().splitlines():
        line = line.split("#")[0].strip() if line.startswith("#") else line.strip()
        if line:
            yield line


class Lists:
    """What is expected of each case: `pass`, `fail` or `skip`."""

    def __init__(self):
        self.expected = list(lines(EXPECTED)) if EXPECTED.exists() else []
        self.rules = []
        for line in lines(NOT_EXPECTED):
            kind, pattern, reason = (line.split(None, 2) + ["", ""])[:3]
            if kind not in ("skip", "fail") or not reason:
                sys.exit(f"{NOT_EXPECTED.name}: want `skip|fail PATTERN REASON`: {line}")
            self.rules.append((kind, pattern))

    def of(self, name):
        if name in self.expected:
            return "pass"
        return next((kind for kind, pattern in self.rules if fnmatch.fnmatchcase(name, pattern)), None)

    def faults(self, names):
        """What is wrong with the lists themselves."""
        found = [f"{name} is in neither list" for name in names if self.of(name) is None]
        found += [f"{name} is expected to pass but does not exist" for name in sorted(set(self.expected) - set(names))]
        if self.expected != sorted(set(self.expected)):
            found.append(f"{EXPECTED.name} is not sorted or says something twice")
        rest = [name for name in names if name not in self.expected]
        used = set()
        for name in rest:
            used.update([next((pattern for _, pattern in self.rules if fnmatch.fnmatchcase(name, pattern)), None)])
        found += [f"{pattern} in {NOT_EXPECTED.name} matches nothing" for _, pattern in self.rules if pattern not in used]
        return found


class Gateway:
    """Our server in test mode, and a way to remove the buckets a case has left."""

    def __init__(self, lakefs, directory):
        os.environ["LAKEFS_BIN"] = lakefs
        sys.path.insert(0, str(HERE.parent))
        from support.server import KEY, SECRET, Server, wait_until

        self.key, self.secret = KEY, SECRET
        self.server = Server(directory, env={
            "LAKEFS_GATEWAYS_S3_TEST_BUCKETS": "true", "LAKEFS_GATEWAYS_S3_TEST_NAMESPACE": "local://buckets",
            # A listener of its own: what is not signed at all is about S3, too.
            "LAKEFS_GATEWAYS_S3_LISTEN_ADDRESS": "127.0.0.1:0"})
        self.url = wait_until("the listener for S3", self.listening)

    def listening(self):
        found = re.search(r's3_url\W+(http://[\w.:]+)', re.sub(r"\x1b\[\d+m", "", self.server.output()))
        return found and found.group(1)

    def clean(self):
        for repository in self.server.pages("/repositories"):
            self.server.ok("DELETE", f"/repositories/{repository['id']}?force=true")

    def stop(self):
        self.server.stop()


class Reference:
    """versitygw's own server, which tells what the suite says of the one it was written for."""

    def __init__(self, versitygw, directory):
        sys.path.insert(0, str(HERE.parent))
        from support.server import KEY, SECRET, wait_until

        self.key, self.secret = KEY, SECRET
        self.root = Path(directory) / "buckets"
        self.root.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [versitygw, "--quiet", "--port", f"127.0.0.1:{port}", "posix", self.root], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET}, cwd=directory)
        wait_until("the reference to listen", lambda: accepts(port))

    def clean(self):
        for bucket in self.root.iterdir():
            shutil.rmtree(bucket)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def run(binary, gateway, name):
    """Whether a case passed, and the last thing it said."""
    command = [binary, "test", "--access", gateway.key, "--secret", gateway.secret, "--endpoint", gateway.url, name]
    try:
        done = subprocess.run(command, env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]}, capture_output=True,
                              text=True, timeout=CASE_SECONDS, cwd=tempfile.gettempdir())
    except subprocess.TimeoutExpired:
        return False, f"took longer than {CASE_SECONDS} s"
    text = re.sub(r"\x1b\[\d+m", "", done.stdout)
    said = [line for line in text.splitlines() if line.startswith(("FAIL", "SKIP"))]
    # Some are registered under another name than the one they print.
    passed = done.returncode == 0 and re.search(r"^PASS ", text, re.M) is not None and not said
    return passed, " ".join(said) or (done.stderr.strip().splitlines() or ["said nothing"])[-1]


def run_all(args, chosen, directory):
    """Deals the cases out to a few servers; answers names that passed, and what the others said."""
    passed, failed, waiting = set(), {}, queue.SimpleQueue()
    for name in chosen:
        waiting.put(name)

    def work(number):
        own = directory / str(number)
        own.mkdir()
        server = Reference(args.versitygw, own) if args.reference else Gateway(args.lakefs, own)
        try:
            while True:
                try:
                    name = waiting.get_nowait()
                except queue.Empty:
                    return
                ok, said = run(args.versitygw, server, name)
                if ok:
                    passed.add(name)
                else:
                    failed[name] = said
                server.clean()
        finally:
            server.stop()

    with ThreadPoolExecutor(args.jobs) as pool:
        for done in [pool.submit(work, number) for number in range(args.jobs)]:
            done.result()
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lakefs")
    parser.add_argument("--reference", action="store_true", help="run against versitygw itself")
    parser.add_argument("--versitygw", required=True)
    parser.add_argument("--jobs", type=int, default=2, help="servers to run cases against")
    parser.add_argument("--write", action="store_true", help="record what passes")
    parser.add_argument("patterns", nargs="*")
    args = parser.parse_args()

    args.versitygw = str(Path(args.versitygw).resolve())
    names, lists = cases(args.versitygw), Lists()
    chosen = [name for name in names if lists.of(name) != "skip"]
    if args.patterns:
        chosen = [name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in args.patterns)]
    problems = [] if args.write or args.patterns else lists.faults(names)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="versitygw") as directory:
        passed, failed = run_all(args, chosen, Path(directory))
    if args.write:
        outside = {name for name in lists.expected if name not in chosen}
        EXPECTED.write_text("".join(f"{name}\n" for name in sorted(passed | outside)))
    regressions = [name for name in chosen if name in failed and lists.of(name) == "pass"]
    surprises = [name for name in chosen if name in passed and lists.of(name) != "pass"]
    for name, said in sorted(failed.items()):
        if args.patterns or args.write or lists.of(name) != "fail":
            print(f"{name}: {said[:600]}")
    problems += [f"{name} no longer passes: {failed[name][:600]}" for name in regressions]
    if not args.patterns:
        problems += [f"{name} passes now: list it in {EXPECTED.name}" for name in surprises]
        passed -= set(surprises)
    print(f"{len(chosen)} of {len(names)} cases in {time.monotonic() - began:.0f} s: {len(passed)} pass, {len(failed)} do not")
    if args.write:
        return 0
    for problem in problems:
        print(f"FAILED {problem}")
    print(f"{len(passed)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
