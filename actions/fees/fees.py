"""Pays an application's fee online: the order before the redirect, the payment form, and its link.

Amount and head are fixed here and nowhere else. The outcome of an order is read in actions/fees/fee_enquiries.py.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from actions.documents.signed_links import holds, link_signature
from actions.fees.fee_cases import note
from actions.fees.fee_enquiries import enquire
from actions.kernel import (
    PATH,
    Environment,
    UnitOfWork,
    draw_number,
    leave_receipt,
    of_application,
    run_request,
    take_up,
)
from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeOrder, FeeRoute, FeeState, fee_due, may_become, next_enquiry, reference_of
from domain.identity.policy import Purpose, decide
from domain.kernel import Bilingual, ErrorCode, NumberKind, PersonKind, Problem, Problems, Source, Subject, ist_date
from domain.payments.budgets import year_of
from integrations.browser_returns import PaymentForm
from integrations.csc import WalletPayment
from integrations.treasury import Challan
from store.applications import applications
from store.catalogue import catalogue
from store.database import NotThere, Transaction, VersionConflict, require_there
from store.fees import fee_orders
from store.identity import people

LINK_LIVES = timedelta(hours=1)
_NUMBERS = 5
"""How many numbers are drawn before giving up; one draw in ten thousand million is taken already."""


@dataclass(frozen=True, slots=True)
class StartFeePayment:
    """The fee of an application, to be paid by one way; None takes the wallet for operators, else the treasury."""

    application_id: str
    idempotency_key: str
    route: FeeRoute | None = None


async def start_fee_payment(env: Environment, subject: Subject, request: StartFeePayment) -> tuple[FeeOrder, bool]:
    """Make the order to pay a fee, or give the one that is not settled yet. True where it is a replay.

    For the citizen, and for the operator whom she let serve her. The key is kept for ever. Raises Problems: NOT_FOUND,
    FEE_NOT_DUE, PAYMENT_NOT_OFFERED, FEE_PAYMENT_OPEN where another way was begun and may yet be paid.
    """
    await _ask_about_open(env, subject, request)
    route = request.route.value if request.route else None
    body = {"application_id": request.application_id, "route": route}
    return await run_request(
        env, subject, "startFeePayment", request, place_order, read=fee_orders.get, body=body, for_ever=True
    )


async def place_order(acting: UnitOfWork, request: StartFeePayment) -> FeeOrder:
    """The inner step of `start_fee_payment`, in the caller's transaction."""
    application = await take_up(acting, request.application_id, _purpose(acting.subject))
    route = _route(acting.subject, request.route)
    due = fee_due(application.fee_paise, acting.env.rules.fees)
    if due is None or application.status is not Status.FEE_PENDING:
        raise Problems(Problem(ErrorCode.FEE_NOT_DUE, PATH))
    head, charge_head = _heads(acting.env, application, route)
    for _ in range(_NUMBERS):
        known = await fee_orders.open_of(acting.tx, application.id)
        if known is not None:
            return _resume_order(known, route, acting.subject)
        order = await _order(acting, application, route, (head, charge_head))
        order = replace(order, fee_paise=due.fee_paise, charge_paise=due.charge_paise)
        if await fee_orders.add(acting.tx, order):
            await note(acting, order, "ordered")
            return order
    raise NotThere("a free number of a payment")


async def payment_form(env: Environment, order: FeeOrder, *, by: Subject | None = None) -> PaymentForm | None:
    """What a browser posts to pay an order that is not settled, sealed anew; None for one that is.

    None also where the source holds money that does not match the order: it must not be paid again.
    From now on it counts as handed over, and is asked about by itself. Raises Unavailable where the one who takes the
    money takes nobody now; then nothing is handed over.
    """
    if not order.open or order.problem is not None:
        return None
    async with env.store.read_transaction() as tx:
        citizen = (await people.citizens(tx, [order.citizen_id])).get(order.citizen_id)
        operator = (await people.operators(tx, [order.operator_id or ""])).get(order.operator_id or "")
        service = await catalogue.service(tx, order.service_code)
    form: PaymentForm | None = None
    if order.route is FeeRoute.TREASURY and env.partners.treasury and citizen:
        await env.partners.treasury.admit_visitor()
        form = env.partners.treasury.payment_form(_challan(env, order, citizen.name, citizen.mobile))
    if order.route is FeeRoute.CSC_WALLET and env.partners.wallet and operator:
        name = (service.name.en if service else None) or order.service_code
        await env.partners.wallet.admit_visitor()
        form = env.partners.wallet.payment_form(_wallet_payment(env, order, operator.csc_id, name))
    if form is not None:
        with suppress(VersionConflict):  # another window was handed it, or it was heard of, at the same moment
            await env.store.carry_out(lambda tx: _handed_over(env, tx, order.id, by))
    return form


async def present_order(env: Environment, order_id: str) -> FeeOrder:
    """The order as it now is; raises NotThere."""
    return require_there(await env.store.read(lambda tx: fee_orders.get(tx, order_id)), "the order of a fee")


def page_link(env: Environment, order: FeeOrder, page: str = "pay") -> str:
    """The address of a page of ours about an order, good for an hour without a session: `pay` or `status`."""
    until = int((env.clock.now() + LINK_LIVES).timestamp())
    signature = link_signature(env, ("fee-page", page, order.number), until)
    return f"{env.public_url}/fees/{page}/{order.number}?until={until}&signature={signature}"


