"""Checks the ledger of e-transactions: each day's chain is intact and agrees with its totals and its closing."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

from sqlalchemy import exists, literal, not_, select

from domain.applications.lifecycle import Move
from domain.etaal.counting import MAPPED, UNMAPPED, CorrectionReason, CountingEvent
from domain.etaal.counting_rules import rules_named
from store.applications.timeline import timeline_table
from store.checks.finding import PAGE, Finding, in_turn
from store.database import AnyRow, Transaction, audit, pages, row_pages, rows_of
from store.etaal.ledger import AMOUNT, PLACE, REVERSED, day_totals_table, days_table, event_key, ledger_table
from store.etaal.ledger_seal import GENESIS, export_rows, link_of

CLOSED = "etaal.day_closed"
"""The action of the audit line that keeps the link with which a day was closed; a test compares it."""

_L, _D, _DAY, _T = ledger_table.c, day_totals_table.c, days_table.c, timeline_table.c


async def transaction_ledger(tx: Transaction) -> AsyncIterator[Finding]:
    """Chains, sums and closings of all days, then corrections and rules of all rows."""
    days = {row.day: row for row in (await tx.connection.execute(select(days_table))).all()}
    told = {row.day for row in (await tx.connection.execute(select(_D.day).distinct())).all()}
    numbered = select(_L.day).where(_L.sequence.is_not(None)).distinct()
    seen = {row.day for row in (await tx.connection.execute(numbered)).all()}
    for day in sorted(days.keys() | told | seen):
        async for code in _day(tx, day, days.get(day)):
            yield Finding(code, f"e_transactions:{day.isoformat()}")
    async for finding in in_turn(_closed_as_told(tx), _corrections(tx), _by_the_rules(tx)):
        yield finding


async def _day(tx: Transaction, day: date, head: AnyRow | None) -> AsyncIterator[str]:
    link, number, total = GENESIS, 0, 0
    sums: Counter[tuple[Any, ...]] = Counter()
    entries: Counter[tuple[Any, ...]] = Counter()
    stands: dict[str, str] = {}
    broken = False
    async for said in export_rows(tx, day):
        number += 1
        kept = said.pop("link")
        link = link_of(link, said)
        broken = broken or said["sequence"] != number or kept != link
        total += said["count"]
        stands[said["service"]] = said["stands"]
        if said["event"] != MAPPED:
            place = (day, said["service"], said["district"], said["channel"], said["category"])
            sums[place] += said["count"]
            entries[place] += 1
    if broken or head is None or (head.revision, head.link) != (number, link):
        yield "DAY_CHAIN_IS_BROKEN"
    kept_sums = {
        tuple(getattr(row, name) for name in PLACE): (row.total, row.entries, row.stands or UNMAPPED)
        for row in (await tx.connection.execute(select(day_totals_table).where(_D.day == day))).all()
    }
    added = {place: (sums[place], entries[place], stands[place[1]]) for place in entries}
    if kept_sums != added or (head is not None and head.total != total):
        yield "DAY_TOTAL_IS_NOT_THE_LEDGER"


async def _closed_as_told(tx: Transaction) -> AsyncIterator[Finding]:
    """The audit log keeps the link of each closing, so that a chain cannot be written anew from its start."""
    lines = audit.audit_lines_table
    told = select(lines.c.id, lines.c.object_id, lines.c.detail).where(lines.c.action == CLOSED)
    closed: set[str] = set()
    async for row in pages(tx, told, lines.c.id, PAGE):
        closed.add(row.object_id)
        day, number = date.fromisoformat(row.object_id), row.detail["revision"]
        found = select(_L.link).where(_L.day == day, _L.sequence == number)
        if (await tx.connection.execute(found)).scalar_one_or_none() != row.detail["link"]:
            yield Finding("CLOSED_DAY_IS_ANOTHER", f"e_transactions:{row.object_id}")
    kept = select(_DAY.day).where(_DAY.closed_at.is_not(None))
    for row in (await tx.connection.execute(kept)).all():
        if row.day.isoformat() not in closed:
            yield Finding("DAY_CLOSED_WITHOUT_RECORD", f"e_transactions:{row.day.isoformat()}")


async def _corrections(tx: Transaction) -> AsyncIterator[Finding]:
    """Each takes back the whole of one earlier row on its place and day; a revocation of what was counted has one."""
    columns = (*(_L[name] for name in PLACE), _L.event_key, _L.corrects, AMOUNT)
    taken = select(*columns).where(_L.corrects.is_not(None))
    async for rows in row_pages(tx, taken, (_L.event_key,), PAGE):
        first = {row.event_key: row for row in await rows_of(tx, select(*columns), _L.event_key, _corrected_keys(rows))}
        for row in rows:
            before = first.get(row.corrects)
            same = before is not None and all(getattr(row, name) == getattr(before, name) for name in PLACE)
            if before is None or not same or row.amount != -before.amount or row.event_key != _key_of(row.corrects):
                yield Finding("CORRECTION_OF_NOTHING", f"e_transactions:{row.day.isoformat()}")
    delivered, reversal = ledger_table.alias("delivered"), ledger_table.alias("reversal")
    key = literal(event_key(CountingEvent.DELIVERED, ""), type_=ledger_table.c.event_key.type)
    revoked = (
        select(_T.application_id)
        .where(_T.move == Move.REVOKE_CERTIFICATE.value)
        .join(delivered, delivered.c.event_key == key + _T.application_id)
        .where(not_(exists().where(reversal.c.corrects == delivered.c.event_key)))
    )
    for row in (await tx.connection.execute(revoked)).all():
        yield Finding("REVOKED_BUT_COUNTED", f"application:{row.application_id}")


def _corrected_keys(rows: Any) -> Iterator[str]:
    return (row.corrects for row in rows)


def _key_of(corrected: str) -> str:
    return f"{REVERSED}:{corrected}"


async def _by_the_rules(tx: Transaction) -> AsyncIterator[Finding]:
    """Every row counts what the version of the rules that it names counts, under that category."""
    kinds = select(_L.event, _L.category, _L.rules_version, _L.reason).distinct()
    for row in (await tx.connection.execute(kinds)).all():
        if row.event == MAPPED:
            if row.reason != CorrectionReason.SERVICE_MAPPED.value:
                yield Finding("ROW_IS_NOT_BY_THE_RULES", f"event:{row.event}")
            continue
        rules = rules_named(row.rules_version)
        known = rules is not None and row.event in set(CountingEvent)
        category = rules.category(CountingEvent(row.event)) if rules is not None and known else None
        if category is None or category.value != row.category:
            yield Finding("ROW_IS_NOT_BY_THE_RULES", f"event:{row.event}")
