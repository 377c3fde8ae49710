"""Requests that are wrong, sent byte by byte: the right code, nothing visible, nothing left, memory flat."""

import base64
import hashlib
import os
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.faults import memory_stays_flat, nothing_stays
from support.s3 import CHECKSUMS, RawRequest, Signer, encode, md5, request

CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

# BadRequest is what lakeFS says of a deletion it cannot read.
BAD_DOCUMENT = ("MalformedXML", "MaxMessageLengthExceeded", "BadRequest")


@pytest.fixture
def marked(branch):
    """A body that can be recognised, also in files; nothing of it may stay."""
    marker = uuid.uuid4().hex.encode()
    with memory_stays_flat(branch.lake):
        yield marker * 4096
    assert branch.keys() == []
    nothing_stays(branch.lake, marker)


def md5_header(data):
    return {"content-md5": base64.b64encode(hashlib.md5(data).digest()).decode()}


def put(branch, name, body, **more):
    answer = request(branch, "PUT", name, body, **more)
    return answer.status, answer.code


def test_digests_that_are_not_those_of_the_body(branch, marked):
    assert put(branch, "x", marked, headers=md5_header(b"other")) == (400, "BadDigest")
    for nonsense in ("nonsense", "", base64.b64encode(b"too short").decode()):
        assert put(branch, "x", marked, headers={"content-md5": nonsense}) == (400, "InvalidDigest")
    assert put(branch, "x", marked, payload=hashlib.sha256(b"other").hexdigest()) == (400, "XAmzContentSHA256Mismatch")
    for algorithm, digest in CHECKSUMS.items():
        name = f"x-amz-checksum-{algorithm.lower()}"
        assert put(branch, "x", marked, headers={name: digest(b"other")}) == (400, "BadDigest")
        assert put(branch, "x", marked, headers={name: "nonsense"})[0] == 400
    two = {f"x-amz-checksum-{name.lower()}": CHECKSUMS[name](b"") for name in ("CRC32", "SHA1")}
    assert put(branch, "x", marked, headers=two) == (400, "InvalidRequest")
    upload = branch.client().create_multipart_upload(Bucket=branch.bucket, Key=branch.key("x"))["UploadId"]
    part = (("partNumber", "1"), ("uploadId", upload))
    assert put(branch, "x", marked, query=part, headers=md5_header(b"other")) == (400, "BadDigest")
    assert put(branch, "x", marked, query=part, headers={"x-amz-checksum-crc32": CHECKSUMS["CRC32"](b"other")}) == (400, "BadDigest")
    assert not branch.client().list_parts(Bucket=branch.bucket, Key=branch.key("x"), UploadId=upload).get("Parts")


def chunked(branch, name, body, payload=CHUNKED, decoded=None, **headers):
    """A request in chunks whose announced lengths can be wrong. `body` gets the signer."""
    signer = Signer(branch.access_key, branch.secret, branch.address)
    decoded = {} if decoded is None else {"x-amz-decoded-content-length": str(decoded)}
    headers = {"content-encoding": "aws-chunked", **decoded, **{key.replace("_", "-"): value for key, value in headers.items()}}
    path = f"/{branch.bucket}/{encode(branch.key(name))}"
    signer.headers("PUT", path, (), payload, headers)
    data = body(signer)
    # The same instant, so the same signature: chunks are signed before the length is known.
    again = Signer(branch.access_key, branch.secret, branch.address, now=signer.now)
    return RawRequest(branch, "PUT", name, len(data), payload, headers, signer=again).send(data)


def test_signed_chunks(branch):
    data = os.urandom(200_000)
    answer = chunked(branch, "good", lambda signer: signer.chunks(data, 65_536), decoded=len(data)).answer()
    assert answer.status == 200 and answer.headers["ETag"] == f'"{md5(data)}"', answer
    assert branch.body("good") == data
    empty = chunked(branch, "empty", lambda signer: signer.chunks(b"", 1), decoded=0).answer()
    assert empty.status == 200 and branch.body("empty") == b""


