"""Fees paid online in the places of a finance officer or an auditor."""

from typing import Annotated

import strawberry

from domain import people
from domain.fees import FeeOrder, FeeState
from schema.context import Info
from schema.fee_lists import fee_payments_of_office
from schema.fee_payments import FeePayment
from schema.fields import resolved
from schema.paging import Connection, Listing, Paged


@strawberry.type
class OfficeFees:
    """Fees paid online in an officer's places."""

    item: strawberry.Private[people.Officer]

    @resolved(
        description="Orders to pay fees in the places of a finance officer or an auditor, the newest first.",
        graphql_type=Connection[FeePayment],
        extensions=[Paged()],
    )
    async def fee_payments(
        self,
        info: Info,
        states: Annotated[
            list[FeeState] | None, strawberry.argument(description="Only these; left out, all of them.")
        ] = None,
        problems_only: Annotated[
            bool, strawberry.argument(description="Only those that somebody must look at.")
        ] = False,
    ) -> Listing[FeeOrder]:
        wanted = frozenset(states) if states is not None else None
        return fee_payments_of_office(info, wanted, problems_only=problems_only, view=FeePayment.of)
