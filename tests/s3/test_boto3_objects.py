"""boto3 with its default settings: single objects."""

import datetime
import email.header
import io
import os
import time

import pytest

from s3_results import refused
from support.s3 import CHECKSUMS, md5

SYSTEM_HEADERS = {
    "CacheControl": "max-age=60", "ContentDisposition": 'attachment; filename="a b.txt"', "ContentEncoding": "gzip",
    "ContentLanguage": "de, en", "ContentType": "text/csv; charset=utf-8",
}


def test_an_object_comes_back_as_it_was_put(place):
    s3, data = place.client(), os.urandom(300_000)
    at = {"Bucket": place.bucket, "Key": place.key("a/object")}
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    put = s3.put_object(**at, Body=data, Metadata={"Colour": "Bar  baz", "empty": ""}, **SYSTEM_HEADERS)
    assert put["ETag"] == f'"{md5(data)}"'
    for answer in (s3.head_object(**at), s3.get_object(**at)):
        assert {name: answer[name] for name in SYSTEM_HEADERS} == SYSTEM_HEADERS
        assert answer["ETag"] == put["ETag"] and answer["ContentLength"] == len(data)
        assert answer["AcceptRanges"] == "bytes" and answer["LastModified"] >= before
        assert {name: " ".join(value.split()) for name, value in answer["Metadata"].items()} == {"colour": "Bar baz", "empty": ""}
    assert answer["Body"].read() == data
    s3.put_object(**at, Body=b"")
    empty = s3.get_object(**at)
    assert empty["Body"].read() == b"" and empty["ETag"] == f'"{md5(b"")}"'
    assert not empty["Metadata"] and "ContentEncoding" not in empty, "nothing of the former object stays"
    s3.delete_object(**at)
    assert refused(s3.get_object, **at) == ("NoSuchKey", 404) and refused(s3.head_object, **at) == ("404", 404)
    assert s3.delete_object(**at)["ResponseMetadata"]["HTTPStatusCode"] == 204, "deleting again is no error"


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_checksums_are_checked_kept_and_returned(place, algorithm):
    s3, data = place.client(), b"the quick brown fox"
    field, right = f"Checksum{algorithm}", CHECKSUMS[algorithm](data)
    at = {"Bucket": place.bucket, "Key": place.key("checked")}
    assert s3.put_object(**at, Body=data, **{field: right})[field] == right
    for call in (s3.get_object, s3.head_object):
        assert call(**at, ChecksumMode="ENABLED")[field] == right
    wrong = CHECKSUMS[algorithm](b"another")
    assert refused(s3.put_object, **at, Body=b"bad", **{field: wrong}) == ("BadDigest", 400)
    assert s3.get_object(**at)["Body"].read() == data


