"""What WhatsApp told us, kept once until it was worked on: encrypted, by the hash of what names it.

What one person wrote is worked on in its order: a notice waits for the one before it of the same sender. WhatsApp tells
whole seconds; within one the order is that in which it came here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from store.database import AnyRow, Instant, Key, Transaction, cell_name, insert_into
from store.database.metadata import metadata, partial_index

notices_table = sa.Table(
    "whatsapp_notices",
    metadata,
    sa.Column("key_hash", Key, primary_key=True),
    sa.Column("sender_index", Key),
    sa.Column("content", sa.LargeBinary),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("due_at", Instant),
    partial_index("ix_whatsapp_notices_due_at", "due_at", where="due_at IS NOT NULL"),
    partial_index("ix_whatsapp_notices_sender_index", "sender_index", "at", where="due_at IS NOT NULL"),
    sa.Index(None, "received_at"),
)
"""`at` is when it happened, `received_at` when it came; what one webhook brought is a microsecond apart each. `due_at`
is None and `content` empty once it was worked on; the row stays, so that a replay is known."""

_T = notices_table.c
_PURPOSE = "whatsapp_sender"


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """What was told, as JSON, and how often it was taken up."""

    key_hash: str
    content: Mapping[str, Any] = field(repr=False)
    tries: int


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What is told, by the name by which it is told once; `sender` is who wrote, None for what we are told of ours."""

    key: str
    content: Mapping[str, Any] = field(repr=False)
    sender: str | None = field(repr=False)
    at: datetime


async def keep(tx: Transaction, told: Sequence[NewNotice]) -> int:
    """Keep what is told in its order, by one statement for a thousand; how much was not told before."""
    now, rows = tx.clock.now(), []
    for place, one in enumerate(told):
        name = sha256(one.key.encode()).hexdigest()
        row: dict[str, Any] = {
            "key_hash": name,
            "content": tx.cipher.encrypt_json(dict(one.content), cell_name(_T.content, name)),
        }
        row["sender_index"] = tx.cipher.blind_index(_PURPOSE, one.sender) if one.sender else None
        row |= {"tries": 0, "at": one.at, "received_at": now + timedelta(microseconds=place), "due_at": now}
        rows.append(row)
    added = insert_into(tx, notices_table).on_conflict_do_nothing().returning(_T.key_hash)
    return len((await tx.connection.execute(added, rows)).all()) if rows else 0


async def claim(tx: Transaction, limit: int, claimed_for: timedelta, *, written: bool) -> list[KeptNotice]:
    """Take what is due, of each sender the oldest; nobody else takes it for a while.

    `written` for what people wrote, else what is told of our messages, in any order.
    """
    now, kind = tx.clock.now(), _T.sender_index.is_not(None) if written else _T.sender_index.is_(None)
    due = sa.select(notices_table).where(_T.due_at <= now, kind).order_by(_T.at, _T.received_at).limit(limit)
    if written:
        earlier = notices_table.alias("earlier")
        before = sa.tuple_(earlier.c.at, earlier.c.received_at) < sa.tuple_(_T.at, _T.received_at)
        waits = sa.exists().where(earlier.c.sender_index == _T.sender_index, before, earlier.c.due_at.is_not(None))
        due = due.where(~waits)
    rows = (await tx.connection.execute(due.with_for_update(skip_locked=True, of=notices_table))).all()
    held = sa.update(notices_table).where(_T.key_hash.in_([row.key_hash for row in rows]))
    await tx.connection.execute(held.values(due_at=now + claimed_for, tries=_T.tries + 1))
    return [KeptNotice(row.key_hash, _content(tx, row), row.tries + 1) for row in rows]


async def finish(tx: Transaction, key_hashes: Collection[str]) -> bool:
    """Note that notices were worked on, and empty them; False where they were before."""
    open_ones = sa.update(notices_table).where(_T.key_hash.in_(key_hashes), _T.due_at.is_not(None))
    return bool((await tx.connection.execute(open_ones.values(due_at=None, content=None))).rowcount)


async def is_due(tx: Transaction) -> bool:
    """Whether there is something to work on."""
    due = sa.select(sa.exists().where(_T.due_at <= tx.clock.now()))
    return bool((await tx.connection.execute(due)).scalar())


async def forget_before(tx: Transaction, before: datetime) -> None:
    """Forget notices that were worked on, and came before a moment."""
    await tx.connection.execute(sa.delete(notices_table).where(_T.received_at < before, _T.due_at.is_(None)))


def _content(tx: Transaction, row: AnyRow) -> Mapping[str, Any]:
    opened: Mapping[str, Any] = tx.cipher.decrypt_json(row.content, cell_name(_T.content, row.key_hash))
    return opened
