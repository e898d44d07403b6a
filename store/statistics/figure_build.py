"""Rebuilds the figure counters in batches, while the old figures are served and cases continue.

Each page reads cases with the newest delta that waits about each, in one statement and so as of one moment: those
deltas are in what the page counts, and are marked. Deltas of later moments are not, and are folded after the change.
So a case that changes meanwhile counts once, whether its page came before or after. It may die anywhere and goes on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Select, bindparam, delete, func, select, text, tuple_, update

from store.applications.application_rows import applications_table
from store.database import AnyRow, Transaction
from store.feedback.grievances import grievances_table
from store.statistics import figure_state, figures
from store.statistics.figure_recount import (
    add_up,
    application_marks,
    grievance_marks,
    select_applications,
    select_grievances,
)
from store.statistics.figure_state import Build, Phase
from store.statistics.figures import KEY, Cube, Place, add_to_cubes, figure_deltas_table, figures_table

PAGE = {"postgresql": 4_000, "sqlite": 2_000}
"""Cases of one transaction. SQLite has one writer, which others wait for."""

DELETED_AT_ONCE = 10_000

_A, _G, _F, _D = applications_table.c, grievances_table.c, figures_table.c, figure_deltas_table.c


async def begin(tx: Transaction) -> Build:
    """Begin to count, or go on with what was begun. What is folded is of before, so nothing more is folded now."""
    state = await figure_state.read_exclusive(tx)
    if state.building is not None:
        return state
    await _unbound(tx)
    # Deltas of many cases together could not be distinguished from what a page counts.
    while await figures.fold(tx):
        pass
    started = replace(
        state, building=_next_generation(state.generation), phase=Phase.APPLICATIONS, after_id=None, counted=0
    )
    await figure_state.save_build(tx, started)
    return started


async def step(tx: Transaction, page: int | None = None) -> Build:
    """Count the next page, or change over, or delete some of what was read before; `building` is None at the end."""
    state = await figure_state.read_exclusive(tx)
    await _unbound(tx)
    match state.phase:
        case Phase.APPLICATIONS:
            after = await _page(tx, state, select_applications(), _A.id, page or PAGE[tx.dialect])
            done = after or replace(state, phase=Phase.GRIEVANCES, after_id=None)
        case Phase.GRIEVANCES:
            after = await _page(tx, state, select_grievances(), _G.id, page or PAGE[tx.dialect])
            done = after or await _changed_over(tx, state)
        case Phase.CLEANING:
            done = state if await _delete_old_rows(tx, state) else replace(state, building=None, phase=None)
        case None:
            return state
    await figure_state.save_build(tx, done)
    return done


async def cases(tx: Transaction) -> int:
    """How many applications there are to count, so that progress can be reported."""
    counting = select(func.count()).where(_A.submitted_at.is_not(None))
    return int((await tx.connection.execute(counting)).scalar_one())


async def sums_kept(tx: Transaction) -> int:
    """How many sums there are in the generation that is read."""
    generation = (await figure_state.read(tx)).generation
    mine = _F.cube.in_(sorted(cube + generation for cube in Cube))
    return int((await tx.connection.execute(select(func.count()).select_from(figures_table).where(mine))).scalar_one())


async def _page(tx: Transaction, state: Build, statement: Select[Any], key: Column[str], size: int) -> Build | None:
    """Count a page; None where there is none left."""
    newest = select(func.max(_D.id)).where(_D.about == key).scalar_subquery()
    statement = statement.add_columns(newest.label("newest")).order_by(key).limit(size)
    if state.after_id is not None:
        statement = statement.where(key > state.after_id)
    rows = (await tx.connection.execute(statement)).all()
    if not rows:
        return None
    marks = application_marks if state.phase is Phase.APPLICATIONS else grievance_marks
    cubes: dict[Place, Counter[str]] = {}
    for row in rows:
        add_up(cubes, marks(row))
    await add_to_cubes(tx, cubes, state.made)
    await _mark(tx, [row for row in rows if row.newest is not None])
    return replace(state, after_id=rows[-1].id, counted=state.counted + len(rows))


async def _mark(tx: Transaction, rows: Sequence[AnyRow]) -> None:
    marking = update(figure_deltas_table).where(_D.about == bindparam("of"), _D.id <= bindparam("newest"))
    if rows:
        values = [{"of": row.id, "newest": row.newest} for row in rows]
        await tx.connection.execute(marking.values(counted=True), values)


async def _changed_over(tx: Transaction, state: Build) -> Build:
    """Read the new generation from now on; what it contains waits no more."""
    await tx.connection.execute(delete(figure_deltas_table).where(_D.counted.is_(True)))
    return replace(state, generation=state.made, building=state.generation, phase=Phase.CLEANING, after_id=None)


async def _delete_old_rows(tx: Transaction, state: Build) -> bool:
    """Delete some rows of the generation before; False where there were none left."""
    old = _F.cube.in_(sorted(cube + state.made for cube in Cube))
    keys = [_F[name] for name in KEY]
    some = select(*keys).where(old).limit(DELETED_AT_ONCE)
    gone = await tx.connection.execute(delete(figures_table).where(tuple_(*keys).in_(some)))
    return bool(gone.rowcount)


def _next_generation(generation: str) -> str:
    return ":2" if generation != ":2" else ":1"


async def _unbound(tx: Transaction) -> None:
    """A page takes seconds, and works between its statements too."""
    if tx.dialect == "postgresql":
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await tx.connection.execute(text(f"SET LOCAL {name} = 0"))
