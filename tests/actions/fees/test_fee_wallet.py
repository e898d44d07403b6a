"""Fees paid from the wallet of CSC: by the operator alone, once, and another way begun only where nobody paid."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.fees.fee_enquiries import RECONCILED
from actions.fees.fee_refunds import REFUND, send_refund
from actions.fees.fees import StartFeePayment, offered_routes, start_fee_payment
from domain.applications.lifecycle import Move, Status
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeRoute, FeeRules, FeeState
from domain.kernel import ErrorCode
from tests.support.actions import World
from tests.support.fees import Tills, open_tills
from tests.support.refusals import refusal

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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


async def test_a_second_wallet_payment_is_reversed_and_a_late_one_refunded(tills: Tills):
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
        await withdraw_application(tills.env, world.asha, Withdraw(order.application_id, "withdraw"))
        await send_refund(tills.env, order.id)
        assert (await tills.order(order)).refund_reference is not None
        world.clock.advance(HOUR + MINUTE)
        await tills.rounds()
        assert (await tills.order(order)).state is FeeState.REFUNDED
        asked, ordered, done = await tills.told_of_refunds()
        assert (asked[0], ordered[0]) == (NoticeKind.FEE_REFUND_REQUESTED, NoticeKind.FEE_REFUND_SENT)
        assert (done[0], "fee" in done[1], "शुल्क" in done[2]) == (NoticeKind.FEE_REFUNDED, True, True)
