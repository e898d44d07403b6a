"""Keyrings: one JWK set for each purpose, in files that only the gateway's user can read.

The active key signs and encrypts; older ones only verify and decrypt, which `key_ops` of RFC 7517
section 4.3 says and joserfc enforces. Of older key pairs only the public half is kept. Of a key that a holder keeps
(KeyHolder, a PKCS#11 module or a remote signer) the file has only the name and the public half.
"""

import fcntl
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol, Self, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, RSAKey

from store.database.atomic_files import create_atomically, sync_folder, write_atomically
from store.database.errors import HolderFailed, KeyMissing

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey


class KeyHolder(Protocol):
    """Where keys are held. A key is named by its purpose and its id; each method raises KeyMissing or HolderFailed."""

    families: frozenset[str]
    """The kinds of keys that are held there (`EC`, `RSA`, `oct`); those of other kinds lie in files."""

    def generate(self, purpose: str, key_id: str, family: str) -> PublicKey | None:
        """Make a key that cannot be taken out: a pair (EC on P-256, RSA of 2048 bits), or for oct two secrets.

        Gives the public half of a pair. Of the two secrets one encrypts and one is for `mac`.
        """

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """Sign with SHA-256: by ECDSA, in DER, or by RSA with PKCS#1 v1.5."""

    def encrypt(self, purpose: str, key_id: str, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        """AES-256-GCM with a tag of 16 bytes at the end."""

    def decrypt(self, purpose: str, key_id: str, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """Open what `encrypt` made; raises InvalidTag of cryptography for anything else."""

    def mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """HMAC-SHA-256."""

    def destroy(self, purpose: str, key_id: str) -> None:
        """Delete a key for good; one that is not there is left so."""


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret key that is held, with the calls of cryptography's AESGCM."""

    _holder: KeyHolder
    _purpose: str
    kid: str

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        return self._holder.encrypt(self._purpose, self.kid, nonce, data, associated_data)

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        return self._holder.decrypt(self._purpose, self.kid, nonce, data, associated_data)

    def mac(self, message: bytes) -> bytes:
        return self._holder.mac(self._purpose, self.kid, message)


class _HeldPair:
    """What both kinds of private keys have in common; what would take the key out is refused."""

    def __init__(self, holder: KeyHolder, purpose: str, key_id: str, public: Any) -> None:
        self._holder, self._purpose, self._key_id, self._public = holder, purpose, key_id, public

    @property
    def key_size(self) -> int:
        return int(self._public.key_size)

    def public_key(self) -> Any:
        return self._public

    def _sign(self, data: Any, *how: Any) -> bytes:
        """Sign, and check it: what a holder gives out must not leave us before the public half verifies it."""
        signature = self._holder.sign(self._purpose, self._key_id, bytes(data))
        try:
            self._public.verify(signature, bytes(data), *how)
        except InvalidSignature:
            raise HolderFailed(f"what the key {self._key_id} of {self._purpose} signed does not verify") from None
        return signature

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UnsupportedAlgorithm("the key is held elsewhere; it signs with SHA-256 and does nothing else")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    private_numbers = private_bytes = decrypt = exchange = _refuse


class HeldRsaKey(_HeldPair, RSAPrivateKey):
    """An RSA key that is held; it signs by PKCS#1 v1.5 with SHA-256."""

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        if not isinstance(padding, PKCS1v15) or not isinstance(algorithm, SHA256):
            self._refuse()
        return self._sign(data, padding, algorithm)


class HeldEcKey(_HeldPair, ec.EllipticCurvePrivateKey):
    """A key on P-256 that is held; it signs by ECDSA with SHA-256."""

    @property
    def curve(self) -> ec.EllipticCurve:
        return ec.SECP256R1()

    def sign(self, data: Any, signature_algorithm: Any) -> bytes:
        if not isinstance(signature_algorithm, ec.ECDSA) or not isinstance(signature_algorithm.algorithm, SHA256):
            self._refuse()
        return self._sign(data, signature_algorithm)


JoseKey: TypeAlias = OctKey | RSAKey | ECKey
RingKey: TypeAlias = JoseKey | HeldSecret
"""Kinds of keys that a ring holds."""

_SIGN, _ENCRYPT = ("sign", "verify"), ("encrypt", "decrypt")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How the keys of one purpose are made. `operations` are those of the active key, the second of older ones.

    `needed` where what was made with a key must be found or opened with it for ever; `holdable` where a holder may
    keep it.
    """

    family: str
    algorithm: str | None
    operations: tuple[str, str]
    needed: bool = False
    holdable: bool = False


PURPOSES: dict[str, _Kind] = {
    "session": _Kind("EC", "ES256", _SIGN, holdable=True),
    "cursor": _Kind("oct", None, _SIGN),
    "manifest": _Kind("EC", "ES256", _SIGN),
    "qr": _Kind("EC", "ES256", _SIGN),
    "field": _Kind("oct", None, _ENCRYPT, needed=True),
    "blind_index": _Kind("oct", None, _SIGN, needed=True),
    "object": _Kind("oct", None, _ENCRYPT, needed=True),
    "vault": _Kind("oct", None, _ENCRYPT, needed=True, holdable=True),
    "backup": _Kind("oct", None, _ENCRYPT, needed=True),
    "audit": _Kind("oct", None, _SIGN, needed=True),
    "pdf": _Kind("RSA", None, _SIGN, holdable=True),
    "xml": _Kind("RSA", None, _SIGN, holdable=True),
}
"""Every purpose that has a keyring (ADR 0018)."""

HOLDABLE = tuple(purpose for purpose, kind in PURPOSES.items() if kind.holdable)
"""The purposes whose keys a holder may keep: sessions, certificates and the vault."""

REWRAPPED = ("object", "vault")
"""The purposes whose older keys can be dropped once nothing stands under them (actions/platform/rewrapping.py)."""

_Mark: TypeAlias = tuple[int, int, int]

LOOK_SECONDS = 1.0
"""How long `recent_keys` goes by one look at the file."""


class Keyrings:
    """The keyrings of one folder, read again whenever a file changes."""

    def __init__(self, folder: Path, holder: KeyHolder | None = None, mark: str = "") -> None:
        """With a holder the new keys of the purposes of HOLDABLE are made and used there; `mark` begins their ids."""
        self._folder = folder
        self._mark = mark
        self._holder = holder
        self.encryptions: Counter[tuple[str, str]] = Counter()
        """How often this process encrypted, by purpose and key id: a key of AES-GCM with random nonces is good for
        2**32 times (NIST SP 800-38D)."""
        self._read: dict[str, tuple[_Mark, tuple[RingKey, ...]]] = {}
        self._looked_at: dict[str, float] = {}

    def init(self) -> None:
        """Make every keyring that is missing; safe where several processes start at once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._folder.stat().st_mode & 0o077 and os.access(self._folder, os.W_OK):
            self._folder.chmod(0o700)
        for purpose in PURPOSES:
            if not self._path(purpose).exists():
                self._create(purpose)

    def rotate(self, purpose: str) -> None:
        """Make a new active key; those before it stay to verify and decrypt. Raises KeyMissing."""
        with self._lock_file(purpose):
            jwks = self._jwks_with_ages(purpose)
            self._write(purpose, [self._new_jwk(purpose), *_as_older(jwks, PURPOSES[purpose])])
            if PURPOSES[purpose].family != "oct":
                self._destroy(purpose, jwks[:1])

    def drop(self, purpose: str, key_id: str) -> None:
        """Take a stolen key out, so that nothing which it signed holds any more; the others stay.

        In the place of the active one a new one is made. Raises KeyMissing for a key that is not there, and for one
        without which what is kept could not be read. Of REWRAPPED the caller sees to it that nothing needs the key.
        """
        with self._lock_file(purpose):
            self.require_droppable(purpose, key_id)
            jwks = self._jwks_with_ages(purpose)
            gone = [jwk for jwk in jwks if jwk["kid"] == key_id]
            new = [self._new_jwk(purpose)] if jwks[0]["kid"] == key_id else []
            self._write(purpose, [*new, *(jwk for jwk in jwks if jwk["kid"] != key_id)])
            self._destroy(purpose, gone)

    def require_droppable(self, purpose: str, key_id: str) -> None:
        """Raise KeyMissing where `drop` would."""
        needed = purpose in PURPOSES and PURPOSES[purpose].needed
        if needed and purpose not in REWRAPPED:
            raise KeyMissing(f"what is kept needs the keys of {purpose}; run `apuni keys rotate {purpose}`")
        key_ids = [jwk["kid"] for jwk in self._jwks_with_ages(purpose)]
        if key_id not in key_ids:
            raise KeyMissing(f"the keyring {purpose} has no key {key_id}; see `apuni doctor keys`")
        if needed and key_id == key_ids[0]:
            raise KeyMissing(f"it encrypts now; run `apuni keys rotate {purpose}`, then `apuni keys rewrap {purpose}`")

    def active(self, purpose: str) -> JoseKey:
        """The key that signs or encrypts now. Raises KeyMissing, also for a secret that is held elsewhere."""
        key = self._keys(purpose)[0]
        if isinstance(key, HeldSecret):
            raise KeyMissing(f"the key of {purpose} is held elsewhere")
        return key

    def keys(self, purpose: str) -> tuple[RingKey, ...]:
        """Every key of the purpose, the active one first. Raises KeyMissing."""
        return self._keys(purpose)

    def recent_keys(self, purpose: str, now: float) -> tuple[RingKey, ...]:
        """As `keys`, by a look at the file within the last second; `now` is that of a monotonic clock.

        It is the same tuple as long as nothing changed, for who asks whether what was verified still holds. What this
        object writes shows at once.
        """
        if now - self._looked_at.get(purpose, -LOOK_SECONDS) < LOOK_SECONDS:
            return self._read[purpose][1]
        keys = self._keys(purpose)
        self._looked_at[purpose] = now
        return keys

    def key_set(self, purpose: str) -> KeySet:
        """The keys of a purpose by which joserfc verifies, the active one first. Raises KeyMissing."""
        return KeySet([key for key in self._keys(purpose) if not isinstance(key, HeldSecret)])

    def key_ids(self) -> Iterator[str]:
        """The identifier of each key of every keyring that is there. Raises KeyMissing for one that cannot be read."""
        there = (purpose for purpose in PURPOSES if self._path(purpose).exists())
        return (str(jwk.get("kid")) for purpose in there for jwk in self._read_jwks(self._path(purpose)))

    def secrets(self, purpose: str) -> Iterator[bytes]:
        """The bytes of each key of a purpose whose keys are symmetric, the active one first. Raises KeyMissing."""
        return (octets_of(key) for key in self._keys(purpose))

    def in_file(self, purposes: Sequence[str]) -> list[str]:
        """Those of the purposes whose active key lies in its file, and with no holder. Raises KeyMissing."""
        made = [purpose for purpose in purposes if self._path(purpose).exists()]
        return [purpose for purpose in made if not self._read_jwks(self._path(purpose))[0].get("held")]

    def made_at(self, purpose: str) -> tuple[datetime, ...]:
        """Since when each key is there, the active one first. Raises KeyMissing."""
        return tuple(datetime.fromtimestamp(jwk["iat"], UTC) for jwk in self._jwks_with_ages(purpose))

    def _jwks_with_ages(self, purpose: str) -> list[dict[str, Any]]:
        """The file's keys; one that was made when the file was last written gets the time of that."""
        path = self._path(purpose)
        jwks = self._read_jwks(path)
        written = int(path.stat().st_mtime)
        return [{"iat": written, **jwk} for jwk in jwks]

    def _write(self, purpose: str, jwks: Sequence[dict[str, Any]]) -> None:
        write_atomically(self._path(purpose), _content(jwks))
        self._looked_at.pop(purpose, None)
        sync_folder(self._folder)

    def _new_jwk(self, purpose: str) -> dict[str, Any]:
        kind, key_id = PURPOSES[purpose], self._mark + secrets.token_hex(4)
        if self._holder is None or not kind.holdable or kind.family not in self._holder.families:
            return dict(_new_key(kind, key_id).as_dict(private=True))
        public = self._holder.generate(purpose, key_id, kind.family)
        jwk: dict[str, Any] = _public_jwk(public) if public is not None else {"kty": "oct"}
        named = {"kid": key_id, "key_ops": list(kind.operations), "held": True}
        return jwk | named | ({"alg": kind.algorithm} if kind.algorithm else {})

    def _destroy(self, purpose: str, jwks: Sequence[dict[str, Any]]) -> None:
        for jwk in jwks:
            if jwk.get("held") and self._holder is not None:
                self._holder.destroy(purpose, jwk["kid"])

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
            keys = tuple(self._import(path.stem, jwk) for jwk in self._read_jwks(path))
        except (ValueError, KeyError, TypeError):
            raise KeyMissing(f"the keyring {path.stem} cannot be read") from None
        if not keys:
            raise KeyMissing(f"the keyring {path.stem} is empty")
        return keys

    def _read_jwks(self, path: Path) -> list[dict[str, Any]]:
        try:
            return list(json.loads(path.read_bytes())["keys"])
        except (OSError, ValueError, KeyError, TypeError):
            raise KeyMissing(f"the keyring {path.stem} cannot be read") from None

    def _import(self, purpose: str, jwk: dict[str, Any]) -> RingKey:
        families: dict[str, type[JoseKey]] = {"EC": ECKey, "RSA": RSAKey, "oct": OctKey}
        signs = PURPOSES[purpose].operations[0] in jwk["key_ops"] or jwk["kty"] == "oct"
        if not jwk.get("held") or not signs:
            return families[jwk["kty"]].import_key(jwk)
        if self._holder is None:
            raise KeyMissing(f"a key of {purpose} is held elsewhere; set APUNI_PKCS11__MODULE or APUNI_SIGNER__URL")
        if jwk["kty"] == "oct":
            return HeldSecret(self._holder, purpose, jwk["kid"])
        if jwk["kty"] == "EC":
            return ECKey(HeldEcKey(self._holder, purpose, jwk["kid"], ECKey.import_key(jwk).public_key), jwk)
        return RSAKey(HeldRsaKey(self._holder, purpose, jwk["kid"], RSAKey.import_key(jwk).public_key), jwk)

    def _path(self, purpose: str) -> Path:
        if purpose not in PURPOSES:
            raise KeyMissing(f"there is no keyring {purpose}")
        return self._folder / f"{purpose}.json"

    def _create(self, purpose: str) -> None:
        # Where another process was first, its keys are used by this one too.
        jwk = self._new_jwk(purpose)
        create_atomically(self._path(purpose), _content([jwk]))
        sync_folder(self._folder)
        if jwk["kid"] not in {each["kid"] for each in self._read_jwks(self._path(purpose))}:
            self._destroy(purpose, [jwk])

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


def _new_key(kind: _Kind, key_id: str) -> JoseKey:
    parameters: KeyParameters = {"kid": key_id, "key_ops": list(kind.operations)}
    if kind.algorithm:
        parameters["alg"] = kind.algorithm
    match kind.family:
        case "EC":
            return ECKey.generate_key("P-256", parameters)
        case "RSA":
            return RSAKey.generate_key(2048, parameters)
        case _:
            return OctKey.generate_key(256, parameters)


def _as_older(jwks: Sequence[dict[str, Any]], kind: _Kind) -> list[dict[str, Any]]:
    """Older keys: they verify or decrypt only, and of a pair the private half is gone (RFC 7518 section 6)."""
    private = () if kind.family == "oct" else ("d", "p", "q", "dp", "dq", "qi")
    older = [{name: value for name, value in jwk.items() if name not in private} for jwk in jwks]
    return [jwk | {"key_ops": [kind.operations[1]]} for jwk in older]


def _public_jwk(key: PublicKey) -> dict[str, Any]:
    jwk = RSAKey(key, key) if isinstance(key, RSAPublicKey) else ECKey(key, key)
    return dict(jwk.as_dict(private=False))


def _content(keys: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps({"keys": list(keys)}, indent=2).encode()
