"""The digests of DigiLocker, a function for each (docs/contracts/digilocker.md section 5)."""

import base64
import hashlib
import hmac
from enum import StrEnum

from domain.kernel.secret_comparison import is_same_secret


class HmacEncoding(StrEnum):
    """How a partner account writes `x-digilocker-hmac`; the first test call shows which one."""

    RAW = "raw"
    """Base64 of the 32 raw bytes (issuer specification 1.13)."""

    HEX = "hex"
    """Base64 of the 64 hexadecimal characters (seen in production code)."""


def file_hmac(client_secret: str, body: bytes) -> str:
    """The `hmac` header of a file or certificate: HMAC-SHA-256 over the exact body, Base64."""
    return base64.b64encode(_hmac(client_secret, body)).decode()


def parameters_digest(client_secret: str, *values: str | None) -> str:
    """The `hmac` field of meta and push calls: SHA-256 of secret and values joined without separator, hex.

    It is a plain hash, not a keyed one. Values that are not sent are left out.
    """
    joined = client_secret + "".join(value for value in values if value is not None)
    return hashlib.sha256(joined.encode()).hexdigest()


def issuer_hmac_raw(api_key: str, body: bytes) -> str:
    """The `x-digilocker-hmac` header over the raw request body, as Base64 of the raw digest."""
    return base64.b64encode(_hmac(api_key, body)).decode()


def issuer_hmac_hex(api_key: str, body: bytes) -> str:
    """The `x-digilocker-hmac` header over the raw request body, as Base64 of the hexadecimal text."""
    return base64.b64encode(_hmac(api_key, body).hex().encode()).decode()


def keyhash(api_key: str, ts: str) -> str:
    """The `keyhash` attribute: SHA-256 of API key and `ts` exactly as in the attribute, hex."""
    return hashlib.sha256((api_key + ts).encode()).hexdigest()


def digests_match(expected: str, given: str | None) -> bool:
    """Whether two digests are equal, in constant time."""
    return given is not None and is_same_secret(given.strip(), expected)


def _hmac(key: str, body: bytes) -> bytes:
    return hmac.new(key.encode(), body, hashlib.sha256).digest()
