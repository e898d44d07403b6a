"""Steps, hearings and awards of appeals; the rows of appeals are in appeals.py of this package."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from domain.appeals.appeals import (
    AppealEvent,
    AppealMove,
    AppealState,
    Award,
    AwardKind,
    AwardState,
    Hearing,
    HearingState,
)
from store.database import AnyRow, Instant, Key, Transaction, first_row, group_rows
from store.database.metadata import metadata

events_table = sa.Table(
    "appeal_events",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("appeal_id", Key, sa.ForeignKey("appeals.id"), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("move", Key, nullable=False),
    sa.Column("state_before", Key),
    sa.Column("state_after", Key, nullable=False),
    sa.Column("actor_role", Key, nullable=False),
    sa.Column("actor_id", Key),
    sa.Column("note", sa.LargeBinary),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("appeal_id", "sequence"),
)

hearings_table = sa.Table(
    "appeal_hearings",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("appeal_id", Key, sa.ForeignKey("appeals.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("state", Key),  # null is FIXED: rows of before dates were moved
    sa.Column("reference", Key),
    sa.Column("fixed_at", Instant),
    sa.Index(None, "appeal_id"),
    sa.Index(None, "at", "id"),
)

awards_table = sa.Table(
    "appeal_awards",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("appeal_id", Key, sa.ForeignKey("appeals.id"), nullable=False),
    sa.Column("kind", Key, nullable=False),
    sa.Column("officer_id", Key),
    sa.Column("amount_paise", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("ordered_by", Key),
    sa.Column("ordered_at", Instant, nullable=False),
    sa.Column("state", Key),  # null is ORDERED: rows from before payments were reported
    sa.Column("settled_on", sa.Date),
    sa.Column("settlement", Key),
    sa.UniqueConstraint("appeal_id", "kind"),
)


async def add_events(tx: Transaction, taken: Iterable[tuple[str, AppealEvent]]) -> None:
    """Add steps, each with its citizen, in one statement; notes are encrypted."""
    rows = [_event_values(tx, citizen_id, event) for citizen_id, event in taken]
    if rows:
        await tx.connection.execute(sa.insert(events_table), rows)


async def events(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[AppealEvent]]:
    """The steps of each appeal in their order."""
    statement = sa.select(events_table).order_by(events_table.c.appeal_id, events_table.c.sequence)
    return await group_rows(tx, statement, events_table.c.appeal_id, appeal_ids, lambda row: _event(tx, row))


async def add_hearing(tx: Transaction, citizen_id: str, hearing: Hearing) -> None:
    """Keep a date of hearing."""
    names = ("id", "appeal_id", "at", "place", "recorded_at", "reference", "fixed_at")
    values = {name: getattr(hearing, name) for name in names} | {"state": hearing.state.value}
    await tx.connection.execute(sa.insert(hearings_table).values(citizen_id=citizen_id, **values))


async def set_hearing(tx: Transaction, hearing: Hearing) -> None:
    """Write down what became of a date of hearing; date and place stay as they were."""
    statement = sa.update(hearings_table).where(hearings_table.c.id == hearing.id)
    values = {"state": hearing.state.value, "reference": hearing.reference, "fixed_at": hearing.fixed_at}
    await tx.connection.execute(statement.values(values))


async def hearings(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Hearing]]:
    """The hearings of each appeal by date."""
    table = hearings_table
    return await group_rows(
        tx, sa.select(table).order_by(table.c.at, table.c.id), table.c.appeal_id, appeal_ids, hearing_of
    )


def hearing_of(row: AnyRow) -> Hearing:
    """The hearing of a row."""
    state = HearingState(row.state or HearingState.FIXED)
    return Hearing(row.id, row.appeal_id, row.at, row.place, row.recorded_at, state, row.reference, row.fixed_at)


async def add_award(tx: Transaction, citizen_id: str, award: Award) -> None:
    """Keep a penalty or compensation; its reason is encrypted."""
    await tx.connection.execute(sa.insert(awards_table).values(citizen_id=citizen_id, **_award_values(tx, award)))


async def set_award(tx: Transaction, award: Award) -> None:
    """Write an award over the one with its id."""
    statement = sa.update(awards_table).where(awards_table.c.id == award.id)
    await tx.connection.execute(statement.values(_award_values(tx, award)))


async def award(tx: Transaction, appeal_id: str, kind: AwardKind) -> Award | None:
    """The award of a kind that an order imposed, or None; its row is locked."""
    table = awards_table
    statement = sa.select(table).where(table.c.appeal_id == appeal_id, table.c.kind == kind.value).with_for_update()
    row = await first_row(tx, statement)
    return award_of(tx, row) if row else None


async def awards(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Award]]:
    """The penalties and compensations of each appeal."""
    table = awards_table
    return await group_rows(
        tx, sa.select(table).order_by(table.c.kind.desc()), table.c.appeal_id, appeal_ids, lambda row: award_of(tx, row)
    )


def _award_values(tx: Transaction, award: Award) -> dict[str, Any]:
    return {
        "id": award.id,
        "appeal_id": award.appeal_id,
        "kind": award.kind.value,
        "officer_id": award.officer_id,
        "amount_paise": award.amount_paise,
        "reason": tx.cipher.encrypt(award.reason.encode(), _reason_place(award.id)),
        "section": award.section,
        "ordered_by": award.ordered_by,
        "ordered_at": award.ordered_at,
        "state": award.state.value,
        "settled_on": award.settled_on,
        "settlement": award.settlement,
    }


def _event_values(tx: Transaction, citizen_id: str, event: AppealEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "citizen_id": citizen_id,
        "appeal_id": event.appeal_id,
        "sequence": event.sequence,
        "move": event.move.value,
        "state_before": event.before.value if event.before else None,
        "state_after": event.after.value,
        "actor_role": event.actor_role,
        "actor_id": event.actor_id,
        "note": None if event.note is None else tx.cipher.encrypt(event.note.encode(), _note_place(event.id)),
        "at": event.at,
    }


def _event(tx: Transaction, row: AnyRow) -> AppealEvent:
    return AppealEvent(
        id=row.id,
        appeal_id=row.appeal_id,
        sequence=row.sequence,
        move=AppealMove(row.move),
        before=AppealState(row.state_before) if row.state_before else None,
        after=AppealState(row.state_after),
        actor_role=row.actor_role,
        actor_id=row.actor_id,
        note=None if row.note is None else tx.cipher.decrypt(row.note, _note_place(row.id)).decode(),
        at=row.at,
    )


def award_of(tx: Transaction, row: AnyRow) -> Award:
    """The award of a row."""
    return Award(
        id=row.id,
        appeal_id=row.appeal_id,
        kind=AwardKind(row.kind),
        officer_id=row.officer_id,
        amount_paise=row.amount_paise,
        reason=tx.cipher.decrypt(row.reason, _reason_place(row.id)).decode(),
        section=row.section,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
        state=AwardState(row.state or AwardState.ORDERED),
        settled_on=row.settled_on,
        settlement=row.settlement,
    )


def _note_place(event_id: str) -> str:
    return f"appeal_events:note:{event_id}"


def _reason_place(award_id: str) -> str:
    return f"appeal_awards:reason:{award_id}"
