"""Figure counters by month, department, service, district, tehsil and channel (docs/figures.md).

Deltas are appended in the transaction of the step that causes them and never wait for another one; the worker folds
them into cubes, each with only some of the dimensions, so that reading costs months and places and not applications.
What is read is a cube and the deltas since. No application is ever scanned for a figure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from domain.kernel import Posting
from domain.statistics.figures import COARSE_EDGES, EDGES, Mark, Measure, Part, bucket_of, month_of
from domain.statistics.silence import Activity
from store.database import Key, Serial, Transaction, any_posting_covers, insert_into, integer_sum
from store.database.bulk import insert_rows
from store.database.metadata import metadata
from store.statistics import figure_state
from store.statistics.packing import pack_bucket

FOLD_BATCH = 5_000
ALL = "*"
"""In a cube: every value of the dimension together."""

MEASURES = tuple(measure.value for measure in Measure)


class Cube(StrEnum):
    """The tables of sums that are kept, by the dimensions that group them."""

    DISTRICT = "DISTRICT"
    CHANNEL = "CHANNEL"
    SUBJECT = "SUBJECT"
    PLACE = "PLACE"
    EVERY = "EVERY"
    OFFICE = "OFFICE"
    """Each department in each district, so that no tehsil or service is read for a district or the state."""
    DAY = "DAY"
    """What came in and went out of each tehsil on each day, for silent offices."""


DIMENSIONS = ("department", "service_code", "district", "tehsil", "channel")

TOLD_APART: Mapping[Cube, frozenset[str]] = {
    Cube.DISTRICT: frozenset({"district"}),
    Cube.CHANNEL: frozenset({"district", "channel"}),
    Cube.SUBJECT: frozenset({"department", "service_code", "district"}),
    Cube.PLACE: frozenset({"department", "district", "tehsil"}),
    Cube.EVERY: frozenset(DIMENSIONS),
    Cube.OFFICE: frozenset({"department", "district"}),
    Cube.DAY: frozenset({"district", "tehsil"}),
}
_BY_MONTH = (Cube.DISTRICT, Cube.CHANNEL, Cube.OFFICE, Cube.SUBJECT, Cube.PLACE, Cube.EVERY)
"""From the smallest on."""

_HELD: Mapping[Part, tuple[Cube, ...]] = {
    Part.SUM: (*_BY_MONTH, Cube.DAY),
    Part.DAYS: _BY_MONTH,
    Part.PACKED_DAYS: _BY_MONTH[:-1],  # classes of EVERY are few
    Part.DUE: (Cube.DISTRICT, Cube.OFFICE, Cube.PLACE),  # by the day, so only where that stays small
    Part.OPEN: (Cube.DISTRICT, Cube.OFFICE, Cube.PLACE),
}
_OF_A_DAY = frozenset({Measure.RECEIVED, Measure.DISPOSED, Measure.WITHDRAWN})

figures_table = sa.Table(
    "figures",
    metadata,
    sa.Column("cube", Key, primary_key=True),
    sa.Column("part", Key, primary_key=True),
    sa.Column("period", sa.Date, primary_key=True),
    sa.Column("district", Key, primary_key=True),
    sa.Column("department", Key, primary_key=True),
    sa.Column("service_code", Key, primary_key=True),
    sa.Column("tehsil", Key, primary_key=True),
    sa.Column("channel", Key, primary_key=True),
    sa.Column("bucket", sa.Integer, primary_key=True),
    *(sa.Column(measure, sa.BigInteger, nullable=False) for measure in MEASURES),
    sqlite_with_rowid=False,  # rows are stored in the order of the key, as they are read
)

figure_deltas_table = sa.Table(
    "figure_deltas",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("period", sa.Date, nullable=False),
    sa.Column("part", Key, nullable=False),
    sa.Column("bucket", sa.Integer, nullable=False),
    *(sa.Column(name, Key, nullable=False) for name in DIMENSIONS),
    *(sa.Column(measure, sa.Integer, nullable=False) for measure in MEASURES),
    sa.Column("about", Key),
    sa.Column("counted", sa.Boolean),
    sa.Index(None, "about"),
    sqlite_autoincrement=True,
)
"""`about` is the application or grievance that changed, None for many together; `counted` marks what the generation
that is being counted contains already (store/statistics/figure_build.py)."""

KEY = ("cube", "part", "period", "district", "department", "service_code", "tehsil", "channel", "bucket")
_F, _D = figures_table.c, figure_deltas_table.c


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which cells are added up; None lets every value through. Months by their first days, both ends included.

    `postings` bounds them to jurisdictions; None to none.
    """

    first_month: date
    last_month: date
    department: str | None = None
    service_code: str | None = None
    district: str | None = None
    tehsil: str | None = None
    channel: str | None = None
    postings: tuple[Posting, ...] | None = None

    @property
    def named(self) -> dict[str, str]:
        """The dimensions that are bound to one value."""
        values = {name: getattr(self, name) for name in DIMENSIONS}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def needed(self) -> set[str]:
        """The dimensions by which a cube must be grouped for it."""
        bound = set(self.named)
        for posting in self.postings or ():
            bound |= {name for name in ("department", "district", "tehsil") if getattr(posting, name) is not None}
        return bound


