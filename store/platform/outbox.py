"""The outbox: messages written with the change that causes them, and sent by any number of workers.

Delivery is at least once; the order of one application's messages is kept, also past a dead letter: what
comes after it waits until somebody revives or discards it. Other applications are not held up. Orders to pay are
ordered by their instalment instead (ORDERED_BY_KEY).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from store.database import (
    AnyRow,
    CannotDecrypt,
    Instant,
    Key,
    Serial,
    Transaction,
    database_now,
    first_row,
    insert_into,
    insert_new,
)
from store.database.metadata import metadata

RETRY_AFTER_SECONDS = (60, 300, 3_600, 21_600, 86_400, 172_800)
"""The wait after the first, second, … failed attempt; after one more the letter is dead
(docs/reliability.md section 4)."""

ORDERED_BY_KEY = frozenset({"dbt.instruct"})
"""Topics whose messages are ordered by their key instead of their application: the key is the instalment that is paid.

(topic, key) is unique, so an instalment has one such message, which is revived and never doubled. One that is dead or
waits for its retry stops its own instalment: neither a later one of the sanction nor the application waits for it.
"""

ABANDONED = "ABANDONED"
"""The error code of a message whose last attempts ended with the death of the worker."""


UNREADABLE = "UNREADABLE"
"""The error code of a message whose payload does not open any more."""


class OutboxState(StrEnum):
    """The state of a message."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


