"""Fetches the jars of a suite with Maven and checks each against a recorded SHA-256.

`jars.py SUITE DIRECTORY`, with a suite of Spark here or another directory with a pom, leaves in DIRECTORY exactly what
`SUITE/jars.sha256` lists; it asks Maven only for what is missing there. `--record` writes that list anew, after a
version in the pom has been changed on purpose.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def listed(suite):
    """File name and digest of each jar, as `sha256sum` prints them."""
    lines = (HERE / suite / "jars.sha256").read_text().splitlines()
    return {name: sha for sha, name in (line.split() for line in lines)}


def differences(directory, wanted):
    have = {path.name: path for path in directory.glob("*.jar")}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - have.keys())]
    wrong += [f"{name} is not listed" for name in sorted(have.keys() - wanted.keys())]
    wrong += [f"{name} is another file than the one recorded" for name in sorted(wanted.keys() & have.keys())
              if digest(have[name]) != wanted[name]]
    return wrong


def fetch(suite, directory):
    maven = shutil.which("mvn")
    if not maven:
        sys.exit("these suites fetch their jars with Maven (Debian: apt-get install maven)")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as repository:
        done = subprocess.run(
            [maven, "--batch-mode", "--quiet", "--strict-checksums", "-Dstyle.color=never", "--file", HERE / suite / "pom.xml",
             f"-Dmaven.repo.local={repository}", f"-DoutputDirectory={directory}", PLUGIN])
    if done.returncode:
        sys.exit(f"Maven could not fetch the jars of {suite}: exit {done.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--record", action="store_true")
    args = parser.parse_args()
    directory = args.directory.resolve()
    if args.record:
        fetch(args.suite, directory)
        lines = [f"{digest(path)}  {path.name}\n" for path in sorted(directory.glob("*.jar"))]
        (HERE / args.suite / "jars.sha256").write_text("".join(lines))
        return
    wanted = listed(args.suite)
    if not differences(directory, wanted):
        return
    print(f"Fetching the jars of {args.suite} ...", flush=True)
    fetch(args.suite, directory)
    wrong = differences(directory, wanted)
    if wrong:
        sys.exit(f"the jars of {args.suite} are not the recorded ones: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
