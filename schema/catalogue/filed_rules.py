"""The rules that an application was filed under, unaffected by later changes of the catalogue."""

import strawberry

from domain.applications.deadline import DayUnit
from domain.catalogue import catalogue
from schema.catalogue.services import RequiredDocument
from schema.kernel import Paise, View


@strawberry.type(
    description="What the catalogue said when the application was filed. It holds for it whatever is changed later."
)
class FiledRules(View[catalogue.Service], time_limit_days="limit_days", time_limit_unit="limit_unit"):
    version: int = strawberry.field(description="Which entry of the service it is, from 1.")
    rts_notified: bool | None = strawberry.field(description="Whether the Right to Service Act covered it.")
    time_limit_days: int | None = strawberry.field(description="Days that the law allowed.")
    time_limit_unit: DayUnit = strawberry.field(description="How those days are counted.")
    fee: Paise | None = strawberry.field(description="The fee of an application.")
    documents: list[RequiredDocument] = strawberry.field(description="The papers that it asked for.")
