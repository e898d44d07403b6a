"""One cell of the fault matrix: an adapter meets a fault, its breaker opens, the system comes back."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from domain.kernel import Sourced
from integrations.calling.deadline import set_request_deadline
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, RemoteError
from integrations.calling.guarded_calls import GuardedCalls
from integrations.calling.policies import CallPolicy
from tests.faults.adapters import comparable
from tests.faults.base import Adapter
from tests.faults.kinds import Kind
from tests.faults.site import Line, Site, open_line

READ_SECONDS, SLOW_READ_SECONDS = 8.0, 1.5
SLOW_TOTAL, SLOW_ATTEMPT = 0.9, 0.4
MARGIN_SECONDS = 0.5
"""Five times the 100 ms of docs/reliability.md section 5.1, as ADR 0022 allows for shared machines."""

CALLS_UNTIL_OPEN = 10
GOOD_PROBES = 3
BREAKER_SECONDS = 20.0
REFUSED_SECONDS = 0.1
REFUSALS = 2
_PLAIN = re.compile(r"[A-Z_]+: [A-Za-z0-9_]{1,60}")


@dataclass(frozen=True)
class Seen:
    """What came of one question. `kind` is LIVE, CACHED, STALE or the kind of the error."""

    kind: str
    code: str
    seconds: float
    upstream: int
    allowed: int
    value: Any = None


@dataclass
class Row:
    """A line of the table. `faulty` holds what was not as it must be."""

    adapter: str
    kind: str
    cold: str = ""
    kept: str = ""
    seconds: float = 0.0
    upstream: int = 0
    calls: int = 0
    breaker: str = ""
    faulty: list[str] = field(default_factory=list)

    def must(self, holds: bool, what: str) -> None:
        """Note a criterion that does not hold."""
        if not holds:
            self.faulty.append(what)


class Cell:
    """Runs one cell."""

    def __init__(self, site: Site, adapter: Adapter, kind: Kind, healthy: Any) -> None:
        self._site, self._adapter, self._kind, self._healthy = site, adapter, kind, healthy
        self._row = Row(adapter.name, kind.name)
        self._number = 0
        self._deadline = READ_SECONDS
        self._after = 0

    async def run(self) -> Row:
        """The cell's line."""
        await self._adapter.prepare()
        good = self._line("tls" if self._kind.way == "tls" else "plain", None, _as_it_is)
        bad = good
        if self._kind.slow or self._kind.way not in {"plain", "tls"}:
            bad = self._line(self._kind.way, good, _shortened if self._kind.slow else _as_it_is)
        try:
            kept_policy = self._adapter.policies[0]
            if kept_policy.fresh:
                await self._warm(good, kept_policy)
            entries = await self._site.ledger()
            self._after = entries[-1]["seq"] if entries else 0
            await self._site.set(self._kind.faults)
            self._deadline = SLOW_READ_SECONDS if self._kind.slow else READ_SECONDS
            await self._meet(bad, warm=kept_policy.fresh > 0)
            await self._open(bad)
            if self._kind.way == "private_address":
                self._row.must(await self._site.ledger(self._after) == [], "a call reached our own network")
            await self._site.heal()
            self._deadline = READ_SECONDS
            await self._recover(good, bad)
            await self._check_ledger()
        finally:
            await self._site.heal()
            for line in {id(each): each for each in (good, bad)}.values():
                await line.close()
        left = await self._site.emptied()
        self._row.must(left == 0, f"{left} connections are left")
        return self._row

    def _line(self, way: str, like: Line | None, tune: Callable[[CallPolicy], CallPolicy]) -> Line:
        return open_line(self._site, self._adapter.source, way, tune, like)

    async def _warm(self, line: Line, policy: CallPolicy) -> None:
        """Fill the cache for citizen 0 and let the copy become so old that only a fault lets it be served."""
        seen = await self._ask(line, 0)
        self._row.must(seen.kind == "LIVE", f"a healthy system gave {seen.kind} {seen.code}")
        line.clock.skip(policy.fresh + policy.revalidate + 1)

    async def _meet(self, line: Line, *, warm: bool) -> None:
        """A question without a kept answer, and one with an old one."""
        cold = await self._ask_anew(line)
        self._row.cold, self._row.seconds = _named(cold), cold.seconds
        allowed = self._kind.answers if self._adapter.tells or "GARBLED" not in self._kind.answers else None
        self._row.must(allowed is None or cold.kind in allowed, f"cold answer {_named(cold)}")
        if not warm:
            return
        kept = await self._ask(line, 0)
        self._row.kept = _named(kept)
        stale = self._adapter.policies[0].stale > 0
        if cold.kind in {"UNAVAILABLE", "GARBLED"} and kept.kind not in {"LIVE", "CACHED"}:
            self._row.must((kept.kind == "STALE") is stale, f"kept answer {_named(kept)}")

    async def _open(self, line: Line) -> None:
        """Ask on until the breaker opens, at most ten questions in all."""
        asked = 2 if self._row.kept else 1
        while asked < CALLS_UNTIL_OPEN and not self._is_open(line):
            if self._kind.opens is not True and asked >= 4:
                break
            asked += 1
            await self._ask_anew(line)
        self._row.calls = asked
        opened = self._is_open(line)
        self._row.breaker = f"open after {asked}" if opened else "closed"
        if self._kind.opens is not None and self._adapter.tells:
            self._row.must(opened is self._kind.opens, f"breaker {self._row.breaker}")
        demand, lanes = len(line.remote.sends), len({policy.lane for policy in line.remote.sends})
        most = 1.2 * demand + 3 * max(lanes, 1)  # each lane has repeats of its own
        self._row.must(len(line.requests) <= most, f"{len(line.requests)} calls for {demand} asked for")
        if opened and "instruct" not in self._adapter.name:
            refused = [await self._ask_anew(line) for _ in range(REFUSALS)]
            self._row.must(all(seen.upstream == 0 for seen in refused), "an open breaker let a call through")
            quickest = min(seen.seconds for seen in refused)  # others use the machine too
            self._row.must(quickest < REFUSED_SECONDS + MARGIN_SECONDS, "an open breaker was slow")

    async def _recover(self, line: Line, watched: Line) -> None:
        """Three good probes close it."""
        opened = self._is_open(watched)
        line.clock.skip(BREAKER_SECONDS)
        before = len(line.requests)
        for _ in range(8):
            if opened and not self._is_shut(watched):
                await self._ask_anew(line)
        probes = len(line.requests) - before
        if opened:
            self._row.must(self._is_shut(watched), "the breaker did not close")
            self._row.must(probes >= GOOD_PROBES, f"closed after {probes} probes")
            self._row.breaker += f", closed after {probes} probes"
        last = await self._ask_anew(line)
        self._row.must(last.kind == "LIVE", f"after recovery {_named(last)}")

    async def _ask_anew(self, line: Line) -> Seen:
        self._number += 1
        return await self._ask(line, self._number)

    async def _ask(self, line: Line, number: int) -> Seen:
        client = self._adapter.client(line)
        sends, requests, started = len(line.remote.sends), len(line.requests), line.clock.monotonic()
        set_request_deadline(line.clock, self._deadline)
        try:
            shown = await self._adapter.ask(client, number)
            kind, code = shown.state.value if isinstance(shown, Sourced) else "LIVE", ""
            value = comparable(shown)
        except RemoteError as error:
            kind, code, value = kind_of(error), error.code, None
            self._row.must(bool(_PLAIN.fullmatch(str(error))), "the text of the error holds more than a code")
        seconds, upstream = line.clock.monotonic() - started, len(line.requests) - requests
        allowed = sum(policy.attempts for policy in line.remote.sends[sends:])
        seen = Seen(kind, code, seconds, upstream, allowed, value)
        self._judge(seen)
        return seen

    def _judge(self, seen: Seen) -> None:
        self._row.upstream = max(self._row.upstream, seen.upstream)
        self._row.must(seen.seconds <= self._deadline + MARGIN_SECONDS, f"took {seen.seconds:.2f} s")
        self._row.must(seen.upstream <= seen.allowed, f"{seen.upstream} calls where {seen.allowed} are allowed")
        shown = seen.value is not None
        if shown and self._kind.true:
            self._row.must(seen.value == self._healthy, "shown is not what a healthy system says")

    async def _check_ledger(self) -> None:
        """A keyed write has one effect for each key."""
        effects = [each["key"] for each in await self._site.ledger(self._after) if _is_effect(each["effect"])]
        self._row.must(len(effects) == len(set(effects)), "a keyed write had two effects")

    def _is_open(self, line: Line) -> bool:
        return line.shared.breakers.is_open(self._adapter.source, line.remote.group)

    def _is_shut(self, line: Line) -> bool:
        state = line.shared.breakers.state(self._adapter.source, line.remote.group)
        return state.value == "CLOSED"