outbox_table = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("topic", Key, nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("application_id", Key),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("state", Key, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("lease_until", Instant),
    sa.Column("leased_by", Key),
    sa.Column("error_code", Key),
    sa.Column("delivered_at", Instant),
    sa.UniqueConstraint("topic", "key"),
    sa.Index(None, "state", "due_at"),
    sa.Index(None, "application_id", "id"),
    sqlite_autoincrement=True,
)

_T = outbox_table.c

_DUE = sa.select(_T.id).where(_T.state == OutboxState.PENDING.value).limit(1)


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message; `attempts` counts the present one too."""

    id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    application_id: str | None
    state: OutboxState
    attempts: int
    created_at: datetime
    due_at: datetime
    error_code: str | None


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How full the outbox is.

    `oldest_seconds` is how long the message waits that waits longest, 0 where none does: one that was
    tried since it was written, one that was not since it is due. What is for later does not wait.
    """

    pending: int
    dead: int
    oldest_seconds: float


async def add(
    tx: Transaction,
    topic: str,
    key: str,
    payload: Mapping[str, Any],
    *,
    application_id: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Add a message, once for each (topic, key): False where it is there already. It is due now, or at `due_at`."""
    return await insert_new(tx, outbox_table, _new(tx, topic, key, payload, application_id, due_at))


async def reopen(tx: Transaction, topic: str, key: str) -> bool:
    """Have a message delivered once more, from now on; False where it is not there or is under way."""
    done = (OutboxState.DELIVERED.value, OutboxState.DEAD.value)
    statement = sa.update(outbox_table).where(_T.topic == topic, _T.key == key, _T.state.in_(done))
    values = {
        "state": OutboxState.PENDING.value,
        "attempts": 0,
        "due_at": tx.clock.now(),
        "delivered_at": None,
        "error_code": None,
    }
    return (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is not None


def encrypt_payload(tx: Transaction, topic: str, key: str, payload: Mapping[str, Any]) -> bytes:
    """The payload of a message, encrypted for its place."""
    return tx.cipher.encrypt_json(dict(payload), _cell_name(topic, key))


async def may_be_due(tx: Transaction, but: Collection[str] = ()) -> bool:
    """Whether `claim` might find something, by one cheap read. False is certain; True may be a message that waits."""
    return await first_row(tx, _DUE.where(_T.due_at <= tx.clock.now(), *_other_than(but))) is not None


async def add_many(tx: Transaction, topic: str, wanted: Sequence[tuple[str, Mapping[str, Any], str | None]]) -> None:
    """Add messages of one topic that are due now, in one statement; each is its key, its payload, its application."""
    rows = [_new(tx, topic, key, payload, application_id) for key, payload, application_id in wanted]
    if rows:
        await tx.connection.execute(insert_into(tx, outbox_table).on_conflict_do_nothing(), rows)


async def claim(
    tx: Transaction,
    worker_id: str,
    limit: int,
    lease_seconds: float,
    *,
    but: Collection[str] = (),
    one_of: Collection[str] = (),
) -> list[OutboxMessage]:
    """Take due messages for a while, the oldest first; of each application only the oldest that is undelivered.

    Those of ORDERED_BY_KEY wait for nothing of their application, and nothing of it waits for them. Those of the topics
    `but` are left, and all but the first of the topics `one_of`. The lease goes by the database's clock, what is due by
    the Clock. Commit before sending.
    """
    now = await database_now(tx)
    await _bury_abandoned(tx, now)
    statement = (
        sa.update(outbox_table)
        .where(_T.id.in_(_claimable(tx.clock.now(), now, limit, but)))
        .values(attempts=_T.attempts + 1, leased_by=worker_id, lease_until=now + timedelta(seconds=lease_seconds))
        .returning(outbox_table)
    )
    rows = (await tx.connection.execute(statement)).all()
    messages = [await _open_message(tx, row) for row in sorted(rows, key=lambda row: row.id)]
    taken = [message for message in messages if message is not None]
    behind = {message.id for message in [each for each in taken if each.topic in one_of][1:]}
    if not behind:
        return taken
    await _give_back(tx, behind)
    others = await claim(tx, worker_id, len(behind), lease_seconds, but={*but, *one_of})
    return [message for message in taken if message.id not in behind] + others


async def extend_claim(tx: Transaction, message_id: int, worker_id: str, lease_seconds: float) -> bool:
    """Keep a claimed message longer, from now on; False where the claim ran out or passed to another worker."""
    now = await database_now(tx)
    held = (_T.id == message_id, _T.state == OutboxState.PENDING.value, _T.leased_by == worker_id, _T.lease_until > now)
    longer = sa.update(outbox_table).where(*held).values(lease_until=now + timedelta(seconds=lease_seconds))
    return (await tx.connection.execute(longer.returning(_T.id))).first() is not None


async def mark_delivered(tx: Transaction, message_id: int, at: datetime) -> None:
    """Note that the partner has it."""
    await tx.connection.execute(
        sa.update(outbox_table)
        .where(_T.id == message_id)
        .values(state=OutboxState.DELIVERED.value, delivered_at=at, lease_until=None, leased_by=None, error_code=None)
    )


async def record_failure(
    tx: Transaction,
    message_id: int,
    at: datetime,
    error_code: str,
    *,
    final: bool = False,
    worker_id: str | None = None,
) -> OutboxState:
    """Note a failed attempt and give the new state: due again after RETRY_AFTER_SECONDS, or dead.

    `final` says that no repetition can help. With `worker_id` nothing happens where the lease has passed
    to another worker.
    """
    row = await first_row(tx, sa.select(_T.attempts, _T.state, _T.leased_by).where(_T.id == message_id))
    if row is None or row.state != OutboxState.PENDING.value or worker_id not in {None, row.leased_by}:
        return OutboxState(row.state) if row else OutboxState.DELIVERED
    wait = None if final else retry_wait(row.attempts)
    changes: dict[str, Any] = {"error_code": error_code, "lease_until": None, "leased_by": None}
    state = OutboxState.DEAD if wait is None else OutboxState.PENDING
    changes |= {"state": state.value} if wait is None else {"due_at": at + wait}
    await tx.connection.execute(sa.update(outbox_table).where(_T.id == message_id).values(changes))
    return state


async def put_off(tx: Transaction, message_id: int, due_at: datetime, error_code: str, *, worker_id: str) -> None:
    """Give a claimed message back untried: it is due again at `due_at`, and the attempt does not count.

    Nothing happens where the lease has passed to another worker.
    """
    held = (_T.id == message_id, _T.state == OutboxState.PENDING.value, _T.leased_by == worker_id)
    changes = {"attempts": _T.attempts - 1, "due_at": due_at, "error_code": error_code}
    await tx.connection.execute(
        sa.update(outbox_table).where(*held).values(**changes, lease_until=None, leased_by=None)
    )


async def bring_forward(tx: Transaction, topics: Collection[str], limit: int) -> int:
    """Have failed messages of these topics tried now instead of at their next turn, the first due first; how many.

    For an outside system that is back. The failure does not count then, so that a system that comes and goes makes no
    message a dead letter sooner than the schedule would.
    """
    now = tx.clock.now()
    waiting = (
        sa.select(_T.id)
        .where(_T.state == OutboxState.PENDING.value, _T.due_at > now, _T.attempts > 0, _T.lease_until.is_(None))
        .where(_T.topic.in_(sorted(topics)))
        .order_by(_T.due_at, _T.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    once_less = sa.case((_T.attempts > 1, _T.attempts - 1), else_=_T.attempts)
    statement = sa.update(outbox_table).where(_T.id.in_(waiting)).values(due_at=now, attempts=once_less)
    return int((await tx.connection.execute(statement)).rowcount)


def retry_wait(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None when the letter is dead."""
    if attempts > len(RETRY_AFTER_SECONDS):
        return None
    return timedelta(seconds=RETRY_AFTER_SECONDS[max(attempts, 1) - 1])


async def counts(tx: Transaction) -> OutboxCounts:
    """Counts and age of the undelivered messages."""
    now = tx.clock.now()
    statement = sa.select(_T.state, sa.func.count().label("messages"))
    unsettled = statement.where(_T.state.in_((OutboxState.PENDING.value, OutboxState.DEAD.value))).group_by(_T.state)
    rows = {row.state: row.messages for row in (await tx.connection.execute(unsettled)).all()}
    since = sa.case((_T.attempts > 0, _T.created_at), else_=_T.due_at)
    waits = (_T.state == OutboxState.PENDING.value, sa.or_(_T.attempts > 0, _T.due_at <= now))
    oldest = (await tx.connection.execute(sa.select(sa.func.min(since)).where(*waits))).scalar_one()
    return OutboxCounts(
        pending=rows.get(OutboxState.PENDING.value, 0),
        dead=rows.get(OutboxState.DEAD.value, 0),
        oldest_seconds=0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0),
    )


def _other_than(topics: Collection[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return (_T.topic.not_in(sorted(topics)),) if topics else ()


def _claimable(due: datetime, now: datetime, limit: int, but: Collection[str]) -> sa.Select[Any]:
    earlier = outbox_table.alias("earlier")
    undelivered = earlier.c.state.in_((OutboxState.PENDING.value, OutboxState.DEAD.value))
    by_key = sorted(ORDERED_BY_KEY)
    waits = sa.exists().where(
        earlier.c.application_id == _T.application_id, earlier.c.topic.not_in(by_key), undelivered, earlier.c.id < _T.id
    )
    return (
        sa.select(_T.id)
        .where(
            _T.state == OutboxState.PENDING.value,
            _T.due_at <= due,
            sa.or_(_T.lease_until.is_(None), _T.lease_until <= now),
            sa.or_(_T.application_id.is_(None), _T.topic.in_(by_key), ~waits),
            *_other_than(but),
        )
        .order_by(_T.id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer and no such clause
    )


async def _give_back(tx: Transaction, message_ids: Collection[int]) -> None:
    """Let others have what was just claimed, as it was before."""
    as_before = {"attempts": _T.attempts - 1, "lease_until": None, "leased_by": None}
    await tx.connection.execute(sa.update(outbox_table).where(_T.id.in_(sorted(message_ids))).values(**as_before))


async def _bury_abandoned(tx: Transaction, now: datetime) -> None:
    """A message that killed its worker at every attempt must not kill the next one."""
    used_up = sa.and_(_T.attempts > len(RETRY_AFTER_SECONDS), _T.lease_until <= now)
    await tx.connection.execute(
        sa.update(outbox_table)
        .where(_T.state == OutboxState.PENDING.value, used_up)
        .values(state=OutboxState.DEAD.value, error_code=ABANDONED, lease_until=None, leased_by=None)
    )


async def _open_message(tx: Transaction, row: AnyRow) -> OutboxMessage | None:
    """The message of a row; one whose payload does not open is dead at once and holds back nobody else."""
    try:
        return message_of(tx, row)
    except CannotDecrypt:
        values = {"state": OutboxState.DEAD.value, "error_code": UNREADABLE, "lease_until": None, "leased_by": None}
        await tx.connection.execute(sa.update(outbox_table).where(_T.id == row.id).values(values))
        return None


def message_of(tx: Transaction, row: AnyRow, payload: Mapping[str, Any] | None = None) -> OutboxMessage:
    """The message of a row with its own payload or another; raises CannotDecrypt where its own does not open."""
    if payload is None:
        cell = _cell_name(row.topic, row.key)
        payload = {} if row.error_code == UNREADABLE else tx.cipher.decrypt_json(row.payload, cell)
    return OutboxMessage(
        id=row.id,
        topic=row.topic,
        key=row.key,
        payload=payload,
        application_id=row.application_id,
        state=OutboxState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        error_code=row.error_code,
    )


def _new(
    tx: Transaction,
    topic: str,
    key: str,
    payload: Mapping[str, Any],
    application_id: str | None,
    due_at: datetime | None = None,
) -> dict[str, Any]:
    now = tx.clock.now()
    return {
        "topic": topic,
        "key": key,
        "application_id": application_id,
        "payload": encrypt_payload(tx, topic, key, payload),
        "state": OutboxState.PENDING.value,
        "attempts": 0,
        "created_at": now,
        "due_at": due_at or now,
    }


def _cell_name(topic: str, key: str) -> str:
    return f"outbox:payload:{topic}:{key}"
