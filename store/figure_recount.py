"""The counters of figures counted anew from applications and grievances: for `apuni verify` and for a rebuild."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping

from sqlalchemy import delete, exists, func, select, text

from domain.applications import Channel
from domain.clock import ist_date
from domain.figures import Counted, Mark, Measure, Part, cell_of, ended_at, marks_of
from domain.lifecycle import Status
from store.application_rows import applications_table
from store.engine import Transaction
from store.figures import DIMENSIONS, KEY, MEASURES, Place, add_to_cubes, figure_deltas_table, figures_table, pour
from store.grievances import grievances_table, replies_table
from store.sql import AnyRow, pages

PAGE = 500
MOST_SUMS = 50_000
"""Sums that a rebuild holds before it writes them, so that its memory does not grow with the applications."""

_A, _G = applications_table.c, grievances_table.c

_COUNTED_BY = (
    "id",
    "department",
    "service_code",
    "district",
    "tehsil",
    "channel",
    "status",
    "submitted_at",
    "delivered_at",
    "decided_at",
    "updated_at",
    "due_at",
    "paused_since",
)

Cubes = Mapping[Place, Mapping[str, int]]


async def recounted(tx: Transaction) -> Cubes:
    """What the cubes must hold, from every application and grievance, page by page."""
    cubes: dict[Place, Counter[str]] = {}
    async for marks in _marks(tx):
        _pour(cubes, marks)
    return _without_zeros(cubes)


async def kept(tx: Transaction) -> Cubes:
    """What the cubes hold, with what is not folded yet."""
    cubes: dict[Place, Counter[str]] = {}
    for row in (await tx.connection.execute(select(figures_table))).all():
        cubes[tuple(getattr(row, name) for name in KEY)] = Counter({name: getattr(row, name) for name in MEASURES})
    for row in (await tx.connection.execute(select(figure_deltas_table))).all():
        cell = {name: getattr(row, name) for name in DIMENSIONS}
        pour(cubes, row.day, Part(row.part), row.bucket, cell, {name: getattr(row, name) for name in MEASURES})
    return _without_zeros(cubes)


async def rebuild(tx: Transaction, *, most_sums: int = MOST_SUMS) -> int:
    """Count everything anew in place of what is kept; gives the number of rows of the cubes.

    Steps that would count wait until the transaction ends, so that nothing is counted twice or left out.
    """
    if tx.dialect == "postgresql":
        # It takes as long as there are applications, and works between its statements too.
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await tx.connection.execute(text(f"SET LOCAL {name} = 0"))
        await tx.connection.execute(text("LOCK TABLE figure_deltas, figures IN EXCLUSIVE MODE"))
    await tx.connection.execute(delete(figure_deltas_table))
    await tx.connection.execute(delete(figures_table))
    cubes: dict[Place, Counter[str]] = {}
    async for marks in _marks(tx):
        _pour(cubes, marks)
        if len(cubes) >= most_sums:
            await add_to_cubes(tx, cubes)
            cubes.clear()
    await add_to_cubes(tx, cubes)
    return int((await tx.connection.execute(select(func.count()).select_from(figures_table))).scalar_one())


async def _marks(tx: Transaction) -> AsyncIterator[Mapping[Mark, int]]:
    statement = select(*(_A[name] for name in _COUNTED_BY)).where(_A.submitted_at.is_not(None))
    async for row in pages(tx, statement, _A.id, PAGE):
        yield marks_of(_counted(row))
    answered = exists().where(replies_table.c.grievance_id == _G.id)
    places = (_G.department, _G.service_code, _G.district, _G.tehsil, _A.channel)
    raised = select(_G.id, *places, _G.created_at, answered.label("answered"))
    raised = raised.join(applications_table, _A.id == _G.application_id)
    async for row in pages(tx, raised, _G.id, PAGE):
        yield _grievance_marks(row)


def _grievance_marks(row: AnyRow) -> Mapping[Mark, int]:
    cell = cell_of(row.department, row.service_code, row.district, row.tehsil, Channel(row.channel))
    measures = (Measure.GRIEVANCES, Measure.REPLIED) if row.answered else (Measure.GRIEVANCES,)
    return {Mark(cell, ist_date(row.created_at), Part.SUM, 0, measure): 1 for measure in measures}


def _counted(row: AnyRow) -> Counted:
    status = Status(row.status)
    return Counted(
        cell_of(row.department, row.service_code, row.district, row.tehsil, Channel(row.channel)),
        status,
        row.submitted_at,
        ended_at(status, row.delivered_at, row.decided_at, row.updated_at),
        row.due_at,
        row.paused_since is not None,
    )


def _pour(cubes: dict[Place, Counter[str]], marks: Mapping[Mark, int]) -> None:
    for mark, amount in marks.items():
        pour(cubes, mark.day, mark.part, mark.bucket, mark.cell._asdict(), {mark.measure.value: amount})


def _without_zeros(cubes: Cubes) -> Cubes:
    found = {key: {name: amount for name, amount in sums.items() if amount} for key, sums in cubes.items()}
    return {key: sums for key, sums in found.items() if sums}