async def run_cells(site: Site, adapter: Adapter, kinds: Iterable[Kind], at_once: asyncio.Semaphore) -> list[Row]:
    """All cells of one adapter, one after another."""
    async with at_once:  # all adapters share one loop: too many at once would take each other's time to connect
        healthy = await healthy_answer(site, adapter)
    rows = []
    for kind in kinds:
        async with at_once:  # each in a context of its own: the deadline of its last question is not the next cell's
            rows.append(await asyncio.create_task(Cell(site, adapter, kind, healthy).run()))
    return rows


async def healthy_answer(site: Site, adapter: Adapter) -> Any:
    """What the system says when it is well."""
    await adapter.prepare()
    async with adapter.line() as line:
        return comparable(await adapter.ask(adapter.client(line), 0))


def _as_it_is(policy: CallPolicy) -> CallPolicy:
    return policy


def _shortened(policy: CallPolicy) -> CallPolicy:
    return replace(policy, total=SLOW_TOTAL, attempt=SLOW_ATTEMPT)


_KINDS: tuple[tuple[type[RemoteError], str], ...] = (
    (IntegrityFailure, "INTEGRITY"),
    (Garbled, "GARBLED"),
    (Refused, "REFUSED"),
)


class ShortenedCalls(GuardedCalls):
    """The guarded calls as they are, under shorter policies while they are `slow`."""

    slow = False

    async def run(self, policy: CallPolicy, work: Callable[..., Awaitable[Any]], **named: Any) -> Any:
        return await super().run(_shortened(policy) if self.slow else policy, work, **named)


def kind_of(error: RemoteError) -> str:
    """The kind of an error, in the words of the matrix."""
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "UNAVAILABLE")


def _named(seen: Seen) -> str:
    return f"{seen.kind} {seen.code}".strip()


def _is_effect(effect: str | None) -> bool:
    return any(word in (effect or "") for word in ("instruction accepted", "file accepted"))


def bounded(adapter: int, kind: int, what: Kind) -> bool:
    """The half for CI: every second cell, as on a chess board; and always the other citizen's record and pages."""
    return (adapter + kind) % 2 == 0 or bool({"owner", "pages"} & what.needs)
