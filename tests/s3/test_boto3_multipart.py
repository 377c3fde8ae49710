"""boto3 with its default settings: uploads in parts."""

import base64
import os
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from s3_results import refused
from support.s3 import md5

PART = 5 << 20
FIRST = os.urandom(1 << 20) * 5


class Upload:
    """An upload under way; remembers what it has sent."""

    def __init__(self, place, name, **more):
        self.s3, self.at = place.client(), {"Bucket": place.bucket, "Key": place.key(name)}
        self.id = self.s3.create_multipart_upload(**self.at, **more)["UploadId"]
        self.parts = []

    def part(self, number, body, **more):
        answer = self.s3.upload_part(**self.at, UploadId=self.id, PartNumber=number, Body=body, **more)
        self.parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        return answer

    def complete(self, parts=None, **more):
        parts = self.parts if parts is None else parts
        return self.s3.complete_multipart_upload(**self.at, UploadId=self.id, MultipartUpload={"Parts": parts}, **more)

    def refuse(self, parts=None, **more):
        return refused(self.complete, parts=parts, **more)

    def abort(self):
        return self.s3.abort_multipart_upload(**self.at, UploadId=self.id)


def test_parts_become_an_object(place):
    upload = Upload(place, "whole", Metadata={"k": "v"}, ContentType="text/csv", CacheControl="no-cache")
    # Numbers need not be dense nor come in order; the last part of a number counts.
    upload.part(7, b"tail")
    upload.part(2, b"overwritten")
    answer = upload.part(2, FIRST)
    assert answer["ETag"] == f'"{md5(FIRST)}"'
    assert place.keys() == [], "nothing is visible before it is complete"
    listed = upload.s3.list_parts(**upload.at, UploadId=upload.id)
    assert [(part["PartNumber"], part["Size"], part["ETag"]) for part in listed["Parts"]] == [
        (2, PART, f'"{md5(FIRST)}"'), (7, 4, f'"{md5(b"tail")}"')]
    parts = [{"PartNumber": 2, "ETag": answer["ETag"]}, {"PartNumber": 7, "ETag": f'"{md5(b"tail")}"'}]
    wanted = f'"{md5(bytes.fromhex(md5(FIRST) + md5(b"tail")))}-2"'
    done = upload.complete(parts)
    assert (done["ETag"], done["Bucket"], done["Key"]) == (wanted, place.bucket, upload.at["Key"])
    got = upload.s3.get_object(**upload.at)
    assert got["Body"].read() == FIRST + b"tail" and got["ETag"] == wanted
    assert (got["Metadata"], got["ContentType"], got["CacheControl"]) == ({"k": "v"}, "text/csv", "no-cache")
    assert upload.s3.list_objects_v2(Bucket=place.bucket, Prefix=upload.at["Key"])["Contents"][0]["ETag"] == wanted
    # Its answer may have been lost: completing again is the same, with other parts it is not.
    assert upload.complete(parts)["ETag"] == wanted
    assert refused(upload.complete, parts=parts[:1])[1] in (400, 404)
    assert refused(upload.part, number=3, body=b"late") == ("NoSuchUpload", 404)


def test_only_listed_parts_count(place):
    upload = Upload(place, "some")
    for number, body in ((1, FIRST), (2, b"left out"), (3, b"end")):
        upload.part(number, body)
    upload.complete([upload.parts[0], upload.parts[2]])
    assert place.body("some") == FIRST + b"end"


def test_mistakes_are_told_and_can_be_mended(place):
    upload = Upload(place, "mended")
    small = upload.part(1, b"small")["ETag"]
    tail = upload.part(2, b"tail")["ETag"]
    listed = [{"PartNumber": 1, "ETag": small}, {"PartNumber": 2, "ETag": tail}]
    assert upload.refuse(listed) == ("EntityTooSmall", 400)
    big = upload.part(1, FIRST)["ETag"]
    assert upload.refuse(listed) == ("InvalidPart", 400), "the tag of a part that was replaced"
    listed[0]["ETag"] = big
    assert upload.refuse(listed[::-1]) in (("InvalidPartOrder", 400), ("EntityTooSmall", 400)), "both are true"
    assert upload.refuse([listed[0], listed[0]]) == ("InvalidPartOrder", 400)
    assert upload.refuse([*listed, {"PartNumber": 3, "ETag": tail}]) == ("InvalidPart", 400)
    assert upload.refuse([]) == ("MalformedXML", 400)
    for number in (0, 10_001):
        assert refused(upload.part, number=number, body=b"x") == ("InvalidArgument", 400)
    assert place.keys() == []
    upload.complete(listed)
    assert place.body("mended") == FIRST + b"tail"


