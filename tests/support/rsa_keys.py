"""RSA keys, made once for a process and lent to one test after another: making one takes 30 ms of a processor.

Each key that a test draws is another one, as from cryptography itself. What fixtures of a module or of the session draw
is made anew and is nobody else's, so that a test never meets a key of theirs where it wants a stranger's.

To read a private key takes as long again, for OpenSSL proves its primes. A key that was read once is given again where
the same octets are read under the same password; what is refused is refused each time by cryptography itself. The
modules that read keys take the functions by name when they are imported, so this one goes before all of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_make = rsa.generate_private_key
_kept: dict[tuple[int, int], list[rsa.RSAPrivateKey]] = defaultdict(list)
"""The keys that tests have drawn, by exponent and bits."""
_drawn: Counter[tuple[int, int]] | None = None
"""How many of them the running test has drawn; None between tests."""
_one_at_a_time = Lock()
"""Threads of one test draw, too."""

_read: dict[Any, Any] = {}
"""The RSA keys that were read, by what they were read from."""


def _draw(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
    if _drawn is None:
        return _make(public_exponent, key_size, backend)
    kind = (public_exponent, key_size)
    with _one_at_a_time:
        kept, place = _kept[kind], _drawn[kind]
        _drawn[kind] += 1
        if len(kept) == place:
            kept.append(_make(public_exponent, key_size, backend))
        return kept[place]


def _read_once(read: Callable[..., Any]) -> Callable[..., Any]:
    def lent(data: Any, password: Any = None, backend: Any = None, **how: Any) -> Any:
        name = (read.__name__, bytes(data), password and bytes(password), *sorted(how.items()))
        if name in _read:
            return _read[name]
        key = read(data, password, backend, **how)
        if isinstance(key, rsa.RSAPrivateKey):
            _read[name] = key
        return key

    return lent


for _name in ("load_pem_private_key", "load_der_private_key"):
    setattr(serialization, _name, _read_once(getattr(serialization, _name)))

from joserfc._rfc7518 import rsa_key  # noqa: E402 - it takes what stands above

_import = rsa_key.RSABinding.import_private_key
_PARTS = ("n", "e", "d", "p", "q", "dp", "dq", "qi")


def _imported(parts: Any) -> rsa.RSAPrivateKey:
    if "oth" in parts:
        return _import(parts)
    name = ("jwk", *(parts.get(part) for part in _PARTS))
    if name not in _read:
        _read[name] = _import(parts)
    key: rsa.RSAPrivateKey = _read[name]
    return key


setattr(rsa_key.RSABinding, "import_private_key", staticmethod(_imported))  # noqa: B010 - mypy takes it for a method


@pytest.fixture(scope="session", autouse=True)
def _keys_are_kept() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", _draw)
        patch.setattr(rsa_key, "generate_private_key", _draw)
        yield


@pytest.fixture(autouse=True)
def _keys_of_a_test(_keys_are_kept: None) -> Iterator[None]:
    # Fixtures of a wider scope are set up before and taken down after those of a test.
    global _drawn  # noqa: PLW0603 - drawn from wherever a key is made
    _drawn = Counter()
    yield
    _drawn = None
