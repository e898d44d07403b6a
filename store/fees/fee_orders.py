"""Orders to pay fees, the reports about them, and the treasury's scrolls.

Two partial indexes hold what no race may break: an application has at most one order that is not settled, and at
most one that paid for it. The words that came are kept as they came, encrypted, with their hash.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from domain.fees.fees import OPEN, PAID, FeeOrder, FeeReceipt, FeeRoute, FeeState, RefundCause
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.database import (
    AnyRow,
    Instant,
    Key,
    Records,
    StoredList,
    Transaction,
    VersionConflict,
    any_posting_covers,
    cell_name,
    change_feed,
    first_row,
    insert_new,
)
from store.database.metadata import metadata, partial_index, table_of

orders_table = table_of(
    FeeOrder,
    "fee_orders",
    sa.Column("grn", Key),
    sa.Column("challan_no", Key),
    sa.Column("cin", Key),
    sa.Column("bank_reference", Key),
    sa.Column("mode", Key),
    sa.Column("paid_at", Instant),
    sa.Column("paid_at_heard", sa.Boolean),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("reference"),
    sa.UniqueConstraint("route", "grn"),
    sa.Index(None, "application_id", "created_at", "id"),
    sa.Index(None, "citizen_id", "created_at", "id"),
    sa.Index(None, "due_at"),
    sa.Index(None, "state", "created_at", "id"),
    partial_index(
        "ix_fee_orders_unscrolled", "route", "paid_at", "id", where="scrolled_on IS NULL AND paid_at IS NOT NULL"
    ),
    partial_index(
        "uq_fee_orders_one_open", "application_id", where="state IN ('CREATED', 'PENDING', 'REDIRECTED')", unique=True
    ),
    partial_index("uq_fee_orders_one_paid", "application_id", where="state = 'SUCCESS'", unique=True),
    apart=("receipt",),
)

messages_table = sa.Table(
    "fee_messages",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("order_id", Key, sa.ForeignKey("fee_orders.id"), nullable=False),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("sha256", Key, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("order_id", "sha256"),
    sa.Index(None, "citizen_id"),
)

_T, _M = orders_table.c, messages_table.c


def _receipt_and_amount(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    receipt = _RECEIPTS.read(tx, row) if row.grn and row.paid_at else None
    return {"receipt": receipt, "taken_paise": _other_amount(row)}


def _receipt_values(tx: Transaction, order: FeeOrder) -> dict[str, Any]:
    if order.receipt is not None:
        return _RECEIPTS.values(tx, order.receipt)
    return dict.fromkeys(field.name for field in fields(FeeReceipt))


_RECEIPTS = Records(FeeReceipt, orders_table, "the receipt")
_ORDERS = Records(
    FeeOrder, orders_table, "the order", apart=("receipt",), read=_receipt_and_amount, write=_receipt_values
)
by_number = _ORDERS.reader_by(_T.number)
"""The order with a number of ours, or None."""
by_reference = _ORDERS.reader_by(_T.reference)
"""The order with the reference that it has at the one who takes the money, or None."""
by_references = _ORDERS.reader_of_many_by(_T.reference)
"""Orders by their references."""
of_applications = _ORDERS.groups_reader_by(_T.application_id, _T.created_at.desc(), _T.id.desc())
"""Orders by application, the newest first."""
get, by_ids = _ORDERS.get, _ORDERS.by_ids


async def add(tx: Transaction, order: FeeOrder) -> bool:
    """Keep a new order; False where the application has one that is not settled, or the number is taken."""
    if not await _ORDERS.insert(tx, order, updated_at=tx.clock.now()):
        return False
    await change_feed.touch(tx, ChangeKind.APPLICATION, order.application_id)
    return True


async def save(tx: Transaction, order: FeeOrder, expected_version: int) -> FeeOrder:
    """Replace an order whose version is still the expected one; raises VersionConflict."""
    changed = replace(order, version=expected_version + 1, updated_at=tx.clock.now())
    await _ORDERS.save_over(tx, changed, expected_version)
    await change_feed.touch(tx, ChangeKind.APPLICATION, order.application_id)
    return changed


async def mark_asked(tx: Transaction, order: FeeOrder, next_at: datetime | None) -> bool:
    """Note that an order is being asked about and when it is due again; False where another was faster.

    The version stays: nothing that anybody sees has changed.
    """
    unchanged = _T.asked_at.is_(None) if order.asked_at is None else _T.asked_at == order.asked_at
    statement = sa.update(orders_table).where(_T.id == order.id, unchanged)
    written = await tx.connection.execute(statement.values(asked_at=tx.clock.now(), due_at=next_at).returning(_T.id))
    return written.first() is not None


async def note_answer(tx: Transaction, order: FeeOrder, due_at: datetime | None) -> None:
    """Note that an order was reported and nothing has changed, and when it is due again; the version stays.

    Raises VersionConflict where somebody changed it since it was read: what was heard may mean something else then.
    """
    statement = sa.update(orders_table).where(_T.id == order.id, _T.version == order.version)
    values = {"confirmed_at": tx.clock.now(), "due_at": due_at}
    if (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is None:
        raise VersionConflict(order.version, order.state.value)


async def set_due(tx: Transaction, order_id: str, due_at: datetime | None) -> None:
    """When an order is to be asked about next; the version stays."""
    await tx.connection.execute(sa.update(orders_table).where(_T.id == order_id).values(due_at=due_at))


async def by_receipt(tx: Transaction, route: FeeRoute, grn: str) -> FeeOrder | None:
    """The order that a receipt was given for, or None."""
    return await _ORDERS.find(tx, _T.route == route.value, _T.grn == grn)


async def open_of(tx: Transaction, application_id: str) -> FeeOrder | None:
    """The order of an application that is not settled, or None."""
    wanted = _T.application_id == application_id, _T.state.in_([state.value for state in OPEN])
    return await _ORDERS.find(tx, *wanted)


async def paid_of(tx: Transaction, application_id: str) -> FeeOrder | None:
    """The order that paid the fee of an application, or None."""
    wanted = _T.application_id == application_id, _T.state == FeeState.SUCCESS.value
    return await _ORDERS.find(tx, *wanted)


def of_citizen(citizen_id: str) -> StoredList[FeeOrder]:
    """A citizen's orders, the newest first."""
    statement = sa.select(orders_table).where(_T.citizen_id == citizen_id)
    return StoredList(_ORDERS, statement, (_T.created_at, _T.id), descending=True)


