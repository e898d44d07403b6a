"""The day's e-transactions, from the append-only ledger that e-Taal is told from."""

from datetime import date
from typing import Annotated, Self

import strawberry

from actions.counts import DayCounts, transaction_counts
from domain import catalogue, counting
from domain.clock import ist_date
from domain.scopes import Scope
from schema.context import Info, signed_in
from schema.directives import AUTHENTICATED, NEVER_SILENTLY_NULL, scoped
from schema.fields import resolved
from schema.loading import ByKey
from schema.places import District
from schema.scalars import Long
from schema.services import Service

_SERVICE: ByKey[catalogue.Service] = ByKey("services", lambda row: row.item.service_code)
_DISTRICT: ByKey[catalogue.District] = ByKey("districts", lambda row: row.item.district)


@strawberry.type(description="The count of one service in one district through one channel.")
class TransactionCountRow:
    """One row of a day."""

    item: strawberry.Private[counting.TransactionCount]
    service_code: str = strawberry.field(description="The service's code.")
    district_code: str = strawberry.field(description="The district's code.")
    channel: str = strawberry.field(description="Where the applications came in.")
    category: str = strawberry.field(description="e-Taal's category of the transaction.")
    count: Long = strawberry.field(description="How many, corrections included.")

    @classmethod
    def of(cls, item: counting.TransactionCount) -> Self:
        """The graph's view of a row."""
        return cls(
            item=item,
            service_code=item.service_code,
            district_code=item.district,
            channel=item.channel,
            category=item.category,
            count=Long(item.count),
        )

    @resolved(description="The service.", metadata=_SERVICE.metadata)
    async def service(self, info: Info) -> Service | None:
        item = await _SERVICE.load(self, info.context.loaders)
        return None if item is None else Service.of(item)

    @resolved(description="The district.", metadata=_DISTRICT.metadata)
    async def district(self, info: Info) -> District | None:
        item = await _DISTRICT.load(self, info.context.loaders)
        return None if item is None else District.of(item)


@strawberry.type(description="The e-transactions of one day in India.")
class TransactionCounts:
    """A day's counts with their proof."""

    day: date = strawberry.field(description="The day.")
    revision: int = strawberry.field(description="Grows with every row of the ledger for the day, corrections too.")
    provisional: bool = strawberry.field(description="Whether late events may still add to the day.")
    total: Long = strawberry.field(description="The sum of the rows.")
    rows: list[TransactionCountRow] = strawberry.field(description="The counts; zero counts are left out.")

    @classmethod
    def of(cls, counts: DayCounts) -> Self:
        """The graph's view of a day."""
        return cls(
            day=counts.day,
            revision=counts.revision,
            provisional=counts.provisional,
            total=Long(counts.total),
            rows=[TransactionCountRow.of(row) for row in counts.rows],
        )


@strawberry.type
class CountsQuery:
    """Root fields about counts."""

    @resolved(
        description="The e-transactions of a day, for officers, auditors and e-Taal; "
        "null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, scoped(Scope.COUNTS)],
    )
    async def transaction_counts(
        self,
        info: Info,
        on: Annotated[date | None, strawberry.argument(description="A day in India; left out, today.")] = None,
    ) -> TransactionCounts | None:
        environment = info.context.environment
        day = on or ist_date(environment.clock.now())
        return TransactionCounts.of(await transaction_counts(environment, signed_in(info), day))
