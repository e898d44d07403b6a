"""The audit log: entries written in the action's transaction and sealed into a hash chain in commit order.

A line carries the hash of its own content. The chain links those hashes: each link is the HMAC-SHA-256 of
the link before and the line's hash, under a key of the keyring `audit`, so that a changed, removed or inserted line
breaks it and nobody who has the database alone can make another chain. It is written `<key id>:<hex>`. Links of
earlier releases are the plain SHA-256; none may be younger than the keyring by more than a day, for which such a
release may run beside this one.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from domain.kernel.secret_comparison import is_same_secret
from store.database.bulk import insert_rows
from store.database.engine import Store, Transaction
from store.database.errors import KeyMissing, WritesStopped
from store.database.keyring import Keyrings, octets_of
from store.database.metadata import metadata
from store.database.sql import AnyRow, first_row, pages
from store.database.types import Instant, Json, Key, Serial, canonical_json

audit_lines_table = sa.Table(
    "audit_lines",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", Key, nullable=False),
    sa.Column("action", Key, nullable=False),
    sa.Column("object_kind", Key, nullable=False),
    sa.Column("object_id", Key),
    sa.Column("purpose", Key),
    sa.Column("detail", Json, nullable=False),
    sa.Column("line_hash", Key, nullable=False),
    sa.Column("sealed", sa.Boolean, nullable=False),
    sa.Index(None, "sealed", "id"),
    sa.Index(None, "object_kind", "object_id"),
    sqlite_autoincrement=True,
)

audit_chain_table = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("sequence", Serial, primary_key=True, autoincrement=False),
    sa.Column("line_id", Serial, sa.ForeignKey("audit_lines.id"), nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("sealed_at", Instant, nullable=False),
    sa.UniqueConstraint("line_id"),
)

KEYRING = "audit"
GENESIS = "0" * 64
"""The link before the first."""

_BESIDE = timedelta(days=1)
_BATCH = 1_000
_SEALER_LOCK = 0x41505345
_L, _C = audit_lines_table.c, audit_chain_table.c


@dataclass(frozen=True, slots=True)
class AuditLine:
    """What was done by whom to what and why. `detail` must hold no personal data: logs outlive erasure."""

    actor_label: str
    action: str
    object_kind: str
    object_id: str | None
    purpose: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last link, to be published where nobody here can change it."""

    sequence: int
    link: str


async def append(tx: Transaction, line: AuditLine, *, always: bool = False) -> None:
    """Write a line in the transaction that it describes; raises as `append_many`."""
    await append_many(tx, [line], always=always)


async def record(
    tx: Transaction,
    actor: str,
    action: str,
    object_kind: str,
    object_id: str | None,
    purpose: str | None = None,
    /,
    **detail: Any,
) -> None:
    """Write the line of one action, with what is to be told of it; raises as `append_many`."""
    told = str(purpose) if purpose is not None else None
    await append(tx, AuditLine(actor, action, str(object_kind), object_id, told, detail))


async def append_many(tx: Transaction, lines: Sequence[AuditLine], *, always: bool = False) -> None:
    """Write lines in their order in the transaction that they describe.

    Raises WritesStopped while the log may take no line; with `always`, which alarms use, it takes it anyway.
    """
    if tx.audit_stopped and not always:
        raise WritesStopped("the audit log could not be sealed for too long")
    at = tx.clock.now()
    rows = [values_of(line, at) for line in lines]
    await insert_rows(tx, audit_lines_table, rows)


def values_of(line: AuditLine, at: datetime) -> dict[str, Any]:
    """The row of a line that is not sealed yet, but its number."""
    return {
        "at": at,
        "actor": line.actor_label,
        "action": line.action,
        "object_kind": line.object_kind,
        "object_id": line.object_id,
        "purpose": line.purpose,
        "detail": dict(line.detail),
        "line_hash": hash_of_line(line, at),
        "sealed": False,
    }


