"""Rejects uploaded PDFs with encryption, programs, embedded files or actions other than going to a page or an address.

A picture is made anew from its points; a PDF is kept as it was sent and opened by officers, so every object in it is
read: wherever it stands in the file, referenced or not, also in packed object streams. Names are those of ISO 32000-2.
What cannot be read is refused, since another program may read it differently. It needs the library for PDFs, so the
gateway runs it in a process of its own (gateway/documents/pdf_inspection.py).
"""

import io
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from domain.kernel import ErrorCode

LARGEST_UNPACKED = 16 * 1024 * 1024
"""Bytes of all packed object streams of one file; a scanned paper has some kilobytes of them."""

MOST_PACKED = 1_000
"""Packed object streams of one file; programs put some hundred objects into each."""

ALLOWED_ACTIONS = frozenset({"/GoTo", "/URI", "/Named"})
"""Actions (12.6.4) that go to a page of the same file, or to an address when the reader asks for it."""

_FORBIDDEN = frozenset(
    {
        *("/AA", "/JS", "/JavaScript", "/Launch", "/XFA"),
        *("/EF", "/EmbeddedFile", "/EmbeddedFiles", "/GoToE", "/GoToR", "/ImportData", "/SubmitForm"),
        *("/GoTo3DView", "/Rendition", "/RichMedia", "/RichMediaExecute"),
    }
)
"""Names that are neither key nor value: of what runs something, fetches something, or is a file within the file."""

_ACTION_KEYS = ("/A", "/Next", "/OpenAction", "/PA")
_SPACE = rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*[\r\n])"
_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})" + _SPACE + rb"+(\d{1,5})" + _SPACE + rb"+obj(?![a-zA-Z])")
_ENCRYPT = re.compile(
    b"/"
    + b"".join(b"(?:%c|#%02x|#%02X)" % (one, one, one) for one in b"Encrypt")
    + rb"(?![^\x00\t\n\f\r ()<>\[\]{}/%])"
)
_ZIP_END, _ZIP_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_ZIP_TAIL = 22 + 65_535
"""The end record of a ZIP is within so many last bytes (APPNOTE.TXT 4.3.16)."""


