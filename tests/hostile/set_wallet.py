"""Hostile requests at what wallets and verifiers ask: offers, tokens, nonces, proofs, status lists, scanned codes."""

import base64
import json
from random import Random  # noqa: TID251 - the set is made from a seed
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from actions.certificates.cwt import sign_cwt
from domain.kernel import SystemClock
from tests.hostile.frame import Case, raw, request
from tests.hostile.set_bodies import CANARY

FORM = b"application/x-www-form-urlencoded"
GRANT = b"urn:ietf:params:oauth:grant-type:pre-authorized_code"
PLAIN: dict[str, Any] = {"coded": False, "may_close": True}
"""OpenID4VCI names its errors in `error`; pages tell theirs in words."""


def cases(seed: Random) -> list[Case]:
    """Sizes vary with the seed."""
    return [*_offers(seed), *_tokens(seed), *_credentials(seed), *_lists(seed), *_codes(seed)]


def _names(seed: Random) -> list[bytes]:
    noise = base64.urlsafe_b64encode(seed.randbytes(90)).rstrip(b"=")
    odd = [b"x", b"%00", b"%ff%fe", b"..%2f..%2fetc%2fpasswd", b"<script>", CANARY.encode(), b"a" * 5000, "é".encode()]
    return [noise, noise[:-1], noise + b"%3d", *odd]


def _offers(seed: Random) -> list[Case]:
    paths = [b"/credential-offers/" + name for name in _names(seed)]
    paths += [b"/.well-known/openid-credential-issuer?x=" + b"y" * 3000, b"/.well-known/jwt-vc-issuer/%00"]
    return [raw(f"offer {path[-20:]!r}", request(b"GET", path, kind=b""), **PLAIN) for path in paths]


def _tokens(seed: Random) -> list[Case]:
    bodies = [b"grant_type=" + GRANT + b"&pre-authorized_code=" + name + b"&tx_code=123456" for name in _names(seed)]
    start = b"grant_type=" + GRANT + b"&pre-authorized_code=x"
    bodies += [
        start,
        start + b"&tx_code=" + b"9" * 5000,
        start + b"&tx_code=%ff%00",
        start + "&tx_code=१२३४५६".encode(),
    ]
    bodies += [start + b"&tx_code=1&tx_code=2", b"grant_type=" + GRANT + b"&tx_code=123456", start * 200]
    made = [
        raw(f"wallet token {body[60:100]!r}", request(b"POST", b"/sign-in/token", body, kind=FORM), **PLAIN)
        for body in bodies
    ]
    large = b"a" * seed.randrange(1_000_000, 3_000_000)
    return [
        *made,
        raw("wallet token large", request(b"POST", b"/sign-in/token", start + large, kind=FORM), **PLAIN),
        raw("wallet nonce with a body", request(b"POST", b"/credentials/nonce", large), **PLAIN),
        raw("wallet nonce by GET", request(b"GET", b"/credentials/nonce", kind=b""), **PLAIN),
    ]