def tampered(data):
    """Bodies in signed chunks with something wrong, and the codes that say so."""
    half = len(data) // 2
    bad, short = ("SignatureDoesNotMatch",), ("IncompleteBody", "InvalidRequest", "SignatureDoesNotMatch", "InvalidArgument")
    return {
        "changed data": (lambda s: s.chunk(data).replace(data[:32], data[1:33], 1) + s.chunk(b""), len(data), bad),
        "chunks swapped": (lambda s: b"".join([s.chunk(data[:half]), s.chunk(data[half:])][::-1]) + s.chunk(b""), len(data), bad),
        "wrong last signature": (lambda s: last_signed_by_another(s, data), len(data), bad),
        "no signature": (lambda s: b"%x\r\n" % len(data) + data + b"\r\n0\r\n\r\n", len(data), (*bad, *short)),
        "not even the last chunk": (lambda s: s.chunk(data), len(data), short),
        "less than announced": (lambda s: s.chunks(data, half), len(data) + 1, short),
        "more than announced": (lambda s: s.chunks(data, half), len(data) - 1, short),
        "bytes behind the end": (lambda s: s.chunks(data, half) + b"more", len(data), short),
        "a size that is no number": (lambda s: s.chunk(data).replace(b"%x;" % len(data), b"xyz;", 1), len(data), short),
        "a negative size": (lambda s: b"-" + s.chunk(data), len(data), short),
        "a huge size": (lambda s: s.chunk(data).replace(b"%x;" % len(data), b"ffffffffffffffff;", 1), len(data), short),
        "a size beyond numbers": (lambda s: b"f" * 3000 + s.chunk(data), len(data), short),
        "an endless header": (lambda s: b"1;" + b"a" * 1_000_000, len(data), short),
        "a chunk without its line end": (lambda s: s.chunk(data)[:-2] + s.chunk(b""), len(data), short),
    }


def last_signed_by_another(signer, data):
    body = signer.chunk(data)
    signer.secret = "wrong"
    return body + signer.chunk(b"")


@pytest.mark.parametrize("what", list(tampered(b"0")))
def test_signed_chunks_that_are_wrong(branch, marked, what):
    body, decoded, codes = tampered(marked)[what]
    answer = chunked(branch, "bad", body, decoded=decoded).answer()
    assert answer.code in codes and answer.status == (403 if answer.code == "SignatureDoesNotMatch" else 400), answer


def test_trailers(branch):
    data = os.urandom(100_000)
    right = CHECKSUMS["CRC32"](data)
    unsigned = b"%x\r\n" % len(data) + data + b"\r\n0\r\n"
    for name, body, payload in (
            ("unsigned", lambda s: unsigned + f"x-amz-checksum-crc32:{right}\r\n\r\n".encode(), UNSIGNED_TRAILER),
            ("signed", lambda s: s.chunk(data) + s.chunk(b"")[:-2] + s.trailer("x-amz-checksum-crc32", right), SIGNED_TRAILER)):
        answer = chunked(branch, name, body, payload, len(data), x_amz_trailer="x-amz-checksum-crc32").answer()
        assert answer.status == 200 and answer.headers["x-amz-checksum-crc32"] == right, (name, answer)
        assert branch.body(name) == data


def test_trailers_that_are_wrong(branch, marked):
    right, wrong = CHECKSUMS["CRC32"](marked), CHECKSUMS["CRC32"](b"other")
    framed = b"%x\r\n" % len(marked) + marked + b"\r\n0\r\n"

    def refuse(body, payload, **headers):
        answer = chunked(branch, "bad", body, payload, len(marked), **headers).answer()
        assert answer.status in (400, 403), answer
        return answer.code

    announced = {"x_amz_trailer": "x-amz-checksum-crc32"}
    assert refuse(lambda s: framed + f"x-amz-checksum-crc32:{wrong}\r\n\r\n".encode(), UNSIGNED_TRAILER, **announced) == "BadDigest"
    refuse(lambda s: framed + b"x-amz-checksum-crc32:nonsense\r\n\r\n", UNSIGNED_TRAILER, **announced)
    refuse(lambda s: framed + b"\r\n", UNSIGNED_TRAILER, **announced)
    refuse(lambda s: framed + f"x-amz-checksum-sha1:{right}\r\n\r\n".encode(), UNSIGNED_TRAILER, **announced)
    refuse(lambda s: framed + b"x-amz-checksum-crc32:" + b"A" * 100_000, UNSIGNED_TRAILER, **announced)
    assert refuse(lambda s: s.chunk(marked) + s.chunk(b"")[:-2] + s.trailer("x-amz-checksum-crc32", wrong), SIGNED_TRAILER,
                  **announced) == "BadDigest"

    def forged(signer):
        body = signer.chunk(marked) + signer.chunk(b"")[:-2]
        signer.secret = "wrong"
        return body + signer.trailer("x-amz-checksum-crc32", right)

    assert refuse(forged, SIGNED_TRAILER, **announced) == "SignatureDoesNotMatch"


