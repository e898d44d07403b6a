"""Administrators' actions on single outbox messages: show, retry now, put aside, give up."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update

from domain.kernel import SYSTEM
from domain.platform.outbox import MessageCondition, TopicCounts
from store.database import AnyRow, AuditLine, CannotDecrypt, Transaction, audit, equals_given, first_row
from store.platform.outbox import OutboxMessage, OutboxState, message_of, outbox_table

PARKED = "PARKED"
"""The error code of a message that was put aside; like a dead letter it waits, and so does what comes after it."""

_T = outbox_table.c

_WAITS, _DEAD = _T.state == OutboxState.PENDING.value, _T.state == OutboxState.DEAD.value
_CONDITIONS: Mapping[MessageCondition, ColumnElement[bool]] = {
    MessageCondition.WAITING: and_(_WAITS, _T.error_code.is_(None)),
    MessageCondition.RETRYING: and_(_WAITS, _T.error_code.is_not(None)),
    MessageCondition.DEAD: and_(_DEAD, or_(_T.error_code.is_(None), _T.error_code != PARKED)),
    MessageCondition.PARKED: and_(_DEAD, _T.error_code == PARKED),
}


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which messages to list; None lets every value through."""

    state: OutboxState | None = None
    topic: str | None = None
    error_code: str | None = None
    attempts: int | None = None
    """At least so many."""
    created_before: datetime | None = None
    condition: MessageCondition | None = None
    after: int | None = None
    """Those with a greater number."""
    before: int | None = None


def condition_of(message: OutboxMessage) -> MessageCondition:
    """How a message that is not delivered stands."""
    if message.state is OutboxState.DEAD:
        return MessageCondition.PARKED if message.error_code == PARKED else MessageCondition.DEAD
    return MessageCondition.RETRYING if message.error_code else MessageCondition.WAITING


async def search(tx: Transaction, wanted: OutboxFilter, limit: int, *, backward: bool = False) -> list[OutboxMessage]:
    """Messages, the oldest first; `backward` gives the last of them. What does not open any more has no payload."""
    order = _T.id.desc() if backward else _T.id
    statement = select(outbox_table).where(*_matches(wanted)).order_by(order).limit(limit)
    rows = (await tx.connection.execute(statement)).all()
    return [_message_shown(tx, row) for row in (reversed(rows) if backward else rows)]


async def count(tx: Transaction, wanted: OutboxFilter) -> int:
    """How many messages `search` would find without a limit."""
    counted = select(func.count()).select_from(outbox_table).where(*_matches(wanted))
    return int((await tx.connection.execute(counted)).scalar_one())


async def topic_counts(tx: Transaction) -> list[TopicCounts]:
    """What is not delivered, by topic."""
    undelivered = _T.state.in_((OutboxState.PENDING.value, OutboxState.DEAD.value))
    sums = [func.count(case((_CONDITIONS[one], 1))).label(one.value) for one in MessageCondition]
    waits = and_(_WAITS, or_(_T.attempts > 0, _T.due_at <= tx.clock.now()))
    oldest = func.min(case((waits, case((_T.attempts > 0, _T.created_at), else_=_T.due_at)))).label("oldest")
    statement = select(_T.topic, *sums, oldest).where(undelivered).group_by(_T.topic).order_by(_T.topic)
    rows = (await tx.connection.execute(statement)).all()
    return [
        TopicCounts(row.topic, {one: getattr(row, one.value) for one in MessageCondition}, row.oldest) for row in rows
    ]


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


async def retry_dead(
    tx: Transaction, at: datetime, *, number: int | None = None, topic: str | None = None, reason: str, by: str
) -> int:
    """Have one message that no worker has now, or all dead ones of a topic that nobody parked, tried now; how many.

    They begin with the first attempt. One audit line says who, why and how many.
    """
    one = or_(_DEAD, and_(_WAITS, _T.lease_until.is_(None)))
    where = (_T.id == number, one) if topic is None else (_T.topic == topic, _CONDITIONS[MessageCondition.DEAD])
    values = {"state": OutboxState.PENDING.value, "attempts": 0, "due_at": at, "error_code": None}
    statement = update(outbox_table).where(*where).values(**values, lease_until=None, leased_by=None)
    rows = (await tx.connection.execute(statement.returning(_T.id, _T.topic))).all()
    if rows:
        about = str(number) if topic is None else topic
        detail = {"topic": rows[0].topic, "messages": len(rows), "reason": reason}
        await audit.append(tx, AuditLine(by, "outbox.retried", "OUTBOX", about, "OPERATE", detail))
    return len(rows)


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
    if wanted.condition is not None:
        found.append(_CONDITIONS[wanted.condition])
    if wanted.after is not None:
        found.append(_T.id > wanted.after)
    if wanted.before is not None:
        found.append(_T.id < wanted.before)
    return found


def _message_shown(tx: Transaction, row: AnyRow) -> OutboxMessage:
    try:
        return message_of(tx, row)
    except CannotDecrypt:
        return message_of(tx, row, {})
