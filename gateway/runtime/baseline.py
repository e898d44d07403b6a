"""Reads the figures that a state gives of itself from its package."""

import csv
from collections.abc import Iterable
from pathlib import Path

from actions.catalogue import cells
from actions.catalogue.cells import REASONS, CellWrong, Row
from domain.kernel import CommandFailed
from domain.statistics.baseline import BaselineFigure, BaselineMeasure

BASELINE = "local_baseline.csv"
"""What the state says of itself."""

_MOST = 10**9


def baseline_figures(folder: Path) -> tuple[BaselineFigure, ...]:
    """The figures in the folder of a state; none where it gives none. Raises CommandFailed by file and cell."""
    file = folder / BASELINE
    if not file.exists():
        return ()
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return read_baseline(csv.DictReader(lines))
    except CellWrong as error:
        raise CommandFailed(f"{file}: {error.field} {REASONS[error.reason]}") from None


def read_baseline(rows: Iterable[Row]) -> tuple[BaselineFigure, ...]:
    """The figures of local_baseline.csv; raises CellWrong."""
    return tuple(_figure(row) for row in rows)


def _figure(row: Row) -> BaselineFigure:
    before, after = (cells.whole_number(row, field, _MOST) for field in ("before", "after"))
    if before is None or after is None:
        raise CellWrong("before" if before is None else "after", "MISSING")
    day = cells.text(row, "as_of")
    return BaselineFigure(
        measure=cells.word(cells.required_text(row, "measure"), "measure", BaselineMeasure),
        before=before,
        after=after,
        source=cells.required_text(row, "source"),
        as_of=None if day is None else cells.day_of(day, "as_of"),
        confirmed=cells.is_verified(row),
    )
