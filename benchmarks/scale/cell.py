"""One cell of docs/scale.md in virtual time: gateways under the product's admission, a database, an outside system.

Admission, limits, breakers, retries and their budgets are the product's own objects with its own settings. What is
modelled is what they wait for: a process does one thing at a time, PostgreSQL as many as it has cores, first come first
served.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum

from benchmarks.scale.costs import OPERATIONS, Operation
from benchmarks.scale.virtual_time import ProcessClock, Servers, run
from domain.kernel import Source
from gateway.http.admission import RETRY_SECONDS, Admission
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Limits, Load
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import Unavailable
from integrations.calling.guarded_calls import GuardedCalls, Resilience
from integrations.calling.monitor import SourceMonitor
from integrations.digilocker.requester.client import LIST_ISSUED

REFUSAL = 0.000_041
"""Seconds of a processor for a refusal (benchmarks/load/README.md, 29 November 2026)."""

NETWORK = 0.000_3
"""Seconds there and back between two machines of one room, an assumption."""

COMMIT = 0.002
"""Seconds until a commit is on two disks, an assumption; many are written together."""

TRIES = 5
"""How often a client sends a request before it gives up, an assumption; it waits as long as `Retry-After` says."""


class Outcome(StrEnum):
    """How an attempt ended."""

    GOOD = "good"
    REFUSED = "refused"
    """By the admission, or as the database is away: 503, may be sent again."""
    LATE = "late"
    """The time limit of the operation was over."""
    LOST = "lost"
    """The machine died under it."""


@dataclass(frozen=True)
class Cell:
    """What a cell consists of."""

    name: str
    people: int
    machines: int
    processes: int
    """Of gateways, on all machines."""
    database: int
    """Cores that PostgreSQL's primary has."""


@dataclass(frozen=True)
class Day:
    """What happens to a cell: arrivals a second by the second, and faults. Times are seconds from the beginning."""

    name: str
    seconds: int
    rate: Callable[[float], float]
    mix: Sequence[Operation] = OPERATIONS
    lost_at: float | None = None
    """When a machine is lost, with a third of the gateways of three."""
    away: tuple[float, float] = (0.0, 0.0)
    """From when until when the database takes no statement."""
    partner: Callable[[float], float] = lambda _: 0.2
    """How long the outside system takes for an answer at a moment."""
    waits: float = RETRY_SECONDS
    """How long a client waits before it asks again."""
    background: float = 0.0
    """Cores of the database that the worker keeps busy."""
    clients: int = 0
    """So many in place of arrivals, each of whom asks again after her answer."""
    most_open: int = 1_000_000
    """More than so many do not come while others wait."""


@dataclass
class Result:
    """What came of a day."""

    took: list[float] = field(default_factory=list)
    ended: Counter[Outcome] = field(default_factory=Counter)
    asked: int = 0
    given_up: int = 0
    partial: int = 0
    """Good answers without the part of the outside system."""
    refused_last: float = 0.0
    open_most: int = 0
    processes: float = 0.0
    """The share of the time that gateways were busy."""
    database: float = 0.0

    def percentile(self, part: float) -> float:
        """The seconds within which so many of the good answers came."""
        return sorted(self.took)[min(len(self.took) - 1, int(len(self.took) * part))] if self.took else 0.0

    @property
    def refused(self) -> float:
        """The share of attempts that were not answered well."""
        every = sum(self.ended.values())
        return 1 - self.ended[Outcome.GOOD] / every if every else 0.0


class _Gateway:
    """One process."""

    def __init__(self, load: Load) -> None:
        self.processor = Servers(1)
        clock = ProcessClock(self.processor)
        self.admission = Admission(load, clock)
        kept = AnswerCache(open_cache(None), clock)
        self.calls = GuardedCalls(Source.DIGILOCKER, Resilience(clock, Breakers(clock), kept, SourceMonitor(())))
        self.is_lost = False
        self.watch = asyncio.ensure_future(self.admission.watch())


