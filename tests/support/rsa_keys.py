"""RSA keys, made once for a process and lent to one test after another: making one takes 60 ms of a processor.

Each key that a test draws is another one, as from cryptography itself. What fixtures of a module or of the session draw
is made anew and is nobody else's, so that a test never meets a key of theirs where it wants a stranger's.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc._rfc7518 import rsa_key

_make = rsa.generate_private_key
_kept: list[rsa.RSAPrivateKey] = []
_turns: Iterator[int] | None = None
"""The place of the next key that the running test draws; None between tests."""


def _drawn(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
    if _turns is None or (public_exponent, key_size) != (65537, 2048):
        return _make(public_exponent, key_size, backend)
    place = next(_turns)
    while len(_kept) <= place:
        _kept.append(_make(public_exponent, key_size, backend))
    return _kept[place]


@pytest.fixture(scope="session", autouse=True)
def _keys_are_kept() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", _drawn)
        patch.setattr(rsa_key, "generate_private_key", _drawn)
        yield


@pytest.fixture(autouse=True)
def _keys_of_a_test(_keys_are_kept: None) -> Iterator[None]:
    # Fixtures of a wider scope are set up before and taken down after those of a test.
    global _turns  # noqa: PLW0603 - drawn from wherever a key is made
    _turns = itertools.count()
    yield
    _turns = None
