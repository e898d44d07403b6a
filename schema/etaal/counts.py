"""The day's e-transactions, from the append-only ledger that is reported to e-Taal."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.etaal.counts import ALGORITHM, GENESIS, DayCounts, placed_counts, transaction_counts
from domain.etaal import counting
from domain.etaal.counting_rules import rules_on
from domain.kernel import Scope, ist_date
from schema.catalogue.places import district_field
from schema.catalogue.services import service_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Long,
    Mapped,
    label_field,
    require_signed_in,
    requires_scopes,
    resolver_field,
)


@strawberry.type(description="The count of one service in one district through one channel.")
class TransactionCountRow(Mapped[counting.TransactionCount], district_code="district"):
    item: strawberry.Private[counting.TransactionCount]
    service_code: str = strawberry.field(description="The service's code.")
    district_code: str = strawberry.field(description="The district's code.")
    channel: str = strawberry.field(description="Where the applications came in.")
    category: str = strawberry.field(description="e-Taal's category of the transaction.")
    count: Long = strawberry.field(description="How many, corrections included.")
    etaal_code: str | None = strawberry.field(
        description="The code under which e-Taal is told of it; null where it has none, or starts later."
    )

    @classmethod
    def of(cls, item: counting.TransactionCount) -> Self:
        return cls.read(
            item, etaal_code=standing.etaal_code if (standing := counting.EtaalClass.of(item.stands)) else None
        )

    service = service_field("item.service_code", description="The service.")
    district = district_field("item.district", description="The district.")


@strawberry.type(description="The count of one district. The districts of a day add up to its total.")
class TransactionDistrict:
    item: strawberry.Private[tuple[str, int]]
    district_code: str = strawberry.field(description="The district's code.")
    count: Long = strawberry.field(description="How many, corrections included.")

    @classmethod
    def of(cls, item: tuple[str, int]) -> Self:
        return cls(item=item, district_code=item[0], count=Long(item[1]))

    district = district_field(lambda row: row.item[0], description="The district.")


@strawberry.type(description="What proves a day: whoever has the exported ledger recomputes it (docs/etaal.md).")
class TransactionProof:
    algorithm: str = strawberry.field(description="How each row is linked to the one before.")
    link: str = strawberry.field(description="The link of the last row of the revision; 64 zeros before the first row.")
    entries: int = strawberry.field(description="How many rows of the ledger the revision has.")


@strawberry.type(description="One row that changed what an earlier revision told.")
class TransactionCorrection(Mapped[counting.Correction]):
    item: strawberry.Private[counting.Correction]
    revision: int = strawberry.field(description="The revision that it made.")
    reason: counting.CorrectionReason = strawberry.field(description="Why.")
    service_code: str = strawberry.field(description="The service's code.")
    district_code: str | None = strawberry.field(description="The district's code; null where it is about all of them.")
    count: int = strawberry.field(description="By how much the day changed.")
    recorded_at: datetime = strawberry.field(description="When it was entered.")

    @classmethod
    def of(cls, item: counting.Correction) -> Self:
        return cls.read(item, district_code=item.district or None)

    reason_label = label_field("correction_reason", "reason", description="Why, in words.")


@strawberry.type(description="The e-transactions of one day in India.")
class TransactionCounts(Mapped[DayCounts]):
    """A day's counts with their proof. By place they are read where they are asked for."""

    item: strawberry.Private[DayCounts]
    day: date = strawberry.field(description="The day.")
    revision: int = strawberry.field(description="Grows with every row of the ledger for the day, corrections too.")
    provisional: bool = strawberry.field(description="Whether late events may still add to the day.")
    total: Long = strawberry.field(description="The sum of the rows.")

    @resolver_field(description="The counts; zero counts are left out.")
    async def rows(self, info: Info) -> list[TransactionCountRow]:
        counts = await placed_counts(info.context.environment, self.item)
        return [TransactionCountRow.of(row) for row in counts.rows]

    @resolver_field(description="The same by district.")
    async def districts(self, info: Info) -> list[TransactionDistrict]:
        counts = await placed_counts(info.context.environment, self.item)
        return [TransactionDistrict.of(each) for each in counts.districts]

    latest_revision: int = strawberry.field(description="The revision that the day has now.")
    closed_at: datetime | None = strawberry.field(
        description="When the day was closed; afterwards it changes by corrections only. Null while it is open."
    )
    closed_revision: int | None = strawberry.field(description="The revision at which it was closed.")
    waiting: int = strawberry.field(description="Events that were entered and are told within seconds.")
    rules_version: str = strawberry.field(description="The version of the rules that say what counts on that day.")
    proof: TransactionProof = strawberry.field(description="What proves the counts.")
    corrections: list[TransactionCorrection] = strawberry.field(
        description="What changed the day after it was told, the latest first; at most 200."
    )

    @classmethod
    def of(cls, counts: DayCounts) -> Self:
        return cls.read(
            counts,
            rules_version=rules_on(counts.day).version,
            proof=TransactionProof(algorithm=ALGORITHM, link=counts.link or GENESIS, entries=counts.revision),
        )


@strawberry.type
class CountsQuery:
    @resolver_field(
        description="The e-transactions of a day, for officers, auditors and e-Taal; "
        "null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.COUNTS)],
    )
    async def transaction_counts(
        self,
        info: Info,
        on: Annotated[date | None, strawberry.argument(description="A day in India; left out, today.")] = None,
        revision: Annotated[
            int | None, strawberry.argument(description="As the day was at this revision; left out, as it is now.")
        ] = None,
    ) -> TransactionCounts | None:
        environment = info.context.environment
        day = on or ist_date(environment.clock.now())
        return TransactionCounts.of(await transaction_counts(environment, require_signed_in(info), day, revision))
