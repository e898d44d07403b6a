"""The course of appeals: their steps, hearings and awards. The rows of appeals themselves are in store/appeals.py."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)

from domain.appeals import AppealEvent, AppealMove, AppealState, Award, AwardKind, Hearing
from store.engine import Transaction
from store.metadata import metadata
from store.sql import AnyRow, rows_of
from store.types import Instant, Key

events_table = Table(
    "appeal_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("move", Key, nullable=False),
    Column("state_before", Key),
    Column("state_after", Key, nullable=False),
    Column("actor_role", Key, nullable=False),
    Column("actor_id", Key),
    Column("note", LargeBinary),
    Column("at", Instant, nullable=False),
    UniqueConstraint("appeal_id", "sequence"),
)

hearings_table = Table(
    "appeal_hearings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("place", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "appeal_id"),
)

awards_table = Table(
    "appeal_awards",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("kind", Key, nullable=False),
    Column("officer_id", Key),
    Column("amount_paise", BigInteger, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("section", Text, nullable=False),
    Column("ordered_by", Key),
    Column("ordered_at", Instant, nullable=False),
    UniqueConstraint("appeal_id", "kind"),
)


async def add_events(tx: Transaction, taken: Iterable[tuple[str, AppealEvent]]) -> None:
    """Add steps, each with its citizen, in one statement; notes are encrypted."""
    rows = [_event_values(tx, citizen_id, event) for citizen_id, event in taken]
    if rows:
        await tx.connection.execute(insert(events_table), rows)


async def events(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[AppealEvent]]:
    """The steps of each appeal in their order."""
    statement = select(events_table).order_by(events_table.c.appeal_id, events_table.c.sequence)
    found: dict[str, list[AppealEvent]] = {}
    for row in await rows_of(tx, statement, events_table.c.appeal_id, appeal_ids):
        found.setdefault(row.appeal_id, []).append(_event(tx, row))
    return found


async def add_hearing(tx: Transaction, citizen_id: str, hearing: Hearing) -> None:
    """Keep a date of hearing."""
    values = {name: getattr(hearing, name) for name in ("id", "appeal_id", "at", "place", "recorded_at")}
    await tx.connection.execute(insert(hearings_table).values(citizen_id=citizen_id, **values))


async def hearings(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Hearing]]:
    """The hearings of each appeal by date."""
    table = hearings_table
    found: dict[str, list[Hearing]] = {}
    for row in await rows_of(tx, select(table).order_by(table.c.at, table.c.id), table.c.appeal_id, appeal_ids):
        hearing = Hearing(row.id, row.appeal_id, row.at, row.place, row.recorded_at)
        found.setdefault(row.appeal_id, []).append(hearing)
    return found


async def add_award(tx: Transaction, citizen_id: str, award: Award) -> None:
    """Keep a penalty or compensation; its reason is encrypted."""
    values = {
        "id": award.id,
        "citizen_id": citizen_id,
        "appeal_id": award.appeal_id,
        "kind": award.kind.value,
        "officer_id": award.officer_id,
        "amount_paise": award.amount_paise,
        "reason": tx.cipher.encrypt(award.reason.encode(), _reason_place(award.id)),
        "section": award.section,
        "ordered_by": award.ordered_by,
        "ordered_at": award.ordered_at,
    }
    await tx.connection.execute(insert(awards_table).values(values))


async def awards(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Award]]:
    """The penalties and compensations of each appeal."""
    table = awards_table
    found: dict[str, list[Award]] = {}
    for row in await rows_of(tx, select(table).order_by(table.c.kind.desc()), table.c.appeal_id, appeal_ids):
        found.setdefault(row.appeal_id, []).append(_award(tx, row))
    return found


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


def _award(tx: Transaction, row: AnyRow) -> Award:
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
    )


def _note_place(event_id: str) -> str:
    return f"appeal_events:note:{event_id}"


def _reason_place(award_id: str) -> str:
    return f"appeal_awards:reason:{award_id}"
