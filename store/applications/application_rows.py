"""The table of applications, and the mapping between its rows and domain objects."""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from domain.applications.applications import Application, Decision, RejectionGround
from domain.applications.deadline import DayUnit, TimeLimit
from domain.applications.lifecycle import OPEN, Status
from store.database import AnyRow, Instant, Key, Records, Transaction, cell_name
from store.database.metadata import partial_index, table_of

_OTHER = sorted(status.value for status in frozenset(Status) - OPEN)
_OPEN_WORDS = "status NOT IN (" + ", ".join(f"'{one}'" for one in _OTHER) + ")"


ENDED_LATE = (
    "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') "
    "AND coalesce(clock_ended_at, delivered_at, decided_at) > coalesce(lawful_due_at, due_at)"
)
"""Disposed of, and made available or refused after the lawful due instant: the words of the index that finds those."""


def _of_open(*places: str) -> sa.Index:
    """An index of open applications by place and due date, from which they are counted by state and clock too."""
    name = "_".join(("ix_applications_open", *places, "due_at"))
    return partial_index(name, *places, "due_at", "id", "status", "paused_since", where=_OPEN_WORDS)


applications_table = table_of(
    Application,
    "applications",
    sa.Column("form", sa.LargeBinary, nullable=False),
    sa.Column("limit_days", sa.Integer),
    sa.Column("limit_unit", Key),
    sa.Column("calendar_version", Key),
    sa.Column("approved", sa.Boolean),
    sa.Column("ground", Key),
    sa.Column("reason", sa.LargeBinary),
    sa.Column("decided_by", Key),
    sa.Column("decided_at", Instant),
    sa.Column("signed_at", Instant),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("acknowledgement"),
    sa.Index(None, "citizen_id", "created_at", "id"),
    sa.Index(None, "district", "status", "due_at"),
    sa.Index(None, "status", "due_at"),
    _of_open("district", "department"),
    _of_open("district"),
    _of_open("department"),
    _of_open(),
    partial_index("ix_applications_lawfully_late", "updated_at", "id", where=ENDED_LATE),
    apart=("limit", "decision"),
)
"""Of a hundred applications one is open; what officers look at is found by small indexes that hold only those."""


def in_states(statuses: Collection[Status]) -> Iterator[sa.ColumnElement[bool]]:
    """That an application is in one of the states.

    Where all of them are open that is said in the very words of the small indexes, less the other open states. In this
    way a database sees that such an index serves, and does not count twice how few applications are open.
    """
    status = applications_table.c.status
    if not OPEN.issuperset(statuses):
        yield status.in_(sorted(one.value for one in statuses))
        return
    yield status.not_in(sa.bindparam("not_open", _OTHER, expanding=True, literal_execute=True, unique=True))
    if others := OPEN.difference(statuses):
        yield status.not_in(sorted(one.value for one in others))


def _limit_and_decision(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    decision = None
    if row.decided_at is not None:
        decision = Decision(
            approved=row.approved,
            ground=RejectionGround(row.ground) if row.ground else None,
            reason=tx.cipher.decrypt_text(row.reason, cell_name(applications_table.c.reason, row.id)),
            officer_id=row.decided_by,
            decided_at=row.decided_at,
            signed_at=row.signed_at,
        )
    limit = TimeLimit(row.limit_days, DayUnit(row.limit_unit), row.calendar_version) if row.limit_unit else None
    return {"limit": limit, "decision": decision}


def _limit_and_decision_values(tx: Transaction, application: Application) -> dict[str, Any]:
    limit, decision = application.limit, application.decision
    values: dict[str, Any] = dict.fromkeys(("limit_days", "limit_unit", "calendar_version"))
    values |= dict.fromkeys(("approved", "ground", "reason", "decided_by", "decided_at", "signed_at"))
    if limit is not None:
        values |= {"limit_days": limit.days, "limit_unit": limit.unit.value, "calendar_version": limit.calendar_version}
    if decision is not None:
        values |= {
            "approved": decision.approved,
            "ground": decision.ground.value if decision.ground else None,
            "reason": tx.cipher.encrypt_text(decision.reason, cell_name(applications_table.c.reason, application.id)),
            "decided_by": decision.officer_id,
            "decided_at": decision.decided_at,
            "signed_at": decision.signed_at,
        }
    return values


APPLICATIONS = Records(
    Application,
    applications_table,
    "the application",
    apart=("limit", "decision"),
    read=_limit_and_decision,
    write=_limit_and_decision_values,
    fixed=("citizen_id", "created_at"),
)