Place = tuple[Any, ...]
"""The values of the dimensions that were grouped by."""


async def add(tx: Transaction, marks: Mapping[Mark, int], about: str) -> None:
    """Append changes of the counters by one application or grievance, in the transaction that causes them."""
    await _append(tx, _rows(marks, about))


async def add_many(tx: Transaction, marks: Mapping[str, Mapping[Mark, int]]) -> None:
    """Append changes by many applications: added up, unless they are being counted anew, one by one, just now."""
    if (await figure_state.read_shared(tx)).counting:
        await _append(tx, [row for about, one in marks.items() for row in _rows(one, about)])
        return
    together: Counter[Mark] = Counter()
    for one in marks.values():
        together.update(one)
    await _append(tx, _rows(together, None))


async def _append(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_rows(tx, figure_deltas_table, rows)


def _rows(marks: Mapping[Mark, int], about: str | None) -> list[dict[str, Any]]:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for mark, amount in marks.items():
        key = (mark.day, mark.part, mark.bucket, *mark.cell)
        if key not in rows:
            period = mark.day if mark.part is Part.DUE else month_of(mark.day)
            place = {"day": mark.day, "period": period, "part": mark.part.value, "bucket": mark.bucket}
            rows[key] = {**place, **mark.cell._asdict(), **dict.fromkeys(MEASURES, 0), "about": about}
        rows[key][mark.measure.value] += amount
    return list(rows.values())


async def fold(tx: Transaction) -> int:
    """Add the oldest deltas, at most 5 000, to the cubes; returns how many. Several workers may fold at once.

    None while figures are being counted anew: what was folded then could not be distinguished from the rest.
    """
    state = await figure_state.read_shared(tx)
    if state.counting:
        return 0
    oldest = sa.select(_D.id).order_by(_D.id).limit(FOLD_BATCH).with_for_update(skip_locked=True)
    taken = sa.delete(figure_deltas_table).where(_D.id.in_(oldest)).returning(figure_deltas_table)
    rows = (await tx.connection.execute(taken)).all()
    cubes: dict[Place, Counter[str]] = {}
    for row in rows:
        amounts = {name: getattr(row, name) for name in MEASURES}
        add_to_cube_cells(
            cubes, row.day, Part(row.part), row.bucket, {name: getattr(row, name) for name in DIMENSIONS}, amounts
        )
    await add_to_cubes(tx, cubes, state.generation)
    return len(rows)


def add_to_cube_cells(
    cubes: dict[Place, Counter[str]],
    day: date,
    part: Part,
    bucket: int,
    cell: Mapping[str, str],
    amounts: Mapping[str, int],
) -> None:
    """Add amounts of one cell to each cube that holds them."""
    if part is Part.DAYS:
        row, column = pack_bucket(bucket)
        add_to_cube_cells(cubes, day, Part.PACKED_DAYS, row, cell, {column: amounts[Measure.DISPOSED]})
    for cube in _HELD[part]:
        told = TOLD_APART[cube]
        period = month_of(day) if part is not Part.DUE and cube is not Cube.DAY else day
        place = {name: cell[name] if name in told else ALL for name in DIMENSIONS}
        shown = bucket_of(bucket, COARSE_EDGES) if cube is Cube.EVERY else bucket
        key = (cube.value, part.value, period, *(place[name] for name in KEY[3:8]), shown)
        given = {name: amount for name, amount in amounts.items() if cube is not Cube.DAY or name in _OF_A_DAY}
        if any(given.values()):
            cubes.setdefault(key, Counter()).update(given)


async def add_to_cubes(tx: Transaction, cubes: Mapping[Place, Mapping[str, int]], generation: str) -> None:
    """Add to the sums of the cubes of a generation; the keys are those of KEY, the amounts by measure."""
    # In one order everywhere, so that two folds never wait for each other in a circle.
    values = [
        dict(zip(KEY, (key[0] + generation, *key[1:]), strict=True)) | {name: amounts.get(name, 0) for name in MEASURES}
        for key, amounts in sorted(cubes.items())
        if any(amounts.values())
    ]
    if not values:
        return
    statement = insert_into(tx, figures_table)
    grown = {name: _F[name] + statement.excluded[name] for name in MEASURES}
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=KEY, set_=grown), values)
    await _forget_empty(tx, values)


