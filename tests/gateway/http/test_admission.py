"""Room in the process: shares, lent room, the queue and its time, and a limit that is found by trying."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from domain.kernel import ManualClock
from gateway.http.admission import WINDOW_SECONDS, AdaptiveLimit, Admission, Share
from gateway.http.problems import RequestProblem
from gateway.settings.limits import Load

CITIZENS, OFFICERS, PARTNERS, STRANGERS = Share.CITIZENS, Share.OFFICERS, Share.PARTNERS, Share.STRANGERS


class StillClock(ManualClock):
    """A clock whose sleepers wake when the test moves it past their time."""

    def __init__(self) -> None:
        super().__init__(datetime(2026, 11, 25, tzinfo=UTC))
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + seconds, wake))
        await wake

    async def pass_by(self, seconds: float) -> None:
        from datetime import timedelta

        self.advance(timedelta(seconds=seconds))
        for at, wake in self._sleepers:
            if at <= self.monotonic() + 1e-9 and not wake.done():
                wake.set_result(None)
        for _ in range(6):
            await asyncio.sleep(0)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


class Visitor:
    """One request: it goes in as soon as it is let in, and stays until it is told to leave."""

    def __init__(self, gate: Admission, share: Share) -> None:
        self.inside = False
        self.refused: RequestProblem | None = None
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate, share))

    async def _visit(self, gate: Admission, share: Share) -> None:
        try:
            async with gate.slot(share):
                self.inside = True
                await self._leave.wait()
        except RequestProblem as refusal:
            self.refused = refusal

    async def leave(self) -> None:
        self._leave.set()
        await settle()


async def visitors(gate: Admission, share: Share, count: int) -> list[Visitor]:
    come = [Visitor(gate, share) for _ in range(count)]
    await settle()
    return come


async def everybody_leaves(*groups: list[Visitor]) -> None:
    for group in groups:
        for each in group:
            each.task.cancel()
    await asyncio.gather(*(each.task for group in groups for each in group), return_exceptions=True)


async def test_one_class_may_use_all_room_that_nobody_else_uses(clock: StillClock):
    gate = Admission(Load(start=20), clock)

    citizens = await visitors(gate, CITIZENS, 20)

    assert all(each.inside for each in citizens)
    await everybody_leaves(citizens)


@pytest.mark.parametrize(("share", "guaranteed"), [(CITIZENS, 12), (OFFICERS, 5), (PARTNERS, 3)])
async def test_a_guaranteed_share_is_there_although_others_took_all_room(
    clock: StillClock, share: Share, guaranteed: int
):
    gate = Admission(Load(start=20), clock)
    other = OFFICERS if share is not OFFICERS else CITIZENS
    crowd = await visitors(gate, other, 20)

    mine = await visitors(gate, share, guaranteed + 1)

    assert [each.inside for each in mine] == [True] * guaranteed + [False]
    await everybody_leaves(crowd, mine)


async def test_lent_room_goes_back_to_the_class_below_its_guarantee_first(clock: StillClock):
    gate = Admission(Load(start=20), clock)
    citizens = await visitors(gate, CITIZENS, 20)
    waiting_citizens = await visitors(gate, CITIZENS, 3)
    officers = await visitors(gate, OFFICERS, 6)

    for each in citizens[:6]:  # five of them were more than the limit allows
        await each.leave()

    assert [each.inside for each in officers] == [True] * 6
    assert not any(each.inside for each in waiting_citizens)
    await everybody_leaves(citizens, waiting_citizens, officers)


async def test_thirty_strangers_at_once_cost_no_citizen_her_room(clock: StillClock):
    gate = Admission(Load(start=20), clock)
    strangers = await visitors(gate, STRANGERS, 30)

    citizens = await visitors(gate, CITIZENS, 12)

    assert sum(each.inside for each in strangers) == 10
    assert all(each.inside for each in citizens)
    await everybody_leaves(strangers, citizens)


async def test_a_crowd_of_citizens_leaves_strangers_one_operation(clock: StillClock):
    gate = Admission(Load(start=20), clock)
    citizens = await visitors(gate, CITIZENS, 40)

    strangers = await visitors(gate, STRANGERS, 5)

    assert [each.inside for each in strangers] == [True, False, False, False, False]
    await everybody_leaves(citizens, strangers)


async def test_room_that_comes_free_goes_to_whoever_is_signed_in_before_strangers_who_waited_longer(clock: StillClock):
    gate = Admission(Load(start=4, least=4), clock)
    inside = [*await visitors(gate, CITIZENS, 3), *await visitors(gate, STRANGERS, 1)]
    strangers = await visitors(gate, STRANGERS, 1)
    citizens = await visitors(gate, CITIZENS, 1)

    await inside[0].leave()

    assert (citizens[0].inside, strangers[0].inside) == (True, False)
    await everybody_leaves(inside, strangers, citizens)


async def test_who_waits_is_let_in_when_somebody_leaves(clock: StillClock):
    gate = Admission(Load(start=4, least=4), clock)
    inside = await visitors(gate, CITIZENS, 4)
    waiting = await visitors(gate, CITIZENS, 2)

    await inside[0].leave()

    assert [each.inside for each in waiting] == [True, False]
    await everybody_leaves(inside, waiting)


async def test_one_waits_half_a_second_and_is_then_told_to_come_back(clock: StillClock):
    gate = Admission(Load(start=4), clock)
    inside = await visitors(gate, CITIZENS, 4)
    (late,) = await visitors(gate, CITIZENS, 1)

    await clock.pass_by(0.49)
    assert late.refused is None
    await clock.pass_by(0.011)

    assert late.refused is not None
    assert late.refused.status == 503
    assert late.refused.headers["Retry-After"] == "1"
    assert late.refused.problem.code == "OVERLOADED"
    await everybody_leaves(inside)


async def test_a_process_that_does_not_know_yet_what_it_can_do_refuses_nobody_at_once(clock: StillClock):
    gate = Admission(Load(start=20), clock)

    crowd = await visitors(gate, CITIZENS, 200)
    await clock.pass_by(0.1)

    assert [each.refused for each in crowd] == [None] * 200
    await everybody_leaves(crowd)


async def hundred_a_second(gate: Admission, clock: StillClock) -> list[Visitor]:
    """Those who are inside after a second in which a hundred left."""
    inside = await visitors(gate, CITIZENS, 20)
    for _ in range(100):
        await clock.pass_by(0.01)
        await inside.pop(0).leave()
        inside += await visitors(gate, CITIZENS, 1)
    return inside


async def test_as_many_wait_as_have_their_turn_in_a_quarter_of_a_second_and_others_are_told_at_once(clock: StillClock):
    gate = Admission(Load(start=20, most=20), clock)
    inside = await hundred_a_second(gate, clock)

    waiting = await visitors(gate, CITIZENS, 30)
    at_once = [each.refused for each in waiting]
    await clock.pass_by(0.021)

    assert at_once == [None] * 30  # there is a pause: who asks again at once must not take the time of the others
    assert [each.refused is not None for each in waiting] == [False] * 25 + [True] * 5
    await everybody_leaves(inside, waiting)


async def test_whom_a_full_queue_would_refuse_is_known_beforehand_and_counted(clock: StillClock):
    told: list[tuple[Share, str]] = []
    gate = Admission(Load(start=20, most=20), clock, lambda share, outcome: told.append((share, outcome)))
    inside = await hundred_a_second(gate, clock)
    waiting = await visitors(gate, CITIZENS, 24)
    told.clear()

    before = gate.refuses(CITIZENS)
    waiting += await visitors(gate, CITIZENS, 1)

    assert (before, gate.refuses(CITIZENS), gate.refuses(OFFICERS)) == (False, True, False)
    assert gate.refuses(OFFICERS, spare=True)
    assert told == [(CITIZENS, "shed"), (OFFICERS, "shed")]
    await everybody_leaves(inside, waiting)


async def test_of_those_whose_heads_come_at_once_no_more_are_let_through_than_have_their_turn_in_time(
    clock: StillClock,
):
    gate = Admission(Load(start=20, most=20), clock)
    inside = await hundred_a_second(gate, clock)
    waiting = await visitors(gate, CITIZENS, 20)

    at_once = [gate.refuses(CITIZENS) for _ in range(10)]
    officers = gate.refuses(OFFICERS)
    await settle()

    assert at_once == [False] * 5 + [True] * 5
    assert (officers, gate.refuses(CITIZENS)) == (False, False)
    await everybody_leaves(inside, waiting)


async def test_where_nobody_waits_heads_that_come_at_once_are_let_through_as_far_as_there_is_room_and_time(
    clock: StillClock,
):
    gate = Admission(Load(start=20, most=20), clock)
    inside = await hundred_a_second(gate, clock)
    await inside.pop().leave()

    at_once = [gate.refuses(CITIZENS) for _ in range(28)]

    assert at_once == [False] * 26 + [True] * 2
    await everybody_leaves(inside)


async def test_strangers_wait_only_where_their_turn_comes_in_time_after_everybody_else(clock: StillClock):
    gate = Admission(Load(start=20, most=20), clock)
    inside = await hundred_a_second(gate, clock)
    citizens = await visitors(gate, CITIZENS, 20)

    strangers = await visitors(gate, STRANGERS, 10)
    await clock.pass_by(0.021)

    assert strangers[0].inside
    assert [each.refused is not None for each in strangers[1:]] == [False] * 5 + [True] * 4
    await everybody_leaves(inside, citizens, strangers)


async def test_whoever_gives_up_leaves_no_trace(clock: StillClock):
    gate = Admission(Load(start=4), clock)
    inside = await visitors(gate, CITIZENS, 4)
    waiting = await visitors(gate, CITIZENS, 2)

    waiting[0].task.cancel()
    await settle()
    await everybody_leaves(inside, waiting)

    assert (gate.under_way, gate.waiting) == (0, 0)


async def test_a_turn_that_comes_to_somebody_who_gave_up_goes_to_the_next(clock: StillClock):
    gate = Admission(Load(start=4), clock)
    inside = await visitors(gate, CITIZENS, 4)
    waiting = await visitors(gate, CITIZENS, 2)

    inside[0]._leave.set()
    await asyncio.sleep(0)
    waiting[0].task.cancel()
    await settle()

    assert gate.under_way == 4
    assert waiting[1].inside
    await everybody_leaves(inside, waiting)
    assert gate.under_way == 0


async def test_what_happened_is_told_by_share(clock: StillClock):
    told: list[tuple[Share, str]] = []
    gate = Admission(Load(start=4, wait_seconds=0), clock, lambda share, outcome: told.append((share, outcome)))
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(gate.slot(CITIZENS))
        await visitors(gate, CITIZENS, 1)
        await clock.pass_by(0.001)

    assert told == [(CITIZENS, "admitted")] * 4 + [(CITIZENS, "shed")]


def windows(limit: AdaptiveLimit, count: int, *, seconds: float, busy: float = 1.0, late: float = 0.0) -> list[int]:
    """The limit after each of so many windows in which operations took so long."""
    values = []
    for _ in range(count):
        windows.now += WINDOW_SECONDS
        limit.note_start(int(limit.value * busy))
        for _ in range(20):
            limit.note_finish(seconds)
        limit.note_lateness(late)
        assert limit.adjust_limit(windows.now)
        values.append(limit.value)
    return values


@pytest.fixture
def limit() -> AdaptiveLimit:
    windows.now = 0.0
    return AdaptiveLimit(Load(), 0.0)


def test_a_fresh_limit_that_is_used_doubles_until_something_suffers(limit: AdaptiveLimit):
    before = windows(limit, 2, seconds=0.01)
    windows(limit, 1, seconds=0.01, late=0.08)
    after = windows(limit, 1, seconds=0.01)

    assert before == [40, 80]
    assert 40 < after[0] < 45


def test_a_limit_that_is_used_and_hurts_nobody_rises_to_the_most(limit: AdaptiveLimit):
    values = windows(limit, 80, seconds=0.01)

    assert values == sorted(values)
    assert values[-1] == 200


def test_a_limit_that_nobody_reaches_stays(limit: AdaptiveLimit):
    assert windows(limit, 20, seconds=0.01, busy=0.1)[-1] == 20


def test_the_limit_falls_while_the_loop_runs_late_and_never_below_the_least(limit: AdaptiveLimit):
    values = windows(limit, 20, seconds=0.01, late=0.08)

    assert values == sorted(values, reverse=True)
    assert values[-1] == 4


def test_the_limit_falls_where_operations_take_far_longer_than_usual_and_comes_back(limit: AdaptiveLimit):
    before = windows(limit, 20, seconds=0.01)[-1]
    during = min(windows(limit, 6, seconds=0.08))
    after = windows(limit, 40, seconds=0.01)[-1]

    assert during < before * 0.6
    assert after == before


def test_one_slow_operation_does_not_move_the_limit(limit: AdaptiveLimit):
    limit.note_start(20)
    for seconds in (0.01,) * 9 + (8.0,):
        limit.note_finish(seconds)

    assert limit.adjust_limit(1.0)
    assert limit.value > 20
