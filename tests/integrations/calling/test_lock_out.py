"""Who guesses the key of an API that is asked through few addresses is locked out by the codes of its contract."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from domain.kernel import ManualClock
from integrations.apisetu import PublishedSettings, published_routes
from integrations.digilocker import IssuerSettings, issuer_routes
from integrations.digilocker.digests import issuer_hmac_raw
from integrations.umang import UmangEndpointSettings, endpoint_routes
from tests.faults.door import served
from tests.faults.door_apisetu import Shelf
from tests.support.running import free_port

pytestmark = pytest.mark.integration

KEY, OTHER = "k" * 40, "o" * 40
CONSUMERS = {
    name: {"api_keys": [key], "documents": [], "consent_keys": ["PEM"]}
    for name, key in (("one", KEY), ("other", OTHER))
}
MOST = 20
NOBODY: Any = None
"""Stands behind a door that lets none of these calls in."""


def apisetu(clock: ManualClock) -> list[Route]:
    known = PublishedSettings.from_onboarding({"published": {"consumers": CONSUMERS}})
    return published_routes(Shelf(), known, clock, "http://gateway.test")


def digilocker(clock: ManualClock) -> list[Route]:
    return issuer_routes(NOBODY, IssuerSettings(KEY, "ORG-1"), clock)


def umang(clock: ManualClock) -> list[Route]:
    return endpoint_routes(NOBODY, UmangEndpointSettings((KEY,), ("s" * 40,), {}), clock)


@asynccontextmanager
async def opened(door: Callable[[ManualClock], list[Route]]) -> AsyncIterator[tuple[httpx.AsyncClient, ManualClock]]:
    clock, port = ManualClock(datetime(2026, 11, 26, 6, 0, tzinfo=UTC)), free_port()
    async with (
        served(Starlette(routes=door(clock)), port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as caller,
    ):
        yield caller, clock


async def asked_services(caller: httpx.AsyncClient, consumer: str, key: str) -> httpx.Response:
    headers = {"X-APISETU-CLIENTID": consumer, "X-APISETU-APIKEY": key}
    return await caller.get("/apisetu/services", headers=headers)


async def test_api_setu_is_unavailable_to_who_guesses_the_key_of_a_consumer_for_the_rest_of_the_minute():
    async with opened(apisetu) as (caller, clock):
        guessed = [await asked_services(caller, "one", f"{number}") for number in range(MOST)]
        locked_out = await asked_services(caller, "one", KEY)
        clock.advance(timedelta(minutes=1))
        later = await asked_services(caller, "one", KEY)

    assert {answer.json()["error"] for answer in guessed} == {"invalid_authentication"}
    assert (locked_out.status_code, locked_out.json()["error"]) == (503, "service_unavailable")
    assert 1 <= int(locked_out.headers["retry-after"]) <= 61
    assert later.status_code == 200


async def test_a_consumer_of_api_setu_is_not_locked_out_for_another_that_comes_from_its_address():
    async with opened(apisetu) as (caller, _):
        for number in range(MOST + 1):
            await asked_services(caller, "one", "wrong")
            await asked_services(caller, f"stranger {number}", "wrong")
        other, stranger = await asked_services(caller, "other", OTHER), await asked_services(caller, "nobody", KEY)

    assert (other.status_code, stranger.status_code) == (200, 503)


async def test_digilocker_s_door_takes_no_more_hmacs_from_who_guesses_them_for_the_rest_of_the_minute():
    body = b"<PullURIRequest/>"
    signed = {"x-digilocker-hmac": issuer_hmac_raw(KEY, body)}
    async with opened(digilocker) as (caller, clock):
        guessed = [await caller.post("/digilocker/pulluri", content=body) for _ in range(MOST)]
        locked_out = await caller.post("/digilocker/pulluri", content=body, headers=signed)
        clock.advance(timedelta(minutes=1))
        later = await caller.post("/digilocker/pulluri", content=body, headers=signed)

    assert {(answer.status_code, answer.content) for answer in guessed} == {(401, b"")}
    assert (locked_out.status_code, locked_out.headers["content-type"]) == (503, "application/xml")
    assert b'Status="0"' in locked_out.content
    assert 1 <= int(locked_out.headers["retry-after"]) <= 61
    assert later.status_code == 400, "the HMAC is right, the request lacks its parts"


async def test_umang_s_door_takes_no_more_keys_from_who_guesses_them_for_the_rest_of_the_minute():
    async with opened(umang) as (caller, clock):
        path = "/umang/ws1/getServices"
        guessed = [await caller.post(path, headers={"x-api-key": f"{number}"}) for number in range(MOST)]
        locked_out = await caller.post(path, headers={"x-api-key": KEY})
        clock.advance(timedelta(minutes=1))
        later = await caller.post(path, headers={"x-api-key": KEY}, content=b"{}")

    assert {(answer.status_code, answer.json()["rc"]) for answer in guessed} == {(401, "APSK0401")}
    assert (locked_out.status_code, locked_out.json()["rc"]) == (429, "APSK0429")
    assert 1 <= int(locked_out.headers["retry-after"]) <= 61
    assert later.json()["rc"] == "APSK0401", "the key is right, the signature is missing"
