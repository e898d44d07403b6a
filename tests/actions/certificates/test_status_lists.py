"""Status lists: one random index for each certificate, and the signed lists for everybody."""

import base64
import json
import zlib
from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from starlette.applications import Starlette

from actions.certificates.certificate_endings import (
    EndCertificate,
    correct_certificate,
    make_corrected,
    revoke_certificate,
)
from actions.certificates.cwt import read_cwt
from actions.certificates.status_lists import LISTS, PLACES, is_ended, status_claim
from domain.certificates.certificates import EndGround, IssuedCertificate
from gateway.credentials.status_lists import CWT, JWT, LOOK_SECONDS, status_list_routes
from gateway.http.public_keys import public_key_routes
from tests.support.actions import FakeRenderer, World
from tests.support.endings import correction, issued


@pytest.fixture
async def reader(world: World):
    routes = [*status_list_routes(world.env), *public_key_routes(world.env)]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://t") as http:
        yield http


def place_of(certificate: IssuedCertificate) -> tuple[str, int]:
    assert certificate.status_index is not None
    claim = status_claim("", certificate.status_index)["status_list"]
    return claim["uri"], claim["idx"]


async def ended(world: World, reader: httpx.AsyncClient, certificate: IssuedCertificate) -> bool:
    """What a verifier who knows the keys alone reads of a certificate in the JWT."""
    uri, place = place_of(certificate)
    answer = await reader.get(uri)
    token = jwt.decode(answer.text, world.env.keyrings.key_set("qr"), ["ES256"])
    assert (token.header["typ"], token.claims["sub"]) == ("statuslist+jwt", f"{world.env.public_url}{uri}")
    lst = token.claims["status_list"]["lst"]
    return is_ended(base64.urlsafe_b64decode(lst + "=="), place)


async def test_a_revoked_certificate_is_on_its_list_within_a_minute_and_no_other_is(world: World, reader):
    certificate = await issued(world)
    before = await ended(world, reader, certificate)
    await revoke_certificate(
        world.env, world.registrar, EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "Forged", "r")
    )
    world.clock.advance(timedelta(seconds=LOOK_SECONDS))

    assert (before, await ended(world, reader, certificate)) == (False, True)
    bits = zlib.decompress(bits_of(await reader.get(place_of(certificate)[0], headers={"Accept": CWT}), world))
    assert sum(octet.bit_count() for octet in bits) == 1


def bits_of(answer: httpx.Response, world: World) -> bytes:
    assert answer.headers["content-type"] == CWT
    claims = read_cwt(answer.content, world.env.keyrings.key_set("qr").keys, CWT)
    assert (claims[65534], claims[4] - claims[6]) == (30, 12 * 3600)
    return claims[65533]["lst"]


async def test_a_corrected_certificate_is_ended_and_the_one_in_its_place_has_an_index_of_its_own(world: World, reader):
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())

    assert old.status_index != new.status_index
    assert (await ended(world, reader, old), await ended(world, reader, new)) == (True, False)


async def test_a_list_that_did_not_change_is_not_sent_twice(world: World, reader):
    first = await reader.get("/status-lists/3")
    world.clock.advance(timedelta(minutes=5))
    again = await reader.get("/status-lists/3", headers={"If-None-Match": first.headers["etag"]})
    world.clock.advance(timedelta(minutes=15))
    later = await reader.get("/status-lists/3", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"] == JWT
    assert first.headers["cache-control"] == "public, max-age=30"
    assert (again.status_code, again.content) == (304, b"")
    assert later.status_code == 200  # signed anew, since nobody should rely on one that is old


async def test_every_list_is_named_and_no_other_is_there(world: World, reader):
    named = json.loads((await reader.get("/status-lists")).text)["status_lists"]

    assert named == [f"{world.env.public_url}/status-lists/{number}" for number in range(LISTS)]
    assert (await reader.get(f"/status-lists/{LISTS}")).status_code == 404


def test_an_index_beyond_the_list_is_refused():
    compressed = zlib.compress(bytes(PLACES // 8))

    for place in (-1, PLACES):
        with pytest.raises(IndexError):
            is_ended(compressed, place)
