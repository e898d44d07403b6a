"""Recounts the figure counters from applications and grievances, for `apuni verify` and for a build."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlalchemy import Select, exists, select

from domain.applications.applications import Channel
from domain.applications.lifecycle import Status
from domain.kernel import ist_date
from domain.statistics.figures import FigureInputs, Mark, Measure, Part, cell_of, ended_at, marks_of
from store.applications.application_rows import applications_table
from store.database import AnyRow, Transaction, pages
from store.feedback.grievances import grievances_table, replies_table
from store.statistics import figure_state
from store.statistics.figures import (
    DIMENSIONS,
    KEY,
    MEASURES,
    Cube,
    Place,
    add_to_cube_cells,
    figure_deltas_table,
    figures_table,
)

PAGE = 500

_A, _G, _F = applications_table.c, grievances_table.c, figures_table.c

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
    "clock_ended_at",
    "due_at",
    "paused_since",
    "lawful_due_at",
)

Cubes = Mapping[Place, Mapping[str, int]]


async def recount_cubes(tx: Transaction) -> Cubes:
    """What the cubes must hold, from every application and grievance, page by page."""
    cubes: dict[Place, Counter[str]] = {}
    async for marks in _marks(tx):
        add_up(cubes, marks)
    return _without_zeros(cubes)


async def stored_cubes(tx: Transaction) -> Cubes:
    """What the cubes hold, with what is not folded yet."""
    cubes: dict[Place, Counter[str]] = {}
    generation = (await figure_state.read(tx)).generation
    named = {cube + generation: cube.value for cube in Cube}
    async for row in await tx.connection.stream(select(figures_table).where(_F.cube.in_(sorted(named)))):
        key = (named[row.cube], *(getattr(row, name) for name in KEY[1:]))
        cubes[key] = Counter({name: amount for name in MEASURES if (amount := getattr(row, name))})
    async for row in await tx.connection.stream(select(figure_deltas_table)):
        cell = {name: getattr(row, name) for name in DIMENSIONS}
        add_to_cube_cells(
            cubes, row.day, Part(row.part), row.bucket, cell, {name: getattr(row, name) for name in MEASURES}
        )
    return _without_zeros(cubes)


async def _marks(tx: Transaction) -> AsyncIterator[Mapping[Mark, int]]:
    async for row in pages(tx, select_applications(), _A.id, PAGE):
        yield application_marks(row)
    async for row in pages(tx, select_grievances(), _G.id, PAGE):
        yield grievance_marks(row)


def select_applications() -> Select[Any]:
    """What figures depend on of every application that counts."""
    return select(*(_A[name] for name in _COUNTED_BY)).where(_A.submitted_at.is_not(None))


def select_grievances() -> Select[Any]:
    """What figures depend on of every grievance."""
    answered = exists().where(replies_table.c.grievance_id == _G.id)
    places = (_G.department, _G.service_code, _G.district, _G.tehsil, _A.channel)
    statement = select(_G.id, *places, _G.created_at, answered.label("answered"))
    return statement.join(applications_table, _A.id == _G.application_id)


def application_marks(row: AnyRow) -> Mapping[Mark, int]:
    """What an application adds to the counters."""
    return marks_of(_figure_inputs(row))


def grievance_marks(row: AnyRow) -> Mapping[Mark, int]:
    """What a grievance adds to the counters."""
    cell = cell_of(row.department, row.service_code, row.district, row.tehsil, Channel(row.channel))
    measures = (Measure.GRIEVANCES, Measure.REPLIED) if row.answered else (Measure.GRIEVANCES,)
    return {Mark(cell, ist_date(row.created_at), Part.SUM, 0, measure): 1 for measure in measures}


def _figure_inputs(row: AnyRow) -> FigureInputs:
    status = Status(row.status)
    return FigureInputs(
        cell_of(row.department, row.service_code, row.district, row.tehsil, Channel(row.channel)),
        status,
        row.submitted_at,
        ended_at(status, row.delivered_at, row.decided_at, row.updated_at),
        row.clock_ended_at,
        row.due_at,
        row.paused_since is not None,
        row.lawful_due_at,
    )


def add_up(cubes: dict[Place, Counter[str]], marks: Mapping[Mark, int]) -> None:
    """Add marks to the sums of the cubes that hold them."""
    for mark, amount in marks.items():
        add_to_cube_cells(cubes, mark.day, mark.part, mark.bucket, mark.cell._asdict(), {mark.measure.value: amount})


def _without_zeros(cubes: Cubes) -> Cubes:
    found = {key: {name: amount for name, amount in sums.items() if amount} for key, sums in cubes.items()}
    return {key: sums for key, sums in found.items() if sums}
