"""Refunds of the wallet: lost answers, a partner that is silent or gone, an officer who would pay a second time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund, send_refund
from actions.fees.fees import StartFeePayment, start_fee_payment
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeOrder, FeeState
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Source, Subject
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.calling.errors import Unavailable
from tests.support.actions import ORDER, World
from tests.support.fees import Tills, open_tills

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
_FINANCE = Subject(
    frozenset({Role.FINANCE_OFFICER}),
    PersonKind.OFFICER,
    "finance-refunds",
    (Posting(Role.FINANCE_OFFICER, None, "49", None),),
)


@pytest.fixture
def tills(world: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(world, tmp_path / "tills") as tills:
        yield tills


class LosingAnswers:
    """A wallet that takes back a payment, whose answer is lost once, and that calls it too late from then on."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.reversals = 0

    async def reverse(self, *asked: Any) -> bool:
        self.reversals += 1
        if self.reversals == 1:
            await self.inner.reverse(*asked)
            raise Unavailable(Source.CSC, "timeout")
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


async def paid_twice(tills: Tills, **changes: Any) -> FeeOrder:
    """An order of the wallet that was paid after a counter took the fee."""
    order = await tills.started(await tills.submitted(ORDER, **changes), tills.world.operator)
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    asked = await tills.order(order)
    assert asked.state is FeeState.REFUND_REQUESTED
    return asked


def without_wallet(tills: Tills, wallet: Any = None) -> None:
    tills.world.env = replace(tills.env, partners=replace(tills.env.partners, wallet=wallet))


async def test_a_reversal_whose_answer_was_lost_is_no_ground_for_a_second_refund(tills: Tills):
    order = await paid_twice(tills)
    wallet = LosingAnswers(tills.env.partners.wallet)
    without_wallet(tills, wallet)
    with pytest.raises(Unavailable):
        await send_refund(tills.env, order.id)
    await send_refund(tills.env, order.id)
    assert (await tills.order(order)).state is FeeState.REFUNDED
    effects = [entry["effect"] for entry in tills.csc.ledger.entries()]
    assert (effects.count("reversed"), effects.count("refund taken")) == (1, 0)


async def test_nobody_notes_a_refund_by_hand_that_the_wallet_gives_itself(tills: Tills):
    order = await paid_twice(tills)
    request = RecordFeeRefund(order.number, "RO-1", "refund")
    with pytest.raises(Problems) as refused:
        await record_fee_refund(tills.env, _FINANCE, request)
    assert refused.value.code is ErrorCode.STEP_NOT_ALLOWED
    assert (await tills.order(order)).state is FeeState.REFUND_REQUESTED


async def test_a_refund_that_nobody_answers_about_is_asked_again_and_counts_as_no_answer(tills: Tills):
    order = await paid_twice(tills)
    without_wallet(tills)
    tills.world.clock.advance(7 * timedelta(hours=1))
    assert await tills.rounds() == 1
    assert await tills.rounds() == 0
    after = await tills.order(order)
    assert (after.state, after.confirmed_at) == (FeeState.REFUND_REQUESTED, order.confirmed_at)
    assert after.due_at is not None
    assert after.due_at > tills.world.clock.now()


async def test_an_order_whose_way_is_gone_is_never_said_to_be_unpaid(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.pays(order)
    wallet = tills.env.partners.wallet
    without_wallet(tills)
    for _ in range(2):
        tills.world.clock.advance(8 * DAY)
        assert await tills.rounds() == 1
    after = await tills.order(order)
    assert (after.state, after.confirmed_at) == (FeeState.REDIRECTED, None)
    without_wallet(tills, wallet)
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_money_that_went_back_before_it_was_taken_for_the_fee_lets_it_be_paid_anew(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator)
    await tills.pays(order)
    await tills.csc.act("book_other_amount", {"reference": order.reference, "paise": 100})
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).problem == "AMOUNT_MISMATCH"
    wallet = tills.env.partners.wallet
    assert wallet is not None
    assert await wallet.reverse(order.reference, tills.world.clock.now(), "by-csc")
    tills.world.clock.advance(4 * MINUTE)
    again = await tills.started(await tills.application(order), tills.world.operator, key="again")
    assert (await tills.order(order)).state is FeeState.FAILED
    assert again.id != order.id
    assert await tills.cases() == [DifferenceKind.AMOUNT_DIFFERS]


async def test_another_operator_may_take_over_what_the_first_never_paid(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, tills.world.operator, key="first")
    second_operator = replace(tills.world.operator, person_id="operator-of-another-centre")
    again = StartFeePayment(application.id, "second")
    tills.world.clock.advance(MINUTE)
    second, _ = await start_fee_payment(tills.env, second_operator, again)
    assert second.id != first.id
    assert (await tills.order(first)).state is FeeState.EXPIRED
    await tills.pays(first)  # the first one pays all the same: she has paid once, by whichever order came first
    tills.world.clock.advance(MINUTE)
    await tills.comes_back(first, await tills.csc.act("wallet_return", {"reference": first.reference}))
    assert (await tills.order(first)).state is FeeState.SUCCESS
    assert (await tills.application(first)).status is Status.IN_SCRUTINY
