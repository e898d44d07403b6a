"""Circuit breakers by system and group.

State is this process's own. A hint that a group is open elsewhere (integrations/calling/breaker_sharing.py) makes this
process careful: one call at a time until one succeeds, and open at the first that fails.

They are our own because interlock 2.8.2 judges its probes by the rate of the closed state (ADR 0006).
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from domain.kernel import Clock, Source
from integrations.calling.errors import Garbled, NotAsked, Unavailable
from integrations.calling.policies import Traffic

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker opens when of the last `window` calls, at least `least` of them, the share `rate` failed."""

    window: int
    least: int
    rate: float


TRIPS = {Traffic.BUSY: Trip(20, 10, 0.5), Traffic.LOW: Trip(5, 5, 1.0)}
"""The figures of ADR 0016."""

OPEN_SECONDS, LONGEST_OPEN_SECONDS = 15.0, 300.0
"""How long it stays open at first; each round of failed probes doubles it."""

MOST_GROUPS = 1000
"""Breakers that one process remembers."""

GOOD_PROBES = 3
PROBE_WAIT_SECONDS = 1.0
"""The Retry-After of a caller while another one probes."""


class BreakerState(StrEnum):
    """Closed lets all calls through, open none, half open one at a time."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


BreakerObserver = Callable[[Source, str, BreakerState], None]
"""Called with every change: source, group, new state. For information only; nothing is decided by it."""


class CircuitOpen(NotAsked):
    """The breaker did not let the call through; it must not be repeated at once."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What another process says of a group: it is open there until then. `left` is in seconds from now."""

    until: str
    left: float


class Breaker:
    """One breaker. `spread` in [0, 1) lengthens its open time by up to a fifth."""

    def __init__(
        self, clock: Clock, trip: Trip, changed: Callable[[BreakerState], None], *, spread: float = 0.0
    ) -> None:
        self._clock = clock
        self._trip = trip
        self._changed = changed
        self._stretch = 1 + 0.2 * spread
        self._failed: deque[bool] = deque(maxlen=trip.window)
        self._state = BreakerState.CLOSED
        self._era = 0
        self._rounds = 0
        self._open_until = 0.0
        self._probing = False
        self._good = 0
        self._caution: tuple[str, float] | None = None
        self._disproved = ""
        self.turn = asyncio.Lock()

    @property
    def state(self) -> BreakerState:
        """Closed, open, or half open once the open time is over."""
        if self._state is BreakerState.OPEN and self._clock.monotonic() >= self._open_until:
            return BreakerState.HALF_OPEN
        return self._state

    @property
    def careful(self) -> bool:
        """Whether calls go one at a time: it recovers, or it is said to be open elsewhere."""
        if self._caution is not None and self._clock.monotonic() >= self._caution[1]:
            self._caution = None
        return self.state is BreakerState.HALF_OPEN or (
            self._caution is not None and self._state is BreakerState.CLOSED
        )

    def apply_caution(self, caution: Caution | None) -> None:
        """Take in what others say now. A hint that a call of ours has disproved is not heeded again."""
        if caution is None:
            self._caution = None
        elif caution.until != self._disproved:
            self._caution = (caution.until, self._clock.monotonic() + caution.left)

    def admit(self) -> int | None:
        """The era in which a call begins, or None where it must not."""
        if self._state is BreakerState.CLOSED:
            return self._era
        if self.state is BreakerState.OPEN or self._probing:
            return None
        if self._state is BreakerState.OPEN:
            self._good = 0
            self._turn(BreakerState.HALF_OPEN)
        self._probing = True
        return self._era

    def wait_seconds(self) -> float:
        """When a refused caller may ask again."""
        left = self._open_until - self._clock.monotonic()
        return left if left > 0 else PROBE_WAIT_SECONDS

    def record(self, era: int, failed: bool | None) -> None:
        """Note how a call ended. None says that it tells nothing of the system; a probe gives its lease back."""
        if era != self._era:
            return  # it began before the last change
        if self._state is BreakerState.HALF_OPEN:
            self._probing = False
            self._judge_probe(failed)
        elif failed is not None:
            self._failed.append(failed)
            if self._caution is not None:
                self._judge_hint(failed=failed)
                return
            calls = len(self._failed)
            if failed and calls >= self._trip.least and sum(self._failed) >= self._trip.rate * calls:
                self._open()  # never by a good call, which says that the system is back

    def tell(self, failed: bool | None) -> None:
        """Record the end of a call whose start proved nothing yet."""
        self.record(self._era, failed)

    def _judge_hint(self, *, failed: bool) -> None:
        """Our own call confirms what others say, or disproves it."""
        if self._caution is not None and not failed:
            self._disproved = self._caution[0]
        self._caution = None
        if failed:
            self._open()

    def _judge_probe(self, failed: bool | None) -> None:
        if failed:
            self._rounds += 1
            self._open()
        elif failed is False:
            self._good += 1
            if self._good >= GOOD_PROBES:
                self._rounds = 0
                self._turn(BreakerState.CLOSED)

    def _open(self) -> None:
        seconds = min(OPEN_SECONDS * 2 ** min(self._rounds, 10) * self._stretch, LONGEST_OPEN_SECONDS)
        self._open_until = self._clock.monotonic() + seconds
        self._turn(BreakerState.OPEN)

    def _turn(self, state: BreakerState) -> None:
        self._state = state
        self._era += 1
        self._failed.clear()
        self._changed(state)


