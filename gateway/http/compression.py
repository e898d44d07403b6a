"""Compresses responses with gzip where the caller accepts it and their length reveals no secret.

BREACH (2013) reads a secret of an answer from the lengths of many compressed answers into which the attacker puts
guesses; for that the victim's browser must ask in the victim's name. So an answer to the session cookie, which a
browser adds by itself, is never compressed. A bearer token is added by the app only, so there is nobody to make the
victim ask; for what is left, such as text of others in her answer, the length is blurred by a random comment in the
head of the gzip stream ("Heal the Breach", IEEE 2022).
"""

import asyncio
import struct
import zlib

from starlette.requests import Request
from starlette.responses import Response

from domain.kernel import Ids
from gateway.http.headers import weights_of

SMALLEST = 1024
"""Bytes; below, what is saved is less than what is paid."""

LONG = 131_072
"""Bytes, which take about 2 ms of a processor."""

LEVEL = 5
_COMMENT = 0x10
"""The flag of a gzip head that has a comment (RFC 1952 section 2.3.1)."""


def compress_response(response: Response, request: Request, *, secret_ambient: bool, ids: Ids) -> Response:
    """The answer, compressed where that is wanted, worth it and safe. `secret_ambient`: a cookie proved the caller."""
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or len(body) < SMALLEST or "content-encoding" in response.headers:
        return response
    if secret_ambient or not takes_gzip(request.headers.get("accept-encoding")):
        return response
    packed = gzip_body(body, int(ids.digits(2)))
    response.body = packed
    response.headers["Content-Length"] = str(len(packed))
    response.headers["Content-Encoding"] = "gzip"
    return response


async def compress_apart(response: Response, request: Request, *, secret_ambient: bool, ids: Ids) -> Response:
    """The same; a long answer is compressed by a thread, so that nobody waits for it."""
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or len(body) < LONG:
        return compress_response(response, request, secret_ambient=secret_ambient, ids=ids)
    return await asyncio.to_thread(compress_response, response, request, secret_ambient=secret_ambient, ids=ids)


def takes_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding header takes gzip; without the header nothing is compressed."""
    weights = weights_of(header or "")
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def gzip_body(body: bytes, blur: int) -> bytes:
    """A gzip stream of the body with a comment of `blur` bytes. It contains no time, so that it reveals no clock."""
    head = struct.pack("<4BLBB", 0x1F, 0x8B, 8, _COMMENT, 0, 0, 255) + b"x" * blur + b"\0"
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)
    return head + packer.compress(body) + packer.flush() + tail
