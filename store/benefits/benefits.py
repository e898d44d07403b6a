"""Sanctions, their instalments, and the history of each payment's status."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Any

import sqlalchemy as sa

from domain.benefits.benefits import Hold, Instalment, PaymentEvent, PaymentNews, Sanction, may_follow
from store.benefits import payment_enquiries
from store.database import (
    Instant,
    Key,
    NotThere,
    Records,
    Serial,
    Transaction,
    change_feed,
    each_once,
    note_known,
    rows_of,
)
from store.database.bulk import insert_rows, update_rows
from store.database.metadata import partial_index, table_of

_TO_SEND = "rail = 'PFMS' AND hold IS NULL AND status IN ('SANCTIONED', 'BENEFICIARY_PENDING', 'BENEFICIARY_REJECTED')"

sanctions_table = table_of(
    Sanction,
    "sanctions",
    sa.Column("state", Key),
    sa.Column("payee_gone_at", Instant),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("application_id"),
    sa.Index(None, "citizen_id", "sanctioned_at"),
    sa.Index(None, "next_due_on", "period"),
    sa.Index(None, "scheme_code", "id"),
    partial_index("ix_sanctions_ended_on", "ended_on", "id", where="ended_on IS NOT NULL"),
    partial_index(
        "ix_sanctions_payee_there",
        "payee_gone_at",
        "ended_on",
        "id",
        where="ended_on IS NOT NULL AND payee_gone_at IS NULL",
    ),
)
"""A sanction without a state is active: older releases knew no other."""

instalments_table = table_of(
    Instalment,
    "instalments",
    sa.Column("rail", Key),
    sa.Column("kind", Key),
    sa.Column("deducted_paise", sa.BigInteger),
    sa.Column("account_sent", sa.Integer),
    sa.UniqueConstraint("sanction_id", "sequence"),
    partial_index(
        "uq_instalments_sanction_id_period_from", "sanction_id", "period_from", where="reissue_of IS NULL", unique=True
    ),
    sa.Index("uq_instalments_reissue_of", "reissue_of", unique=True),
    sa.Index(None, "status", "status_at"),
    partial_index("ix_instalments_held", "id", where="hold IS NOT NULL"),
    partial_index("ix_instalments_to_send", "sanction_id", "sequence", where=_TO_SEND),
    sa.UniqueConstraint("bill_number"),
    sa.UniqueConstraint("end_to_end_id"),
)
"""Each period has one first order; what came back is reissued once, by an order that names the one it follows.

