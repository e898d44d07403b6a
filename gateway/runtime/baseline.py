"""Reads the figures that a state gives of itself from its package."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field

from actions.catalogue.cells import REASONS, CellWrong, Day, Digits, Name, Row, SourcedRow
from domain.kernel import CommandFailed
from domain.statistics.baseline import BaselineFigure, BaselineMeasure

BASELINE = "local_baseline.csv"
"""What the state says of itself."""

Count = Annotated[int, Field(ge=0, le=10**9), Digits]


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
    return tuple(BaselineRow.from_row(row).figure() for row in rows)


class BaselineRow(SourcedRow):
    """A row of local_baseline.csv."""

    measure: BaselineMeasure
    before: Count
    after: Count
    source: Name
    as_of: Day | None = None

    def figure(self) -> BaselineFigure:
        """The figure of the row."""
        return BaselineFigure(self.measure, self.before, self.after, self.source, self.as_of, self.verified)
