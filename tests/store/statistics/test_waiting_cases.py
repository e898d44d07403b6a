"""How many wait in a queue is told by counters, and is what a count of every case gives, whatever became of it."""

import random  # noqa: TID251 - the cases are drawn from a seed
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.applications.applications import Application
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import OPEN, WITH_OFFICER, Status
from domain.kernel import IST, Posting, Role, ist_date
from domain.officers.desk import DaysLeft, Holder, QueueFilter, days_left_limits
from domain.statistics.figures import difference, figure_inputs, marks_of
from domain.statistics.waiting import NUMBERS_OF_A_DAY, STATES, first_of, number_of, numbers_of
from store.applications import applications
from store.database import Store, Transaction
from store.officers import desk_queue
from store.platform import seeds
from store.statistics import figure_open, figure_recount, figures
from store.statistics.figure_state import COUNTED
from tests.store.builders import NOW
from tests.support.drawn_cases import (
    DAY,
    Drawn,
    case,
    cases,
    enter_applicant,
    from_seed,
    standings,
    with_a_store_of_its_own,
)

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
LIVES = st.lists(st.lists(standings(set(Status) - {Status.DRAFT}, due=(-400, 40)), min_size=1, max_size=4), max_size=12)
"""Where each of some cases stood one after the other: paused, transferred to another district, reopened, ended."""


async def lived(store: Store, lives: Sequence[Sequence[Application]], *, fold: bool) -> None:
    """Keep each case as it stands last, with the changes of the counters that its steps made."""
    async with store.write_transaction() as tx:
        await seeds.mark(tx, COUNTED)
        for life in lives:
            await applications.add(tx, life[-1])
            before: Any = Counter()
            for one in life:
                after = marks_of(figure_inputs(one))
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
        assert await figure_open.count_waiting(tx, postings, wanted) == expected
        assert await desk_queue.size(tx, "o1", postings, wanted) == sum(expected.values())
        counts = await desk_queue.counts(tx, "o1", postings, wanted)
        assert counts.total == len(await desk_queue.page(tx, "o1", postings, wanted, limit=1_000))
        assert sum(counts.by_status.values()) == sum(counts.by_days_left.values()) == counts.total
    assert await figure_recount.stored_cubes(tx) == await figure_recount.recount_cubes(tx)


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=LIVES, fold=st.booleans())
def test_the_counters_tell_how_many_wait_whatever_became_of_the_cases(
    migrated_sqlite: Path, store_keyrings: Any, store_clock: Any, lives: list[list[Drawn]], fold: bool
) -> None:
    async def look(store: Store) -> None:
        lived_by = [[case(number, one) for one in life] for number, life in enumerate(lives)]
        await lived(store, lived_by, fold=fold)
        async with store.read_transaction() as tx:
            await agrees(tx, [life[-1] for life in lived_by])

    with_a_store_of_its_own(migrated_sqlite, store_keyrings, store_clock, look)


@pytest.fixture
async def peopled(store: Store) -> Store:
    await enter_applicant(store)
    return store


@pytest.mark.parametrize("fold", [False, True])
async def test_both_databases_tell_how_many_wait(peopled: Store, fold: bool) -> None:
    lots = random.Random(7)
    before, after = (cases(from_seed(lots, 100, OPEN, due=(-45, 8))) for _ in range(2))
    lives = list(zip(before, after, strict=True))
    await lived(peopled, lives, fold=fold)
    async with peopled.read_transaction() as tx:
        await agrees(tx, [life[-1] for life in lives])


async def test_cases_are_counted_one_by_one_until_the_counters_know_them_all(peopled: Store) -> None:
    async with peopled.write_transaction() as tx:
        await applications.add(tx, case(1, Drawn(Status.IN_SCRUTINY)))
    async with peopled.read_transaction() as tx:
        assert await figure_open.count_waiting(tx, POSTINGS[0], QueueFilter()) is None
        assert (await desk_queue.counts(tx, "o1", POSTINGS[0], QueueFilter())).total == 1


@pytest.mark.parametrize(
    "wanted",
    [
        QueueFilter(services=("ES09",)),
        QueueFilter(claimed_by=Holder.NOBODY),
        QueueFilter(number="12"),
        QueueFilter(clearance_overdue=True),
        QueueFilter(filed_by_paper=True),
        QueueFilter(statuses=frozenset({Status.SUBMITTED, Status.REJECTED})),
    ],
)
async def test_what_only_cases_know_is_asked_of_cases(peopled: Store, wanted: QueueFilter) -> None:
    async with peopled.write_transaction() as tx:
        await seeds.mark(tx, COUNTED)
    async with peopled.read_transaction() as tx:
        assert await figure_open.count_waiting(tx, POSTINGS[0], wanted) is None


async def test_a_case_that_waits_no_more_leaves_no_row_behind(peopled: Store) -> None:
    life = [case(1, Drawn(Status.IN_SCRUTINY)), case(1, Drawn(Status.DELIVERED))]
    await lived(peopled, [life], fold=True)
    async with peopled.read_transaction() as tx:
        rows = (await tx.connection.execute(figures.figures_table.select())).all()
    assert {row.part for row in rows} == {"SUM", "DAYS", "PACKED_DAYS"}


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
