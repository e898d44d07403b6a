"""Rejects uploaded PDFs with encryption, scripts, embedded files or data after the end-of-file mark.

A picture is made anew from its points; a PDF is kept as it was sent and opened by officers, so it is looked into.
Names are those of ISO 32000-1. They are found wherever they stand in the file, also written with escapes
(`/J#61vaScript`), and in packed object streams, which are unpacked within bounds. A lock hides all of that, so a locked
file is refused.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import suppress

from domain.kernel import ErrorCode, Problem, Problems

LARGEST_UNPACKED = 16 * 1024 * 1024
"""Bytes of all packed object streams of one file; a scanned paper has some kilobytes of them."""

MOST_PACKED = 1_000
"""Packed object streams of one file; programs put some hundred objects into each."""

_CHUNK = 64 * 1024

_END_OF_NAME = rb"(?=[\x00\t\n\f\r ()<>\[\]{}/%]|\Z)"
_OBJECT = re.compile(rb"\d[ \r\n\t]+\d+[ \r\n\t]+obj(?![a-z])")
_STREAM = re.compile(rb"stream\r?\n")
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_TAIL = 22 + 65_535
"""The end record of a ZIP is within so many last bytes (APPNOTE.TXT 4.3.16)."""


def _name(text: str) -> bytes:
    """A pattern for a name, each of whose letters may be written as `#` and two digits."""
    letters = (f"(?:{re.escape(letter)}|#{_any_case(f'{ord(letter):02x}')})" for letter in text)
    return b"/" + "".join(letters).encode() + _END_OF_NAME


def _any_case(digits: str) -> str:
    return "".join(f"[{one}{one.upper()}]" if one.isalpha() else one for one in digits)


_ENCRYPT = re.compile(_name("Encrypt"))
_PACKED = re.compile(_name("ObjStm"))
_ACTIVE = re.compile(
    b"|".join(map(_name, ("JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "ImportData")))
)
"""Actions that run something (12.6.4) and files within the file (7.11.4)."""


def refuse_unfit_pdf(content: bytes, *path: str) -> None:
    """Raise Problems where a PDF is none that an officer should open.

    FILE_DAMAGED where it has no object or unpacks beyond the bounds, FILE_DISGUISED where it is a ZIP archive
    too, FILE_LOCKED where it is encrypted, FILE_NOT_PLAIN where it holds a program or other files.
    """
    if _OBJECT.search(content) is None:
        raise _file_problem(ErrorCode.FILE_DAMAGED, path)
    if _is_zip(content):
        raise _file_problem(ErrorCode.FILE_DISGUISED, path)
    if _ENCRYPT.search(content) is not None:
        raise _file_problem(ErrorCode.FILE_LOCKED, path)
    unpacked = 0
    if _ACTIVE.search(content) is not None:
        raise _file_problem(ErrorCode.FILE_NOT_PLAIN, path)
    for number, part in enumerate(_object_streams(content)):
        unpacked += len(part)
        if unpacked > LARGEST_UNPACKED or number >= MOST_PACKED:
            raise _file_problem(ErrorCode.FILE_DAMAGED, path)
        if _ACTIVE.search(part) is not None:
            raise _file_problem(ErrorCode.FILE_NOT_PLAIN, path)


def _file_problem(code: ErrorCode, path: tuple[str, ...]) -> Problems:
    return Problems(Problem(code, path))


def _object_streams(content: bytes) -> Iterator[bytes]:
    """What each packed object stream holds; what cannot be unpacked was looked at as it stands."""
    last = -1
    for found in _PACKED.finditer(content):
        if found.end() <= last:
            continue  # within the dictionary of a stream that was found already
        begins = _STREAM.search(content, found.end())
        if begins is None:
            return
        last = begins.start()
        yield _decompress_stream(content, begins.end())


def _decompress_stream(content: bytes, start: int) -> bytes:
    """A stream as far as it can be unpacked, and to one byte above the bound at most."""
    unpacking, shown, view = zlib.decompressobj(), bytearray(), memoryview(content)
    with suppress(zlib.error):
        for at in range(start, len(content), _CHUNK):
            shown += unpacking.decompress(view[at : at + _CHUNK], LARGEST_UNPACKED + 1 - len(shown))
            if unpacking.eof or len(shown) > LARGEST_UNPACKED:
                break
    return bytes(shown)


def _is_zip(content: bytes) -> bool:
    """Whether programs that open ZIP archives open this one: an end record that leads to the first entry."""
    tail = max(len(content) - _ZIP_TAIL, 0)
    at = content.rfind(_ZIP_END, tail)
    while at >= 0:
        size = int.from_bytes(content[at + 12 : at + 16], "little")
        if at >= size and (not size or content[at - size : at - size + 4] == _ZIP_ENTRY):
            return True
        at = content.rfind(_ZIP_END, tail, at)
    return False
