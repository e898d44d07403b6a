"""Reads the state's own figures from the file that comes with its catalogue."""

import csv
from collections.abc import Iterable

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Row
from domain.statistics.baseline import BaselineFigure, BaselineMeasure
from gateway.runtime.form_files import FOLDER

FILE = FOLDER.parent / "local_baseline.csv"
_MOST = 10**9


def baseline_figures() -> tuple[BaselineFigure, ...]:
    """The figures; none where the state gives none. Raises CellWrong."""
    if not FILE.exists():
        return ()
    with FILE.open(encoding="utf-8", newline="") as lines:
        return read_baseline(csv.DictReader(lines))


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
