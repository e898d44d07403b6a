"""Hostile requests at the doors of partners and at the pages: XML, SOAP, forms, signatures, paths that are none."""

import base64
import hashlib
import hmac
import json
from functools import reduce
from pathlib import Path
from random import Random  # noqa: TID251 - the set is made from a seed
from typing import Any

from domain.kernel import SystemClock
from tests.hostile.frame import Case, raw, request
from tests.hostile.set_bodies import CANARY

XML = b"application/xml"
PULL = "/digilocker/pulluri"


def cases(seed: Random, home: Path) -> list[Case]:
    """Sizes vary with the seed. `home` is that of the demo: what partners were handed signs what is to be parsed."""
    given = json.loads((home / "onboarding" / "digilocker.json").read_text("utf-8"))
    umang = json.loads((home / "onboarding" / "umang.json").read_text("utf-8"))["door"]
    etaal = json.loads((home / "onboarding" / "etaal.json").read_text("utf-8"))
    commission = json.loads((home / "onboarding" / "right_to_service.json").read_text("utf-8"))
    return [
        *_digilocker(seed, _key(given)),
        *_etaal(seed),
        *_etaal_let_in(seed, etaal),
        *_umang(seed, umang),
        *_commission(seed, commission),
        *_whatsapp(seed, json.loads((home / "onboarding" / "whatsapp.json").read_text("utf-8"))),
        *_stop_links(seed),
        *_hr(seed, str(json.loads((home / "onboarding" / "hr.json").read_text("utf-8"))["secrets"][0])),
        *_events(seed, str(umang["secrets"][0])),
        *_pages(seed),
        *_paths(),
    ]


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


def _etaal_let_in(seed: Random, given: dict[str, Any]) -> list[Case]:
    """What e-Taal itself could send with its own credentials: days that are none, ranges, and XML around a call."""
    user, password = str(given["username"]).encode(), str(given["password"]).encode()
    bearer = f"Authorization: Bearer {given['bearer']}".encode()
    days = [
        b"01/01/0001",
        b"31/12/9999",
        b"00/00/0000",
        b"1e9",
        b"%00",
        b"9" * 5000,
        b"31/02/2026",
        "०१/०१/२०२६".encode(),
    ]
    form, made = b"application/x-www-form-urlencoded", []
    for each in days:
        body = b"TransactionDate=" + each + b"&UserName=" + user + b"&Password=" + password
        made.append(
            raw(f"url day {each[:12]!r}", request(b"POST", b"/etaal/eTransactionCount", body, kind=form), coded=False)
        )
    ends = [b"0001-01-01", b"9999-12-31", b"2026-02-30", b"2026-1-1", b"x" * 5000]
    ranges = [b'{"fromDate":"%s","toDate":"%s"}' % (one, other) for one in ends for other in ends]
    ranges += [b'{"transactionDate":%s}' % each for each in (b"null", b"[]", b"{}", b"1e400", b'"31/12/9999"')]
    for each in ranges:
        sent = request(b"POST", b"/etaal/v1/counts", each, bearer)
        made.append(raw(f"json days {each[:40]!r}", sent, coded=False))
    many = seed.randrange(200, 400)
    call = b"<eTransactionCount>%s</eTransactionCount>"
    inner = [
        b"<TransactionDate>31/12/9999</TransactionDate><UserName>" + user + b"</UserName>",
        b"<TransactionDate/>" * many,
        b"<TransactionDate><![CDATA[31/12/2026]]></TransactionDate>",
        b"<TransactionDate>&#x33;1/12/2026</TransactionDate>",
        b'<TransactionDate xmlns:a="u" a:b="1"><a/></TransactionDate>',
    ]
    for number, each in enumerate(inner):
        body = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>%s</e:Body></e:Envelope>'
        sent = request(b"POST", b"/etaal/service.asmx", body % (call % each), kind=b"text/xml")
        made.append(raw(f"soap call {number}", sent, coded=False))
    return made


