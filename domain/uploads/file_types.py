"""Detects the type of a file from its content: JPEG (ITU-T T.81), PNG (RFC 2083) or PDF (ISO 32000-1)."""

import zlib
from collections.abc import Callable, Mapping

from domain.kernel import ErrorCode, Problem, Problems
from domain.uploads.files import MediaType

_PNG = b"\x89PNG\r\n\x1a\n"
_MARKS: Mapping[bytes, MediaType] = {b"\xff\xd8\xff": MediaType.JPEG, _PNG: MediaType.PNG, b"%PDF-": MediaType.PDF}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG that begin a frame, which has height and width."""
_PDF_TAIL = 1024
"""The end-of-file mark of a PDF is within so many last bytes (ISO 32000-1, annex H, note 18)."""


def true_type(content: bytes, claimed: str | None, *path: str) -> MediaType:
    """The kind of a file by its content. `claimed` is the media type that the sender named, None for none.

    Raises Problems: FILE_TYPE_NOT_ALLOWED for another kind, FILE_DAMAGED for one that ends too early or is not
    built as its kind is, FILE_DISGUISED where the sender named another kind.
    """
    kind = next((kind for mark, kind in _MARKS.items() if content.startswith(mark)), None)
    if kind is None:
        raise _file_problem(ErrorCode.FILE_TYPE_NOT_ALLOWED, path)
    if claimed is not None and claimed != kind:
        raise _file_problem(ErrorCode.FILE_DISGUISED, path)
    if not _WHOLE[kind](content):
        raise _file_problem(ErrorCode.FILE_DAMAGED, path)
    return kind


def _file_problem(code: ErrorCode, path: tuple[str, ...]) -> Problems:
    return Problems(Problem(code, path))


def _is_whole_jpeg(content: bytes) -> bool:
    """Segments up to the first scan, a frame with a size among them, and an end mark after it.

    Cameras write more behind the end mark, so that is let through.
    """
    place, framed = 2, False
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == 0xDA:
            return framed and content.find(b"\xff\xd9", place + 2 + length) >= 0
        if marker in _FRAMES:
            height, width = content[place + 5 : place + 7], content[place + 7 : place + 9]
            framed = any(height) and any(width)
        place += 1 if marker == 0xFF else 2 + max(length, 2)
    return False


def _is_whole_png(content: bytes) -> bool:
    """Chunks with their check sums, the header first, the end mark last and nothing behind it."""
    place, first = len(_PNG), True
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        name, end = content[place + 4 : place + 8], place + 8 + length
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            return False
        if first and (name != b"IHDR" or not any(content[place + 8 : place + 12])):
            return False
        if name == b"IEND":
            return end + 4 == len(content)
        place, first = end + 4, False
    return False


def _is_whole_pdf(content: bytes) -> bool:
    return content[5:6].isdigit() and b"%%EOF" in content[-_PDF_TAIL:]


_WHOLE: Mapping[MediaType, Callable[[bytes], bool]] = {
    MediaType.JPEG: _is_whole_jpeg,
    MediaType.PNG: _is_whole_png,
    MediaType.PDF: _is_whole_pdf,
}
