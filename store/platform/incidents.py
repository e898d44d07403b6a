"""Incidents of the status page, and how often each system was found to answer, by day in India."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa

from domain.kernel import ist_date
from domain.platform.incidents import Incident, SourceDay
from store.database import Key, Records, Transaction, insert_into
from store.database.metadata import metadata, table_of

_TEXTS = ("title", "text", "meanwhile")

incidents_table = table_of(
    Incident,
    "incidents",
    *(sa.Column(f"{text}_{language}", sa.Text, nullable=False) for text in _TEXTS for language in ("hi", "en")),
    sa.Index(None, "began_at"),
    apart=_TEXTS,
)

source_days_table = sa.Table(
    "source_days",
    metadata,
    sa.Column("on_day", sa.Date, primary_key=True),
    sa.Column("source", Key, primary_key=True),
    sa.Column("good", sa.BigInteger, nullable=False),
    sa.Column("bad", sa.BigInteger, nullable=False),
)

_I, _D = incidents_table.c, source_days_table.c
_INCIDENTS = Records(Incident, incidents_table, "the incident")


async def add_looks(tx: Transaction, found: Mapping[str, bool]) -> None:
    """Count one look of today at each system: whether it answered."""
    if not found:
        return
    today = ist_date(tx.clock.now())
    rows = [{"on_day": today, "source": one, "good": int(good), "bad": int(not good)} for one, good in found.items()]
    counted = insert_into(tx, source_days_table).values(rows)
    changes = {name: _D[name] + counted.excluded[name] for name in ("good", "bad")}
    await tx.connection.execute(counted.on_conflict_do_update(index_elements=["on_day", "source"], set_=changes))


async def days_since(tx: Transaction, first: date) -> dict[str, list[SourceDay]]:
    """The days of each system from a day on, the oldest first; a day without a look is not there."""
    found: defaultdict[str, list[SourceDay]] = defaultdict(list)
    rows = await tx.connection.execute(sa.select(source_days_table).where(_D.on_day >= first).order_by(_D.on_day))
    for row in rows.all():
        found[row.source].append(SourceDay(row.on_day, row.good, row.bad))
    return dict(found)


async def forget_days(tx: Transaction, before: date) -> None:
    """Delete the days before one."""
    await tx.connection.execute(sa.delete(source_days_table).where(_D.on_day < before))


async def save(tx: Transaction, incident: Incident) -> None:
    """Keep an incident as it now is."""
    await _INCIDENTS.upsert(tx, [incident], keys=("id",))


async def find(tx: Transaction, incident_id: str) -> Incident | None:
    """The incident with an id, or None."""
    return await _INCIDENTS.find(tx, _I.id == incident_id)


async def incidents_since(tx: Transaction, first: datetime) -> list[Incident]:
    """Those that go on or were over after a moment, the latest first."""
    lasting = sa.or_(_I.ended_at.is_(None), _I.ended_at >= first)
    statement = sa.select(incidents_table).where(lasting).order_by(_I.began_at.desc(), _I.id)
    return await _INCIDENTS.select_all(tx, statement)