async def was_done(tx: Transaction, object_kind: str, object_id: str, action: str) -> bool:
    """Whether an action was ever done to an object."""
    told = sa.select(_L.id).where(_L.object_kind == object_kind, _L.object_id == object_id, _L.action == action)
    return (await tx.connection.execute(told.limit(1))).first() is not None


async def objects_of(tx: Transaction, object_kind: str, action: str) -> dict[str, datetime]:
    """When an action was done first to each object of a kind, by object."""
    statement = sa.select(_L.object_id, sa.func.min(_L.at).label("at")).where(
        _L.object_kind == object_kind, _L.action == action
    )
    rows = (await tx.connection.execute(statement.group_by(_L.object_id))).all()
    return {row.object_id: row.at for row in rows}


async def last_line(tx: Transaction, object_kind: str, action: str) -> AnyRow | None:
    """The row of the line that was written last about an action on a kind of object; None where none was."""
    statement = sa.select(audit_lines_table).where(_L.object_kind == object_kind, _L.action == action)
    return await first_row(tx, statement.order_by(_L.id.desc()).limit(1))


async def counts_between(tx: Transaction, since: datetime, until: datetime) -> list[AnyRow]:
    """How often each action was done to each kind of object from an instant until before another, first and last.

    Of alarms what they are about is told too.
    """
    about = sa.case((_L.object_kind == "ALARM", _L.object_id)).label("about")
    first, last = sa.func.min(_L.at).label("first"), sa.func.max(_L.at).label("last")
    counted: tuple[Any, ...] = (sa.func.count().label("times"), first, last)
    statement = sa.select(_L.action, _L.object_kind, about, *counted).where(_L.at >= since, _L.at < until)
    grouped = statement.group_by(_L.action, _L.object_kind, about).order_by(first)
    return list((await tx.connection.execute(grouped)).all())


async def sealed_lines(tx: Transaction, object_kind: str, object_id: str, action: str) -> list[AnyRow]:
    """The lines of an action on an object, each with its place in the chain, which is None until it is sealed."""
    columns: tuple[Any, ...] = (_L.at, _L.actor, _L.detail, _C.sequence, _C.link)
    statement = sa.select(*columns).outerjoin_from(audit_lines_table, audit_chain_table)
    chosen = (_L.object_kind == object_kind, _L.object_id == object_id, _L.action == action)
    return list((await tx.connection.execute(statement.where(*chosen).order_by(_L.id))).all())


async def link_at(tx: Transaction, sequence: int) -> str | None:
    """A link of the chain; None where there is none."""
    row = await first_row(tx, sa.select(_C.link).where(_C.sequence == sequence))
    return row.link if row else None


async def seal(store: Store) -> int:
    """Chain every committed line that is not sealed yet; returns how many. One sealer works at a time."""
    return await store.carry_out_batches(_seal_batch, _BATCH)


async def head(tx: Transaction) -> ChainHead:
    """The last link of the chain."""
    row = await first_row(tx, sa.select(audit_chain_table).order_by(_C.sequence.desc()).limit(1))
    return ChainHead(row.sequence, row.link) if row else ChainHead(0, GENESIS)


async def unsealed_since(tx: Transaction) -> datetime | None:
    """Since when lines wait for the sealer, which is the last seal or the oldest of them; None where none waits."""
    oldest = await first_row(tx, sa.select(_L.at).where(_L.sealed.is_(False)).order_by(_L.id).limit(1))
    if oldest is None:
        return None
    last = await first_row(tx, sa.select(_C.sealed_at).order_by(_C.sequence.desc()).limit(1))
    since: datetime = oldest.at if last is None else max(oldest.at, last.sealed_at)
    return since


async def verify(store: Store) -> bool:
    """Whether every line is as it was written and the chain is whole, from the first link to the last."""
    async with store.read_transaction() as tx:
        if tx.dialect == "postgresql":
            await tx.connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        return await _chain_holds(tx) and await _lines_hold(tx)


