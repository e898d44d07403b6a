"""Asks the payment provider for the status of a fee order, and records the outcome once.

A call-back, a browser and a citizen's word only make us ask. Each answer is recorded in one transaction with the
step of the application, so that a worker that dies between hearing and noting asks again and nothing is doubled.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from actions.fees.fee_cases import ABOUT, claim_enquiry, differ, note, tell_of_payment
from actions.fees.fee_refunds import note_refund_heard, request_refund
from actions.fees.wallet_refunds import follow_refund
from actions.kernel import Environment, UnitOfWork, receive_fee, service_of
from actions.reconciliation.finance_cases import resolve_automatically
from domain.applications.lifecycle import Status
from domain.feedback.notices import NoticeKind
from domain.fees.fees import (
    BETWEEN,
    OPEN,
    PAID,
    UNPAID_ENQUIRIES,
    FeeNews,
    FeeOrder,
    FeeProblem,
    FeeReceipt,
    FeeRoute,
    FeeState,
    RefundCause,
    ReportedState,
    is_over,
    may_be_asked,
    may_become,
    next_enquiry,
    next_unpaid_enquiry,
)
from domain.kernel import SYSTEM, Source
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind
from integrations.calling.errors import RemoteError, Unavailable
from store.applications import applications
from store.database import Transaction, VersionConflict, crash_points
from store.fees import fee_orders
from store.platform import outbox

RECONCILED = "fee.reconciled"
"""The topic that tells CSC what a wallet's payment was taken for."""

_DOUBTS: Mapping[FeeProblem, DifferenceKind] = {
    FeeProblem.AMOUNT_MISMATCH: DifferenceKind.AMOUNT_DIFFERS,
    FeeProblem.RECEIPT_TWICE: DifferenceKind.STATUS_DIFFERS,
}
"""Why money that was taken is not taken for the fee, and the case of it."""
CORRECTED = "The payment is told with the right amount, and a receipt of its own, by now."

BATCH, AT_ONCE = 50, 8
_LEASE = timedelta(minutes=1)
"""By when an order is asked about again where whoever asked died before it noted the answer."""
_RACES = 5
_ENDED = {
    ReportedState.FAILED: FeeState.FAILED,
    ReportedState.EXPIRED: FeeState.EXPIRED,
    ReportedState.REFUNDED: FeeState.FAILED,
}
"""How an order ends that nothing was taken for, or whose money went back before we took it for the fee."""
_log = structlog.get_logger(__name__)


async def ask_due(env: Environment) -> int:
    """Ask about every order whose time has come; returns how many were asked about. Run by any number of workers."""
    due = await env.store.read(lambda tx: fee_orders.due(tx, env.clock.now(), BATCH))
    places = asyncio.Semaphore(AT_ONCE)

    async def ask_order(order: FeeOrder) -> None:
        async with places:
            if order.state is FeeState.REFUND_REQUESTED:
                await follow_refund(env, order)
            else:
                await enquire(env, order)

    await asyncio.gather(*(ask_order(order) for order in due))
    return len(due)


async def enquire(env: Environment, order: FeeOrder, *, replaced: bool = False) -> FeeOrder:
    """Ask what became of an order, at most once in ten seconds, and note the answer; gives the order as it then is.

    Silence changes nothing: the order is asked about again later. `replaced` ends one that nobody came to pay, so that
    another way may be begun; should it be paid later all the same, that money goes back. So that this is heard of, an
    order of the wallet that ended unpaid is asked about daily for seven days.
    """
    if order.state in PAID and order.state is not FeeState.SUCCESS:
        return order
    if not may_be_asked(order.asked_at, env.clock.now()):
        return await _asked_soon(env, order)
    if not await claim_enquiry(env, order, _LEASE):
        return await _present(env, order)
    try:
        news = await ask(env, order)
    except RemoteError as error:
        _log.info("fee_enquiry_unanswered", route=order.route.value, code=error.code)
        return await _put_off(env, order)
    crash_points.reach(crash_points.FEE_HEARD)
    return await settle(env, order.id, news, replaced=replaced)


async def ask(env: Environment, order: FeeOrder) -> FeeNews:
    """The enquiry itself. Raises RemoteError; Unavailable, too, where the way is not connected any more."""
    if order.route is FeeRoute.TREASURY and env.partners.treasury:
        return await env.partners.treasury.verify(order.reference)
    if order.route is FeeRoute.CSC_WALLET and env.partners.wallet:
        return await env.partners.wallet.verify(order.reference)
    raise Unavailable(Source.TREASURY if order.route is FeeRoute.TREASURY else Source.CSC, "not_connected")


