"""Admission control under load: an adaptive limit, a guaranteed share for each class, a short queue.

- A class below its guarantee is let in at once, whatever the others do. That is what a guarantee means: were the
  slots lent to others waited for, their slow requests would hold it. So the process may for a moment have more under
  way than the limit says, at most by the guarantees of the other classes.
- Room that nobody uses is lent: a class above its guarantee is let in while the sum is below the limit.
- Strangers are guaranteed one operation, have at most half of the room, and come after everybody who is signed in.
- Who is not let in waits in the queue of its class, which is as long as can have its turn in half of the time that one
  may wait: so whoever waits is served, and everybody else knows at once. How many that are is learned from the last
  operations that ended while the room was full.
- Nobody is refused without a pause of 10 ms: else clients that ask again at once would leave no time for the others.
"""

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum

from domain.kernel import Clock, ErrorCode, Problem
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Load

WINDOW_SECONDS = 0.25
"""How long is looked at before the limit moves."""

FEWEST_SAMPLES = 5
"""Operations of our own store that must be seen before their time says anything."""

TOLERANCE = 2.0
"""How much longer than usual an operation may take before the limit falls."""

MEMORY = 0.05
"""How much of one window goes into what is usual."""

SMOOTHING = 0.3
"""How much of a step is taken at once."""

FALL = 0.5
"""What is left at least of the limit after a window in which the loop ran late."""

LAG_SECONDS = 0.05
"""How often the lateness of the event loop is looked at."""

QUEUE_TIMES = 2
"""How many may always wait for each that a class is guaranteed."""

RETRY_SECONDS = 1.0


@dataclass(slots=True)
class _Window:
    """What was seen since the limit last moved. Times are seconds."""

    began: float
    own: list[float] = field(default_factory=list)
    finished: int = 0
    busiest: int = 0
    lateness: list[float] = field(default_factory=list)


class AdaptiveLimit:
    """The limit of one process. Times are those of a monotonic clock, in seconds."""

    def __init__(self, load: Load, now: float) -> None:
        self._load = load
        self._value = float(min(max(load.start, load.least), load.most))
        self._usual: float | None = None
        self._window = _Window(now)
        self._suffered = False
        self.finished_a_second = math.inf
        """How many operations end in a second where the limit is reached; infinite where it never was."""

    @property
    def value(self) -> int:
        """How many operations may be under way now."""
        return int(self._value)

    def note_start(self, under_way: int) -> None:
        """Take note of how many operations are under way, with the one that begins now."""
        self._window.busiest = max(self._window.busiest, under_way)

    def note_finish(self, seconds: float, *, own: bool = True) -> None:
        """Take note of the end of an operation; the time of one that asked an outside system says nothing."""
        self._window.finished += 1
        if own and len(self._window.own) < 1000:
            self._window.own.append(seconds)

    def note_lateness(self, seconds: float) -> None:
        """Take note of how late the event loop came back to a task that had slept."""
        self._window.lateness.append(seconds)

    def adjust_limit(self, now: float) -> bool:
        """Move the limit where a window is over; True where it was."""
        if now - self._window.began < WINDOW_SECONDS:
            return False
        window, self._window = self._window, _Window(now)
        if window.busiest >= self.value and window.finished:
            rate, before = window.finished / (now - window.began), self.finished_a_second
            self.finished_a_second = rate if math.isinf(before) else before + (rate - before) * SMOOTHING
        self._value = min(max(self._next_limit(window), self._load.least), self._load.most)
        return True

    def _next_limit(self, window: _Window) -> float:
        used = window.busiest >= self._value / 2
        late = _typical(window.lateness)
        if late > self._load.lag_seconds:
            if not used and self._value <= self._load.start:
                return self._value  # the machine is slow, and not by our doing
            self._suffered = True
            return self._value * max(FALL, self._load.lag_seconds / late)
        gradient = self._gradient(window)
        if gradient >= 1 and not used:
            return self._value  # nothing is learned from a limit that nobody reached
        self._suffered = self._suffered or gradient < 1
        if not self._suffered:
            return self._value * 2  # a fresh process does not know yet what it can do
        wanted = self._value * gradient + math.sqrt(self._value)
        return self._value + (wanted - self._value) * SMOOTHING

    def _gradient(self, window: _Window) -> float:
        """1 where operations take what they usually take, less where they take longer, at least a half."""
        if len(window.own) < FEWEST_SAMPLES:
            return 1.0
        now = _typical(window.own)
        usual = now if self._usual is None else self._usual
        self._usual = usual * (1 - MEMORY) + now * MEMORY if now > usual else now
        return max(0.5, min(1.0, TOLERANCE * usual / now)) if now > 0 else 1.0


