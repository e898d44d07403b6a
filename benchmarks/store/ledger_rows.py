"""The ledger of e-transactions day by day, numbered, linked and added up as its sealer does it."""

from collections import Counter
from datetime import date
from types import SimpleNamespace
from typing import Any

from benchmarks.store.cases import DAYS, NOW, Case, Population
from benchmarks.store.chunks import Chunk
from domain.applications.lifecycle import Status
from domain.etaal.counting import UNMAPPED, Category, CountingEvent
from domain.etaal.counting_rules import rules_on
from domain.kernel import ist_date
from store.etaal.ledger import PLACE, day_totals_table, days_table, event_key, ledger_table
from store.etaal.ledger_seal import GENESIS, link_of, row_content


def add_day(chunk: Chunk, population: Population, day: int) -> None:
    """What was delivered or refused on one of the days, from 0."""
    many = population.processed
    numbers = range(-(-day * many // DAYS), min(-(-(day + 1) * many // DAYS), many))
    rows = sorted((_row(population.case(number)) for number in numbers), key=_order)
    totals: Counter[tuple[Any, ...]] = Counter()
    link = GENESIS
    for sequence, row in enumerate(rows, 1):
        said = row_content(SimpleNamespace(**row, amount=row["count"]), sequence, UNMAPPED)
        link = link_of(link, said)
        totals[tuple(row[name] for name in PLACE)] += 1
        chunk.add(ledger_table, {**row, "sequence": sequence, "stands": UNMAPPED, "link": link})
    if rows:
        for place, many in sorted(totals.items()):
            sums = {"total": many, "entries": many, "stands": UNMAPPED}
            chunk.add(day_totals_table, dict(zip(PLACE, place, strict=True)) | sums)
        head = {"revision": len(rows), "link": link, "total": len(rows), "sealed_at": NOW}
        chunk.add(days_table, {"day": rows[0]["day"], **head})


def _row(case: Case) -> dict[str, Any]:
    event = CountingEvent.DELIVERED if case.status is Status.DELIVERED else CountingEvent.REJECTED_BY_ORDER
    ended = case.ended_at or NOW
    day = ist_date(ended)
    return {
        "event_key": event_key(event, case.id),
        "event": event.value,
        "day": day,
        "service_code": case.service.code,
        "district": case.district,
        "channel": case.channel.value,
        "category": _category(event, day).value,
        "count": 1,
        "rules_version": rules_on(day).version,
        "recorded_at": ended,
        "corrects": None,
        "reason": None,
    }


def _category(event: CountingEvent, day: date) -> Category:
    category = rules_on(day).category(event)
    if category is None:
        raise ValueError(f"the rules of {day} do not count {event}")
    return category


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["day"], row["recorded_at"], row["event_key"]
