"""Hostile uploads by a person who is signed in: files that lie, and the protocol of pieces broken rule by rule."""

import base64
import hashlib
import io
import struct
import zlib
from random import Random  # noqa: TID251 - the set is made from a seed

from PIL import Image

from tests.hostile.frame import Case, Outcome, Target, request
from tests.hostile.set_bodies import CANARY

PIECE = b"application/offset+octet-stream"
TUS = b"Tus-Resumable: 1.0.0"
LARGEST_PICTURE = "a picture of 4 million points in 5 kilobytes"
UNKNOWN = b"/uploads/01a210bb-33e3-7a73-bc56-211a722cd034"


def cases(seed: Random) -> list[Case]:
    """Sizes vary with the seed."""
    return [*_whole(seed), *_announced(seed), *_pieces(seed)]


def _sent(
    name: str, method: bytes, path: bytes, body: bytes = b"", *headers: bytes, kind: bytes = b"", coded: bool = True
) -> Case:
    """A request of the citizen; the protocol's own refusals have a status and no code."""

    async def send(target: Target) -> Outcome:
        return await target.exchange(_as_citizen(target, method, path, body, *headers, kind=kind))

    return Case(name, send, may_close=len(body) > 100_000, coded=coded)


def _as_citizen(target: Target, method: bytes, path: bytes, body: bytes, *headers: bytes, kind: bytes) -> bytes:
    return request(method, path, body, b"Authorization: Bearer " + target.citizen.encode(), *headers, kind=kind)


