"""What WhatsApp told us, kept once until it was worked on: encrypted, by the hash of what names it.

What one person wrote is worked on in its order: a notice waits for the one before it of the same sender.
"""

from collections.abc import Mapping
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
"""`at` is when it happened. `due_at` is None and `content` empty once it was worked on; the row stays, so that a
replay is known."""

_T = notices_table.c
_PURPOSE = "whatsapp_sender"


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """What was told, as JSON, and how often it was taken up."""

    key_hash: str
    content: Mapping[str, Any] = field(repr=False)
    tries: int


async def keep(tx: Transaction, key: str, content: Mapping[str, Any], sender: str | None, at: datetime) -> bool:
    """Keep what is told by its name; False where it was told before."""
    name = sha256(key.encode()).hexdigest()
    values = {
        "key_hash": name,
        "sender_index": tx.cipher.blind_index(_PURPOSE, sender) if sender else None,
        "content": tx.cipher.encrypt_json(dict(content), cell_name(_T.content, name)),
        "tries": 0,
        "at": at,
        "received_at": tx.clock.now(),
        "due_at": tx.clock.now(),
    }
    added = insert_into(tx, notices_table).values(**values).on_conflict_do_nothing().returning(_T.key_hash)
    return (await tx.connection.execute(added)).first() is not None


async def claim(tx: Transaction, limit: int, claimed_for: timedelta) -> list[KeptNotice]:
    """Take what is due, of each sender the oldest; nobody else takes it for a while."""
    earlier, now = notices_table.alias("earlier"), tx.clock.now()
    before = sa.tuple_(earlier.c.at, earlier.c.key_hash) < sa.tuple_(_T.at, _T.key_hash)
    waits = sa.exists().where(earlier.c.sender_index == _T.sender_index, before, earlier.c.due_at.is_not(None))
    due = sa.select(notices_table).where(_T.due_at <= now, ~waits).order_by(_T.at, _T.key_hash).limit(limit)
    rows = (await tx.connection.execute(due.with_for_update(skip_locked=True, of=notices_table))).all()
    held = sa.update(notices_table).where(_T.key_hash.in_([row.key_hash for row in rows]))
    await tx.connection.execute(held.values(due_at=now + claimed_for, tries=_T.tries + 1))
    return [KeptNotice(row.key_hash, _content(tx, row), row.tries + 1) for row in rows]


async def finish(tx: Transaction, key_hash: str) -> bool:
    """Note that a notice was worked on, and empty it; False where it was before."""
    open_one = sa.update(notices_table).where(_T.key_hash == key_hash, _T.due_at.is_not(None))
    return bool((await tx.connection.execute(open_one.values(due_at=None, content=None))).rowcount)


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
