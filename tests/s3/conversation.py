"""One conversation of a client with an S3 server, written down so that two servers can be compared.

Every answer becomes flat facts: `name of the step` → `{field: value}`. What varies by nature (times, ids of requests and
uploads, tokens) becomes a placeholder."""

import datetime
import re

from botocore.exceptions import BotoCoreError, ClientError

IGNORED_HEADERS = {"date", "server", "connection", "content-length", "transfer-encoding", "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid"}
PART = b"p" * (5 << 20)


class Recorder:
    def __init__(self, client, bucket):
        self.client, self.bucket, self.facts, self.hidden = client, bucket, {}, []

    def __call__(self, name, operation, **parameters):
        """One step; answers what the server did, also when it refused."""
        assert name not in self.facts, name
        if operation not in ("list_buckets",):
            parameters.setdefault("Bucket", self.bucket)
        try:
            answer = getattr(self.client, operation)(**parameters)
        except ClientError as error:
            answer = {"Error": {"Code": error.response["Error"]["Code"]}, "ResponseMetadata": error.response["ResponseMetadata"]}
        except BotoCoreError as error:
            answer = {"Error": {"Code": type(error).__name__}, "ResponseMetadata": {}}
        told = answer["ResponseMetadata"]
        facts = {"status": str(told.get("HTTPStatusCode"))}
        if "Error" not in answer:
            facts.update((f"header:{key}", value) for key, value in told["HTTPHeaders"].items() if key not in IGNORED_HEADERS)
        if "Body" in answer:
            answer["Body"] = answer["Body"].read()
        flatten({key: value for key, value in answer.items() if key != "ResponseMetadata"}, "", facts)
        self.facts[name] = {key: self.plain(value) for key, value in facts.items()}
        return answer

    def plain(self, value):
        if isinstance(value, datetime.datetime):
            return "<time>"
        if isinstance(value, bytes):
            value = value.decode("latin-1") if len(value) < 100 else f"<{len(value)} bytes>"
        value = re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "<time>", str(value))
        for each in self.hidden:
            value = value.replace(each, "<id>")
        return value


def flatten(value, path, facts):
    if isinstance(value, dict):
        for key, each in value.items():
            flatten(each, f"{path}.{key}" if path else key, facts)
    elif isinstance(value, list):
        facts[f"{path}.count"] = len(value)
        for number, each in enumerate(value):
            flatten(each, f"{path}.{number}", facts)
    else:
        facts[path] = value


def converse(client, bucket):
    """The whole conversation, in a bucket with a branch `main`; answers the facts."""
    step = Recorder(client, bucket)
    objects(step)
    conditions(step)
    lists(step)
    copies(step)
    parts(step)
    removals(step)
    return step.facts


