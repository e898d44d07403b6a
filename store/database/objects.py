"""Files by the hash of their content, such as certificates and attachments, in a local folder."""

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Protocol

from store.database.atomic_files import sync_folder, write_atomically
from store.database.errors import ObjectDamaged, StoreUnavailable

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ObjectStore(Protocol):
    """Where files are kept: a folder here, an S3-compatible store for a cluster."""

    async def put(self, content: bytes, media_type: str) -> str:
        """Keep a file and give its SHA-256 in hex; the same content is kept once."""
        ...

    async def get(self, sha256: str) -> bytes | None:
        """The content, or None. Raises ObjectDamaged where it does not fit its name."""
        ...

    async def media_type(self, sha256: str) -> str | None:
        """The media type that the file was first put with, or None."""
        ...

    async def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        ...

    async def remove(self, sha256: str) -> bool:
        """Delete a file that nothing names any more; False where it is not there."""
        ...


class LocalObjects:
    """Files in a folder of this machine, written whole or not at all and synced before they count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes, media_type: str) -> str:
        name = hashlib.sha256(content).hexdigest()
        try:
            await asyncio.to_thread(self._write, name, content, media_type)
        except OSError as error:
            raise StoreUnavailable(f"a file cannot be written ({type(error).__name__})") from None
        return name

    async def get(self, sha256: str) -> bytes | None:
        content = await asyncio.to_thread(self._read, sha256, "")
        if content is not None and hashlib.sha256(content).hexdigest() != sha256:
            raise ObjectDamaged("a file does not have the content that its name says")
        return content

    async def media_type(self, sha256: str) -> str | None:
        kind = await asyncio.to_thread(self._read, sha256, ".type")
        return kind.decode() if kind is not None else None

    async def exists(self, sha256: str) -> bool:
        return bool(_SHA256.fullmatch(sha256)) and await asyncio.to_thread(self._path(sha256).exists)

    async def remove(self, sha256: str) -> bool:
        if not _SHA256.fullmatch(sha256):
            return False
        return await asyncio.to_thread(self._remove, self._path(sha256))

    def _remove(self, path: Path) -> bool:
        try:
            path.unlink()
            path.with_name(path.name + ".type").unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreUnavailable(f"a file cannot be deleted ({type(error).__name__})") from None
        sync_folder(path.parent)
        return True

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:4] / sha256

    def _read(self, sha256: str, suffix: str) -> bytes | None:
        if not _SHA256.fullmatch(sha256):
            return None
        path = self._path(sha256)
        try:
            return path.with_name(path.name + suffix).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreUnavailable(f"a file cannot be read ({type(error).__name__})") from None

    def _write(self, sha256: str, content: bytes, media_type: str) -> None:
        path = self._path(sha256)
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The media type comes first: a file that is there always has one.
        write_atomically(path.with_name(path.name + ".type"), media_type.encode())
        write_atomically(path, content)
        for folder in (path.parent, path.parent.parent, self._folder):
            sync_folder(folder)
