"""Small true files: one dot as JPEG and PNG, one empty page as PDF; and uploads made by the real verb."""

import base64
import zlib

from actions.kernel import Environment
from actions.uploads.uploads import take_in
from domain.kernel import Subject
from domain.uploads.files import UploadedFile

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z"
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def _chunk(name: bytes, content: bytes) -> bytes:
    sum_of_it = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + sum_of_it


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", bytes((0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0)))
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
)


def pdf(words: str) -> bytes:
    """A PDF whose content differs by the words."""
    return PDF.replace(b"%%EOF", f"% {words}\n%%EOF".encode())


async def hand_in(env: Environment, subject: Subject, words: str = "a paper") -> UploadedFile:
    """Upload a small PDF by the real verb."""
    return await take_in(env, subject, pdf(words))