class Breakers:
    """One breaker for each (system, group), made when first asked for. State is this process's own.

    `spread` in [0, 1) keeps processes from probing together. `observer` is called with every change.
    """

    def __init__(self, clock: Clock, *, spread: float = 0.0, observer: BreakerObserver | None = None) -> None:
        self._clock = clock
        self._spread = spread
        self._observer = observer
        self._breakers: dict[tuple[Source, str], Breaker] = {}
        self._cautions: Mapping[str, Caution] = {}

    async def call(
        self,
        source: Source,
        group: str,
        work: Callable[[], Awaitable[T]],
        traffic: Traffic = Traffic.LOW,
        *,
        begins: bool = False,
    ) -> T:
        """Run one attempt; raises CircuitOpen with the seconds until the next probe.

        Where it only `begins` an answer that is read later, a success is not counted: `settle` tells how it ended.

        While a group recovers, one call probes and the others wait for its verdict instead of failing: a
        question that needs several calls at once would else cancel its own probe for ever.
        """
        breaker = self._breakers.get((source, group)) or self._new_breaker(source, group, traffic)
        if breaker.careful:
            async with breaker.turn:
                if breaker.careful or breaker.state is not BreakerState.CLOSED:
                    return await self._run(breaker, source, work, begins=begins)
        return await self._run(breaker, source, work, begins=begins)

    def settle(self, source: Source, group: str, error: Exception | None) -> None:
        """Tell how an answer ended that `call` began."""
        breaker = self._breakers.get((source, group))
        if breaker is not None:
            breaker.tell(False if error is None else _verdict(error))

    async def _run(self, breaker: Breaker, source: Source, work: Callable[[], Awaitable[T]], *, begins: bool) -> T:
        era = breaker.admit()
        if era is None:
            raise CircuitOpen(source, "circuit_open", retry_after=breaker.wait_seconds())
        failed: bool | None = None
        try:
            result = await work()
            failed = None if begins else False
        except Exception as error:
            failed = _verdict(error)
            raise
        finally:
            breaker.record(era, failed)
        return result

    def is_open(self, source: Source, group: str = "") -> bool:
        """Whether calls of the group are refused now."""
        return self.state(source, group) is BreakerState.OPEN

    def state(self, source: Source, group: str = "") -> BreakerState:
        """The state of a group; one that was never asked is closed."""
        breaker = self._breakers.get((source, group))
        return breaker.state if breaker is not None else BreakerState.CLOSED

    def groups(self, source: Source) -> dict[str, BreakerState]:
        """The state of each group of a system that was asked in this process."""
        return {group: breaker.state for (asked, group), breaker in self._breakers.items() if asked is source}

    def open_seconds(self, source: Source, group: str = "") -> float:
        """For how long calls of an open group are refused; zero for others."""
        breaker = self._breakers.get((source, group))
        return breaker.wait_seconds() if breaker is not None and breaker.state is BreakerState.OPEN else 0.0

    def caution(self, cautions: Mapping[str, Caution]) -> None:
        """Take in which groups, by `hint_name`, other processes hold open now."""
        self._cautions = cautions
        for (source, group), breaker in self._breakers.items():
            breaker.apply_caution(cautions.get(hint_name(source, group)))

    def _new_breaker(self, source: Source, group: str, traffic: Traffic) -> Breaker:
        def notify_observer(state: BreakerState) -> None:
            if self._observer is not None:
                self._observer(source, group, state)

        if len(self._breakers) >= MOST_GROUPS:
            self._forget_one()
        breaker = Breaker(self._clock, TRIPS[traffic], notify_observer, spread=self._spread)
        if self._cautions:
            breaker.apply_caution(self._cautions.get(hint_name(source, group)))
        self._breakers[source, group] = breaker
        return breaker

    def _forget_one(self) -> None:
        """Groups may be named after data, such as an issuer in a URI: the oldest closed one goes."""
        closed = (key for key, breaker in self._breakers.items() if breaker.state is BreakerState.CLOSED)
        oldest = next(closed, None)
        if oldest is not None:
            del self._breakers[oldest]


def hint_name(source: Source, group: str) -> str:
    """The name of a breaker among processes. A group may be named after data, so only its digest is shared."""
    return f"{source.value}:{hashlib.sha256(group.encode()).hexdigest()[:16]}"


def _verdict(error: Exception) -> bool | None:
    """A refusal is an answer; only no answer or a garbled one counts, and a call not made tells nothing."""
    if isinstance(error, NotAsked):
        return None
    return isinstance(error, Unavailable | Garbled)
