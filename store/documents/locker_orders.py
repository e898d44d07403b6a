"""Orders of citizens to the DigiLocker (put a file, pull a document) and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, select, update

from domain.documents.locker import OrderKind, OrderState
from store.database import Records, Transaction, cell_name
from store.database.metadata import table_of


@dataclass(frozen=True, slots=True)
class LockerOrder:
    """One order. `asked` is the request to the partner, emptied once the order is completed.

    `uri` is the URI of a pulled document, `code` the partner's code of a refusal. `sent_at` is when it was sent
    first: from then on it may have arrived.
    """

    id: str
    citizen_id: str
    kind: OrderKind
    state: OrderState
    asked: Mapping[str, Any]
    created_at: datetime
    uri: str | None = None
    code: str | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None


locker_orders_table = table_of(
    LockerOrder,
    "locker_orders",
    Column("asked", LargeBinary, nullable=False),
    Column("uri", LargeBinary),
    Index(None, "citizen_id", "created_at"),
)

_T = locker_orders_table.c


_ORDERS = Records(LockerOrder, locker_orders_table, "the order")
get = _ORDERS.get
add = _ORDERS.add
"""Keep a new order; what is asked is encrypted. Raises AlreadyThere."""


async def of_citizen(tx: Transaction, citizen_id: str, limit: int) -> list[LockerOrder]:
    """A citizen's latest orders."""
    statement = select(locker_orders_table).where(_T.citizen_id == citizen_id).order_by(_T.created_at.desc(), _T.id)
    return await _ORDERS.select_all(tx, statement.limit(limit))


async def mark_sent(tx: Transaction, order_id: str) -> None:
    """Note that it is about to be sent; the first time counts."""
    statement = update(locker_orders_table).where(_T.id == order_id, _T.sent_at.is_(None))
    await tx.connection.execute(statement.values(sent_at=tx.clock.now()))


async def settle(tx: Transaction, order_id: str, state: OrderState, *, uri: str | None, code: str | None) -> bool:
    """Note what came of an order that waits, and forget what was asked; False where it waits no more."""
    values = {
        "state": state.value,
        "asked": tx.cipher.encrypt_json({}, cell_name(_T.asked, order_id)),
        "uri": tx.cipher.encrypt_text(uri, cell_name(_T.uri, order_id)),
        "code": code,
        "settled_at": tx.clock.now(),
    }
    statement = update(locker_orders_table).where(_T.id == order_id, _T.state == OrderState.WAITING.value)
    return (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is not None
