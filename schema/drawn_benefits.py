"""What an applicant draws already under the scheme that she applies for."""

from datetime import datetime
from typing import Self

import strawberry

from actions.benefit_plans import PAID_OUT, paid_out
from actions.drawn_benefits import drawn_beside, may_be_told
from domain.applications import Application
from domain.benefits import Sanction, SanctionState
from domain.messages import label
from schema.context import Info, InLanguage, spoken
from schema.directives import AUTHENTICATED
from schema.fields import resolved
from schema.places import District


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
        loaders = info.context.loaders
        made, stops = await loaders.instalments.load(self.item.id), await loaders.benefit_stops.load(self.item.id)
        over = paid_out(self.item, made, stops, [one.status for one in made])
        return label(f"sanction_state.{PAID_OUT if over else self.state.value}", spoken(info, language))

    @resolved(description="The district that granted it.")
    async def district(self, info: Info) -> District | None:
        item = await info.context.loaders.districts.load(self.item.district)
        return None if item is None else District.of(item)


async def drawn_by_applicant(info: Info, application: Application) -> list[DrawnBenefit]:
    """What the applicant draws of the same scheme; nothing for those who do not decide the application."""
    loaders = info.context.loaders
    if not may_be_told(info.context.subject, application):
        return []
    service = await loaders.services_as_filed.load((application.service_code, application.service_version))
    if service is None or service.scheme_id is None:
        return []
    held = await loaders.sanctions_of_citizens.load(application.citizen_id)
    return [DrawnBenefit.of(one) for one in drawn_beside(service, held)]