def objects(step):
    one = {"Key": "main/a/one.txt"}
    step("put", "put_object", **one, Body=b"hello world", ContentType="text/plain", CacheControl="no-cache", Metadata={"Foo": "bar"})
    step("put-empty", "put_object", Key="main/a/empty")
    step("put-directory", "put_object", Key="main/dir/")
    step("put-odd", "put_object", Key="main/odd/a b+c%&=ü.txt", Body=b"odd")
    step("put-sha256", "put_object", Key="main/sum", Body=b"sum", ChecksumAlgorithm="SHA256")
    step("put-bad-md5", "put_object", Key="main/refused", Body=b"x", ContentMD5="rL0Y20zC+Fzt72VPzMSk2A==")
    step("put-bad-crc", "put_object", Key="main/refused", Body=b"x", ChecksumCRC32="AAAAAA==")
    step("get", "get_object", **one)
    step("get-odd", "get_object", Key="main/odd/a b+c%&=ü.txt")
    step("get-missing", "get_object", Key="main/missing")
    step("get-range", "get_object", **one, Range="bytes=2-4")
    step("get-suffix", "get_object", **one, Range="bytes=-3")
    step("get-open", "get_object", **one, Range="bytes=6-")
    step("get-beyond", "get_object", **one, Range="bytes=50-")
    step("get-range-nonsense", "get_object", **one, Range="bytes=5-2")
    step("get-override", "get_object", **one, ResponseContentType="image/png", ResponseContentDisposition="attachment")
    step("head", "head_object", **one)
    step("head-missing", "head_object", Key="main/missing")
    step("head-checksum", "head_object", Key="main/sum", ChecksumMode="ENABLED")
    step("attributes", "get_object_attributes", **one, ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    step("tags", "get_object_tagging", **one)
    step("acl", "get_object_acl", **one)


def conditions(step):
    tag = step("tagged", "put_object", Key="main/c", Body=b"conditional")["ETag"]
    for call in ("get_object", "head_object"):
        step(f"{call}-match", call, Key="main/c", IfMatch=tag)
        step(f"{call}-match-other", call, Key="main/c", IfMatch='"other"')
        step(f"{call}-none-match", call, Key="main/c", IfNoneMatch=tag)
        step(f"{call}-modified", call, Key="main/c", IfModifiedSince=datetime.datetime(2100, 1, 1))
        step(f"{call}-unmodified", call, Key="main/c", IfUnmodifiedSince=datetime.datetime(2001, 1, 1))
    step("put-if-absent", "put_object", Key="main/c", Body=b"2", IfNoneMatch="*")
    step("put-if-same", "put_object", Key="main/c", Body=b"2", IfMatch=tag)
    step("put-if-old", "put_object", Key="main/c", Body=b"3", IfMatch=tag)
    step("put-if-match-missing", "put_object", Key="main/never", Body=b"3", IfMatch=tag)
    step("get-after-conditions", "get_object", Key="main/c")


def lists(step):
    for name in ("a/one.txt", "a/two", "b c+d%", "dir/", "o/o", "z"):
        step(f"listed-{name}", "put_object", Key=f"main/l/{name}", Body=name.encode())
    below = {"Prefix": "main/l/"}
    step("list", "list_objects_v2", **below)
    step("list-v1", "list_objects", **below)
    step("list-level", "list_objects_v2", **below, Delimiter="/")
    step("list-level-v1", "list_objects", **below, Delimiter="/")
    step("list-other-delimiter", "list_objects_v2", **below, Delimiter="o")
    step("list-nothing", "list_objects_v2", Prefix="main/no-such/")
    step("list-none", "list_objects_v2", **below, MaxKeys=0)
    step("list-start-after", "list_objects_v2", **below, StartAfter="main/l/a/one.txt")
    step("list-owner", "list_objects_v2", Prefix="main/l/a/one", FetchOwner=True)
    token = opaque(step, "list-page", "NextContinuationToken", "list_objects_v2", **below, MaxKeys=2)
    step("list-next-page", "list_objects_v2", **below, ContinuationToken=token)
    marker = step("list-page-v1", "list_objects", **below, MaxKeys=2, Delimiter="/").get("NextMarker", "nothing")
    step("list-next-page-v1", "list_objects", **below, Marker=marker)
    step.facts["list-page-v1"]["NextMarker"] = step.facts["list-next-page-v1"]["Marker"] = "<id>"
    step("list-versions", "list_object_versions", Prefix="main/l/a/")
    step("list-missing-bucket", "list_objects_v2", Bucket="no-such-bucket")
    step("head-bucket", "head_bucket")
    step("head-missing-bucket", "head_bucket", Bucket="no-such-bucket")
    step("location", "get_bucket_location")
    step("versioning", "get_bucket_versioning")


def copies(step):
    one = {"Bucket": step.bucket, "Key": "main/a/one.txt"}
    step("copy", "copy_object", Key="main/copy", CopySource=one)
    step("copy-head", "head_object", Key="main/copy")
    step("copy-replace", "copy_object", Key="main/copy", CopySource=one, MetadataDirective="REPLACE", Metadata={"new": "1"}, ContentType="text/x")
    step("copy-replace-head", "head_object", Key="main/copy")
    step("copy-self", "copy_object", Key="main/copy", CopySource={**one, "Key": "main/copy"})
    step("copy-missing", "copy_object", Key="main/copy", CopySource={**one, "Key": "main/missing"})
    step("copy-if-match-other", "copy_object", Key="main/copy", CopySource=one, CopySourceIfMatch='"other"')
    step("copy-odd", "copy_object", Key="main/copy-odd", CopySource={**one, "Key": "main/odd/a b+c%&=ü.txt"})


def parts(step):
    upload = {"Key": "main/m/multi"}
    upload["UploadId"] = opaque(step, "create", "UploadId", "create_multipart_upload", Key="main/m/multi", ContentType="text/x",
                                Metadata={"m": "p"})
    first = step("part-1", "upload_part", **upload, PartNumber=1, Body=PART)["ETag"]
    second = step("part-2", "upload_part", **upload, PartNumber=2, Body=b"end")["ETag"]
    step("part-0", "upload_part", **upload, PartNumber=0, Body=b"x")
    step("part-10001", "upload_part", **upload, PartNumber=10_001, Body=b"x")
    step("part-copy", "upload_part_copy", **upload, PartNumber=3, CopySource={"Bucket": step.bucket, "Key": "main/a/one.txt"})
    step("list-parts", "list_parts", **upload)
    step("list-parts-page", "list_parts", **upload, MaxParts=1)
    step("list-uploads", "list_multipart_uploads", Prefix="main/m/")
    listed = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    step("complete", "complete_multipart_upload", **upload, MultipartUpload={"Parts": listed})
    step("multi-head", "head_object", Key="main/m/multi")
    step("multi-part", "head_object", Key="main/m/multi", PartNumber=2)
    step("complete-again", "complete_multipart_upload", **upload, MultipartUpload={"Parts": listed})
    small = {"Key": "main/m/small"}
    small["UploadId"] = opaque(step, "create-small", "UploadId", "create_multipart_upload", Key="main/m/small")
    tag = step("small-1", "upload_part", **small, PartNumber=1, Body=b"x")["ETag"]
    step("small-2", "upload_part", **small, PartNumber=2, Body=b"x")
    step("complete-small", "complete_multipart_upload", **small, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": tag}, {"PartNumber": 2, "ETag": tag}]})
    step("complete-missing", "complete_multipart_upload", **small, MultipartUpload={"Parts": [{"PartNumber": 9, "ETag": tag}]})
    step("abort", "abort_multipart_upload", **small)
    step("abort-again", "abort_multipart_upload", **small)
    step("abort-unknown", "abort_multipart_upload", Key="main/m/small", UploadId="unknown")


def opaque(step, name, field, *call, **parameters):
    """A step one of whose fields is of this run only; answers that."""
    value = step(name, *call, **parameters).get(field, "nothing")
    step.hidden.append(value)
    step.facts[name][field] = "<id>"
    return value


def removals(step):
    step("delete", "delete_object", Key="main/copy")
    step("delete-missing", "delete_object", Key="main/missing")
    step("delete-many", "delete_objects", Delete={"Objects": [{"Key": "main/c"}, {"Key": "main/missing"}]})
    step("delete-many-quiet", "delete_objects", Delete={"Objects": [{"Key": "main/l/z"}], "Quiet": True})
    step("list-in-the-end", "list_objects_v2", Prefix="main/l/")
    step("delete-bucket", "delete_bucket")
