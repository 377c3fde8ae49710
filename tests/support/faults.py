"""A proxy in front of a store that fails on request, and what a server must not have afterwards."""

import http.client
import re
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.server import wait_until

RESET = "reset the connection before the store hears of it"
LOST = "let the store do it, and reset the connection before it can say so"
HALF_SENT = "reset the connection in the middle of the request's body"
TRUNCATED = "reset the connection in the middle of the answer's body"
ERROR_500 = "500 InternalError"
ERROR_503 = "503 SlowDown"


class Plan:
    """A fault for the next requests that match; `times=None` is for good."""

    def __init__(self, method, pattern, fault, times):
        self.method, self.pattern, self.fault, self.times, self.met = method, re.compile(pattern), fault, times, 0

    def matches(self, method, target):
        return (self.times is None or self.met < self.times) and self.method in ("*", method) and self.pattern.search(target)


class FaultyProxy:
    """Passes HTTP requests on to a port of this machine, but for the planned faults."""

    def __init__(self, target):
        self.plans, self.lock = [], threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                proxy.forward(self, target)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = forward

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                """Connections are reset on purpose."""

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()

    @contextmanager
    def failing(self, fault, method="*", pattern="", times=None):
        """Plans a fault. With a number of times, every one of them must have been met at the end."""
        plan = Plan(method, pattern, fault, times)
        with self.lock:
            self.plans.append(plan)
        try:
            yield plan
        finally:
            with self.lock:
                self.plans.remove(plan)
        assert plan.met if times is None else plan.met == times, f"the store was asked {plan.met} times for {method} {pattern}"

    def fault(self, method, target):
        with self.lock:
            for plan in self.plans:
                if plan.matches(method, target):
                    plan.met += 1
                    return plan.fault
        return None

    def forward(self, handler, port):
        fault = self.fault(handler.command, handler.path)
        body = read_body(handler, half=fault == HALF_SENT)
        if fault in (RESET, HALF_SENT):
            return reset(handler)
        if fault in (ERROR_500, ERROR_503):
            status, code = fault.split()
            text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>planned</Message></Error>'.encode()
            return answer(handler, int(status), [("Content-Type", "application/xml"), ("Content-Length", str(len(text)))], text)
        store = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in ("transfer-encoding", "connection", "expect")}
        store.request(handler.command, handler.path, body=body, headers=headers)
        reply = store.getresponse()
        data = reply.read()
        store.close()
        if fault == LOST:
            return reset(handler)
        told = [(name, value) for name, value in reply.getheaders() if name.lower() not in ("transfer-encoding", "connection", "content-length")]
        length = reply.getheader("Content-Length") if handler.command == "HEAD" else str(len(data))
        told += [("Content-Length", length or "0")] if reply.status != 204 else []
        if fault == TRUNCATED:
            answer(handler, reply.status, told, data[:len(data) // 2])
            return reset(handler)
        answer(handler, reply.status, told, b"" if handler.command == "HEAD" else data)


def read_body(handler, half):
    if "chunked" in handler.headers.get("Transfer-Encoding", ""):
        pieces = []
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            pieces.append(handler.rfile.read(size))
            handler.rfile.readline()
        handler.rfile.readline()
        return b"".join(pieces)
    length = int(handler.headers.get("Content-Length") or 0)
    return handler.rfile.read(length // 2 if half else length) if length else None


def answer(handler, status, headers, body):
    handler.send_response_only(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
    handler.wfile.flush()


def reset(handler):
    """Ends the connection with a reset rather than an orderly close."""
    handler.close_connection = True
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def memory_peak(server):
    """Highest resident memory of the server so far, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


@contextmanager
def memory_stays_flat(server, may_grow_mib=40):
    """The peak of what happens inside may be that much above what the server has now."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    before = memory_peak(server)
    yield
    grown = memory_peak(server) - before
    assert grown <= may_grow_mib, f"memory grew by {grown:.0f} MiB from {before:.0f} MiB"


def files_with(directory, marker):
    """Files below a directory whose bytes contain a marker."""
    found = []
    for path in Path(directory).rglob("*"):
        try:
            if path.is_file() and marker in path.read_bytes():
                found.append(str(path.relative_to(directory)))
        except FileNotFoundError:
            pass
    return found


def temporary_files(server):
    """What the local store has not published; each running store also has a directory and its lock there."""
    found = (server.directory / "blocks" / ".lakefs-rs" / "tmp").rglob("*")
    return [path.name for path in found if path.is_file() and path.suffix != ".lock"]


def nothing_stays(server, marker):
    """No bytes of a refused body are left in the server's directories, and no temporary file."""
    wait_until("bytes of a refused request to be removed", lambda: not files_with(server.directory / "blocks", marker), 10)
    wait_until("temporary files to be removed", lambda: not temporary_files(server), 10)
