"""Compares each night the answers given to UMANG with the applications that resulted, service by service."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import structlog

from actions.kernel import Environment
from domain.kernel import IST, ist_date
from domain.umang.umang import ServiceComparison, compare_day
from store import umang
from store.database import Store, Transaction

APPLY = "applyService"
AFTER_MIDNIGHT = timedelta(minutes=10)
"""A day is compared from then on, when its last calls have been answered."""
NO_CALLS = "-"
"""Stands in for the service id of a day without a call."""
LOOK_BACK = timedelta(days=7)
"""For how long a difference raises the alarm unless a later comparison of its day finds none."""

_log = structlog.get_logger(__name__)


async def compare(store: Store, day: date, theirs: Mapping[str, int] | None = None) -> list[ServiceComparison]:
    """Compare one day in India and keep what was found; `theirs` is what UMANG counted, by service id."""
    since = datetime.combine(day, time(), IST).astimezone(UTC)

    async def work(tx: Transaction) -> list[ServiceComparison]:
        found = compare_day(day, await umang.filings(tx, since, since + timedelta(days=1), APPLY), theirs)
        await umang.save_comparison(tx, found or [ServiceComparison(day, NO_CALLS, 0, 0, None, ())])
        return found

    found = await store.carry_out(work)
    for one in found:
        if one.differences:
            _log.error("umang_counts_differ", day=day.isoformat(), srvid=one.srvid, differences=len(one.differences))
    return found


async def compare_due(env: Environment) -> list[ServiceComparison]:
    """Compare yesterday, once, after midnight has passed; nothing where that was done."""
    yesterday = ist_date(env.clock.now() - AFTER_MIDNIGHT) - timedelta(days=1)
    done = await env.store.read(lambda tx: umang.compared_on(tx, yesterday))
    return [] if done else await compare(env.store, yesterday)


async def count_differences(tx: Transaction) -> dict[str, int]:
    """How many differences each service has within the last week."""
    found: dict[str, int] = {}
    for one in await umang.comparisons(tx, ist_date(tx.clock.now() - LOOK_BACK)):
        if one.differences:
            found[one.srvid] = found.get(one.srvid, 0) + len(one.differences)
    return found