def _typical(values: list[float]) -> float:
    """The middle of the values, which one slow operation does not move; 0 where there are none."""
    return sorted(values)[len(values) // 2] if values else 0.0


class Share(StrEnum):
    """The classes among which the process is shared out (docs/reliability.md section 4)."""

    CITIZENS = "citizens"
    OFFICERS = "officers"
    PARTNERS = "partners"
    STRANGERS = "strangers"
    """Whoever is not signed in."""


def overload_refusal() -> RequestProblem:
    """503 for a request that cannot be served now. It did nothing and may be sent again."""
    problem = Problem(ErrorCode.OVERLOADED, retry_after=RETRY_SECONDS)
    return RequestProblem(503, problem, headers={"Retry-After": str(math.ceil(RETRY_SECONDS))})


@dataclass(slots=True)
class Slot:
    """One operation under way. `own` is made False where it asked an outside system, whose time is not ours."""

    own: bool = True


@dataclass(slots=True)
class _Class:
    under_way: int = 0
    queue: "deque[tuple[float, asyncio.Future[bool]]]" = field(default_factory=deque)
    """When the time of each who waits is over, and her turn: True once it comes, False where it did not in time."""
    ending: asyncio.Task[None] | None = None
    """Ends the waits of those whose time is over, while anybody waits."""


class Admission:
    """The admission control of one process.

    `observe` is called for each request admitted or refused: its share, and "admitted" or "shed"; `late` of how
    late the event loop ran, in seconds, twenty times a second.
    """

    def __init__(
        self,
        load: Load,
        clock: Clock,
        observe: Callable[[Share, str], None] | None = None,
        late: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._load = load
        self.pause = load.overload_wait_seconds
        self._clock = clock
        self._observe = observe
        self._late = late
        self._percent = {
            Share.CITIZENS: load.citizens_percent,
            Share.OFFICERS: load.officers_percent,
            Share.PARTNERS: load.partners_percent,
            Share.STRANGERS: 0,
        }
        self._classes = {share: _Class() for share in Share}
        self._coming: Counter[Share] = Counter()
        self.limit = AdaptiveLimit(load, clock.monotonic())

    @property
    def under_way(self) -> int:
        """Operations under way, of all classes."""
        return sum(each.under_way for each in self._classes.values())

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return sum(len(each.queue) for each in self._classes.values())

    def guarantee(self, share: Share) -> int:
        """How many operations a class may always have under way; at least one."""
        return max(1, self.limit.value * self._percent[share] // 100)

    def slot(self, share: Share, *, spare: bool = False) -> AbstractAsyncContextManager[Slot]:
        """Admit one operation; a `spare` one only into room that nobody waits for.

        Raises RequestProblem with 503 where there is no slot in time.
        """
        return _AdmittedOperation(self, share, spare)

    async def enter(self, share: Share, *, spare: bool) -> float:
        """Wait for a slot; when it began. Raises RequestProblem with 503 where there is none in time."""
        await self._enter(share, spare=spare)
        return self._clock.monotonic()

    def leave(self, share: Share, began: float, slot: Slot) -> None:
        """Give a slot back, and on."""
        now = self._clock.monotonic()
        self.limit.note_finish(now - began, own=slot.own)
        self._classes[share].under_way -= 1
        self.limit.adjust_limit(now)
        self._admit_waiting()

    def refuses(self, share: Share, *, spare: bool = False) -> bool:
        """Whether one more would be refused, by what is known at its head; it is then counted as refused.

        Heads that come in one turn of the event loop are let through before any of them is in the queue: they are
        counted until the turn is over.
        """
        mine, coming = self._classes[share], self._coming[share]
        room = 0 if mine.queue else max(0, self._room(share))
        most = 0 if spare and self.waiting else room if spare else room + self._longest_queue(share)
        if len(mine.queue) + coming < most:
            if not self._coming:
                asyncio.get_running_loop().call_soon(self._coming.clear)
            self._coming[share] += 1
            return False
        self._tell(share, "shed")
        return True

    async def watch(self) -> None:
        """Look at the lateness of the event loop for as long as the process lives."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(LAG_SECONDS)
            now = self._clock.monotonic()
            late = max(0.0, now - before - LAG_SECONDS)
            self._late(late)
            self.limit.note_lateness(late)
            if self.limit.adjust_limit(now):
                self._admit_waiting()

    async def _enter(self, share: Share, *, spare: bool) -> None:
        mine = self._classes[share]
        free = not self.waiting and self.under_way < self.limit.value if spare else not mine.queue
        if free and self._has_room(share):
            self._take(share)
            return
        if spare or len(mine.queue) >= self._longest_queue(share):
            await self._clock.sleep(self.pause)
        elif await self._wait(share):
            return
        self._tell(share, "shed")
        raise overload_refusal()

    def _longest_queue(self, share: Share) -> float:
        """How many of a class may wait; all others have their turn before strangers."""
        served = self.limit.finished_a_second * self._load.wait_seconds / 2
        before = self.waiting - len(self._classes[share].queue) if share is Share.STRANGERS else 0
        return max(QUEUE_TIMES * self.guarantee(share), served - before)

    async def _wait(self, share: Share) -> bool:
        """Wait for a turn; True where it came. A turn that came while this task was cancelled is given on."""
        mine = self._classes[share]
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        waits = self._clock.monotonic() + self._load.wait_seconds, turn
        mine.queue.append(waits)
        if mine.ending is None:
            mine.ending = asyncio.ensure_future(self._end_waits(mine))
        try:
            return await turn
        except asyncio.CancelledError:
            if waits in mine.queue:
                mine.queue.remove(waits)
            elif not turn.cancelled() and turn.result():
                mine.under_way -= 1
                self._admit_waiting()
            raise
        finally:
            if not mine.queue and mine.ending is not None:
                mine.ending.cancel()
                mine.ending = None

    async def _end_waits(self, mine: _Class) -> None:
        """End each wait of a class when its time is over: they do in the order of the queue, so one timer is enough."""
        while mine.queue:
            until, turn = mine.queue[0]
            await self._clock.sleep(until - self._clock.monotonic())
            if not turn.done():
                mine.queue.popleft()
                turn.set_result(False)
        mine.ending = None

    def _most(self, share: Share) -> int:
        """How many operations of a class may be under way where nobody else wants the room."""
        return self.limit.value * (self._load.strangers_percent if share is Share.STRANGERS else 100) // 100

    def _has_room(self, share: Share) -> bool:
        return self._room(share) > 0

    def _room(self, share: Share) -> int:
        """How many more of a class may begin at once, as long as nobody else does."""
        mine = self._classes[share].under_way
        lent = min(self._most(share) - mine, self.limit.value - self.under_way)
        return max(self.guarantee(share) - mine, lent)

    def _admit_waiting(self) -> None:
        """Give free slots to waiting requests: first below their guarantee, then where the share is used least.

        Strangers come last.
        """
        while True:
            ready = [share for share, each in self._classes.items() if each.queue and self._has_room(share)]
            if not ready:
                break
            share = min(ready, key=self._use)
            _, turn = self._classes[share].queue.popleft()
            if not turn.done():
                self._take(share)
                turn.set_result(True)

    def _use(self, share: Share) -> tuple[bool, float]:
        return share is Share.STRANGERS, self._classes[share].under_way / self.guarantee(share)

    def _take(self, share: Share) -> None:
        self._classes[share].under_way += 1
        self.limit.note_start(self.under_way)
        self._tell(share, "admitted")

    def _tell(self, share: Share, outcome: str) -> None:
        if self._observe is not None:
            self._observe(share, outcome)


class _AdmittedOperation:
    """Has a slot from its beginning to its end; a generator would take three times as long."""

    __slots__ = ("_admission", "_began", "_share", "_slot", "_spare")

    def __init__(self, admission: Admission, share: Share, spare: bool) -> None:
        self._admission, self._share, self._spare = admission, share, spare

    async def __aenter__(self) -> Slot:
        self._began = await self._admission.enter(self._share, spare=self._spare)
        self._slot = Slot()
        return self._slot

    async def __aexit__(self, *_: object) -> None:
        self._admission.leave(self._share, self._began, self._slot)
