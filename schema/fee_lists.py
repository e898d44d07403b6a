"""Lists of orders to pay fees: a citizen's own, and those of the places of a finance officer."""

from collections.abc import Callable, Collection
from typing import Any

from actions.access import covering
from actions.fee_cases import of_order
from domain.fees import FeeOrder, FeeState
from domain.policy import ObjectKind, Purpose
from schema.context import Info
from schema.paging import Listing
from schema.store_lists import Part, counting, reading
from store import fee_orders
from store.engine import Transaction


def fee_payments_of_citizen(info: Info, citizen_id: str, *, view: Callable[[FeeOrder], Any]) -> Listing[FeeOrder]:
    """Her orders, the newest first; empty for those who may not see them."""
    return Listing(
        f"fee-payments:{citizen_id}",
        reading(info, lambda tx, part: fee_orders.page_of_citizen(tx, citizen_id, **part.where), of_order),
        counting(info, lambda tx: fee_orders.count_of_citizen(tx, citizen_id)),
        lambda item: (item.created_at.isoformat(), item.id),
        view,
    )


def fee_payments_of_office(
    info: Info, states: Collection[FeeState] | None, *, problems_only: bool, view: Callable[[FeeOrder], Any]
) -> Listing[FeeOrder]:
    """Orders of the places that the asking officer keeps or audits the accounts of, the newest first."""
    subject = info.context.subject
    reach = [
        posting
        for purpose in (Purpose.PAY_BENEFIT, Purpose.AUDIT)
        for posting in covering(subject, ObjectKind.FEE_ORDER, purpose)
    ]

    async def read(tx: Transaction, part: Part) -> list[FeeOrder]:
        if not reach:
            return []
        return await fee_orders.page_within(tx, reach, states=states, problems_only=problems_only, **part.where)

    async def count(tx: Transaction) -> int:
        if not reach:
            return 0
        return await fee_orders.count_within(tx, reach, states=states, problems_only=problems_only)

    asked = sorted(states) if states is not None else "all"
    return Listing(
        f"office-fee-payments:{subject.person_id}:{asked}:{problems_only}",
        reading(info, read, of_order),
        counting(info, count),
        lambda item: (item.created_at.isoformat(), item.id),
        view,
    )