def _png(width: int, height: int, rows: bytes) -> bytes:
    """A PNG that claims its size, whatever its rows hold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _jpeg(seed: Random) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 40), tuple(seed.randrange(256) for _ in range(3))).save(written, "JPEG")
    return written.getvalue()


def _whole(seed: Random) -> list[Case]:
    picture = _jpeg(seed)
    files = {
        "a picture that claims 60,000 by 60,000 points": _png(60_000, 60_000, b"\x00"),
        "a picture that claims no point": _png(0, 0, b""),
        LARGEST_PICTURE: _png(2000, 2000, b"\x00" * 12_002_000),
        "a picture cut off": picture[: len(picture) // 2],
        "a picture and a page behind it": picture + b"<html><script>alert(1)</script>",
        "a page as a picture": b"<html>" + b"x" * seed.randrange(100, 9000),
        "a PDF without an end": b"%PDF-1.7\n1 0 obj <</Length 999999999>> stream\n",
        "a PDF of loops": b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 1 0 R>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF",
        "an archive": b"PK\x03\x04" + b"\x00" * 200,
        "a program": b"\x7fELF" + b"\x00" * 200,
        "nothing": b"",
    }
    made = [_sent(f"upload of {name}", b"POST", b"/uploads", each, kind=b"image/png") for name, each in files.items()]
    digests = [b"sha-256=:x:", b"sha-256=:" + b"A" * 9000 + b":", b"sha-256=::", b"md5=:AAAA:", b"sha-256=:////:"]
    made += [
        _sent(f"digest {each[:20]!r}", b"POST", b"/uploads", picture, b"Content-Digest: " + each, kind=b"image/jpeg")
        for each in digests
    ]
    keys = [b"", b"x" * 3000, b"%00", b"..%2f", CANARY.encode(), b"%ff"]
    return made + [
        _sent(f"paper {each[:20]!r}", b"POST", b"/uploads?document=" + each, picture, kind=b"image/jpeg")
        for each in keys
    ]


def _announced(seed: Random) -> list[Case]:
    lengths = [b"", b"-1", b"1e9", b"0", b"9" * 400, "१२३".encode(), b"1,2", b"99999999999", b" 7 7"]
    metadata = [
        b"=",
        b"filetype",
        b"filetype !!!",
        b"filetype " + base64.b64encode(b"text/html"),
        b"document " + base64.b64encode(b"../../x"),
        b"sha256 " + base64.b64encode(b"z" * 64),
        b"sha256 " + base64.b64encode(b"00"),
        b"filename " + base64.b64encode(CANARY.encode()),
        b",".join(b"k%d eA==" % n for n in range(300)),
        b"filetype eA==,filetype eA==",
        b"filetype " + b"A" * seed.randrange(4000, 9000),
        b"\xff\xfe \xff",
    ]
    versions = [b"", b"0.2.2", b"1.0.0, 1.0.0", b"9" * 900, b"\xff"]
    length = b"Upload-Length: 100"
    return [
        *(
            _sent(f"length {each[:20]!r}", b"POST", b"/uploads", b"", TUS, b"Upload-Length: " + each)
            for each in lengths
        ),
        *(
            _sent(f"metadata {each[:20]!r}", b"POST", b"/uploads", b"", TUS, length, b"Upload-Metadata: " + each)
            for each in metadata
        ),
        *(
            _sent(f"version {each[:20]!r}", b"POST", b"/uploads", b"", b"Tus-Resumable: " + each, length, coded=False)
            for each in versions
        ),
        _sent("a length that comes later", b"POST", b"/uploads", b"", TUS, b"Upload-Defer-Length: 1"),
        _sent("pieces to be joined", b"POST", b"/uploads", b"", TUS, b"Upload-Concat: final;/uploads/a /uploads/b"),
        _sent("more than was announced", b"POST", b"/uploads", b"x" * 200, TUS, length, kind=PIECE),
        *(
            _sent(
                f"{method.decode()} of a file that nobody began",
                method,
                UNKNOWN,
                b"",
                TUS,
                b"Upload-Offset: 0",
                kind=PIECE,
            )
            for method in (b"GET", b"PATCH", b"DELETE", b"POST")
        ),
        *(
            _sent(f"name {each[:20]!r}", b"PATCH", b"/uploads/" + each, b"x", TUS, b"Upload-Offset: 0", kind=PIECE)
            for each in (b"x", b"%00", b"..%2f..%2f", b"9" * 5000, CANARY.encode(), b"%ff")
        ),
    ]


def _pieces(seed: Random) -> list[Case]:
    """Each begins a file and then goes on with it wrongly."""
    size = seed.randrange(50, 5000)
    good = base64.b64encode(hashlib.sha256(b"x" * size).digest())
    offsets = [b"", b"-1", b"1", b"9" * 400, b"1e3", "०".encode(), b"0,0", b"99999999999"]
    checksums = [b"md5 x", b"sha256", b"sha256 !!", b"sha256 " + b"A" * 5000, b"sha1 " + good, b"\xff\xfe"]
    kinds = [b"", b"text/plain", b"application/json", PIECE + b"; charset=\xff"]
    at_start = b"Upload-Offset: 0"
    return [
        *(_gone_on(f"offset {each[:20]!r}", size, (b"Upload-Offset: " + each,)) for each in offsets),
        *(_gone_on(f"checksum {each[:20]!r}", size, (at_start, b"Upload-Checksum: " + each)) for each in checksums),
        *(_gone_on(f"piece as {each[:20]!r}", size, (at_start,), kind=each) for each in kinds),
        _gone_on("a whole that is no picture", size, (at_start,)),
        _gone_on("a piece beyond the end", size, (at_start,), body=b"x" * (size + 1)),
        _gone_on("a piece with a method of its own", size, (at_start, b"X-HTTP-Method-Override: PUT")),
    ]


def _gone_on(
    name: str, size: int, headers: tuple[bytes, ...], *, body: bytes | None = None, kind: bytes = PIECE
) -> Case:
    async def send(target: Target) -> Outcome:
        length = b"Upload-Length: %d" % size
        begun = await target.exchange(_as_citizen(target, b"POST", b"/uploads", b"", TUS, length, kind=b""))
        if begun.status != 201:  # she has as many files on their way as one may have: told by a code
            return begun
        path = b"/" + begun.headers["location"].split("/", 3)[3].encode()
        content = b"x" * size if body is None else body
        answer = await target.exchange(_as_citizen(target, b"PATCH", path, content, TUS, *headers, kind=kind))
        await target.exchange(_as_citizen(target, b"DELETE", path, b"", TUS, kind=b""))
        return answer

    return Case(f"tus {name}", send, coded=False)