def test_uploads_that_are_not_there(place):
    upload = Upload(place, "gone")
    upload.part(1, b"x")
    assert upload.abort()["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (upload.abort, upload.complete, lambda: upload.part(1, b"x"), lambda: upload.s3.list_parts(**upload.at, UploadId=upload.id)):
        assert refused(call) == ("NoSuchUpload", 404)
    other = Upload(place, "here")
    other.at["Key"] = place.key("elsewhere")
    for call in (other.abort, lambda: other.part(1, b"x")):
        assert refused(call) == ("NoSuchUpload", 404), "an upload belongs to its key"
    assert place.keys() == []


def test_uploads_and_parts_are_listed_in_pages(place):
    s3 = place.client()
    uploads = [Upload(place, name) for name in ("b/2", "a", "b/1", "c", "b/1")]
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=place.bucket, Prefix=place.key(""), PaginationConfig={"PageSize": 2})
    found = [(each["Key"], each["UploadId"]) for page in pages for each in page.get("Uploads", [])]
    assert sorted(found) == sorted((upload.at["Key"], upload.id) for upload in uploads)
    assert [key for key, _ in found] == sorted(key for key, _ in found)
    folded = s3.list_multipart_uploads(Bucket=place.bucket, Prefix=place.key(""), Delimiter="/")
    assert [each["Prefix"] for each in folded["CommonPrefixes"]] == [place.key("b/")]
    assert [each["Key"] for each in folded["Uploads"]] == [place.key("a"), place.key("c")]
    assert all(each["Initiated"] for each in folded["Uploads"])
    for number in (1, 2, 3, 10, 9):
        uploads[0].part(number, b"%d" % number)
    pages = s3.get_paginator("list_parts").paginate(**uploads[0].at, UploadId=uploads[0].id, PaginationConfig={"PageSize": 2})
    assert [part["PartNumber"] for page in pages for part in page.get("Parts", [])] == [1, 2, 3, 9, 10]
    for upload in uploads:
        upload.abort()
    assert not s3.list_multipart_uploads(Bucket=place.bucket, Prefix=place.key("")).get("Uploads")


def test_parts_copied_from_objects(place):
    place.put("source", FIRST + b"0123456789")
    source = {"Bucket": place.bucket, "Key": place.key("source")}
    upload = Upload(place, "copied")
    for number, part in ((1, f"bytes=0-{PART - 1}"), (2, f"bytes={PART + 2}-{PART + 5}")):
        answer = upload.s3.upload_part_copy(**upload.at, UploadId=upload.id, PartNumber=number, CopySource=source, CopySourceRange=part)
        upload.parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    whole = upload.s3.upload_part_copy(**upload.at, UploadId=upload.id, PartNumber=3, CopySource=source)["CopyPartResult"]["ETag"]
    assert whole == f'"{md5(FIRST + b"0123456789")}"'
    upload.complete()
    assert place.body("copied") == FIRST + b"2345"
    other = Upload(place, "copied")
    for text, code in (("bytes=0-99999999", "InvalidRange"), ("nonsense", "InvalidArgument")):
        got, status = refused(other.s3.upload_part_copy, **other.at, UploadId=other.id, PartNumber=1, CopySource=source, CopySourceRange=text)
        assert got in (code, "InvalidArgument") and status in (400, 416)
    other.abort()


def test_completing_under_a_condition(place):
    place.put("exists", b"1")
    upload = Upload(place, "exists")
    upload.part(1, b"2")
    assert upload.refuse(IfNoneMatch="*") == ("PreconditionFailed", 412)
    assert upload.refuse(IfMatch='"other"') == ("PreconditionFailed", 412)
    assert place.body("exists") == b"1"
    upload.complete(IfMatch=place.client().head_object(**upload.at)["ETag"])
    assert place.body("exists") == b"2"
    fresh = Upload(place, "fresh")
    fresh.part(1, b"3")
    fresh.complete(IfNoneMatch="*")
    assert place.body("fresh") == b"3"


@pytest.mark.parametrize("algorithm, kind", [("CRC32", "FULL_OBJECT"), ("CRC32", "COMPOSITE"), ("SHA256", "COMPOSITE")])
def test_checksums_of_parts_make_that_of_the_whole(place, algorithm, kind):
    upload = Upload(place, "checked", ChecksumAlgorithm=algorithm, ChecksumType=kind)
    field = f"Checksum{algorithm}"
    for number, body in ((1, FIRST), (2, b"tail")):
        upload.parts.append({**{field: upload.part(number, body, ChecksumAlgorithm=algorithm)[field]}, **upload.parts.pop()})
    done = upload.complete(ChecksumType=kind)
    head = upload.s3.head_object(**upload.at, ChecksumMode="ENABLED")
    assert head[field] == done[field] and head["ChecksumType"] == kind
    if kind == "COMPOSITE":
        assert done[field].endswith("-2")
    else:
        assert done[field] == base64.b64encode(zlib.crc32(FIRST + b"tail").to_bytes(4, "big")).decode()
    told = upload.s3.get_object_attributes(**upload.at, ObjectAttributes=["ObjectParts", "ETag"])
    assert told["ObjectParts"]["TotalPartsCount"] == 2


def test_a_part_of_an_object_can_be_asked_for(place):
    upload = Upload(place, "parts")
    upload.part(1, FIRST)
    upload.part(2, b"tail")
    upload.complete()
    second = upload.s3.get_object(**upload.at, PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (b"tail", 2)
    assert refused(upload.s3.head_object, **upload.at, PartNumber=3)[1] == 416


def test_many_uploads_at_once(place):
    def one(number):
        upload = Upload(place, f"at-once/{number:02}")
        upload.part(1, b"%d" % number)
        upload.complete()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(24)))
    assert place.keys() == [f"at-once/{number:02}" for number in range(24)]


def test_an_upload_may_end_after_a_commit(branch):
    """Staging has moved on since the upload began."""
    upload = Upload(branch, "late")
    upload.part(1, b"late")
    branch.put("other")
    branch.commit("in between")
    upload.complete()
    assert branch.keys() == ["late", "other"] and branch.at(f"{branch.branch}@").keys() == ["other"]