def _umang(seed: Random, door: dict[str, Any]) -> list[Case]:
    """Bodies signed as UMANG signs them, with and without the headers that route; and strangers."""
    path, secret = b"/umang/ws1/getServices", str(door["secrets"][0]).encode()
    srvid = next(srvid for srvid, name in door["services"].items() if name == "getServices")
    key = f"x-api-key: {door['api_keys'][0]}".encode()
    routing = [key, f"deptid: {door['deptid']}".encode(), f"srvid: {srvid}".encode(), b"subsid: 0", b"subsid2: 0"]
    routing += [b"formtrkr: 0", b"x-request-id: z1"]
    deep = seed.randrange(300, 9000)
    inner = [b"null", b"[]", b'"x"', b'{"page": []}', b'{"page": "9999999999"}', b'{"limit": -1}', b'{"lang": {}}']
    bodies = [b'{"apitrkr":"z1","getServices":%s}' % each for each in inner]
    bodies += [
        b"",
        b"null",
        b"[" * deep,
        b"{",
        b'{"a":' * deep,
        b"9" * 9000,
        b"\xff\xfe",
        b"A:B:C",
        b":::",
        b"x" * 90_000,
    ]
    now = int(SystemClock().now().timestamp())
    made = []
    for number, each in enumerate(bodies):
        signed = hmac.new(secret, f"{now}.".encode() + each, hashlib.sha256).hexdigest()
        signature = f"x-umang-signature: t={now},v1={signed}".encode()
        for headers in ([*routing, signature], [key, signature], [*routing], [b"x-api-key: x", signature]):
            sent = request(b"POST", path, each, *headers)
            made.append(raw(f"umang {number} with {len(headers)} headers", sent, coded=False, may_close=True))
    tokens = [b"", b"x", b"a.b.c", b"." * 900, b"e30.e30.", b"\xff", b"A" * 9000, b"eyJhbGciOiJub25lIn0.e30."]
    for each in tokens:
        sent = request(b"POST", b"/umang/ws1/getBenefits", b"{}", *routing, b"x-umang-user: " + each)
        made.append(raw(f"umang user {each[:12]!r}", sent, coded=False, may_close=True))
        sent = request(b"GET", b"/umang/handoff?target=/track&token=" + each.strip(b"\xff"), kind=b"")
        made.append(raw(f"umang hand-off {each[:12]!r}", sent, coded=False, may_close=True))
    large = b"{" + b" " * seed.randrange(200_000, 3_000_000) + b"}"
    made.append(raw("umang too large", request(b"POST", path, large, *routing), coded=False, may_close=True))
    return made


def _commission(seed: Random, given: dict[str, Any]) -> list[Case]:
    """Words of the Commission that are signed and spoilt, words that are not signed, and case files of no case."""
    word = b'{"eventId":"E","appealNo":"N","type":"PENALTY","at":"2026-11-26T10:00:00Z","payload":%s}'
    deep = seed.randrange(1000, 20_000)
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * deep,
        b'{"a":' * deep,
        word % b"{}",
        word % b'{"amountPaise":1e400,"reason":"x"}',
        word % b'{"amountPaise":%s,"reason":"x"}' % (b"9" * 4000),
        word % b'{"amountPaise":1,"reason":"\\ud800"}',
        word % b'{"amountPaise":1,"reason":"\\u0000"}',
        word.replace(b"PENALTY", CANARY.encode()) % b"{}",
        word.replace(b'"N"', b'"' + b"N" * 50_000 + b'"') % b"{}",
        word % b"{}" + b" " * seed.randrange(70_000, 500_000),
    ]
    made = []
    for number, body in enumerate(bodies):
        signed = _signed(given, b"POST", b"/hooks/rts", body)
        options: dict[str, Any] = {"coded": False, "may_close": True}
        made.append(raw(f"word {number} signed", request(b"POST", b"/hooks/rts", body, *signed), **options))
        made.append(raw(f"word {number} unsigned", request(b"POST", b"/hooks/rts", body), **options))
    for path in (b"x", b"0" * 64, b"..%2f..%2fetc%2fpasswd", b"%00", b"9" * 5000):
        place = b"/hooks/rts/case-files/" + path
        sent = request(b"GET", place, b"", *_signed(given, b"GET", place, b""), kind=b"")
        made.append(raw(f"case file {path[:12]!r}", sent, coded=False, may_close=True))
    return made


def _hr(seed: Random, secret: str) -> list[Case]:
    """Messages of the HR system that are signed and spoilt, and messages that are not signed."""
    path, message = b"/hr/staff-changes", b'{"messageId":"Z-%d","rows":[%s]}'
    deep = seed.randrange(1000, 20_000)
    row = b'{"change":"JOIN","email":"z@z.example","name_en":"Z","designation_en":"Z","role":"OFFICER","level":%s}'
    rows = [
        b"",
        b"null",
        b"{}",
        b"[" * deep,
        b'{"change":' * deep,
        b'{"change":"' + CANARY.encode() + b'"}',
        b'{"%s":"x"}' % CANARY.encode(),
        row % b"1e400",
        row % b'"\\ud800"',
        row % b'"\\u0000"',
        row % (b'"' + b"9" * 50_000 + b'"'),
        row % (b'"' + "१".encode() * 900 + b'"'),
        b",".join([row % b'"DESIGNATED"'] * seed.randrange(501, 900)),
        row % b'"DESIGNATED"' + b" " * seed.randrange(270_000, 500_000),
        b'{"change":"LEAVE","email":"z@z.example","from_on":"0001-01-01","until_on":"9999-12-31"}',
    ]
    made, options = [], {"coded": False, "may_close": True}
    for number, each in enumerate(rows):
        body = message % (number, each)
        signed = _signature(secret, b"POST", path, body)
        made.append(raw(f"hr {number} signed", request(b"POST", path, body, *signed), **options))
        made.append(raw(f"hr {number} unsigned", request(b"POST", path, body), **options))
    return made


