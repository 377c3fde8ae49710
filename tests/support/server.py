"""The real server as a child process, on a port and in directories of its own."""

import base64
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

KEY = "AKIAIOSFDNN7EXAMPLEQ"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ENCRYPTION = "black-box secret"
START_SECONDS = 60

LAKEFS = os.environ.get("LAKEFS_BIN", "target/debug/lakefs")
LAKECTL = os.environ.get("LAKECTL_BIN", "target/debug/lakectl")


def basic(key=KEY, secret=SECRET):
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def wait_until(what, condition, seconds=30):
    """Waits for a condition with a deadline; answers what it answered."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.01)


class Answer:
    """Status, headers and body of an HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Server:
    """`lakefs run`. Use as a context manager; it is stopped at the end."""

    def __init__(self, directory, env=None, args=(), key=KEY, secret=SECRET, ready=True, admin=True, context=None):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.key, self.secret = key, secret
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "LAKEFS_LISTEN_ADDRESS": "127.0.0.1:0",
            "LAKEFS_DATABASE_TYPE": "local",
            "LAKEFS_BLOCKSTORE_TYPE": "local",
            "LAKEFS_AUTH_ENCRYPT_SECRET_KEY": ENCRYPTION,
            **local_paths(self.directory),
            **(admin_keys(key, secret) if admin else {}),
        }
        for name, value in (env or {}).items():
            if value is None:
                self.env.pop(name, None)
            else:
                self.env[name] = str(value)
        self.log = self.directory / "server.log"
        self.args = [LAKEFS, "run", *args]
        self.context = context
        self.process = None
        self.url = None
        self.start(ready)

    def start(self, ready=True):
        """Starts the process; with `ready`, waits until it says where it listens."""
        self.offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.args, env=self.env, cwd=self.directory, stdout=log, stderr=log)
        if ready:
            self.url = wait_until("the server to listen", self._listening, START_SECONDS)

    def _listening(self):
        text = self.output()
        found = re.search(r"Up and running: .* at (https?://\S+)", text)
        if found:
            return found.group(1)
        if self.process.poll() is not None:
            raise AssertionError(f"the server stopped with {self.process.returncode}:\n{text}")
        return None

    def output(self):
        """What this start of the server has written so far."""
        with open(self.log, "rb") as log:
            log.seek(self.offset)
            return log.read().decode("utf-8", "replace")

    def lines(self):
        """Lines of a JSON log."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def call(self, method, path, body=None, raw=None, headers=None, auth=True, api=True, context=None):
        """One request; any status is an answer."""
        send = {"Authorization": basic(self.key, self.secret)} if auth is True else {}
        if isinstance(auth, str):
            send["Authorization"] = auth
        if raw is not None:
            send["Content-Type"] = "application/octet-stream"
        elif body is not None:
            send["Content-Type"] = "application/json"
            raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        send.update(headers or {})
        url = self.url + ("/api/v1" if api else "") + path
        request = urllib.request.Request(url, method=method, data=raw, headers=send)
        opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPSHandler(context=context or self.context))
        try:
            with opener.open(request, timeout=120) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def ok(self, method, path, body=None, **more):
        """A request that must succeed; answers its JSON, its text, or None."""
        answer = self.call(method, path, body, **more)
        assert 200 <= answer.status < 300, f"{method} {path}: {answer.status} {answer.text}"
        if not answer.body:
            return None
        return answer.json() if answer.body[:1] in b"{[" else answer.text

    def pages(self, path):
        """All results of a list."""
        after, results = "", []
        while True:
            sep = "&" if "?" in path else "?"
            page = self.ok("GET", f"{path}{sep}amount=1000&after={quote(after)}")
            results += page["results"]
            if not page["pagination"]["has_more"]:
                return results
            after = page["pagination"]["next_offset"]

    def stop(self, seconds=40):
        """SIGTERM and the exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def wait(self, seconds=30):
        return self.process.wait(timeout=seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def local_paths(directory):
    return {
        "LAKEFS_DATABASE_LOCAL_PATH": f"{directory}/kv",
        "LAKEFS_BLOCKSTORE_LOCAL_PATH": f"{directory}/blocks",
        "LAKEFS_COMMITTED_LOCAL_CACHE_DIR": f"{directory}/cache",
    }


def admin_keys(key=KEY, secret=SECRET, name="admin"):
    return {
        "LAKEFS_INSTALLATION_USER_NAME": name,
        "LAKEFS_INSTALLATION_ACCESS_KEY_ID": key,
        "LAKEFS_INSTALLATION_SECRET_ACCESS_KEY": secret,
    }


def quote(text):
    return urllib.parse.quote(text, safe="")


def lakefs(*args, env=None, stdin=None, timeout=120):
    """One run of the server's command line."""
    return subprocess.run([LAKEFS, *args], env={"PATH": os.environ["PATH"], **(env or {})}, input=stdin,
                          capture_output=True, text=True, timeout=timeout)


class Lakectl:
    """The command line, told about a server by its environment."""

    def __init__(self, server, home):
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC", "NO_COLOR": "1", "LAKECTL_INTERACTIVE": "false",
            "LAKECTL_SERVER_ENDPOINT_URL": server.url,
            "LAKECTL_CREDENTIALS_ACCESS_KEY_ID": server.key, "LAKECTL_CREDENTIALS_SECRET_ACCESS_KEY": server.secret,
        }
        self.home = home

    def run(self, *args, stdin=None):
        return subprocess.run([LAKECTL, *args], env=self.env, cwd=self.home, input=stdin, capture_output=True, text=True, timeout=300)

    def __call__(self, *args, stdin=None):
        """A command that must succeed; answers its standard output."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"lakectl {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout
