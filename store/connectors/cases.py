"""What departments' systems were sent and answered, what is asked about again, and their notices by their ids."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.clearances import Clearance, ClearanceState
from domain.connectors import DepartmentCase, DepartmentCaseState
from store import clearances
from store.clearances import clearances_table
from store.database import AnyRow, Key, Records, Transaction, insert_into
from store.database.metadata import metadata, table_of
from store.database.types import Instant

department_cases_table = table_of(
    DepartmentCase,
    "department_cases",
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("number_index", Key),
    sa.Index(None, "citizen_id", "created_at"),
    sa.Index(None, "application_id"),
    sa.Index(None, "clearance_id", unique=True),
    sa.Index(None, "system", "number_index"),
    sa.Index(None, "next_at"),
    sa.Index(None, "state"),
    apart=("inputs", "number", "record"),
)

connector_events_table = sa.Table(
    "connector_events",
    metadata,
    sa.Column("system", Key, primary_key=True),
    sa.Column("event", Key, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "at"),
)

_T, _E = department_cases_table.c, connector_events_table.c


def _content(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    return dict(tx.cipher.decrypt_json(row.content, f"department_cases:content:{row.id}"))


def _content_values(tx: Transaction, one: DepartmentCase) -> dict[str, Any]:
    record = None if one.record is None else dict(one.record)
    content = {"inputs": dict(one.inputs), "number": one.number, "record": record}
    index = tx.cipher.blind_index(_purpose(one.system), one.number) if one.number else None
    return {
        "content": tx.cipher.encrypt_json(content, f"department_cases:content:{one.id}"),
        "number_index": index,
    }


_CASES = Records(
    DepartmentCase,
    department_cases_table,
    "the case",
    apart=("inputs", "number", "record"),
    read=_content,
    write=_content_values,
)
add, get, by_ids = _CASES.insert, _CASES.get, _CASES.by_ids
of_applications = _CASES.groups_reader_by(_T.application_id, _T.application_id, _T.created_at, _T.id)
"""The cases of each application, the oldest first."""
of_citizens = _CASES.groups_reader_by(_T.citizen_id, _T.citizen_id, _T.created_at.desc(), _T.id.desc())
"""The cases of each citizen, the latest first."""
of_clearances = _CASES.groups_reader_by(_T.clearance_id, _T.clearance_id)
"""What was asked about each clearance."""


async def save(tx: Transaction, case: DepartmentCase, *before: DepartmentCaseState) -> bool:
    """Write a case over itself; False where it is in none of the states before any more."""
    here = (_T.id == case.id, _T.state.in_([one.value for one in before]))
    statement = sa.update(department_cases_table).where(*here).values(_CASES.values(tx, case))
    return (await tx.connection.execute(statement.returning(_T.id))).first() is not None


async def of_citizen(tx: Transaction, citizen_id: str, system: str, kind: str) -> list[DepartmentCase]:
    """The cases of a kind that a system has of a citizen, the latest first."""
    rows = sa.select(department_cases_table).where(_T.citizen_id == citizen_id, _T.system == system, _T.kind == kind)
    return await _CASES.select_all(tx, rows.order_by(_T.created_at.desc(), _T.id.desc()))


async def to_be_asked(tx: Transaction, now: datetime, limit: int) -> list[DepartmentCase]:
    """Cases about which a system is to be asked again by now, the longest due first."""
    rows = sa.select(department_cases_table).where(_T.next_at <= now).order_by(_T.next_at, _T.id).limit(limit)
    return await _CASES.select_all(tx, rows)


async def uncertain(tx: Transaction, limit: int) -> list[DepartmentCase]:
    """Cases of which nobody can tell whether they arrived, the oldest first."""
    waits = _T.state == DepartmentCaseState.UNCERTAIN.value
    return await _CASES.select_all(
        tx, sa.select(department_cases_table).where(waits).order_by(_T.created_at, _T.id).limit(limit)
    )


async def note_event(tx: Transaction, system: str, event: str) -> bool:
    """Keep the id of a notice of a system; False where it was there before."""
    row = {"system": system, "event": event, "at": tx.clock.now()}
    adding = insert_into(tx, connector_events_table).values(row).on_conflict_do_nothing()
    return (await tx.connection.execute(adding.returning(_E.event))).first() is not None


async def forget_events(tx: Transaction, before: datetime) -> None:
    """Delete the ids of notices from before an instant; one that came again after that would only have us ask again."""
    await tx.connection.execute(sa.delete(connector_events_table).where(_E.at < before))


async def ask_now(tx: Transaction, system: str, number: str) -> bool:
    """Have the system asked at once about the case with its number; False where none is followed."""
    indexes = tx.cipher.blind_indexes(_purpose(system), number)
    here = (_T.system == system, _T.number_index.in_(indexes), _T.next_at.is_not(None))
    statement = sa.update(department_cases_table).where(*here).values(next_at=tx.clock.now())
    return (await tx.connection.execute(statement.returning(_T.id))).first() is not None


def _purpose(system: str) -> str:
    return f"department_case:{system}"


async def claim(tx: Transaction, case: DepartmentCase, until: datetime) -> bool:
    """Keep others from asking about a case for a while; False where another process has taken it."""
    here = (_T.id == case.id, _T.next_at == case.next_at)
    statement = sa.update(department_cases_table).where(*here).values(next_at=until)
    return (await tx.connection.execute(statement.returning(_T.id))).first() is not None


async def clearances_without_case(tx: Transaction, departments: Collection[str], limit: int) -> list[Clearance]:
    """Clearances that these departments owe and about which their system was not asked yet, the oldest first."""
    owed = clearances_table.c
    asked = sa.exists().where(_T.clearance_id == owed.id)
    here = (owed.state == ClearanceState.ASKED.value, owed.department.in_(sorted(departments)), ~asked)
    ids = sa.select(owed.id).where(*here).order_by(owed.asked_at, owed.id).limit(limit)
    found = [str(row.id) for row in (await tx.connection.execute(ids)).all()]
    return list((await clearances.by_ids(tx, found)).values())
