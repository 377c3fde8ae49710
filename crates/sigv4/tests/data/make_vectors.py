"""Writes botocore.jsonl: requests signed by botocore's S3 signers at a fixed time.

Run: python3 make_vectors.py > botocore.jsonl   (botocore 1.43)
"""
import datetime, json, sys
from unittest import mock
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
import botocore.auth
import botocore.compat

NOW = datetime.datetime(2026, 2, 28, 23, 59, 58)

class Frozen(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW
    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)

KEYS = ["plain.txt", "a//b", "dir/", "../up/./x", "sp ace+plus=eq&amp", "za\u017c\u00f3\u0142\u0107/\u65e5\u672c", "100%/%41%2F", "~tilde_-.!*'()", "q?u#e;:@,$[]", "\"<>\\^`{|}",
    "", "/", "//", "./", "..", "a/./b/../c", "%", "%zz", "%2e%2E", "a+b%20c", "=&?", "\u0001\u007f", "\u00e9\u0301", "\U0001f600/x", "a" * 300, "k=v/part=1/f.parquet"]
QUERIES = ["", "uploads=", "partNumber=3&uploadId=a%2Fb%2Bc%3D%3D", "list-type=2&prefix=a%20b%2F&delimiter=%2F&continuation-token=", "versionId=null&response-content-disposition=attachment%3B%20filename%3D%22x%20y.txt%22"]

def quote(key):
    from urllib.parse import quote
    return quote(key, safe="/~")

rows = []
def emit(kind, method, path, query, headers, body, token, region, expires=None):
    creds = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    host = "bucket.s3.%s.amazonaws.com" % region
    url = "https://" + host + path + ("?" + query if query else "")
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    request.context["payload_signing_enabled"] = True
    with mock.patch.object(botocore.auth.datetime, "datetime", Frozen) if hasattr(botocore.auth, "datetime") and hasattr(botocore.auth.datetime, "datetime") else mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: NOW):
        if kind == "header":
            S3SigV4Auth(creds, "s3", region).add_auth(request)
            row = {"authorization": request.headers["Authorization"], "sent": {k.lower(): v for k, v in request.headers.items()}}
        else:
            S3SigV4QueryAuth(creds, "s3", region, expires=expires).add_auth(request)
            row = {"url": request.url}
    row.update(kind=kind, method=method, host=host, path=path, query=query, headers=headers, body=body.decode() if body else "", token=token, region=region, expires=expires)
    rows.append(row)

for i, key in enumerate(KEYS):
    for j, query in enumerate(QUERIES):
        method = ["GET", "PUT", "HEAD", "DELETE", "POST"][(i + j) % 5]
        token = "FwoGZXIvYXdzEBYaD//token+with/slashes==" if (i + j) % 3 == 0 else None
        headers = {}
        if method == "PUT":
            headers = {"content-type": "text/plain;  charset=utf-8", "x-amz-meta-two": "  a   b ", "x-amz-meta-tab": "a\t\tb  c", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "x-amz-storage-class": "STANDARD_IA"}
        if method == "GET":
            headers = {"range": "bytes=0-9", "if-none-match": "\"abc\""}
        body = b"hello" if method in ("PUT", "POST") else b""
        emit("header", method, "/" + quote(key), query, headers, body, token, ["us-east-1", "eu-central-1"][j % 2])
        emit("query", method, "/" + quote(key), query, {}, b"", token, ["us-east-1", "eu-central-1"][j % 2], expires=[60, 900, 604800][i % 3])
for row in rows:
    sys.stdout.write(json.dumps(row, sort_keys=True) + "\n")