_EMPTIED: Mapping[str, sa.Column[Any]] = {Part.DUE.value: _F.due, Part.OPEN.value: _F.received}
"""Parts whose rows come and go with open cases, and what each of their rows counts."""


async def _forget_empty(tx: Transaction, values: Sequence[Mapping[str, Any]]) -> None:
    """Cases that wait no more leave nothing behind, so that rows by due day are as many as open cases at most."""
    for part, counted in _EMPTIED.items():
        shrunk = [row for row in values if row["part"] == part and row[counted.name] < 0]
        if shrunk:
            keys = [{f"of_{name}": row[name] for name in KEY} for row in shrunk]
            emptied = sa.delete(figures_table).where(
                *(_F[name] == sa.bindparam(f"of_{name}") for name in KEY), counted == 0
            )
            await tx.connection.execute(emptied, keys)


async def sums(tx: Transaction, wanted: FigureFilter, group_by: Sequence[str] = ()) -> dict[Place, dict[Measure, int]]:
    """The sums of every measure but DUE, by some of period (the month) and the dimensions, in their order."""
    picked = [(_F[name], _D[name]) for name in MEASURES]
    rows = await sum_cells(tx, wanted, group_by, Part.SUM, picked)
    return {
        tuple(row[: len(group_by)]): {
            Measure(name): int(amount or 0) for name, amount in zip(MEASURES, row[len(group_by) :], strict=True)
        }
        for row in rows
    }


async def due_before(tx: Transaction, wanted: FigureFilter, day: date, since: date | None = None) -> int:
    """Cases on the running legal clock whose due day is before a day; with `since`, not before that one.

    The filter may name departments and places, and not services or channels; its months do not matter.
    """
    return (await dues_before(tx, wanted, day, since=since)).get((), 0)


async def dues_before(
    tx: Transaction, wanted: FigureFilter, day: date, group_by: Sequence[str] = (), *, since: date | None = None
) -> dict[Place, int]:
    """The same by some of department, district and tehsil, in their order; places without any are left out."""
    until = day - timedelta(days=1)
    rows = await sum_cells(tx, wanted, group_by, Part.DUE, [(_F.due, _D.due)], (since or date.min, until))
    return {tuple(row[:-1]): int(row[-1]) for row in rows if row[-1]}


def edges_of(wanted: FigureFilter, group_by: Sequence[str]) -> tuple[int, ...]:
    """The classes of days in which `histograms` answers: wider ones where every dimension is needed at once."""
    needed = wanted.needed | (set(group_by) & set(DIMENSIONS))
    return COARSE_EDGES if _cube(needed, _BY_MONTH) is Cube.EVERY else EDGES


