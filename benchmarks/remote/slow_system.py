"""What a system that answers after 30 seconds costs the calls to one that is well."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.remote.measuring import SHORT, measured, resilience
from domain.kernel import Source
from integrations.calling.breakers import BreakerState
from integrations.calling.errors import Unavailable
from integrations.calling.policies import Bulkhead, CallPolicy, Traffic
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports

PAIRS, WINDOW = (6, 0.2) if SHORT else (60, 0.25)
"""Windows with and without the slow system alternate, so that what else the machine does meets both alike."""

CALLERS, CITIZENS = 10, 50
THINK_SECONDS = 1.0
"""A citizen who got an error asks again after this, or after `Retry-After` where that is longer."""

WELL = CallPolicy("bench.well", Source.UMANG, traffic=Traffic.BUSY, lane=Bulkhead(places=50))
SLOW = CallPolicy("bench.slow", Source.API_SETU, traffic=Traffic.BUSY, breaker="<round>")
Wait = Callable[[Unavailable], Awaitable[None]]


@dataclass
class Kind:
    """What goes on beside the calls that are measured, and what was measured in each window of it."""

    name: str
    wait: Wait
    opened: bool
    """Whether its windows begin when the breaker is open; else each begins with new calls that hang."""
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    rates_alone: list[float] = field(default_factory=list)
    costs_alone: list[float] = field(default_factory=list)
    asked: int = 0

    @property
    def ratio(self) -> float:
        """Throughput beside it, of the throughput alone: the median of the pairs."""
        return statistics.median(with_ / alone for with_, alone in zip(self.rates, self.rates_alone, strict=True))

    def line(self) -> str:
        """A line of the table."""
        rate, alone = statistics.median(self.rates), statistics.median(self.rates_alone)
        cost, cost_alone = statistics.median(self.costs), statistics.median(self.costs_alone)
        asked = self.asked / (PAIRS * WINDOW)
        return (
            f"| {self.name} | {asked:,.0f}/s | {rate:,.0f}/s | {alone:,.0f}/s | {self.ratio:.2f} "
            f"| {cost:,.0f} us | {cost_alone:,.0f} us |"
        )


async def as_told(error: Unavailable) -> None:
    """What a citizen does who was told when to come again."""
    await asyncio.sleep(max(THINK_SECONDS, error.retry_after or 0.0))


async def each_second(error: Unavailable) -> None:
    """What a client does that does not read `Retry-After`."""
    del error
    await asyncio.sleep(THINK_SECONDS)


async def at_once(error: Unavailable) -> None:
    """What no citizen can do: the next question in the next turn of the loop, without a network between."""
    del error
    await asyncio.sleep(0)


class Bench:
    """Two lines of one gateway: one to a system that is well, one to a slow one."""

    def __init__(self, well: Remote, slow: Remote, opened: asyncio.Event) -> None:
        self._well, self._slow, self._opened = well, slow, opened
        self._group = 0
        self._may_ask = asyncio.Event()

    async def measure(self, kind: Kind) -> None:
        """Measure all pairs of one kind."""
        if kind.opened:
            async with self._citizens(kind):
                await self._opened.wait()
                for _ in range(PAIRS):
                    self._may_ask.clear()
                    await self._window(kind.rates_alone, kind.costs_alone)
                    self._may_ask.set()
                    await self._window(kind.rates, kind.costs)
            return
        for _ in range(PAIRS):
            await self._window(kind.rates_alone, kind.costs_alone)
            async with self._citizens(kind):
                await self._window(kind.rates, kind.costs)

    async def _window(self, rates: list[float], costs: list[float]) -> None:
        rate, cost = await measured(lambda: self._well.send(WELL, "GET", "/a"), CALLERS, WINDOW)
        rates.append(rate)
        costs.append(cost)

    @asynccontextmanager
    async def _citizens(self, kind: Kind) -> AsyncIterator[None]:
        """Fifty who ask the slow system, each waiting for the answer before the next question."""
        self._group += 1  # a breaker of its own each time
        group = f"round {self._group}"
        self._opened.clear()
        self._may_ask.set()

        async def citizen() -> None:
            while True:
                await self._may_ask.wait()
                kind.asked += 1
                try:
                    await self._slow.send(SLOW, "GET", "/slow", group=group)
                except Unavailable as error:
                    await kind.wait(error)

        tasks = [asyncio.create_task(citizen()) for _ in range(CITIZENS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def kinds() -> list[Kind]:
    """What may go on beside."""
    return [
        Kind("20 calls hang, 30 citizens wait for a place; breaker closed", as_told, opened=False),
        Kind("breaker open; 50 citizens ask again as `Retry-After` says", as_told, opened=True),
        Kind("breaker open; 50 clients ask again each second", each_second, opened=True),
        Kind("breaker open; 50 loops without a pause, in this process", at_once, opened=True),
    ]


async def one_slow_system(url: str) -> float:
    """Print the table; gives the worst ratio of those that clients behind a network can cause."""
    opened = asyncio.Event()
    shared = resilience(lambda _source, _group, state: opened.set() if state is BreakerState.OPEN else None)
    measured_kinds = kinds()
    async with AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(Transports(shared.clock, demo=True).client_for([url])) for _ in range(2)
        ]
        well = Remote(Source.UMANG, url, client=lines[0], shared=shared)
        bench = Bench(well, Remote(Source.API_SETU, url, client=lines[1], shared=shared), opened)
        for kind in measured_kinds:
            await bench.measure(kind)
    print(f"{CALLERS} callers of a system that is well, with and without one beside it that answers after 30 s:\n")
    print("| beside it | asks the slow one | well, beside it | alone | ratio | CPU a call, beside it | alone |")
    print("| --- |" + " ---: |" * 6)
    for kind in measured_kinds:
        print(kind.line())
    return min(kind.ratio for kind in measured_kinds[:-1])