def _events(seed: Random, secret: str) -> list[Case]:
    """Requests of a system that looks after its receivers of events, signed and spoilt, and not signed."""
    path, deep = b"/events/UMANG/receivers", seed.randrange(300, 1300)
    wish = b'{"url":%s,"types":["application.decided"]}'
    bodies = [
        b"null",
        b"[" * deep,
        wish % b'"\\ud800"',
        wish % b'"\\u0000"',
        wish % b'"https://user:pass@crm.example.org/"',
        wish % b'"https://169.254.169.254/latest"',
        wish % b'"https://[::1]/"',
        wish % b'"file:///etc/passwd"',
        wish % (b'"https://crm.example.org/' + b"x" * seed.randrange(600, 3000) + b'"'),
        b'{"url":"https://crm.example.org/","types":["%s"]}' % CANARY.encode(),
        b'{"url":"https://crm.example.org/","types":[1e400]}',
        wish % b'"https://crm.example.org/"' + b" " * seed.randrange(4_100, 90_000),
    ]
    steps = [b'{"step":"TELL_AGAIN","since":"0001-01-01T00:00:00+14:00"}', b'{"step":{}}', b'{"step":"ROTATE"}']
    asked = [*((path, body) for body in bodies), *((path + b"/nobody", body) for body in steps)]
    made, options = [], {"coded": False, "may_close": True}
    for number, (target, body) in enumerate(asked):
        name, stamp = b"req_hostile_%d" % number, b"%d" % int(SystemClock().now().timestamp())
        covered = b".".join((name, stamp, target, body))
        mac = base64.b64encode(hmac.digest(secret.encode(), covered, "sha256"))
        signed = [b"webhook-id: " + name, b"webhook-timestamp: " + stamp, b"webhook-signature: v1," + mac]
        made.append(raw(f"events {number} signed", request(b"POST", target, body, *signed), **options))
        made.append(raw(f"events {number} unsigned", request(b"POST", target, body), **options))
    return made


def _whatsapp(seed: Random, given: dict[str, Any]) -> list[Case]:
    """Notices of WhatsApp that are signed and spoilt, of others and repeated; the same unsigned; and handshakes."""
    account, number = (str(given[name]).encode() for name in ("account_id", "phone_number_id"))
    notice = (
        b'{"object":"whatsapp_business_account","entry":[{"id":"%s","time":%s,"changes":[{"field":"%s","value":%s}]}]}'
    )
    ours = b'{"metadata":{"phone_number_id":"' + number + b'"},"%s":[%s]}'
    said = b'{"id":"wamid.%s","from":"%s","timestamp":"%s","type":"text","text":{"body":"STOP"}}'
    now, deep = b"%d" % int(SystemClock().now().timestamp()), seed.randrange(1000, 20_000)
    lines = [
        b"null",
        b"[]",
        said % (b"z", b"919000000099", b"9" * 400),
        said % (b"z", b"919000000099", b"1"),
        said % (b"z" * 9000, b"919000000099", now),
        said % (b"\\ud800", b"919000000099", now),
        said % (b"z", b"+" + CANARY.encode(), now),
        said % (b"z", "९१९८००".encode(), now),
        b'{"id":"wamid.z","status":"%s","timestamp":"%s"}' % (CANARY.encode(), now),
        b'{"status":"failed","timestamp":"%s","errors":[{"code":1e400}]}' % now,
    ]
    values = [ours % (part, line) for line in lines for part in (b"messages", b"statuses")]
    template = b'{"event":"PAUSED","message_template_name":"%s","message_template_language":"hi"}'
    bodies = [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"[" * deep,
        b'{"entry":' * deep,
        b'{"object":"page","entry":[]}',
        b'{"object":"whatsapp_business_account","entry":{}}',
        *(notice % (account, now, b"messages", value) for value in values),
        *(notice % (b"1", now, b"messages", value) for value in values[:4]),
        *(notice % (account, time, b"message_template_status_update", template % b"z") for time in (b"-1", b"1e400")),
        notice % (account, now, b"message_template_status_update", template % (b"z" * 9000)),
        notice % (account, now, CANARY.encode(), b"{}"),
    ]
    path, made = b"/hooks/whatsapp", []
    for place, body in enumerate(bodies):
        signature = hmac.new(str(given["app_secrets"][0]).encode(), body, hashlib.sha256).hexdigest().encode()
        signed = request(b"POST", path, body, b"X-Hub-Signature-256: sha256=" + signature)
        made += [raw(f"whatsapp {place} signed, {time}", signed) for time in ("first", "again")]
        made.append(raw(f"whatsapp {place} unsigned", request(b"POST", path, body)))
    for odd in (b"", b"sha256=", b"sha1=" + b"0" * 40, b"\xff", b"sha256=" + b"0" * 9000):
        made.append(
            raw(f"whatsapp signed by {odd[:8]!r}", request(b"POST", path, b"{}", b"X-Hub-Signature-256: " + odd))
        )
    large = b"{" + b" " * seed.randrange(4_000_001, 5_000_000) + b"}"
    made.append(raw("whatsapp too large", request(b"POST", path, large), may_close=True))
    for asked in (
        b"",
        b"x",
        b"hub.mode=subscribe&hub.challenge=1",
        b"hub.verify_token=%ff%00&hub.challenge=" + b"9" * 900,
    ):
        made.append(raw(f"whatsapp handshake {asked[:12]!r}", request(b"GET", path + b"?" + asked, kind=b"")))
    return made


