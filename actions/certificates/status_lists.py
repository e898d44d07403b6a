"""Token Status Lists: whether a certificate holds, by its one index (docs/contracts/signatures.md section 5.3).

An index of the store names list and place at once: the list is its upper part. What stands in a list is one bit, set
where an officer ended the certificate.
"""

import base64
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt

from actions.certificates.cwt import EXP, IAT, SUB, sign_cwt
from actions.kernel import Environment
from store.certificates import certificates

LISTS, PLACES = 16, 1 << 20
"""So many lists with so many places each; LISTS may grow, PLACES not."""

TTL, LIFE = 30, timedelta(hours=12)
"""Seconds for which a list may be kept, so that a revocation shows within a minute; and how long it may be relied on
at all, where nobody can ask."""

JWT_TYPE, CWT_TYPE = "statuslist+jwt", "application/statuslist+cwt"
_CWT_LIST, _CWT_TTL = 65533, 65534


def list_uri(public_url: str, number: int) -> str:
    """The address of a list."""
    return f"{public_url}/status-lists/{number}"


def status_claim(public_url: str, index: int) -> Mapping[str, Any]:
    """The claim `status` of what leads to the certificate of an index."""
    number, place = divmod(index, PLACES)
    return {"status_list": {"idx": place, "uri": list_uri(public_url, number)}}


async def read_list(env: Environment, number: int) -> bytes:
    """The list's bits, lowest first, compressed by zlib."""
    first = number * PLACES
    ended = await env.store.read(lambda tx: certificates.ended_indexes(tx, first, first + PLACES))
    bits = bytearray(PLACES // 8)
    for index in ended:
        octet, bit = divmod(index - first, 8)
        bits[octet] |= 1 << bit
    return zlib.compress(bits, 9)


def is_ended(compressed: bytes, place: int) -> bool:
    """Whether the bit of a place is set. Raises IndexError for a place beyond the list, zlib.error."""
    bits = zlib.decompressobj().decompress(compressed, PLACES)
    if place < 0:
        raise IndexError(place)
    octet, bit = divmod(place, 8)
    return bool(bits[octet] >> bit & 1)


def make_jwt(env: Environment, number: int, compressed: bytes, now: datetime) -> bytes:
    """The list as a JWT, signed by the active key of QR codes."""
    key, uri = env.keyrings.active("qr"), list_uri(env.public_url, number)
    lst = base64.urlsafe_b64encode(compressed).rstrip(b"=").decode()
    claims = {
        "iss": env.public_url,
        "sub": uri,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFE).timestamp()),
        "ttl": TTL,
        "status_list": {"bits": 1, "lst": lst, "aggregation_uri": f"{env.public_url}/status-lists"},
    }
    return jwt.encode({"alg": "ES256", "typ": JWT_TYPE, "kid": str(key.kid)}, claims, key, ["ES256"]).encode()


def make_cwt(env: Environment, number: int, compressed: bytes, now: datetime) -> bytes:
    """The list as a CWT, signed as `make_jwt`."""
    claims: dict[int, Any] = {
        SUB: list_uri(env.public_url, number),
        IAT: int(now.timestamp()),
        EXP: int((now + LIFE).timestamp()),
        _CWT_TTL: TTL,
        _CWT_LIST: {"bits": 1, "lst": compressed},
    }
    return sign_cwt(claims, env.keyrings.active("qr"), CWT_TYPE)
