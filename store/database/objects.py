"""Files by the hash of their content, such as certificates and attachments, each encrypted under a key of its own.

`keys/` holds for each file its data key, wrapped by the keyring `object` together with the media type, and `sealed/`
the content in pieces under AES-256-GCM. Who deletes the key has deleted the file, whatever copies of the content there
are. What lies in neither is a file of a release before 0.3.0, kept in clear until `encrypt` has rewritten it.
"""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.database.atomic_files import create_atomically, sync_folder, write_atomically
from store.database.cipher import FieldCipher
from store.database.errors import CannotDecrypt, ObjectDamaged, StoreUnavailable
from store.database.keyring import Keyrings

PIECE = 65_536
"""Bytes of the content in each piece."""

_TAG = 16
_KEYS = "keys"
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Blobs(Protocol):
    """Bytes by a path, in a folder or a bucket; every method raises StoreUnavailable."""

    async def read(self, path: str) -> bytes | None:
        """The bytes, or None."""

    async def create(self, path: str, content: bytes) -> bool:
        """Write bytes whole or not at all; False where some are there already, which stay."""

    async def replace(self, path: str, content: bytes) -> None:
        """Write bytes whole or not at all in place of those that are there."""

    async def exists(self, path: str) -> bool:
        """Whether there are any."""

    async def delete(self, path: str) -> bool:
        """Delete them; False where there are none."""

    async def media_type(self, path: str) -> str | None:
        """The media type of a file in clear, or None."""

    def names(self, folder: str = "") -> AsyncIterator[str]:
        """The last parts of the paths of what lies in a folder; without one of the files in clear. None comes twice."""


