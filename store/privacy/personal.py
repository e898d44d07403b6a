"""Reads a citizen's data table by table, and erases it where no retention rule applies.

Erasing writes over the person's own words and data and leaves the bare record: numbers, states, dates, places.
Audit lines, counters and the ledger hold no personal data, so nothing here touches them. What becomes of each table
is said in store/privacy/personal_rules.py, what of it is handed out in store/privacy/export_rules.py, and which files
go with the data in store/privacy/personal_files.py.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, Table, delete, func, literal, select, tuple_, update
from sqlalchemy.sql import ColumnElement

from domain.appeals.appeals import OPEN as OPEN_APPEALS
from domain.applications.lifecycle import OPEN
from domain.benefits.benefits import PaymentStatus
from domain.certificates.certificates import CertificateStatus
from store.database import AnyRow, Transaction, change_feed, first_row, sealed_columns
from store.privacy.export_rules import HANDED_OUT
from store.privacy.personal_rules import DELETED, ERASED, PLAIN, TEXTS, THROUGH, VALUES, person_tables
from store.tables import metadata

FINAL_PAYMENTS = (
    PaymentStatus.CREDITED,
    PaymentStatus.RETURNED,
    PaymentStatus.REISSUED,
    PaymentStatus.BENEFICIARY_REJECTED,
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table; `after` goes on behind them, None where there are no more."""

    rows: tuple[Mapping[str, Any], ...]
    after: str | None


async def rows_of_person(tx: Transaction, name: str, citizen_id: str, *, after: str | None, limit: int) -> Rows:
    """What of one table is hers to read, opened, in the order of its key.

    Raises KeyError for another table, ValueError for an `after` that is no place in it.
    """
    table = person_tables()[name].table
    keys = list(table.primary_key.columns)
    statement = _of_person(table, citizen_id).order_by(*keys).limit(limit + 1)
    if after is not None:
        place = json.loads(after)
        if not isinstance(place, list) or len(place) != len(keys):
            raise ValueError("not a place in this table")
        there = (literal(value, key.type) for key, value in zip(keys, place, strict=True))
        statement = statement.where(tuple_(*keys) > tuple_(*there))
    found = (await tx.connection.execute(statement)).all()
    shown = tuple(_readable_row(tx, table, row) for row in found[:limit])
    more = len(found) > limit
    last = [getattr(found[limit - 1], key.name) for key in keys] if more else None
    return Rows(shown, json.dumps(last) if last is not None else None)


async def erasure_blockers(tx: Transaction, citizen_id: str) -> dict[str, int]:
    """What must come to its end before the citizen can be erased: how many of each kind; empty where nothing."""
    tables = metadata.tables
    open_states: Mapping[str, tuple[str, ColumnElement[bool]]] = {
        "applications": ("applications", tables["applications"].c.status.in_([status.value for status in OPEN])),
        "payments": ("instalments", tables["instalments"].c.status.not_in([status.value for status in FINAL_PAYMENTS])),
        "appeals": ("appeals", tables["appeals"].c.state.in_([state.value for state in OPEN_APPEALS])),
        "grievances": ("grievances", tables["grievances"].c.closed_at.is_(None)),
    }
    counted: dict[str, int] = {}
    for name, (table, is_open) in open_states.items():
        statement = select(func.count()).where(tables[table].c.citizen_id == citizen_id, is_open)
        many = int((await tx.connection.execute(statement)).scalar_one())
        if many:
            counted[name] = many
    awaited = await _awaited_corrections(tx, citizen_id)
    return counted | ({"corrections": awaited} if awaited else {})


async def _awaited_corrections(tx: Transaction, citizen_id: str) -> int:
    """Certificates of the citizen whose corrections are being made, from what an erasure would take away."""
    ended, held = metadata.tables["certificate_endings"], metadata.tables["certificates"]
    joined = select(func.count()).join_from(ended, held, held.c.id == ended.c.certificate_id)
    awaited = (ended.c.status == CertificateStatus.CORRECTED.value, ended.c.successor_id.is_(None))
    return int((await tx.connection.execute(joined.where(held.c.citizen_id == citizen_id, *awaited))).scalar_one())


