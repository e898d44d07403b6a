"""Updates the figures' counters: with each transition, by command, and once for an older store."""

from collections.abc import Callable
from datetime import timedelta

from actions.kernel import Transition, UnitOfWork
from domain.applications.applications import Application
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM
from domain.statistics.figures import difference, figure_inputs, marks_of
from store.database import Store, Transaction, audit
from store.platform import seeds
from store.statistics import figure_build, figure_state, figures
from store.statistics.figure_state import MARKS, Build

STALLED_AFTER = timedelta(minutes=2)
"""A build that nobody went on with for so long is gone on with by the worker: nothing is folded until its end."""

Tell = Callable[[Build], None]
"""Called after each transaction with the progress."""


async def count_change(acting: UnitOfWork, transition: Transition) -> None:
    """Change the figures by what a transition has changed of its application."""
    await count_between(acting, transition.before, transition.after)


async def count_between(acting: UnitOfWork, before: Application | None, after: Application) -> None:
    """Change the figures by what is different of an application; all of it where there was none before."""
    marks = marks_of(figure_inputs(after))
    change = marks if before is None else difference(marks_of(figure_inputs(before)), marks)
    await figures.add(acting.tx, change, after.id)


async def rebuild(store: Store, by: str = SYSTEM.label, *, tell: Tell | None = None, page: int | None = None) -> int:
    """Count every application and grievance anew; returns the number of sums stored.

    The old figures are read until everything is counted, and nothing waits for it. It may be ended anywhere: begun
    again it continues. Two at once help each other.
    """
    while await store.carry_out(figures.fold) == figures.FOLD_BATCH:
        pass  # so that the beginning finds little to fold
    build = await store.carry_out(figure_build.begin)
    if not build.counting:  # what was left of the build before it
        await _finish(store, build, by)
        build = await store.carry_out(figure_build.begin)
    await _finish(store, build, by, tell, page)
    return await store.read(figure_build.sums_kept)


async def count_once(store: Store) -> int | None:
    """Count everything where it never was; gives the number of sums, or None where it was done before."""
    async with store.read_transaction() as tx:
        if all([await seeds.is_seeded(tx, mark) for mark in MARKS]):
            return None
    return await rebuild(store)


async def go_on_if_stalled(store: Store) -> None:
    """Go on with a build that was ended on its way."""
    async with store.read_transaction() as tx:
        build = await figure_state.read(tx)
        stalled = build.touched_at is not None and build.touched_at < tx.clock.now() - STALLED_AFTER
    if stalled:
        await _finish(store, build, SYSTEM.label)


async def _finish(store: Store, build: Build, by: str, tell: Tell | None = None, page: int | None = None) -> None:
    async def work(tx: Transaction) -> Build:
        before = await figure_state.read_exclusive(tx)
        done = await figure_build.step(tx, page)
        if done.generation != before.generation:
            await _note(tx, by)
        return done

    while build.building is not None:
        build = await store.carry_out(work)
        if tell is not None:
            tell(build)


async def _note(tx: Transaction, by: str) -> None:
    """In the transaction that changes over to what was counted."""
    for mark in MARKS:
        await seeds.mark(tx, mark)
    many = await figure_build.sums_kept(tx)
    await audit.record(tx, by, "figures.rebuild", ObjectKind.COUNTS, None, Purpose.OPERATE, sums=many)
