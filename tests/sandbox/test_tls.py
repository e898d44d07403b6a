"""The TLS port of a system: it works for who trusts the city, and fails in four named ways."""

import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.city.serving import City

pytestmark = pytest.mark.integration


@pytest.fixture
async def city(tmp_path: Path, make_sandbox: Callable[[SandboxHome], Sandbox]) -> AsyncIterator[City]:
    city = City(tmp_path, {}, port=0, gateway_url="http://127.0.0.1:1", factories={"sso": make_sandbox})
    await city.start()
    yield city
    await city.stop()


@pytest.fixture
async def client(city: City, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    trust = ssl.create_default_context(cafile=tmp_path / "run" / "ca.pem")
    base = f"https://localhost:{city.ports['tls']['sso']}/sso"
    async with httpx.AsyncClient(verify=trust, base_url=base, timeout=5, trust_env=False) as client:
        yield client


async def trouble(city: City, **fault: object) -> None:
    async with httpx.AsyncClient(trust_env=False) as control:
        url = f"http://127.0.0.1:{city.ports['sandbox']}/_control/sso/faults"
        faults = [{"kind": "tls", **fault}] if fault else []
        assert (await control.put(url, json={"faults": faults})).status_code == 204


async def test_who_trusts_the_city_gets_through_and_is_known_by_the_door(city: City, client: httpx.AsyncClient):
    assert (await client.get("/count/a")).json()["n"] == 1
    city.sandboxes["sso"].faults.set([{"kind": "status", "params": {"status": 418}}])
    assert (await client.get("/count/a")).status_code == 418


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("expired", "certificate has expired"),
        ("wrong_name", "Hostname mismatch"),
        ("self_signed", "self-signed certificate"),
        ("reset", ""),
    ],
)
async def test_a_handshake_fails_as_named_and_heals(city: City, client: httpx.AsyncClient, named: str, why: str):
    assert (await client.get("/count/a")).status_code == 200
    await trouble(city, params={"trouble": named})
    with pytest.raises(httpx.ConnectError, match=why or None):
        await client.get("/count/a")
    await trouble(city)
    assert (await client.get("/count/a")).status_code == 200


async def test_the_authority_is_the_same_after_a_restart(
    tmp_path: Path, make_sandbox: Callable[[SandboxHome], Sandbox]
):
    kept = []
    for _ in range(2):
        city = City(tmp_path, {}, port=0, gateway_url="http://127.0.0.1:1", factories={"sso": make_sandbox})
        await city.start()
        kept.append((city.authority, city.ports))
        await city.stop()
    assert kept[0] == kept[1]
