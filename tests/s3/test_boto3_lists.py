"""boto3 with its default settings: lists, also of keys no file system would take."""

import pytest

from s3_results import refused

# In the order of their UTF-8 bytes, which is the order of every list.
ODD = ["\x01control", "\ttab", " space first", "!bang", "a b", "a%2Fb", "a%b", "a+b", "a//b", "a/b", "a<b>&'\"", "a\\b", "dir/", "dir/x",
       "end.", "end..", "é", "éclair/日本", "\U0001f40d/snake", "\U0001f40d/z"]


@pytest.fixture
def filled(place):
    for name in ODD:
        place.put(f"odd/{name}", name.encode())
    return place


def everything(client, operation, place, **more):
    pages = list(client.get_paginator(operation).paginate(Bucket=place.bucket, **more))
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
    return keys, prefixes, pages


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_odd_keys_are_listed_in_order_whatever_the_page(filled, operation, size):
    wanted = [filled.key(f"odd/{name}") for name in sorted(ODD, key=str.encode)]
    keys, prefixes, pages = everything(filled.client(), operation, filled, Prefix=filled.key("odd/"), PaginationConfig={"PageSize": size})
    assert keys == wanted and not prefixes
    assert len(pages) == -(-len(ODD) // size) and all(len(page["Contents"]) <= size for page in pages)
    for key in keys:
        body = filled.client().get_object(Bucket=filled.bucket, Key=key)["Body"].read()
        assert body.decode() == key[len(filled.key("odd/")):]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_delimiters_fold_keys(filled, operation, size):
    def folded(prefix, delimiter):
        """What S3 says of the keys we have."""
        below = [filled.key(f"odd/{name}") for name in sorted(ODD, key=str.encode)]
        below = [key for key in below if key.startswith(filled.key(prefix))]
        at = len(filled.key(prefix))
        cut = [(key, key.find(delimiter, at)) for key in below]
        keys = [key for key, end in cut if end < 0]
        return keys, list(dict.fromkeys(key[:end + len(delimiter)] for key, end in cut if end >= 0))

    for prefix, delimiter in (("odd/", "/"), ("odd/a", "/"), ("odd/dir/", "/"), ("odd/", "//"), ("odd/", "b"), ("odd/nothing", "/")):
        keys, prefixes, _ = everything(filled.client(), operation, filled, Prefix=filled.key(prefix), Delimiter=delimiter,
                                       PaginationConfig={"PageSize": size})
        assert (keys, prefixes) == folded(prefix, delimiter), (prefix, delimiter)


def test_what_a_list_says_of_its_entries(place):
    put = place.put("one", b"12345")
    place.put("two/three", b"x")
    page = place.client().list_objects_v2(Bucket=place.bucket, Prefix=place.key(""), Delimiter="/", FetchOwner=True)
    entry = page["Contents"][0]
    assert (entry["Key"], entry["ETag"], entry["Size"], entry["StorageClass"]) == (place.key("one"), put["ETag"], 5, "STANDARD")
    assert entry["Owner"]["ID"] and entry["LastModified"]
    assert (page["Name"], page["Prefix"], page["Delimiter"], page["MaxKeys"], page["KeyCount"], page["IsTruncated"]) == (
        place.bucket, place.key(""), "/", 1000, 2, False)
    assert page["CommonPrefixes"] == [{"Prefix": place.key("two/")}] and page["EncodingType"] == "url"
    assert "Owner" not in place.client().list_objects_v2(Bucket=place.bucket, Prefix=place.key("one"))["Contents"][0]


def test_lists_begin_where_they_are_asked_to(place):
    s3 = place.client()
    for name in ("a", "b", "b/c", "c"):
        place.put(name)

    def after(name):
        page = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key(""), StartAfter=place.key(name))
        assert page["StartAfter"] == place.key(name)
        marked = s3.list_objects(Bucket=place.bucket, Prefix=place.key(""), Marker=place.key(name))
        found, same = ([entry["Key"][len(place.prefix):] for entry in answer.get("Contents", [])] for answer in (page, marked))
        assert found == same
        return found

    assert after("") == ["a", "b", "b/c", "c"] and after("a") == ["b", "b/c", "c"]
    assert after("aa") == ["b", "b/c", "c"] and after("c") == [] and after("zzz") == []
    # Before the prefix, or after all of it, in the order of all keys.
    for start, count in (("!", 4), ("~", 0)):
        page = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key(""), StartAfter=start)
        assert page["KeyCount"] == count


def test_page_sizes(place):
    s3, at = place.client(), {"Bucket": place.bucket, "Prefix": place.key("")}
    for name in "abc":
        place.put(name)
    none = s3.list_objects_v2(**at, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    two = s3.list_objects_v2(**at, MaxKeys=2)
    assert (two["KeyCount"], two["IsTruncated"], two["MaxKeys"]) == (2, True, 2) and two["NextContinuationToken"]
    rest = s3.list_objects_v2(**at, ContinuationToken=two["NextContinuationToken"])
    assert rest["KeyCount"] == 1 and rest["ContinuationToken"] == two["NextContinuationToken"] and not rest["IsTruncated"]
    assert s3.list_objects_v2(**at, MaxKeys=5000)["KeyCount"] == 3
    assert refused(s3.list_objects_v2, **at, MaxKeys=-1) == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, **at, ContinuationToken="not one of ours") == ("InvalidArgument", 400)


