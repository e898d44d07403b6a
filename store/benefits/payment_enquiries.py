"""Due times of enquiries at the state treasury, and its last answer for each payment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, Table, case, delete, func, or_, select, update

from domain.benefits.benefits import PaymentStatus, Rail
from store.database import Instant, Json, Key, Transaction, each_once, insert_into, rows_of
from store.database.metadata import metadata

FIRST_AFTER = timedelta(hours=1)
"""How long after an instruction it is asked for the first time."""

enquiries_table = Table(
    "payment_enquiries",
    metadata,
    Column("instalment_id", Key, primary_key=True),
    Column("due_at", Instant),
    Column("asks", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("asked_at", Instant),
    Column("heard_status", Key),
    Column("heard_at", Instant),
    Column("heard_paise", BigInteger),
    Column("utr_hash", Key),
    Column("return_code", Key),
    Column("reached", Json),
    Index(None, "due_at", "instalment_id"),
    Index(None, "asked_at"),
)
"""`due_at` is null where nothing more is asked. `asked_at` is the last time that an answer came.

`reached` is what the treasury has said of the bill and asks back in its later calls, as its client keeps it.
"""

_T = enquiries_table.c
FOLLOWED = frozenset({PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK, PaymentStatus.CREDITED})
"""States after which the treasury may still have news."""


@dataclass(frozen=True, slots=True)
class EnquiryAnswer:
    """What the treasury said of one payment when it was asked. `status` None: it does not know the bill."""

    instalment_id: str
    status: PaymentStatus | None
    at: datetime | None
    paise: int | None
    utr_hash: str | None
    return_code: str | None
    next_at: datetime | None
    reached: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LastHeard:
    """When the treasury last answered about a payment, and what it has said that its later calls ask back."""

    asked_at: datetime
    reached: Mapping[str, str]


async def schedule_enquiry(
    tx: Transaction, instalment_id: str, status: PaymentStatus, at: datetime, rail: Rail
) -> None:
    """Put an instalment on the due list where its new state can still change at the treasury; else take it off.

    Called in the transaction that writes the state. One that is there keeps the earlier of both times.
    """
    if rail is not Rail.IFMS or status not in FOLLOWED | {PaymentStatus.RETURNED, PaymentStatus.REISSUED}:
        return
    due = max(at, tx.clock.now()) + FIRST_AFTER if status in FOLLOWED else None
    statement = insert_into(tx, enquiries_table)
    new = statement.excluded.due_at
    kept = case((new.is_(None), None), (or_(_T.due_at.is_(None), _T.due_at > new), new), else_=_T.due_at)
    values = {"instalment_id": instalment_id, "due_at": due, "asks": 0, "failures": 0}
    await tx.connection.execute(
        statement.on_conflict_do_update(index_elements=["instalment_id"], set_={"due_at": kept}), [values]
    )


async def note_sending(tx: Transaction, instalment_id: str) -> None:
    """Note that an order is sent now, before it is: should its answer be lost, the treasury may have it."""
    statement = insert_into(tx, enquiries_table)
    values = {"instalment_id": instalment_id, "due_at": None, "asks": 0, "failures": 0}
    await tx.connection.execute(statement.on_conflict_do_nothing(index_elements=["instalment_id"]), [values])


async def may_have_arrived(tx: Transaction, instalment_id: str) -> bool:
    """Whether an order was ever sent that the treasury did not decline."""
    found = await tx.connection.execute(select(_T.instalment_id).where(_T.instalment_id == instalment_id))
    return found.first() is not None


async def forget_sending(tx: Transaction, instalment_id: str) -> None:
    """Note that an order was surely not taken. One that was ever asked for stays."""
    never_asked = _T.due_at.is_(None), _T.asked_at.is_(None)
    await tx.connection.execute(delete(enquiries_table).where(_T.instalment_id == instalment_id, *never_asked))


async def due(tx: Transaction, now: datetime, limit: int) -> list[str]:
    """The instalments that are to be asked for, the longest due first."""
    statement = select(_T.instalment_id).where(_T.due_at <= now).order_by(_T.due_at, _T.instalment_id).limit(limit)
    return list((await tx.connection.execute(statement)).scalars().all())


async def bring_forward(tx: Transaction, asked_before: datetime, now: datetime) -> int:
    """Make every payment due that has not been asked for since a moment; returns how many. For the daily round."""
    stale = (_T.due_at > now, or_(_T.asked_at.is_(None), _T.asked_at < asked_before))
    found = await tx.connection.execute(update(enquiries_table).where(*stale).values(due_at=now))
    return int(found.rowcount)


async def record_answers(tx: Transaction, answers: Sequence[EnquiryAnswer], now: datetime) -> None:
    """Keep what was said, and when each is asked again."""
    for one in answers:
        values: dict[str, Any] = {
            "due_at": one.next_at,
            "asks": _T.asks + 1,
            "failures": 0,
            "asked_at": now,
            "heard_status": one.status.value if one.status else None,
            "heard_at": one.at,
            "heard_paise": one.paise,
            "utr_hash": one.utr_hash,
            "return_code": one.return_code,
        }
        if one.reached:
            values["reached"] = dict(one.reached)
        statement = update(enquiries_table).where(_T.instalment_id == one.instalment_id)
        await tx.connection.execute(statement.values(values))


async def put_off(tx: Transaction, instalment_ids: Sequence[str], until: datetime) -> None:
    """Ask for these later: the treasury did not answer."""
    statement = update(enquiries_table).where(_T.instalment_id.in_(instalment_ids))
    await tx.connection.execute(statement.values(due_at=until, failures=_T.failures + 1))


_ASKED = select(_T.instalment_id, _T.asked_at, _T.reached).where(_T.asked_at.is_not(None))


async def last_heard(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, LastHeard]:
    """What was last heard of each payment; one that the treasury was never asked for is left out."""
    return await each_once(tx, LastHeard, instalment_ids, partial(_read_last_heard, tx))


async def _read_last_heard(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, LastHeard]:
    rows = await rows_of(tx, _ASKED, _T.instalment_id, instalment_ids)
    return {row.instalment_id: LastHeard(row.asked_at, row.reached or {}) for row in rows}


async def credits_heard(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, str]:
    """The hash of the bank's reference under which the treasury last said of each that it was credited."""
    credited = _T.heard_status == PaymentStatus.CREDITED.value, _T.utr_hash.is_not(None)
    rows = await rows_of(tx, select(_T.instalment_id, _T.utr_hash).where(*credited), _T.instalment_id, instalment_ids)
    return {row.instalment_id: row.utr_hash for row in rows}


async def count_unasked(tx: Transaction, asked_before: datetime) -> int:
    """How many that are still followed have no answer since a moment."""
    statement = select(func.count()).where(
        _T.due_at.is_not(None), or_(_T.asked_at.is_(None), _T.asked_at < asked_before)
    )
    return int((await tx.connection.execute(statement)).scalar_one())
