"""Pictures with something to hide, for tests of what becomes of them."""

import zlib
from io import BytesIO

from PIL import Image

SECRET = b"29.98N 78.16E asha-negi-phone"
"""Stands for place and camera; nothing of it may be left."""

_ORIENTATION, _CAMERA, _GPS = 0x0112, 0x0110, 0x8825


def camera_jpeg(*, orientation: int = 6, size: tuple[int, int] = (40, 20), quality: int = 92) -> bytes:
    """A JPEG as a telephone writes it: camera, place and orientation, a comment, and more behind the end."""
    picture = Image.new("RGB", size, (200, 30, 30))
    picture.putpixel((0, 0), (0, 0, 255))
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    exif[_CAMERA] = SECRET.decode()
    exif.get_ifd(_GPS)[1] = "N"
    shown = BytesIO()
    picture.save(shown, "JPEG", exif=exif, comment=SECRET, quality=quality, icc_profile=b"a profile " + SECRET)
    return shown.getvalue() + b"behind the end " + SECRET


def talking_png(*, size: tuple[int, int] = (8, 8), mode: str = "RGBA") -> bytes:
    """A PNG with a text chunk."""
    shown = BytesIO()
    Image.new(mode, size).save(shown, "PNG")
    whole = shown.getvalue()
    return whole[:33] + _chunk(b"tEXt", b"Comment\0" + SECRET) + whole[33:]


def bomb_png(width: int, height: int) -> bytes:
    """A PNG of few bytes whose head promises many points."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def points(content: bytes) -> Image.Image:
    """The picture of a file."""
    with Image.open(BytesIO(content)) as opened:
        opened.load()
        return opened.copy()


def _chunk(name: bytes, content: bytes) -> bytes:
    sum_of_it = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + sum_of_it
