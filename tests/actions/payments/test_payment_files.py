"""Payments by files over SFTP: registered, batched, signed, sent, answered, closed; on both databases."""

from dataclasses import replace

import pytest

from actions.benefits.budget import settle_budgets
from actions.payments.payment_batches import batch_now, batch_round
from actions.payments.registrations import enrol
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus, Rail
from domain.payments.files import BatchState, LineState, PaymentRules
from store.applications import applications
from store.benefits import benefits
from tests.support.actions import PENSION, papers
from tests.support.payments import CLOSED, GOOD, KYC, LATE, Paying
from tests.support.worlds import PENSION_PAPERS, link_and_offer

pytestmark = pytest.mark.integration


async def test_a_beneficiary_is_registered_and_validated_before_her_first_payment(paying: Paying) -> None:
    made = await paying.sanctioned(2)
    assert await enrol(paying.env) == 2
    assert await enrol(paying.env) == 0
    assert await paying.statuses(made) == [PaymentStatus.BENEFICIARY_PENDING] * 2
    await batch_round(paying.env)
    (registration,) = await paying.batches("BENEFICIARY")
    assert (registration.state, registration.lines) == (BatchState.BUILT, 2)
    assert await paying.batches() == []
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    (registration,) = await paying.batches("BENEFICIARY")
    assert registration.state == BatchState.CLOSED
    assert await paying.sealed(registration.id) is None


async def test_what_is_due_goes_in_one_batch_and_is_credited(paying: Paying) -> None:
    made = await paying.validated(3)
    await paying.round(now=True)
    assert await paying.statuses(made) == [PaymentStatus.CREDITED] * 3
    (batch,) = await paying.batches()
    assert (batch.lines, batch.total_paise, batch.state) == (3, 450_000, BatchState.CLOSED)
    assert await paying.sealed(batch.id) is None
    orders = paying.pfms.orders()
    assert sorted(order["end_to_end_id"] for order in orders) == [line.end_to_end_id for line in await paying.lines()]
    assert sum(order["paise"] for order in orders) == 450_000
    assert await paying.cases() == []


async def test_a_batch_time_makes_its_batches_once(paying: Paying) -> None:
    await paying.validated(2)
    await batch_round(paying.env)
    assert len(await paying.batches()) == 1
    await paying.sanctioned(1, first=3)
    assert await batch_round(paying.env) == 0
    assert await batch_now(paying.env) == 1, "the new beneficiary is registered"
    assert len(await paying.batches()) == 1


async def test_more_than_a_file_holds_goes_in_several(paying: Paying) -> None:
    rules = replace(paying.env.rules, payments=PaymentRules(lines_per_file=2))
    object.__setattr__(paying.env, "rules", rules)
    made = await paying.validated(5)
    await paying.round(now=True)
    assert [batch.lines for batch in await paying.batches()] == [2, 2, 1]
    assert len({line.end_to_end_id for line in await paying.lines()}) == 5
    assert await paying.statuses(made) == [PaymentStatus.CREDITED] * 5
    assert len(paying.pfms.orders()) == 5


async def test_on_a_day_without_banks_nothing_is_made(paying: Paying) -> None:
    await paying.validated(1)
    paying.pfms.pass_time(days=4)  # Saturday the 28th, the fourth of the month
    assert await batch_round(paying.env) == 0
    assert await batch_now(paying.env) == 0


async def test_a_declined_account_is_told_with_its_code_and_goes_on_when_it_is_corrected(paying: Paying) -> None:
    (one,) = await paying.validated(1, CLOSED)
    assert await paying.statuses([one]) == [PaymentStatus.BENEFICIARY_REJECTED]
    assert await batch_now(paying.env) == 0
    assert await paying.correct(one, GOOD)
    assert await paying.statuses([one]) == [PaymentStatus.BENEFICIARY_PENDING]
    await paying.round(now=True)
    paying.pfms.pass_time(seconds=1)
    await paying.round(now=True)
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1


async def test_an_account_that_is_the_same_changes_nothing(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    assert not await paying.correct(one, GOOD)


async def test_a_corrected_account_is_an_update_under_the_code_of_pfms(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    assert await paying.correct(one, "50100099999900")
    await paying.round(now=True)
    paying.pfms.pass_time(seconds=1)
    await paying.round(now=True)
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    (order,) = paying.pfms.orders()
    assert order["last4"] == "9900"


async def test_a_payment_without_an_account_waits(paying: Paying) -> None:
    (one,) = await paying.sanctioned(1, "")
    await enrol(paying.env)
    assert await paying.statuses([one]) == [PaymentStatus.BENEFICIARY_PENDING]
    assert await batch_now(paying.env) == 0
    assert await paying.correct(one, GOOD)
    assert await batch_now(paying.env) == 1


async def test_money_that_comes_back_is_told_with_its_code(paying: Paying) -> None:
    (one,) = await paying.validated(1, KYC)
    await paying.round(now=True)
    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]
    (line,) = await paying.lines()
    assert (line.state, line.codes) == (LineState.RETURNED, ["51"])


async def test_a_credit_may_come_back_within_ten_days(paying: Paying) -> None:
    (one,) = await paying.validated(1, LATE)
    await paying.round(now=True)
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    paying.pfms.pass_time(days=3, hours=1)
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]


async def test_a_return_after_ten_days_is_a_case_and_moves_nothing(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    await paying.round(now=True)
    paying.pfms.pass_time(days=12)
    (order,) = paying.pfms.orders()
    paying.pfms.sandbox.actions["return_payment"]({"end_to_end_id": order["end_to_end_id"], "code": "53"})
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    (line,) = await paying.lines()
    assert line.state == LineState.CREDITED
    assert await paying.cases() == [("RETURNED_TOO_LATE", f"instalment:{one}")]


async def test_an_approved_pension_goes_by_its_file_from_the_officers_word_to_the_credit(paying: Paying) -> None:
    world = paying.world
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    case = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    async with paying.env.store.read_transaction() as tx:
        granted = (await benefits.sanction_of_applications(tx, [case.id]))[case.id]
        (paid,) = (await benefits.instalments(tx, [granted.id]))[granted.id]
    assert (paid.rail, paid.status) == (Rail.PFMS, PaymentStatus.SANCTIONED)
    await settle_budgets(paying.env)
    await enrol(paying.env)
    async with paying.env.store.read_transaction() as tx:
        delivered = await applications.get(tx, case.id)
    assert delivered is not None
    assert delivered.status is Status.DELIVERED, "the order is out; where its money is the benefit shows"
    await paying.round(now=True)
    paying.pfms.pass_time(seconds=1)
    await paying.round(now=True)
    assert await paying.statuses([paid.id]) == [PaymentStatus.CREDITED]
    assert await paying.findings() == []
