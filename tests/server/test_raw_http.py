"""What no HTTP client sends: broken request lines, lengths that contradict each other, chunks that are none, requests cut
off anywhere. Each connection gets a refusal or is closed, and everybody else is served on."""

import errno
import os
import re
import socket

import pytest

from support.server import basic, wait_until

AUTH = f"Authorization: {basic()}\r\n".encode()
PUT = b"POST /api/v1/repositories/raw/branches/main/objects?path=a HTTP/1.1\r\nHost: x\r\n" + AUTH
GET = b"GET /api/v1/repositories HTTP/1.1\r\nHost: x\r\n" + AUTH
BROKEN = {
    "nothing but zeros": b"\0" * 1000,
    "a TLS greeting": bytes.fromhex("16030100a5010000a10303") + b"\1" * 160,
    "a preface of HTTP/2 and garbage": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    "an unknown version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "spaces in the path": b"GET /a b c HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of odd bytes": b"G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes that are no path": b"GET /api/v1/\xff\xfe?\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path of 100 KiB": b"GET /" + b"a" * 102400 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of a MiB": GET + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "a thousand headers": GET + b"".join(b"X-%d: y\r\n" % n for n in range(1000)) + b"\r\n",
    "a header without a name": GET + b": x\r\n\r\n",
    "a header that goes on in the next line": GET + b"X: a\r\n b\r\n\r\n",
    "a zero in a header": GET + b"X: a\0b\r\n\r\n",
    "a negative length": PUT + b"Content-Length: -1\r\n\r\n",
    "a length that is no number": PUT + b"Content-Length: 0x10\r\n\r\n",
    "a length beyond all numbers": PUT + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": PUT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "an unknown encoding": PUT + b"Transfer-Encoding: rot13\r\n\r\nabc",
    "chunked twice": PUT + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": PUT + b"Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "a chunk of negative size": PUT + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "a chunk beyond all sizes": PUT + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
    "a chunk longer than it says": PUT + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "an endless extension of a chunk": PUT + b"Transfer-Encoding: chunked\r\n\r\n3;" + b"x" * 100_000 + b"\r\nabc\r\n0\r\n\r\n",
    "an endless trailer": PUT + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 100_000,
    "a body cut off": PUT + b"Content-Length: 100\r\n\r\nabc",
    "chunks cut off": PUT + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "a form cut off": PUT + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 60\r\n\r\n--b\r\nContent-Disposition: form-da",
}


def talk(server, data, end=True):
    """Sends, ends our side if it is to, and answers what came back."""
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as connection:
        connection.settimeout(60)
        answer = b""
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError as error:
            # Closed before we were done.
            if not isinstance(error, ConnectionError) and error.errno != errno.ENOTCONN:
                raise
    return answer


def statuses_of(answer):
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)


@pytest.fixture
def lake(server):
    server.ok("POST", "/repositories", {"name": "raw", "storage_namespace": "local://raw"})
    return server


def healthy(server, files):
    """Everybody else is served, nothing panicked, nothing was stored, no connection stays."""
    assert server.ok("GET", "/repositories/raw")["id"] == "raw"
    assert "panicked" not in server.output()
    assert server.pages("/repositories/raw/refs/main/objects/ls") == []
    wait_until("connections to be closed", lambda: open_files(server) <= files, 20)


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_what_is_no_request_is_refused_and_nobody_else(lake):
    files = open_files(lake) + 2
    for name, data in BROKEN.items():
        answer = talk(lake, data)
        statuses = statuses_of(answer)
        # A request that was whole may be answered before the broken one behind it; none may succeed in writing.
        assert all(status.startswith(b"4") or status == b"200" and data.startswith((b"GET", b"PRI")) for status in statuses), (name, answer[:500])
    healthy(lake, files)


def test_a_request_may_be_cut_off_anywhere(lake):
    files = open_files(lake) + 2
    whole = PUT + b"Content-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\n12345"
    for cut in range(1, len(whole), 3):
        answer = talk(lake, whole[:cut])
        assert not answer or answer.startswith(b"HTTP/1.1 4"), (cut, answer[:300])
    healthy(lake, files)
    blocks = lake.directory / "blocks/raw/data"
    assert not [path for path in blocks.rglob("*") if path.is_file()], "no half object stays"


def test_chunks_win_over_a_length_and_end_the_connection(lake):
    """What one side takes for a body and the other for a request must not be answered as one."""
    smuggled = b"GET /api/v1/config HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = talk(lake, PUT + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, end=False)
    assert answer.count(b"HTTP/1.1 ") == 1, answer


def test_requests_may_follow_each_other_at_once(lake):
    answer = talk(lake, (GET + b"\r\n") * 20 + PUT + b"Content-Length: 0\r\n\r\n" + GET + b"Connection: close\r\n\r\n", end=False)
    statuses = statuses_of(answer)
    assert statuses == [b"200"] * 20 + [b"201", b"200"]
