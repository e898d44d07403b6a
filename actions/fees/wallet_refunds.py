"""Gives a fee back by the calls of the wallet: reversed on the day of its payment, else by a refund that is followed.

docs/contracts/other_systems.md section 3.4. Nobody says that CSC takes a repeated call once. Before either call it is
therefore stored that it goes, and while its answer is missing the status decides: what it leaves open is for a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from actions.fees.fee_cases import claim_enquiry, differ
from actions.fees.fee_refunds import UNSETTLED_REFUNDS, mark_refunded, note_acceptance, note_problem, note_refund_heard
from actions.kernel import Environment, UnitOfWork
from domain.fees.fees import (
    LATE_ENQUIRIES,
    REFUND_ENQUIRIES,
    FeeNews,
    FeeOrder,
    FeeProblem,
    FeeReceipt,
    FeeRoute,
    FeeState,
    ReportedState,
    may_be_asked,
)
from domain.kernel import SYSTEM, Source, ist_date
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.calling.errors import NotLetIn, RemoteError, Unavailable
from integrations.csc import NEVER_SENT, CscBridge, Outcome, Refund, RefundAnswer
from store.database import VersionConflict, crash_points
from store.fees import fee_orders

_UNANSWERED = frozenset({FeeProblem.REVERSAL_UNANSWERED, FeeProblem.REFUND_UNANSWERED})
_UNDER_WAY = timedelta(minutes=1)
"""How long a call whose answer is missing may still be under way in another process: longer than it may take."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Payment:
    """What is to go back, and where."""

    env: Environment
    wallet: CscBridge
    order: FeeOrder
    receipt: FeeReceipt

    @property
    def own_reference(self) -> str:
        return self.wallet.own_reference(self.order.number)


async def send_refund(env: Environment, order_id: str) -> None:
    """Give a payment back, or ask the wallet to. May run again: what may have been taken is not asked for twice.

    Raises RemoteError; the message then stays in the outbox. Where the wallet does not let us in the alarm is raised,
    and the rounds of the order try again.
    """
    order = await env.store.read(lambda tx: fee_orders.get(tx, order_id))
    payment = _payment(env, order)
    if payment is None or payment.order.refund_reference is not None:
        return
    if payment.order.problem in UNSETTLED_REFUNDS:
        return
    if not await _claim(env, payment.order):
        raise Unavailable(Source.CSC, "asked_just_now")
    try:
        await _give_back(payment)
    except NotLetIn as error:
        _log.warning("fee_refund_not_let_in", code=error.code)
        await _put_off(env, payment.order, LATE_ENQUIRIES)


async def follow_refund(env: Environment, order: FeeOrder) -> None:
    """Ask the wallet how a refund stands, and give back what was not given yet; without an answer, again later."""
    if not may_be_asked(order.asked_at, env.clock.now()) or not await _claim(env, order):
        return
    payment = _payment(env, order)
    if payment is None:
        await _put_off(env, order, LATE_ENQUIRIES)
        return
    try:
        if order.refund_reference is None:
            await _give_back(payment)
            return
        heard = await payment.wallet.refund_status(order.reference, payment.receipt.grn, order.refund_reference)
    except RemoteError as error:
        _log.info("fee_refund_unanswered", code=error.code)
        await _put_off(env, order, LATE_ENQUIRIES if order.refund_reference is None else REFUND_ENQUIRIES)
        return
    await env.store.carry_out(lambda tx: note_refund_heard(UnitOfWork(env, tx, SYSTEM), order.id, heard))


def _payment(env: Environment, order: FeeOrder | None) -> _Payment | None:
    """What is to go back of an order by the wallet; None where nothing is, or the wallet is not connected."""
    wallet = env.partners.wallet
    if order is None or wallet is None or order.receipt is None or order.route is not FeeRoute.CSC_WALLET:
        return None
    return _Payment(env, wallet, order, order.receipt) if order.state is FeeState.REFUND_REQUESTED else None


async def _claim(env: Environment, order: FeeOrder) -> bool:
    """Whether this process may ask. While a call may be under way whose answer is missing, nobody may."""
    if order.problem in _UNANSWERED and order.asked_at and env.clock.now() - order.asked_at < _UNDER_WAY:
        return False
    return await claim_enquiry(env, order, _UNDER_WAY)


async def _give_back(payment: _Payment) -> None:
    """The next step of a payment that is to go back and of which CSC has accepted nothing yet."""
    news = await payment.wallet.verify(payment.order.reference)
    if news.state is ReportedState.REFUNDED:
        await _note(payment, lambda acting: mark_refunded(acting, payment.order.id, payment.own_reference))
    elif payment.order.problem in UNSETTLED_REFUNDS:
        await _put_off(payment.env, payment.order, REFUND_ENQUIRIES)
    elif _may_be_sent(payment, news):
        await _send(payment, news)
    elif payment.order.problem in _UNANSWERED:
        await _note(payment, lambda acting: note_problem(acting, payment.order.id, FeeProblem.REFUND_UNCLEAR))
    else:
        await _note_other_status(payment, news)


