"""The door of uploads: who may hand in what, and the signed link by which it is read."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from actions.kernel.scanner import EICAR, ScannerAway
from domain.kernel import NotSignedIn, Subject
from gateway.http import upload_requests as door
from gateway.http.uploads import upload_routes
from tests.support.actions import World
from tests.support.files import JPEG, PDF, PNG, pdf

ORIGIN = "http://gateway.test"
ASHA = {"Authorization": "Bearer asha"}


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    return sqlite_peopled


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    async def known(env: object, token: str) -> Subject:
        if token not in ("asha", "registrar", "operator"):
            raise NotSignedIn
        return getattr(world, token)

    monkeypatch.setattr(door, "subject_for_token", known)
    app = Starlette(routes=upload_routes(world.env, origins=(ORIGIN,)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)


async def send(client: httpx.AsyncClient, content: bytes, kind: str | None = None, headers: Mapping[str, str] = ASHA):
    named = {"Content-Type": kind} if kind else {}
    return await client.post("/uploads", content=content, headers={**headers, **named})


def code(answer: httpx.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


@pytest.mark.parametrize(("content", "kind"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (PDF, "application/pdf")])
async def test_a_file_is_taken_by_its_true_kind_and_read_by_its_link(client, content, kind):
    kept = await send(client, content)
    assert kept.status_code == 201
    body = kept.json()
    assert (body["mediaType"], body["reference"]) == (kind, body["sha256"])
    read = await client.get(body["url"])
    assert (read.status_code, len(read.content), read.headers["content-type"]) == (200, body["bytes"], kind)
    assert hashlib.sha256(read.content).hexdigest() == body["sha256"]
    if kind == "application/pdf":
        assert read.content == content
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in read.headers["content-security-policy"]
    assert read.headers["cache-control"] == "private, no-store"


async def test_the_digest_of_the_body_is_checked_and_infected_files_are_refused(client):
    def of(content: bytes) -> dict[str, str]:
        return {**ASHA, "Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"}

    assert (await send(client, PDF, headers=of(PDF))).status_code == 201
    assert code(await send(client, PDF, headers=of(PNG))) == "FILE_DAMAGED"
    infected = await send(client, pdf(EICAR.decode()))
    assert (infected.status_code, code(infected)) == (422, "FILE_INFECTED")
    active = await send(client, PDF.replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(x)>>"))
    assert (active.status_code, code(active)) == (422, "FILE_NOT_PLAIN")
    locked = await send(client, PDF.replace(b"%%EOF", b"trailer<</Encrypt 9 0 R>>\n%%EOF"))
    assert (locked.status_code, code(locked)) == (422, "FILE_LOCKED")
    assert "पासवर्ड" in locked.json()["errors"][0]["message"]
    assert code(await client.post("/uploads?document=../x", content=PDF, headers=ASHA)) == "BAD_INPUT"


async def test_multipart_from_a_form_is_taken_and_its_name_is_not_kept(client, world):
    sent = await client.post("/uploads", files={"file": ("asha-aadhaar.png", PNG, "image/png")}, headers=ASHA)
    assert sent.status_code == 201
    assert "asha" not in sent.text
    two = [("a", ("a.png", PNG, "image/png")), ("b", ("b.png", PNG, "image/png"))]
    assert code(await client.post("/uploads", files=two, headers=ASHA)) == "BAD_INPUT"
    broken = {"Content-Type": "multipart/form-data", **ASHA}
    assert (await client.post("/uploads", content=b"x", headers=broken)).status_code == 400


async def test_officers_and_operators_hand_in_too_and_nobody_else(client):
    for who in ("registrar", "operator"):
        sent = await send(client, PDF, headers={"Authorization": f"Bearer {who}"})
        assert sent.status_code == 201
    unknown = await send(client, PDF, headers={"Authorization": "Bearer nobody"})
    without = await send(client, PDF, headers={})
    assert (unknown.status_code, without.status_code) == (401, 401)
    assert code(unknown) == code(without) == "UNAUTHENTICATED"


async def test_wrong_files_are_refused_by_name_in_the_asked_language(client, world):
    most = world.env.rules.files.largest_bytes
    cases = [
        (await send(client, b"\0" * (most + 1)), 413, "FILE_TOO_LARGE"),
        (await send(client, b"MZ\x90"), 415, "FILE_TYPE_NOT_ALLOWED"),
        (await send(client, PDF, "image/png"), 415, "FILE_DISGUISED"),
        (await send(client, PNG[:-4]), 400, "FILE_DAMAGED"),
    ]
    for answer, status, expected in cases:
        assert (answer.status_code, code(answer)) == (status, expected)
    hindi = await send(client, b"MZ", headers={**ASHA, "Accept-Language": "hi"})
    assert "फ़ोटो" in hindi.json()["errors"][0]["message"]
    assert hindi.headers["content-language"] == "hi"


async def test_a_body_that_lies_about_its_length_is_cut_off_at_the_bound(client, world):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"\0" * 65_536

    assert code(await client.post("/uploads", content=endless(), headers=ASHA)) == "FILE_TOO_LARGE"


async def test_a_cookie_counts_only_for_a_page_of_ours(client):
    cookie = {"Cookie": "apuni_session=asha"}
    assert (await send(client, PDF, headers={**cookie, "Sec-Fetch-Site": "same-origin"})).status_code == 201
    assert (await send(client, PDF, headers={**cookie, "Origin": ORIGIN})).status_code == 201
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}, {}):
        assert (await send(client, PDF, headers={**cookie, **foreign})).status_code == 401


async def test_a_link_that_is_changed_or_has_run_out_gives_nothing(client, world):
    url = (await send(client, PDF)).json()["url"]
    other = (await send(client, PNG)).json()
    for wrong in (
        url.split("?")[0],
        url[:-2] + ("AA" if url[-2:] != "AA" else "BB"),
        url.replace("until=1", "until=2"),
        url.replace("until=1", "until=-1"),
        url.replace(url.split("/files/")[1][:64], other["sha256"]),
    ):
        assert (await client.get(wrong)).status_code == 404
    world.clock.advance(timedelta(seconds=world.env.rules.files.link_seconds - 1))
    assert (await client.get(url)).status_code == 200
    world.clock.advance(timedelta(seconds=2))
    over = await client.get(url, headers={"Accept-Language": "en"})
    assert (over.status_code, over.headers["content-language"]) == (404, "en")
    assert "Open the file again" in over.text


async def test_too_many_files_that_nothing_names_are_refused(client, world):
    for number in range(world.env.rules.files.unused_per_person):
        assert (await send(client, PDF.replace(b"%%EOF", b"%% %d\n%%%%EOF" % number))).status_code == 201
    refused = await send(client, PNG)
    assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "86400"


async def test_a_file_that_cannot_be_scanned_may_be_sent_again_later(client, world):
    class Away:
        async def scan(self, content: bytes) -> str | None:
            raise ScannerAway(reason="TimeoutError")

    env = replace(world.env, partners=replace(world.env.partners, scanner=Away()))
    app = Starlette(routes=upload_routes(env, origins=(ORIGIN,)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN) as without_scanner:
        refused = await send(without_scanner, PDF)

    assert (refused.status_code, code(refused)) == (503, "OVERLOADED")
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["errors"][0]["extensions"]["detail"] == "file"
