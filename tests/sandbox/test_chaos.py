"""Faults by chance, the pace of a system, and magic input."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.chaos import CHAOS_KINDS, parse_chaos
from sandbox.city.control import Controls, city_app
from sandbox.city.faults import ANSWER_KINDS, TRANSPORT_KINDS
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import SpoilAnswer, magic_code, magic_fault
from sandbox.city.pace import PROFILES
from sandbox.city.people import People

HomeOf = Callable[[str], SandboxHome]
Make = Callable[[SandboxHome], Sandbox]


@pytest.fixture
async def client(home_of: HomeOf, make_sandbox: Make) -> AsyncIterator[httpx.AsyncClient]:
    homes = {system: home_of(system) for system in ("sso", "umang")}
    sandboxes = {system: make_sandbox(home) for system, home in homes.items()}

    async def refresh(system: str) -> None:
        del system

    people = People((), homes["sso"].state, homes["sso"].clock)
    app = city_app(Controls(sandboxes, homes["sso"].clock, refresh, lambda: None, people), {})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://city.test") as client:
        yield client


async def fates(client: httpx.AsyncClient, system: str, calls: int = 40) -> list[int]:
    return [(await client.get(f"/{system}/count/a")).status_code for _ in range(calls)]


async def test_the_same_seed_spoils_the_same_calls(client: httpx.AsyncClient):
    profile = {"seed": 7, "rate": 0.3, "kinds": ["status", {"kind": "status", "params": {"status": 503}}]}
    seen = []
    for seed in (7, 7, 8):
        assert (await client.put("/_control/chaos", json=profile | {"seed": seed})).status_code == 200
        seen.append(await fates(client, "sso"))

    assert seen[0] == seen[1] != seen[2]
    assert {200, 500, 503} == set(seen[0])
    assert 4 <= sum(status != 200 for status in seen[0]) <= 20


async def test_chaos_may_be_kept_to_some_systems_and_ends(client: httpx.AsyncClient):
    put = await client.put("/_control/chaos", json={"rate": 1, "kinds": ["html"], "systems": ["umang"]})
    assert put.json()["systems"] == ["umang"]
    assert "Session expired" in (await client.get("/umang/count/a")).text
    assert (await client.get("/sso/count/a")).json()["n"] == 1
    assert (await client.get("/_control/chaos")).json()["rate"] == 1
    assert (await client.delete("/_control/chaos")).status_code == 204
    assert (await client.get("/umang/count/a")).json()["n"] == 1
    assert (await client.get("/_control/chaos")).json() is None


async def test_a_fault_that_was_set_goes_before_chance_and_a_sandbox_sees_its_own_kinds(client: httpx.AsyncClient):
    await client.put("/_control/chaos", json={"rate": 1, "kinds": ["signature"]})
    assert (await client.get("/sso/count/a")).json()["signed"] is False
    await client.put("/_control/sso/faults", json={"faults": [{"kind": "status", "params": {"status": 429}}]})
    assert (await client.get("/sso/count/a")).status_code == 429


def test_kinds_of_the_proxy_and_of_the_sandbox_share_the_rate():
    chaos = parse_chaos({"seed": 1, "rate": 0.4, "kinds": ["reset", "html"]}, frozenset({"sso"}))
    draws = chaos.draws_for("sso")
    assert draws is not None
    transport = [draws.draw_fault(TRANSPORT_KINDS) for _ in range(1000)]
    answers = [draws.draw_fault(ANSWER_KINDS) for _ in range(1000)]
    for drawn, kind in ((transport, "reset"), (answers, "html")):
        hits = [fault.kind for fault in drawn if fault is not None]
        assert set(hits) == {kind}
        assert 150 <= len(hits) <= 250


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"kinds": []},
        {"kinds": ["earthquake"]},
        {"kinds": ["refuse"]},
        {"kinds": ["html"], "rate": 2},
        {"kinds": ["html"], "rate": True},
        {"kinds": ["html"], "seed": "7"},
        {"kinds": ["html"], "systems": ["moon"]},
        {"kinds": [5]},
    ],
)
async def test_a_malformed_chaos_profile_is_refused(client: httpx.AsyncClient, given: dict[str, Any]):
    answer = await client.put("/_control/chaos", json=given)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "refuse" not in CHAOS_KINDS


async def test_every_second_call_fails(client: httpx.AsyncClient):
    fault = {"kind": "status", "params": {"status": 503, "every": 2}}
    await client.put("/_control/sso/faults", json={"faults": [fault]})
    assert await fates(client, "sso", 4) == [503, 200, 503, 200]
    listed = (await client.get("/_control/sso/faults")).json()["faults"]
    assert listed == [{**fault, "route": "*", "calls": None, "seen": 4}]


async def test_a_rate_limit_answers_429_and_lets_calls_through_again(client: httpx.AsyncClient, home_of: HomeOf):
    profile = {"perSecond": 10, "burst": 3, "retryAfter": 2}
    assert (await client.put("/_control/sso/profile", json=profile)).json()["burst"] == 3
    assert await fates(client, "sso", 5) == [200, 200, 200, 429, 429]
    await home_of("sso").clock.sleep(0.25)
    assert await fates(client, "sso", 3) == [200, 200, 429]
    refused = await client.get("/sso/count/a")
    assert (refused.headers["retry-after"], refused.json()) == ("2", {"message": "Too Many Requests"})


async def test_a_latency_takes_the_same_time_again(client: httpx.AsyncClient, home_of: HomeOf):
    clock, times = home_of("sso").clock, []
    for _ in range(2):
        await client.put("/_control/sso/profile", json={"latency": 2})
        for _ in range(3):
            before = clock.monotonic()
            await client.get("/sso/count/a")
            times.append(clock.monotonic() - before)
    assert times[:3] == pytest.approx(times[3:])
    assert len(set(times[:3])) == 3
    assert all(1 <= seconds <= 3 for seconds in times)


async def test_a_named_profile_holds_for_all_systems(client: httpx.AsyncClient):
    usual = (await client.put("/_control/profile", json={"name": "usual"})).json()
    assert usual["umang"] == PROFILES["usual"]["umang"].to_json()
    none = (await client.put("/_control/profile", json={"name": "none"})).json()
    assert none["umang"]["latency"] == 0
    assert (await client.put("/_control/profile", json={"name": "warp"})).status_code == 400
    for wrong in ({"latency": -1}, {"speed": 1}, {"burst": "x"}):
        assert (await client.put("/_control/sso/profile", json=wrong)).status_code == 400


@pytest.mark.parametrize(
    ("text", "kind", "params"),
    [
        (b"/file/sandbox-fault-html", "html", {}),
        (b'{"id": "SANDBOX-FAULT-STATUS-429"}', "status", {"status": 429}),
        (b"SBFAULTSTATUS503", "status", {"status": 503}),
        (b"sandbox-fault-status", "status", {"status": 503}),
        (b"sandbox-fault-status-200", "status", {"status": 503}),
        (b"sandbox-fault-latency-2", "latency", {"seconds": 2}),
        (b"sandbox-fault-expired", "token_expired", {}),
    ],
)
def test_a_magic_value_names_a_fault(text: bytes, kind: str, params: dict[str, int]):
    fault = magic_fault(b"", text)
    assert fault is not None
    assert (fault.kind, fault.params) == (kind, params)


def test_other_values_are_no_magic():
    assert magic_fault(b"sandbox-fault-earthquake", b"fault", b"html") is None
    assert magic_code("earthquake") == magic_code(None) == ""
    assert magic_code("status-503") == "sandbox-fault-status-503."


async def test_magic_works_in_path_query_and_body_for_one_request(client: httpx.AsyncClient):
    assert (await client.get("/sso/count/sandbox-fault-status-404")).status_code == 404
    assert (await client.get("/sso/count/a?id=sandbox-fault-status-502")).status_code == 502
    assert (await client.post("/sso/count/a", content=b"x=sandbox-fault-status")).status_code == 503
    assert (await client.post("/sso/count/a", content=b"x=1")).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("status-502", 502), ("html", 200), ("latency-1", 504)])
async def test_a_handler_may_find_magic_where_the_middleware_cannot(home_of: HomeOf, kind: str, status: int):
    async def sealed(_request: Request) -> Response:
        fault = magic_fault(f"sandbox-fault-{kind}".encode())
        assert fault is not None
        raise SpoilAnswer(fault)

    home = home_of("umang")
    app = sandbox_app(home, [Route("/", sealed)], actions={}).app
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://umang.test") as client:
        answer = await client.get("/")

    assert answer.status_code == status
    assert str(home.ledger.entries()[0]["effect"]).startswith("fault ")