async def activity(tx: Transaction, since: date) -> list[Activity]:
    """The days on which each tehsil was active; a tehsil without any is left out."""
    active = [sa.or_(table.c.received > 0, table.c.disposed > 0) for table in (figures_table, figure_deltas_table)]
    folded = sa.select(_F.district, _F.tehsil, _F.period.label("day")).where(
        _F.cube == _read_now(Cube.DAY), _F.part == Part.SUM.value, _F.period >= since, _F.tehsil != "", active[0]
    )
    fresh = sa.select(_D.district, _D.tehsil, _D.day).where(
        _D.part == Part.SUM.value, _D.day >= since, _D.tehsil != "", active[1]
    )
    days = sa.union_all(folded, fresh).subquery()
    place = (days.c.district, days.c.tehsil)
    statement = sa.select(
        *place,
        sa.func.count(sa.func.distinct(days.c.day)).label("days"),
        sa.func.min(days.c.day).label("first"),
        sa.func.max(days.c.day).label("last"),
    )
    rows = (await tx.connection.execute(statement.group_by(*place).order_by(*place))).all()
    return [Activity(row.district, row.tehsil, row.days, row.first, row.last) for row in rows]


async def sum_cells(
    tx: Transaction,
    wanted: FigureFilter,
    group_by: Sequence[str],
    part: Part,
    picked: Sequence[tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]],
    period: tuple[date, date] | None = None,
) -> Sequence[Sequence[Any]]:
    """One statement reads cube and deltas, so that a fold in between is not counted twice or left out.

    `period` is the first and last day of what is held by the day; None means the months of the filter.
    """
    needed = wanted.needed | (set(group_by) & set(DIMENSIONS))
    statements = []
    for table, place in ((figures_table, 0), (figure_deltas_table, 1)):
        # Summed in each part first, so that a database that writes the union down writes groups and not rows.
        amounts = [integer_sum(pair[place]).label(f"amount_{number}") for number, pair in enumerate(picked)]
        groups = [table.c[name] for name in group_by]
        found = row_conditions(table, wanted, part, needed, period or (wanted.first_month, wanted.last_month))
        statements.append(sa.select(*groups, *amounts).where(*found).group_by(*groups))
    every = sa.union_all(*statements).subquery()
    places = [every.c[name] for name in group_by]
    totals = [integer_sum(every.c[f"amount_{number}"]) for number in range(len(picked))]
    rows = (await tx.connection.execute(sa.select(*places, *totals).group_by(*places).order_by(*places))).all()
    return [tuple(row) for row in rows if row[-1] is not None]


def row_conditions(
    table: sa.Table, wanted: FigureFilter, part: Part, needed: Iterable[str], period: tuple[date, date]
) -> list[sa.ColumnElement[bool]]:
    """The rows of a part that a filter lets through: of the deltas, or of the cube grouped by what is needed."""
    first, last = period
    # One value is said as one, so that what comes after it in the key can be looked up too.
    then = table.c.period == first if first == last else table.c.period.between(first, last)
    found = [*_matches(table, wanted), table.c.part == part.value, then]
    if table is figures_table:
        cube = _cube(needed, _HELD[part])
        untold = [name for name in DIMENSIONS if name not in TOLD_APART[cube]]
        found += [_F.cube == _read_now(cube), *(_F[name] == ALL for name in untold)]
    return found


def _read_now(cube: Cube) -> sa.ColumnElement[str]:
    """The name of a cube in the current generation, computed within the statement that reads it."""
    return sa.literal(cube.value, Key) + figure_state.present()


def _cube(needed: Iterable[str], cubes: Sequence[Cube]) -> Cube:
    wanted = frozenset(needed)
    for cube in cubes:
        if wanted <= TOLD_APART[cube]:
            return cube
    raise ValueError(f"no cube tells {sorted(wanted)} apart")


def _matches(table: sa.Table, wanted: FigureFilter) -> list[sa.ColumnElement[bool]]:
    conditions = [table.c[name] == value for name, value in wanted.named.items()]
    if wanted.postings is not None:
        conditions.append(any_posting_covers(table, wanted.postings))
    return conditions
