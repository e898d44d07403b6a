"""Signs and verifies CBOR Web Tokens (RFC 8392) as COSE_Sign1 with ES256 (RFC 9052), by the keys of a keyring."""

from collections.abc import Iterable, Mapping
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

EXP, IAT, SUB, STATUS = 4, 6, 2, 65535
"""Claims of RFC 8392 section 3.1, and `status` of the Token Status List."""

_ALG, _KID, _TYP, _ES256 = 1, 4, 16, -7
_COSE_SIGN1, _HALF = 18, 32


class InvalidCwt(ValueError):
    """A token that does not prove what it says. `code`: MALFORMED, UNKNOWN_KEY or BAD_SIGNATURE."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sign_cwt(claims: Mapping[int, Any], key: object, typ: str | None = None) -> bytes:
    """The token. The signature is deterministic (RFC 6979), so that the same claims give the same bytes."""
    private = key.private_key if isinstance(key, ECKey) else None
    if not isinstance(key, ECKey) or private is None:
        raise TypeError("an EC key that signs is needed")
    head = {_ALG: _ES256, _KID: str(key.kid).encode()} | ({_TYP: typ} if typ else {})
    protected, payload = cbor2.dumps(head, canonical=True), cbor2.dumps(claims, canonical=True)
    der = private.sign(_bytes_to_sign(protected, payload), ECDSA(SHA256(), deterministic_signing=True))
    signature = b"".join(half.to_bytes(_HALF, "big") for half in decode_dss_signature(der))
    return cbor2.dumps(cbor2.CBORTag(_COSE_SIGN1, [protected, {}, payload, signature]))


def read_cwt(token: bytes, keys: Iterable[ECKey], typ: str | None = None) -> dict[Any, Any]:
    """The claims of a token that one of the keys signed, for the same `typ`. Raises InvalidCwt."""
    try:
        claims, kid, der, signed = _take_apart(token, typ)
    except (cbor2.CBORDecodeError, AttributeError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise InvalidCwt("MALFORMED") from None
    key = next((one for one in keys if str(one.kid).encode() == kid), None)
    if key is None:
        raise InvalidCwt("UNKNOWN_KEY")
    try:
        key.public_key.verify(der, signed, ECDSA(SHA256()))
    except InvalidSignature:
        raise InvalidCwt("BAD_SIGNATURE") from None
    return claims


def _take_apart(token: bytes, typ: str | None) -> tuple[dict[Any, Any], bytes, bytes, bytes]:
    """Claims, key id, signature in DER and what was signed. Raises what cbor2 and Python do for another form."""
    tag = cbor2.loads(token)
    protected, _, payload, signature = tag.value
    head, claims = cbor2.loads(protected), cbor2.loads(payload)
    form = (tag.tag, head.get(_ALG), head.get(_TYP), len(signature))
    if cbor2.dumps(tag) != token or form != (_COSE_SIGN1, _ES256, typ, 2 * _HALF) or not isinstance(claims, dict):
        raise ValueError("another form")
    r, s = (int.from_bytes(part, "big") for part in (signature[:_HALF], signature[_HALF:]))
    return claims, head[_KID], encode_dss_signature(r, s), _bytes_to_sign(protected, payload)


def _bytes_to_sign(protected: bytes, payload: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", payload])
