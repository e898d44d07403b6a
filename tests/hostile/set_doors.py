"""Hostile requests at the doors of partners and at the pages: XML, SOAP, forms, signatures, paths that are none."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from random import Random  # noqa: TID251 - the set is made from a seed
from typing import Any

from tests.hostile.frame import Case, raw, request
from tests.hostile.set_bodies import CANARY

XML = b"application/xml"
PULL = "/digilocker/pulluri"


def cases(seed: Random, home: Path) -> list[Case]:
    """Sizes vary with the seed. `home` is that of the demo: what DigiLocker was handed signs what is to be parsed."""
    given = json.loads((home / "onboarding" / "digilocker.json").read_text("utf-8"))
    return [*_digilocker(seed, _key(given)), *_etaal(seed), *_pages(seed), *_paths()]


def _key(given: dict[str, Any]) -> bytes:
    return str(given["issuer_contract"]["api_key"]).encode()


def _documents(seed: Random) -> list[bytes]:
    ns = b"http://tempuri.org/"
    deep = seed.randrange(300, 9000)
    entities = b"".join(b'<!ENTITY e%d "&e%d;&e%d;">' % (n, n - 1, n - 1) for n in range(1, 30))
    attributes = b" ".join(b'a%d="x"' % n for n in range(seed.randrange(1000, 3000)))
    return [
        b"",
        b"<",
        b"<a>",
        b"<a/><b/>",
        b"not xml",
        b"\xff\xfe<\x00a\x00/\x00>\x00",
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="9.9"?><a/>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
        b'<!DOCTYPE a [<!ENTITY e0 "ha">' + entities + b"]><a>&e29;</a>",
        b'<!DOCTYPE a [<!ENTITY x "' + b"a" * 50_000 + b'">]><a>' + b"&x;" * 5000 + b"</a>",
        b"<a>" * deep + b"</a>" * deep,
        b"<a " + attributes + b"/>",
        b"<a>" + b"x" * 30_000 + b"</a>",
        b"<a><![CDATA[" + b"x" * 9000 + b"]]></a>",
        b'<a xmlns:x="u" x:b="1" x:b="2"/>',
        b"<a>&unknown;</a>",
        b"<a>\x00</a>",
        b'<?xml-stylesheet href="http://127.0.0.1:9/x"?><a/>',
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>',
        b'<PullURIRequest xmlns="' + ns + b'" ver="1.0" ts="x" txn="y"><DocDetails/></PullURIRequest>',
        b'<PullURIRequest ver="1.0" ts="" txn="' + b"t" * 9000 + b'" orgId="" keyhash=""/>',
        b'<PullURIRequest ts="2026-11-25T00:00:00+05:30" txn="1" orgId="' + CANARY.encode() + b'" keyhash="1"/>',
    ]


def _digilocker(seed: Random, key: bytes) -> list[Case]:
    made = []
    for number, content in enumerate(_documents(seed)):
        signature = hmac.new(key, content, hashlib.sha256)
        for kind, shown in (("raw", signature.digest()), ("hex", signature.hexdigest().encode())):
            header = b"X-Digilocker-Hmac: " + base64.b64encode(shown)
            sent = request(b"POST", PULL.encode(), content, header, kind=XML)
            made.append(raw(f"pull {number} signed {kind}", sent, coded=False, may_close=True))
    odd = [b"", b"x", b"=" * 99, b"\xff", b"A" * 9000]
    for number, each in enumerate(odd):
        sent = request(b"POST", PULL.encode(), b"<a/>", b"X-Digilocker-Hmac: " + each, kind=XML)
        made.append(raw(f"pull with a wrong signature {number}", sent, coded=False, may_close=True))
    large = b"<a>" + b"x" * seed.randrange(1_000_000, 3_000_000) + b"</a>"
    made.append(raw("pull too large", request(b"POST", PULL.encode(), large, kind=XML), coded=False, may_close=True))
    return made


def _etaal(seed: Random) -> list[Case]:
    envelope = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    soap = envelope + b"<s:Body>%s</s:Body></s:Envelope>"
    bodies = [*_documents(seed)[:22], soap % b"", soap % b"<x/>", soap % (b"<x>" * 50 + b"</x>" * 50)]
    action = b'SOAPAction: "http://tempuri.org/eTransactionCount"'
    made = [
        raw(f"soap {number}", request(b"POST", b"/etaal/service.asmx", each, action, kind=b"text/xml"), coded=False)
        for number, each in enumerate(bodies)
    ]
    queries = [b"", b"a=" * 900, b"date=" + b"9" * 5000, b"date=2026-99-99", b"%ff=%fe", b"&" * 9000]
    made += [
        raw(f"url count {each[:20]!r}", request(b"GET", b"/etaal/eTransactionCount?" + each, kind=b""), coded=False)
        for each in queries
    ]
    texts = [b"", b"null", b"[]", b"{", b'{"from":"x"}', b'{"from":1,"to":[]}', b"[" * 5000, b"9" * 9000, b"x" * 40_000]
    bearer = b"Authorization: Bearer x"
    for each in texts:
        sent = request(b"POST", b"/etaal/v1/counts", each, bearer)
        made.append(raw(f"json count {each[:20]!r}", sent, coded=False))
    return made


def _pages(seed: Random) -> list[Case]:
    form = b"application/x-www-form-urlencoded"
    fields = [
        b"",
        b"&&&",
        b"number=" + b"9" * 3000,
        b"number=%ff&mobile=%00",
        b"number=12345678901234&mobile=1234&born=2026-99-99",
        b"a=1&" * 2000,
        b"number=" + CANARY.encode() + b"&mobile=0000",
        "number=१२३४५६७८९०१२३४&mobile=१२३४".encode(),
    ]
    numbers = [b"x", b"0" * 5000, b"%00", b"%2e%2e%2f", b"<script>", CANARY.encode(), b"%ff%fe", b"12612345678903"]
    states = [b"", b"state=x", b"state=x&code=" + b"y" * 9000, b"code=%ff", b"error=access_denied&x=" + b"z" * 900]
    signs = [b"", b"provider=x", b"provider=MERI_PEHCHAAN&return_to=http://evil.test", b"provider=" + b"x" * 9000]
    pages: dict[str, Any] = {"coded": False, "may_close": True}
    door = b"/sign-in/callback/meri-pehchaan?"
    noise = bytes(range(256)) * 40
    return [
        *(raw(f"track {each[:20]!r}", request(b"POST", b"/track", each, kind=form), **pages) for each in fields),
        *(raw(f"form {each[:20]!r}", request(b"POST", b"/forms/generic", each, kind=form), **pages) for each in fields),
        raw("track large", request(b"POST", b"/track", b"a" * seed.randrange(5000, 500_000), kind=form), **pages),
        *(raw(f"verify {each[:20]!r}", request(b"GET", b"/verify/" + each, kind=b""), **pages) for each in numbers),
        *(raw(f"callback {each[:20]!r}", request(b"GET", door + each, kind=b""), **pages) for each in states),
        *(raw(f"sign in {each[:20]!r}", request(b"GET", b"/sign-in?" + each, kind=b""), **pages) for each in signs),
        raw("sign out", request(b"POST", b"/sign-out", b"x" * 9000), **pages),
        raw("upload of nothing", request(b"POST", b"/uploads", b"", kind=b"application/pdf"), **pages),
        raw("upload of noise", request(b"POST", b"/uploads", noise, kind=b"multipart/form-data"), **pages),
        raw("file of no name", request(b"GET", b"/files/" + b"0" * 64 + b"?signature=x", kind=b""), **pages),
        raw("file with a path", request(b"GET", b"/files/..%2f..%2fetc%2fpasswd", kind=b""), **pages),
    ]


def _paths() -> list[Case]:
    paths = [
        b"/",
        b"/nothing",
        b"/graphql/",
        b"/GRAPHQL",
        b"/graphql/../health",
        b"/.env",
        b"/.git/config",
        b"/wp-login.php",
        b"/hooks/whatsapp",
        b"/hooks/dbt",
        b"/hooks/" + b"x" * 9000,
        b"/_control/clock",
        b"/health/../metrics",
        b"/openapi.json?x=" + b"y" * 9000,
        b"/status?" + b"a=b&" * 900,
        b"/.well-known/jwks.json%00",
    ]
    made = []
    for path in paths:
        made.append(raw(f"get {path[:30]!r}", request(b"GET", path, kind=b""), may_close=True))
        made.append(raw(f"post {path[:30]!r}", request(b"POST", path, b'{"a":1}'), may_close=True))
    return made