def _may_be_sent(payment: _Payment, news: FeeNews) -> bool:
    """Whether the status lets the next call go. After a lost answer only the same call may, and not another one."""
    if news.state is not ReportedState.SUCCESS or news.amount_paise != payment.order.held_paise:
        return False
    if payment.order.problem == FeeProblem.REVERSAL_UNANSWERED:
        return _is_of_today(payment, news)
    return payment.order.problem != FeeProblem.REFUND_UNANSWERED or payment.wallet.takes_repeats


def _is_of_today(payment: _Payment, news: FeeNews) -> bool:
    """Whether a payment may be reversed: it was made today, by CSC's own word."""
    told = news.receipt
    today = ist_date(payment.env.clock.now())
    return told is not None and not told.paid_at_heard and ist_date(told.paid_at) == today


async def _send(payment: _Payment, news: FeeNews) -> None:
    """Reverse the payment of today; what CSC declines to reverse, and what is older, is asked for by a refund."""
    order, own = payment.order, payment.own_reference
    if _is_of_today(payment, news) and news.receipt is not None and order.problem != FeeProblem.REFUND_UNANSWERED:
        paid_at = news.receipt.paid_at
        payment, answer = await _call(
            payment, FeeProblem.REVERSAL_UNANSWERED, lambda wallet: wallet.reverse(order.reference, paid_at, own)
        )
        if answer.outcome is Outcome.DONE:
            await _note(payment, lambda acting: mark_refunded(acting, order.id, answer.reference))
            return
        if answer.outcome is Outcome.UNCLEAR:
            raise Unavailable(Source.CSC, "unclear")
    reason = (order.refund_cause.value if order.refund_cause else "OTHER").replace("_", " ")
    refund = Refund(order.reference, payment.receipt.grn, own, order.held_paise, reason)
    payment, answer = await _call(payment, FeeProblem.REFUND_UNANSWERED, lambda wallet: wallet.refund(refund))
    if answer.outcome is Outcome.ACCEPTED:
        await _note(payment, lambda acting: note_acceptance(acting, order.id, answer.reference))
    elif answer.outcome is Outcome.DECLINED:
        await _note(payment, lambda acting: note_problem(acting, order.id, FeeProblem.REFUND_DECLINED))
    else:
        raise Unavailable(Source.CSC, "unclear")


async def _call(
    payment: _Payment, unanswered: FeeProblem, ask: Callable[[CscBridge], Awaitable[RefundAnswer]]
) -> tuple[_Payment, RefundAnswer]:
    """One call that gives money back, with a mark that stays where its answer is lost."""
    marked = await _mark(payment, unanswered)
    try:
        answer = await ask(payment.wallet)
    except NEVER_SENT:
        await _mark(marked, unanswered if payment.order.problem == unanswered else None)
        raise
    crash_points.reach(crash_points.FEE_HEARD)
    return marked, answer


async def _mark(payment: _Payment, problem: str | None) -> _Payment:
    """Note that a call goes, or that it did not. Raises Unavailable where another process was faster."""
    now = payment.env.clock.now()
    changed = replace(payment.order, problem=problem, asked_at=now, due_at=now + LATE_ENQUIRIES)
    try:
        saved = await payment.env.store.carry_out(lambda tx: fee_orders.save(tx, changed, payment.order.version))
    except VersionConflict as error:
        raise Unavailable(Source.CSC, "asked_just_now") from error
    return replace(payment, order=saved)


async def _note(payment: _Payment, write: Callable[[UnitOfWork], Awaitable[object]]) -> None:
    await payment.env.store.carry_out(lambda tx: write(UnitOfWork(payment.env, tx, SYSTEM)))


async def _note_other_status(payment: _Payment, news: FeeNews) -> None:
    """CSC says something else of a payment than when it was heard of: nothing goes, and a case is opened."""
    order = payment.order
    found = news.state.value if news.state is not ReportedState.SUCCESS else str(news.amount_paise)

    async def write(acting: UnitOfWork) -> None:
        expected = str(order.held_paise)
        await differ(acting, order, DifferenceKind.STATUS_DIFFERS, expected=expected, found=found)
        await fee_orders.set_due(acting.tx, order.id, acting.now + REFUND_ENQUIRIES)

    await _note(payment, write)


async def _put_off(env: Environment, order: FeeOrder, wait: timedelta) -> None:
    again = env.clock.now() + wait
    await env.store.carry_out(lambda tx: fee_orders.set_due(tx, order.id, again))
