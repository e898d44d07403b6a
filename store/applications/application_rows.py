"""The table of applications, and the mapping between its rows and domain objects."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    bindparam,
    text,
)

from domain.applications.applications import Application, Channel, Decision, DeliveryMode, RejectionGround
from domain.applications.deadline import DayUnit, TimeLimit
from domain.applications.lifecycle import OPEN, Status
from store.database import AnyRow, Instant, Key, Transaction
from store.database.metadata import metadata

_OTHER = sorted(status.value for status in frozenset(Status) - OPEN)
_OPEN_WORDS = "status NOT IN (" + ", ".join(f"'{one}'" for one in _OTHER) + ")"


ENDED_LATE = (
    "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') AND coalesce(delivered_at, decided_at) > due_at"
)
"""Disposed of after the due instant, in the words of the index that finds those; columns of applications alone."""

_LATE = text(ENDED_LATE)


def _of_open(*places: str) -> Index:
    """An index of open applications by place and due date, from which they are counted by state and clock too."""
    name, only = "_".join(("ix_applications_open", *places, "due_at")), text(_OPEN_WORDS)
    return Index(name, *places, "due_at", "id", "status", "paused_since", sqlite_where=only, postgresql_where=only)


applications_table = Table(
    "applications",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("number", Key, nullable=False),
    Column("acknowledgement", Key),
    Column("service_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key, nullable=False),
    Column("tehsil", Key),
    Column("channel", Key, nullable=False),
    Column("operator_id", Key),
    Column("delivery", Key, nullable=False),
    Column("status", Key, nullable=False),
    Column("version", Integer, nullable=False),
    Column("form", LargeBinary, nullable=False),
    Column("fee_paise", BigInteger),
    Column("fee_receipt", Key),
    Column("officer_id", Key),
    Column("limit_days", Integer),
    Column("limit_unit", Key),
    Column("calendar_version", Key),
    Column("clock_started_at", Instant),
    Column("paused_since", Instant),
    Column("paused_days", Integer, nullable=False),
    Column("due_at", Instant),
    Column("approved", Boolean),
    Column("ground", Key),
    Column("reason", LargeBinary),
    Column("decided_by", Key),
    Column("decided_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("submitted_at", Instant),
    Column("delivered_at", Instant),
    Column("updated_at", Instant, nullable=False),
    Column("service_version", Integer),
    UniqueConstraint("number"),
    UniqueConstraint("acknowledgement"),
    Index(None, "citizen_id", "created_at", "id"),
    Index(None, "district", "status", "due_at"),
    Index(None, "status", "due_at"),
    _of_open("district", "department"),
    _of_open("district"),
    _of_open("department"),
    _of_open(),
    Index("ix_applications_ended_late", "updated_at", "id", sqlite_where=_LATE, postgresql_where=_LATE),
)
"""Of a hundred applications one is open; what officers look at is found by small indexes that hold only those."""

_AS_IS = (
    "id",
    "citizen_id",
    "number",
    "acknowledgement",
    "service_code",
    "department",
    "district",
    "tehsil",
    "operator_id",
    "version",
    "fee_paise",
    "fee_receipt",
    "officer_id",
    "clock_started_at",
    "paused_since",
    "paused_days",
    "due_at",
    "created_at",
    "submitted_at",
    "delivered_at",
    "updated_at",
    "service_version",
)
"""Columns that are the same as the field of the same name."""


def values_of(tx: Transaction, application: Application) -> dict[str, Any]:
    """The row of an application; form and reason encrypted."""
    limit = application.limit
    return {
        **{name: getattr(application, name) for name in _AS_IS},
        "channel": application.channel.value,
        "delivery": application.delivery.value,
        "status": application.status.value,
        "form": tx.cipher.encrypt_json(dict(application.form), _place("form", application.id)),
        "limit_days": limit.days if limit else None,
        "limit_unit": limit.unit.value if limit else None,
        "calendar_version": limit.calendar_version if limit else None,
        **_decision_values(tx, application),
    }


def in_states(statuses: Collection[Status]) -> Iterator[ColumnElement[bool]]:
    """That an application is in one of the states.

    Where all of them are open that is said in the very words of the small indexes, less the other open states. In this
    way a database sees that such an index serves, and does not count twice how few applications are open.
    """
    status = applications_table.c.status
    if not OPEN.issuperset(statuses):
        yield status.in_(sorted(one.value for one in statuses))
        return
    yield status.not_in(bindparam("not_open", _OTHER, expanding=True, literal_execute=True, unique=True))
    if others := OPEN.difference(statuses):
        yield status.not_in(sorted(one.value for one in others))


def application_of(tx: Transaction, row: AnyRow) -> Application:
    """The application of a row."""
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    return Application(
        **as_is,
        channel=Channel(row.channel),
        delivery=DeliveryMode(row.delivery),
        status=Status(row.status),
        form=tx.cipher.decrypt_json(row.form, _place("form", row.id)),
        limit=TimeLimit(row.limit_days, DayUnit(row.limit_unit), row.calendar_version) if row.limit_unit else None,
        decision=_decision(tx, row),
    )


def _decision_values(tx: Transaction, application: Application) -> dict[str, Any]:
    decision = application.decision
    if decision is None:
        return dict.fromkeys(("approved", "ground", "reason", "decided_by", "decided_at"))
    place = _place("reason", application.id)
    return {
        "approved": decision.approved,
        "ground": decision.ground.value if decision.ground else None,
        "reason": None if decision.reason is None else tx.cipher.encrypt(decision.reason.encode(), place),
        "decided_by": decision.officer_id,
        "decided_at": decision.decided_at,
    }


def _decision(tx: Transaction, row: AnyRow) -> Decision | None:
    if row.decided_at is None:
        return None
    return Decision(
        approved=row.approved,
        ground=RejectionGround(row.ground) if row.ground else None,
        reason=None if row.reason is None else tx.cipher.decrypt(row.reason, _place("reason", row.id)).decode(),
        officer_id=row.decided_by,
        decided_at=row.decided_at,
    )


def _place(column: str, application_id: str) -> str:
    return f"applications:{column}:{application_id}"
