"""Reports to DBT Bharat by scheme and month: every revision that was sent, and its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, PrimaryKeyConstraint, func, select, update

from store.database import Key, Records, Transaction, insert_new
from store.database.metadata import table_of

QUEUED, ACCEPTED, SUPERSEDED = "QUEUED", "ACCEPTED", "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class KeptReport:
    """One revision of the report of a scheme and month (`2026-10`)."""

    scheme_code: str
    month: str
    revision: int
    state: str
    fields: Mapping[str, str | None]
    queued_at: datetime
    settled_at: datetime | None


reports_table = table_of(
    KeptReport,
    "dbt_bharat_reports",
    Column("scheme_code", Key, nullable=False),
    Column("month", Key, nullable=False),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("scheme_code", "month", "revision"),
)
_T = reports_table.c


_REPORTS = Records(KeptReport, reports_table, "the report")


async def queue(tx: Transaction, scheme_code: str, month: str, fields: Mapping[str, str | None]) -> int | None:
    """Keep the next revision; gives its number, or None where the last one says the same."""
    last = await latest(tx, scheme_code, month)
    if last is not None and dict(last.fields) == dict(fields):
        return None
    revision = last.revision + 1 if last else 1
    values = {
        "scheme_code": scheme_code,
        "month": month,
        "revision": revision,
        "state": QUEUED,
        "fields": dict(fields),
        "queued_at": tx.clock.now(),
    }
    return revision if await insert_new(tx, reports_table, values) else None


async def get(tx: Transaction, scheme_code: str, month: str, revision: int) -> KeptReport | None:
    """One revision, or None."""
    found = select(reports_table).where(_T.scheme_code == scheme_code, _T.month == month, _T.revision == revision)
    return await _REPORTS.select_first(tx, found)


async def latest(tx: Transaction, scheme_code: str, month: str) -> KeptReport | None:
    """The last revision of a scheme and month, or None."""
    found = select(reports_table).where(_T.scheme_code == scheme_code, _T.month == month)
    return await _REPORTS.select_first(tx, found.order_by(_T.revision.desc()).limit(1))


async def of_month(tx: Transaction, month: str) -> list[KeptReport]:
    """The last revision of every scheme in a month, by scheme."""
    last = select(_T.scheme_code, func.max(_T.revision).label("last")).where(_T.month == month)
    last_of = last.group_by(_T.scheme_code).subquery()
    found = select(reports_table).join(
        last_of, (_T.scheme_code == last_of.c.scheme_code) & (_T.revision == last_of.c.last)
    )
    return await _REPORTS.select_all(tx, found.where(_T.month == month).order_by(_T.scheme_code))


async def last_month(tx: Transaction) -> str | None:
    """The last month (`2026-10`) of which anything was reported, or None."""
    last: str | None = (await tx.connection.execute(select(func.max(_T.month)))).scalar_one()
    return last


async def settle(tx: Transaction, scheme_code: str, month: str, revision: int, state: str) -> None:
    """Note what became of a revision that was sent; the first word stays."""
    waiting = (_T.scheme_code == scheme_code, _T.month == month, _T.revision == revision, _T.state == QUEUED)
    statement = update(reports_table).where(*waiting)
    await tx.connection.execute(statement.values(state=state, settled_at=tx.clock.now()))
