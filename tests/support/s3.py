"""S3 as a test sees it: where it may write, clients for that, and requests made by hand."""

import base64
import datetime
import hashlib
import hmac
import http.client
import os
import socket
import urllib.parse
from dataclasses import dataclass, field
from xml.etree import ElementTree

import boto3
from botocore.config import Config

REGION = "us-east-1"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass
class Place:
    """A bucket, and what the keys of one test begin with: a branch and a slash."""

    endpoint: str
    access_key: str
    secret: str
    bucket: str
    prefix: str
    lake: object = None
    clients: dict = field(default_factory=dict)

    @property
    def branch(self):
        return self.prefix.rstrip("/")

    @property
    def address(self):
        """Host and port."""
        return self.endpoint.split("//")[1]

    def key(self, name):
        return self.prefix + name

    def path(self, name=""):
        """`bucket/key`, as file systems write it."""
        return f"{self.bucket}/{self.prefix}{name}"

    def url(self, name="", scheme="s3"):
        return f"{scheme}://{self.path(name)}"

    def client(self, endpoint=None, secret=None, **config):
        """A boto3 client with its defaults, but for what is asked and for time lost by retries."""
        asked = (endpoint, secret, repr(sorted(config.items())))
        if asked not in self.clients:
            self.clients[asked] = boto3.client(
                "s3", endpoint_url=endpoint or self.endpoint, region_name=REGION, aws_access_key_id=self.access_key,
                aws_secret_access_key=secret or self.secret, config=Config(**{"retries": {"total_max_attempts": 2}, **config}))
        return self.clients[asked]

    def credentials(self):
        """Environment of tools that know AWS's variables, and nothing else."""
        return {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true",
        }

    def keys(self, name=""):
        """Every key of the place below a prefix, without the place's own."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key(name))
        return [entry["Key"][len(self.prefix):] for page in pages for entry in page.get("Contents", [])]

    def body(self, name):
        return self.client().get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()

    def put(self, name, body=b"", **more):
        return self.client().put_object(Bucket=self.bucket, Key=self.key(name), Body=body, **more)

    # What only a server with branches has.

    def commit(self, message, branch=None):
        at = f"/repositories/{self.bucket}/branches/{branch or self.branch}/commits"
        return self.lake.ok("POST", at, {"message": message})["id"]

    def fork(self, name, source=None):
        """A new branch; the place of a test that works there."""
        at = f"/repositories/{self.bucket}/branches"
        self.lake.ok("POST", at, {"name": name, "source": source or self.branch})
        return self.at(name)

    def at(self, reference):
        """The same repository at another reference."""
        return Place(self.endpoint, self.access_key, self.secret, self.bucket, f"{reference}/", self.lake, self.clients)

    def merge_into(self, destination):
        at = f"/repositories/{self.bucket}/refs/{self.branch}/merge/{destination}"
        return self.lake.ok("POST", at, {})["reference"]

    def stat(self, name):
        """What the REST API knows of an object."""
        at = f"/repositories/{self.bucket}/refs/{self.branch}/objects/stat?path={urllib.parse.quote(name, safe='')}"
        return self.lake.ok("GET", at)


def md5(data):
    return hashlib.md5(data).hexdigest()


def crc(data, polynomial, width):
    """A reflected CRC in Base64, as S3 writes checksums."""
    ones, value = (1 << width) - 1, (1 << width) - 1
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return base64.b64encode((value ^ ones).to_bytes(width // 8, "big")).decode()


CHECKSUMS = {
    "CRC32": lambda data: crc(data, 0xEDB88320, 32),
    "CRC32C": lambda data: crc(data, 0x82F63B78, 32),
    "CRC64NVME": lambda data: crc(data, 0x9A6C9329AC4BC9B5, 64),
    "SHA1": lambda data: base64.b64encode(hashlib.sha1(data).digest()).decode(),
    "SHA256": lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode(),
}


class Reply:
    """An answer to a request made by hand."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def code(self):
        """Code of the error document, or None."""
        if not self.body.lstrip().startswith(b"<"):
            return None
        return next((each.text for each in ElementTree.fromstring(self.body).iter() if each.tag.split("}")[-1] == "Code"), None)

    def __repr__(self):
        return f"{self.status} {self.code or ''} {self.body[:300]!r}"


def encode(key):
    return urllib.parse.quote(key, safe="/~")


