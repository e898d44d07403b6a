"""Fees paid from the wallet of CSC: by the operator alone, once, and another way begun only where nobody paid."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.fees.fee_enquiries import RECONCILED
from actions.fees.fee_refunds import REFUND
from actions.fees.fees import StartFeePayment, offered_routes, start_fee_payment
from actions.fees.scrolls import compare_wallet
from actions.fees.wallet_refunds import send_refund
from domain.applications.lifecycle import Move, Status
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeOrder, FeeRoute, FeeRules, FeeState, RefundCause
from domain.kernel import ErrorCode
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.csc import WalletPayment
from tests.support.actions import World
from tests.support.fees import Tills, open_tills
from tests.support.refusals import refusal

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases."""
    return peopled


@pytest.fixture
def tills(world: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(world, tmp_path / "tills") as tills:
        yield tills


async def test_the_wallet_is_offered_to_the_operator_alone(tills: Tills):
    due = await tills.submitted()
    assert offered_routes(tills.env, tills.world.asha, due) == [FeeRoute.TREASURY]
    assert offered_routes(tills.env, tills.world.operator, due) == [FeeRoute.TREASURY, FeeRoute.CSC_WALLET]


async def test_an_operator_pays_from_the_wallet_for_the_citizen_whom_he_serves(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    assert (order.route, order.operator_id) == (FeeRoute.CSC_WALLET, tills.world.operator.person_id)
    posted = await tills.pays(order)
    await tills.comes_back(order, posted)
    await tills.comes_back(order, posted)
    assert (await tills.order(order)).state is FeeState.SUCCESS
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    assert await tills.messages(RECONCILED) == 1


async def test_a_wallet_that_is_too_low_pays_nothing(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.csc.act("set_balance", {"csc_id": "500100010011", "paise": 100})
    assert (await tills.pays(order))["status"] == "LOW_BALANCE"
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.REDIRECTED


async def test_another_way_may_be_begun_only_where_nobody_came_to_pay_the_first(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, key="hers")
    await tills.pays(first, "COUNTER")
    wallet = StartFeePayment(application.id, "wallet")
    assert await refusal(start_fee_payment(tills.env, tills.world.operator, wallet)) is ErrorCode.FEE_PAYMENT_OPEN
    tills.world.clock.advance(8 * DAY)
    await tills.rounds()
    assert await refusal(start_fee_payment(tills.env, tills.world.operator, wallet)) is ErrorCode.FEE_NOT_DUE


async def test_an_order_that_nobody_came_to_pay_gives_way_to_another_way(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, key="hers")
    second = await tills.started(application, tills.world.operator, key="his")
    assert second.route is FeeRoute.CSC_WALLET
    replaced = await tills.order(first)
    assert (replaced.state, replaced.problem) == (FeeState.EXPIRED, "REPLACED")


async def replaced_by_the_treasury(tills: Tills) -> tuple[FeeOrder, FeeOrder]:
    """An order of the wallet whose form was handed over, and that of the treasury which took its place."""
    application = await tills.submitted()
    first = await tills.started(application, tills.world.operator, key="his")
    tills.world.clock.advance(MINUTE)
    second = await tills.started(application, key="hers")
    assert (await tills.order(first)).problem == "REPLACED"
    return first, second


async def pays_in_an_old_tab(tills: Tills, order: FeeOrder) -> None:
    """The operator pays by a form that was handed over before the order ended; his browser tells nobody."""
    payment = WalletPayment(
        order.reference, order.created_at, "Certificate", order.total_paise, "500100010011", "http://g/h", "http://g/h"
    )
    assert tills.env.partners.wallet is not None
    message = tills.env.partners.wallet.payment_form(payment).fields["message"]
    assert (await tills.csc.act("pay_from_wallet", {"message": message}))["status"] == "RETURNED"


async def test_a_replaced_order_that_is_paid_in_an_old_tab_is_found_and_goes_back(tills: Tills):
    first, second = await replaced_by_the_treasury(tills)
    await tills.comes_back(second, await tills.pays(second))
    assert (await tills.order(second)).state is FeeState.SUCCESS

    await pays_in_an_old_tab(tills, first)
    tills.world.clock.advance(DAY)
    await tills.rounds()

    found = await tills.order(first)
    assert (found.state, found.refund_cause) == (FeeState.REFUND_REQUESTED, RefundCause.SECOND_PAYMENT)
    assert DifferenceKind.SECOND_PAYMENT in await tills.cases()


async def test_a_replaced_order_that_is_paid_first_pays_the_fee(tills: Tills):
    first, second = await replaced_by_the_treasury(tills)
    await pays_in_an_old_tab(tills, first)
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.order(first)).state is FeeState.SUCCESS
    assert (await tills.application(second)).status is Status.IN_SCRUTINY


async def test_a_failed_order_that_is_paid_after_all_is_found(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.csc.act("set_balance", {"csc_id": "500100010011", "paise": 0})
    await tills.pays(order)
    await tills.csc.act("fail_payment", {"reference": order.reference})
    await tills.csc.act("set_balance", {"csc_id": "500100010011", "paise": 100_000})
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.FAILED
    await pays_in_an_old_tab(tills, order)
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_a_wallet_order_that_ended_unpaid_is_asked_about_daily_for_seven_days(tills: Tills):
    first, _ = await replaced_by_the_treasury(tills)
    asked = 0
    for _ in range(12):
        tills.world.clock.advance(DAY)
        before = (await tills.order(first)).confirmed_at
        await tills.rounds()
        asked += (await tills.order(first)).confirmed_at != before
    assert asked == 7
    assert (await tills.order(first)).due_at is None


async def test_silence_after_the_seven_days_is_asked_again_until_there_is_an_answer(tills: Tills):
    first, _ = await replaced_by_the_treasury(tills)
    tills.csc.faults.set([{"kind": "status", "params": {"status": 503}}])
    for _ in range(9):
        tills.world.clock.advance(DAY)
        await tills.rounds()
    await pays_in_an_old_tab(tills, first)
    tills.csc.faults.clear()
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.order(first)).state is not FeeState.EXPIRED


async def test_an_order_of_the_treasury_that_ended_unpaid_is_left_to_the_scroll(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, key="hers")
    tills.world.clock.advance(MINUTE)
    await tills.started(application, tills.world.operator, key="his")
    replaced = await tills.order(first)
    assert (replaced.state, replaced.due_at) == (FeeState.EXPIRED, None)


async def test_a_success_without_a_time_pays_the_fee_at_the_time_of_hearing(world: World, tmp_path: Path):
    rules = FeeRules(charge_paise=27, charge_source="a test")
    with open_tills(world, tmp_path / "tills", rules) as tills:
        order = await tills.started(await tills.submitted(), world.operator)
        world.clock.advance(HOUR)
        await tills.comes_back(order, await tills.pays(order))
        paid = await tills.order(order)
        assert paid.state is FeeState.SUCCESS
        assert paid.receipt is not None
        heard_at = world.clock.now().replace(microsecond=0)
        assert (paid.receipt.paid_at, paid.receipt.paid_at_heard) == (heard_at, True)


async def test_another_amount_without_a_time_keeps_the_time_at_which_it_was_first_heard_of(
    world: World, tmp_path: Path
):
    with open_tills(world, tmp_path / "tills", FeeRules(charge_paise=27, charge_source="a test")) as tills:
        order = await tills.started(await tills.submitted(), world.operator)
        await tills.pays(order)
        await tills.csc.act("book_other_amount", {"reference": order.reference, "paise": 100})
        world.clock.advance(2 * MINUTE)
        await tills.rounds()
        first = await tills.order(order)
        world.clock.advance(DAY)
        await tills.rounds()
        again = await tills.order(order)
        assert first.receipt is not None
        assert (again.receipt, again.version) == (first.receipt, first.version)
        assert again.confirmed_at != first.confirmed_at


async def test_a_time_that_csc_tells_is_the_time_of_payment_however_late_it_is_heard(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    paid_at = tills.world.clock.now().replace(microsecond=0)
    await tills.pays(order)
    tills.world.clock.advance(3 * DAY)
    await tills.rounds()
    receipt = (await tills.order(order)).receipt
    assert receipt is not None
    assert (receipt.paid_at, receipt.paid_at_heard) == (paid_at, False)


async def test_a_payment_that_went_back_is_no_difference_whatever_its_status_says(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    await send_refund(tills.env, order.id)
    before = await tills.cases()
    tills.world.clock.advance(DAY)
    assert await compare_wallet(tills.env) == 1
    assert await tills.cases() == before


async def test_a_second_wallet_payment_is_reversed_on_its_day(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert await tills.messages(REFUND) == 1
    await send_refund(tills.env, order.id)
    await send_refund(tills.env, order.id)
    assert (await tills.order(order)).state is FeeState.REFUNDED
    effects = [entry["effect"] for entry in tills.csc.ledger.entries()]
    assert effects.count("reversed") == 1


async def test_a_refund_of_the_wallet_is_followed_to_its_end(world: World, tmp_path: Path):
    rules = FeeRules(refund_after=frozenset({Move.WITHDRAW}), refund_source="a test")
    with open_tills(world, tmp_path / "tills", rules) as tills:
        order = await tills.started(await tills.submitted(), world.operator)
        await tills.comes_back(order, await tills.pays(order))
        world.clock.advance(DAY)  # too late to reverse it
        await withdraw_application(tills.env, world.asha, Withdraw(order.application_id, "withdraw"))
        await send_refund(tills.env, order.id)
        accepted = await tills.order(order)
        assert (accepted.state, accepted.problem) == (FeeState.REFUND_REQUESTED, None)
        assert accepted.refund_reference is not None
        world.clock.advance(DAY)
        await tills.rounds()
        assert (await tills.order(order)).state is FeeState.REFUNDED
        asked, ordered, done = await tills.told_of_refunds()
        assert (asked[0], ordered[0]) == (NoticeKind.FEE_REFUND_REQUESTED, NoticeKind.FEE_REFUND_SENT)
        assert (done[0], "fee" in done[1], "शुल्क" in done[2]) == (NoticeKind.FEE_REFUNDED, True, True)
