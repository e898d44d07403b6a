"""Seals the ledger of e-transactions: numbers, links and totals the rows of each day, one sealer at a time.

Each link is the SHA-256 of the link before and of everything that the row says, so a row that was changed,
removed or slipped in breaks the chain of its day (docs/etaal.md says how a stranger recomputes it).
"""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal, or_, select, update

from domain.etaal.counting import MAPPED, UNMAPPED
from store.database import AnyRow, Store, Transaction, canonical_json, insert_into, pages
from store.etaal.etaal import standings
from store.etaal.ledger import PLACE, ROW, SealedDay, day_totals_table, days_table, ledger_table, sealed_days

GENESIS = "0" * 64
"""What the first row of a day is linked to."""

BATCH = 1_000
_SEALER_LOCK = 0x41504554
_L, _D = ledger_table.c, day_totals_table.c
_WAITING = select(_L.event_key).where(_L.sequence.is_(None)).limit(1)


async def seal(store: Store) -> int:
    """Seal every committed row that waits; returns how many. May be run by any number of processes."""
    async with store.read_transaction() as tx:  # takes no lock: each second, and nearly always nothing waits
        if (await tx.connection.execute(_WAITING)).first() is None:
            return 0
    return await store.carry_out_batches(seal_batch, BATCH)


async def seal_batch(tx: Transaction) -> int:
    """Seal at most BATCH rows, those of the oldest days first."""
    if tx.dialect == "postgresql":
        await tx.connection.execute(select(func.pg_advisory_xact_lock(literal(_SEALER_LOCK))))
    statement = select(*ROW).where(_L.sequence.is_(None)).order_by(_L.day, _L.recorded_at, _L.event_key)
    rows = (await tx.connection.execute(statement.limit(BATCH))).all()
    if not rows:
        return 0
    stands = await standings(tx, {(row.service_code, row.day) for row in rows})
    days = {each.day: each for each in await sealed_days(tx, rows[0].day, rows[-1].day)}
    by_day: dict[date, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row)
    for day, several in by_day.items():
        await _seal_day(tx, days.get(day), several, stands)
    return len(rows)


async def _seal_day(
    tx: Transaction, head: SealedDay | None, rows: Sequence[AnyRow], stands: Mapping[tuple[str, date], str]
) -> None:
    day = rows[0].day
    revision, link = (head.revision, head.link) if head else (0, GENESIS)
    marks = []
    for row in rows:
        revision += 1
        bears = stands[row.service_code, day]
        link = link_of(link, row_content(row, revision, bears))
        marks.append({"key": row.event_key, "number": revision, "bears": bears, "linked": link})
    numbering = update(ledger_table).where(_L.event_key == bindparam("key"))
    numbering = numbering.values(sequence=bindparam("number"), stands=bindparam("bears"), link=bindparam("linked"))
    await tx.connection.execute(numbering, marks)
    if await _in_step(tx, day, head):
        await _add_up(tx, rows, stands)
    else:
        await _add_up_anew(tx, day)
    for service in sorted({row.service_code for row in rows}):
        await _restamp(tx, day, service, stands[service, day])
    total = (head.total if head else 0) + sum(row.amount for row in rows)
    values = {"day": day, "revision": revision, "link": link, "total": total, "sealed_at": tx.clock.now()}
    adding = insert_into(tx, days_table).values(values)
    await tx.connection.execute(adding.on_conflict_do_update(index_elements=["day"], set_=values))


async def _add_up(tx: Transaction, rows: Sequence[AnyRow], stands: Mapping[tuple[str, date], str]) -> None:
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.event != MAPPED:
            place = sums[tuple(getattr(row, name) for name in PLACE)]
            place[0] += row.amount
            place[1] += 1
    if not sums:
        return
    values = [
        {
            **dict(zip(PLACE, place, strict=True)),
            "total": total,
            "entries": entries,
            "stands": stands[place[1], place[0]],
        }
        for place, (total, entries) in sums.items()
    ]
    statement = insert_into(tx, day_totals_table)
    grown = {name: _D[name] + statement.excluded[name] for name in ("total", "entries")}
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=list(PLACE), set_=grown), values)


async def _in_step(tx: Transaction, day: date, head: SealedDay | None) -> bool:
    """Whether the sums are those of the rows that were sealed before; a release before this one adds to both itself."""
    entries = select(func.coalesce(func.sum(_D.entries), 0)).where(_D.day == day)
    mapped = select(func.count()).where(_L.day == day, _L.reason.is_not(None), _L.event == MAPPED)
    # Rows of this batch have their number by now, which distinguishes those that only map from the earlier ones.
    before = head.revision if head else 0
    mappings = int((await tx.connection.execute(mapped.where(_L.sequence <= before))).scalar_one())
    return int((await tx.connection.execute(entries)).scalar_one()) == before - mappings


async def _add_up_anew(tx: Transaction, day: date) -> None:
    await tx.connection.execute(delete(day_totals_table).where(_D.day == day))
    place = [_L[name] for name in PLACE]
    sums = select(*place, func.sum(_L["count"]), func.count(), func.max(_L.stands))
    sealed = sums.where(_L.day == day, _L.sequence.is_not(None), _L.event != MAPPED).group_by(*place)
    adding = insert(day_totals_table).from_select([*PLACE, "total", "entries", "stands"], sealed)
    await tx.connection.execute(adding)


async def _restamp(tx: Transaction, day: date, service: str, bears: str) -> None:
    """All counts of a service on a day have the code of its last row."""
    other = or_(_D.stands.is_(None), _D.stands != bears)
    statement = update(day_totals_table).where(_D.day == day, _D.service_code == service, other)
    await tx.connection.execute(statement.values(stands=bears))


def row_content(row: Any, sequence: int, stands: str) -> dict[str, Any]:
    """Everything that a row says, as it is exported and hashed. Events go by their hash, so that nobody is named."""
    return {
        "sequence": sequence,
        "day": row.day.isoformat(),
        "event": row.event,
        "service": row.service_code,
        "district": row.district,
        "channel": row.channel,
        "category": row.category,
        "count": row.amount,
        "rules": row.rules_version,
        "recordedAt": row.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "key": _hash(row.event_key),
        "corrects": _hash(row.corrects) if row.corrects else None,
        "reason": row.reason,
        "stands": stands,
    }


def link_of(before: str, said: Mapping[str, Any]) -> str:
    """SHA-256 over the link before and the canonical JSON of what the row says."""
    return _hash(f"{before}{canonical_json(dict(said))}")


async def export_rows(tx: Transaction, day: date) -> AsyncIterator[dict[str, Any]]:
    """The sealed rows of a day in their order, each with its link."""
    statement = select(*ROW).where(_L.day == day, _L.sequence.is_not(None))
    async for row in pages(tx, statement, _L.sequence, BATCH):
        yield {**row_content(row, row.sequence, row.stands or UNMAPPED), "link": row.link}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
