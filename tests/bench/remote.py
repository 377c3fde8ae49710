"""What the gateway adds in front of a store that is far away: the same requests to it and to the store itself.

Both are asked by presigned URLs on connections that stay open, in turns, so that a noisy machine bothers both.
`cargo xtask bench remote` starts everything.
"""

import argparse
import base64
import http.client
import json
import os
import statistics
import time
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config

LARGE = 64 << 20


class Side:
    """One of the two: presigned requests on one connection."""

    def __init__(self, endpoint, key, secret, bucket, prefix):
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
        self.bucket, self.prefix = bucket, prefix

    def request(self, operation, name, body=None):
        """Seconds from the request to the last byte of the answer."""
        method = {"put_object": "PUT", "get_object": "GET"}[operation]
        url = self.client.generate_presigned_url(operation, {"Bucket": self.bucket, "Key": self.prefix + name})
        begun = time.perf_counter()
        self.connection.request(method, "/" + url.split("/", 3)[3], body=body)
        answer = self.connection.getresponse()
        size = 0
        while chunk := answer.read(1 << 20):
            size += len(chunk)
        taken = time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"{method} {name}: {answer.status}")
        return taken, size

    def put(self, name, body):
        return self.request("put_object", name, body)[0]

    def get(self, name, size):
        taken, read = self.request("get_object", name)
        if read != size:
            raise SystemExit(f"GET {name}: {read} bytes instead of {size}")
        return taken


def main():
    parser = argparse.ArgumentParser()
    for name in ("store", "store-key", "store-secret", "lakefs", "key", "secret"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--small-rounds", type=int, default=300)
    args = parser.parse_args()
    direct = Side(args.store, args.store_key, args.store_secret, "lake", "direct/")
    direct.client.create_bucket(Bucket="lake")
    create_repository(args)
    through = Side(args.lakefs, args.key, args.secret, "bench", "main/")
    sides = {"direct": direct, "lakefs": through}

    large, small = os.urandom(LARGE), os.urandom(1024)
    taken = {side: {"put_64MiB": [], "get_64MiB": [], "get_1KiB": []} for side in sides}
    for name, side in sides.items():
        side.put("small", small)
        side.put("warm", large)
    for turn in range(args.rounds):
        for name, side in sides.items():
            taken[name]["put_64MiB"].append(side.put(f"large-{turn}", large))
        for name, side in sides.items():
            taken[name]["get_64MiB"].append(side.get(f"large-{turn}", LARGE))
    for _ in range(args.small_rounds):
        for name, side in sides.items():
            taken[name]["get_1KiB"].append(side.get("small", 1024))
    report(taken)


def create_repository(args):
    basic = base64.b64encode(f"{args.key}:{args.secret}".encode()).decode()
    body = json.dumps({"name": "bench", "storage_namespace": "s3://lake/bench"}).encode()
    request = urllib.request.Request(
        f"{args.lakefs}/api/v1/repositories", body, {"Authorization": f"Basic {basic}", "Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def report(taken):
    """Medians."""
    for what in ("put_64MiB", "get_64MiB", "get_1KiB"):
        direct, lakefs = (statistics.median(taken[side][what]) * 1000 for side in ("direct", "lakefs"))
        print(f"{what}: direct {direct:.2f} ms, through lakefs {lakefs:.2f} ms: "
              f"{lakefs - direct:+.2f} ms, {100 * (lakefs / direct - 1):+.1f} %")


if __name__ == "__main__":
    main()
