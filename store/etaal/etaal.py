"""Exchange with e-Taal: services under its codes, figures that it pulled, figures that the gateway sent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Date, Integer, Table, Text, func, select, update

from domain.etaal.counting import MAPPED, NOT_STARTED, UNMAPPED, CorrectionReason, EnrolledService
from store.database import Instant, Json, Key, Records, Transaction, first_row, insert_new
from store.database.metadata import metadata, table_of
from store.etaal.ledger import counted_services, days_of_service, days_table, ledger_table

services_table = table_of(
    EnrolledService,
    "etaal_services",
    Column("service_code", Key, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("standard_service", Text),
    Column("set_by", Key, nullable=False),
    Column("set_at", Instant, nullable=False),
)

codes_table = Table(
    "etaal_codes", metadata, Column("service_code", Key, primary_key=True), Column("etaal_code", Key, nullable=False)
)
"""Where releases before revision 0020 look for codes; this one does not."""

pulls_table = Table(
    "etaal_pulls",
    metadata,
    Column("day", Date, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("rows_hash", Key, nullable=False),
    Column("first_at", Instant, nullable=False),
)

pushes_table = Table(
    "etaal_pushes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("state", Key, nullable=False),
    Column("total", BigInteger),
    Column("rows_hash", Key),
    Column("batch_id", Key),
    Column("rejected", Json),
    Column("queued_at", Instant, nullable=False),
    Column("settled_at", Instant),
)

_S, _PULL, _PUSH = services_table.c, pulls_table.c, pushes_table.c
QUEUED, ACCEPTED, SUPERSEDED = "QUEUED", "ACCEPTED", "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class ReportedDay:
    """What e-Taal has of a day: which revision, its total, and a hash of the rows. None where it has nothing."""

    revision: int
    total: int | None
    rows_hash: str | None
    state: str = ACCEPTED
    rejected: tuple[Mapping[str, str], ...] = ()


_SERVICES = Records(EnrolledService, services_table, "the service")
of_service = _SERVICES.list_reader_by(_S.service_code, _S.starts_on)
"""The codes of one service, the earliest start first."""
under_code = _SERVICES.list_reader_by(_S.etaal_code)
"""The services that stand under a code of e-Taal."""


async def enrolled_services(tx: Transaction) -> list[EnrolledService]:
    """Every service under its codes, by service and start date."""
    statement = select(services_table).order_by(_S.service_code, _S.starts_on)
    return await _SERVICES.select_all(tx, statement)


async def standings(tx: Transaction, pairs: Collection[tuple[str, date]]) -> dict[tuple[str, date], str]:
    """What the rows of each service and day bear: e-Taal's code in force then, UNMAPPED, or NOT_STARTED."""
    codes = {code for code, _ in pairs}
    statement = select(services_table).order_by(_S.service_code, _S.starts_on)
    known = await _SERVICES.groups(tx, statement, _S.service_code, sorted(codes))
    return {(code, day): _standing_on(known.get(code, ()), day) for code, day in pairs}


async def enrol(tx: Transaction, service: EnrolledService, *, by: str) -> int:
    """As `enrol_all`, for one service."""
    return await enrol_all(tx, [service], by=by)


async def enrol_all(tx: Transaction, services: Sequence[EnrolledService], *, by: str) -> int:
    """Put services under codes of e-Taal from their days on; returns how many days with counts are thereby revised.

    Each of those days gets a row of its own in the ledger, so that its revision grows and says why.
    """
    await _SERVICES.upsert(tx, services, keys=("service_code", "starts_on"), set_by=by, set_at=tx.clock.now())
    counted = await counted_services(tx, {service.service_code for service in services})
    return sum([await _revise(tx, service_code) for service_code in sorted(counted)])


async def _revise(tx: Transaction, service_code: str) -> int:
    known = await of_service(tx, service_code)
    now = tx.clock.now()
    revised = 0
    for day, before in await days_of_service(tx, service_code):
        stands = _standing_on(known, day)
        if stands == before:
            continue
        row = {
            "event_key": f"{MAPPED}:{service_code}:{day.isoformat()}:{stands}:{now.isoformat()}",
            "event": MAPPED,
            "day": day,
            "service_code": service_code,
            "district": "",
            "channel": "",
            "category": "",
            "count": 0,
            "rules_version": "",
            "recorded_at": now,
            "reason": CorrectionReason.SERVICE_MAPPED.value,
        }
        revised += await insert_new(tx, ledger_table, row)
    return revised


