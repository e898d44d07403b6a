"""Limits how many one-time codes are made for one mobile number, and how many are entered wrongly in a day.

The counts are in the store, in the transaction that makes or tries the code: no alias of a document, no second process
and no restart gets round them (docs/reliability.md section 4).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from actions.kernel import Environment, UnitOfWork
from domain.kernel import rate_limited
from store.applications import applications
from store.catalogue import catalogue, centres
from store.database import Transaction
from store.feedback import tracking

WINDOW, DAY = timedelta(hours=1), tracking.LONGEST_WINDOW

MOST_WRONG = 10
"""Wrong codes of a day, about one citizen or by one person who enters them; after them the codes are closed."""

_KIND, _WRONG, _CLOSED = "one_time_code", "wrong_code", "codes_closed"


async def count_code(env: Environment, tx: Transaction, mobile: str, path: tuple[str, ...]) -> None:
    """Count one code for a number, before it is made. Raises Problems with RATE_LIMITED where there were enough."""
    made, since = await tracking.count_try(tx, _KIND, mobile, window=WINDOW)
    if made > env.rules.care.codes_per_number:
        _refuse(tx, since, WINDOW, path)


async def refuse_closed(acting: UnitOfWork, whom: str, path: tuple[str, ...]) -> None:
    """Raise Problems with RATE_LIMITED where codes are closed for a citizen or for whoever asks."""
    for wrong, since in (await tracking.tries_of(acting.tx, _WRONG, _count_keys(acting, whom), window=DAY)).values():
        if wrong >= MOST_WRONG:
            _refuse(acting.tx, since, DAY, path)


async def count_entry(acting: UnitOfWork, whom: str, path: tuple[str, ...]) -> Mapping[str, int]:
    """Count an entry as wrong before it is compared, so that entries at once are counted one after the other.

    `whom` is the citizen's inner key, or the telephone where nobody is known by it. `settle_entry` takes what is
    returned. Raises Problems with RATE_LIMITED where codes are closed for the citizen or for whoever enters them.
    """
    counts = {}
    for who in _count_keys(acting, whom):
        counts[who], since = await tracking.count_try(acting.tx, _WRONG, who, window=DAY)
        if counts[who] > MOST_WRONG:
            _refuse(acting.tx, since, DAY, path)
    return counts


async def settle_entry(acting: UnitOfWork, counts: Mapping[str, int], whom: str, *, right: bool) -> None:
    """Take the count of a right code back; note for the district where a wrong one closed the codes."""
    for who, wrong in counts.items():
        await tracking.settle_try(acting.tx, _WRONG, who, forgiven=right)
        if not right and wrong == MOST_WRONG:
            await tracking.count_try(acting.tx, _CLOSED, await _district_of(acting, whom), window=DAY)


async def closings(tx: Transaction) -> dict[str, int]:
    """By district, how often codes were closed within the last day; "" stands for no district."""
    districts = [one.code for one in await catalogue.districts(tx)]
    found = await tracking.tries_of(tx, _CLOSED, ["", *districts], window=DAY)
    return {district: times for district, (times, _) in found.items()}


def _count_keys(acting: UnitOfWork, whom: str) -> list[str]:
    """The citizen and the person who enters, in one order everywhere, so that two entries never wait for each other."""
    return sorted({whom, acting.actor})


async def _district_of(acting: UnitOfWork, whom: str) -> str:
    """The district of the centre in which codes are entered, else of the citizen's last application; "" for none."""
    centre = await centres.centre_of(acting.tx, acting.subject.person_id or "")
    if centre is not None:
        return centre.district
    filed = await applications.page_of_citizen(acting.tx, whom, limit=1)
    return filed[0].district if filed else ""


def _refuse(tx: Transaction, since: datetime, window: timedelta, path: tuple[str, ...]) -> None:
    raise rate_limited(max(int((since + window - tx.clock.now()).total_seconds()), 1), *path)
