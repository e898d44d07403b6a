"""Disposals by class of days taken, read from the figure counters."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import literal, select, union_all

from domain.statistics.figures import EDGES, Part, bucket_of
from store.database import Transaction, integer_sum
from store.platform import seeds
from store.statistics import figure_state
from store.statistics.figures import (
    DIMENSIONS,
    FigureFilter,
    Place,
    edges_of,
    figure_deltas_table,
    figures_table,
    row_conditions,
    sum_cells,
)
from store.statistics.packing import COLUMNS, unpack_row

_F, _D = figures_table.c, figure_deltas_table.c


async def histograms(
    tx: Transaction, wanted: FigureFilter, group_by: Sequence[str] = ()
) -> dict[Place, dict[int, int]]:
    """Disposals by the class of days taken (`edges_of` says which classes), by some of period and the dimensions.

    Where every dimension is needed at once classes are few and stand in a row each, as they all do until a worker has
    counted everything into rows of many (store/statistics/packing.py).
    """
    found: dict[Place, Counter[int]] = {}
    edges = edges_of(wanted, group_by)
    packed = edges is EDGES and await seeds.is_seeded(tx, figure_state.PACKED)
    for place, bucket, amount in await (_packed_rows if packed else _single_rows)(tx, wanted, group_by):
        # What is not folded yet is still in the finer classes.
        found.setdefault(place, Counter())[bucket_of(bucket, edges)] += amount
    return {place: dict(histogram) for place, histogram in found.items()}


async def _single_rows(
    tx: Transaction, wanted: FigureFilter, group_by: Sequence[str]
) -> Iterator[tuple[Place, int, int]]:
    rows = await sum_cells(tx, wanted, (*group_by, "bucket"), Part.DAYS, [(_F.disposed, _D.disposed)])
    return ((tuple(row[:-2]), row[-2], int(row[-1])) for row in rows)


async def _packed_rows(
    tx: Transaction, wanted: FigureFilter, group_by: Sequence[str]
) -> Iterator[tuple[Place, int, int]]:
    """One statement reads cube and deltas, so that a fold in between is not counted twice or left out."""
    needed = wanted.needed | (set(group_by) & set(DIMENSIONS))
    months = (wanted.first_month, wanted.last_month)
    nothing = [literal(0)] * (len(COLUMNS) - 1)
    statements = []
    for table, part, amounts in (
        (figures_table, Part.PACKED_DAYS, [integer_sum(_F[name]) for name in COLUMNS]),
        (figure_deltas_table, Part.DAYS, [integer_sum(_D.disposed), *nothing]),
    ):
        groups = [*(table.c[name] for name in group_by), table.c.bucket]
        told = [literal(part.value).label("told"), *(one.label(f"of_{place}") for place, one in enumerate(amounts))]
        found = row_conditions(table, wanted, part, needed, months)
        statements.append(select(*groups, *told).where(*found).group_by(*groups))
    rows = (await tx.connection.execute(union_all(*statements))).all()
    return _taken_apart([tuple(row) for row in rows], len(group_by))


def _taken_apart(rows: Sequence[Sequence[Any]], grouped: int) -> Iterator[tuple[Place, int, int]]:
    for row in rows:
        place, (number, part, *amounts) = tuple(row[:grouped]), row[grouped:]
        if part == Part.DAYS:
            yield place, number, amounts[0]
        else:
            yield from ((place, bucket, amount) for bucket, amount in unpack_row(number, amounts))