def _standing_on(known: Collection[EnrolledService], day: date) -> str:
    begun = [each for each in known if each.starts_on <= day]
    if begun:
        return str(max(begun, key=lambda each: each.starts_on).standing)
    return NOT_STARTED if known else UNMAPPED


async def note_pull(tx: Transaction, day: date, reported: ReportedDay) -> bool:
    """Note that e-Taal pulled a day at a revision; False where it received other rows under that revision before."""
    values = {"day": day, "revision": reported.revision, "total": reported.total, "rows_hash": reported.rows_hash}
    if await insert_new(tx, pulls_table, values | {"first_at": tx.clock.now()}):
        return True
    return await pull_of(tx, day, reported.revision) == reported


async def pull_of(tx: Transaction, day: date, revision: int) -> ReportedDay | None:
    """What e-Taal pulled of a day at a revision."""
    row = await first_row(tx, select(pulls_table).where(_PULL.day == day, _PULL.revision == revision))
    return ReportedDay(row.revision, row.total, row.rows_hash) if row else None


async def last_pull(tx: Transaction, day: date) -> ReportedDay | None:
    """What e-Taal last pulled of a day."""
    statement = select(pulls_table).where(_PULL.day == day).order_by(_PULL.revision.desc()).limit(1)
    row = await first_row(tx, statement)
    return ReportedDay(row.revision, row.total, row.rows_hash) if row else None


async def last_push(tx: Transaction, day: date) -> ReportedDay | None:
    """The last revision of a day that was to be sent, and what became of it."""
    statement = select(pushes_table).where(_PUSH.day == day).order_by(_PUSH.revision.desc()).limit(1)
    row = await first_row(tx, statement)
    return ReportedDay(row.revision, row.total, row.rows_hash, row.state, tuple(row.rejected or ())) if row else None


async def to_push(tx: Transaction, first_day: date, last_day: date, limit: int) -> list[tuple[date, int]]:
    """Days of a range whose present revision was not put to be sent yet, the oldest first."""
    sent = select(_PUSH.day, func.max(_PUSH.revision).label("revision")).group_by(_PUSH.day).subquery()
    days = days_table.c
    statement = (
        select(days.day, days.revision)
        .outerjoin(sent, sent.c.day == days.day)
        .where(days.day.between(first_day, last_day), days.revision > func.coalesce(sent.c.revision, 0))
        .order_by(days.day)
        .limit(limit)
    )
    return [(row.day, row.revision) for row in (await tx.connection.execute(statement)).all()]


async def queue_push(tx: Transaction, day: date, revision: int) -> bool:
    """Note that a revision is to be sent, once; False where it was noted before."""
    values = {"day": day, "revision": revision, "state": QUEUED, "queued_at": tx.clock.now()}
    return await insert_new(tx, pushes_table, values)


async def push_state(tx: Transaction, day: date, revision: int) -> str | None:
    """What became of a revision that was to be sent; None where none was."""
    row = await first_row(tx, select(_PUSH.state).where(_PUSH.day == day, _PUSH.revision == revision))
    return row.state if row else None


async def settle_push(tx: Transaction, day: date, reported: ReportedDay, batch_id: str | None) -> None:
    """Note what became of a revision that was sent."""
    values = {
        "state": reported.state,
        "total": reported.total,
        "rows_hash": reported.rows_hash,
        "batch_id": batch_id,
        "rejected": [dict(each) for each in reported.rejected],
        "settled_at": tx.clock.now(),
    }
    statement = update(pushes_table).where(_PUSH.day == day, _PUSH.revision == reported.revision)
    await tx.connection.execute(statement.values(values))


async def close(tx: Transaction, day: date, at: datetime) -> tuple[int, str] | None:
    """Close a day at its present revision, once; gives that and its link, read together: a sealer may be at work.

    None where it has no rows, or was closed before.
    """
    days = days_table.c
    statement = update(days_table).where(days.day == day, days.closed_at.is_(None))
    closing = statement.values(closed_revision=days.revision, closed_at=at).returning(days.revision, days.link)
    row = (await tx.connection.execute(closing)).one_or_none()
    return (row.revision, row.link) if row else None
