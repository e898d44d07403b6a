"""What waits for a finance officer's second approval."""

import strawberry

from actions.payment_orders import waiting_approvals
from schema.benefit_course import PaymentApproval
from schema.benefits import Benefit
from schema.context import Info
from schema.directives import AUTHENTICATED, NEVER_SILENTLY_NULL, listed
from schema.fields import resolved


@strawberry.type(directives=[AUTHENTICATED], description="A step of public money that waits for another person.")
class WaitingApproval:
    benefit: Benefit = strawberry.field(description="The benefit that it is about.")
    approval: PaymentApproval = strawberry.field(description="What is asked.")


@strawberry.type
class ApprovalsQuery:
    """Root fields about second approvals."""

    @resolved(
        description="What waits for a second approval in one's jurisdiction, the longest first, at most 200; what one "
        "asked for oneself is left out. Null with NOT_FOUND for those who pay nothing.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, listed(20)],
    )
    async def waiting_approvals(self, info: Info) -> list[WaitingApproval] | None:
        found = await waiting_approvals(info.context.environment, info.context.subject)
        return [
            WaitingApproval(
                benefit=await Benefit.of_sanction(info, sanction), approval=PaymentApproval.of(number, approval)
            )
            for sanction, number, approval in found
        ]
