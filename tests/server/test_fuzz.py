"""Every operation of the contract, with requests that are half right: names that exist and names that cannot,
bodies with a value too many, too few or of another kind, broken JSON, odd bytes. Nothing may be the server's fault.

The requests follow from a seed. LAKEFS_FUZZ_ROUNDS says how many each operation gets, LAKEFS_FUZZ_SEED another start.
"""

import http.client
import json
import os
import random
from urllib.parse import quote, urlsplit

import pytest

from support.server import Server, basic

ROUNDS = int(os.environ.get("LAKEFS_FUZZ_ROUNDS", "30"))
SEED = int(os.environ.get("LAKEFS_FUZZ_SEED", "1"))
METHODS = ("get", "put", "post", "delete", "head", "patch")
HOSTILE = ["", " ", ".", "..", "../../etc/passwd", "a/../b", "//", "/", "a//b/", "%", "%00", "\0", "\r\nX: y", "ü", "\u202e", "😀", "'\"<>",
           "*", "?", "[", "{", "@", "$", "~", "^", "main@", "main$", "main~", "main^", "main~999999999999999999999", "main^-1", "main~-1",
           "main^2^2", "-1", "0", "9" * 40, "1e999", "null", "true", "x" * 300, "x" * 1025, "é" * 2000, "0" * 64, "f" * 64, "f" * 65]
NUMBERS = [-1, 0, 1, 2, 1000, 1001, -2 ** 31, 2 ** 31, 2 ** 53, -2 ** 63, 2 ** 63 - 1, 2 ** 63, 2 ** 64, 10 ** 40, 0.5, 1e308]
BROKEN = [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"{}{}", b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"message":"\\ud800"}', b'{"a":1,"a":2}',
          b"[" * 10_000, b'{"name":' * 5_000, b'{"x":NaN}', b'{"message":"\xff"}', b'{"message":' + b"9" * 5000 + b"}"]


