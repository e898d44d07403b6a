"""Figures are counted anew beside those that are read, while cases go on, and at no moment is one of them wrong."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from actions.statistics.upkeep import STALLED_AFTER, go_on_if_stalled, rebuild
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.statistics.figures import Measure, difference, figure_inputs, marks_of
from store.applications import applications
from store.database import FieldCipher, Store
from store.identity import people
from store.statistics import figure_build, figure_recount, figure_state, figures
from store.statistics.figure_state import Build, Phase
from tests.store.builders import NOW, application, citizen
from tests.support.bounds import rounds

STEPS = (Status.IN_SCRUTINY, Status.QUERY_RAISED, Status.DELIVERED, Status.WITHDRAWN)
ACTIONS = ("submit", "submit many", "change", "fold", "build", "build", "build")


class Life:
    """Cases that come and change, by the verbs' way of counting."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cases: list[Application] = []

    async def submit(self, place: int) -> None:
        # Ids of new cases lie before and behind those that a build has passed.
        one = application(f"{place % 7}-{len(self.cases):04d}", district=str(57 + place % 2))
        self.cases.append(one)
        async with self.store.write_transaction() as tx:
            await applications.add(tx, one)
            await figures.add(tx, marks_of(figure_inputs(one)), one.id)

    async def submit_many(self, place: int) -> None:
        many = [application(f"{place % 7}-{len(self.cases) + more:04d}", district="58") for more in range(3)]
        self.cases += many
        async with self.store.write_transaction() as tx:
            await applications.add_many(tx, many, announced=[])
            await figures.add_many(tx, {one.id: marks_of(figure_inputs(one)) for one in many})

    async def change(self, place: int) -> None:
        if not self.cases:
            return
        number = place % len(self.cases)
        old = self.cases[number]
        status = STEPS[place % len(STEPS)]
        ended = NOW + timedelta(hours=place) if status is Status.DELIVERED else None
        new = replace(old, status=status, delivered_at=ended, updated_at=NOW + timedelta(hours=place))
        async with self.store.write_transaction() as tx:
            saved = self.cases[number] = await applications.save(tx, new, old.version)
            await figures.add(tx, difference(marks_of(figure_inputs(old)), marks_of(figure_inputs(saved))), old.id)

    async def fold(self, _: int = 0) -> None:
        await self.store.carry_out(figures.fold)

    async def build(self, page: int) -> Build:
        async with self.store.read_transaction() as tx:
            state = await figure_state.read(tx)
        if state.building is None:
            return await self.store.carry_out(figure_build.begin)
        return await self.store.carry_out(lambda tx: figure_build.step(tx, page % 4 + 1))

    async def is_right(self) -> None:
        async with self.store.read_transaction() as tx:
            assert await figure_recount.stored_cubes(tx) == await figure_recount.recount_cubes(tx)
            received = (await figures.sums(tx, figures.FigureFilter(NOW.date().replace(day=1), NOW.date()))).get((), {})
        assert received.get(Measure.RECEIVED, 0) == len(self.cases)


async def a_life(store: Store) -> Life:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))
    return Life(store)


@settings(
    max_examples=rounds(12, ci=20, full=200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), max_size=30))
def test_whatever_happens_between_two_pages_every_figure_is_right_at_every_moment(
    migrated_sqlite: Path, store_keyrings: Any, store_clock: Any, steps: list[tuple[str, int]]
) -> None:
    async def live(folder: Path) -> None:
        shutil.copy(migrated_sqlite, folder / "store.db")
        url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
        store = await Store.open(url, cipher=FieldCipher(store_keyrings), clock=store_clock)
        try:
            life = await a_life(store)
            for action, number in steps:
                await getattr(life, action.replace(" ", "_"))(number)
                await life.is_right()
            await rebuild(store)
            await life.is_right()
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))


async def test_cases_that_change_at_the_same_time_count_once_on_both_databases(store: Store) -> None:
    life = await a_life(store)
    for place in range(30):
        await life.submit(place)
    working = True

    async def work() -> None:
        for place in range(60):
            await (life.submit(place) if place % 3 else life.submit_many(place))
            await life.change(place * 7)
            await life.fold()

    async def build() -> None:
        while working:
            await life.build(2)

    building = asyncio.create_task(build())
    await work()
    working = False
    await building
    await rebuild(store, page=5)
    while await store.carry_out(figures.fold):
        pass
    await life.is_right()


async def test_two_who_build_at_once_help_each_other(store: Store) -> None:
    life = await a_life(store)
    for place in range(25):
        await life.submit(place)
    await asyncio.gather(rebuild(store, page=3), rebuild(store, page=4))
    await life.is_right()


async def test_what_was_counted_wrong_is_read_until_all_is_counted_and_then_no_more(store: Store) -> None:
    life = await a_life(store)
    for place in range(6):
        await life.submit(place)
    async with store.write_transaction() as tx:
        await figures.add(tx, marks_of(figure_inputs(application("nobody"))), "nobody")
        await figures.fold(tx)
    said: list[tuple[Phase | None, int]] = []

    async def received() -> int:
        async with store.read_transaction() as tx:
            wanted = figures.FigureFilter(NOW.date().replace(day=1), NOW.date())
            return (await figures.sums(tx, wanted))[()][Measure.RECEIVED]

    build = await store.carry_out(figure_build.begin)
    while build.building is not None:
        said.append((build.phase, await received()))
        build = await store.carry_out(lambda tx: figure_build.step(tx, 2))
    assert {many for phase, many in said if phase in (Phase.APPLICATIONS, Phase.GRIEVANCES)} == {7}
    assert {many for phase, many in said if phase is Phase.CLEANING} == {6}
    assert await received() == 6
    async with store.read_transaction() as tx:
        rows = select(func.count()).select_from(figures.figures_table)
        assert (await tx.connection.execute(rows)).scalar_one() == await figure_build.sums_kept(tx)
    await life.is_right()


async def test_a_build_that_was_ended_is_gone_on_with_by_the_worker(store: Store, store_clock: Any) -> None:
    life = await a_life(store)
    for place in range(6):
        await life.submit(place)
    await life.build(0)
    await life.build(1)
    await go_on_if_stalled(store)
    assert await store.carry_out(figures.fold) == 0  # it may still be at work
    store_clock.advance(STALLED_AFTER + timedelta(seconds=1))
    await go_on_if_stalled(store)
    await life.submit(9)
    assert await store.carry_out(figures.fold) > 0
    await life.is_right()


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_it_can_be_done_again_and_again(store: Store, times: int) -> None:
    life = await a_life(store)
    for place in range(6):
        await life.submit(place)
    for _ in range(times):
        assert await rebuild(store, page=2) > 0
        await life.change(times)
        await life.is_right()
