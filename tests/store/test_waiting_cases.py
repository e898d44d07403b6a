"""How many wait in a queue is told by counters, and is what a count of every case gives, whatever became of it."""

import asyncio
import random  # noqa: TID251 - the cases are drawn from a seed
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.applications import Application, Decision, RejectionGround
from domain.clock import IST, ist_date
from domain.deadline import end_of_day
from domain.desk import DaysLeft, Holder, QueueFilter, days_left_limits
from domain.figures import counted, difference, marks_of
from domain.lifecycle import OPEN, REFUSED, WITH_OFFICER, Status
from domain.people import Posting, Role
from domain.waiting import NUMBERS_OF_A_DAY, STATES, first_of, number_of, numbers_of
from store import applications, desk_queue, figure_open, figure_recount, figures, people, seeds
from store.cipher import FieldCipher
from store.engine import Store, Transaction
from store.figure_state import COUNTED
from tests.store.builders import NOW, application, citizen

DAY = timedelta(days=1)
POSTINGS = (
    [Posting(Role.OFFICER, "revenue-department", "57")],
    [Posting(Role.OFFICER, None, "57", "358")],
    [Posting(Role.OFFICER, "forest-department"), Posting(Role.OFFICER, None, "57")],
    [Posting(Role.DEPARTMENT_ADMIN)],
    [],
)
FILTERS = (
    QueueFilter(),
    QueueFilter(statuses=OPEN),
    QueueFilter(tehsils=("358", "999")),
    QueueFilter(overdue=True),
    QueueFilter(due_before=end_of_day(ist_date(NOW + 3 * DAY))),
    QueueFilter(due_before=end_of_day(ist_date(NOW + 3 * DAY)) + timedelta(microseconds=1), overdue=True),
    QueueFilter(statuses=frozenset({Status.QUERY_RAISED}), due_before=NOW + 30 * DAY),
)
Drawn = tuple[Status, str, str, str | None, int | None, bool]
STANDS = st.tuples(
    st.sampled_from(sorted(set(Status) - {Status.DRAFT})),
    st.sampled_from(("revenue-department", "forest-department")),
    st.sampled_from(("57", "58")),
    st.sampled_from(("358", None)),
    st.none() | st.integers(-400, 40),
    st.booleans(),
)
LIVES = st.lists(st.lists(STANDS, min_size=1, max_size=4), max_size=12)
"""Where each of some cases stood one after the other: paused, transferred to another district, reopened, ended."""


def standing(number: int, drawn: Drawn, now: datetime = NOW) -> Application:
    status, department, district, tehsil, due, paused = drawn
    one = application(
        f"a{number}",
        status=status,
        department=department,
        district=district,
        tehsil=tehsil,
        submitted_at=now - 60 * DAY,
        due_at=None if due is None else end_of_day(ist_date(now + due * DAY)),
        paused_since=now - DAY if paused and status in OPEN else None,
        delivered_at=now if status is Status.DELIVERED else None,
        updated_at=now,
    )
    refused = Decision(False, RejectionGround.NOT_ELIGIBLE, "No.", "o1", now)
    return replace(one, decision=refused) if status in REFUSED else one


async def lived(store: Store, lives: Sequence[Sequence[Application]], *, fold: bool) -> None:
    """Keep each case as it stands last, with the changes of the counters that its steps made."""
    async with store.writing() as tx:
        await seeds.mark(tx, COUNTED)
        for life in lives:
            await applications.add(tx, life[-1])
            before: Any = Counter()
            for one in life:
                after = marks_of(counted(one))
                await figures.add(tx, difference(before, after), one.id)
                before = after
            if fold:
                await figures.fold(tx)


def right(cases: Sequence[Application], postings: Sequence[Posting], wanted: QueueFilter, now: datetime) -> Any:
    """The same count, said without a database."""
    found: Counter[tuple[Status, DaysLeft]] = Counter()
    for one in cases:
        place = (one.department, one.district, one.tehsil)
        there = any(
            all(want in (None, is_so) for want, is_so in zip((p.department, p.district, p.tehsil), place, strict=True))
            for p in postings
        )
        bounds = [limit for limit in (wanted.due_before, now if wanted.overdue else None) if limit is not None]
        due = all(one.due_at is not None and one.due_at < limit for limit in bounds)
        if there and due and one.status in wanted.statuses and (not wanted.tehsils or one.tehsil in wanted.tehsils):
            near = (kind for kind, limit in days_left_limits(now) if one.due_at is not None and one.due_at <= limit)
            found[one.status, next(near, DaysLeft.LATER) if one.due_at else DaysLeft.NO_DUE_DATE] += 1
    return dict(found)


