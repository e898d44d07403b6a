"""Measures what a call to an outside system costs: plain httpx, aiohttp, our transport, the whole policy stack.

`make bench-remote`. BOUND=ci runs a short form. Every figure is of one process on one core against an
upstream process on loopback; CPU is this process's own (user and system), so the upstream is not in it.
"""

import asyncio
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpx
import uvloop

from domain.clock import SystemClock
from domain.sources import Source
from integrations.breakers import Breakers
from integrations.cache import Codec, KeptAnswers, open_cache
from integrations.errors import Unavailable
from integrations.http_transport import Limits, OwnTransport
from integrations.monitor import SourceMonitor
from integrations.policies import JSON_TYPES, CallPolicy, Lane, Traffic
from integrations.remote import Remote, Resilience
from integrations.transport import Lines

SHORT = os.environ.get("BOUND") == "ci"
SECONDS = 0.3 if SHORT else 2.0
ROUNDS = 1 if SHORT else 3
CONCURRENT = (1, 10, 50)
WINDOWS, WINDOW = (2, 0.3) if SHORT else (8, 1.0)
"""The slow system is measured in windows: so many without it, twice as many with it, so many without it again."""
LANE = Lane(places=50)
POLICY = CallPolicy("bench.call", Source.UMANG, traffic=Traffic.BUSY, lane=LANE, accepts=JSON_TYPES)
KEPT = CallPolicy("bench.kept", Source.UMANG, fresh=3600, traffic=Traffic.BUSY, lane=LANE)
OTHER = CallPolicy("bench.slow", Source.API_SETU, traffic=Traffic.BUSY)
TEXT = Codec(encode=lambda value: value, decode=lambda value: value)
Call = Callable[[], Awaitable[object]]


def cpu() -> float:
    """Seconds of CPU that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measured(call: Call, concurrent: int, seconds: float = SECONDS) -> tuple[float, float]:
    """Calls per second, and microseconds of CPU for each."""
    await asyncio.gather(*(call() for _ in range(concurrent)))
    done, ends_at = 0, time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < ends_at:
            await call()
            done += 1

    started, before = time.perf_counter(), cpu()
    await asyncio.gather(*(caller() for _ in range(concurrent)))
    return done / (time.perf_counter() - started), (cpu() - before) / done * 1e6


def resilience() -> Resilience:
    """What the callers of a process share."""
    clock = SystemClock()
    return Resilience(clock, Breakers(clock), KeptAnswers(open_cache(None), clock), SourceMonitor(Source))


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
        line = await stack.enter_async_context(Lines(shared.clock, kind=kind, demo=True).to([url]))
        remotes[kind] = Remote(Source.UMANG, url, client=line, shared=shared)

    async def aio() -> None:
        async with session.get(url + "/a") as answer:
            await answer.read()

    async def straight() -> None:
        await (await bare.handle_async_request(httpx.Request("GET", url + "/a"))).aread()

    async def kept() -> None:
        await remotes["own"].kept(KEPT, ("asha", "card"), load, TEXT)

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


async def one_slow_system(url: str) -> float:
    """Throughput of calls to a system that is well, with one beside it that answers after 30 s, against without."""
    shared = resilience()
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(Lines(shared.clock, demo=True).to([url])) for _ in range(2)]
        well = Remote(Source.UMANG, url, client=lines[0], shared=shared)
        slow = Remote(Source.API_SETU, url, client=lines[1], shared=shared)

        async def asking() -> None:
            while True:
                try:
                    await slow.send(OTHER, "GET", "/slow")
                except Unavailable:
                    await asyncio.sleep(1)  # whoever got an error asks again a second later

        async def windows(count: int) -> list[tuple[float, float]]:
            return [await measured(lambda: well.send(POLICY, "GET", "/a"), 10, WINDOW) for _ in range(count)]

        alone = await windows(WINDOWS)
        tasks = [asyncio.create_task(asking()) for _ in range(50)]
        beside = await windows(2 * WINDOWS)
        state = shared.breakers.state(Source.API_SETU).value
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        alone += await windows(WINDOWS)
    rate, micro = (statistics.median(each[part] for each in beside) for part in (0, 1))
    rate_alone, micro_alone = (statistics.median(each[part] for each in alone) for part in (0, 1))
    print("10 callers of a system that is well, with and without 50 callers of one that answers after 30 s:")
    print(f"  throughput {rate / rate_alone:.2f} of normal ({rate:,.0f}/s; {rate_alone:,.0f}/s)")
    print(f"  CPU for each of its calls {micro:,.0f} us; {micro_alone:,.0f} us; the breaker of the slow one: {state}")
    return rate / rate_alone


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
    try:
        assert upstream.stdout is not None
        ratio = uvloop.run(main(int(upstream.stdout.readline())))
    finally:
        upstream.kill()
    sys.exit(0 if ratio > 0.8 else f"the slow system cost the other {1 - ratio:.0%}")
