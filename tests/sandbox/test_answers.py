import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from sandbox.city.kit import Sandbox, SandboxHome


@pytest.fixture
def sandbox(home_of: Callable[[str], SandboxHome], make_sandbox: Callable[[SandboxHome], Sandbox]) -> Sandbox:
    return make_sandbox(home_of("echo"))


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://echo.test") as client:
        yield client


async def test_a_request_is_recorded_with_key_and_effect_and_without_its_path_values(
    sandbox: Sandbox, client: httpx.AsyncClient
):
    await client.post("/count/asha", content=b"hello")
    await client.get("/somewhere/else")
    known, unknown = sandbox.ledger.entries()
    assert (known["method"], known["route"], known["key"], known["effect"]) == (
        "POST",
        "/count/{name}",
        "asha",
        "counted",
    )
    assert (unknown["route"], unknown["effect"]) == ("(unknown)", None)


async def test_a_status_takes_the_place_of_the_answer_for_the_named_calls(sandbox: Sandbox, client: httpx.AsyncClient):
    params = {"status": 503, "retryAfter": 2}
    sandbox.faults.set([{"kind": "status", "route": "/count/*", "calls": [2], "params": params}])
    answers = [await client.get("/count/a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert answers[1].headers["retry-after"] == "2"
    assert answers[2].json()["n"] == 2
    assert [entry["effect"] for entry in sandbox.ledger.entries()] == ["counted", "fault status", "counted"]


async def test_a_lost_answer_leaves_its_effect(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "status", "params": {"after": True}}])
    assert (await client.get("/count/a")).status_code == 500
    assert sandbox.state.get("count", "a") == {"n": 1}
    assert sandbox.ledger.entries()[0]["effect"] == "fault status; counted"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("types", {"n": [{"unexpected": True}], "signed": [{"unexpected": True}]}), ("missing", {})],
)
async def test_a_malformed_answer_may_have_right_syntax(
    sandbox: Sandbox, client: httpx.AsyncClient, shape: str, expected: Any
):
    sandbox.faults.set([{"kind": "malformed", "params": {"shape": shape}}])
    assert (await client.get("/count/a")).json() == expected


async def test_a_malformed_answer_is_by_default_no_json(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "malformed"}])
    answer = await client.get("/count/a")
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.content)


async def test_a_login_page_comes_with_200(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "html"}])
    answer = await client.get("/count/a")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert sandbox.state.get("count", "a") is None


async def test_an_oversize_answer_has_the_asked_size_and_no_declared_length(
    sandbox: Sandbox, client: httpx.AsyncClient
):
    sandbox.faults.set([{"kind": "oversize", "params": {"bytes": 300_000}}])
    answer = await client.get("/count/a")
    assert len(answer.content) == 300_000
    assert "content-length" not in answer.headers


async def test_a_gzip_bomb_is_small_on_the_wire(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "oversize", "params": {"bytes": 300_000, "gzip": True}}])
    async with client.stream("GET", "/count/a") as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert len(packed) < 3_000
    assert len(gzip.decompress(packed)) == 300_000


async def test_an_expired_token_is_no_matter_for_a_request_without_one(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "token_expired", "calls": [1]}])
    bearer = {"Authorization": "Bearer some"}
    assert (await client.get("/count/a")).status_code == 200
    assert (await client.get("/count/a", headers=bearer)).status_code == 401
    assert (await client.get("/count/a", headers=bearer)).status_code == 200


async def test_a_silent_answer_never_ends(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "silence"}])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.get("/count/a"), 0.05)


async def test_the_sandbox_looks_up_a_fault_that_only_it_knows(sandbox: Sandbox, client: httpx.AsyncClient):
    sandbox.faults.set([{"kind": "signature", "calls": [2]}])
    assert [(await client.get("/count/a")).json()["signed"] for _ in range(3)] == [True, False, True]


async def test_a_slow_answer_waits_by_the_clock(
    home_of: Callable[[str], SandboxHome], make_sandbox: Callable[[SandboxHome], Sandbox]
):
    home = home_of("slow")
    sandbox = make_sandbox(home)
    sandbox.faults.set([{"kind": "latency", "params": {"seconds": 30}}])
    began = home.clock.monotonic()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app), base_url="http://t") as client:
        assert (await client.get("/count/a")).status_code == 200
    assert home.clock.monotonic() - began == 30