class LocalBlobs:
    """Blobs in a folder of this machine, written whole or not at all and synced before they count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def read(self, path: str) -> bytes | None:
        content: bytes | None = await _run("read", _read, self._folder / path)
        return content

    async def create(self, path: str, content: bytes) -> bool:
        return bool(await _run("written", self._create, self._folder / path, content))

    async def replace(self, path: str, content: bytes) -> None:
        await _run("written", write_atomically, self._folder / path, content)

    async def exists(self, path: str) -> bool:
        return bool(await _run("read", (self._folder / path).exists))

    async def delete(self, path: str) -> bool:
        return bool(await _run("deleted", _delete, self._folder / path))

    async def media_type(self, path: str) -> str | None:
        kind = await self.read(f"{path}.type")
        return kind.decode() if kind is not None else None

    async def names(self, folder: str = "") -> AsyncIterator[str]:
        for each in sorted(await asyncio.to_thread(lambda: list((self._folder / folder).glob("[0-9a-f][0-9a-f]")))):
            for name in await asyncio.to_thread(lambda at: [path.name for path in at.glob("??/" + "?" * 64)], each):
                yield name

    def _create(self, path: Path, content: bytes) -> bool:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        created = create_atomically(path, content)
        for folder in path.parents[: len(path.relative_to(self._folder).parts)]:
            sync_folder(folder)
        return created


class EncryptedObjects:
    """Where files are kept, each under a key of its own, in a folder or a bucket."""

    def __init__(self, blobs: Blobs, keyrings: Keyrings) -> None:
        self._blobs = blobs
        self._cipher = FieldCipher(keyrings, purpose="object")

    async def put(self, content: bytes, media_type: str) -> str:
        """Keep a file and give its SHA-256 in hex; the same content is kept once, with its first media type."""
        name = await asyncio.to_thread(_hash, content)
        if not await self.exists(name):
            await self._create(name, content, media_type)
        return name

    async def get(self, sha256: str) -> bytes | None:
        """The content, or None. Raises ObjectDamaged where it does not fit its name or does not open."""
        if not _SHA256.fullmatch(sha256):
            return None
        content = await self._read_encrypted(sha256)
        if content is None:
            content = await self._blobs.read(_path(sha256))
        if content is None:  # it may have been rewritten between the two
            content = await self._read_encrypted(sha256)
        if content is not None and await asyncio.to_thread(_hash, content) != sha256:
            raise ObjectDamaged("a file does not have the content that its name says")
        return content

    async def media_type(self, sha256: str) -> str | None:
        """The media type that the file was first put with, or None. Raises ObjectDamaged."""
        if not _SHA256.fullmatch(sha256):
            return None
        wrapped = await self._blobs.read(_key_path(sha256))
        return (
            await self._blobs.media_type(_path(sha256))
            if wrapped is None
            else self._unwrap(sha256, wrapped)["mediaType"]
        )

    async def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        if not _SHA256.fullmatch(sha256):
            return False
        return await self._blobs.exists(_key_path(sha256)) or await self._blobs.exists(_path(sha256))

    async def remove(self, sha256: str) -> bool:
        """Delete a file that nothing names any more, its key first; False where it is not there."""
        if not _SHA256.fullmatch(sha256):
            return False
        wrapped = await self._blobs.read(_key_path(sha256))
        if wrapped is not None:
            path = self._sealed_path(sha256, wrapped)
            await self._blobs.delete(_key_path(sha256))
            await self._blobs.delete(path)
        return await self._blobs.delete(_path(sha256)) or wrapped is not None

    def clear_names(self) -> AsyncIterator[str]:
        """The names of the files that lie in clear."""
        return self._blobs.names()

    def encrypted_names(self) -> AsyncIterator[str]:
        """The names of the files that are encrypted."""
        return self._blobs.names(_KEYS)

    async def rewrap(self, sha256: str, *, write: bool = True) -> bool:
        """Whether an older key had wrapped a file's own; with `write` the newest does then, under the same condition.

        Raises ObjectDamaged.
        """
        wrapped = await self._blobs.read(_key_path(sha256))
        if wrapped is None or self._cipher.is_sealed_by_active(wrapped):
            return False
        if write:
            record = {**self._unwrap(sha256, wrapped), "sealed": self._sealed_path(sha256, wrapped)}
            await self._blobs.replace(_key_path(sha256), self._cipher.encrypt_json(record, _key_context(sha256)))
        return True

    async def encrypt(self, sha256: str) -> None:
        """Rewrite a file that lies in clear; may be repeated. The caller sees to it that nobody deletes it meanwhile.

        Raises ObjectDamaged.
        """
        content = await self._blobs.read(_path(sha256))
        if content is None:
            return
        if await asyncio.to_thread(_hash, content) != sha256:
            raise ObjectDamaged("a file does not have the content that its name says")
        if not await self._blobs.exists(_key_path(sha256)):
            kind = await self._blobs.media_type(_path(sha256))
            await self._create(sha256, content, kind or "application/octet-stream")
        await self._blobs.delete(_path(sha256))

    async def _create(self, sha256: str, content: bytes, media_type: str) -> None:
        """Write the content and then its key, by which it counts; of several processes the first key stays."""
        key = os.urandom(32)
        wrapped = self._cipher.encrypt_json({"key": key.hex(), "mediaType": media_type}, _key_context(sha256))
        path = _named_after(sha256, wrapped)
        await self._blobs.create(path, await asyncio.to_thread(_seal, AESGCM(key), sha256, content))
        created = await self._blobs.create(_key_path(sha256), wrapped)
        if not created and await self._blobs.read(_key_path(sha256)) != wrapped:  # else our own request was sent twice
            await self._blobs.delete(path)

    async def _read_encrypted(self, sha256: str) -> bytes | None:
        wrapped = await self._blobs.read(_key_path(sha256))
        if wrapped is None:
            return None
        key = AESGCM(bytes.fromhex(self._unwrap(sha256, wrapped)["key"]))
        sealed = await self._blobs.read(self._sealed_path(sha256, wrapped))
        return None if sealed is None else await asyncio.to_thread(_open, key, sha256, sealed)

    def _unwrap(self, sha256: str, wrapped: bytes) -> dict[str, str]:
        """The data key in hex, the media type, and where the content lies if its key was wrapped again."""
        try:
            record: dict[str, str] = self._cipher.decrypt_json(wrapped, _key_context(sha256))
        except CannotDecrypt:
            raise ObjectDamaged("the key of a file does not open") from None
        return record

    def _sealed_path(self, sha256: str, wrapped: bytes) -> str:
        """Where the content lies; of a key that does not open, where it was first."""
        with suppress(ObjectDamaged):
            return self._unwrap(sha256, wrapped).get("sealed") or _named_after(sha256, wrapped)
        return _named_after(sha256, wrapped)


def _seal(cipher: AESGCM, sha256: str, content: bytes) -> bytes:
    """The pieces one after the other; the nonce is the piece's number, as no key seals anything else."""
    starts = range(0, max(len(content), 1), PIECE)
    numbered = ((number, content[start : start + PIECE]) for number, start in enumerate(starts, 1))
    count = len(starts)
    return b"".join(
        cipher.encrypt(_nonce(number), piece, _associated_data(sha256, number, count)) for number, piece in numbered
    )


def _open(cipher: AESGCM, sha256: str, sealed: bytes) -> bytes:
    starts = range(0, len(sealed), PIECE + _TAG)
    try:
        return b"".join(
            cipher.decrypt(
                _nonce(number), sealed[start : start + PIECE + _TAG], _associated_data(sha256, number, len(starts))
            )
            for number, start in enumerate(starts, 1)
        )
    except (InvalidTag, ValueError):
        raise ObjectDamaged("the content of a file does not open") from None


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _associated_data(sha256: str, number: int, count: int) -> bytes:
    """The associated data of a piece: the file's address, the piece's number, and how many there are."""
    return f"{sha256}:{number}:{count}".encode()


def _path(name: str) -> str:
    return f"{name[:2]}/{name[2:4]}/{name}"


def _key_path(sha256: str) -> str:
    return f"{_KEYS}/{_path(sha256)}"


def _named_after(sha256: str, wrapped: bytes) -> str:
    """Named after the key too: two processes that keep the same file at once do not write over each other."""
    return f"sealed/{_path(sha256)}-{_hash(wrapped)[:16]}"


def _key_context(sha256: str) -> str:
    return f"objects:key:{sha256}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def _run(done: str, work: Callable[..., Any], *args: object) -> Any:
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as error:
        raise StoreUnavailable(f"a file cannot be {done} ({type(error).__name__})") from None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    path.with_name(f"{path.name}.type").unlink(missing_ok=True)
    sync_folder(path.parent)
    return True
