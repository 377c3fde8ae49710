"""kill -9 in the middle of completing an upload: the object is there or it is not, and the retry succeeds."""

import os
import signal
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support.faults import temporary_files
from support.s3 import Place
from support.server import KEY, SECRET, Server

PART = os.urandom(1 << 20) * 5
DELAYS_MS = [0, 2, 4, 6, 9, 14, 25]


@pytest.fixture
def lake(tmp_path):
    with Server(tmp_path / "lake") as server:
        server.ok("POST", "/repositories", {"name": "example-repo", "storage_namespace": "local://example"})
        yield Place(server.url, KEY, SECRET, "example-repo", "main/", server)


def kill_and_start(place):
    place.lake.process.send_signal(signal.SIGKILL)
    place.lake.process.wait()
    place.lake.start()
    place.endpoint = place.lake.url
    place.clients.clear()


def test_completing_is_all_or_nothing(lake):
    found = []
    for number, delay in enumerate(DELAYS_MS):
        upload = {"Bucket": lake.bucket, "Key": lake.key(f"parts/{number}")}
        s3 = lake.client()
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        parts = {"Parts": [{"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=body)["ETag"]}
                           for n, body in ((1, PART), (2, b"%d" % number))]}
        wanted = PART + b"%d" % number
        began = threading.Event()

        def complete():
            began.set()
            try:
                s3.complete_multipart_upload(**upload, MultipartUpload=parts)
            except (BotoCoreError, ClientError):
                pass

        thread = threading.Thread(target=complete)
        thread.start()
        began.wait()
        time.sleep(delay / 1000)
        kill_and_start(lake)
        thread.join()
        there = upload["Key"] in [lake.key(key) for key in lake.keys()]
        if there:
            assert lake.body(f"parts/{number}") == wanted
        lake.client().complete_multipart_upload(**upload, MultipartUpload=parts)
        assert lake.body(f"parts/{number}") == wanted
        found.append(there)
    assert lake.keys() == [f"parts/{number}" for number in range(len(DELAYS_MS))]
    assert not lake.client().list_multipart_uploads(Bucket=lake.bucket).get("Uploads")
    commit = lake.commit("all")
    assert len(lake.at(commit).keys()) == len(DELAYS_MS)
    print("visible before the retry:", found)


def test_what_was_acknowledged_is_there(lake):
    """Objects of every size, while several clients write; the server is killed among them."""
    acknowledged, stop = {}, threading.Event()

    def write(writer):
        number, s3 = 0, lake.client(retries={"total_max_attempts": 1})
        while not stop.is_set():
            number += 1
            name, body = f"w{writer}/{number}", b"%d-%d " % (writer, number) * (1, 100, 20_000)[number % 3]
            try:
                s3.put_object(Bucket=lake.bucket, Key=lake.key(name), Body=body)
            except (BotoCoreError, ClientError):
                return
            acknowledged[name] = body

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for each in writers:
        each.start()
    deadline = time.monotonic() + 20
    while len(acknowledged) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_and_start(lake)
    stop.set()
    for each in writers:
        each.join()
    assert len(acknowledged) >= 60 and set(acknowledged) <= set(lake.keys())
    for name, body in acknowledged.items():
        assert lake.body(name) == body
    assert not temporary_files(lake.lake)
