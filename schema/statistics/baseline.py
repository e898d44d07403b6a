"""The state's own figures of before and after, with today's counters beside them."""

from datetime import date
from typing import Self

import strawberry

from actions.statistics.baseline import baseline_beside_counters
from domain.statistics import baseline
from domain.statistics.baseline import BaselineMeasure
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, Long, Mapped, assumed_list_size, cost, resolver_field
from schema.statistics.types import STATISTICS_POINTS


@strawberry.type(
    description="A figure that the state gives of itself. Rates are hundredths of a percent, days are tenths."
)
class BaselineFigure(Mapped[baseline.BaselineFigure], stated_on="as_of"):
    measure: BaselineMeasure = strawberry.field(description="What it is about.")
    before: Long = strawberry.field(description="Before services were delivered online.")
    after: Long = strawberry.field(description="As the state says that it was later.")
    counted: Long | None = strawberry.field(
        description="The same of this installation: of the last twelve months, or how many services are open "
        "now; null where it is withheld, or nothing was counted."
    )
    source: str = strawberry.field(description="Who says so.")
    stated_on: date | None = strawberry.field(description="The day of the source; null where it has none.")
    confirmed: bool = strawberry.field(description="Whether a dated public document says so.")

    @classmethod
    def with_counter(cls, item: baseline.BaselineFigure, counted: int | None) -> Self:
        """The graph's view of a figure and of the counter beside it."""
        return cls.read(item, counted=counted)


@strawberry.type
class BaselineQuery:
    @resolver_field(
        description="Figures that the state gives of itself, beside the counters of this installation.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(4), cost(STATISTICS_POINTS)],
    )
    async def baseline_figures(self, info: Info) -> list[BaselineFigure] | None:
        return [
            BaselineFigure.with_counter(figure, counted)
            for figure, counted in await baseline_beside_counters(info.context.environment)
        ]
