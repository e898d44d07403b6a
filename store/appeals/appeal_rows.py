"""The table of appeals, and the mapping between its rows and domain objects."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from domain.appeals.appeals import LEVELS, Appeal, AppealLevel, Order
from domain.kernel import Posting, Role
from store.database import AnyRow, Instant, Key, Records, Transaction, cell_name, posting_covers
from store.database.metadata import table_of

appeals_table = table_of(
    Appeal,
    "appeals",
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Key),
    sa.Column("direct_until", sa.Date),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("application_id", "level", "ground"),
    sa.Index(None, "state", "next_at"),
    sa.Index(None, "district", "level", "state", "received_at"),
    sa.Index(None, "authority_id", "state"),
    sa.Index(None, "citizen_id", "received_at"),
    apart=("text", "late_reason", "order"),
)


def _content_and_order(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    content: Mapping[str, Any] = tx.cipher.decrypt_json(row.content, cell_name(appeals_table.c.content, row.id))
    order = None
    if row.decided_at is not None:
        order = Order(content["order"] or "", row.decided_by, row.decided_at, row.direct_until)
    return {"text": content["text"], "late_reason": content["late_reason"], "order": order}


def _content_and_order_values(tx: Transaction, appeal: Appeal) -> dict[str, Any]:
    """What people wrote is encrypted."""
    order = appeal.order
    content = {"text": appeal.text, "late_reason": appeal.late_reason, "order": order.text if order else None}
    return {
        "content": tx.cipher.encrypt_json(content, cell_name(appeals_table.c.content, appeal.id)),
        "decided_at": order.decided_at if order else None,
        "decided_by": order.decided_by if order else None,
        "direct_until": order.direct_until if order else None,
    }


APPEALS = Records(
    Appeal,
    appeals_table,
    "the appeal",
    apart=("text", "late_reason", "order"),
    read=_content_and_order,
    write=_content_and_order_values,
    fixed=("citizen_id", "application_id", "number", "level", "ground", "received_at"),
)


def posting_hears(posting: Posting) -> sa.ColumnElement[bool]:
    """Appeals of the level and place that a posting hears."""
    levels = [level.value for level, rank in LEVELS.items() if rank is posting.level]
    if posting.role is Role.COMMISSION:
        levels = [AppealLevel.COMMISSION.value]
    return sa.and_(appeals_table.c.level.in_(levels), posting_covers(appeals_table, posting))