class Values:
    """Where values of parameters and properties come from."""

    def __init__(self, rng, known):
        self.rng, self.known = rng, known

    def text(self, name):
        pool = self.known.get(name, [])
        if pool and self.rng.random() < 0.75:
            return self.rng.choice(pool)
        if self.rng.random() < 0.3:
            return "".join(chr(self.rng.choice([self.rng.randrange(32, 127), self.rng.randrange(0xa0, 0x2fff)]))
                           for _ in range(self.rng.randrange(1, 20)))
        return self.rng.choice(HOSTILE)

    def of(self, schema, name, depth=0):
        """A value for a schema; one in eight is of another kind."""
        schema = self.known["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        kind = schema.get("type", "object")
        if self.rng.random() < 0.12:
            kind = self.rng.choice(["string", "integer", "boolean", "array", "object", "null"])
        if kind == "string":
            return self.rng.choice(schema["enum"]) if "enum" in schema and self.rng.random() < 0.8 else self.text(name)
        if kind in ("integer", "number"):
            return self.rng.choice(NUMBERS)
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind == "null":
            return None
        if kind == "array":
            items = schema.get("items", {"type": "string"})
            return [] if depth > 4 else [self.of(items, name, depth + 1) for _ in range(self.rng.choice([0, 1, 2, 5]))]
        made, required = {}, schema.get("required", [])
        for key, each in schema.get("properties", {}).items():
            if self.rng.random() < (0.93 if key in required else 0.4) and depth <= 4:
                made[key] = self.of(each, key, depth + 1)
        if isinstance(schema.get("additionalProperties"), dict):
            for _ in range(self.rng.choice([0, 1, 3])):
                made[self.text("key")] = self.of(schema["additionalProperties"], "value", depth + 1)
        if self.rng.random() < 0.05:
            made["unheard-of"] = self.text("key")
        return made


def prepared(server):
    """A repository with something of everything, and the values that name it."""
    server.ok("POST", "/repositories", {"name": "fuzzed", "storage_namespace": "local://fuzzed"})
    server.ok("POST", "/repositories", {"name": "fixed", "storage_namespace": "local://fixed", "read_only": True})
    base = "/repositories/fuzzed"
    for path in ("a", "dir/b", "dir//c", "ü x%"):
        server.ok("POST", f"{base}/branches/main/objects?path={quote(path, safe='')}", raw=path.encode())
    first = server.ok("POST", f"{base}/branches/main/commits", {"message": "first", "metadata": {"k": "v"}})
    server.ok("POST", f"{base}/branches", {"name": "dev", "source": "main"})
    server.ok("POST", f"{base}/branches/dev/objects?path=new", raw=b"new")
    server.ok("POST", f"{base}/branches/dev/commits", {"message": "second"})
    merge = server.ok("POST", f"{base}/refs/dev/merge/main", {})["reference"]
    server.ok("POST", f"{base}/tags", {"id": "v1", "ref": "main"})
    server.ok("POST", f"{base}/branches/dev/objects?path=staged", raw=b"staged")
    place = server.ok("GET", f"{base}/branches/dev/staging/backing?path=linked")["physical_address"]
    metarange = server.ok("GET", f"{base}/commits/{merge}")["meta_range_id"]
    paths = ["a", "dir/b", "dir//c", "new", "staged", "linked", "ü x%"]
    refs = ["main", "dev", "v1", first["id"], first["id"][:8], "main~1", "main^2", "dev@", "dev$", "main~1^1"]
    return {
        "repository": ["fuzzed", "fuzzed", "fuzzed", "fixed", "gone"], "name": ["new-name", "dev", "main", "v1", "fuzzed"],
        "branch": ["main", "dev"], "destinationBranch": ["dev", "main"], "source": refs, "ref": refs, "leftRef": refs, "rightRef": refs,
        "sourceRef": refs, "src_ref": refs, "stop_at": refs, "commitId": [first["id"], merge], "tag": ["v1"], "id": ["v2", "v1", "dev"],
        "path": paths, "dest_path": paths, "src_path": paths, "paths": paths, "prefix": ["", "dir/", "d"], "after": ["", "a", "dir/"],
        "delimiter": ["", "/", "//"], "physical_address": [place, "local://fuzzed/x", "s3://b/x", place[:-3]],
        "storage_namespace": ["local://fuzzed", "local://fuzzed/in", "local://other", "s3://b"], "checksum": ["abc"],
        "meta_range": [metarange], "metarange_id": [metarange, ""], "source_metarange": [metarange], "range": [metarange],
        "object_id": [metarange], "type": ["range", "meta_range", "object", "common_prefix", "reset", "two_dot", "three_dot"],
        "strategy": ["source-wins", "dest-wins", "default", ""], "pattern": ["prod*", "[", "{a,b"], "default_branch": ["main"],
        "message": ["words", ""], "storage_id": ["", ""], "committer": ["somebody"], "parents": [first["id"]], "commit_id": [merge],
        "Range": ["bytes=0-0", "bytes=-1", "bytes=5-", "bytes=9-1", "bytes=0-1,3-4", "lines=1-2"], "If-None-Match": ["*", '"abc"'],
        "If-Match": ["", "abc", '"abc"', "*"], "userId": ["nobody"], "uploadId": ["none"], "partNumber": ["1", "0", "10001", "x"],
    }


def request_of(values, path, method, operation, shared):
    """Method, target, headers and body of one request."""
    rng, query, headers = values.rng, [], {}
    for given in shared + operation.get("parameters", []):
        name, schema = given["name"], given["schema"]
        if schema.get("type") == "array":
            value = [values.text(name) for _ in range(rng.choice([0, 1, 3]))]
        elif schema.get("type") == "string" or rng.random() < 0.15:
            value = values.text(name)
        else:
            value = values.of(schema, name)
        if given["in"] == "path":
            path = path.replace("{%s}" % name, quote(str(value) or "-", safe=""))
        elif given["in"] == "query" and rng.random() < (0.93 if given.get("required") else 0.4):
            for each in value if isinstance(value, list) else [value]:
                text = str(each).lower() if isinstance(each, bool) else str(each)
                query.append(f"{name}={quote(text, safe='') if rng.random() < 0.97 else '%zz%ff'}")
        elif given["in"] == "header" and rng.random() < 0.4:
            text = str(value)
            if text.isprintable() and text.isascii():
                headers[name] = text.strip()
    body = None
    contents = operation.get("requestBody", {}).get("content", {})
    if "application/json" in contents and rng.random() < 0.97:
        headers["Content-Type"] = "application/json" if rng.random() < 0.95 else rng.choice(["text/plain", "x", "application/json;charset=x"])
        whole = json.dumps(values.of(contents["application/json"]["schema"], "body")).encode()
        body = whole if rng.random() < 0.85 else rng.choice([*BROKEN, whole[:-1], whole + b"x"])
    elif contents:
        headers["Content-Type"] = rng.choice(["application/octet-stream", "multipart/form-data; boundary=b", "multipart/form-data", "x", "text/x"])
        body = rng.choice([b"", b"data", b'--b\r\nContent-Disposition: form-data; name="content"\r\n\r\nx\r\n--b--\r\n', b"--b\r\n\r\n", b"--b--"])
        headers[rng.choice(["x-lakefs-meta-k", "x-other"])] = "v"
    return method.upper(), "/api/v1" + path + ("?" + "&".join(query) if query else ""), headers, body


def fits(value, schema, schemas, where):
    """Whether an answer has what the contract promises: kinds and required properties."""
    schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    assert isinstance(value, kinds.get(schema.get("type"), object)), (where, value)
    for name in schema.get("required", []):
        assert name in value, (where, name)
    for name, each in schema.get("properties", {}).items():
        if isinstance(value, dict) and value.get(name) is not None:
            fits(value[name], each, schemas, f"{where}.{name}")
    for each in value if isinstance(value, list) else []:
        fits(each, schema.get("items", {}), schemas, f"{where}[]")


def judge(answer, body, method, operation, schemas):
    """Raises where an answer is the server's fault or not what the contract promises."""
    status, kind = answer.status, answer.getheader("Content-Type") or ""
    assert 200 <= status < 500 or status == 501, f"status {status}: {body[:300]!r}"
    if method == "HEAD" or status == 304:
        return
    if status >= 400:
        conflict = status == 409 and body == b'{"reference":""}'
        assert kind.startswith("application/json") and (conflict or json.loads(body)["message"]), (status, kind, body[:300])
        return
    content = operation["responses"].get(str(status), {}).get("content", {})
    if kind.startswith("application/json") and "application/json" in content:
        fits(json.loads(body), content["application/json"]["schema"], schemas, operation["operationId"])


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("fuzz"), env={"LAKEFS_LOGGING_FORMAT": "json"}) as server:
        yield server


