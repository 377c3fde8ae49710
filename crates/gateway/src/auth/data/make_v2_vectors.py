"""Writes botocore_v2.jsonl: requests signed by botocore's Version 2 signers at a fixed time.

Run: python3 make_v2_vectors.py > botocore_v2.jsonl   (botocore 1.43)
"""
import json, sys, time
from unittest import mock
from urllib.parse import quote, urlsplit
import botocore.auth
from botocore.auth import HmacV1Auth, HmacV1QueryAuth, SigV2Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = 1772323198
DOMAIN = "s3.example.com"
KEYS = ["plain.txt", "a//b", "dir/", "../up/./x", "sp ace+plus=eq&amp", "za\u017c/\u65e5", "100%/%41%2F", "~tilde_-.!*'()", "q?u#e;:@,$[]", ""]
QUERIES = ["", "uploads", "partNumber=3&uploadId=a%2Fb%2Bc%3D%3D", "list-type=2&prefix=a%20b%2F&delimiter=%2F", "versionId=null&response-content-disposition=attachment%3B%20filename%3D%22x%20y.txt%22&acl", "delete", "uploadId=b&partNumber=1"]
CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

def emit(kind, method, key, query, headers, virtual):
    path = "/" + quote(key, safe="/~")
    host = "bucket." + DOMAIN if virtual else DOMAIN
    raw = path if virtual else "/bucket" + path
    url = "http://" + host + raw + ("?" + query if query else "")
    request = AWSRequest(method=method, url=url, headers=dict(headers), auth_path="/bucket" + path)
    with mock.patch("botocore.auth.formatdate", lambda **k: time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(NOW))), mock.patch("botocore.auth.time.time", lambda: NOW), mock.patch("botocore.auth.time.gmtime", lambda *a: time.struct_time(__import__("calendar") and (2026, 2, 28, 23, 59, 58, 5, 59, 0))):
        if kind == "header":
            HmacV1Auth(CREDENTIALS).add_auth(request)
            target, sent = raw + ("?" + query if query else ""), {k.lower(): v for k, v in request.headers.items()}
        elif kind == "query":
            HmacV1QueryAuth(CREDENTIALS, expires=600).add_auth(request)
            split = urlsplit(request.url)
            target, sent = split.path + "?" + split.query, {}
        else:
            request.params = {n: v for n, _, v in (p.partition("=") for p in ["Action=List", "prefix=a b/"])}
            request.url = "http://" + host + raw
            SigV2Auth(CREDENTIALS).add_auth(request)
            target = raw + "?" + "&".join(quote(k, safe="") + "=" + quote(str(v), safe="-_~") for k, v in request.params.items())
            sent = {}
    sys.stdout.write(json.dumps({"kind": kind, "method": method, "host": host, "target": target, "headers": sent}, sort_keys=True) + "\n")

for i, key in enumerate(KEYS):
    for j, query in enumerate(QUERIES):
        method = ["GET", "PUT", "HEAD", "DELETE", "POST"][(i + j) % 5]
        headers = {"content-type": "text/plain", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "x-amz-meta-two": " a   b ", "X-Amz-Acl": "private"} if method == "PUT" else {}
        if j % 3 == 2:
            headers["x-amz-date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(NOW))
        emit("header", method, key, query, headers, (i + j) % 2 == 0)
        headers.pop("x-amz-date", None)
        emit("query", method, key, query, headers, (i + j) % 2 == 0)
    emit("pairs", "GET", key, "", {}, i % 2 == 0)