def test_the_default_checksum_is_kept(place):
    put = place.put("default", b"123456789")
    assert put["ChecksumCRC32"] == "y/Q5Jg=="
    head = place.client().head_object(Bucket=place.bucket, Key=place.key("default"), ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == ("y/Q5Jg==", "FULL_OBJECT")


def test_metadata_that_is_not_ascii(place):
    wanted = "Grüße, 世界 🌍"
    place.put("named", Metadata={"name": email.header.Header(wanted, "utf-8", maxlinelen=1000).encode()})
    head = place.client().head_object(Bucket=place.bucket, Key=place.key("named"))
    decoded = "".join(part.decode(charset or "ascii") if isinstance(part, bytes) else part
                      for part, charset in email.header.decode_header(head["Metadata"]["name"]))
    assert decoded == wanted
    if place.lake:
        assert [value for value in place.stat("named")["metadata"].values() if value == wanted]


def test_too_much_metadata_is_refused_and_nothing_is_written(place):
    s3, at = place.client(), {"Bucket": place.bucket, "Key": place.key("fat")}
    s3.put_object(**at, Metadata={"a": "x" * 2000})
    assert refused(s3.put_object, **at, Body=b"new", Metadata={"a": "x" * 2100}) == ("MetadataTooLarge", 400)
    assert s3.get_object(**at)["Body"].read() == b""


RANGES = [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=990-", 990, 1000), ("bytes=-7", 993, 1000),
          ("bytes=0-99999", 0, 1000), ("bytes=-99999", 0, 1000)]


def test_ranges(place):
    s3, data = place.client(), os.urandom(1000)
    place.put("ranged", data)
    at = {"Bucket": place.bucket, "Key": place.key("ranged")}
    for text, first, end in RANGES:
        part = s3.get_object(**at, Range=text)
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert part["ContentRange"] == f"bytes {first}-{end - 1}/1000" and part["Body"].read() == data[first:end]
        head = s3.head_object(**at, Range=text)
        assert (head["ResponseMetadata"]["HTTPStatusCode"], head["ContentLength"]) == (206, end - first)
    for text in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"):
        whole = s3.get_object(**at, Range=text)
        assert whole["ResponseMetadata"]["HTTPStatusCode"] == 200 and whole["Body"].read() == data
    for text in ("bytes=1000-", "bytes=-0"):
        assert refused(s3.get_object, **at, Range=text) == ("InvalidRange", 416)
    place.put("nothing")
    for text in ("bytes=0-", "bytes=-1"):
        assert refused(s3.get_object, Bucket=place.bucket, Key=place.key("nothing"), Range=text) == ("InvalidRange", 416)


def test_answers_can_be_given_other_headers(place):
    place.put("plain", b"x", ContentType="text/plain")
    answer = place.client().get_object(
        Bucket=place.bucket, Key=place.key("plain"), ResponseContentType="image/png", ResponseCacheControl="no-cache",
        ResponseContentDisposition="attachment", ResponseContentEncoding="br", ResponseContentLanguage="fr")
    assert [answer[name] for name in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage")] == [
        "image/png", "no-cache", "attachment", "br", "fr"]


def test_conditional_reads(place):
    s3 = place.client()
    tag = place.put("c", b"conditional")["ETag"]
    at = {"Bucket": place.bucket, "Key": place.key("c")}
    modified = s3.head_object(**at)["LastModified"]
    earlier, later = modified - datetime.timedelta(hours=1), modified + datetime.timedelta(seconds=1)
    for call in (s3.get_object, s3.head_object):
        for fine in ({"IfMatch": tag}, {"IfMatch": "*"}, {"IfNoneMatch": '"other"'}, {"IfModifiedSince": earlier},
                     {"IfUnmodifiedSince": later}, {"IfMatch": tag, "IfUnmodifiedSince": earlier},
                     {"IfNoneMatch": '"other"', "IfModifiedSince": modified}):
            assert call(**at, **fine)["ETag"] == tag
        for unchanged in ({"IfNoneMatch": tag}, {"IfNoneMatch": "*"}, {"IfModifiedSince": modified}):
            assert refused(call, **at, **unchanged)[1] == 304
        for changed in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": earlier}):
            assert refused(call, **at, **changed)[1] == 412


def test_conditional_writes(place):
    s3, at = place.client(), {"Bucket": place.bucket, "Key": place.key("once")}
    first = s3.put_object(**at, Body=b"1", IfNoneMatch="*")["ETag"]
    assert refused(s3.put_object, **at, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
    second = s3.put_object(**at, Body=b"2", IfMatch=first)["ETag"]
    assert refused(s3.put_object, **at, Body=b"3", IfMatch=first) == ("PreconditionFailed", 412)
    assert s3.get_object(**at)["ETag"] == second
    absent = {"Bucket": place.bucket, "Key": place.key("absent")}
    assert refused(s3.put_object, **absent, Body=b"1", IfMatch=first) == ("NoSuchKey", 404)
    s3.delete_object(**at)
    s3.put_object(**at, Body=b"again", IfNoneMatch="*")


def test_copies(place):
    s3, source = place.client(), {"Bucket": place.bucket, "Key": place.key("from ü+%.txt")}
    put = s3.put_object(**source, Body=b"copied", Metadata={"k": "v"}, ContentType="text/plain", CacheControl="no-store")
    at = {"Bucket": place.bucket, "Key": place.key("to")}
    done = s3.copy_object(**at, CopySource=source)
    assert done["CopyObjectResult"]["ETag"] == put["ETag"] and done["CopyObjectResult"]["LastModified"]
    got = s3.get_object(**at)
    assert (got["Body"].read(), got["Metadata"], got["ContentType"], got["CacheControl"]) == (
        b"copied", {"k": "v"}, "text/plain", "no-store")

    s3.copy_object(**at, CopySource=source, MetadataDirective="REPLACE", Metadata={"n": "w"}, ContentType="text/html")
    got = s3.head_object(**at)
    assert (got["Metadata"], got["ContentType"], got.get("CacheControl")) == ({"n": "w"}, "text/html", None)
    # A copy onto itself changes what is said about the object; without a change it is a mistake.
    s3.copy_object(**at, CopySource=at, MetadataDirective="REPLACE", Metadata={"mtime": "1"})
    got = s3.get_object(**at)
    assert (got["Metadata"], got["Body"].read()) == ({"mtime": "1"}, b"copied")
    assert refused(s3.copy_object, **at, CopySource=at) == ("InvalidRequest", 400)
    missing = {"Bucket": place.bucket, "Key": place.key("missing")}
    assert refused(s3.copy_object, **at, CopySource=missing) == ("NoSuchKey", 404)

    tag = put["ETag"]
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    s3.copy_object(**at, CopySource=source, CopySourceIfMatch=tag)
    for condition in ({"CopySourceIfMatch": '"other"'}, {"CopySourceIfNoneMatch": tag}, {"CopySourceIfUnmodifiedSince": yesterday}):
        assert refused(s3.copy_object, **at, CopySource=source, **condition) == ("PreconditionFailed", 412)
    # The copy lives on without its source.
    s3.delete_object(**source)
    assert s3.get_object(**at)["Body"].read() == b"copied"


def test_copies_between_references(branch):
    s3 = branch.client()
    branch.put("old", b"first")
    commit = branch.commit("first")
    branch.put("old", b"second")
    other = branch.fork(f"{branch.branch}-other")
    for reference, body in ((commit[:10], b"first"), (commit, b"first"), (f"{branch.branch}@", b"first"), (branch.branch, b"second")):
        s3.copy_object(Bucket=other.bucket, Key=other.key("back"), CopySource={"Bucket": branch.bucket, "Key": f"{reference}/old"})
        assert other.body("back") == body
    assert branch.keys() == ["old"]


def test_deleting_many(place):
    s3 = place.client()
    names = [f"many/{number:04}" for number in range(30)] + ["many/ä & <b> 'c' \"d\"+%", "many//slashes//"]
    for name in names:
        place.put(name, b"x")
    place.put("stays")
    everything = [{"Key": place.key(name)} for name in [*names, "many/never there"]]
    done = s3.delete_objects(Bucket=place.bucket, Delete={"Objects": everything})
    assert sorted(each["Key"] for each in done["Deleted"]) == sorted(each["Key"] for each in everything) and not done.get("Errors")
    assert place.keys() == ["stays"]
    quiet = s3.delete_objects(Bucket=place.bucket, Delete={"Objects": [{"Key": place.key("stays")}], "Quiet": True})
    assert not quiet.get("Deleted") and not quiet.get("Errors") and not place.keys()
    thousand = [{"Key": place.key(f"none/{number}")} for number in range(1000)]
    assert len(s3.delete_objects(Bucket=place.bucket, Delete={"Objects": thousand})["Deleted"]) == 1000
    too_many = {"Objects": thousand + [{"Key": place.key("one more")}]}
    assert refused(s3.delete_objects, Bucket=place.bucket, Delete=too_many) == ("MalformedXML", 400)


def test_each_key_of_a_deletion_has_its_own_result(branch):
    branch.put("a", b"a")
    commit = branch.commit("a")
    other = branch.fork(f"{branch.branch}-other")
    keys = [branch.key("a"), other.key("a"), f"{commit}/a", "no-such-branch/a"]
    done = branch.client().delete_objects(Bucket=branch.bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert sorted(each["Key"] for each in done["Deleted"]) == sorted(keys[:2])
    assert sorted(each["Key"] for each in done["Errors"]) == sorted(keys[2:])
    assert not branch.keys() and not other.keys() and branch.at(commit).keys() == ["a"]


def test_attributes_and_tags(place):
    s3, at = place.client(), {"Bucket": place.bucket, "Key": place.key("attributes")}
    s3.put_object(**at, Body=b"123456789", ChecksumSHA256=CHECKSUMS["SHA256"](b"123456789"))
    told = s3.get_object_attributes(**at, ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass"])
    assert (told["ETag"], told["ObjectSize"], told["StorageClass"]) == (md5(b"123456789"), 9, "STANDARD")
    assert told["Checksum"]["ChecksumSHA256"] == CHECKSUMS["SHA256"](b"123456789")
    assert set(s3.get_object_attributes(**at, ObjectAttributes=["ObjectSize"])) & {"ETag", "ObjectSize"} == {"ObjectSize"}
    assert s3.get_object_tagging(**at)["TagSet"] == []


def test_a_large_object_goes_up_in_parts_and_comes_down_in_ranges(place):
    s3, size = place.client(), 100 << 20
    block = os.urandom(1 << 20)
    s3.upload_fileobj(io.BytesIO(block * 100), place.bucket, place.key("large"))
    head = s3.head_object(Bucket=place.bucket, Key=place.key("large"))
    assert head["ContentLength"] == size and head["ETag"].endswith('-13"')
    back = io.BytesIO()
    s3.download_fileobj(place.bucket, place.key("large"), back)
    assert back.getbuffer() == memoryview(block * 100)


def test_times_of_an_object_do_not_change(place):
    place.put("timed", b"x")
    s3, at = place.client(), {"Bucket": place.bucket, "Key": place.key("timed")}
    first = s3.head_object(**at)["LastModified"]
    time.sleep(1.1)
    listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key("timed"))["Contents"][0]["LastModified"]
    assert first == s3.get_object(**at)["LastModified"] == listed.replace(microsecond=0)