def test_bodies_that_end_early_or_never(branch, marked):
    for half in (0, 1, len(marked) // 2):
        raw = RawRequest(branch, "PUT", "short", len(marked)).send(marked[:half]).end_of_body()
        answer = raw.answer()
        assert answer is None or (answer.status, answer.code) == (400, "IncompleteBody"), answer
        RawRequest(branch, "PUT", "left", len(marked)).send(marked[:half]).leave()
    large = 64 << 20
    for _ in range(3):
        raw = RawRequest(branch, "PUT", "left", large)
        for _ in range(10):
            raw.send(marked * 8)
        raw.leave()
    assert RawRequest(branch, "PUT", "huge", 6 << 30).answer().code == "EntityTooLarge", "refused before the body"
    answer = RawRequest(branch, "PUT", "lengths", 3, headers={"content-md5": md5_header(b"abc")["content-md5"]}).send(b"abd").answer()
    assert (answer.status, answer.code) == (400, "BadDigest")


def test_slow_clients_hold_nobody_up(branch, marked):
    """Hundreds of connections that send next to nothing; others work as ever, and little memory is spent."""
    host, port = branch.address.split(":")
    headers = [socket.create_connection((host, int(port))) for _ in range(200)]
    for each in headers:
        each.sendall(b"PUT /example-repo/main/x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    bodies = [RawRequest(branch, "PUT", f"slow/{number}", 5 << 30).send(marked[:10]) for number in range(100)]
    for _ in range(5):
        for each in headers:
            each.sendall(b"a")
        for each in bodies:
            each.send(b"a")
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: request(branch, "GET", "missing"), range(40)))
    assert all(answer.status == 404 for answer in answers) and time.monotonic() - started < 10
    for each in (*headers, *(raw.socket for raw in bodies)):
        each.close()


def test_documents_that_are_wrong(branch, marked):
    upload = branch.client().create_multipart_upload(Bucket=branch.bucket, Key=branch.key("x"))["UploadId"]
    bombs = [
        b"", b"<", b"<Delete>", b"<Other/>", b"\xff\xfe\x00", b"<Delete><Object></Object></Delete>", b"<Delete></Delete>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>',
        b"<a>" * 100_000, b"<Delete>" + b"<Object>" * 50_000, b"<Delete " + b'a="1" ' * 100_000 + b"/>",
        b"<Delete><Object><Key>" + b"k" * (9 << 20) + b"</Key></Object></Delete>", marked * 80,
    ]
    for body in bombs:
        told = request(branch, "POST", None, body, query=(("delete", ""),), headers=md5_header(body))
        assert told.status == 400 and told.code in BAD_DOCUMENT, (body[:60], told)
        told = request(branch, "POST", "x", body, query=(("uploadId", upload),))
        assert told.status == 400 and told.code in BAD_DOCUMENT, (body[:60], told)
    good = b"<Delete><Object><Key>main/x</Key></Object></Delete>"
    told = request(branch, "POST", None, good, query=(("delete", ""),), headers=md5_header(b"other"))
    assert (told.status, told.code) == (400, "BadDigest")


def test_too_many_parts(branch, marked):
    upload = branch.client().create_multipart_upload(Bucket=branch.bucket, Key=branch.key("x"))["UploadId"]
    tag = branch.client().upload_part(Bucket=branch.bucket, Key=branch.key("x"), UploadId=upload, PartNumber=1, Body=b"x")["ETag"]

    def complete(numbers):
        parts = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>" for number in numbers)
        answer = request(branch, "POST", "x", f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode(),
                         query=(("uploadId", upload),))
        return answer.status, answer.code

    assert complete(range(1, 10_002))[0] == 400
    assert complete(range(1, 10_001)) in ((400, "InvalidPart"), (400, "EntityTooSmall"))
    for odd in (["x"], [-1], [0], [10_001], [1 << 40], [""]):
        assert complete(odd)[0] == 400, odd
    assert complete([1])[0] == 200
    branch.client().delete_object(Bucket=branch.bucket, Key=branch.key("x"))


ODD_KEYS = ["a//b", "//", "/leading", "trailing/", "..", "../up", "a/../b", "./a", ".", "a/./b", "%", "%41", "%2F", "a+b", "a b", "+", "\x01",
            "tab\tnew\nline", "\x7f", "a\\b", "a?b#c", "ü", "\U0001f40d", "a&b=c;d", "'\"<>", "~tilde", "*", "a,b@c:d!$"]


def test_odd_keys_are_kept_as_they_are(branch):
    for key in ODD_KEYS:
        assert put(branch, key, key.encode()) == (200, None), repr(key)
    for key in ODD_KEYS:
        assert request(branch, "GET", key).body == key.encode(), repr(key)
        assert branch.body(key) == key.encode()
    assert branch.keys() == sorted(ODD_KEYS, key=str.encode)
    assert branch.stat("a/../b")["path"] == "a/../b"
    branch.commit("odd")
    assert branch.at(f"{branch.branch}@").keys() == sorted(ODD_KEYS, key=str.encode)
    for key in ODD_KEYS[::2]:
        assert request(branch, "DELETE", key).status == 204
    branch.client().delete_objects(Bucket=branch.bucket, Delete={"Objects": [{"Key": branch.key(key)} for key in ODD_KEYS[1::2]]})
    assert branch.keys() == []


