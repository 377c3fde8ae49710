"""Objects of a gigabyte: put, copied and read through the gateway, and read beside a plain file server that serves
the gateway's own files on the same core.

`cold` is the first read after a put (a large body is not left in memory), `warm` the best of later ones, in turns.
`cargo xtask bench large` starts everything.
"""

import argparse
import base64
import json
import os
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

SIZE = 1 << 30
ROUNDS = 5


def main():
    parser = argparse.ArgumentParser()
    for name in ("lakefs", "key", "secret", "files", "root"):
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    rest(args, "/repositories", {"name": "bench", "storage_namespace": "local://bench"})
    client = boto3.client(
        "s3", endpoint_url=args.lakefs, region_name="us-east-1", aws_access_key_id=args.key,
        aws_secret_access_key=args.secret, config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))

    def presigned(operation, key):
        return client.generate_presigned_url(operation, {"Bucket": "bench", "Key": f"main/{key}"})

    with tempfile.NamedTemporaryFile(dir=Path(args.root).parent) as body:
        for _ in range(SIZE >> 20):
            body.write(os.urandom(1 << 20))
        body.flush()
        puts = [curl(["-T", body.name, presigned("put_object", key)]) for key in ("a", "b", "c")]
    show("PUT 1 GiB, durable", max(puts))

    copies = []
    for turn in range(9):
        begun = time.perf_counter()
        client.copy_object(Bucket="bench", Key=f"main/copy-{turn}", CopySource={"Bucket": "bench", "Key": "main/a"})
        copies.append(time.perf_counter() - begun)
    print(f"CopyObject of 1 GiB: median {sorted(copies)[4] * 1000:.1f} ms")

    files = {key: args.files + "/" + file_of(args, key) for key in ("a", "b")}
    show("GET 1 GiB, cold: lakefs", curl([presigned("get_object", "a")]))
    show("GET 1 GiB, cold: file server", curl([files["b"]]))
    # Now in memory for both.
    curl([presigned("get_object", "a")])
    lakefs, server = [], []
    for _ in range(ROUNDS):
        lakefs.append(curl([presigned("get_object", "a")]))
        server.append(curl([files["a"]]))
    show("GET 1 GiB, warm: lakefs", max(lakefs))
    show("GET 1 GiB, warm: file server", max(server))


def curl(arguments):
    """Bytes a second of a transfer of SIZE bytes."""
    begun = time.perf_counter()
    subprocess.run(["curl", "-sS", "-f", "-o", "/dev/null", *arguments], check=True)
    return SIZE / (time.perf_counter() - begun)


def show(what, rate):
    print(f"{what}: {rate / 1e6:.0f} MB/s", flush=True)


def file_of(args, key):
    """Path of an object's file below the store's directory."""
    stat = rest(args, f"/repositories/bench/refs/main/objects/stat?path={key}")
    path = urllib.parse.urlsplit(stat["physical_address"]).path
    return str(Path(path).relative_to(Path(args.root).resolve()))


def rest(args, path, body=None):
    basic = base64.b64encode(f"{args.key}:{args.secret}".encode()).decode()
    request = urllib.request.Request(
        f"{args.lakefs}/api/v1{path}", body and json.dumps(body).encode(),
        {"Authorization": f"Basic {basic}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main()
