"""Idempotency records: the same key and body give the same answer and no second effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, and_, bindparam, delete, false, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningInsert

from store.database.cipher import cell_name
from store.database.engine import Transaction
from store.database.errors import InProgress, KeyReused, NotThere
from store.database.failures import LOCK_TIMEOUT, error_code
from store.database.metadata import metadata
from store.database.reading.statements import run_statement
from store.database.sql import first_row, insert_in
from store.database.types import Instant, Key

KEPT_FOR = timedelta(days=7)
"""How long a write's key is kept; a payment's is kept for ever (docs/reliability.md section 4)."""

idempotency_table = Table(
    "idempotency_records",
    metadata,
    Column("record", Key, primary_key=True),
    Column("scope", Key, nullable=False),
    Column("body_hash", Key, nullable=False),
    Column("answer", LargeBinary),
    Column("for_ever", Boolean, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Index(None, "begun_at"),
)

_T = idempotency_table.c
_COMPLETE = (
    update(idempotency_table)
    .where(_T.record == bindparam("here", type_=_T.record.type))
    .values(answer=bindparam("sealed", type_=LargeBinary))
    .returning(_T.record)
)


@dataclass(frozen=True, slots=True)
class Fresh:
    """The key is new: do the work, then call `complete` in the same transaction."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The work was done: this is what was answered."""

    answer: Mapping[str, Any]


Beginning: TypeAlias = Fresh | Replay


async def begin(
    tx: Transaction, scope: str, key: str, body_hash: str, at: datetime, *, for_ever: bool = False
) -> Beginning:
    """Claim a key within its scope (caller and operation), or get the answer of its first use.

    The transaction holds the key until it ends, so a twin waits and then replays. `for_ever` keeps the
    key past KEPT_FOR; payments need that. Raises KeyReused where the body is another, InProgress where
    the twin takes too long.
    """
    record = _record(scope, key)
    values = {"record": record, "scope": scope, "body_hash": body_hash, "for_ever": for_ever, "begun_at": at}
    try:
        fresh = await run_statement(tx, _claim(tx.dialect), [values | {"expired_at": at - KEPT_FOR}])
    except DBAPIError as error:
        if error_code(error) == LOCK_TIMEOUT:
            raise InProgress("the same request is still at work") from None
        raise
    if fresh:
        return Fresh()
    row = await first_row(tx, select(idempotency_table).where(_T.record == record))
    if row is None:
        raise InProgress("the same request was just given up")
    if row.body_hash != body_hash:
        raise KeyReused("the key was used with another body")
    if row.answer is None:
        raise InProgress("the same request is still at work")
    return Replay(tx.cipher.decrypt_json(row.answer, cell_name(_T.answer, record)))


async def find_answer(tx: Transaction, scope: str, key: str, at: datetime) -> Mapping[str, Any] | None:
    """What was answered under a key, without claiming it; None where nothing is, or no longer."""
    record = _record(scope, key)
    row = await first_row(tx, select(idempotency_table).where(_T.record == record))
    if row is None or row.answer is None or not (row.for_ever or row.begun_at > at - KEPT_FOR):
        return None
    answer: Mapping[str, Any] = tx.cipher.decrypt_json(row.answer, cell_name(_T.answer, record))
    return answer


@cache
def _claim(dialect: str) -> ReturningInsert[Any]:
    """Enter a record, or enter it anew over one that is past its time; gives nothing where one holds."""
    new = insert_in(dialect, idempotency_table)
    said = {name: new.excluded[name] for name in ("scope", "body_hash", "answer", "for_ever", "begun_at")}
    expired = and_(_T.for_ever == false(), _T.begun_at <= bindparam("expired_at", type_=_T.begun_at.type))
    return new.on_conflict_do_update(index_elements=["record"], set_=said, where=expired).returning(_T.record)


def scope_of(caller: str, operation: str) -> str:
    """The scope of a key: one caller and one operation."""
    return f"{caller}:{operation}"


async def complete(tx: Transaction, scope: str, key: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer, encrypted, for those who ask again. Raises NotThere where the key was not begun."""
    record = _record(scope, key)
    sealed = tx.cipher.encrypt_json(dict(answer), cell_name(_T.answer, record))
    if not await run_statement(tx, _COMPLETE, [{"here": record, "sealed": sealed}]):
        raise NotThere("the idempotency record")


async def forget_scope(tx: Transaction, scope: str) -> None:
    """Delete what was answered within a scope, as the erasure of a person asks."""
    await tx.connection.execute(delete(idempotency_table).where(_T.scope == scope, _T.for_ever == false()))


async def forget_expired(tx: Transaction, at: datetime) -> None:
    """Delete records that are past their time."""
    expired = (_T.for_ever == false(), _T.begun_at <= at - KEPT_FOR)
    await tx.connection.execute(delete(idempotency_table).where(*expired))


def _record(scope: str, key: str) -> str:
    """The name of a record. The key itself is not kept: callers may put anything into it."""
    return sha256(f"{len(scope)}:{scope}:{key}".encode()).hexdigest()
