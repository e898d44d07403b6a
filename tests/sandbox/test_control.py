from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from sandbox.city.control import Controls, city_app
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.city.people import People


class City:
    def __init__(self, home_of: Callable[[str], SandboxHome], make: Callable[[SandboxHome], Sandbox]) -> None:
        homes = {system: home_of(system) for system in ("sso", "digilocker")}
        self.sandboxes = {system: make(home) for system, home in homes.items()}
        self.refreshed: list[str] = []
        self.clock_kept = 0
        self.doors: dict[int, str] = {}
        people = People((), homes["sso"].state, homes["sso"].clock)
        controls = Controls(self.sandboxes, homes["sso"].clock, self.refresh, self.keep_clock, people)
        self.app = city_app(controls, self.doors)

    async def refresh(self, system: str) -> None:
        self.refreshed.append(system)

    def keep_clock(self) -> None:
        self.clock_kept += 1


@pytest.fixture
def city(home_of: Callable[[str], SandboxHome], make_sandbox: Callable[[SandboxHome], Sandbox]) -> City:
    return City(home_of, make_sandbox)


@pytest.fixture
async def client(city: City) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=city.app, client=("127.0.0.1", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        yield client


async def test_faults_of_one_system_leave_the_others_alone(client: httpx.AsyncClient):
    put = await client.put("/_control/sso/faults", json={"faults": [{"kind": "status", "route": "/count/*"}]})
    assert put.status_code == 204
    assert (await client.get("/sso/count/a")).status_code == 500
    assert (await client.get("/digilocker/count/a")).status_code == 200
    assert (await client.delete("/_control/sso/faults")).status_code == 204
    assert (await client.get("/sso/count/a")).status_code == 200


async def test_faults_of_the_proxy_that_a_request_came_through_hold(city: City, client: httpx.AsyncClient):
    city.sandboxes["sso"].faults.set([{"kind": "status", "params": {"status": 502}}])
    assert (await client.get("/digilocker/count/a")).status_code == 200
    city.doors[40_000] = "sso"
    assert (await client.get("/digilocker/count/a")).status_code == 502
    assert len(city.sandboxes["digilocker"].ledger.entries()) == 2


async def test_the_proxy_is_told_of_transport_faults_only(city: City, client: httpx.AsyncClient):
    await client.put("/_control/sso/faults", json={"faults": [{"kind": "html"}]})
    assert city.refreshed == []
    await client.put("/_control/sso/faults", json={"faults": [{"kind": "refuse"}]})
    await client.delete("/_control/sso/faults")
    assert city.refreshed == ["sso", "sso"]


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b"{}", b'{"faults": [{"kind": "flood"}]}', b'{"faults": ["html"]}']
)
async def test_malformed_faults_are_refused_and_change_nothing(city: City, client: httpx.AsyncClient, body: bytes):
    await client.put("/_control/sso/faults", json={"faults": [{"kind": "html"}]})
    assert (await client.put("/_control/sso/faults", content=body)).status_code == 400
    assert [fault.kind for fault in city.sandboxes["sso"].faults.active_faults()] == ["html"]


async def test_the_ledger_is_read_from_a_sequence_number(client: httpx.AsyncClient):
    for name in ("a", "b"):
        await client.get(f"/sso/count/{name}")
    entries = (await client.get("/_control/sso/ledger", params={"after": 1})).json()["entries"]
    assert [(entry["seq"], entry["key"]) for entry in entries] == [(2, "b")]
    assert set(entries[0]) == {"seq", "at", "method", "route", "key", "bodySha256", "effect"}
    assert (await client.get("/_control/sso/ledger?after=x")).status_code == 400


async def test_an_action_returns_the_partners_view(client: httpx.AsyncClient):
    answer = await client.post("/_control/sso/act", json={"action": "call", "arguments": {"day": 1}})
    assert answer.json() == {"gateway": "http://gateway.test", "arguments": {"day": 1}}
    inline = await client.post("/_control/sso/act", json={"action": "call", "day": 1})
    assert inline.json() == answer.json()


async def test_an_unknown_action_is_told_which_there_are(client: httpx.AsyncClient):
    answer = await client.post("/_control/sso/act", json={"action": "dance"})
    assert answer.status_code == 400
    assert "call, refuse" in answer.json()["error"]


async def test_an_action_says_what_is_wrong_with_its_arguments(client: httpx.AsyncClient):
    answer = await client.post("/_control/sso/act", json={"action": "refuse", "arguments": {}})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("ValueError: no date given; refuse takes ")


async def test_an_unknown_system_is_not_found(client: httpx.AsyncClient):
    assert (await client.delete("/_control/treasury/faults")).status_code == 404
    assert (await client.get("/treasury/")).status_code == 404


async def test_the_clock_is_moved_and_given_back(city: City, client: httpx.AsyncClient):
    moved = await client.put("/_control/clock", json={"now": "2027-01-01T00:00:00+05:30"})
    assert moved.json() == {"now": "2026-12-31T18:30:00.000+00:00"}
    assert (await client.get("/_control/clock")).json() == moved.json()
    assert (await client.put("/_control/clock", json={"now": "2027-01-01T00:00:00"})).status_code == 400
    assert (await client.put("/_control/clock", json={"now": None})).json() == {"now": "2026-11-23T06:30:00.000+00:00"}
    assert city.clock_kept == 2
