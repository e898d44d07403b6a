"""Keyrings: one JWK set for each purpose, in files that only the gateway's user can read.

The active key signs and encrypts; older ones only verify and decrypt, which `key_ops` of RFC 7517
section 4.3 says and joserfc enforces. Of older key pairs only the public half is kept.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, RSAKey

from store.database.atomic_files import create_atomically, sync_folder, write_atomically
from store.database.errors import KeyMissing

RingKey: TypeAlias = OctKey | RSAKey | ECKey
"""Kinds of keys that a ring holds."""

_SIGN, _ENCRYPT = ("sign", "verify"), ("encrypt", "decrypt")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the keys of one purpose are made. `operations` are those of the active key, the second of older ones."""

    family: str
    algorithm: str | None
    operations: tuple[str, str]


PURPOSES: dict[str, _Kind] = {
    "session": _Kind("EC", "ES256", _SIGN),
    "cursor": _Kind("oct", None, _SIGN),
    "manifest": _Kind("EC", "ES256", _SIGN),
    "qr": _Kind("EC", "ES256", _SIGN),
    "field": _Kind("oct", None, _ENCRYPT),
    "blind_index": _Kind("oct", None, _SIGN),
    "object": _Kind("oct", None, _ENCRYPT),
    "vault": _Kind("oct", None, _ENCRYPT),
    "backup": _Kind("oct", None, _ENCRYPT),
    "pdf": _Kind("RSA", None, _SIGN),
    "xml": _Kind("RSA", None, _SIGN),
}
"""Every purpose that has a keyring (ADR 0018)."""

_Mark: TypeAlias = tuple[int, int, int]


class Keyrings:
    """The keyrings of one folder, read again whenever a file changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[_Mark, tuple[RingKey, ...]]] = {}

    def init(self) -> None:
        """Make every keyring that is missing; safe where several processes start at once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._folder.stat().st_mode & 0o077 and os.access(self._folder, os.W_OK):
            self._folder.chmod(0o700)
        for purpose in PURPOSES:
            if not self._path(purpose).exists():
                self._create(purpose, [_jwk(_new_key(purpose))])

    def rotate(self, purpose: str) -> None:
        """Make a new active key; those before it stay to verify and decrypt. Raises KeyMissing."""
        with self._lock_file(purpose):
            older = [_retire_key(key, PURPOSES[purpose]) for key in self._load(self._path(purpose))]
            content = _content([_jwk(_new_key(purpose)), *older])
            write_atomically(self._path(purpose), content)
            sync_folder(self._folder)

    def active(self, purpose: str) -> RingKey:
        """The key that signs or encrypts now. Raises KeyMissing."""
        return self._keys(purpose)[0]

    def key_set(self, purpose: str) -> KeySet:
        """Every key of the purpose, the active one first. Raises KeyMissing."""
        return KeySet(list(self._keys(purpose)))

    def secrets(self, purpose: str) -> Iterator[bytes]:
        """The bytes of each key of a purpose whose keys are symmetric, the active one first. Raises KeyMissing."""
        return (octets_of(key) for key in self._keys(purpose))

    def changed_at(self, purpose: str) -> datetime:
        """When the keyring was made or last rotated, by its file. Raises KeyMissing."""
        try:
            return datetime.fromtimestamp(self._path(purpose).stat().st_mtime, UTC)
        except OSError:
            raise KeyMissing(f"the keyring {purpose} is not there; run `apuni keys init`") from None

    def _keys(self, purpose: str) -> tuple[RingKey, ...]:
        path = self._path(purpose)
        try:
            status = path.stat()
        except OSError:
            raise KeyMissing(f"the keyring {purpose} is not there; run `apuni keys init`") from None
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        known = self._read.get(purpose)
        if known is None or known[0] != mark:
            known = (mark, self._load(path))
            self._read[purpose] = known
        return known[1]

    def _load(self, path: Path) -> tuple[RingKey, ...]:
        try:
            keys = tuple(_import(jwk) for jwk in json.loads(path.read_bytes())["keys"])
        except (OSError, ValueError, KeyError, TypeError):
            raise KeyMissing(f"the keyring {path.stem} cannot be read") from None
        if not keys:
            raise KeyMissing(f"the keyring {path.stem} is empty")
        return keys

    def _path(self, purpose: str) -> Path:
        if purpose not in PURPOSES:
            raise KeyMissing(f"there is no keyring {purpose}")
        return self._folder / f"{purpose}.json"

    def _create(self, purpose: str, keys: Sequence[dict[str, Any]]) -> None:
        # Where another process was first, its keys are used by this one too.
        create_atomically(self._path(purpose), _content(keys))
        sync_folder(self._folder)

    @contextmanager
    def _lock_file(self, purpose: str) -> Iterator[None]:
        lock = self._path(purpose).with_suffix(".lock")
        handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def octets_of(key: object) -> bytes:
    """The bytes of a symmetric key. Raises KeyMissing for any other."""
    if not isinstance(key, OctKey):
        raise KeyMissing("a symmetric key is needed")
    return bytes(key.raw_value)


def _new_key(purpose: str) -> RingKey:
    kind = PURPOSES[purpose]
    parameters: KeyParameters = {"kid": secrets.token_hex(4), "key_ops": list(kind.operations)}
    if kind.algorithm:
        parameters["alg"] = kind.algorithm
    match kind.family:
        case "EC":
            return ECKey.generate_key("P-256", parameters)
        case "RSA":
            return RSAKey.generate_key(2048, parameters)
        case _:
            return OctKey.generate_key(256, parameters)


def _retire_key(key: RingKey, kind: _Kind) -> dict[str, Any]:
    jwk: dict[str, Any] = dict(key.as_dict(private=isinstance(key, OctKey)))
    return jwk | {"key_ops": [kind.operations[1]]}


def _jwk(key: RingKey) -> dict[str, Any]:
    return dict(key.as_dict(private=True))


def _import(jwk: dict[str, Any]) -> RingKey:
    families: dict[str, type[RingKey]] = {"EC": ECKey, "RSA": RSAKey, "oct": OctKey}
    return families[jwk["kty"]].import_key(jwk)


def _content(keys: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"keys": list(keys)}, indent=2).encode()