class Simulation:
    """One cell on one day."""

    def __init__(self, cell: Cell, day: Day, seed: int) -> None:
        self._day, self._cell = day, cell
        self._chance = random.Random(seed)  # noqa: S311 - the simulation's own
        random.seed(seed)  # the jitter of the product's retries is drawn from there
        self._gateways = [_Gateway(Load()) for _ in range(cell.processes)]
        self._database = Servers(cell.database)
        self._next = 0
        self._open = 0
        self._limits = Limits()
        self.result = Result()

    async def run(self) -> Result:
        """Let everybody come who comes, and wait for all of them."""
        loop, day = asyncio.get_running_loop(), self._day
        if day.lost_at is not None:
            loop.call_later(day.lost_at, self._lose_machine)
        worker = asyncio.ensure_future(self._work_beside()) if day.background else None
        people: set[asyncio.Task[None]] = set()
        weights = [one.each_application for one in day.mix]
        for number in range(day.clients):
            people.add(asyncio.ensure_future(self._ask_ever(number)))
        while loop.time() < day.seconds and not day.clients:
            await asyncio.sleep(self._chance.expovariate(day.rate(loop.time())))
            if self._open >= day.most_open:
                continue
            task = asyncio.ensure_future(self._ask(self._chance.choices(day.mix, weights)[0]))
            people.add(task)
            task.add_done_callback(people.discard)
        await asyncio.sleep(day.seconds - loop.time())
        at_work = sum(one.processor.busy for one in self._gateways), self._database.busy
        living = sum(not one.is_lost for one in self._gateways)
        self.result.processes = at_work[0] / (loop.time() * living)
        self.result.database = at_work[1] / (loop.time() * self._cell.database)
        await asyncio.gather(*people)
        for beside in (worker, *(one.watch for one in self._gateways)):
            if beside is not None:
                beside.cancel()
        return self.result

    async def _ask(self, operation: Operation) -> None:
        """One client, who asks again where she was told to."""
        self._open += 1
        self.result.asked += 1
        self.result.open_most = max(self.result.open_most, self._open)
        loop = asyncio.get_running_loop()
        for _ in range(TRIES):
            began = loop.time()
            outcome = await self._attempt(operation)
            self.result.ended[outcome] += 1
            if outcome is Outcome.GOOD:
                self.result.took.append(loop.time() - began)
                break
            self.result.refused_last = loop.time()
            await asyncio.sleep(self._day.waits * self._chance.uniform(1.0, 1.5))
        else:
            self.result.given_up += 1
        self._open -= 1

    async def _ask_ever(self, number: int) -> None:
        """A client that waits for nothing but answers, as a benchmark's, and thinks for `waits` seconds on average."""
        loop, day = asyncio.get_running_loop(), self._day
        await asyncio.sleep(day.waits * number / day.clients)
        while loop.time() < day.seconds:
            began = loop.time()
            outcome = await self._attempt(day.mix[number % len(day.mix)])
            number += 1
            self.result.ended[outcome] += 1
            if outcome is Outcome.GOOD:
                self.result.took.append(loop.time() - began)
            await asyncio.sleep(self._chance.expovariate(1 / day.waits) if day.waits else 0)

    async def _attempt(self, operation: Operation) -> Outcome:
        gateway = self._living()
        await gateway.processor.use(0.0)
        if gateway.admission.refuses(operation.share):
            await gateway.processor.use(REFUSAL)
            await asyncio.sleep(gateway.admission.pause)
            return Outcome.REFUSED
        limit = self._limits.write_seconds if operation.writes else self._limits.read_seconds
        try:
            async with asyncio.timeout(limit), gateway.admission.slot(operation.share) as slot:
                slot.own = not operation.asks_outside
                return await self._serve(gateway, operation)
        except RequestProblem:
            return Outcome.REFUSED
        except TimeoutError:
            return Outcome.LATE

    async def _serve(self, gateway: _Gateway, operation: Operation) -> Outcome:
        """Parts of work of the process, with the database between."""
        part = operation.process / 1000 / (operation.transactions + 1)
        for _ in range(operation.transactions):
            await gateway.processor.use(part)
            if gateway.is_lost:
                return Outcome.LOST
            if self._day.away[0] <= asyncio.get_running_loop().time() < self._day.away[1]:
                return Outcome.REFUSED
            await asyncio.sleep(NETWORK)
            await self._database.use(operation.database / 1000 / operation.transactions)
        if operation.writes:
            await asyncio.sleep(COMMIT)
        if operation.asks_outside:
            await self._call(gateway)
        await gateway.processor.use(part)
        return Outcome.LOST if gateway.is_lost else Outcome.GOOD

    async def _call(self, gateway: _Gateway) -> None:
        async def work(_: AsyncExitStack) -> None:
            await asyncio.sleep(self._day.partner(asyncio.get_running_loop().time()))

        try:
            await gateway.calls.run(LIST_ISSUED, work)
        except Unavailable:
            self.result.partial += 1

    def _living(self) -> _Gateway:
        """The next gateway in turn, as nginx gives them."""
        while True:
            self._next = (self._next + 1) % len(self._gateways)
            if not self._gateways[self._next].is_lost:
                return self._gateways[self._next]

    def _lose_machine(self) -> None:
        """The processes of one machine are gone."""
        for gateway in self._gateways[:: self._cell.machines]:
            gateway.is_lost = True
            gateway.watch.cancel()

    async def _work_beside(self) -> None:
        """What the worker has PostgreSQL do, a hundredth of a second at a time."""
        while True:
            await self._database.use(0.01)
            await asyncio.sleep(max(0.0, 0.01 / self._day.background - 0.01))


def simulated(cell: Cell, day: Day, seed: int = 1) -> Result:
    """What comes of a day in a cell; the same for the same seed."""

    async def work() -> Result:
        return await Simulation(cell, day, seed).run()

    return run(work())
