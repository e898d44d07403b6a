"""Refunds of the wallet: lost answers, a partner that is silent or gone, an officer who would pay a second time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund
from actions.fees.fees import StartFeePayment, start_fee_payment
from actions.fees.wallet_refunds import send_refund
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeOrder, FeeRules, FeeState
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Source, Subject, ist_date
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.calling.errors import Unavailable
from integrations.csc import Outcome
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
def world(peopled: World) -> World:
    """On both databases."""
    return peopled


@pytest.fixture
def tills(world: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(world, tmp_path / "tills") as tills:
        yield tills


class LosingAnswers:
    """A wallet that takes what it is asked for by one call, and whose first answer to it is lost."""

    def __init__(self, inner: Any, call: str, *, arrives: bool = True) -> None:
        self.inner, self.call, self.arrives = inner, call, arrives
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return self._lose if name == self.call else getattr(self.inner, name)

    async def _lose(self, *asked: Any) -> Any:
        self.asked += 1
        if self.asked > 1:
            return await getattr(self.inner, self.call)(*asked)
        if self.arrives:
            await getattr(self.inner, self.call)(*asked)
        raise Unavailable(Source.CSC, "timeout")


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


def effects(tills: Tills, *wanted: str) -> list[int]:
    """How often the wallet did each."""
    done = [entry["effect"] for entry in tills.csc.ledger.entries()]
    return [done.count(each) for each in wanted]


async def losing(tills: Tills, order: FeeOrder, call: str, *, arrives: bool = True) -> None:
    """The refund is sent, and the answer to one call is lost."""
    without_wallet(tills, LosingAnswers(tills.env.partners.wallet, call, arrives=arrives))
    with pytest.raises(Unavailable):
        await send_refund(tills.env, order.id)


async def test_a_reversal_whose_answer_was_lost_is_no_ground_for_a_second_refund(tills: Tills):
    order = await paid_twice(tills)
    await losing(tills, order, "reverse")
    assert (await tills.order(order)).problem == "REVERSAL_UNANSWERED"
    tills.world.clock.advance(MINUTE)
    await send_refund(tills.env, order.id)
    after = await tills.order(order)
    assert (after.state, after.problem) == (FeeState.REFUNDED, None)
    assert effects(tills, "reversed", "refund taken") == [1, 0]


async def test_while_a_call_may_be_under_way_nobody_else_asks(tills: Tills):
    order = await paid_twice(tills)
    await losing(tills, order, "reverse", arrives=False)
    calls = len(tills.csc.ledger.entries())
    with pytest.raises(Unavailable) as told:
        await send_refund(tills.env, order.id)
    assert (told.value.code, len(tills.csc.ledger.entries())) == ("asked_just_now", calls)


async def test_a_reversal_that_never_arrived_is_asked_for_again_on_its_day(tills: Tills):
    order = await paid_twice(tills)
    await losing(tills, order, "reverse", arrives=False)
    tills.world.clock.advance(MINUTE)
    await send_refund(tills.env, order.id)
    assert (await tills.order(order)).state is FeeState.REFUNDED
    assert effects(tills, "reversed", "refund taken") == [1, 0]


async def test_an_unanswered_reversal_is_left_to_a_person_on_the_next_day(tills: Tills):
    order = await paid_twice(tills)
    await losing(tills, order, "reverse", arrives=False)
    tills.world.clock.advance(DAY)
    await send_refund(tills.env, order.id)
    after = await tills.order(order)
    assert (after.state, after.problem) == (FeeState.REFUND_REQUESTED, "REFUND_UNCLEAR")
    assert effects(tills, "reversed", "refund taken") == [0, 0]
    assert DifferenceKind.REFUND_DUE in await tills.cases()


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_refund_whose_answer_was_lost_is_never_asked_for_twice(tills: Tills, arrives: bool):
    order = await paid_twice(tills)
    tills.world.clock.advance(DAY)
    await losing(tills, order, "refund", arrives=arrives)
    for _ in range(3):
        tills.world.clock.advance(DAY)
        await send_refund(tills.env, order.id)
        await tills.rounds()
    assert (await tills.order(order)).problem == "REFUND_UNCLEAR"
    assert effects(tills, "refund taken", "refund known") == [int(arrives), 0]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_lost_refund_is_asked_for_again_where_csc_says_that_it_takes_one_once(tills: Tills, arrives: bool):
    await tills.take_repeats()
    order = await paid_twice(tills)
    tills.world.clock.advance(DAY)
    await losing(tills, order, "refund", arrives=arrives)
    tills.world.clock.advance(MINUTE)
    await send_refund(tills.env, order.id)
    after = await tills.order(order)
    assert (after.problem, after.refund_reference is None) == (None, False)
    assert effects(tills, "refund taken", "refund known") == [1, int(arrives)]


async def test_a_finance_officer_notes_what_she_found_at_the_merchant_centre(tills: Tills):
    order = await paid_twice(tills)
    tills.world.clock.advance(DAY)
    await losing(tills, order, "refund")
    tills.world.clock.advance(MINUTE)
    await send_refund(tills.env, order.id)
    request = RecordFeeRefund(order.number, "CSCR-7", "refund")
    noted, _ = await record_fee_refund(tills.env, _FINANCE, request)
    assert (noted.state, noted.refund_reference) == (FeeState.REFUNDED, "CSCR-7")


async def test_what_is_too_late_to_reverse_is_refunded_as_a_whole(world: World, tmp_path: Path):
    with open_tills(world, tmp_path / "tills", FeeRules(charge_paise=26, charge_source="a test")) as tills:
        order = await paid_twice(tills)
        await send_refund(tills.env, order.id)
        assert effects(tills, "not reversed", "refund taken") == [1, 1]
        kept = await tills.csc.act("wallet_payment", {"reference": order.reference})
        assert kept["refund"]["amount"] == order.total_paise
        assert (await tills.order(order)).problem is None


async def test_a_payment_of_yesterday_is_refunded_without_a_try_to_reverse_it(tills: Tills):
    order = await paid_twice(tills)
    tills.world.clock.advance(DAY)
    await send_refund(tills.env, order.id)
    assert effects(tills, "not reversed", "refund taken") == [0, 1]


async def test_a_payment_without_a_time_is_refunded_and_not_reversed(world: World, tmp_path: Path):
    with open_tills(world, tmp_path / "tills", FeeRules(charge_paise=27, charge_source="a test")) as tills:
        order = await paid_twice(tills)
        await send_refund(tills.env, order.id)
        assert effects(tills, "reversed", "not reversed", "refund taken") == [0, 0, 1]


async def test_a_refund_that_csc_declines_is_an_officers(world: World, tmp_path: Path):
    with open_tills(world, tmp_path / "tills", FeeRules(charge_paise=25, charge_source="a test")) as tills:
        order = await paid_twice(tills)
        world.clock.advance(DAY)
        await send_refund(tills.env, order.id)
        after = await tills.order(order)
        assert (after.problem, after.due_at) == ("REFUND_DECLINED", None)
        assert DifferenceKind.REFUND_DUE in await tills.cases()


async def test_a_refund_that_is_accepted_and_not_paid_within_ten_working_days_is_an_officers(
    world: World, tmp_path: Path
):
    with open_tills(world, tmp_path / "tills", FeeRules(charge_paise=28, charge_source="a test")) as tills:
        order = await paid_twice(tills)
        world.clock.advance(DAY)
        await send_refund(tills.env, order.id)
        accepted, calendar = ist_date(world.clock.now()), world.env.work_calendar
        overdue = []
        for _ in range(20):
            world.clock.advance(DAY)
            await tills.rounds()
            if (await tills.order(order)).problem == "REFUND_OVERDUE":
                overdue.append(ist_date(world.clock.now()))
        assert calendar.working_days_between(accepted, overdue[0]) == 11
        assert (await tills.order(order)).due_at is not None


async def test_a_method_that_is_not_there_raises_the_alarm_and_no_dead_letter(tills: Tills):
    order = await paid_twice(tills)
    await tills.csc.act("serve_generation", {"generation": "v1"})
    await send_refund(tills.env, order.id)
    assert (await tills.order(order)).state is FeeState.REFUND_REQUESTED
    await tills.csc.act("serve_generation", {"generation": "v2"})
    tills.world.clock.advance(6 * timedelta(hours=1))
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.REFUNDED


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
    news = await wallet.verify(order.reference)
    assert news.receipt is not None
    assert (await wallet.reverse(order.reference, news.receipt.paid_at, "1")).outcome is Outcome.DONE
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
