"""Benefits that something holds back, for the officers and finance officers who see to it."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from actions.access import of_sanction
from actions.benefits import BenefitView, InstalmentView
from actions.held_benefits import reach_of_benefits
from domain.benefits import Sanction, SanctionState
from schema.benefits import Benefit, instalments_of_sanction
from schema.context import Info
from schema.directives import AUTHENTICATED, NEVER_SILENTLY_NULL
from schema.fields import resolved
from schema.paging import Connection, Listing, Paged, Window
from schema.services import scheme_by_code
from schema.store_lists import reading
from store import held_benefits


@strawberry.type
class HeldBenefitsQuery:
    """Root fields about benefits that are held back."""

    @resolved(
        description="Benefits in one's places that a state holds back, such as BUDGET_WAIT, the longest granted first; "
        "payments as our own record has them. Each leaves a receipt. Null with NOT_FOUND for those who neither decide "
        "nor pay benefits.",
        graphql_type=Connection[Benefit] | None,
        extensions=[Paged()],
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def held_benefits(
        self,
        info: Info,
        state: Annotated[SanctionState, strawberry.argument(description="What holds them back.")],
    ) -> Listing[BenefitView]:
        environment, subject = info.context.environment, info.context.subject
        reach = reach_of_benefits(subject)

        page = reading(info, lambda tx, part: held_benefits.page(tx, reach, state, **part.where), of_sanction)

        async def rows(window: Window) -> list[BenefitView]:
            return await _views(info, await page(window))

        async def count() -> int:
            async with environment.store.reading() as tx:
                return await held_benefits.count_of(tx, reach, state)

        return Listing(
            f"held-benefits:{subject.person_id}:{state}",
            rows,
            count,
            lambda view: (view.sanction.sanctioned_at.isoformat(), view.sanction.id),
            Benefit.of,
        )


async def _views(info: Info, sanctions: Sequence[Sanction]) -> list[BenefitView]:
    loaders = info.context.loaders
    schemes = await loaders[scheme_by_code].load_many([one.scheme_code for one in sanctions])
    made = await loaders[instalments_of_sanction].load_many([one.id for one in sanctions])
    return [
        BenefitView(sanction, scheme, tuple(InstalmentView(one, None) for one in payments))
        for sanction, scheme, payments in zip(sanctions, schemes, made, strict=True)
    ]
