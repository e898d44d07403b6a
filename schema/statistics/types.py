"""Statistics of the delivery of services, from counters only (docs/figures.md)."""

from datetime import date
from typing import Annotated, Any, Self

import strawberry

from actions.statistics.counts import Question
from actions.statistics.figures import FigureRow, Statistics, period, statistics
from domain.kernel.messages import label
from domain.officers.dashboards import Dimension
from domain.statistics import figures
from domain.statistics.figures import DEFINITIONS_VERSION, StatisticsChannel
from domain.statistics.small_cells import SMALLEST
from schema.catalogue.places import Tehsil, department_field, district_field, tehsil_by_code
from schema.catalogue.services import service_field
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Info,
    InLanguage,
    Long,
    Mapped,
    View,
    assumed_list_size,
    cost,
    field_language,
    resolver_field,
)

STATISTICS_POINTS = 20
"""A question reads some thousand counters at most, however many applications there are."""


@strawberry.input(description="Which figures are asked for; what is left out lets every value through.")
class StatisticsFilter:
    department: str | None = strawberry.field(default=None, description="Only this department, by its slug.")
    service_code: str | None = strawberry.field(default=None, description="Only this service.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")
    tehsil: str | None = strawberry.field(
        default=None, description="Only this tehsil, by its code; name its district too."
    )
    channel: StatisticsChannel | None = strawberry.field(default=None, description="Only what came in there.")
    from_month: date | None = strawberry.field(
        default=None, description="Any day of the first month; left out, eleven months before the last one."
    )
    to_month: date | None = strawberry.field(
        default=None, description="Any day of the last month; left out, the present one. At most 60 months in all."
    )

    def question(self, info: Info, group_by: list[Dimension]) -> Question:
        """What is asked, with the months that are meant. Raises BAD_INPUT."""
        first, last = period(info.context.environment, self.from_month, self.to_month)
        return Question(
            first,
            last,
            department=self.department,
            service_code=self.service_code,
            district=self.district,
            tehsil=self.tehsil,
            channel=self.channel,
            group_by=tuple(group_by),
        )


@strawberry.type(
    description="Figures of one cell. Rates are hundredths of a percent: 9150 is 91.50 %; null where there is nothing "
    "to divide by. docs/figures.md defines numerator, denominator and date basis of each."
)
class DeliveryFigures(
    View[figures.Delivery],
    processing_rate_hundredths="processing_rate",
    on_time_rate_hundredths="on_time_rate",
    average_days_tenths="average_tenths",
    ninetieth_percentile_days="ninetieth_days",
    grievance_reply_rate_hundredths="grievance_reply_rate",
):
    received: Long = strawberry.field(description="Submitted in the period, by the day of submission in India.")
    disposed: Long = strawberry.field(description="Delivered or refused by reasoned order, by the day of that.")
    delivered: Long = strawberry.field(description="Of the disposed ones, those that were delivered.")
    withdrawn: Long = strawberry.field(description="Withdrawn by the citizen, by the day of that; no disposal.")
    processing_rate_hundredths: int | None = strawberry.field(
        description="Of those received in the period and not withdrawn, how many are disposed of by now."
    )
    on_time_rate_hundredths: int | None = strawberry.field(
        description="Of those disposed of in the period with a known time limit, how many not after their due instant."
    )
    average_days_tenths: int | None = strawberry.field(
        description="Average calendar days from submission to disposal, in tenths: 93 is 9.3 days."
    )
    median_days: int | None = strawberry.field(
        description="Calendar days within which half of the disposals were made; from a histogram by days, exact up to "
        "60 days, beyond that the last day of the class, and by wider classes where `coarse` says so."
    )
    ninetieth_percentile_days: int | None = strawberry.field(
        description="Calendar days within which nine of ten disposals were made; counted as the median."
    )
    pending: Long = strawberry.field(
        description="Received and neither disposed of nor withdrawn, at the end of the last month, or of the row's "
        "month."
    )
    grievances: Long = strawberry.field(description="Grievances raised in the period.")
    grievance_reply_rate_hundredths: int | None = strawberry.field(
        description="Of the grievances raised in the period, how many have a reply by now."
    )


