"""Steps, hearings and awards of appeals; the rows of appeals are in appeals.py of this package."""

from collections.abc import Iterable

import sqlalchemy as sa

from domain.appeals.appeals import AppealEvent, Award, AwardKind, Hearing
from store.database import Key, Records, Transaction
from store.database.metadata import table_of

events_table = table_of(
    AppealEvent,
    "appeal_events",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("state_before", Key),
    sa.Column("state_after", Key, nullable=False),
    sa.Column("note", sa.LargeBinary),
    sa.UniqueConstraint("appeal_id", "sequence"),
    apart=("before", "after"),
)

hearings_table = table_of(
    Hearing,
    "appeal_hearings",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("state", Key),  # null is FIXED: rows of before dates were moved
    sa.Index(None, "appeal_id"),
    sa.Index(None, "at", "id"),
)

awards_table = table_of(
    Award,
    "appeal_awards",
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("state", Key),  # null is ORDERED: rows from before payments were reported
    sa.UniqueConstraint("appeal_id", "kind"),
)

_EVENTS = Records(AppealEvent, events_table, "the step", renamed={"before": "state_before", "after": "state_after"})
events = _EVENTS.groups_reader_by(events_table.c.appeal_id, events_table.c.appeal_id, events_table.c.sequence)
"""The steps of each appeal in their order."""
HEARINGS = Records(Hearing, hearings_table, "the hearing")
hearings = HEARINGS.groups_reader_by(hearings_table.c.appeal_id, hearings_table.c.at, hearings_table.c.id)
"""The hearings of each appeal by date."""
AWARDS = Records(Award, awards_table, "the award")
awards = AWARDS.groups_reader_by(awards_table.c.appeal_id, awards_table.c.kind.desc())
"""The penalties and compensations of each appeal."""


async def add_events(tx: Transaction, taken: Iterable[tuple[str, AppealEvent]]) -> None:
    """Add steps, each with its citizen, in one statement; notes are encrypted."""
    rows = [_EVENTS.values(tx, event) | {"citizen_id": citizen_id} for citizen_id, event in taken]
    if rows:
        await tx.connection.execute(sa.insert(events_table), rows)


async def add_hearing(tx: Transaction, citizen_id: str, hearing: Hearing) -> None:
    """Keep a date of hearing."""
    await HEARINGS.add(tx, hearing, citizen_id=citizen_id)


async def set_hearing(tx: Transaction, hearing: Hearing) -> None:
    """Write down what became of a date of hearing; date and place stay as they were."""
    statement = sa.update(hearings_table).where(hearings_table.c.id == hearing.id)
    values = {"state": hearing.state.value, "reference": hearing.reference, "fixed_at": hearing.fixed_at}
    await tx.connection.execute(statement.values(values))


async def add_award(tx: Transaction, citizen_id: str, award: Award) -> None:
    """Keep a penalty or compensation; its reason is encrypted."""
    await AWARDS.add(tx, award, citizen_id=citizen_id)


async def set_award(tx: Transaction, award: Award) -> None:
    """Write an award over the one with its id."""
    statement = sa.update(awards_table).where(awards_table.c.id == award.id)
    await tx.connection.execute(statement.values(AWARDS.values(tx, award)))


async def award(tx: Transaction, appeal_id: str, kind: AwardKind) -> Award | None:
    """The award of a kind that an order imposed, or None; its row is locked."""
    table = awards_table
    return await AWARDS.find(tx, table.c.appeal_id == appeal_id, table.c.kind == kind.value, lock=True)