def _stop_links(seed: Random) -> list[Case]:
    """Links that stop mails and that nobody made, looked at and clicked; and other forms than the click."""
    mac = b"%032x" % seed.getrandbits(128)
    names = [b"1." + mac, b"1." + b"\xff", b"%00", b"1.%d0%ff", b"..%2f..%2fetc%2fpasswd", b"-1." + mac, b"9" * 900]
    names += ["१.".encode() + mac, b"9" * 18 + b"." + mac, CANARY.encode(), b"<script>", b"1." + mac * 30]
    clicks = [b"List-Unsubscribe=One-Click", b"", b"List-Unsubscribe=%ff", b"&" * 900, b"a=1&" * 2000, b"\xff" * 900]
    form, made = b"application/x-www-form-urlencoded", []
    for name in names:
        made.append(raw(f"stop link {name[:20]!r}", request(b"GET", b"/u/" + name, kind=b"")))
        for click in clicks:
            clicked = request(b"POST", b"/u/" + name, click, kind=form)
            made.append(raw(f"stop link {name[:20]!r} clicked {click[:20]!r}", clicked, may_close=True))
    large = request(b"POST", b"/u/1." + mac, b"a" * seed.randrange(1_000_000, 3_000_000), kind=form)
    noise = request(b"POST", b"/u/1." + mac, bytes(range(256)) * 40, kind=b"multipart/form-data")
    return [*made, raw("stop link large", large, may_close=True), raw("stop link of noise", noise, may_close=True)]


def _signed(given: dict[str, Any], method: bytes, path: bytes, body: bytes) -> list[bytes]:
    token = str(given["hook_token"]).encode()
    return [b"Authorization: Bearer " + token, *_signature(str(given["hook_secret"]), method, path, body)]


def _signature(secret: str, method: bytes, path: bytes, body: bytes) -> list[bytes]:
    stamp = b"%d" % int(SystemClock().now().timestamp())
    text = b"\n".join((stamp, method, path, hashlib.sha256(body).hexdigest().encode()))
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest().encode()
    return [b"X-Timestamp: " + stamp, b"X-Signature: " + signature]


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
    names = {
        b"number=": b"by.number=",
        b"mobile=": b"by.secondFactor.mobileLast4=",
        b"born=": b"by.secondFactor.bornOn=",
    }
    asked = [reduce(lambda text, name: text.replace(name, names[name]), names, each) for each in fields]
    numbers = [b"x", b"0" * 5000, b"%00", b"%2e%2e%2f", b"<script>", CANARY.encode(), b"%ff%fe", b"12612345678903"]
    states = [b"", b"state=x", b"state=x&code=" + b"y" * 9000, b"code=%ff", b"error=access_denied&x=" + b"z" * 900]
    signs = [b"", b"provider=x", b"provider=MERI_PEHCHAAN&return_to=http://evil.test", b"provider=" + b"x" * 9000]
    pages: dict[str, Any] = {"coded": False, "may_close": True}
    door = b"/sign-in/callback/meri-pehchaan?"
    noise = bytes(range(256)) * 40
    return [
        *(raw(f"track {each[:20]!r}", request(b"POST", b"/track", each, kind=form), **pages) for each in asked),
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
        b"/hooks/dbt",
        b"/hooks/treasury",
        b"/hooks/csc",
        b"/fees/pay/" + b"4" * 14 + b"?until=1&signature=x",
        b"/fees/status/%00?until=9&signature=%ff",
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
