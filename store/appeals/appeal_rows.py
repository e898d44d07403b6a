"""The table of appeals, and the mapping between its rows and domain objects."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint

from domain.appeals.appeals import Appeal, Order
from store.database import AnyRow, Instant, Key, Records, Transaction
from store.database.metadata import metadata

appeals_table = Table(
    "appeals",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("application_id", Key, ForeignKey("applications.id"), nullable=False),
    Column("number", Key, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key, nullable=False),
    Column("tehsil", Key),
    Column("level", Key, nullable=False),
    Column("ground", Key, nullable=False),
    Column("origin", Key, nullable=False),
    Column("state", Key, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("breached_on", Date),
    Column("limit_days", Integer),
    Column("limit_unit", Key),
    Column("paused_days", Integer, nullable=False),
    Column("designated_id", Key),
    Column("first_id", Key),
    Column("second_id", Key),
    Column("authority_id", Key),
    Column("vacant", Boolean, nullable=False),
    Column("decide_by", Instant),
    Column("next_at", Instant),
    Column("decided_at", Instant),
    Column("decided_by", Key),
    Column("direct_until", Date),
    Column("previous_id", Key),
    UniqueConstraint("number"),
    UniqueConstraint("application_id", "level", "ground"),
    Index(None, "state", "next_at"),
    Index(None, "district", "level", "state", "received_at"),
    Index(None, "authority_id", "state"),
    Index(None, "citizen_id", "received_at"),
)


def _content_and_order(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    content: Mapping[str, Any] = tx.cipher.decrypt_json(row.content, _cell_name(row.id))
    order = None
    if row.decided_at is not None:
        order = Order(content["order"] or "", row.decided_by, row.decided_at, row.direct_until)
    return {"text": content["text"], "late_reason": content["late_reason"], "order": order}


def _content_and_order_values(tx: Transaction, appeal: Appeal) -> dict[str, Any]:
    """What people wrote is encrypted."""
    order = appeal.order
    content = {"text": appeal.text, "late_reason": appeal.late_reason, "order": order.text if order else None}
    return {
        "content": tx.cipher.encrypt_json(content, _cell_name(appeal.id)),
        "decided_at": order.decided_at if order else None,
        "decided_by": order.decided_by if order else None,
        "direct_until": order.direct_until if order else None,
    }


def _cell_name(appeal_id: str) -> str:
    return f"appeals:content:{appeal_id}"


APPEALS = Records(
    Appeal,
    appeals_table,
    "the appeal",
    apart=("text", "late_reason", "order"),
    read=_content_and_order,
    write=_content_and_order_values,
    fixed=("citizen_id", "application_id", "number", "level", "ground", "received_at"),
)
