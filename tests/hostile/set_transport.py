"""Hostile requests below GraphQL: the line, the head, the framing, the media types, the methods."""

import gzip
import json
from random import Random  # noqa: TID251 - the set is made from a seed

from tests.hostile.frame import Case, raw, request

GOOD = b'{"query":"{ __typename }"}'


def cases(seed: Random) -> list[Case]:
    """Sizes and bytes vary with the seed."""
    return [*_lines(seed), *_heads(seed), *_framing(seed), *_types(seed), *_methods()]


def _lines(seed: Random) -> list[Case]:
    garbage = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /graphql\r\n\r\n",
        b"GET /graphql HTTP/9.9\r\n\r\n",
        b"G\x00T /graphql HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /graphql\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET //../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /graphql%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /graphql HTTP/1.0\r\n\r\n",
        b"\r\n\r\n\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        bytes(seed.randrange(256) for _ in range(seed.randrange(20, 4000))) + b"\r\n\r\n",
    ]
    return [raw(f"line {number}", each, may_close=True) for number, each in enumerate(garbage)]


def _heads(seed: Random) -> list[Case]:
    many = [b"X-%d: y" % number for number in range(seed.randrange(101, 900))]
    long = b"X-Long: " + b"y" * seed.randrange(33_000, 60_000)
    url = b"/graphql?query=" + b"a" * seed.randrange(33_000, 60_000)
    odd = [
        b"X-Bad\x00Name: y",
        b"X-Control: a\x01b",
        b"X-Folded: a\r\n b",
        b": no name",
        b"X-Request-Id: ../../etc/passwd",
        b"X-Request-Id: " + b"a" * 5000,
        b"X-Request-Id: a\xff\xfe",
        b"Accept: " + b"a/b;q=1," * 3000,
        b"Accept: application/json;q=" + b"9" * 400,
        b"Accept: \xff\xfe",
        b"Accept-Language: " + b"hi-" * 2000,
        b"Accept-Language: hi;q=nan, *;q=-1",
        b"Accept-Encoding: " + b"gzip;q=0.1," * 2000,
        b"X-Deadline-Ms: -1",
        b"X-Deadline-Ms: " + b"9" * 300,
        b"X-Deadline-Ms: 1e309",
        b"If-None-Match: " + b'"a",' * 5000,
        b"X-Forwarded-For: " + b"1.1.1.1," * 2000,
        b"X-Router-Secret: \xff",
        b"Apollo-Federation-Include-Trace: ftv1",
        b"Traceparent: 00-" + b"0" * 500,
        b"Idempotency-Key: " + b"k" * 300,
        b"Idempotency-Key: \xff\x7f",
        b"Expect: 100-continue",
        b"Expect: 200-ok",
        b"Range: bytes=" + b"0-1," * 2000,
        b"Upgrade: h2c",
        b"Content-Language: " + b"x" * 9000,
    ]
    return [
        raw("head of many", request(b"POST", b"/graphql", GOOD, *many), may_close=True),
        raw("head too long", request(b"POST", b"/graphql", GOOD, long), may_close=True),
        raw("address too long", request(b"GET", url, kind=b""), may_close=True),
        raw("head that stops", b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-", may_close=True),
        *(raw(f"head {each[:24]!r}", request(b"POST", b"/graphql", GOOD, each), may_close=True) for each in odd),
    ]


def _framing(seed: Random) -> list[Case]:
    start = b"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % len(GOOD) + GOOD + b"\r\n"
    two = request(b"POST", b"/graphql", GOOD).replace(b"Connection: close\r\n", b"")
    kinds = [
        start + b"Content-Length: 5\r\nContent-Length: 26\r\n\r\n" + GOOD,
        start + b"Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n",
        start + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunk + b"0\r\n\r\n",
        start + b"Transfer-Encoding: xchunked\r\n\r\n" + chunk + b"0\r\n\r\n",
        start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + GOOD,
        start + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + GOOD,
        start + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\nX-Trailer: y\r\n\r\n",
        start + b"Transfer-Encoding: chunked\r\n\r\n" + b"1;ext=" + b"a" * 5000 + b"\r\n{\r\n0\r\n\r\n",
        start + b"Content-Length: -1\r\n\r\n" + GOOD,
        start + b"Content-Length: +26\r\n\r\n" + GOOD,
        start + b"Content-Length: 0x1a\r\n\r\n" + GOOD,
        start + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n" + GOOD,
        start + b"Content-Length: 99999999\r\n\r\n" + GOOD,
        start + b"\r\n" + GOOD,
        start + b"Content-Length: 0\r\n\r\n",
        start + b"Content-Length: 10\r\n\r\n" + GOOD + GOOD,
        two * seed.randrange(5, 40) + request(b"POST", b"/graphql", GOOD),
        chunked + b"1\r\n \r\n" * 5000 + chunk + b"0\r\n\r\n",
        chunked + b"8000\r\n" + b" " * 32768 + b"\r\n8000\r\n" + b" " * 32768,
    ]
    big = b'{"query":"{ __typename }","x":"' + b"a" * seed.randrange(101_000, 3_000_000) + b'"}'
    return [
        *(raw(f"framing {number}", each, may_close=True) for number, each in enumerate(kinds)),
        raw("body too large", request(b"POST", b"/graphql", big), may_close=True),
        raw("body of drops", start + b"Content-Length: 26\r\n\r\n", *(bytes([byte]) for byte in GOOD), pause=0.02),
    ]


def _types(seed: Random) -> list[Case]:
    kinds = [
        b"",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"multipart/form-data",
        b"application/graphql",
        b"application/json; charset=utf-16",
        b"application/json; charset=\xff",
        b"application/json; charset=utf-8; charset=utf-7",
        b"application/json" + b";a=b" * 2000,
        b"APPLICATION/JSON",
        b"application/json/json",
        b"\xff\xfe",
        b"application/graphql+json",
        b"application/vnd.api+json",
        b"text/xml",
    ]
    upload = (
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"mutation { __typename }"}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0":["variables.file"]}\r\n--x--\r\n'
    )
    encodings = [b"gzip", b"deflate", b"br", b"zstd", b"gzip, gzip", b"identity, gzip", b"x" * 4000]
    bomb = gzip.compress(b" " * seed.randrange(5_000_000, 20_000_000))[:90_000]
    accepts = [b"text/event-stream;q=0", b"image/png", b"text/html;q=0.1", b"*/*;q=0", b"application/json;q=0", b",;,;"]
    return [
        *(raw(f"type {each[:40]!r}", request(b"POST", b"/graphql", GOOD, kind=each), may_close=True) for each in kinds),
        raw("upload", request(b"POST", b"/graphql", upload, kind=b"multipart/form-data; boundary=x")),
        *(
            raw(f"encoding {each[:12]!r}", request(b"POST", b"/graphql", bomb, b"Content-Encoding: " + each))
            for each in encodings
        ),
        *(raw(f"accept {each[:24]!r}", request(b"POST", b"/graphql", GOOD, b"Accept: " + each)) for each in accepts),
    ]