`account_sent` is the account that the treasury was given: 0 for the application's, n for the n-th corrected one of the
sanction; null where nothing was sent, and where an older release sent it.
"""

payment_events_table = table_of(
    PaymentEvent,
    "payment_events",
    sa.Column("id", Serial, primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("instalment_id", Key, sa.ForeignKey("instalments.id"), nullable=False),
    sa.Index(None, "instalment_id"),
    sqlite_autoincrement=True,
)


SANCTIONS = Records(Sanction, sanctions_table, "the sanction")
sanctions = SANCTIONS.by_ids
sanction_by_number = SANCTIONS.reader_by(sanctions_table.c.number)
add_sanction = SANCTIONS.add
"""Keep a new sanction. Raises AlreadyThere: one for each application, and for each number."""
sanctions_of_citizen = SANCTIONS.list_reader_by(
    sanctions_table.c.citizen_id, sanctions_table.c.sanctioned_at.desc(), sanctions_table.c.id.desc()
)
"""Every sanction of a citizen, the newest first."""
sanctions_of_citizens = SANCTIONS.groups_reader_by(
    sanctions_table.c.citizen_id, sanctions_table.c.sanctioned_at.desc(), sanctions_table.c.id.desc()
)
"""The sanctions of each citizen, the newest first; a citizen without any is left out."""
_IN_ORDER = sa.select(instalments_table).order_by(instalments_table.c.sanction_id, instalments_table.c.sequence)
INSTALMENTS = Records(Instalment, instalments_table, "the instalment")
instalment = INSTALMENTS.get
_EVENTS = Records(PaymentEvent, payment_events_table, "the event")
payment_events = _EVENTS.groups_reader_by(payment_events_table.c.instalment_id, payment_events_table.c.id)
"""All that was heard of each payment, in the order in which we learned it."""


async def add_instalments(tx: Transaction, added: Sequence[Instalment]) -> None:
    """Keep new instalments. Raises AlreadyThere for a bill number, an end-to-end id or a place in the sanction."""
    for one in added:
        await INSTALMENTS.add(tx, one)
        await _add_event(tx, one, PaymentNews(one.status, one.status_at, rail=one.rail), one.status_at)
        await change_feed.touch_payment(tx, one.id)


async def set_next_due(tx: Transaction, sanction_id: str, day: date | None) -> None:
    """Note from when the next instalment pays; None where none follows."""
    table = sanctions_table
    await tx.connection.execute(sa.update(table).where(table.c.id == sanction_id).values(next_due_on=day))


async def end_sanction(tx: Transaction, sanction_id: str, last_day: date) -> bool:
    """Note the last day that a sanction covers; False where it was ended before."""
    table = sanctions_table
    statement = sa.update(table).where(table.c.id == sanction_id, table.c.ended_on.is_(None))
    return (await tx.connection.execute(statement.values(ended_on=last_day).returning(table.c.id))).first() is not None


async def sanction_of_applications(tx: Transaction, application_ids: Iterable[str]) -> dict[str, Sanction]:
    """Sanctions by application id; applications without one are left out."""
    table = sanctions_table
    return await SANCTIONS.by_keys(tx, table.c.application_id, application_ids, sa.select(table))


async def instalments(tx: Transaction, sanction_ids: Iterable[str]) -> dict[str, list[Instalment]]:
    """The instalments of each sanction in their order; a sanction without any is left out."""
    table = instalments_table
    found: dict[str, list[Instalment]] = {}
    for row in await rows_of(tx, _IN_ORDER, table.c.sanction_id, sanction_ids):
        found.setdefault(row.sanction_id, []).append(INSTALMENTS.read(tx, row))
        note_known(tx, table.c.account_sent, row.id, row.account_sent)
    return found


async def lock_instalments(tx: Transaction, ids: Iterable[str]) -> dict[str, Instalment]:
    """Instalments by id, their rows locked in the order of the ids; those that are not there are left out."""
    table = instalments_table
    locking = sa.select(table).order_by(table.c.id).with_for_update()
    return await INSTALMENTS.by_keys(tx, table.c.id, sorted(ids), locking)


async def record_many(
    tx: Transaction, statuses: Sequence[tuple[str, PaymentNews]], heard_at: datetime
) -> tuple[list[tuple[Instalment, PaymentNews]], list[tuple[Instalment, PaymentNews]]]:
    """Apply news of payments, each named once: those that it changed, and those that it did not, as they were.

    The rows are locked in the order of their ids, so of two identical reports only one is applied. Raises
    NotThere where a payment is not there.
    """
    by_id = dict(statuses)
    locked = await lock_instalments(tx, by_id)
    if len(locked) != len(by_id):
        raise NotThere("the instalment")
    changed: list[tuple[Instalment, PaymentNews]] = []
    unchanged: list[tuple[Instalment, PaymentNews]] = []
    for present in locked.values():
        news = by_id[present.id]
        follows = may_follow(present.status, news.status, since=present.status_at, at=news.at, rail=present.rail)
        (changed if follows else unchanged).append((present, news))
    await _record_all(tx, changed, heard_at)
    return changed, unchanged


async def _record_all(tx: Transaction, changed: Sequence[tuple[Instalment, PaymentNews]], heard_at: datetime) -> None:
    if not changed:
        return
    rows = [{"id": one.id, "status": news.status.value, "status_at": news.at} for one, news in changed]
    await update_rows(tx, instalments_table, ("id",), rows)
    await insert_rows(tx, payment_events_table, [_event_values(one, news, heard_at) for one, news in changed])
    await change_feed.touch_payments(tx, [one.id for one, _ in changed])
    for one, news in changed:
        await payment_enquiries.schedule_enquiry(tx, one.id, news.status, news.at, one.rail)


async def set_hold(tx: Transaction, instalment_id: str, hold: Hold | None) -> None:
    """Note what keeps an instalment from being sent; None where nothing does."""
    table = instalments_table
    values = {"hold": hold.value if hold else None}
    await tx.connection.execute(sa.update(table).where(table.c.id == instalment_id).values(values))


async def note_account_sent(tx: Transaction, instalment_id: str, place: int) -> bool:
    """Note with which account an order is sent, before it is; False where it may have been sent with another one."""
    table = instalments_table
    free = sa.or_(table.c.account_sent.is_(None), table.c.account_sent == place)
    statement = sa.update(table).where(table.c.id == instalment_id, free).values(account_sent=place)
    return (await tx.connection.execute(statement.returning(table.c.id))).first() is not None


async def forget_account_sent(tx: Transaction, instalment_id: str) -> None:
    """Note that an order was surely not taken, so that it may go with another account."""
    table = instalments_table
    await tx.connection.execute(sa.update(table).where(table.c.id == instalment_id).values(account_sent=None))


async def accounts_sent(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, int]:
    """With which account each was sent, by its place; one of which that is not known is left out."""
    return await each_once(tx, instalments_table.c.account_sent, instalment_ids, partial(_read_accounts_sent, tx))


async def _read_accounts_sent(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, int]:
    table = instalments_table
    statement = sa.select(table.c.id, table.c.account_sent).where(table.c.account_sent.is_not(None))
    return {row.id: row.account_sent for row in await rows_of(tx, statement, table.c.id, instalment_ids)}


async def change_sanction(tx: Transaction, sanction_id: str, **values: object) -> None:
    """Set columns of a sanction: state, budget, anchor_on, certified_on, reviewed_on, bank_account_last4 and others."""
    table = sanctions_table
    plain = {name: value.value if isinstance(value, StrEnum) else value for name, value in values.items()}
    await tx.connection.execute(sa.update(table).where(table.c.id == sanction_id).values(plain))


async def lock_sanction(tx: Transaction, sanction_id: str) -> Sanction | None:
    """The sanction with an id, its row locked; None where it is not there."""
    return await SANCTIONS.find(tx, sanctions_table.c.id == sanction_id, lock=True)


async def _add_event(tx: Transaction, one: Instalment, news: PaymentNews, heard_at: datetime) -> None:
    await tx.connection.execute(sa.insert(payment_events_table).values(_event_values(one, news, heard_at)))


def _event_values(one: Instalment, news: PaymentNews, heard_at: datetime) -> dict[str, Any]:
    return {
        "citizen_id": one.citizen_id,
        "instalment_id": one.id,
        "status": news.status.value,
        "at": news.at,
        "heard_at": heard_at,
        "return_code": news.return_code,
        "utr_last4": news.utr_last4,
        "rail": news.rail.value,
        "source_ref": news.source_ref,
    }
