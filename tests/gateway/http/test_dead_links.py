"""Uploads over links that die without a word, on real sockets: neither FIN nor RST tells the server of it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import NotSignedIn, Subject
from gateway.http import upload_requests as door
from gateway.http.uploads import upload_routes
from tests.support.actions import World
from tests.support.files import pdf
from tests.support.pictures import camera_jpeg
from tests.support.served import served

pytestmark = pytest.mark.integration

TUS = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer asha"}
FILE = pdf("x" * 100_000)
SMALL = 20 * 1024
"""Less than is written at a time."""


@pytest.fixture
def world(peopled: World) -> World:
    return peopled


@pytest.fixture
async def address(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    async def known(env: object, token: str) -> Subject:
        if token != "asha":
            raise NotSignedIn
        return world.asha

    monkeypatch.setattr(door, "subject_for_token", known)
    async with served(Starlette(routes=upload_routes(world.env, origins=()))) as address:
        yield address


class Links:
    """A sender whose links die: each takes some bytes and then says nothing any more, and is never closed."""

    def __init__(self, address: str, client: httpx.AsyncClient) -> None:
        self.address, self.client = address, client
        self.dead: list[asyncio.StreamWriter] = []
        self.path = ""

    async def begin(self, length: int = len(FILE)) -> None:
        answer = await self.client.post("/uploads", headers={**TUS, "Upload-Length": str(length)})
        self.path = httpx.URL(answer.headers["location"]).path

    async def send(self, offset: int, content: bytes, dies_after: int) -> asyncio.StreamReader:
        """Say that all of the content comes, send the first part of it, and fall silent."""
        host, _, port = self.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        named = {**TUS, "Host": host, "Upload-Offset": offset, "Content-Length": len(content)}
        named["Content-Type"] = "application/offset+octet-stream"
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        writer.write(f"PATCH {self.path} HTTP/1.1\r\n{head}\r\n".encode() + content[:dies_after])
        await writer.drain()
        self.dead.append(writer)
        return reader

    async def offset(self) -> int:
        """Where to go on, as HEAD tells it."""
        return int((await self.client.head(self.path, headers=TUS)).headers["upload-offset"])

    async def kept(self) -> int:
        """How far it is, as GET tells it, which ends nothing."""
        return int((await self.client.get(self.path, headers=TUS)).json()["offset"])


@pytest.fixture
async def links(address: str) -> AsyncIterator[Links]:
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        links = Links(address, client)
        yield links
        for writer in links.dead:
            writer.transport.abort()


async def arrived(links: Links, offset: int) -> None:
    """The server has read the head of the last request: it answers 409 to nobody before it holds the file."""
    async with asyncio.timeout(10):
        while await links.kept() < offset:
            continue


async def test_a_link_that_dies_without_a_word_makes_progress(links: Links):
    await links.begin()
    offset, connections = 0, 0
    while offset < len(FILE) - SMALL:
        await links.send(offset, FILE[offset:], SMALL)
        connections += 1
        async with asyncio.timeout(10):
            while (now := await links.offset()) == offset:
                continue  # the bytes are on their way in the machine
        offset = now
    assert connections <= -(-len(FILE) // SMALL) + 1


async def test_what_a_silent_link_brought_is_written_though_nobody_asks(links: Links):
    await links.begin()
    await links.send(0, FILE, SMALL)
    await arrived(links, SMALL)
    assert await links.kept() == SMALL


async def test_a_piece_is_kept_every_32_kib_while_the_link_goes_on(links: Links):
    await links.begin()
    sent = 32 * 1024
    await links.send(0, FILE, sent)
    async with asyncio.timeout(10):
        while (kept := await links.kept()) < 32 * 1024:
            links.dead[-1].write(FILE[sent : sent + 1])  # so that nothing is written because of a silence
            sent += 1
    assert kept < 64 * 1024


async def test_the_next_piece_goes_at_once_and_the_old_request_is_told_409(links: Links):
    await links.begin()
    old = await links.send(0, FILE, SMALL)
    await arrived(links, SMALL)
    answer = await links.client.patch(
        links.path,
        content=FILE[SMALL:],
        headers={**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(SMALL)},
    )
    assert answer.status_code == 204
    assert (await asyncio.wait_for(old.readline(), 10)).startswith(b"HTTP/1.1 409")
    whole = (await links.client.get(links.path, headers=TUS)).json()
    assert whole["sentSha256"] == whole["sha256"] == hashlib.sha256(FILE).hexdigest()


async def test_a_file_that_is_given_up_ends_the_request_that_waits(links: Links):
    await links.begin()
    old = await links.send(0, FILE, SMALL)
    await arrived(links, SMALL)
    assert (await links.client.delete(links.path, headers=TUS)).status_code == 204
    assert (await asyncio.wait_for(old.readline(), 10)).startswith(b"HTTP/1.1 409")
    assert (await links.client.get(links.path, headers=TUS)).status_code == 404


async def test_the_answer_names_the_hash_of_what_was_sent_however_often_it_is_asked(links: Links):
    picture = camera_jpeg()
    await links.begin(len(picture))
    headers = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    await links.client.patch(links.path, content=picture, headers=headers)
    whole = await links.client.post("/uploads", content=picture, headers={"Authorization": "Bearer asha"})
    for answer in (whole, await links.client.get(links.path, headers=TUS)):
        assert answer.json()["sentSha256"] == hashlib.sha256(picture).hexdigest()
        assert answer.json()["sha256"] != answer.json()["sentSha256"]
