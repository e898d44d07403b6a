"""The file format of a backup: encrypted and authenticated chunks, so that changes and gaps are detected.

A file is: a magic number, the header's length (2 bytes), the header as JSON, then chunks of 64 KiB under AES-256-GCM.
The nonce of a piece is its place and whether it is the last one; the head is associated data of every piece.
Each file has a key of its own, derived from a passphrase (scrypt) or from the keyring `backup`, and a salt.
"""

import base64
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from joserfc.jwk import OctKey

from store.database import BackupDamaged, KeyMissing, Keyrings

MARK = b"APUNI-BACKUP-1\n"
PIECE = 65_536
_TAG = 16
SCRYPT_COST = 2**16
"""What a guess of a passphrase costs: with blocks of a kilobyte 64 MiB."""


@dataclass(frozen=True, slots=True)
class BackupKey:
    """The key of a backup: a passphrase, or the keyring `backup` where there is none."""

    passphrase: str | None
    keyrings: Keyrings
    cost: int = SCRYPT_COST
    """The n of scrypt for new files; a file says with which it was locked."""

    def head(self) -> dict[str, Any]:
        """What the head of a new file says about its key: nothing secret."""
        salt = base64.b64encode(os.urandom(32)).decode()
        if self.passphrase is not None:
            return {"key": "passphrase", "salt": salt, "n": self.cost, "r": 8, "p": 1}
        return {"key": "keyring", "salt": salt, "kid": self.keyrings.active("backup").kid}

    def derive_key(self, head: dict[str, Any]) -> bytes:
        """The key of the file with this head. Raises KeyMissing where it needs another kind of key."""
        salt = base64.b64decode(head["salt"])
        if head["key"] == "passphrase":
            if self.passphrase is None:
                raise KeyMissing("the backup was made with a passphrase; set APUNI_BACKUP_PASSPHRASE")
            secret = Scrypt(salt, 32, head["n"], head["r"], head["p"]).derive(self.passphrase.encode())
        else:
            secret = self._ring_secret(str(head["kid"]))
        return HKDF(hashes.SHA256(), 32, salt, b"apuni backup").derive(secret)

    def _ring_secret(self, kid: str) -> bytes:
        for key in self.keyrings.key_set("backup").keys:
            if key.kid == kid and isinstance(key, OctKey):
                return key.raw_value
        raise KeyMissing("the key of the backup is not in the keyring backup")


class SealedWriter:
    """A file to write to; what arrives is encrypted. Without `close` the file is not whole, and reads as damaged."""

    def __init__(self, out: BinaryIO, key: BackupKey) -> None:
        head = json.dumps(content := key.head(), sort_keys=True).encode()
        self._cipher, self._bound = AESGCM(key.derive_key(content)), sha256(head).digest()
        self._out, self._held, self._place = out, bytearray(), 0
        out.write(MARK + len(head).to_bytes(2, "big") + head)

    def write(self, content: bytes) -> int:
        self._held += content
        while len(self._held) > PIECE:
            self._seal(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(content)

    def flush(self) -> None:
        """Nothing to do: pieces leave when they are full."""

    def close(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._place, last=last), piece, self._bound))
        self._place += 1


class SealedReader:
    """Reads what SealedWriter wrote. Raises BackupDamaged at the first piece that is not as it was written."""

    def __init__(self, file: BinaryIO, key: BackupKey) -> None:
        if file.read(len(MARK)) != MARK:
            raise BackupDamaged("the file is no backup of this gateway")
        length = int.from_bytes(file.read(2), "big")
        head = file.read(length)
        try:
            content = json.loads(head)
            secret = key.derive_key(content)
        except (ValueError, KeyError, TypeError):
            raise BackupDamaged("the head of the backup is not readable") from None
        self._cipher, self._bound = AESGCM(secret), sha256(head).digest()
        self._file, self._ready, self._place = file, bytearray(), 0
        self._next = file.read(PIECE + _TAG)
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; empty at the end."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._ready += self._open()
        taken = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(taken)]
        return taken

    def _open(self) -> bytes:
        sealed, self._next = self._next, self._file.read(PIECE + _TAG)
        self._ended = not self._next
        try:
            piece = self._cipher.decrypt(_nonce(self._place, last=self._ended), sealed, self._bound)
        except (InvalidTag, ValueError):
            raise BackupDamaged("the backup was changed or cut off, or it was made with another key") from None
        self._place += 1
        return piece


def _nonce(place: int, *, last: bool) -> bytes:
    return place.to_bytes(11, "big") + bytes((last,))
