"""Histograms by days taken are the same from rows of one class and from rows of many, folded or not."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.statistics.counts import Question
from actions.statistics.figures import statistics
from actions.statistics.upkeep import count_once, rebuild
from domain.applications.applications import Application, Channel
from domain.applications.lifecycle import Status
from domain.kernel import PersonKind, Role, Subject
from domain.officers.dashboards import Dimension
from domain.statistics.figures import COARSE_EDGES, EDGES, Measure, bucket_of, difference, figure_inputs, marks_of
from store.applications import applications
from store.database import Store
from store.identity import people
from store.platform import seeds
from store.statistics import figure_days, figure_recount, figures
from store.statistics.figure_state import MARKS, PACKED
from store.statistics.figures import FigureFilter
from store.statistics.packing import COLUMNS, pack_bucket, unpack_row
from tests.store.builders import NOW, application, citizen
from tests.support.sign_in import environment

YEAR = FigureFilter(date(2026, 1, 1), date(2026, 12, 1))
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "o1")
DAYS = (*EDGES, *(edge + 1 for edge in EDGES[60:]), 3, 3, 3, 61, 200, 5_000)
"""Each class at least once, and what is beyond the last."""


def ended(number: int, days: int) -> Application:
    return application(
        f"h{number:04d}",
        district=("57", "58")[number % 2],
        tehsil=("358", None)[number % 2],
        channel=(Channel.WEB, Channel.CSC, Channel.UMANG)[number % 3],
        status=Status.DELIVERED,
        submitted_at=NOW - timedelta(days=days),
        delivered_at=NOW,
        due_at=NOW,
    )


CASES = [ended(number, days) for number, days in enumerate(DAYS)]
TAKEN = {case.id: days for case, days in zip(CASES, DAYS, strict=True)}


@pytest.fixture
async def told(store: Store) -> Store:
    """A store where all cases are counted; nothing is folded."""
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
        await applications.add_many(tx, CASES, announced=[])
        for case in CASES:
            await figures.add(tx, marks_of(figure_inputs(case)), case.id)
    return store


async def read(store: Store) -> list[Any]:
    async with store.read_transaction() as tx:
        return [
            await figure_days.histograms(tx, YEAR),
            await figure_days.histograms(tx, YEAR, ("district",)),
            await figure_days.histograms(tx, YEAR, ("period", "tehsil")),
            await figure_days.histograms(tx, replace(YEAR, district="58"), ("channel",)),
            await figure_days.histograms(tx, YEAR, ("tehsil", "channel")),
            await figure_days.histograms(tx, replace(YEAR, district="none")),
        ]


def plain() -> list[Any]:
    def by(edges: tuple[int, ...], keys: tuple[str, ...], cases: list[Application]) -> dict[Any, Counter[int]]:
        found: dict[Any, Counter[int]] = {}
        for case in cases:
            values = {"period": NOW.date().replace(day=1), **figure_inputs(case).cell._asdict()}
            histogram = found.setdefault(tuple(values[key] for key in keys), Counter())
            histogram[bucket_of(TAKEN[case.id], edges)] += 1
        return found

    of_58 = [case for case in CASES if case.district == "58"]
    return [
        by(EDGES, (), CASES),
        by(EDGES, ("district",), CASES),
        by(EDGES, ("period", "tehsil"), CASES),
        by(EDGES, ("channel",), of_58),
        by(COARSE_EDGES, ("tehsil", "channel"), CASES),
        {},
    ]


async def test_each_class_is_told_from_either_kind_of_row_folded_or_not(told: Store) -> None:
    right = plain()
    for folds in (0, 1, 1_000):
        for _ in range(folds):
            if not await told.carry_out(figures.fold):
                break
        assert await read(told) == right
        async with told.write_transaction() as tx:
            await seeds.mark(tx, PACKED)
        assert await read(told) == right
        async with told.write_transaction() as tx:
            await tx.connection.execute(seeds.seeds_table.delete().where(seeds.seeds_table.c.id == PACKED))
    async with told.read_transaction() as tx:
        assert await figure_recount.stored_cubes(tx) == await figure_recount.recount_cubes(tx)


async def test_a_class_that_is_taken_back_is_told_no_more(told: Store) -> None:
    async with told.write_transaction() as tx:
        await seeds.mark(tx, PACKED)
    while await told.carry_out(figures.fold):
        pass
    first = CASES[0]
    opened = replace(first, status=Status.IN_SCRUTINY, delivered_at=None)
    async with told.write_transaction() as tx:
        changes = difference(marks_of(figure_inputs(first)), marks_of(figure_inputs(opened)))
        await figures.add(tx, changes, first.id)
    for _ in range(2):
        async with told.read_transaction() as tx:
            found = (await figure_days.histograms(tx, YEAR))[()]
        assert sum(found.values()) == len(CASES) - 1
        assert found.get(TAKEN[first.id], 0) == 0
        await told.carry_out(figures.fold)


async def test_a_store_that_was_counted_by_a_release_of_before_is_counted_once_more(told: Store) -> None:
    async with told.write_transaction() as tx:
        await seeds.mark(tx, MARKS[0])
        # The worker of before folded into the rows that it knew.
        cubes: dict[Any, Counter[str]] = {}
        for case in CASES:
            for mark, amount in marks_of(figure_inputs(case)).items():
                figures.add_to_cube_cells(cubes, *mark[1:4], mark.cell._asdict(), {mark.measure.value: amount})
        known = {key: sums for key, sums in cubes.items() if key[1] != "PACKED_DAYS"}
        await figures.add_to_cubes(tx, known, "")
        await tx.connection.execute(figures.figure_deltas_table.delete())
    right = plain()
    assert await read(told) == right
    assert await count_once(told)
    assert await count_once(told) is None
    assert await read(told) == right
    async with told.read_transaction() as tx:
        assert [await seeds.is_seeded(tx, mark) for mark in MARKS] == [True for _ in MARKS]
        assert await figure_recount.stored_cubes(tx) == await figure_recount.recount_cubes(tx)


async def test_all_groups_together_are_what_is_told_without_groups(
    told: Store, store_keyrings: Any, store_clock: Any
) -> None:
    env = environment(told, store_keyrings, store_clock, ())
    async with told.write_transaction() as tx:
        open_case = application("h9999", status=Status.IN_SCRUTINY, submitted_at=NOW, due_at=NOW + timedelta(days=3))
        await applications.add(tx, open_case)
        await figures.add(tx, marks_of(figure_inputs(open_case)), open_case.id)
    await rebuild(told)
    months = Question(date(2024, 1, 1), date(2026, 12, 1))
    alone = (await statistics(env, AUDITOR, months)).total
    assert alone.figures is not None
    assert (alone.figures.disposed, alone.figures.pending) == (len(CASES), 1)
    for many in (1, 2, 3):
        for groups in combinations(Dimension, many):
            answer = await statistics(env, AUDITOR, replace(months, group_by=groups))
            assert answer.total == alone, groups
            assert sum(row.figures.received for row in answer.rows if row.figures) == alone.figures.received
    nothing = Question(date(2010, 1, 1), date(2010, 12, 1))
    grouped = await statistics(env, AUDITOR, replace(nothing, group_by=(Dimension.MONTH,)))
    assert (grouped.total, grouped.rows) == ((await statistics(env, AUDITOR, nothing)).total, ())


@given(st.integers(0, 2_000), st.lists(st.integers(-5, 5), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_a_class_comes_out_of_the_place_where_it_was_put(days: int, amounts: list[int]) -> None:
    row, column = pack_bucket(bucket_of(days))
    amounts[COLUMNS.index(column)] = 7
    found = dict(unpack_row(row, amounts))
    assert found[bucket_of(days)] == 7
    assert 0 not in found.values()
    places = [pack_bucket(edge) for edge in EDGES]
    assert len(set(places)) == len(EDGES)
    assert set(COLUMNS) == {measure.value for measure in Measure}