async def erase(tx: Transaction, citizen_id: str) -> dict[str, int]:
    """Erase the citizen's personal data and return how many rows of each table changed."""
    changed: dict[str, int] = {}
    for name, column in DELETED.items():
        table = metadata.tables[name]
        gone = delete(table).where(table.c[column] == citizen_id).returning(*table.primary_key.columns)
        changed[name] = len((await tx.connection.execute(gone)).all())
    for name in sorted(TEXTS.keys() | VALUES.keys() | PLAIN.keys()):
        changed[name] = await _blank_table(tx, metadata.tables[name], citizen_id)
    if any(changed.values()):
        await change_feed.touch_all_of(tx, citizen_id)
    sessions = metadata.tables["sessions"]
    ending = update(sessions).where(sessions.c.person_id == citizen_id, sessions.c.revoked_at.is_(None))
    await tx.connection.execute(ending.values(revoked_at=tx.clock.now()))
    return {name: many for name, many in changed.items() if many}


async def holds_more_than(tx: Transaction, citizen_id: str, tables: Collection[str]) -> bool:
    """Whether anything of a citizen is stored outside these tables."""
    for name, column in person_tables().items():
        if name in tables:
            continue
        if await first_row(tx, _of_person(column.table, citizen_id).limit(1)) is not None:
            return True
    return False


async def _blank_table(tx: Transaction, table: Table, citizen_id: str) -> int:
    changed = 0
    key = next(iter(table.primary_key.columns))
    for row in (await tx.connection.execute(_of_person(table, citizen_id))).all():
        values = _blank(tx, table, row)
        if values:
            await tx.connection.execute(update(table).where(key == getattr(row, key.name)).values(values))
            changed += 1
    return changed


def _of_person(table: Table, citizen_id: str) -> Select[Any]:
    column = person_tables()[table.name]
    if table.name not in THROUGH:
        return select(table).where(column == citizen_id)
    owner = metadata.tables[THROUGH[table.name][1]]
    hers = person_tables()[owner.name]
    mine = select(next(iter(owner.primary_key.columns))).where(hers == citizen_id)
    return select(table).where(column.in_(mine))


def _blank(tx: Transaction, table: Table, row: AnyRow) -> dict[str, Any]:
    """The changes that erase a row; none where it is erased already."""
    values: dict[str, Any] = {
        name: blank for name, blank in PLAIN.get(table.name, {}).items() if getattr(row, name) not in (blank, None)
    }
    for name in TEXTS.get(table.name, ()):
        sealed = getattr(row, name)
        place = _cell_name(table, row, name)
        if sealed is not None and table.c[name].nullable:
            values[name] = None
        elif sealed is not None and tx.cipher.decrypt(sealed, place) != ERASED.encode():
            values[name] = tx.cipher.encrypt(ERASED.encode(), place)
    if table.name in VALUES:
        name, blank = VALUES[table.name]
        place = _cell_name(table, row, name)
        old = tx.cipher.decrypt_json(getattr(row, name), place)
        if (new := blank(old)) != old:
            values[name] = tx.cipher.encrypt_json(new, place)
    return values


def _readable_row(tx: Transaction, table: Table, row: AnyRow) -> dict[str, Any]:
    sealed, shown = set(sealed_columns(table)), HANDED_OUT.get(table.name, frozenset())
    return {
        column.name: _decrypt_column(tx, table, row, column.name) if column.name in sealed else _plain(row, column.name)
        for column in table.columns
        if column.name in shown and getattr(row, column.name) is not None
    }


def _decrypt_column(tx: Transaction, table: Table, row: AnyRow, name: str) -> Any:
    text = tx.cipher.decrypt(getattr(row, name), _cell_name(table, row, name)).decode()
    return json.loads(text) if name not in TEXTS.get(table.name, ()) else text


def _plain(row: AnyRow, name: str) -> Any:
    value = getattr(row, name)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _cell_name(table: Table, row: AnyRow, column: str) -> str:
    return f"{table.name}:{column}:{getattr(row, next(iter(table.primary_key.columns)).name)}"