async def _seal_batch(tx: Transaction) -> int:
    if tx.dialect == "postgresql":
        await tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(_SEALER_LOCK))))
    statement = sa.select(_L.id, _L.line_hash).where(_L.sealed.is_(False)).order_by(_L.id).limit(_BATCH)
    lines = (await tx.connection.execute(statement)).all()
    if not lines:
        return 0
    last = await head(tx)
    link, now, links = last.link, tx.clock.now(), []
    for sequence, line in enumerate(lines, start=last.sequence + 1):
        link = next_link(tx.cipher.keyrings, link, line.line_hash)
        links.append({"sequence": sequence, "line_id": line.id, "link": link, "sealed_at": now})
    await tx.connection.execute(sa.insert(audit_chain_table), links)
    # The lines of one batch need not follow each other: in between may be lines that are not committed yet.
    ids = [line.id for line in lines]
    await tx.connection.execute(sa.update(audit_lines_table).where(_L.id.in_(ids)).values(sealed=True))
    return len(lines)


async def _chain_holds(tx: Transaction) -> bool:
    joined = sa.select(_C.sequence, _C.link, _C.sealed_at, audit_lines_table).outerjoin_from(
        audit_chain_table, audit_lines_table
    )
    link, expected, keyrings = GENESIS, 1, tx.cipher.keyrings
    keyed_since = keyrings.made_at(KEYRING)[-1]
    async for row in pages(tx, joined, _C.sequence, _BATCH):
        if row.sequence != expected or row.id is None or row.line_hash != hash_of_line(_line(row), row.at):
            return False
        if not _follows(keyrings, row.link, link, row.line_hash):
            return False
        if ":" not in row.link:
            oldest = keyed_since if ":" in link else datetime.min.replace(tzinfo=UTC)
            if not oldest <= row.sealed_at <= keyed_since + _BESIDE:
                return False
        link, expected = row.link, expected + 1
    return True


async def _lines_hold(tx: Transaction) -> bool:
    """Lines outside the chain: those not sealed yet must be as written, sealed ones must not exist."""
    outside = sa.select(audit_lines_table).outerjoin(audit_chain_table).where(_C.sequence.is_(None))
    async for row in pages(tx, outside, _L.id, _BATCH):
        if row.sealed or row.line_hash != hash_of_line(_line(row), row.at):
            return False
    return True


def next_link(keyrings: Keyrings, before: str, line_hash: str, key_id: str | None = None) -> str:
    """The link of a line, from the link before, by the active key or the named one. Raises KeyMissing."""
    for key in keyrings.keys(KEYRING):
        if key_id in {None, key.kid}:
            return f"{key.kid}:{hmac.digest(octets_of(key), f'{before}{line_hash}'.encode(), 'sha256').hex()}"
    raise KeyMissing("the key of a link of the audit log is gone")


def _follows(keyrings: Keyrings, link: str, before: str, line_hash: str) -> bool:
    key_id, colon, _ = link.partition(":")
    if not colon:
        return link == sha256(f"{before}{line_hash}".encode()).hexdigest()
    try:
        return is_same_secret(link, next_link(keyrings, before, line_hash, key_id))
    except KeyMissing:
        return False


def hash_of_line(line: AuditLine, at: datetime) -> str:
    """SHA-256 of the canonical JSON of a line and its instant, in hex."""
    content = {
        "at": at.isoformat(timespec="microseconds"),
        "actor": line.actor_label,
        "action": line.action,
        "objectKind": line.object_kind,
        "objectId": line.object_id,
        "purpose": line.purpose,
        "detail": dict(line.detail),
    }
    return sha256(canonical_json(content).encode()).hexdigest()


def _line(row: AnyRow) -> AuditLine:
    return AuditLine(row.actor, row.action, row.object_kind, row.object_id, row.purpose, row.detail)
