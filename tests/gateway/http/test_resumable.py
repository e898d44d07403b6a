"""The door of files in pieces: the tus protocol 1.0.0, as its clients speak it."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from actions.kernel.scanner import EICAR
from domain.kernel import NotSignedIn, Subject
from gateway.http import upload_requests as door
from gateway.http.uploads import upload_routes
from tests.support.actions import World
from tests.support.files import PNG, pdf

ORIGIN = "http://gateway.test"
TUS = {"Tus-Resumable": "1.0.0", "Authorization": "Bearer asha"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
FILE = pdf("x" * 2000)


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    return sqlite_peopled


@pytest.fixture
def app(world: World, monkeypatch: pytest.MonkeyPatch) -> Starlette:
    async def known(env: object, token: str) -> Subject:
        if token not in ("asha", "sunil"):
            raise NotSignedIn
        return getattr(world, token)

    monkeypatch.setattr(door, "subject_for_token", known)
    return Starlette(routes=upload_routes(world.env, origins=(ORIGIN,)))


@pytest.fixture
def client(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)


def said(**names: str) -> dict[str, str]:
    return {
        "Upload-Metadata": ",".join(
            f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in names.items()
        )
    }


async def begin(client: httpx.AsyncClient, length: int = len(FILE), **headers: str) -> str:
    answer = await client.post("/uploads", headers={**TUS, "Upload-Length": str(length), **headers})
    assert answer.status_code == 201
    return answer.headers["location"]


async def send(
    client: httpx.AsyncClient, place: str, content: bytes, offset: int, headers: Mapping[str, str] = PIECE
) -> httpx.Response:
    return await client.patch(place, content=content, headers={**headers, "Upload-Offset": str(offset)})


def code(answer: httpx.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


async def test_the_server_says_what_it_can(client):
    told = await client.options("/uploads")
    assert told.status_code == 204
    assert told.headers["tus-version"] == "1.0.0"
    assert set(told.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "checksum",
        "expiration",
        "termination",
    }
    assert told.headers["tus-checksum-algorithm"] == "sha256"
    assert int(told.headers["tus-max-size"]) == 2 * 1024 * 1024


async def test_a_file_in_pieces_becomes_the_same_as_a_whole_one(client, world):
    digest = hashlib.sha256(FILE).hexdigest()
    place = await begin(client, **said(filetype="application/pdf", sha256=digest, filename="asha.pdf"))
    first = await send(client, place, FILE[:1000], 0)
    assert (first.status_code, first.headers["upload-offset"]) == (204, "1000")
    head = await client.head(place, headers=TUS)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("1000", str(len(FILE)))
    assert head.headers["cache-control"] == "no-store"
    assert (await client.get(place, headers=TUS)).json() == {"offset": 1000, "length": len(FILE)}
    last = await send(client, place, FILE[1000:], 1000)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(FILE)))
    told = await client.get(place, headers={"Authorization": "Bearer asha"})
    body = told.json()
    assert (body["reference"], body["mediaType"]) == (digest, "application/pdf")
    assert (await client.get(body["url"])).content == FILE
    assert "asha.pdf" not in told.text


async def test_the_first_piece_may_come_with_the_announcement(client):
    headers = {**PIECE, "Upload-Length": str(len(PNG))}
    answer = await client.post("/uploads", content=PNG[:20], headers=headers)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "20")
    assert (await send(client, answer.headers["location"], PNG[20:], 20)).status_code == 204


async def test_what_came_before_the_link_dropped_is_there(client, app):
    place = await begin(client)

    messages = iter([{"type": "http.request", "body": FILE[:700], "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(messages)

    async def answer(message):
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in {**PIECE, "Upload-Offset": "0"}.items()]
    path = place.removeprefix(ORIGIN)
    scope = {"type": "http", "method": "PATCH", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "server": ("gateway.test", 80), "scheme": "http", "root_path": ""}
    await app(scope, receive, answer)
    assert (await client.head(place, headers=TUS)).headers["upload-offset"] == "700"
    assert (await send(client, place, FILE[700:], 700)).status_code == 204
    assert (await client.get(place, headers=TUS)).status_code == 200


async def test_a_piece_is_refused_at_another_offset_and_with_another_checksum(client):
    place = await begin(client)
    assert (await send(client, place, FILE[:10], 5)).status_code == 409
    good = base64.b64encode(hashlib.sha256(FILE[:10]).digest()).decode()
    wrong = await send(client, place, FILE[:11], 0, {**PIECE, "Upload-Checksum": f"sha256 {good}"})
    assert wrong.status_code == 460
    assert (await send(client, place, FILE[:10], 0, {**PIECE, "Upload-Checksum": f"md5 {good}"})).status_code == 400
    assert (await client.head(place, headers=TUS)).headers["upload-offset"] == "0"
    right = await send(client, place, FILE[:10], 0, {**PIECE, "Upload-Checksum": f"sha256 {good}"})
    assert (right.status_code, right.headers["upload-offset"]) == (204, "10")


async def test_the_protocols_own_refusals(client):
    place = await begin(client)
    assert (await client.head(place, headers={"Authorization": "Bearer asha"})).status_code == 412
    other = {**TUS, "Tus-Resumable": "0.2.2"}
    assert (await client.post("/uploads", headers={**other, "Upload-Length": "3"})).status_code == 412
    assert (await send(client, place, b"x", 0, {**TUS, "Content-Type": "image/png"})).status_code == 415
    assert code(await client.post("/uploads", headers=TUS)) == "BAD_INPUT"
    assert code(await client.post("/uploads", headers={**TUS, "Upload-Length": "-1"})) == "BAD_INPUT"
    bad = {**TUS, "Upload-Length": "3", "Upload-Metadata": "sha256 ###"}
    assert code(await client.post("/uploads", headers=bad)) == "BAD_INPUT"
    large = await client.post("/uploads", headers={**TUS, "Upload-Length": str(3 * 1024 * 1024)})
    assert (large.status_code, code(large)) == (413, "FILE_TOO_LARGE")
    assert (await send(client, place, FILE + b"more", 0)).status_code == 413
    assert (await client.post(place, headers=TUS)).status_code == 405


async def test_nobody_else_sees_it_and_it_may_be_given_up(client):
    place = await begin(client)
    theirs = {**TUS, "Authorization": "Bearer sunil"}
    assert (await client.head(place, headers=theirs)).status_code == 404
    assert (await client.delete(place, headers=theirs)).status_code == 404
    assert (await client.head(place, headers={"Tus-Resumable": "1.0.0"})).status_code == 401
    assert (await client.post(place, headers={**TUS, "X-HTTP-Method-Override": "DELETE"})).status_code == 204
    assert (await client.head(place, headers=TUS)).status_code == 404


async def test_a_disguised_or_infected_whole_is_refused_by_name_and_gone(client):
    for content, metadata, status, expected in (
        (FILE, said(filetype="image/png"), 415, "FILE_DISGUISED"),
        (pdf(EICAR.decode()), {}, 422, "FILE_INFECTED"),
        (FILE, said(sha256="0" * 64), 400, "FILE_DAMAGED"),
        (b"MZ" * 50, {}, 415, "FILE_TYPE_NOT_ALLOWED"),
    ):
        place = await begin(client, len(content), **metadata)
        refused = await send(client, place, content, 0)
        assert (refused.status_code, code(refused)) == (status, expected)
        assert (await client.head(place, headers=TUS)).status_code == 404


async def test_an_announcement_tells_when_it_ends(client, world):
    place = await begin(client)
    assert (await client.head(place, headers=TUS)).headers["upload-expires"].endswith("GMT")
    world.clock.advance(timedelta(hours=1))
    await send(client, place, FILE[:10], 0)
    assert (await client.head(place, headers=TUS)).headers["upload-offset"] == "10"
