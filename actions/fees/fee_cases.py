"""What every step of a fee order writes: the audit line, the case of a discrepancy, the citizen's message."""

from datetime import timedelta

from actions.feedback.notices import About, tell
from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_case
from domain.feedback.notices import NoticeKind, Topic
from domain.fees.fees import FeeOrder
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from store.applications import applications
from store.fees import fee_orders

ABOUT = "fee:"
"""How a case of money names an order."""


def order_id_of(about: str) -> str | None:
    """The order that a case of money is about; None for every other one."""
    return about.removeprefix(ABOUT) if about.startswith(ABOUT) else None


def of_order(order: FeeOrder) -> Resource:
    """What access to an order depends on."""
    return Resource(
        ObjectKind.FEE_ORDER,
        order.id,
        order.citizen_id,
        order.department,
        order.district,
        order.tehsil,
        service=order.service_code,
    )


async def claim_enquiry(env: Environment, order: FeeOrder, lease: timedelta) -> bool:
    """Whether this process asks about the order, and no other one at the same moment.

    It is asked about again after the lease where whoever asked died before it noted the answer.
    """
    again = env.clock.now() + lease
    return await env.store.carry_out(lambda tx: fee_orders.mark_asked(tx, order, again))


async def note(acting: UnitOfWork, order: FeeOrder, action: str, purpose: Purpose = Purpose.COLLECT_FEE) -> None:
    """Write the audit line of a step."""
    detail = {"state": order.state.value, "route": order.route.value, "paise": order.held_paise}
    await acting.record(f"fee.{action}", ObjectKind.FEE_ORDER, order.id, purpose, **detail)


async def differ(
    acting: UnitOfWork, order: FeeOrder, kind: DifferenceKind, *, expected: str, found: str, anew: bool = False
) -> str:
    """Open the case of a difference about an order, once however often it is found; `anew` as in `open_case`."""
    return await open_case(
        acting,
        FinanceDifference(
            kind,
            f"{ABOUT}{order.id}",
            expected=expected,
            found=found,
            department=order.department,
            district=order.district,
            amount_paise=order.held_paise,
            citizen_id=order.citizen_id,
        ),
        anew=anew,
    )


async def tell_of_payment(acting: UnitOfWork, order: FeeOrder, kind: NoticeKind) -> None:
    """Tell the citizen of a payment that needs or gets something done, such as that it goes back: each kind once."""
    application = await applications.get(acting.tx, order.application_id)
    if application is not None:
        about = About(Topic.APPLICATION, order.application_id, order.citizen_id, order.application_id, order.id)
        await tell(acting, kind, about, number=application.number)