async def due(tx: Transaction, now: datetime, limit: int) -> list[FeeOrder]:
    """Orders that are to be asked about by now, the longest due first."""
    statement = sa.select(orders_table).where(_T.due_at <= now).order_by(_T.due_at, _T.id).limit(limit)
    return await _ORDERS.select_all(tx, statement)


async def unscrolled_orders(
    tx: Transaction, route: FeeRoute, *, paid_since: datetime, paid_before: datetime
) -> list[FeeOrder]:
    """Paid orders that no scroll contains, of those that were paid since an instant and before another.

    A small index holds the orders in no scroll, so that the orders of years are skipped.
    """
    when = _T.paid_at >= paid_since, _T.paid_at < paid_before, _T.scrolled_on.is_(None)
    wanted = _T.route == route.value, *when, _T.state.in_([state.value for state in PAID])
    return await _ORDERS.select_all(tx, sa.select(orders_table).where(*wanted).order_by(_T.paid_at, _T.id))


async def mark_scrolled(tx: Transaction, order_ids: Iterable[str], scrolled_on: date) -> None:
    """Note that a scroll contained these orders; the version stays."""
    wanted = sorted(order_ids)
    if wanted:
        statement = sa.update(orders_table).where(_T.id.in_(wanted), _T.scrolled_on.is_(None))
        await tx.connection.execute(statement.values(scrolled_on=scrolled_on))


async def add_message(tx: Transaction, message_id: str, order: FeeOrder, content: bytes) -> bool:
    """Keep words that came about an order as they came; False where the same came before."""
    values = {
        "id": message_id,
        "order_id": order.id,
        "citizen_id": order.citizen_id,
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": tx.cipher.encrypt(content, cell_name(_M.content, message_id)),
        "at": tx.clock.now(),
    }
    return await insert_new(tx, messages_table, values)


async def first_paid(tx: Transaction, route: FeeRoute) -> datetime | None:
    """When an order was first paid by that way, or None."""
    row = await first_row(tx, sa.select(sa.func.min(_T.paid_at).label("at")).where(_T.route == route.value))
    return row.at if row else None


def orders_within(
    postings: Sequence[Posting], *, states: Collection[FeeState] | None, problems_only: bool
) -> StoredList[FeeOrder]:
    """Orders in the places of postings, the newest first; none where there is no posting."""
    statement = sa.select(orders_table).where(any_posting_covers(orders_table, postings))
    if states is not None:
        statement = statement.where(_T.state.in_(sorted(state.value for state in states)))
    wanted = statement.where(_T.problem.is_not(None)) if problems_only else statement
    return StoredList(_ORDERS, wanted, (_T.created_at, _T.id), descending=True)


def _other_amount(row: AnyRow) -> int | None:
    """The amount held or refunded in place of the amount due; an older release leaves it at what was paid since."""
    counts = row.state not in {state.value for state in PAID} or row.refund_cause == RefundCause.OTHER_AMOUNT.value
    return row.taken_paise if counts else None