def test_every_object_is_its_only_version(place):
    for name in ("a", "b", "c"):
        place.put(name, b"v")
    found = [version for page in place.client().get_paginator("list_object_versions").paginate(
        Bucket=place.bucket, Prefix=place.key(""), PaginationConfig={"PageSize": 2}) for version in page.get("Versions", [])]
    assert [(each["Key"], each["VersionId"], each["IsLatest"]) for each in found] == [(place.key(name), "null", True) for name in "abc"]


def test_branches_are_the_top_level(branch):
    s3 = branch.client()
    branch.fork(f"{branch.branch}-b")
    page = s3.list_objects_v2(Bucket=branch.bucket, Delimiter="/", Prefix=branch.branch)
    assert {each["Prefix"] for each in page["CommonPrefixes"]} == {f"{branch.branch}-b/", branch.key("")}
    _, prefixes, _ = everything(s3, "list_objects_v2", branch, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert {"main/", branch.key(""), f"{branch.branch}-b/"} <= set(prefixes) and len(prefixes) == len(set(prefixes))


def test_commits_tags_and_expressions_are_listed_and_not_written(branch):
    s3 = branch.client()
    branch.put("a/old")
    first = branch.commit("first")
    branch.put("a/new")
    second = branch.commit("second")
    branch.put("a/staged")
    branch.lake.ok("POST", f"/repositories/{branch.bucket}/tags", {"id": "v1", "ref": first})
    for reference, names in ((first, ["a/old"]), (first[:12], ["a/old"]), ("v1", ["a/old"]), (f"{branch.branch}~1", ["a/old"]),
                             (second[:12], ["a/new", "a/old"]), (f"{branch.branch}@", ["a/new", "a/old"]),
                             (branch.branch, ["a/new", "a/old", "a/staged"])):
        there = branch.at(reference)
        assert there.keys() == names
        page = s3.list_objects_v2(Bucket=branch.bucket, Prefix=f"{reference}/", Delimiter="/")
        assert [each["Prefix"] for each in page["CommonPrefixes"]] == [f"{reference}/a/"]
        assert there.body("a/old") == b""
        if reference != branch.branch:
            for call in (s3.put_object, s3.delete_object, s3.create_multipart_upload):
                code, status = refused(call, Bucket=branch.bucket, Key=there.key("a/old"))
                assert (status, code) in ((403, "AccessDenied"), (404, "NoSuchBucket"), (405, "MethodNotAllowed"), (400, "InvalidArgument"))
    assert branch.at("v1").keys() == ["a/old"]
    assert branch.at("v1~1").keys() == [], "the commit that made the repository"
    # As lakeFS has it: no empty list where the reference is misspelt.
    assert refused(s3.list_objects_v2, Bucket=branch.bucket, Prefix="never-made/") == ("BadRequest", 400)


def test_buckets(place):
    s3 = place.client()
    assert place.bucket in [bucket["Name"] for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1})
                            for bucket in page["Buckets"]]
    everything = s3.list_buckets()
    assert "Owner" in everything and all(bucket["CreationDate"] for bucket in everything["Buckets"])
    assert not s3.list_buckets(Prefix="no-such").get("Buckets")
    assert s3.head_bucket(Bucket=place.bucket)["BucketRegion"] == "us-east-1"
    assert refused(s3.head_bucket, Bucket="no-such-bucket")[1] == 404
    assert s3.get_bucket_location(Bucket=place.bucket)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=place.bucket)
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket") == ("NoSuchBucket", 404)


def test_operations_that_are_not_offered_say_so(branch):
    s3, at = branch.client(), {"Bucket": branch.bucket, "Key": branch.key("kept")}
    branch.put("kept", b"kept")
    bucket = {"Bucket": branch.bucket}
    for call, arguments in (
            (s3.get_bucket_acl, bucket), (s3.get_bucket_policy, bucket), (s3.get_bucket_encryption, bucket),
            (s3.get_bucket_lifecycle_configuration, bucket), (s3.get_bucket_tagging, bucket), (s3.get_object_acl, at), (s3.delete_bucket, bucket),
            (s3.put_object_retention, {**at, "Retention": {"Mode": "GOVERNANCE"}}), (s3.delete_bucket_policy, bucket),
            (s3.put_object_legal_hold, {**at, "LegalHold": {"Status": "ON"}}), (s3.put_object_acl, {**at, "ACL": "private"}),
            (s3.put_object_tagging, {**at, "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}),
            (s3.put_bucket_versioning, {**bucket, "VersioningConfiguration": {"Status": "Enabled"}}),
            (s3.restore_object, {**at, "RestoreRequest": {"Days": 1}})):
        code, status = refused(call, **arguments)
        assert (code, status) in (("ERRLakeFSNotSupported", 405), ("NotImplemented", 501)), (call, code)
    assert refused(s3.create_bucket, Bucket="new-bucket") == ("NotImplemented", 501)
    assert refused(s3.create_bucket, **bucket)[1] == 409
    assert refused(s3.get_bucket_cors, **bucket) == ("NoSuchCORSConfiguration", 404)
    assert branch.body("kept") == b"kept", "nothing fell through to another operation"
