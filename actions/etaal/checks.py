"""Compares the ledger of e-transactions with what e-Taal last pulled and was last sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import structlog

from actions.etaal.counts import rows_hash, told_to_etaal
from actions.etaal.etaal_rounds import ClosedDay
from actions.kernel import Environment
from store.database import Transaction
from store.etaal import etaal, ledger

_log = structlog.get_logger(__name__)


class Step(StrEnum):
    """How what e-Taal has of a day stands to the ledger."""

    IN_STEP = "IN_STEP"
    BEHIND = "BEHIND"
    """It has an earlier revision."""
    NEVER = "NEVER"
    WAITING = "WAITING"
    """It is in the outbox."""
    IN_PART = "IN_PART"
    """It did not take every row."""
    OTHER = "OTHER"
    """The same revision with other rows, which must not be."""


@dataclass(frozen=True, slots=True)
class DayCompared:
    """One day: the ledger's revision and total, and how the pull and the push stand to it.

    `services` are e-Taal's codes whose count differs from the one that e-Taal has, with by how much.
    """

    day: date
    revision: int
    total: int
    pulled: Step
    pulled_revision: int | None
    pushed: Step
    pushed_revision: int | None
    services: tuple[tuple[str, int], ...]


async def compare(env: Environment, first_day: date, last_day: date) -> list[DayCompared]:
    """Every day of a range that has counts, the oldest first."""
    async with env.store.read_transaction() as tx:
        return [await _day(tx, each) for each in await ledger.sealed_days(tx, first_day, last_day)]


async def compare_nightly(env: Environment, closed: Sequence[ClosedDay]) -> None:
    """Log how the closed days stand to what e-Taal has: one line, and one for each day that differs."""
    compared = await compare(env, closed[0].day, closed[-1].day)
    for day in compared:
        wrong = Step.OTHER in {day.pulled, day.pushed}
        if wrong or day.services:
            log = _log.error if wrong else _log.warning
            how = {"pulled": day.pulled.value, "pushed": day.pushed.value, "services": len(day.services)}
            log("etaal.day_differs", day=day.day.isoformat(), revision=day.revision, **how)
    in_step = sum(day.pulled is Step.IN_STEP or day.pushed is Step.IN_STEP for day in compared)
    _log.info("etaal.days_compared", days=len(compared), in_step=in_step)


async def _day(tx: Transaction, day: ledger.SealedDay) -> DayCompared:
    rows = told_to_etaal(await ledger.counts_on(tx, day.day))
    pull, push = await etaal.last_pull(tx, day.day), await etaal.last_push(tx, day.day)
    now = rows_hash(rows)
    known = [told.revision for told in (pull, push) if told is not None and told.rows_hash is not None]
    differences: tuple[tuple[str, int], ...] = ()
    if known and max(known) != day.revision:
        before = told_to_etaal(await ledger.counts_at(tx, day.day, max(known)))
        sums: Counter[str] = Counter()
        for sign, several in ((1, rows), (-1, before)):
            for row in several:
                sums[row.service_code] += sign * row.count
        differences = tuple(sorted((code, by) for code, by in sums.items() if by))
    return DayCompared(
        day=day.day,
        revision=day.revision,
        total=sum(row.count for row in rows),
        pulled=_step(pull, day.revision, now),
        pulled_revision=pull.revision if pull else None,
        pushed=_step(push, day.revision, now),
        pushed_revision=push.revision if push else None,
        services=differences,
    )


def _step(reported: etaal.ReportedDay | None, revision: int, now: str) -> Step:
    if reported is None:
        return Step.NEVER
    if reported.state == etaal.QUEUED:
        return Step.WAITING
    if reported.revision != revision:
        return Step.BEHIND
    if reported.rows_hash != now:
        return Step.OTHER
    return Step.IN_PART if reported.rejected else Step.IN_STEP
