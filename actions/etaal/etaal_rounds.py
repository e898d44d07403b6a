"""The worker's jobs for e-Taal: close days, and send each revision of a past day once."""

from dataclasses import dataclass
from datetime import date, timedelta

import structlog

from actions.etaal.counts import rows_hash, told_to_etaal
from actions.kernel import Environment
from domain.etaal.counting import is_over, is_provisional
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ist_date
from integrations.calling.errors import Refused
from integrations.etaal import OLD_REVISION, Batch
from store.database import Transaction, audit, require_there
from store.etaal import etaal, ledger
from store.etaal.ledger import SealedDay
from store.platform import outbox

PUSH = "etaal.push"
"""The outbox topic of a day's counts that are to be sent."""

CLOSE = "etaal.day_closed"
"""The audit line that keeps the link with which a day was closed, where nobody can write the day anew."""

DAYS_AT_ONCE = 31
CLOSED_AFTER = timedelta(days=3)
"""No day is closed before so many days after it have begun (domain.etaal.counting.closes_at says when exactly)."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day and the revision that it was closed at."""

    day: date
    revision: int


async def close_due(env: Environment, *, by: str = SYSTEM.label, only: date | None = None) -> list[ClosedDay]:
    """Close the days whose window for late events is over, or only that one; each once.

    A closed day changes by a revision with a reason only.
    """
    now = env.clock.now()

    async def due(tx: Transaction) -> list[SealedDay]:
        if only is not None:
            found = await ledger.sealed_day(tx, only)
            return [found] if found is not None and found.closed_at is None else []
        return await ledger.open_days(tx, ist_date(now) - CLOSED_AFTER, DAYS_AT_ONCE)

    async def work(tx: Transaction) -> list[ClosedDay]:
        done = []
        for day in await due(tx):
            if is_provisional(day.day, now) or await ledger.count_unsealed(tx, day.day):
                continue
            closed = await etaal.close(tx, day.day, now)
            if closed is not None:
                revision, link = closed
                about = day.day.isoformat()
                await audit.record(tx, by, CLOSE, ObjectKind.COUNTS, about, Purpose.COUNT, revision=revision, link=link)
                done.append(ClosedDay(day.day, revision))
        return done

    every: list[ClosedDay] = []
    while more := await env.store.carry_out(work):
        every += more
    return every


async def plan_pushes(env: Environment) -> int:
    """Put into the outbox each revision of a day that is over and was not sent yet; returns how many.

    The key is the project, the day and the revision, so however many workers run, each is sent once. A day is sent
    when it is over, as long as it is provisional, and again at each revision after.
    """
    client = env.partners.etaal
    if client is None:
        return 0
    settings = client.settings

    async def work(tx: Transaction) -> int:
        now = env.clock.now()
        today = ist_date(now)
        last = today - timedelta(days=1)
        if not is_over(last, now):
            last -= timedelta(days=1)
        planned = 0
        for day, revision in await etaal.to_push(tx, settings.pushes_from, last, DAYS_AT_ONCE):
            if await etaal.queue_push(tx, day, revision):
                key = f"{settings.project_code}:{day.isoformat()}:{revision}"
                payload = {"day": day.isoformat(), "revision": str(revision)}
                planned += await outbox.add(tx, PUSH, key, payload)
        return planned

    return await env.store.carry_out(work)


async def send_counts(env: Environment, day: date, revision: int) -> None:
    """Send the counts of a day as they were at a revision; may be run again, e-Taal takes one key once.

    Raises Unavailable (the outbox asks again) and Refused. Where e-Taal has a later revision, this one is settled.
    """
    client = require_there(env.partners.etaal, "the way to send counts to e-Taal")
    async with env.store.read_transaction() as tx:
        if await etaal.push_state(tx, day, revision) != etaal.QUEUED:
            return
        rows = tuple(told_to_etaal(await ledger.counts_of(tx, day, revision)))
    told = etaal.ReportedDay(revision, sum(row.count for row in rows), rows_hash(rows))
    batch_id: str | None = None
    try:
        receipt = await client.push(Batch(day, revision, rows))
    except Refused as refused:
        if refused.code != OLD_REVISION:
            raise
        told = etaal.ReportedDay(told.revision, told.total, told.rows_hash, etaal.SUPERSEDED)
    else:
        batch_id = receipt.batch_id
        rejected = tuple({"code": each.code, "service": rows[each.row].service_code} for each in receipt.rejected)
        told = etaal.ReportedDay(told.revision, told.total, told.rows_hash, etaal.ACCEPTED, rejected)
    await env.store.carry_out(lambda tx: _settle(tx, day, told, batch_id))
    log = _log.warning if told.rejected else _log.info
    log("etaal.counts_sent", day=day.isoformat(), revision=revision, state=told.state, rejected=len(told.rejected))


async def _settle(tx: Transaction, day: date, reported: etaal.ReportedDay, batch_id: str | None) -> None:
    await etaal.settle_push(tx, day, reported, batch_id)
    detail = {"revision": reported.revision, "state": reported.state, "rejected": len(reported.rejected)}
    await audit.record(
        tx, SYSTEM.label, "etaal.counts_sent", ObjectKind.COUNTS, day.isoformat(), Purpose.COUNT, **detail
    )
