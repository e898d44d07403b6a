"""The city over real sockets, as the gateway meets it: through the fault proxies."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.city.serving import City

pytestmark = pytest.mark.integration

Make = Callable[[SandboxHome], Sandbox]

SERVE = """
import asyncio, sys
from pathlib import Path
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from sandbox.server import serve_city
from sandbox.city.kit import sandbox_app

async def answer(request):
    return PlainTextResponse("ok")

def create(home):
    return sandbox_app(home, [Route("/", answer)], actions={})

home = Path(sys.argv[1])
gateway = "http://127.0.0.1:1"
asyncio.run(serve_city(home, home / "demo", sandbox_port=0, gateway_url=gateway, factories={"csc": create}))
"""


def _city(home: Path, make: Make, port: int = 0) -> City:
    factories = {"sso": make, "digilocker": make}
    return City(home, {}, port=port, gateway_url="http://127.0.0.1:1", factories=factories)


@pytest.fixture
async def city(tmp_path: Path, make_sandbox: Make) -> AsyncIterator[City]:
    city = _city(tmp_path, make_sandbox)
    await city.start()
    yield city
    await city.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=0.5) as client:
        yield client


def _url(city: City, system: str, path: str = "/count/a", *, through: str | None = None) -> str:
    return f"http://127.0.0.1:{city.ports['proxies'][through or system]}/{system}{path}"


async def _set(city: City, client: httpx.AsyncClient, system: str, *faults: dict[str, object]) -> None:
    control = f"http://127.0.0.1:{city.ports['sandbox']}/_control/{system}/faults"
    assert (await client.put(control, json={"faults": list(faults)})).status_code == 204


async def _clear(city: City, client: httpx.AsyncClient, system: str) -> None:
    control = f"http://127.0.0.1:{city.ports['sandbox']}/_control/{system}/faults"
    assert (await client.delete(control)).status_code == 204


async def test_a_request_goes_through_the_proxy(city: City, client: httpx.AsyncClient):
    assert (await client.get(_url(city, "sso"))).json()["n"] == 1
    assert (await client.post(_url(city, "sso"), content=b"x" * 1_000_000)).json()["n"] == 2
    assert len((await client.get(_url(city, "sso", "/large"))).content) == 1000


async def test_a_refusing_system_has_a_closed_port_and_gets_the_same_one_back(city: City, client: httpx.AsyncClient):
    await client.get(_url(city, "sso"))
    await _set(city, client, "sso", {"kind": "refuse"})
    with pytest.raises(httpx.ConnectError):
        await client.get(_url(city, "sso"))
    assert (await client.get(_url(city, "digilocker"))).status_code == 200
    await _clear(city, client, "sso")
    assert (await client.get(_url(city, "sso"))).json()["n"] == 2


async def test_refusing_twice_is_the_same_as_once(city: City, client: httpx.AsyncClient):
    await _set(city, client, "sso", {"kind": "refuse"})
    await _set(city, client, "sso", {"kind": "refuse"}, {"kind": "html"})
    with pytest.raises(httpx.ConnectError):
        await client.get(_url(city, "sso"))
    await _clear(city, client, "sso")
    assert (await client.get(_url(city, "sso"))).status_code == 200


async def test_a_black_hole_accepts_and_never_answers(city: City, client: httpx.AsyncClient):
    await client.get(_url(city, "sso"))
    await _set(city, client, "sso", {"kind": "blackhole"})
    with pytest.raises(httpx.ReadTimeout):
        await client.get(_url(city, "sso"))
    await _clear(city, client, "sso")
    assert (await client.get(_url(city, "sso"))).json()["n"] == 2


async def test_an_answer_is_reset_in_the_middle_of_its_body(city: City, client: httpx.AsyncClient):
    await _set(city, client, "sso", {"kind": "reset"})
    received = b""
    with pytest.raises(httpx.ReadError):  # noqa: PT012 - the error comes while the body is read
        async with client.stream("GET", _url(city, "sso", "/large")) as answer:
            assert answer.status_code == 200
            async for chunk in answer.aiter_raw():
                received += chunk
    assert received == b"x" * 500


async def test_a_reset_goes_by_route_and_number_of_call(city: City, client: httpx.AsyncClient):
    await _set(city, client, "sso", {"kind": "reset", "route": "/large", "calls": [2]})
    assert (await client.get(_url(city, "sso", "/large"))).status_code == 200
    assert (await client.get(_url(city, "sso"))).status_code == 200
    with pytest.raises(httpx.ReadError):
        await client.get(_url(city, "sso", "/large"))
    assert (await client.get(_url(city, "sso", "/large"))).status_code == 200


async def test_a_dripping_answer_comes_octet_by_octet(city: City, client: httpx.AsyncClient):
    await _set(city, client, "sso", {"kind": "drip", "params": {"seconds": 0.001}})
    async with client.stream("GET", _url(city, "sso")) as answer:
        chunks = [chunk async for chunk in answer.aiter_raw()]
    assert json.loads(b"".join(chunks))["n"] == 1
    assert len(chunks) > 3


async def test_a_silent_system_sends_its_headers_only(city: City, client: httpx.AsyncClient):
    await _set(city, client, "sso", {"kind": "silence"})
    async with client.stream("GET", _url(city, "sso")) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            await answer.aread()


async def test_two_systems_on_one_host_fail_apart(city: City, client: httpx.AsyncClient):
    await _set(city, client, "digilocker", {"kind": "status"})
    assert (await client.get(_url(city, "digilocker"))).status_code == 500
    assert (await client.get(_url(city, "digilocker", through="sso"))).status_code == 200
    await _clear(city, client, "digilocker")
    await _set(city, client, "sso", {"kind": "status"})
    assert (await client.get(_url(city, "digilocker"))).status_code == 200
    assert (await client.get(_url(city, "digilocker", through="sso"))).status_code == 500


async def test_a_city_that_starts_again_has_its_ports_state_ledger_and_clock(
    tmp_path: Path, make_sandbox: Make, client: httpx.AsyncClient
):
    first = _city(tmp_path, make_sandbox)
    await first.start()
    await client.get(_url(first, "sso"))
    control = f"http://127.0.0.1:{first.ports['sandbox']}/_control"
    await client.put(f"{control}/clock", json={"now": "2030-01-01T00:00:00+05:30"})
    await first.stop()

    again = _city(tmp_path, make_sandbox)
    await again.start()
    assert again.ports == first.ports
    assert (await client.get(_url(again, "sso"))).json()["n"] == 2
    assert len((await client.get(f"{control}/sso/ledger")).json()["entries"]) == 2
    assert again.clock.now().year == 2029
    await again.stop()


async def test_the_ports_file_keeps_what_others_wrote(tmp_path: Path, make_sandbox: Make):
    file = tmp_path / "run" / "ports.json"
    file.parent.mkdir()
    file.write_text('{"gateway": 8000, "sandbox": 1}')
    city = _city(tmp_path, make_sandbox)
    await city.start()
    assert json.loads(file.read_text()) == {"gateway": 8000, **city.ports}
    await city.stop()


async def test_a_taken_port_is_an_error_only_where_it_was_asked_for(city: City, tmp_path: Path, make_sandbox: Make):
    second = _city(tmp_path, make_sandbox)
    assert second.ports["sandbox"] != city.ports["sandbox"]
    await second.stop()
    with pytest.raises(OSError, match="in use"):
        _city(tmp_path / "other", make_sandbox, port=city.ports["sandbox"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_says_that_it_is_ready_and_stops_cleanly(tmp_path: Path, number: signal.Signals):
    (tmp_path / "demo").mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    ports = json.loads((tmp_path / "run" / "ports.json").read_text())
    assert line.decode() == f"sandbox city: http://127.0.0.1:{ports['sandbox']} (csc)\n"
    os.kill(process.pid, number)
    rest, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, rest, errors) == (0, b"", b"")
