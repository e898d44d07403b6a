"""Measures what a call to an outside system costs: plain httpx, aiohttp, our transport, the whole policy stack.

`make bench-remote`. BOUND=ci runs a short form. Every figure is of one process on one core against an
upstream process on loopback; CPU is this process's own (user and system), so the upstream is not in it.
"""

import os
import platform
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
import uvloop

from benchmarks.remote.measuring import SHORT, Call, measured, resilience, stay_on
from benchmarks.remote.slow_system import one_slow_system
from domain.kernel import Source
from integrations.calling.cache import Codec
from integrations.calling.http_transport import Limits, OwnTransport
from integrations.calling.policies import JSON_TYPES, Bulkhead, CallPolicy, Traffic
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports

ROUNDS = 1 if SHORT else 3
CONCURRENT = (1, 10, 50)
LEAST_RATIO = 0.8 if SHORT else 0.95
"""Windows of the short form are too short to judge by more closely."""
LANE = Bulkhead(places=50)
POLICY = CallPolicy("bench.call", Source.UMANG, traffic=Traffic.BUSY, lane=LANE, accepts=JSON_TYPES)
KEPT = CallPolicy("bench.kept", Source.UMANG, fresh=3600, traffic=Traffic.BUSY, lane=LANE)
TEXT = Codec(encode=lambda value: value, decode=lambda value: value)


async def callers(url: str, stack: AsyncExitStack) -> dict[str, Call]:
    """Every way to make the call, by name."""
    plain = await stack.enter_async_context(httpx.AsyncClient())
    over_own = await stack.enter_async_context(
        httpx.AsyncClient(transport=OwnTransport(limits=Limits(connections=50, idle=50)))
    )
    session = await stack.enter_async_context(aiohttp.ClientSession())
    bare = OwnTransport(limits=Limits(connections=50, idle=50))
    stack.push_async_callback(bare.aclose)
    shared = resilience()
    remotes = {}
    for kind in ("own", "httpcore"):
        line = await stack.enter_async_context(Transports(shared.clock, kind=kind, demo=True).client_for([url]))
        remotes[kind] = Remote(Source.UMANG, url, client=line, shared=shared)

    async def aio() -> None:
        async with session.get(url + "/a") as answer:
            await answer.read()

    async def straight() -> None:
        await (await bare.handle_async_request(httpx.Request("GET", url + "/a"))).aread()

    async def kept() -> None:
        await remotes["own"].fetch_cached(KEPT, ("asha", "card"), load, TEXT)

    async def load() -> str:
        return (await remotes["own"].send(KEPT, "GET", "/a")).content.decode()

    return {
        "httpx.AsyncClient, its own transport": lambda: plain.get(url + "/a"),
        "httpx.AsyncClient over our transport": lambda: over_own.get(url + "/a"),
        "aiohttp": aio,
        "our transport alone (httpx.Request in, Response out)": straight,
        "whole policy stack over httpx's transport": lambda: remotes["httpcore"].send(POLICY, "GET", "/a"),
        "whole policy stack over our transport": lambda: remotes["own"].send(POLICY, "GET", "/a"),
        "kept answer from this process's memory": kept,
    }


async def costs(url: str) -> None:
    """The table of costs: the best of some rounds, since others use the machine too."""
    print(f"| {'client':<52} |" + "".join(f" {number:>3} at once |" for number in CONCURRENT))
    print("| --- |" + " ---: |" * len(CONCURRENT))
    async with AsyncExitStack() as stack:
        for name, call in (await callers(url, stack)).items():
            cells = []
            for concurrent in CONCURRENT:
                rounds = [await measured(call, concurrent) for _ in range(ROUNDS)]
                rate, micro = max(rounds)[0], min(each[1] for each in rounds)
                cells.append(f" {micro:,.0f} us ({rate:,.0f}/s) |")
            print(f"| {name:<52} |" + "".join(cells), flush=True)


async def main(port: int) -> float:
    """Run everything; gives the ratio of the slow system."""
    url = f"http://127.0.0.1:{port}"
    version = platform.python_version()
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores, Python {version}, uvloop")
    print(
        f"httpx {httpx.__version__}, aiohttp {aiohttp.__version__}; CPU of the caller for one call (calls per second)\n"
    )
    await costs(url)
    print()
    return await one_slow_system(url)


if __name__ == "__main__":
    command = [sys.executable, str(Path(__file__).with_name("upstream.py"))]
    upstream = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stay_on(0)
    stay_on(1, upstream.pid)
    try:
        assert upstream.stdout is not None
        ratio = uvloop.run(main(int(upstream.stdout.readline())))
    finally:
        upstream.kill()
    sys.exit(0 if ratio >= LEAST_RATIO else f"the slow system cost the other {1 - ratio:.0%}")
