"""Every way of signing and of addressing that boto3 has, and links that live as long as they say."""

import datetime
import hashlib
import http.client
import socket
import urllib.parse
import urllib.request

import botocore.auth
import pytest

from s3_results import refused
from support.s3 import Signer, md5, request
from support.server import basic

NAME = "odd key/+%&=~'()*!ü.txt"
DOMAIN = "s3.local.lakefs.io"
VERSIONS = ["s3v4", "s3", "s3-query"]


@pytest.fixture
def domain(place, monkeypatch):
    """The endpoint by the host name of the gateway; names below it lead there too."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: resolve(
        "127.0.0.1" if isinstance(host, str) and host.endswith(DOMAIN) else host, *more, **named))
    return f"http://{DOMAIN}:{place.address.split(':')[1]}"


def converse(s3, place):
    """A bit of everything whose query or headers are signed."""
    at = {"Bucket": place.bucket, "Key": place.key(NAME)}
    s3.put_object(**at, Body=b"signed", Metadata={"a": "b"}, ContentType="text/plain")
    assert s3.get_object(**at, Range="bytes=0-1", ResponseContentType="image/png")["Body"].read() == b"si"
    listed = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key("odd key/+"), Delimiter="!", StartAfter=place.key(" "))
    assert [each["Prefix"] for each in listed["CommonPrefixes"]] == [place.key(NAME.split("!")[0] + "!")]
    upload = s3.create_multipart_upload(**at)["UploadId"]
    tag = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
    assert len(s3.list_parts(**at, UploadId=upload)["Parts"]) == 1
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket=place.bucket, Key=place.key("copy"), CopySource=at)
    s3.delete_objects(Bucket=place.bucket, Delete={"Objects": [{"Key": at["Key"]}, {"Key": place.key("copy")}]})
    assert s3.get_bucket_location(Bucket=place.bucket)["LocationConstraint"] is None
    assert s3.list_buckets()["Buckets"] and not place.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_path_style(place, version):
    converse(place.client(signature_version=version), place)


@pytest.mark.parametrize("version", VERSIONS)
def test_virtual_host_style(branch, domain, version):
    converse(branch.client(domain, signature_version=version, s3={"addressing_style": "virtual"}), branch)


def test_the_host_name_with_path_style(branch, domain):
    converse(branch.client(domain, s3={"addressing_style": "path"}), branch)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_secret_is_refused(place, version):
    s3 = place.client(secret="wrong" * 8, signature_version=version)
    for call in (s3.list_objects_v2, s3.head_bucket):
        assert refused(call, Bucket=place.bucket) in (("SignatureDoesNotMatch", 403), ("403", 403))
    assert refused(s3.put_object, Bucket=place.bucket, Key=place.key("x"), Body=b"x") == ("SignatureDoesNotMatch", 403)
    assert not place.keys()


@pytest.mark.parametrize("payload", ["signed", "unsigned"])
@pytest.mark.parametrize("calculation", ["when_supported", "when_required"])
def test_payload_modes(place, payload, calculation):
    s3 = place.client(s3={"payload_signing_enabled": payload == "signed"}, request_checksum_calculation=calculation)
    s3.put_object(Bucket=place.bucket, Key=place.key("mode"), Body=b"mode")
    assert place.body("mode") == b"mode"


def fetch(url, method="GET", body=None, headers=None):
    """Status and body of a link, asked for with no other headers than these."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, {"host": parts.netloc, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Links:
    """Makes links as if it were some time ago."""

    def __init__(self, place, version, monkeypatch):
        self.place, self.s3, self.patch = place, place.client(signature_version=version), monkeypatch

    def __call__(self, method, name, lives, ago=0, **more):
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago)
        with self.patch.context() as patch:
            patch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: now.replace(tzinfo=None))
            patch.setattr(botocore.auth.time, "time", now.timestamp)
            return self.s3.generate_presigned_url(method, Params={"Bucket": self.place.bucket, "Key": self.place.key(name), **more},
                                                  ExpiresIn=lives)


@pytest.mark.parametrize("version", VERSIONS)
def test_links_live_as_long_as_they_say(place, version, monkeypatch):
    link = Links(place, version, monkeypatch)
    place.put(NAME, b"linked")
    for lives, ago in ((60, 0), (3600, 3000), (7 * 86400, 7 * 86400 - 60)):
        assert fetch(link("get_object", NAME, lives, ago)) == (200, b"linked")
        assert fetch(link("head_object", NAME, lives, ago), "HEAD") == (200, b"")
        assert fetch(link("put_object", f"put-{ago}", lives, ago), "PUT", b"by link") == (200, b"")
        assert place.body(f"put-{ago}") == b"by link"
    for lives, ago in ((60, 120), (3600, 3700), (86400, 30 * 86400)):
        status, body = fetch(link("get_object", NAME, lives, ago))
        assert status == 403 and b"AccessDenied" in body
        assert fetch(link("put_object", "late", lives, ago), "PUT", b"late")[0] == 403
    assert "late" not in place.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_links_say_what_they_are_for(place, version, monkeypatch):
    link = Links(place, version, monkeypatch)
    place.put("a", b"a")
    place.put("b", b"b")
    url = link("get_object", "a", 60, ResponseContentDisposition='attachment; filename="ü b.txt"')
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert fetch(url.replace("/a?", "/b?"))[0] == 403
    assert fetch(url, "DELETE")[0] == 403 and fetch(url, "PUT", b"new")[0] == 403
    assert fetch(url + "&response-content-type=text/html")[0] == 403
    assert fetch(url.replace("ignature=", "ignature=A"))[0] in (400, 403)
    assert place.keys() == ["a", "b"] and place.body("a") == b"a"


