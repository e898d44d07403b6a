"""The PDFs of old certificates, in a folder or in a tar file that is read by an index on disk."""

import asyncio
import hashlib
import heapq
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from actions.kernel.scanner import Scanner
from domain.kernel import Problems
from domain.uploads.file_types import true_type
from domain.uploads.files import MediaType
from legacy.applications import Fault, LegacyCertificate

MOST_OCTETS = 10 * 1024 * 1024
"""Of one certificate, as DigiLocker takes (docs/contracts/digilocker.md)."""

_KEY, _PLACE, _RECORD = 16, 8, 32
_SORTED_AT_ONCE = 100_000


class CertificateFiles(Protocol):
    """Where the PDFs lie."""

    def read(self, name: str) -> bytes | None:
        """A file by the name that its row says, or None; blocking. More than MOST_OCTETS are not read to the end."""
        ...

    def close(self) -> None:
        """Close the open files."""
        ...


class NoFiles:
    """No certificates were handed over."""

    def read(self, name: str) -> bytes | None:
        """None for every name."""
        del name
        return None

    def close(self) -> None:
        """Nothing is open."""


class FolderFiles:
    """Files below a folder; a name that leads out of it, by dots or by a link, names nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def read(self, name: str) -> bytes | None:
        """The first bytes of a file, one more than are allowed."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or not path.is_file():
                return None
            with path.open("rb") as file:
                return file.read(MOST_OCTETS + 1)
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Nothing is open."""


class TarFiles:
    """Members of a tar file that is not packed. Raises tarfile.TarError and OSError when it is opened.

    The names are sorted on the disk, so that a million of them take no memory; of two with one name the later counts.
    """

    def __init__(self, path: Path) -> None:
        self._tar = path.open("rb")
        try:
            self._index, self._many = _build_index(path)
        except BaseException:
            self._tar.close()
            raise

    def read(self, name: str) -> bytes | None:
        """The first bytes of a member, one more than are allowed."""
        place = self._find_record(_key(name))
        if place is None:
            return None
        offset, size = place
        return os.pread(self._tar.fileno(), min(size, MOST_OCTETS + 1), offset)

    def close(self) -> None:
        """Close the tar file and the index, which goes with it."""
        self._tar.close()
        self._index.close()

    def _find_record(self, key: bytes) -> tuple[int, int] | None:
        low, high = 0, self._many
        while low < high:
            middle = (low + high) // 2
            if self._record(middle)[:_KEY] <= key:
                low = middle + 1
            else:
                high = middle
        record = self._record(low - 1) if low else b""
        if record[:_KEY] != key:
            return None
        split = _KEY + _PLACE
        return int.from_bytes(record[_KEY:split], "big"), int.from_bytes(record[split:], "big")

    def _record(self, place: int) -> bytes:
        return os.pread(self._index.fileno(), _RECORD, place * _RECORD)


def _build_index(path: Path) -> tuple[BinaryIO, int]:
    """A file of records in the order of their keys, and how many."""
    runs: list[BinaryIO] = []
    batch: list[bytes] = []
    with tarfile.open(path, "r:") as tar:
        while (member := tar.next()) is not None:
            vars(tar)["members"].clear()  # the list would hold every member of the file
            if member.isreg():
                places = member.offset_data.to_bytes(_PLACE, "big") + member.size.to_bytes(_PLACE, "big")
                batch.append(_key(member.name) + places)
            if len(batch) >= _SORTED_AT_ONCE:
                runs.append(_run(batch))
                batch = []
    runs.append(_run(batch))
    index, many = tempfile.TemporaryFile(), 0  # noqa: SIM115 - it lives as long as the tar file is read
    for record in heapq.merge(*(_records(run) for run in runs)):
        index.write(record)
        many += 1
    for run in runs:
        run.close()
    index.flush()
    return index, many


def _run(batch: list[bytes]) -> BinaryIO:
    run = tempfile.TemporaryFile()  # noqa: SIM115 - closed after the merge
    run.writelines(sorted(batch))
    run.seek(0)
    return run


def _records(run: BinaryIO) -> Iterator[bytes]:
    while record := run.read(_RECORD):
        yield record


def _key(name: str) -> bytes:
    plain = "/".join(part for part in PurePosixPath(name).parts if part != ".")
    return hashlib.blake2b(plain.encode("utf-8", "surrogateescape"), digest_size=_KEY).digest()


async def checked_file(
    files: CertificateFiles, certificate: LegacyCertificate, scanner: Scanner
) -> tuple[bytes, Fault | None]:
    """The PDF of a certificate, and why it is not taken. Raises ScannerAway, for then nothing is known of it."""
    content = await asyncio.to_thread(files.read, certificate.file)
    if content is None:
        return b"", Fault.FILE_MISSING
    if len(content) > MOST_OCTETS:
        return b"", Fault.FILE_TOO_LARGE
    if certificate.sha256 is not None and hashlib.sha256(content).hexdigest() != certificate.sha256:
        return b"", Fault.FILE_DIFFERS
    if not _is_pdf(content):
        return b"", Fault.FILE_NOT_PDF
    if await scanner.scan(content) is not None:
        return b"", Fault.FILE_INFECTED
    return content, None


def _is_pdf(content: bytes) -> bool:
    try:
        return true_type(content, None) is MediaType.PDF
    except Problems:
        return False