def test_no_request_is_the_servers_fault(lake):
    contract = lake.call("GET", "/openapi.json", api=False).json()
    schemas = contract["components"]["schemas"]
    rng = random.Random(SEED)
    values = Values(rng, {**prepared(lake), "schemas": schemas})
    parts = urlsplit(lake.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    operations = [(path, method, item[method], item.get("parameters", []))
                  for path, item in contract["paths"].items() for method in METHODS if method in item]
    assert len(operations) > 100
    resolve = lambda each: contract["components"]["parameters"][each["$ref"].rsplit("/", 1)[1]] if "$ref" in each else each
    statuses = {}
    for _ in range(ROUNDS):
        rng.shuffle(operations)
        for path, method, operation, shared in operations:
            resolved = {**operation, "parameters": [resolve(each) for each in operation.get("parameters", [])]}
            if operation["operationId"].lower() == "deleterepository":
                values.known = {**values.known, "repository": ["gone", "fixed-not", "Fuzzed"]}
            sent = request_of(values, path, method, resolved, [resolve(each) for each in shared])
            values.known = {**values.known, "repository": ["fuzzed", "fuzzed", "fuzzed", "fixed", "gone"]}
            method, target, headers, body = sent
            try:
                connection.request(method, target, body, {"Authorization": basic(), **headers})
                answer = connection.getresponse()
                judge(answer, received := answer.read(), method, operation, schemas)
            except (http.client.HTTPException, OSError) as error:
                raise AssertionError(f"{sent}: no answer: {error!r}") from error
            except (AssertionError, ValueError, KeyError, TypeError) as error:
                raise AssertionError(f"{sent}: {answer.status} {received[:500]!r}: {error}") from error
            if answer.getheader("Connection") == "close":
                connection.close()
            statuses.setdefault(operation["operationId"], set()).add(answer.status)
    # The requests are not all refused: most operations that are built did something, too.
    built = {name for name, seen in statuses.items() if 501 not in seen or name.startswith(("Upload", "Link"))}
    done = {name for name in built if any(status < 400 for status in statuses[name])}
    assert len(done) > len(built) * 2 // 3, sorted(built - done)
    assert "panicked" not in lake.output()
    assert lake.ok("GET", "/repositories/fuzzed")["id"] == "fuzzed"
