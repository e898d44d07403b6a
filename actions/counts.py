"""The counts of e-transactions: for those who may see them, and for e-Taal's door."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from actions import access
from actions.environment import Environment
from domain.counting import TransactionCount, is_provisional
from domain.people import Role, Subject
from domain.policy import ObjectKind, Purpose, Resource
from integrations.etaal import CountsUnavailable, ServiceCount, etaal_channel
from store import ledger
from store.errors import StoreUnavailable, TryAgain

E_TAAL = Subject(frozenset({Role.E_TAAL}))
"""Who e-Taal is to the access table, once its credentials were checked at the door."""

_COUNTS = Resource(ObjectKind.COUNTS)


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The counts of one IST day. `provisional` while late events may still add to them."""

    day: date
    revision: int
    rows: tuple[TransactionCount, ...]
    total: int
    provisional: bool


async def transaction_counts(env: Environment, subject: Subject, day: date) -> DayCounts:
    """The counts of a day by service, district, channel and category.

    Raises NOT_FOUND where the subject may not see counts, NotSignedIn where nobody is signed in.
    """
    async with env.store.reading() as tx:
        await access.require(env, tx, subject, _COUNTS, Purpose.COUNT)
        rows = tuple(await ledger.counts_on(tx, day))
        revision = await ledger.revision(tx, day)
    total = sum(row.count for row in rows)
    return DayCounts(day, revision, rows, total, is_provisional(day, env.clock.now()))


class LedgerCounts:
    """The ledger as e-Taal's door reads it (integrations.etaal.Counts).

    A service without an e-Taal code is listed as `LOCAL-<our code>`, so that nothing is hidden.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def counts_on(self, day: date) -> Sequence[ServiceCount]:
        """The counts of a day under e-Taal's codes; raises CountsUnavailable."""
        try:
            counts = await transaction_counts(self._env, E_TAAL, day)
            async with self._env.store.reading() as tx:
                codes = await ledger.etaal_codes(tx)
        except (StoreUnavailable, TryAgain) as error:
            raise CountsUnavailable from error
        return [
            ServiceCount(
                service_code=codes.get(row.service_code, f"LOCAL-{row.service_code}"),
                location_code=row.district,
                category=row.category,
                channel=etaal_channel(row.channel),
                count=row.count,
            )
            for row in counts.rows
        ]

    async def revision(self, day: date) -> int:
        """The revision of a day; raises CountsUnavailable."""
        try:
            async with self._env.store.reading() as tx:
                await access.require(self._env, tx, E_TAAL, _COUNTS, Purpose.COUNT)
                return await ledger.revision(tx, day)
        except (StoreUnavailable, TryAgain) as error:
            raise CountsUnavailable from error
