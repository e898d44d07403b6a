"""Administrators' actions on single outbox messages: show, retry now, put aside, give up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update

from domain.kernel import SYSTEM
from store.database import AuditLine, Transaction, audit, equals_given, first_row
from store.platform.outbox import OutboxMessage, OutboxState, message_of, outbox_table

PARKED = "PARKED"
"""The error code of a message that was put aside; like a dead letter it waits, and so does what comes after it."""

_T = outbox_table.c


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which messages to list; None lets every value through."""

    state: OutboxState | None = None
    topic: str | None = None
    error_code: str | None = None
    attempts: int | None = None
    """At least so many."""
    created_before: datetime | None = None


async def search(tx: Transaction, wanted: OutboxFilter, limit: int) -> list[OutboxMessage]:
    """Messages, the oldest first."""
    statement = select(outbox_table).where(*_matches(wanted)).order_by(_T.id).limit(limit)
    return [message_of(tx, row) for row in (await tx.connection.execute(statement)).all()]


async def message_by_id(tx: Transaction, message_id: int) -> OutboxMessage | None:
    """The message with a number, or None."""
    row = await first_row(tx, select(outbox_table).where(_T.id == message_id))
    return message_of(tx, row) if row else None


async def retry(tx: Transaction, message_id: int, at: datetime, *, by: str = SYSTEM.label) -> bool:
    """Have a message tried now, from the first attempt; False where it is delivered or not there.

    `by` is whom the audit line names.
    """
    return await _change(
        tx,
        ("outbox.retried", by),
        message_id,
        (_T.state != OutboxState.DELIVERED.value,),
        {
            "state": OutboxState.PENDING.value,
            "attempts": 0,
            "due_at": at,
            "error_code": None,
            "lease_until": None,
            "leased_by": None,
        },
    )


async def park(tx: Transaction, message_id: int, *, by: str = SYSTEM.label) -> bool:
    """Put a waiting message aside until `retry`, and with it the later ones of its application.

    False where it does not wait.
    """
    return await _change(
        tx,
        ("outbox.parked", by),
        message_id,
        (_T.state == OutboxState.PENDING.value,),
        {"state": OutboxState.DEAD.value, "error_code": PARKED, "lease_until": None, "leased_by": None},
    )


async def give_up(
    tx: Transaction, message_id: int, topics: Collection[str], at: datetime, *, reason: str, by: str = SYSTEM.label
) -> bool:
    """End a dead letter of one of the topics for good, so that the later ones of its application go on.

    False where it is not dead, of another topic, or not there. It keeps the code of its last failure, by which it is
    distinguished from a delivered message; the reason stands in the audit line.
    """
    return await _change(
        tx,
        ("outbox.given_up", by),
        message_id,
        (_T.state == OutboxState.DEAD.value, _T.topic.in_(sorted(topics))),
        {"state": OutboxState.DELIVERED.value, "delivered_at": at},
        reason=reason,
    )


async def _change(
    tx: Transaction,
    deed: tuple[str, str],
    message_id: int,
    where: tuple[ColumnElement[bool], ...],
    values: dict[str, Any],
    **told: str,
) -> bool:
    statement = update(outbox_table).where(_T.id == message_id, *where).values(values).returning(_T.topic)
    row = (await tx.connection.execute(statement)).first()
    if row is None:
        return False
    action, by = deed
    await audit.append(tx, AuditLine(by, action, "OUTBOX", str(message_id), "OPERATE", {"topic": row.topic, **told}))
    return True


def _matches(wanted: OutboxFilter) -> list[ColumnElement[bool]]:
    state = None if wanted.state is None else wanted.state.value
    found = equals_given({_T.state: state, _T.topic: wanted.topic, _T.error_code: wanted.error_code})
    if wanted.attempts is not None:
        found.append(_T.attempts >= wanted.attempts)
    if wanted.created_before is not None:
        found.append(_T.created_at <= wanted.created_before)
    return found