async def linked_order(env: Environment, page: str, number: str, *, until: str, signature: str) -> FeeOrder | None:
    """The order that a link is of; None where the link is not ours, or has run out."""
    if not holds(env, ("fee-page", page, number), until, signature):
        return None
    return await env.store.read(lambda tx: fee_orders.by_number(tx, number))


def offered_routes(env: Environment, subject: Subject, application: Application) -> list[FeeRoute]:
    """The ways by which the subject can pay the fee of an application online; a wallet is an operator's alone."""
    hers = [route for route in FeeRoute if route is not FeeRoute.CSC_WALLET or subject.kind is PersonKind.OPERATOR]
    return [route for route in hers if _heads_or_none(env, application.department, route) is not None]


def _purpose(subject: Subject) -> Purpose:
    return Purpose.COLLECT_FEE if subject.kind is PersonKind.OPERATOR else Purpose.APPLY


def _route(subject: Subject, wanted: FeeRoute | None) -> FeeRoute:
    operator = subject.kind is PersonKind.OPERATOR
    route = wanted or (FeeRoute.CSC_WALLET if operator else FeeRoute.TREASURY)
    if route is FeeRoute.CSC_WALLET and not operator:
        raise Problems(Problem(ErrorCode.PAYMENT_NOT_OFFERED, ("input", "route")))
    return route


def _heads(env: Environment, application: Application, route: FeeRoute) -> tuple[str, str | None]:
    found = _heads_or_none(env, application.department, route)
    if found is None:
        raise Problems(Problem(ErrorCode.PAYMENT_NOT_OFFERED, ("input", "route")))
    return found


def _heads_or_none(env: Environment, department: str | None, route: FeeRoute) -> tuple[str, str | None] | None:
    """The heads of account of fee and charge; None where the way is not connected or maps no head."""
    charged = env.rules.fees.charge_paise > 0
    if route is FeeRoute.CSC_WALLET:
        wallet = env.partners.wallet
        return None if wallet is None else (wallet.head, wallet.head if charged else None)
    treasury = env.partners.treasury
    head = treasury.head_of(department) if treasury else None
    if treasury is None or head is None or (charged and treasury.charge_head is None):
        return None
    return head, treasury.charge_head if charged else None


def _resume_order(known: FeeOrder, route: FeeRoute, subject: Subject) -> FeeOrder:
    """The order that is not settled, where it is of the same way; for the wallet, of the same operator."""
    if _is_same_way(known, route, subject):
        return known
    raise Problems(Problem(ErrorCode.FEE_PAYMENT_OPEN, PATH))


def _is_same_way(known: FeeOrder, route: FeeRoute, subject: Subject) -> bool:
    return known.route is route and (route is FeeRoute.TREASURY or known.operator_id == subject.person_id)


async def _order(
    acting: UnitOfWork, application: Application, route: FeeRoute, heads: tuple[str, str | None]
) -> FeeOrder:
    number = await draw_number(acting.tx, acting.env.ids, NumberKind.PAYMENT)
    subject = acting.subject
    return FeeOrder(
        id=acting.env.ids.key(),
        number=number,
        reference=reference_of(number),
        application_id=application.id,
        citizen_id=application.citizen_id,
        operator_id=subject.person_id if subject.kind is PersonKind.OPERATOR else None,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        tehsil=application.tehsil,
        route=route,
        state=FeeState.CREATED,
        fee_paise=0,
        charge_paise=0,
        head=heads[0],
        charge_head=heads[1],
        created_at=acting.now,
        due_at=next_enquiry(acting.now, acting.now),
    )


async def _ask_about_open(env: Environment, subject: Subject, request: StartFeePayment) -> None:
    """Before another order is made, the one that is not settled is asked about, so that nobody pays twice."""
    async with env.store.read_transaction() as tx:
        application = await applications.get(tx, request.application_id)
        known = await fee_orders.open_of(tx, request.application_id) if application else None
    if application is None or known is None or not decide(subject, of_application(application), _purpose(subject)):
        return
    same_way = _is_same_way(known, _route(subject, request.route), subject)
    await enquire(env, known, replaced=not same_way)


async def _handed_over(env: Environment, tx: Transaction, order_id: str, by: Subject | None) -> None:
    order = await fee_orders.get(tx, order_id)
    if order is None or order.state is FeeState.REDIRECTED or not may_become(order.state, FeeState.REDIRECTED):
        return
    await fee_orders.save(tx, replace(order, state=FeeState.REDIRECTED), order.version)
    application = await applications.get(tx, order.application_id)
    if by is not None and application is not None:
        source = Source.TREASURY if order.route is FeeRoute.TREASURY else Source.CSC
        acting = UnitOfWork(env, tx, by)
        await leave_receipt(acting, of_application(application), _purpose(by), source)


def _challan(env: Environment, order: FeeOrder, name: Bilingual, mobile: str | None) -> Challan:
    heads = [(order.head, order.fee_paise)]
    if order.charge_paise and order.charge_head:
        heads.append((order.charge_head, order.charge_paise))
    return Challan(
        reference=order.reference,
        service_code=order.service_code,
        heads=tuple(heads),
        payer_name=name.en or name.hi or "Applicant",
        payer_mobile=mobile,
        period=year_of(ist_date(order.created_at)),
        return_url=f"{env.public_url}/hooks/treasury",
    )


def _wallet_payment(env: Environment, order: FeeOrder, csc_id: str, name: str) -> WalletPayment:
    back = f"{env.public_url}/hooks/csc"
    return WalletPayment(order.reference, order.created_at, name[:60], order.total_paise, csc_id, back, back)
