"""RSA keys, made once for a process and handed out in turn: making one takes 60 ms of a processor, and many tests do.

Whoever draws fewer than `KEPT` keys gets different ones each time, as from cryptography itself.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc._rfc7518 import rsa_key

KEPT = 24
"""Keys in the round; no test draws so many."""


def _in_turn(make: Callable[..., rsa.RSAPrivateKey]) -> Callable[..., rsa.RSAPrivateKey]:
    kept: dict[int, rsa.RSAPrivateKey] = {}
    turns = itertools.count()

    def drawn(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
        if (public_exponent, key_size) != (65537, 2048):
            return make(public_exponent, key_size, backend)
        place = next(turns) % KEPT
        if place not in kept:
            kept[place] = make(public_exponent, key_size, backend)
        return kept[place]

    return drawn


@pytest.fixture(scope="session", autouse=True)
def _keys_in_turn() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        drawn = _in_turn(rsa.generate_private_key)
        patch.setattr(rsa, "generate_private_key", drawn)
        patch.setattr(rsa_key, "generate_private_key", drawn)
        yield