async def settle(env: Environment, order_id: str, news: FeeNews, *, replaced: bool = False) -> FeeOrder:
    """Record the provider's answer with everything that follows from it. Repeating it changes nothing."""
    for _ in range(_RACES):
        try:
            return await env.store.carry_out(partial(_apply_answer, env, order_id, news, replaced))
        except VersionConflict:
            continue  # the citizen withdrew, or a counter took the fee, at the same moment: look again
    return await env.store.carry_out(partial(_apply_answer, env, order_id, news, replaced))


async def _apply_answer(env: Environment, order_id: str, news: FeeNews, replaced: bool, tx: Transaction) -> FeeOrder:
    acting = UnitOfWork(env, tx, SYSTEM)
    order = await fee_orders.get(tx, order_id)
    if order is None:
        raise ValueError("an order that was asked about is there")
    if news.state is ReportedState.SUCCESS:
        return await _apply_success(acting, order, news)
    doubted = order.problem in _DOUBTS
    if order.state in PAID or (news.state is ReportedState.REFUNDED and not order.open and not doubted):
        return await _note_contradiction(acting, order, news)
    after = _state_after(order, news, acting.now, replaced=replaced)
    settled_at = None if after in OPEN else order.settled_at or acting.now
    due_at = _next_enquiry(replace(order, state=after, settled_at=settled_at), news.state, acting.now)
    if after is order.state and not doubted:
        return await _note_answer(acting, order, due_at)
    problem = FeeProblem.REPLACED if replaced and news.state is ReportedState.UNKNOWN else order.problem
    changed = replace(
        order, state=after, confirmed_at=acting.now, due_at=due_at, settled_at=settled_at, problem=problem
    )
    if doubted:  # no money is told of any more: whatever was not taken for the fee is not there
        problem = None if problem in _DOUBTS else problem
        changed = replace(changed, problem=problem, taken_paise=None, receipt=None, scrolled_on=None)
    saved = await fee_orders.save(tx, changed, order.version)
    await note(acting, saved, "heard")
    return saved


def _state_after(order: FeeOrder, news: FeeNews, now: datetime, *, replaced: bool) -> FeeState:
    """The state after an answer that is no success."""
    wanted = _ENDED.get(news.state, FeeState.PENDING)
    if news.state is ReportedState.UNKNOWN:
        wanted = FeeState.EXPIRED if replaced or is_over(order.created_at, now) else order.state
    if news.state is ReportedState.PENDING and is_over(order.created_at, now):
        wanted = FeeState.EXPIRED
    return wanted if wanted is order.state or may_become(order.state, wanted) else order.state


def _next_enquiry(order: FeeOrder, heard: ReportedState, now: datetime) -> datetime | None:
    """When an order that is not paid is asked about next, after an answer."""
    wallet = order.route is FeeRoute.CSC_WALLET
    if order.open or (heard is ReportedState.PENDING and not wallet):
        return next_enquiry(order.created_at, now)
    return next_unpaid_enquiry(order, now)


async def _apply_success(acting: UnitOfWork, order: FeeOrder, news: FeeNews) -> FeeOrder:
    """The money was taken: the application continues, or the money goes back."""
    if order.state in PAID or news.receipt is None:
        return await _note_answer(acting, order, order.due_at if order.state is FeeState.REFUND_REQUESTED else None)
    known = await fee_orders.by_receipt(acting.tx, order.route, news.receipt.grn)
    if known is not None and known.id != order.id:
        return await _doubtful(acting, order, FeeProblem.RECEIPT_TWICE, news)
    if news.amount_paise != order.total_paise:
        return await _doubtful(acting, order, FeeProblem.AMOUNT_MISMATCH, news)
    heard = replace(
        await _without_doubt(acting, order),
        receipt=news.receipt,
        confirmed_at=acting.now,
        settled_at=acting.now,
        problem=None,
    )
    application = await applications.get(acting.tx, order.application_id)
    if application is None:
        raise ValueError("the application of an order is there")
    already = await fee_orders.paid_of(acting.tx, order.application_id)
    if application.status is not Status.FEE_PENDING or already is not None:
        paid_before = already is not None or application.fee_receipt is not None
        return await request_refund(acting, heard, RefundCause.SECOND_PAYMENT if paid_before else RefundCause.NOT_DUE)
    service = await service_of(acting, application)
    await receive_fee(acting, application, service, news.receipt.grn, news.receipt.paid_at)
    saved = await fee_orders.save(acting.tx, replace(heard, state=FeeState.SUCCESS, due_at=None), order.version)
    await note(acting, saved, "paid")
    if order.route is FeeRoute.CSC_WALLET:
        await outbox.add(acting.tx, RECONCILED, order.number, {"order_id": order.id})
    return saved


