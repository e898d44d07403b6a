"""Benefits: the sanction, its instalments, and one instruction for each bill."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from sqlalchemy import select

from actions.benefits.sanction import INSTRUCT, add_instalment, send_instruction
from actions.kernel import UnitOfWork
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus, Sanction
from domain.benefits.bills import bill_number, end_to_end_id
from domain.benefits.sanction_course import PaymentAccount
from domain.kernel import SYSTEM, Source, ist_date
from integrations.calling.errors import Refused, Unavailable
from integrations.dbt_finance import OTHER_CONTENT, Declined, InstructionReceipt, PaymentInstruction
from store.applications import applications
from store.benefits import benefits, sanction_course
from store.database import NotThere
from store.etaal import ledger, ledger_seal
from store.platform import outbox
from store.reconciliation.finance_cases import cases_table
from tests.support.actions import NO_AMOUNT, PENSION, FakeDbt, World, papers

PENSION_PAPERS = (
    "applicant-photo",
    "aadhaar-card",
    "age-proof",
    "bank-passbook-aadhaar-linked",
    "income-certificate",
)


async def sanctioned(world: World, **changes: object) -> tuple[str, Sanction]:
    world.locker.failure = Unavailable(Source.DIGILOCKER, "down")
    await world.link_locker(world.asha)
    application = await world.approved(world.asha, PENSION, world.welfare, documents=papers(*PENSION_PAPERS), **changes)
    assert application.status is Status.BENEFIT_SANCTIONED
    async with world.env.store.read_transaction() as tx:
        return application.id, (await benefits.sanction_of_applications(tx, [application.id]))[application.id]


async def first_instalment(world: World, sanction: Sanction) -> str:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.instalments(tx, [sanction.id]))[sanction.id][0].id


async def test_an_approved_pension_is_sanctioned_with_its_first_instalment(world: World):
    _, sanction = await sanctioned(world)
    async with world.env.store.write_transaction() as tx:
        made = (await benefits.instalments(tx, [sanction.id]))[sanction.id]
        messages = [one for one in await outbox.claim(tx, "test", 20, 60) if one.topic == INSTRUCT]
    assert (sanction.scheme_code, sanction.amount_paise, sanction.period) == ("uk-old-age-pension", 150_000, "monthly")
    assert sanction.bank_account_last4 == "0100"
    assert [(one.sequence, one.bill_number) for one in made] == [(1, bill_number(sanction.number, 1))]
    assert made[0].end_to_end_id == end_to_end_id(sanction.number, 1)
    assert made[0].period_from == ist_date(world.clock.now()) == date(2026, 11, 24)
    assert made[0].period_to == date(2026, 12, 23)
    assert [one.payload for one in messages] == [{"instalment_id": made[0].id}]


async def test_an_instruction_is_sent_once_and_the_order_is_delivered_and_counted(world: World):
    application_id, sanction = await sanctioned(world)
    instalment_id = await first_instalment(world, sanction)
    await send_instruction(world.env, instalment_id)
    await send_instruction(world.env, instalment_id)
    assert [one.bill_number for one in world.dbt.instructed] == [bill_number(sanction.number, 1)]
    payee = world.dbt.instructed[0].payees[0]
    assert (payee.name, payee.account_number, payee.amount_paise) == ("Asha Negi", "30000000100", 150_000)
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application_id)
        made = await benefits.instalment(tx, instalment_id)
        counts = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert after is not None
    assert made is not None
    assert (after.status, made.status) == (Status.DELIVERED, PaymentStatus.INSTRUCTED)
    assert [(count.service_code, count.category, count.count) for count in counts] == [(PENSION, "A", 1)]


async def test_a_bill_that_arrived_before_is_not_sent_again(world: World):
    _, sanction = await sanctioned(world)
    world.dbt.known.add(bill_number(sanction.number, 1))
    await send_instruction(world.env, await first_instalment(world, sanction))
    assert world.dbt.instructed == []


async def test_another_bill_under_our_number_is_a_case_and_nothing_is_sent(world: World):
    _, sanction = await sanctioned(world)
    instalment_id = await first_instalment(world, sanction)
    world.dbt.failure = Refused(Source.DBT_FINANCE, OTHER_CONTENT)
    for _ in range(2):
        with pytest.raises(Refused, match=OTHER_CONTENT):
            await send_instruction(world.env, instalment_id)
    assert world.dbt.instructed == []
    async with world.env.store.read_transaction() as tx:
        made = await benefits.instalment(tx, instalment_id)
        cases = (await tx.connection.execute(select(cases_table))).all()
    assert made is not None
    assert made.status is PaymentStatus.SANCTIONED
    assert [(case.kind, case.about, case.expected, case.critical) for case in cases] == [
        ("BILL_DIFFERS", f"instalment:{instalment_id}", "150000", True)
    ]


async def correct_account_to(world: World, sanction: Sanction, number: str) -> None:
    async with world.env.store.write_transaction() as tx:
        account = PaymentAccount(sanction.id, sanction.citizen_id, number, "SBIN0000630", "", world.clock.now())
        await sanction_course.set_account(tx, account)


class LosesOrders(FakeDbt):
    """A treasury whose answer to an order does not arrive, and which does not know the bill when it is enquired."""

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        self.instructed.append(instruction)
        raise Unavailable(Source.DBT_FINANCE, "timed_out")


class DeclinesOrders(FakeDbt):
    """A treasury that declines what an order says."""

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        self.instructed.append(instruction)
        raise Declined("UNKNOWN_REJECT", "the treasury's text")


@pytest.mark.parametrize(
    ("treasury", "second"),
    [(LosesOrders(), "30000000100"), (DeclinesOrders(), "30000000777")],
    ids=["lost", "declined"],
)
async def test_an_order_is_repeated_with_the_account_it_was_sent_with_unless_it_was_declined(
    world: World, treasury: FakeDbt, second: str
):
    _, sanction = await sanctioned(world)
    instalment_id = await first_instalment(world, sanction)
    env = replace(world.env, partners=replace(world.env.partners, dbt=cast("Any", treasury)))
    treasury.instructed.clear()
    for _ in range(2):
        with pytest.raises((Unavailable, Refused)):
            await send_instruction(env, instalment_id)
        await correct_account_to(world, sanction, "30000000777")

    accounts = [one.payees[0].account_number for one in treasury.instructed]
    assert accounts == ["30000000100", second]


@pytest.mark.parametrize("failure", [Unavailable(Source.DBT_FINANCE, "down"), Refused(Source.DBT_FINANCE, "no_fund")])
async def test_when_dbt_finance_fails_nothing_is_marked(world: World, failure: Unavailable | Refused):
    application_id, sanction = await sanctioned(world)
    world.dbt.failure = failure
    instalment_id = await first_instalment(world, sanction)
    with pytest.raises(type(failure)):
        await send_instruction(world.env, instalment_id)
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application_id)
        made = await benefits.instalment(tx, instalment_id)
    assert after is not None
    assert made is not None
    assert (after.status, made.status) == (Status.BENEFIT_SANCTIONED, PaymentStatus.SANCTIONED)


async def test_without_an_account_the_payment_waits_and_the_order_is_out(world: World):
    application_id, sanction = await sanctioned(world, form={})
    instalment_id = await first_instalment(world, sanction)
    await send_instruction(world.env, instalment_id)
    async with world.env.store.read_transaction() as tx:
        after = await applications.get(tx, application_id)
        made = await benefits.instalment(tx, instalment_id)
    assert world.dbt.instructed == []
    assert after is not None
    assert made is not None
    assert (after.status, made.status) == (Status.DELIVERED, PaymentStatus.BENEFICIARY_PENDING)
    assert sanction.bank_account_last4 is None


async def test_a_scheme_without_a_known_amount_is_sanctioned_without_an_instalment(world: World):
    application = await world.approved(world.asha, NO_AMOUNT, world.welfare)
    async with world.env.store.read_transaction() as tx:
        sanction = (await benefits.sanction_of_applications(tx, [application.id]))[application.id]
        assert await benefits.instalments(tx, [sanction.id]) == {}
    assert (application.status, sanction.amount_paise) == (Status.BENEFIT_SANCTIONED, None)


async def test_a_monthly_benefit_goes_on_and_periods_end_with_short_months(world: World):
    _, sanction = await sanctioned(world)
    world.clock.set(datetime(2027, 1, 31, 6, tzinfo=UTC))
    async with world.env.store.write_transaction() as tx:
        second = await add_instalment(UnitOfWork(world.env, tx, SYSTEM), sanction)
    assert (second.sequence, second.bill_number) == (2, bill_number(sanction.number, 2))
    assert (second.period_from, second.period_to) == (date(2027, 1, 31), date(2027, 2, 27))


async def test_an_instalment_that_is_not_there_is_told(world: World):
    with pytest.raises(NotThere):
        await send_instruction(world.env, "absent")