class _Refused(Exception):
    """The file is refused with this code."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


def problem_of_pdf(content: bytes) -> ErrorCode | None:
    """Why a PDF is none that an officer should open; None where it is.

    FILE_DAMAGED where an object cannot be read or unpacks beyond the bounds, FILE_DISGUISED where it is a ZIP archive
    too, FILE_LOCKED where it is encrypted, FILE_NOT_PLAIN where it holds a program, an action or other files.
    """
    if _is_zip(content):
        return ErrorCode.FILE_DISGUISED
    if _ENCRYPT.search(content) is not None:
        return ErrorCode.FILE_LOCKED
    try:
        _Objects(content).check()
    except _Refused as refused:
        return refused.code
    except (RecursionError, MemoryError):
        return ErrorCode.FILE_DAMAGED
    return None


@dataclass
class _Objects:
    """The objects of a file by their numbers, each with every content that is written under it."""

    content: bytes
    strict = True
    """Read by the library: a key twice in one dictionary is an error, since programs differ in which one they take."""
    by_number: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    actions: list[Any] = field(default_factory=list)
    unpacked: int = 0
    packed: int = 0

    def check(self) -> None:
        """Raise _Refused."""
        self._read_file()
        if not self.by_number:
            raise _Refused(ErrorCode.FILE_DAMAGED)
        for stream in [one for all_of_it in self.by_number.values() for one in all_of_it]:
            if hasattr(stream, "encoded_data") and "/First" in stream:
                self._read_packed(stream)
        for every in self.by_number.values():
            for one in every:
                self._check_names(one)
        for action in self.actions:
            self._check_action(action)

    def get_object(self, reference: Any) -> int:
        """The length of the stream that is being read, for the library; here to its end mark."""
        del reference
        at = self._file.tell()
        end = self.content.find(b"endstream", at)
        if end < 0:
            raise _Refused(ErrorCode.FILE_DAMAGED)
        return end - at

    def _read_file(self) -> None:
        from pyhanko.pdf_utils.misc import PdfError, read_non_whitespace

        self._file, streams_end = io.BytesIO(self.content), 0
        for head in _OBJECT.finditer(self.content):
            self._file.seek(head.end())
            try:
                read_non_whitespace(self._file, seek_back=True)  # type: ignore[no-untyped-call]
                one = self._read(self._file, int(head[1]))
            except (PdfError, ValueError, KeyError, IndexError, TypeError, AttributeError):
                if head.start() < streams_end:
                    continue  # bytes of a picture that look like the head of an object
                raise _Refused(ErrorCode.FILE_DAMAGED) from None
            if hasattr(one, "encoded_data"):
                streams_end = max(streams_end, self._file.tell())

    def _read_packed(self, stream: Any) -> None:
        """The objects of an object stream (7.5.7), as every program packs them: by FlateDecode alone, or not at all."""
        from pyhanko.pdf_utils.misc import PdfError

        plain = {"/DecodeParms", "/DP", "/F", "/FFilter"}.isdisjoint(stream.keys())
        filters = [] if "/Filter" not in stream else stream.raw_get("/Filter")
        filters = filters if isinstance(filters, list) else [filters]
        if not plain or any(one != "/FlateDecode" for one in filters) or len(filters) > 1:
            raise _Refused(ErrorCode.FILE_NOT_PLAIN)
        inside = self._unpack(stream.encoded_data) if filters else stream.encoded_data
        try:
            first = int(stream.raw_get("/First"))
            numbers = [int(one) for one in inside[:first].split()]
            for number, offset in zip(numbers[::2], numbers[1::2], strict=True):
                self._file = io.BytesIO(inside)
                self._file.seek(first + offset)
                self._read(self._file, number)
        except (PdfError, ValueError, KeyError, IndexError, TypeError, AttributeError):
            raise _Refused(ErrorCode.FILE_DAMAGED) from None

    def _read(self, file: io.BytesIO, number: int) -> Any:
        from pyhanko.pdf_utils.generic import Reference, read_object

        one = read_object(file, Reference(number, 0, self))
        self.by_number[number].append(one)
        return one

    def _unpack(self, sealed: bytes) -> bytes:
        unpacking, self.packed = zlib.decompressobj(), self.packed + 1
        try:
            inside = unpacking.decompress(sealed, LARGEST_UNPACKED + 1)
        except zlib.error:
            raise _Refused(ErrorCode.FILE_DAMAGED) from None
        self.unpacked += len(inside)
        if self.unpacked > LARGEST_UNPACKED or self.packed > MOST_PACKED:
            raise _Refused(ErrorCode.FILE_DAMAGED)
        return inside

    def _check_names(self, one: Any) -> None:
        """Raise _Refused for a forbidden name in an object; notes what stands where an action may."""
        waiting = [one]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                waiting += (*value.keys(), *value.values())
                self.actions += (dict.__getitem__(value, key) for key in _ACTION_KEYS if key in value)
            elif isinstance(value, list):
                waiting += value
            elif _is_name(value) and value in _FORBIDDEN:
                raise _Refused(ErrorCode.FILE_NOT_PLAIN)

    def _check_action(self, action: Any) -> None:
        """Raise _Refused for an action that is not allowed; an array is a destination, or several that follow."""
        for one in self._resolve(action):
            for part in one if isinstance(one, list) else [one]:
                for each in self._resolve(part):
                    kind = dict.get(each, "/S", "/GoTo") if isinstance(each, dict) else "/GoTo"
                    if not ALLOWED_ACTIONS.issuperset(map(str, self._resolve(kind))):
                        raise _Refused(ErrorCode.FILE_NOT_PLAIN)

    def _resolve(self, value: Any) -> Iterator[Any]:
        """A value, or everything that is written under the number it refers to."""
        yield from self.by_number[value.idnum] if hasattr(value, "idnum") else (value,)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and type(value).__name__ == "NameObject"


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