def _methods() -> list[Case]:
    methods = (b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"MKCOL", b"PURGE", b"QUERY")
    queries = [
        b"query=mutation{__typename}",
        b"query={__typename}&query={__schema{queryType{name}}}",
        b"query=%ff%fe",
        b"query=%00",
        b"query={__typename}&variables=%7B",
        b"query={__typename}&variables=[1]",
        b"query={__typename}&extensions=null&variables=null",
        b"query={__typename}&operationName=" + b"a" * 5000,
        b"variables={}",
        b"&&&===",
        b"query=" + b"%7B__typename%20" * 900 + b"%7D" * 900,
        b"query={__typename}&variables=" + b"[" * 3000,
        b"query={__typename}&variables=" + json.dumps({"a": "b" * 4000}).encode().replace(b" ", b""),
        b"a=1&" * 3000,
    ]
    bare = [(each, request(each, b"/graphql", b"", kind=b"")) for each in methods]
    return [
        *(raw(f"method {each!r}", content, may_close=True) for each, content in bare),
        raw("head request", request(b"HEAD", b"/graphql?query={__typename}", kind=b"")),
        *(
            raw(f"get {each[:30]!r}", request(b"GET", b"/graphql?" + each, kind=b""), may_close=True)
            for each in queries
        ),
    ]
