"""The generation of figure cubes in use, and the progress of building the next one.

A generation is a suffix of the names of its cubes, so that the next one grows while the present one is read, and the
change from one to the other is one word. While one is being counted nothing is folded: every delta of before the
change stays in sight, and those that the next generation contains already are marked.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Table, func, select

from store.database import Instant, Key, Transaction, first_row, locks, upsert
from store.database.metadata import metadata

COUNTED = "figures-counted-with-open-cases"
"""The mark of a store whose applications were all counted, into every cube and part up to that of open cases.

Without it the worker counts them when it starts: a worker of before, which knew fewer cubes, may have folded last.
"""

PACKED = "figures-counted-with-packed-days"
"""As COUNTED, of the rows with many classes of days in each; until then every class is read from its own row."""

BY_CLOCK = "figures-counted-by-the-end-of-the-clock"
"""As COUNTED, with what was in time judged by when the result was made available, not by when it was collected."""

MARKS = (COUNTED, PACKED, BY_CLOCK)
"""What a store bears whose applications were all counted by this release."""

_LOCK = ("figures", "generation")
_ONE = "figures"

figure_state_table = Table(
    "figure_state",
    metadata,
    Column("name", Key, primary_key=True),
    Column("generation", Key, nullable=False),
    Column("building", Key),
    Column("phase", Key),
    Column("after_id", Key),
    Column("counted", BigInteger, nullable=False),
    Column("touched_at", Instant, nullable=False),
)

_T = figure_state_table.c


class Phase(StrEnum):
    """The phase of a build."""

    APPLICATIONS = "APPLICATIONS"
    GRIEVANCES = "GRIEVANCES"
    CLEANING = "CLEANING"
    """The new generation is read; the rows of the old one are being deleted."""


@dataclass(frozen=True, slots=True)
class Build:
    """The progress of a build: the suffix of its cubes, its phase, and the last id that it has counted."""

    generation: str
    building: str | None = None
    phase: Phase | None = None
    after_id: str | None = None
    counted: int = 0
    touched_at: datetime | None = None

    @property
    def counting(self) -> bool:
        """Whether the next generation is not read yet."""
        return self.phase in (Phase.APPLICATIONS, Phase.GRIEVANCES)

    @property
    def made(self) -> str:
        """The name of the generation that is counted now; raises ValueError where none is."""
        if self.building is None:
            raise ValueError("no figures are being counted")
        return self.building


def present() -> ColumnElement[str]:
    """The suffix of the cubes that are read, for use in a statement."""
    one = select(_T.generation).where(_T.name == _ONE).scalar_subquery()
    return func.coalesce(one, "")


async def read(tx: Transaction) -> Build:
    """The state of the figures."""
    row = await first_row(tx, select(figure_state_table).where(_T.name == _ONE))
    if row is None:
        return Build("")
    phase = None if row.phase is None else Phase(row.phase)
    return Build(row.generation, row.building, phase, row.after_id, row.counted, row.touched_at)


async def save_build(tx: Transaction, build: Build) -> None:
    """Keep how far it is."""
    values: dict[str, Any] = {
        "name": _ONE,
        "generation": build.generation,
        "building": build.building,
        "phase": None if build.phase is None else build.phase.value,
        "after_id": build.after_id,
        "counted": build.counted,
        "touched_at": tx.clock.now(),
    }
    await upsert(tx, figure_state_table, [values], keys=("name",))


async def read_shared(tx: Transaction) -> Build:
    """The state of the figures, fixed for this transaction; others may read at the same time."""
    await locks.lock_shared(tx, *_LOCK)
    return await read(tx)


async def read_exclusive(tx: Transaction) -> Build:
    """The state of the figures, locked for a change by this transaction alone."""
    await locks.lock_exclusive(tx, *_LOCK)
    return await read(tx)