async def agrees(tx: Transaction, cases: Sequence[Application]) -> None:
    now = tx.clock.now()
    for postings, wanted in product(POSTINGS, FILTERS):
        expected = right(cases, postings, wanted, now)
        assert await figure_open.waiting(tx, postings, wanted) == expected
        assert await desk_queue.size(tx, "o1", postings, wanted) == sum(expected.values())
        counts = await desk_queue.counts(tx, "o1", postings, wanted)
        assert counts.total == len(await desk_queue.page(tx, "o1", postings, wanted, limit=1_000))
        assert sum(counts.by_status.values()) == sum(counts.by_days_left.values()) == counts.total
    assert await figure_recount.kept(tx) == await figure_recount.recounted(tx)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=LIVES, fold=st.booleans())
def test_the_counters_tell_how_many_wait_whatever_became_of_the_cases(
    migrated_sqlite: Path, store_keyrings: Any, store_clock: Any, lives: list[list[Drawn]], fold: bool
) -> None:
    async def look(folder: Path) -> None:
        shutil.copy(migrated_sqlite, folder / "store.db")
        url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
        store = await Store.open(url, cipher=FieldCipher(store_keyrings), clock=store_clock)
        try:
            async with store.writing() as tx:
                await people.add_citizen(tx, citizen("c1"))
            cases = [[standing(number, one) for one in life] for number, life in enumerate(lives)]
            await lived(store, cases, fold=fold)
            async with store.reading() as tx:
                await agrees(tx, [life[-1] for life in cases])
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(look(Path(folder)))


@pytest.fixture
async def peopled(store: Store) -> Store:
    async with store.writing() as tx:
        await people.add_citizen(tx, citizen("c1"))
    return store


def many(lots: random.Random) -> list[list[Application]]:
    def drawn() -> Drawn:
        return (
            lots.choice(sorted(OPEN)),
            lots.choice(("revenue-department", "forest-department")),
            lots.choice(("57", "58")),
            lots.choice(("358", None)),
            lots.choice([None, *range(-45, 9)]),
            lots.random() < 0.2,
        )

    return [[standing(number, drawn()) for _ in range(2)] for number in range(100)]


@pytest.mark.parametrize("fold", [False, True])
async def test_both_databases_tell_how_many_wait(peopled: Store, fold: bool) -> None:
    lives = many(random.Random(7))
    await lived(peopled, lives, fold=fold)
    async with peopled.reading() as tx:
        await agrees(tx, [life[-1] for life in lives])


async def test_cases_are_counted_one_by_one_until_the_counters_know_them_all(peopled: Store) -> None:
    async with peopled.writing() as tx:
        await applications.add(tx, standing(1, (Status.IN_SCRUTINY, "revenue-department", "57", None, 3, False)))
    async with peopled.reading() as tx:
        assert await figure_open.waiting(tx, POSTINGS[0], QueueFilter()) is None
        assert (await desk_queue.counts(tx, "o1", POSTINGS[0], QueueFilter())).total == 1


@pytest.mark.parametrize(
    "wanted",
    [
        QueueFilter(services=("ES09",)),
        QueueFilter(claimed_by=Holder.NOBODY),
        QueueFilter(number="12"),
        QueueFilter(clearance_overdue=True),
        QueueFilter(statuses=frozenset({Status.SUBMITTED, Status.REJECTED})),
    ],
)
async def test_what_only_cases_know_is_asked_of_cases(peopled: Store, wanted: QueueFilter) -> None:
    async with peopled.writing() as tx:
        await seeds.mark(tx, COUNTED)
    async with peopled.reading() as tx:
        assert await figure_open.waiting(tx, POSTINGS[0], wanted) is None


async def test_a_case_that_waits_no_more_leaves_no_row_behind(peopled: Store) -> None:
    waits = (Status.IN_SCRUTINY, "revenue-department", "57", None, 3, False)
    done = (Status.DELIVERED, *waits[1:])
    await lived(peopled, [[standing(1, waits), standing(1, done)]], fold=True)
    async with peopled.reading() as tx:
        rows = (await tx.connection.execute(figures.figures_table.select())).all()
    assert {row.part for row in rows} == {"SUM", "DAYS"}


def test_every_open_state_has_numbers_of_its_own_below_those_of_a_day() -> None:
    assert set(STATES) == set(OPEN) >= WITH_OFFICER
    numbers = numbers_of(OPEN)
    assert len(set(numbers)) == 2 * len(OPEN)
    assert set(numbers_of(OPEN, paused=True)).isdisjoint(numbers_of(OPEN, paused=False))
    assert 0 < min(numbers) <= max(numbers) < NUMBERS_OF_A_DAY


@given(
    st.sampled_from(sorted(OPEN)), st.booleans(), st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 86_399)
)
def test_the_number_of_a_case_lies_within_its_due_day_in_india(
    status: Status, paused: bool, day: date, second: int
) -> None:
    due_at = datetime.combine(day, datetime.min.time(), IST) + timedelta(seconds=second)
    assert first_of(day) < number_of(status, due_at, paused=paused) < first_of(day + DAY)
    assert number_of(status, None, paused=paused) < first_of(date.min)
