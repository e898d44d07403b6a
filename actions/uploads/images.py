"""Re-encodes pictures from their pixels, so that no metadata or hidden content remains.

Camera, place, time, comments, thumbnails, colour profiles and whatever is hidden behind a picture's end are gone;
which side is up is kept by turning the picture itself. A JPEG is packed with its own tables, so that it loses nothing
that can be seen and hardly grows.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from domain.kernel import ErrorCode, Problem, Problems
from domain.uploads.files import MediaType

_AT_ONCE = ThreadPoolExecutor(2, "image")
"""A picture of 25 million points takes up to 100 MB while it is open, so no more are open at a time."""

_JPEG_MODES, _PNG_MODES = frozenset({"L", "RGB"}), frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_LIMIT = 1_000_000


async def re_encode_image(content: bytes, kind: MediaType, *, largest_pixels: int, path: tuple[str, ...]) -> bytes:
    """The picture made anew; another kind of file as it is.

    Raises Problems: IMAGE_TOO_LARGE above so many points, read from the header before anything is decoded;
    FILE_DAMAGED where it cannot be opened.
    """
    if kind is MediaType.PDF:
        return content
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_AT_ONCE, _re_encode, content, kind, largest_pixels, path)


def _re_encode(content: bytes, kind: MediaType, largest_pixels: int, path: tuple[str, ...]) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    damaged = Problems(Problem(ErrorCode.FILE_DAMAGED, path))
    try:
        with Image.open(BytesIO(content), formats=["JPEG" if kind is MediaType.JPEG else "PNG"]) as opened:
            if opened.width * opened.height > largest_pixels:
                raise _too_many_points(largest_pixels, path)
            how = _save_options(opened, kind)
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            return _encode_image(upright, kind, how)
    except Image.DecompressionBombError:
        raise _too_many_points(largest_pixels, path) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, MemoryError):
        raise damaged from None


def _save_options(image: Any, kind: MediaType) -> dict[str, Any]:
    """How the picture was packed, to pack it so again."""
    if kind is MediaType.PNG:
        return {"format": "PNG", "optimize": False}
    from PIL.JpegImagePlugin import get_sampling

    sampling = get_sampling(image)
    tables = image.quantization if image.mode in _JPEG_MODES else None
    how: dict[str, Any] = {"format": "JPEG", "optimize": True, "progressive": "progressive" in image.info}
    if tables:
        how["qtables"] = {number: list(table) for number, table in tables.items()}
    else:
        how["quality"] = 90
    return how | ({"subsampling": sampling} if sampling >= 0 else {})


def _encode_image(image: Any, kind: MediaType, how: dict[str, Any]) -> bytes:
    modes, other = (_JPEG_MODES, "RGB") if kind is MediaType.JPEG else (_PNG_MODES, "RGBA")
    plain = image if image.mode in modes else image.convert(other)
    see_through = plain.info.get("transparency") if kind is MediaType.PNG else None
    plain.info = {}  # what a picture says beside its points is written by some versions unless it is gone
    shown = BytesIO()
    extra = {} if see_through is None else {"transparency": see_through}
    plain.save(shown, **how, **extra)
    return shown.getvalue()


def _too_many_points(most: int, path: tuple[str, ...]) -> Problems:
    params = {"most": f"{most / _LIMIT:g}"}
    return Problems(Problem(ErrorCode.IMAGE_TOO_LARGE, path, params=params))
