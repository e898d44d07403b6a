"""Compares what a caller brings with a secret, or with a digest made with one."""

import hmac
from collections.abc import Iterable
from hashlib import sha256


def is_same_secret(given: str | bytes, expected: str | bytes) -> bool:
    """Whether both are equal; the time it takes tells neither where they differ nor how long the expected one is."""
    return hmac.compare_digest(_digest(given), _digest(expected))


def is_any_secret(given: str | bytes, expected: Iterable[str | bytes]) -> bool:
    """Whether it equals one of several, as during a change of keys; it is compared with each of them."""
    return any([is_same_secret(given, one) for one in expected])  # noqa: C419 - all are compared


def _digest(text: str | bytes) -> bytes:
    """Of text that is no Unicode too, which JSON and headers can bring."""
    return sha256(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")).digest()
