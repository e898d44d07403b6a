"""Changes of the register of officers that are proposed together: the batch, its rows, and what a row says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.kernel import Bilingual, Posting


class ChangeKind(StrEnum):
    """What a row asks for."""

    JOIN = "JOIN"
    """An officer who is not on the register, with a post."""
    POST = "POST"
    """A further post of an officer."""
    TRANSFER = "TRANSFER"
    """An officer leaves all her posts and takes the one of the row, where it names one."""
    LEAVE = "LEAVE"
    RETIRE = "RETIRE"
    """An officer leaves all her posts."""
    ADDRESS = "ADDRESS"
    """An officer has another official address: her account is tied anew at the next sign-in."""


class BatchState(StrEnum):
    """Where a batch stands."""

    WAITING = "WAITING"
    """For a second administrator."""
    CONFIRMED = "CONFIRMED"
    """Its rows are being carried out."""
    DONE = "DONE"
    REFUSED = "REFUSED"
    UNDONE = "UNDONE"


class RowState(StrEnum):
    """What became of a row."""

    WAITING = "WAITING"
    DONE = "DONE"
    LEFT = "LEFT"
    """It could not be carried out any more, and changed nothing."""
    UNDONE = "UNDONE"
    KEPT = "KEPT"
    """It was carried out and not undone, since something came of it since."""


@dataclass(frozen=True, slots=True)
class StaffBatch:
    """Rows that two people enter: one proposes all of them, another confirms. `rows` counts them.

    `digest` is the hash of the rows, by which the same file is known again. `recorded_by` and `confirmed_by` are ids of
    officers, or labels of accounts of the host.
    """

    id: str
    source: str
    digest: str
    state: BatchState
    rows: int
    recorded_by: str
    recorded_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A row of a batch by the line of its file; `reason` says why it was left or kept."""

    batch_id: str
    line: int
    email: str
    cells: Mapping[str, str]
    state: RowState = RowState.WAITING
    officer_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StaffChange:
    """What a row says. Others than the officer are named by their official addresses, as she is.

    `successor` takes the posts that she leaves; `cover` has charge of them where nobody does, or stands in for a leave.
    """

    kind: ChangeKind
    email: str
    name: Bilingual | None = None
    designation: Bilingual | None = None
    post: Posting | None = None
    from_on: date | None = None
    until_on: date | None = None
    successor: str | None = None
    cover: str | None = None
    new_email: str | None = None