def _proofs(seed: Random) -> list[str]:
    """Proofs of possession that are wrong in one way each, and texts that are none."""
    key, deep = ECKey.generate_key("P-256"), seed.randrange(300, 3000)
    public = {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x", "y")}
    head = {"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": public}
    said = {"aud": "http://gateway.test", "iat": int(SystemClock().now().timestamp()), "nonce": "x" * 43}
    good = jwt.encode(head, said, key, ["ES256"])
    first, body, signature = good.split(".")
    heads = [
        {**head, "alg": "none"},
        {**head, "alg": "HS256"},
        {**head, "jwk": {"kty": "oct", "k": "AAAA"}},
        {**head, "jwk": {**public, "x": "A" * 9000}},
        {**head, "jwk": [public] * 50},
        {**head, "jku": "http://127.0.0.1:9/keys"},
        {**head, "crit": ["b64"], "b64": False},
        {**head, "x5c": ["A" * 4000]},
    ]
    claims = [
        b"null",
        b"[]",
        b"{" * deep,
        b'{"iat":1e400}',
        b'{"aud":{}}',
        b"\xff",
        b'{"nonce":"' + b"n" * 4000 + b'"}',
    ]
    return [
        good,
        *(f"{_encode(json.dumps(each).encode())}.{body}.{signature}" for each in heads),
        *(f"{first}.{_encode(each)}.{signature}" for each in claims),
        f"{first}.{body}.",
        f"{first}.{body}",
        "." * 5000,
        CANARY,
        "\x00",
        "é.é.é",
    ]


def _credentials(seed: Random) -> list[Case]:
    path, sealed = b"/credentials", base64.urlsafe_b64encode(seed.randbytes(150)).rstrip(b"=")
    bearers = [b"", b"Bearer ", b"Bearer x", b"Bearer " + sealed, b"DPoP " + sealed, b"Bearer " + b"a" * 4000, b"\xff"]
    asked = [{"credential_configuration_id": "INCER", "proofs": {"jwt": [proof]}} for proof in _proofs(seed)]
    bodies = [json.dumps(each).encode() for each in asked]
    deep = seed.randrange(300, 6000)
    bodies += [b"", b"null", b"[]", b"\xff", b'{"proofs":' * deep, b'{"credential_identifier":"x"}', b'{"a":1}' * 3]
    bodies += [b'{"credential_configuration_id":"' + b"I" * 9000 + b'","proofs":{"jwt":["a.b.c"]}}']
    bodies += [b'{"credential_configuration_id":{},"proofs":{"jwt":[{}]}}', b'{"a":"' + b"x" * 20_000 + b'"}']
    made = []
    for place, body in enumerate(bodies):
        bearer = b"Authorization: " + bearers[place % len(bearers)]
        made.append(raw(f"credential {place} {body[:30]!r}", request(b"POST", path, body, bearer), **PLAIN))
    first = bodies[0]
    return made + [
        raw(f"credential by {each[:12]!r}", request(b"POST", path, first, b"Authorization: " + each), **PLAIN)
        for each in bearers
    ]


def _lists(seed: Random) -> list[Case]:
    numbers = [
        b"-1",
        b"16",
        b"9" * 400,
        b"%00",
        b"0.0",
        b"1e3",
        "१".encode(),
        b"..%2f0",
        b"%d" % seed.randrange(17, 10**9),
    ]
    made = [
        raw(f"list {each[:12]!r}", request(b"GET", b"/status-lists/" + each, kind=b""), **PLAIN) for each in numbers
    ]
    odd = [
        b"Accept: " + b"application/statuslist+cwt;q=" + each for each in (b"\xff", b"nan", b"1e400", b"-1", b"9" * 900)
    ]
    odd += [b"If-None-Match: " + b'"x",' * 500, b"If-None-Match: \xff"]
    made += [
        raw(f"list by {each[-14:]!r}", request(b"GET", b"/status-lists/0", b"", each, kind=b""), **PLAIN)
        for each in odd
    ]
    return made


def _codes(seed: Random) -> list[Case]:
    """Texts of QR codes: of a stranger's key, of CBOR that promises more than there is, and of no alphabet."""
    stranger = ECKey.generate_key("P-256", {"kid": "ffffffff"})
    tokens = [
        sign_cwt({6: 1, 169: {1: CANARY, 4: CANARY}}, stranger),
        b"\x81" * 500,
        b"\x9a\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xd2\x84\x43\xa1\x01\x26\xa0\x41\xf6\x58\x40" + b"\x00" * 64,
        seed.randbytes(300),
    ]
    texts = [base64.b32encode(each).rstrip(b"=") for each in tokens]
    texts += [b"A" * 990, b"A" * 9000, b"0189", b"%C4%B1" * 100, b"A/B/C", b"%00", b"<script>", "अ".encode()]
    made = []
    for text in texts:
        for path in (b"/C/" + text, b"/verify?number=HTTPS://X/C/" + text):
            made.append(raw(f"code {path[:24]!r}", request(b"GET", path, kind=b""), **PLAIN))
            made.append(
                raw(
                    f"code for programs {path[:24]!r}", request(b"GET", path, b"", b"Accept: application/json"), **PLAIN
                )
            )
    others = (b"/verify-offline?language=%ff", b"/verify-offline?" + b"a=b&" * 900, b"/scripts/x/verify.js")
    return made + [raw(f"page {path[:24]!r}", request(b"GET", path, kind=b""), **PLAIN) for path in others]


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