def test_links_are_good_for_a_week_at_most(place, monkeypatch):
    link = Links(place, "s3v4", monkeypatch)
    place.put("a", b"a")
    status, body = fetch(link("get_object", "a", 7 * 86400 + 1))
    assert status == 400 and b"AuthorizationQueryParametersError" in body
    # Far ahead of its time: not valid yet.
    assert fetch(link("get_object", "a", 60, -3600))[0] == 403


def test_a_link_to_a_part(place, monkeypatch):
    at = {"Bucket": place.bucket, "Key": place.key("parts")}
    upload = place.client().create_multipart_upload(**at)["UploadId"]
    url = Links(place, "s3v4", monkeypatch)("upload_part", "parts", 60, UploadId=upload, PartNumber=1)
    assert fetch(url, "PUT", b"part")[0] == 200
    parts = {"Parts": [{"PartNumber": 1, "ETag": md5(b"part")}]}
    place.client().complete_multipart_upload(**at, UploadId=upload, MultipartUpload=parts)
    assert place.body("parts") == b"part"


@pytest.mark.parametrize("minutes", [-20, 20], ids=["late", "early"])
def test_requests_of_another_time_are_refused(place, minutes):
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    signer = Signer(place.access_key, place.secret, place.address, now=then)
    answer = request(place, "PUT", "skewed", b"x", signer=signer)
    assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed"), answer
    assert not place.keys()


def test_what_is_not_signed_or_not_known(place):
    url = f"{place.endpoint}/{place.bucket}"
    unknown = Signer("AKIAIOSFODNN7NOBODYQ", place.secret, place.address)
    answer = request(place, "GET", None, signer=unknown)
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId"), answer
    for header in ("AWS4-HMAC-SHA256 nonsense", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=, Signature=", "AWS :", "AWS a:b",
                   f"AWS4-HMAC-SHA256 Credential={place.access_key}/20200101/us-east-1/s3/aws4_request,"):
        status, body = fetch(url, headers={"Authorization": header})
        assert status in (400, 403) and body.startswith(b"<?xml"), (header, status, body)
    # Another region is nobody's business: clients configure what they like.
    elsewhere = Signer(place.access_key, place.secret, place.address, region="eu-north-1")
    assert request(place, "GET", None, signer=elsewhere).status == 200


def test_a_captured_request_is_good_for_itself_alone(place):
    signer = Signer(place.access_key, place.secret, place.address)
    send = signer.headers("PUT", f"/{place.bucket}/{place.key('x')}", payload=hashlib.sha256(b"mine").hexdigest())

    def replay(name, body, method="PUT"):
        status, told = fetch(f"{place.endpoint}/{place.bucket}/{place.key(name)}", method, body, send)
        return status, next((code for code in (b"XAmzContentSHA256Mismatch", b"SignatureDoesNotMatch") if code in told), None)

    assert replay("x", b"mine") == (200, None) and replay("x", b"mine") == (200, None), "as often as it is sent"
    assert replay("x", b"your") == (400, b"XAmzContentSHA256Mismatch")
    assert replay("y", b"mine") == (403, b"SignatureDoesNotMatch") and replay("x", None, "DELETE")[0] == 403
    assert place.keys() == ["x"] and place.body("x") == b"mine"


def test_every_x_amz_header_must_be_signed(place):
    answer = request(place, "PUT", "x", b"x", headers={})
    assert answer.status == 200
    signer = Signer(place.access_key, place.secret, place.address)
    send = signer.headers("PUT", f"/{place.bucket}/{place.key('y')}")
    status, _ = fetch(f"{place.endpoint}/{place.bucket}/{place.key('y')}", "PUT", b"y", {**send, "x-amz-meta-added": "later"})
    assert status == 403 and place.keys() == ["x"]


def test_the_password_of_the_api_works_at_the_host_name(branch, domain):
    """Basic authentication, as lakeFS has it on the gateway too."""
    branch.put("a", b"basic")
    send = {"Authorization": basic(branch.access_key, branch.secret)}
    assert fetch(f"{domain}/{branch.bucket}/{branch.key('a')}", headers=send) == (200, b"basic")
    assert fetch(f"{domain}/{branch.bucket}/{branch.key('a')}", headers={"Authorization": basic(branch.access_key, "wrong")})[0] in (401, 403)
    assert fetch(f"{domain}/{branch.bucket}/{branch.key('a')}")[0] in (400, 403), "nobody is anonymous"


def test_every_answer_has_a_request_id(place):
    for answer in (request(place, "GET", None), request(place, "GET", "missing"),
                   request(place, "GET", None, signer=Signer(place.access_key, "wrong", place.address))):
        assert answer.headers["x-amz-request-id"]
        if answer.status != 200:
            assert answer.headers["x-amz-request-id"].encode() in answer.body and "xml" in answer.headers["Content-Type"]
    quoted = urllib.parse.quote(place.key("missing"))
    assert fetch(f"{place.endpoint}/{place.bucket}/{quoted}")[0] != 200
