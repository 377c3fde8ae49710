"""An S3-compatible store (moto) in a process of its own, behind a gate that can be closed."""

import socket
import subprocess
import sys
import threading

import boto3

SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


class Gate:
    """Passes connections on to a port. While it is closed, nobody listens and open connections are cut."""

    def __init__(self, target):
        self.target, self.port = target, 0
        self.listener, self.open_sockets, self.lock = None, set(), threading.Lock()
        self.open()

    def open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(256)
        self.listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def close(self):
        with self.lock:
            listener, self.listener = self.listener, None
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            for each in self.open_sockets:
                shut(each)

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            with self.lock:
                if self.listener is not listener:
                    client.close(), server.close()
                    return
                self.open_sockets |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        shut(sink)
        with self.lock:
            self.open_sockets.discard(source)


def shut(each):
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Store:
    """Buckets are in memory and live as long as the process; `gate` is what clients connect to."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        assert line, "moto did not start"
        self.gate = Gate(int(line))
        self.url = f"http://127.0.0.1:{self.gate.port}"
        self.client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{int(line)}", region_name="us-east-1",
                                   aws_access_key_id="store-key", aws_secret_access_key="store-secret")

    def settings(self):
        """What a lakeFS server needs to use this store."""
        return {
            "LAKEFS_BLOCKSTORE_TYPE": "s3", "LAKEFS_BLOCKSTORE_S3_ENDPOINT": self.url,
            "LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE": "true", "LAKEFS_BLOCKSTORE_S3_REGION": "us-east-1",
            "LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION": "false",
            "LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID": "store-key",
            "LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY": "store-secret",
            "LAKEFS_BLOCKSTORE_LOCAL_PATH": None,
        }

    def bucket(self, name):
        self.client.create_bucket(Bucket=name)
        return name

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