def test_long_keys(branch, marked):
    fits = "é" * ((1024 - len(branch.prefix)) // 2)
    assert put(branch, fits, b"fits") == (200, None) and branch.body(fits) == b"fits"
    branch.client().delete_object(Bucket=branch.bucket, Key=branch.key(fits))
    for length in (1025, 5000):
        assert put(branch, "k" * length, marked) == (400, "KeyTooLongError")


def test_odd_targets(branch, marked):
    """Paths that are not UTF-8, not encoded, or not there at all."""
    host, port = branch.address.split(":")
    for target in (b"/%ff%fe/main/x", b"/example-repo/%ff/x", b"/example-repo/main/%ff", b"/example-repo/main/%zz", b"/example-repo/main/%",
                   b"//", b"/example-repo//x", b"/UPPER/main/x", b"/example-repo/a%00b/x", b"/example-repo/main/a%00b", b"*",
                   b"/example-repo/main/x?partNumber=1", b"/example-repo/main/x?uploadId=", b"/example-repo?max-keys=x&list-type=2"):
        with socket.create_connection((host, int(port)), timeout=20) as line:
            line.sendall(b"PUT " + target + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nConnection: close\r\n"
                         b"Authorization: AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\r\nx")
            status = int(line.recv(4096).split()[1])
            assert 400 <= status < 500, (target, status)


def test_refused_before_the_body(branch, marked):
    """Nobody uploads gigabytes to learn that they may not."""
    commit = branch.at("main").lake.ok("GET", f"/repositories/{branch.bucket}/branches/main")["commit_id"]
    repository = f"/repositories/{branch.bucket}"
    rules = branch.lake.ok("GET", f"{repository}/settings/branch_protection")
    locked = branch.fork(f"{branch.branch}-locked")
    branch.lake.ok("PUT", f"{repository}/settings/branch_protection", [*rules, {"pattern": locked.branch}])
    stranger = Signer(branch.access_key, "wrong", branch.address)
    try:
        for place, name, signer, codes in (
                (branch.at(commit), "x", None, ("AccessDenied", "MethodNotAllowed", "NoSuchBucket")), (branch.at("nowhere"), "x", None, ("NoSuchBucket",)),
                (branch.at("main~1"), "x", None, ("InvalidArgument",)), (branch, "x", stranger, ("SignatureDoesNotMatch",)),
                (branch, "k" * 1025, None, ("KeyTooLongError",)), (locked, "x", None, ("ErrWriteToProtectedBranch",))):
            def refused():
                raw = RawRequest(place, "PUT", name, 1 << 30, headers={"expect": "100-continue"}, signer=signer)
                first = raw.socket.recv(8192)
                raw.leave()
                return first
            deadline = time.monotonic() + 10
            first = refused()
            # Rules are cached for a few seconds.
            while b"100 Continue" in first and place is locked and time.monotonic() < deadline:
                time.sleep(0.2)
                first = refused()
            assert b" 4" in first.split(b"\r\n")[0] and any(code.encode() in first for code in codes), (codes, first)
    finally:
        branch.lake.ok("PUT", f"{repository}/settings/branch_protection", rules)


def test_a_repository_that_goes_away_meanwhile(branch, marked):
    branch.lake.ok("POST", "/repositories", {"name": "short-lived", "storage_namespace": "local://short-lived"})
    there = branch.at("main")
    there.bucket = "short-lived"
    upload = there.client().create_multipart_upload(Bucket=there.bucket, Key=there.key("parts"))["UploadId"]
    tag = there.client().upload_part(Bucket=there.bucket, Key=there.key("parts"), UploadId=upload, PartNumber=1, Body=b"p")["ETag"]
    raw = RawRequest(there, "PUT", "late", len(marked)).send(marked[:1000])
    branch.lake.ok("DELETE", "/repositories/short-lived")
    answer = raw.send(marked[1000:]).answer()
    assert (answer.status, answer.code) == (404, "NoSuchBucket"), answer
    parts = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>".encode()
    answer = request(there, "POST", "parts", parts, query=(("uploadId", upload),))
    assert answer.status == 404 and answer.code in ("NoSuchBucket", "NoSuchUpload"), answer
    branch.lake.ok("POST", "/repositories", {"name": "short-lived", "storage_namespace": "local://short-lived-again"})
    assert there.keys() == []
    answer = request(there, "POST", "parts", parts, query=(("uploadId", upload),))
    assert (answer.status, answer.code) == (404, "NoSuchUpload"), "uploads go with their repository"
    branch.lake.ok("DELETE", "/repositories/short-lived")


def test_the_server_is_as_well_as_before(branch):
    """Last in this file: nothing above stopped the server or made it log a panic."""
    assert branch.lake.process.poll() is None
    assert "panicked" not in branch.lake.output()
