"""The rules that an application was filed under, unaffected by later changes of the catalogue."""

from typing import Self

import strawberry

from domain.applications.deadline import DayUnit
from domain.catalogue import catalogue
from schema.catalogue.services import RequiredDocument
from schema.kernel import Paise


@strawberry.type(
    description="What the catalogue said when the application was filed. It holds for it whatever is changed later."
)
class FiledRules:
    version: int = strawberry.field(description="Which entry of the service it is, from 1.")
    rts_notified: bool | None = strawberry.field(description="Whether the Right to Service Act covered it.")
    time_limit_days: int | None = strawberry.field(description="Days that the law allowed.")
    time_limit_unit: DayUnit = strawberry.field(description="How those days are counted.")
    fee: Paise | None = strawberry.field(description="The fee of an application.")
    documents: list[RequiredDocument] = strawberry.field(description="The papers that it asked for.")

    @classmethod
    def of(cls, item: catalogue.Service) -> Self:
        """The graph's view of an entry."""
        return cls(
            version=item.version,
            rts_notified=item.rts_notified,
            time_limit_days=item.limit_days,
            time_limit_unit=item.limit_unit,
            fee=None if item.fee_paise is None else Paise(item.fee_paise),
            documents=[RequiredDocument.of(paper) for paper in item.documents],
        )