@dataclass
class Signer:
    """SigV4 by hand: anything in it can be wrong on purpose."""

    access_key: str
    secret: str
    host: str
    now: datetime.datetime = None
    region: str = REGION

    def __post_init__(self):
        self.now = self.now or datetime.datetime.now(datetime.timezone.utc)
        self.stamp = self.now.strftime("%Y%m%dT%H%M%SZ")
        self.scope = f"{self.stamp[:8]}/{self.region}/s3/aws4_request"

    def signature(self, text):
        key = f"AWS4{self.secret}".encode()
        for part in (*self.scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key.hex()

    def headers(self, method, path, query=(), payload="UNSIGNED-PAYLOAD", headers=None):
        """Headers of a signed request; `path` is encoded, `query` holds decoded pairs."""
        send = {"host": self.host, "x-amz-date": self.stamp, "x-amz-content-sha256": payload}
        send.update({name.lower(): value for name, value in (headers or {}).items()})
        signed = ";".join(sorted(send))
        canonical = "\n".join([method, path, query_text(query), *(f"{name}:{send[name].strip()}" for name in sorted(send)), "",
                               signed, payload])
        self.seed = self.signature("\n".join(["AWS4-HMAC-SHA256", self.stamp, self.scope,
                                              hashlib.sha256(canonical.encode()).hexdigest()]))
        send["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{self.scope}, SignedHeaders={signed}, "
                                 f"Signature={self.seed}")
        return send

    def chunk(self, data, declared=None):
        """One signed chunk; the signatures form a chain that begins with the request's."""
        self.seed = self.signature("\n".join(["AWS4-HMAC-SHA256-PAYLOAD", self.stamp, self.scope, self.seed, EMPTY_SHA256,
                                              hashlib.sha256(data).hexdigest()]))
        size = len(data) if declared is None else declared
        return f"{size:x};chunk-signature={self.seed}\r\n".encode() + data + b"\r\n"

    def chunks(self, data, size):
        """A whole signed body."""
        pieces = [data[at:at + size] for at in range(0, len(data), size)]
        return b"".join(self.chunk(piece) for piece in [*pieces, b""])

    def trailer(self, name, value):
        """A signed trailer, in place of the last chunk's empty line."""
        text = f"{name}:{value}\n"
        self.seed = self.signature("\n".join(["AWS4-HMAC-SHA256-TRAILER", self.stamp, self.scope, self.seed,
                                              hashlib.sha256(text.encode()).hexdigest()]))
        return f"{name}:{value}\r\nx-amz-trailer-signature:{self.seed}\r\n\r\n".encode()


def query_text(query):
    return "&".join(f"{urllib.parse.quote(name, safe='~')}={urllib.parse.quote(value, safe='~')}" for name, value in sorted(query))


def request(place, method, name, body=b"", query=(), headers=None, payload="UNSIGNED-PAYLOAD", signer=None, key=None):
    """One request signed by hand. `name` is a key of the place; `key` a whole one; neither is the bucket."""
    key = key if key is not None else (place.key(name) if name is not None else None)
    path = f"/{place.bucket}" + (f"/{encode(key)}" if key is not None else "")
    signer = signer or Signer(place.access_key, place.secret, place.address)
    send = signer.headers(method, path, query, payload, headers)
    target = path + (f"?{query_text(query)}" if query else "")
    connection = http.client.HTTPConnection(place.address, timeout=60)
    try:
        connection.request(method, target, body=body if body or method in ("PUT", "POST") else None, headers=send)
        return Reply(connection.getresponse())
    finally:
        connection.close()


class RawRequest:
    """A request whose bytes go out as the test likes."""

    def __init__(self, place, method, name, length, payload="UNSIGNED-PAYLOAD", headers=None, query=(), signer=None):
        self.signer = signer or Signer(place.access_key, place.secret, place.address)
        path = f"/{place.bucket}/{encode(place.key(name))}"
        send = self.signer.headers(method, path, query, payload, headers)
        if length is not None:
            send["content-length"] = str(length)
        target = path + (f"?{query_text(query)}" if query else "")
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in send.items()) + "\r\n"
        host, port = place.address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.sendall(head.encode())

    def send(self, data):
        """Sends, unless the server has answered and closed already."""
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return self

    def answer(self):
        """The reply, or None when the connection was closed without one."""
        answer = http.client.HTTPResponse(self.socket)
        try:
            answer.begin()
            return Reply(answer)
        except (http.client.BadStatusLine, ConnectionResetError):
            return None
        finally:
            self.socket.close()

    def end_of_body(self):
        """Half-closes, unless the server has closed already."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return self

    def leave(self):
        self.socket.close()
