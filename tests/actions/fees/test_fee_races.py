"""Two processes hear of the same fee at once, on both databases: one order, one payment, one step."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_enquiries import ask_due, settle
from actions.fees.fee_refunds import request_refund
from actions.fees.fees import StartFeePayment, start_fee_payment
from actions.fees.returns import FeeReturns
from actions.kernel import UnitOfWork
from actions.reconciliation.finance_desk import CaseRequest, resolve_case, take_case
from domain.applications.lifecycle import Move, Status
from domain.fees.fees import FeeNews, FeeOrder, FeeReceipt, FeeRoute, FeeState, RefundCause, ReportedState
from domain.kernel import SYSTEM, PersonKind, Posting, Problems, Role, Subject
from domain.reconciliation.finance_cases import CaseEvent, CaseOutcome, CaseState, CaseStep, DifferenceKind
from store.applications import timeline
from store.database import Transaction, audit
from store.fees import fee_orders
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import OPEN_STATES, CaseFilter
from tests.support.actions import ORDER
from tests.support.fees import Tills, open_tills
from tests.support.twins import Twins
from tests.support.worlds import wrong

pytestmark = pytest.mark.integration


@dataclass
class Pair:
    """The tills, and the second process."""

    tills: Tills
    twins: Twins

    @property
    def envs(self):
        ours = self.tills.env
        return ours, replace(ours, store=self.twins.other.store)

    async def steps(self, order: FeeOrder) -> int:
        async with self.tills.env.store.read_transaction() as tx:
            entries = (await timeline.timelines(tx, [order.application_id]))[order.application_id]
        return [entry.move for entry in entries].count(Move.RECEIVE_FEE)


def finance_officer(name: str) -> Subject:
    posting = Posting(Role.FINANCE_OFFICER, None, "49", None)
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, name, (posting,))


@pytest.fixture
def pair(twins: Twins, tmp_path: Path) -> Iterator[Pair]:
    with open_tills(twins.world, tmp_path / "tills") as tills:
        yield Pair(tills, twins)


async def test_several_starts_at_once_give_one_order(pair: Pair):
    application = await pair.tills.submitted(ORDER)
    asha = pair.tills.world.asha
    starts = [
        start_fee_payment(env, asha, StartFeePayment(application.id, f"k{number}"))
        for number in range(4)
        for env in pair.envs
    ]
    told = await asyncio.gather(*starts, return_exceptions=True)
    orders = {answer[0].id for answer in told if isinstance(answer, tuple)}
    assert len(orders) == 1
    assert all(isinstance(answer, tuple | Problems) for answer in told)


async def test_returns_and_rounds_at_once_pay_once(pair: Pair):
    tills = pair.tills
    order = await tills.started(await tills.submitted(ORDER))
    posted = await tills.pays(order)
    tills.world.clock.advance(timedelta(minutes=2))
    words = posted["encdata"].encode()
    await asyncio.gather(
        *(ask_due(env) for env in pair.envs),
        *(FeeReturns(env, FeeRoute.TREASURY).take(order.reference, words) for env in pair.envs),
    )
    tills.world.clock.advance(timedelta(minutes=2))
    await asyncio.gather(*(ask_due(env) for env in pair.envs))
    assert (await tills.order(order)).state is FeeState.SUCCESS
    assert await pair.steps(order) == 1
    assert await audit.verify(tills.env.store)


async def test_a_counter_and_the_treasury_at_once_leave_one_payment_and_one_refund(pair: Pair):
    tills = pair.tills
    order = await tills.started(await tills.submitted(ORDER))
    at = tills.world.clock.now()
    news = FeeNews(ReportedState.SUCCESS, order.total_paise, FeeReceipt("UKGRN1", "1", "1", "1", "NB", at))
    fee = RecordFee(order.application_id, "CH-7", 4000, "counter")
    await asyncio.gather(
        settle(pair.envs[0], order.id, news),
        record_fee(pair.envs[1], tills.world.employment, fee),
        settle(pair.envs[1], order.id, news),
        return_exceptions=True,
    )
    held, application = await tills.order(order), await tills.application(order)
    assert await pair.steps(order) == 1
    assert application.status is Status.IN_SCRUTINY
    if application.fee_receipt == "UKGRN1":
        assert (held.state, await tills.cases()) == (FeeState.SUCCESS, [])
    else:
        assert (held.state, await tills.cases()) == (FeeState.REFUND_REQUESTED, [DifferenceKind.SECOND_PAYMENT])


async def test_two_orders_that_were_both_paid_leave_one_success(pair: Pair):
    tills = pair.tills
    first = await tills.started(await tills.submitted(ORDER))
    await settle(tills.env, first.id, FeeNews(ReportedState.FAILED, first.total_paise))
    second = await tills.started(await tills.application(first), key="second")
    at = tills.world.clock.now()
    news = [
        FeeNews(ReportedState.SUCCESS, 4000, FeeReceipt(f"UKGRN{number}", "1", "1", "1", "NB", at)) for number in (1, 2)
    ]
    await asyncio.gather(settle(pair.envs[0], first.id, news[0]), settle(pair.envs[1], second.id, news[1]))
    states = sorted([(await tills.order(one)).state for one in (first, second)])
    assert states == [FeeState.REFUND_REQUESTED, FeeState.SUCCESS]
    assert await pair.steps(first) == 1
    async with tills.env.store.read_transaction() as tx:
        paid = await fee_orders.paid_of(tx, first.application_id)
    assert paid is not None
    assert (await tills.application(first)).fee_receipt == (paid.receipt.grn if paid.receipt else None)


async def test_an_officer_and_a_book_that_is_put_right_at_once_give_back_or_pay_never_both(pair: Pair):
    tills = pair.tills
    order = await tills.started(await tills.submitted(ORDER))
    receipt = FeeReceipt("UKGRN1", "1", "1", "1", "NB", tills.world.clock.now())
    await tills.pays(order)
    await tills.treasury.act("book_other_amount", {"reference": order.reference, "paise": 3900})
    tills.world.clock.advance(timedelta(minutes=2))
    await ask_due(tills.env)
    async with tills.env.store.read_transaction() as tx:
        (case,) = await finance_cases.cases(None, CaseFilter()).page(tx, limit=5)
    officers = [finance_officer(f"finance-{number}") for number in (1, 2)]
    await take_case(tills.env, officers[0], CaseRequest(case.id, "take"))
    tills.world.clock.advance(timedelta(minutes=2))
    settles = CaseRequest(case.id, "settle", note="All of it goes back.", outcome=CaseOutcome.REFUNDED)
    corrected = FeeNews(ReportedState.SUCCESS, order.total_paise, receipt)
    told = await asyncio.gather(
        *(resolve_case(env, officer, settles) for env, officer in zip(pair.envs, officers, strict=True)),
        settle(pair.envs[1], order.id, corrected),
        return_exceptions=True,
    )
    assert all(isinstance(answer, Problems | tuple | FeeOrder) for answer in told), told
    held, application = await tills.order(order), await tills.application(order)
    paid = held.state is FeeState.SUCCESS
    assert paid or held.state is FeeState.REFUND_REQUESTED
    assert await pair.steps(order) == paid
    assert application.status is (Status.IN_SCRUTINY if paid else Status.FEE_PENDING)
    kinds = await tills.cases()
    assert kinds.count(DifferenceKind.REFUND_DUE) == (not paid)
    assert await wrong(tills.env) == []


async def test_an_answer_that_was_noted_too_late_opens_no_case_of_what_goes_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
):
    tills = pair.tills
    order = await tills.started(await tills.submitted(ORDER))
    receipt = FeeReceipt("UKGRN1", "1", "1", "1", "NB", tills.world.clock.now())
    other = FeeNews(ReportedState.SUCCESS, 3900, receipt)
    held = await settle(tills.env, order.id, other)
    async with tills.env.store.write_transaction() as tx:
        (case,) = await finance_cases.cases(None, CaseFilter()).page(tx, limit=5)
        given_back = replace(case, state=CaseState.SETTLED, outcome=CaseOutcome.REFUNDED)
        event = CaseEvent("settled", case.id, CaseStep.SETTLE, "finance-1", tills.world.clock.now())
        await finance_cases.save(tx, given_back, event)
        await request_refund(UnitOfWork(tills.env, tx, SYSTEM), held, RefundCause.OTHER_AMOUNT)
    present, seen = fee_orders.get, [held]

    async def as_it_was_before(tx: Transaction, order_id: str) -> FeeOrder | None:
        return seen.pop() if seen else await present(tx, order_id)

    monkeypatch.setattr(fee_orders, "get", as_it_was_before)
    assert (await settle(pair.envs[1], order.id, other)).state is FeeState.REFUND_REQUESTED
    assert (await tills.order(order)).due_at is None
    async with tills.env.store.read_transaction() as tx:
        open_ones = await finance_cases.cases(None, CaseFilter(states=OPEN_STATES)).page(tx, limit=5)
    assert [one.kind for one in open_ones] == [DifferenceKind.REFUND_DUE]


async def test_the_same_receipt_for_two_orders_is_not_taken(pair: Pair):
    tills = pair.tills
    first = await tills.started(await tills.submitted(ORDER))
    sunil = tills.world.sunil
    other = await tills.started(await tills.world.submit(sunil, ORDER, idempotency_key="s"), sunil, key="s")
    receipt = FeeReceipt("UKGRN1", "1", "1", "1", "NB", tills.world.clock.now())
    for order in (first, other):
        await settle(tills.env, order.id, FeeNews(ReportedState.SUCCESS, 4000, receipt))
    held = await tills.order(other)
    assert (held.state, held.problem) == (FeeState.PENDING, "RECEIPT_TWICE")
    assert await tills.cases() == [DifferenceKind.STATUS_DIFFERS]
