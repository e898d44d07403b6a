"""What an applicant draws already under the scheme that she applies for."""

from datetime import datetime
from typing import Self

import strawberry

from actions.benefit_plans import PAID_OUT, paid_out
from actions.drawn_benefits import drawn_beside, may_be_told
from domain.applications import Application
from domain.benefits import Sanction, SanctionState
from domain.messages import label
from schema.benefits import instalments_of_sanction, sanctions_of_citizen, stops_of_sanction
from schema.context import Info, InLanguage, spoken
from schema.directives import AUTHENTICATED
from schema.fields import resolved
from schema.places import District, district_by_code
from schema.services import service_as_filed


@strawberry.type(directives=[AUTHENTICATED], description="A benefit that the applicant has already.")
class DrawnBenefit:
    """A benefit of the same scheme, whichever office granted it."""

    item: strawberry.Private[Sanction]
    number: str = strawberry.field(description="The number of the sanction.")
    state: SanctionState = strawberry.field(description="Whether it pays, waits or is suspended.")
    sanctioned_at: datetime = strawberry.field(description="When it was granted.")

    @classmethod
    def of(cls, item: Sanction) -> Self:
        """The graph's view of a sanction beside another application."""
        return cls(item=item, number=item.number, state=item.state, sanctioned_at=item.sanctioned_at)

    @resolved(description="The state in words; also that all of it has been paid out.")
    async def state_label(self, info: Info, language: InLanguage = None) -> str:
        made = await info.context.load(instalments_of_sanction, self.item.id)
        stops = await info.context.load(stops_of_sanction, self.item.id)
        over = paid_out(self.item, made, stops, [one.status for one in made])
        return label(f"sanction_state.{PAID_OUT if over else self.state.value}", spoken(info, language))

    @resolved(description="The district that granted it.")
    async def district(self, info: Info) -> District | None:
        item = await info.context.load(district_by_code, self.item.district)
        return None if item is None else District.of(item)


async def drawn_by_applicant(info: Info, application: Application) -> list[DrawnBenefit]:
    """What the applicant draws of the same scheme; nothing for those who do not decide the application."""
    if not may_be_told(info.context.subject, application):
        return []
    service = await info.context.load(service_as_filed, (application.service_code, application.service_version))
    if service is None or service.scheme_id is None:
        return []
    held = await info.context.load(sanctions_of_citizen, application.citizen_id)
    return [DrawnBenefit.of(one) for one in drawn_beside(service, held)]