async def _without_doubt(acting: UnitOfWork, order: FeeOrder) -> FeeOrder:
    """The order as if nothing had been doubted: the source has put its book right, and the case closes itself.

    Also one that waits for a second officer: what was proposed must not be done any more. What a scroll said of it
    held the wrong amount, so that it is looked for anew.
    """
    if order.problem is None or order.problem not in _DOUBTS:
        return order
    kind, about = _DOUBTS[FeeProblem(order.problem)], f"{ABOUT}{order.id}"
    await resolve_automatically(acting, kind, about, CaseOutcome.CORRECTED_AT_PARTNER, CORRECTED)
    return replace(order, taken_paise=None, receipt=None, scrolled_on=None)


async def _doubtful(acting: UnitOfWork, order: FeeOrder, problem: FeeProblem, news: FeeNews) -> FeeOrder:
    """Money was taken that does not fit the order: nothing is marked paid, and a finance officer looks.

    It is asked about until it fits, or goes back (actions/fees/fee_doubts.py): the source may put its book right any
    day.
    """
    other = problem is FeeProblem.AMOUNT_MISMATCH
    due_at = next_enquiry(order.created_at, acting.now)
    state = FeeState.PENDING if may_become(order.state, FeeState.PENDING) else order.state
    taken, receipt = (news.amount_paise, _first_heard(order, news.receipt)) if other else (None, None)
    scrolled_on = order.scrolled_on if taken == order.taken_paise else None
    doubted = replace(order, state=state, problem=problem, taken_paise=taken, receipt=receipt, scrolled_on=scrolled_on)
    found = str(taken) if other else problem.value
    # Other money that lies there has its open case, whatever was accepted before: it might have gone meanwhile.
    await differ(acting, doubted, _DOUBTS[problem], expected=str(order.total_paise), found=found, anew=other)
    if doubted == order:
        return await _note_answer(acting, order, due_at)
    changed = replace(doubted, confirmed_at=acting.now, due_at=due_at)
    saved = await fee_orders.save(acting.tx, changed, order.version)
    await note(acting, saved, "doubtful")
    if other:
        await tell_of_payment(acting, saved, NoticeKind.FEE_AMOUNT_DIFFERS)
    return saved


def _first_heard(order: FeeOrder, receipt: FeeReceipt | None) -> FeeReceipt | None:
    """The receipt; the one that is kept where no time was told, since each answer would have another one."""
    kept = order.receipt
    same = kept is not None and receipt is not None and receipt.paid_at_heard and kept.grn == receipt.grn
    return kept if same else receipt


async def _note_contradiction(acting: UnitOfWork, order: FeeOrder, news: FeeNews) -> FeeOrder:
    """The source now contradicts a final state of ours: our state stays, and a case is opened."""
    if order.state is FeeState.REFUND_REQUESTED and news.state is ReportedState.REFUNDED:
        return await note_refund_heard(acting, order.id, ReportedState.REFUNDED) or order
    if order.state is FeeState.REFUNDED or news.state is ReportedState.UNKNOWN:
        return await _note_answer(acting, order, None)
    expected, found = order.state.value, news.state.value
    await differ(acting, order, DifferenceKind.STATUS_DIFFERS, expected=expected, found=found)
    if order.problem == FeeProblem.STATUS_DIFFERS:
        return await _note_answer(acting, order, order.due_at)
    changed = replace(order, problem=FeeProblem.STATUS_DIFFERS, confirmed_at=acting.now)
    return await fee_orders.save(acting.tx, changed, order.version)


async def _note_answer(acting: UnitOfWork, order: FeeOrder, due_at: datetime | None) -> FeeOrder:
    await fee_orders.note_answer(acting.tx, order, due_at)
    return replace(order, confirmed_at=acting.now, due_at=due_at)


async def _asked_soon(env: Environment, order: FeeOrder) -> FeeOrder:
    """It was asked about a moment ago: the worker asks again as soon as the treasury's limit lets it."""
    if order.state not in PAID and order.asked_at is not None:
        soon = order.asked_at + BETWEEN
        if order.due_at is None or order.due_at > soon:
            await env.store.carry_out(lambda tx: fee_orders.set_due(tx, order.id, soon))
    return await _present(env, order)


async def _put_off(env: Environment, order: FeeOrder) -> FeeOrder:
    now, ended = env.clock.now(), order.route is FeeRoute.CSC_WALLET and not order.open
    after = now + UNPAID_ENQUIRIES if ended else next_enquiry(order.created_at, now)
    next_at = None if order.state in PAID else after
    await env.store.carry_out(lambda tx: fee_orders.set_due(tx, order.id, next_at))
    return await _present(env, order)


async def _present(env: Environment, order: FeeOrder) -> FeeOrder:
    async with env.store.read_transaction() as tx:
        return await fee_orders.get(tx, order.id) or order
