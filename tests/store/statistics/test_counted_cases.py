"""How many cases lists have is told by counters, and is what a count of every case gives, whatever the cases are."""

import random  # noqa: TID251 - the cases are drawn from a seed
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.appeals.delays import CaseFilter, CaseList, ListSize
from domain.applications.applications import Application
from domain.applications.lifecycle import ON_THE_CLOCK, OPEN, REFUSED, Status
from domain.kernel import Posting, Role, ist_date
from domain.statistics.figures import figure_inputs, marks_of, month_of
from store.applications import applications
from store.database import Store, Transaction
from store.platform import seeds
from store.statistics import figure_cases, figures
from store.statistics.figure_state import COUNTED
from store.statistics.overdue import count_overdue, overdue
from tests.support.drawn_cases import (
    DAY,
    DEPARTMENTS,
    DISTRICTS,
    Drawn,
    cases,
    enter_applicant,
    from_seed,
    standings,
    with_a_store_of_its_own,
)

STATES = (Status.IN_SCRUTINY, Status.QUERY_RAISED, Status.APPROVED, Status.DELIVERED, Status.REJECTED, Status.WITHDRAWN)
EVERYWHERE = Posting(Role.COMMISSION)

CASES = st.lists(standings(STATES, due=(-45, 5), longest_ago=50), max_size=25)


def right(now: datetime) -> dict[CaseList, Callable[[Application], bool]]:
    """What belongs to each list, said without a database."""

    def runs(one: Application) -> bool:
        return one.status in ON_THE_CLOCK and one.due_at is not None and one.paused_since is None

    def late(one: Application) -> bool:
        ended = figure_inputs(one).ended_at
        disposed = one.status is Status.DELIVERED or one.status in REFUSED
        this_month = ended is not None and month_of(ist_date(ended)) == month_of(ist_date(now))
        return disposed and this_month and one.due_at is not None and ended is not None and ended > one.due_at

    return {
        CaseList.PENDING: lambda one: one.status in OPEN,
        CaseList.OVERDUE: lambda one: runs(one) and one.due_at < now,
        CaseList.DUE_SOON: lambda one: runs(one) and now <= one.due_at < now + 3 * DAY,
        CaseList.DISPOSED_LATE: late,
    }


async def kept(store: Store, there: Sequence[Application], *, fold: bool, told: bool = True) -> None:
    """With their counters; `told` where the store was counted since it counts open cases by state and day."""
    async with store.write_transaction() as tx:
        if told:
            await seeds.mark(tx, COUNTED)
        for one in there:
            await applications.add(tx, one)
            await figures.add(tx, marks_of(figure_inputs(one)), one.id)
        if fold:
            await figures.fold(tx)


async def agrees(tx: Transaction, cases: Sequence[Application]) -> None:
    """Every list, for every place, by posting and by filter: the number, and the rows themselves."""
    now = tx.clock.now()
    for (wanted, belongs), department, district in product(
        right(now).items(), (None, *DEPARTMENTS), (None, *DISTRICTS)
    ):
        there = [one for one in cases if department in (None, one.department) and district in (None, one.district)]
        ids = {one.id for one in there if belongs(one)}
        filtered = CaseFilter(department=department, district=district)
        posting = Posting(Role.DEPARTMENT_ADMIN, department, district)
        assert await figure_cases.size(tx, [EVERYWHERE], wanted, filtered) == ListSize(len(ids))
        assert await figure_cases.size(tx, [posting], wanted, CaseFilter()) == ListSize(len(ids))
        rows = await figure_cases.page(tx, [EVERYWHERE], wanted, filtered, place=None, limit=1_000)
        assert {one.id for one in rows} == ids
        if wanted is CaseList.OVERDUE:
            assert await count_overdue(tx, now, department, district) == len(ids)
            found = await overdue(now, department, district).page(tx, limit=1_000)
            assert {one.id for one in found} == ids


@pytest.mark.long
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=CASES, fold=st.booleans(), told=st.booleans())
def test_the_counters_tell_what_a_count_of_any_cases_gives(
    migrated_sqlite: Path, store_keyrings: Any, store_clock: Any, drawn: list[Drawn], fold: bool, told: bool
) -> None:
    async def look(store: Store) -> None:
        there = cases(drawn, store_clock.now())
        await kept(store, there, fold=fold, told=told)
        async with store.read_transaction() as tx:
            await agrees(tx, there)

    with_a_store_of_its_own(migrated_sqlite, store_keyrings, store_clock, look)


@pytest.mark.parametrize("fold", [False, True])
async def test_both_databases_count_alike(store: Store, store_clock: Any, fold: bool) -> None:
    there = cases(from_seed(random.Random(7), 120, STATES, due=(-45, 5), longest_ago=49), store_clock.now())
    await enter_applicant(store)
    await kept(store, there, fold=fold)
    async with store.read_transaction() as tx:
        await agrees(tx, there)


@pytest.mark.parametrize("fewer", [0, 1])
async def test_what_no_counter_tells_apart_is_counted_so_far_and_no_further(
    store: Store, store_clock: Any, monkeypatch: pytest.MonkeyPatch, fewer: int
) -> None:
    monkeypatch.setattr(figure_cases, "MOST_COUNTED", 6)
    await enter_applicant(store)
    await kept(store, cases([Drawn(Status.IN_SCRUTINY, due=-3)] * (7 - fewer), store_clock.now()), fold=False)
    async with store.read_transaction() as tx:
        for narrowed in (CaseFilter(explained=False), CaseFilter(service_code="ES09")):
            found = await figure_cases.size(tx, [EVERYWHERE], CaseList.OVERDUE, narrowed)
            assert found == ListSize(6, more=not fewer)