@strawberry.type(description="One row of statistics, by what they were grouped by; the other places are null.")
class StatisticsRow:
    item: strawberry.Private[FigureRow]
    department_slug: str | None = strawberry.field(description="The department; empty text where it is unknown.")
    service_code: str | None = strawberry.field(description="The service's code.")
    district_code: str | None = strawberry.field(description="The district's code.")
    tehsil_code: str | None = strawberry.field(description="The tehsil's code; empty text where none was named.")
    channel: StatisticsChannel | None = strawberry.field(description="Where the applications came in.")
    month: date | None = strawberry.field(description="The first day of the month.")
    withheld: bool = strawberry.field(
        description=f"True where fewer than {SMALLEST} cases stand behind the cell, or where such a cell would follow "
        "from it, and the asker is no officer; then there are no figures."
    )
    figures: DeliveryFigures | None = strawberry.field(description="The figures; null where they are withheld.")

    @classmethod
    def of_row(cls, item: FigureRow) -> Self:
        channel = item.place.get(Dimension.CHANNEL)
        return cls(
            item=item,
            department_slug=item.place.get(Dimension.DEPARTMENT),
            service_code=item.place.get(Dimension.SERVICE),
            district_code=item.place.get(Dimension.DISTRICT),
            tehsil_code=item.place.get(Dimension.TEHSIL),
            channel=StatisticsChannel(channel) if channel else None,
            month=item.place.get(Dimension.MONTH),
            withheld=item.figures is None,
            figures=None if item.figures is None else DeliveryFigures.of(item.figures),
        )

    def dimension_value(self, dimension: Dimension) -> Any:
        """The value of a dimension; None where it was not grouped by or is unknown."""
        return self.item.place.get(dimension) or None

    department = department_field(lambda row: row.dimension_value(Dimension.DEPARTMENT), description="The department.")
    service = service_field(lambda row: row.dimension_value(Dimension.SERVICE), description="The service.")
    district = district_field(lambda row: row.dimension_value(Dimension.DISTRICT), description="The district.")

    @resolver_field(description="The tehsil, where the rows tell districts apart too.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(
            info.context.loaders, self.dimension_value(Dimension.DISTRICT), self.dimension_value(Dimension.TEHSIL)
        )

    @resolver_field(description="The channel in words.")
    def channel_label(self, info: Info, language: InLanguage = None) -> str | None:
        return label(f"statistics_channel.{self.channel}", field_language(info, language)) if self.channel else None


@strawberry.type(description="Statistics of the delivery of services.")
class DeliveryStatistics(
    Mapped[Statistics], from_month="first_month", to_month="last_month", total="total.figures", withheld_rows="withheld"
):
    from_month: date = strawberry.field(description="The first day of the first month.")
    to_month: date = strawberry.field(description="The first day of the last month.")
    total: DeliveryFigures | None = strawberry.field(
        description="All rows together; null where they are withheld from strangers."
    )
    rows: list[StatisticsRow] = strawberry.field(
        description="One for each group, in the order of their codes; empty without groups.",
        directives=[assumed_list_size(50)],
    )
    withheld_rows: int = strawberry.field(description="How many rows are withheld from the asker.")
    smallest_cell: int = strawberry.field(description="Cases that must stand behind a cell for strangers to see it.")
    coarse: bool = strawberry.field(
        description="Whether median and percentile are by wider classes of days, as where tehsil and service or "
        "channel are told apart at once."
    )
    definitions_version: str = strawberry.field(description="The edition of docs/figures.md by which is counted.")

    @classmethod
    def of(cls, item: Statistics) -> Self:
        return cls.read(
            item,
            rows=[StatisticsRow.of_row(row) for row in item.rows],
            smallest_cell=SMALLEST,
            definitions_version=DEFINITIONS_VERSION,
        )


@strawberry.type
class StatisticsQuery:
    @resolver_field(
        description="Figures of the delivery of services by department, district, tehsil, service, channel and month, "
        "from counters only. Anybody may ask; who is no officer is not shown small cells and combines at most two "
        "dimensions beside the month.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, cost(STATISTICS_POINTS)],
    )
    async def delivery_statistics(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            StatisticsFilter | None, strawberry.argument(description="Which figures are asked for.")
        ] = None,
        group_by: Annotated[
            list[Dimension] | None, strawberry.argument(description="What the rows tell apart; left out, no rows.")
        ] = None,
    ) -> DeliveryStatistics | None:
        question = (filter or StatisticsFilter()).question(info, group_by or [])
        return DeliveryStatistics.of(await statistics(info.context.environment, info.context.subject, question))
