"""Reads the counts of e-transactions for those who may see them and for e-Taal's endpoint."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog

from actions.kernel import Environment, access
from domain.etaal.counting import (
    NOT_STARTED,
    Correction,
    EtaalClass,
    Level,
    PlacedCounts,
    TransactionCount,
    is_provisional,
)
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Role, Subject
from domain.kernel.state import installed_state
from integrations.etaal import ServiceCount, etaal_channel
from store.database import StoreError, Transaction
from store.etaal import etaal, ledger, ledger_seal

E_TAAL = Subject(frozenset({Role.E_TAAL}))
"""Who e-Taal is to the access table, once the endpoint has checked its credentials."""

ALGORITHM = "SHA-256 over the link before and the canonical JSON of the row"
GENESIS = ledger_seal.GENESIS
MOST_CORRECTIONS = 200
"""Corrections of a day that are listed."""

_COUNTS = Resource(ObjectKind.COUNTS)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What is counted of one IST day at a revision. `provisional` while late events may still add to it.

    `link` is that of the last row of the revision, which proves all of them; None before the first row. `waiting`
    is how many rows are not sealed yet, so not reported.
    """

    day: date
    revision: int
    total: int
    provisional: bool
    link: str | None = None
    latest_revision: int = 0
    closed_at: datetime | None = None
    closed_revision: int | None = None
    waiting: int = 0
    corrections: tuple[Correction, ...] = ()


async def transaction_counts(env: Environment, subject: Subject, day: date, revision: int | None = None) -> DayCounts:
    """What is counted of a day, now or as it was at an earlier revision; `placed_counts` gives it by place.

    Raises NOT_FOUND where the subject may not see counts, BAD_INPUT for a revision that there is not,
    NotSignedIn where nobody is signed in.
    """
    async with env.store.read_transaction() as tx:
        await access.require(env, tx, subject, _COUNTS, Purpose.COUNT)
        return await day_counts(tx, day, revision)


async def placed_counts(env: Environment, counts: DayCounts) -> PlacedCounts:
    """The counts of a day by service, district, channel and category, and by district.

    As many as services, districts and channels had any. A process reads them once for each link, which proves them.
    """
    if counts.link is None:
        return PlacedCounts()
    kept = env.caches.days.get(counts.link)
    if kept is None:
        async with env.store.read_transaction() as tx:
            kept = PlacedCounts(await ledger.counts_of(tx, counts.day, counts.revision))
        env.caches.days.put(counts.link, kept)
    return kept


async def day_counts(tx: Transaction, day: date, revision: int | None = None) -> DayCounts:
    """As `transaction_counts`, for commands; raises BAD_INPUT for a revision that there is not."""
    sealed = await ledger.sealed_day(tx, day)
    latest = sealed.revision if sealed else 0
    wanted = latest if revision is None else revision
    if not 0 <= wanted <= latest:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("revision",)))
    present = sealed is not None and wanted == latest
    return DayCounts(
        day=day,
        revision=wanted,
        total=sealed.total if sealed and present else await ledger.total_at(tx, day, wanted),
        provisional=is_provisional(day, tx.clock.now()),
        link=sealed.link if sealed and present else await ledger.link_at(tx, day, wanted),
        latest_revision=latest,
        closed_at=sealed.closed_at if sealed else None,
        closed_revision=sealed.closed_revision if sealed else None,
        waiting=await ledger.count_unsealed(tx, day),
        corrections=tuple(await ledger.corrections(tx, day, wanted, MOST_CORRECTIONS)),
    )


def told_to_etaal(rows: Iterable[TransactionCount]) -> list[ServiceCount]:
    """The counts under e-Taal's codes, one row for each service, place, category and channel; none of them zero.

    A service that has no code yet is listed as `LOCAL-<our code>`, so that nothing is hidden; one that starts
    later with e-Taal has no row (docs/contracts/etaal.md section 6).
    """
    totals: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        if row.stands == NOT_STARTED:
            continue
        standing = EtaalClass.of(row.stands)
        place = installed_state().lgd_code if standing is not None and standing.level is Level.STATE else row.district
        code = f"LOCAL-{row.service_code}" if standing is None else standing.etaal_code
        category = row.category if standing is None else standing.category.value
        totals[code, place, category, etaal_channel(row.channel)] += row.count
    return [
        ServiceCount(code, place, category, channel, total)
        for (code, place, category, channel), total in sorted(totals.items())
        if total
    ]


def rows_hash(rows: Sequence[ServiceCount]) -> str:
    """SHA-256 over the rows as reported to e-Taal, the same in all forms."""
    said = [[row.service_code, row.location_code, row.category, row.channel, row.count] for row in rows]
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


class LedgerCounts:
    """The ledger as e-Taal's endpoint reads it (integrations.etaal.Counts); reads are recorded, once a revision."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def counts_on(self, day: date) -> Sequence[ServiceCount]:
        """The counts of a day under e-Taal's codes; raises TemporarilyUnavailable."""
        async with self._env.store.read_transaction() as tx:
            await access.require(self._env, tx, E_TAAL, _COUNTS, Purpose.COUNT)
            revision = await ledger.revision(tx, day)
            rows = told_to_etaal(await ledger.counts_on(tx, day))
            told = etaal.ReportedDay(revision, sum(row.count for row in rows), rows_hash(rows))
            noted = not revision or await etaal.pull_of(tx, day, revision) == told
        if not noted:
            await self._note(day, told)
        return rows

    async def revision(self, day: date) -> int:
        """The revision of a day; raises TemporarilyUnavailable."""
        async with self._env.store.read_transaction() as tx:
            await access.require(self._env, tx, E_TAAL, _COUNTS, Purpose.COUNT)
            return await ledger.revision(tx, day)

    async def _note(self, day: date, reported: etaal.ReportedDay) -> None:
        """For the comparison of each night; a store that takes no writes now does not hold the answer back."""
        try:
            same = await self._env.store.carry_out(lambda tx: etaal.note_pull(tx, day, reported))
        except StoreError as error:
            _log.warning("etaal.pull_not_noted", kind=type(error).__name__)
            return
        if not same:
            _log.error("etaal.answer_changed_without_revision", day=day.isoformat(), revision=reported.revision)
