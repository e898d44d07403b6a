"""The table of appeals, and the mapping between its rows and domain objects."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint

from domain.appeals.appeals import Appeal, AppealGround, AppealLevel, AppealOrigin, AppealState, Order
from domain.applications.deadline import DayUnit
from store.database import AnyRow, Instant, Key, Transaction
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

_AS_IS = (
    "id",
    "citizen_id",
    "application_id",
    "number",
    "service_code",
    "department",
    "district",
    "tehsil",
    "version",
    "received_at",
    "due_at",
    "breached_on",
    "limit_days",
    "paused_days",
    "designated_id",
    "first_id",
    "second_id",
    "authority_id",
    "vacant",
    "decide_by",
    "next_at",
    "previous_id",
)
"""Columns that are the same as the field of the same name."""


def values_of(tx: Transaction, appeal: Appeal) -> dict[str, Any]:
    """The row of an appeal; what people wrote is encrypted."""
    order = appeal.order
    content = {
        "text": appeal.text,
        "late_reason": appeal.late_reason,
        "order": order.text if order else None,
    }
    return {
        **{name: getattr(appeal, name) for name in _AS_IS},
        "level": appeal.level.value,
        "ground": appeal.ground.value,
        "origin": appeal.origin.value,
        "state": appeal.state.value,
        "limit_unit": appeal.limit_unit.value if appeal.limit_unit else None,
        "content": tx.cipher.encrypt_json(content, _cell_name(appeal.id)),
        "decided_at": order.decided_at if order else None,
        "decided_by": order.decided_by if order else None,
        "direct_until": order.direct_until if order else None,
    }


def appeal_of(tx: Transaction, row: AnyRow) -> Appeal:
    """The appeal of a row."""
    content: Mapping[str, Any] = tx.cipher.decrypt_json(row.content, _cell_name(row.id))
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    return Appeal(
        **as_is,
        level=AppealLevel(row.level),
        ground=AppealGround(row.ground),
        origin=AppealOrigin(row.origin),
        state=AppealState(row.state),
        limit_unit=DayUnit(row.limit_unit) if row.limit_unit else None,
        text=content["text"],
        late_reason=content["late_reason"],
        order=_order(row, content),
    )


def _order(row: AnyRow, content: Mapping[str, Any]) -> Order | None:
    if row.decided_at is None:
        return None
    return Order(content["order"] or "", row.decided_by, row.decided_at, row.direct_until)


def _cell_name(appeal_id: str) -> str:
    return f"appeals:content:{appeal_id}"
