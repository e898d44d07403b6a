"""What becomes of a payment that the treasury may have, rejects or declines: against its sandbox, on both stores."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.benefits.payment_enquiries import ask_due
from actions.benefits.sanction import send_instruction
from actions.kernel import Environment
from actions.payments.account_corrections import CorrectAccount, correct_account
from domain.benefits.benefits import Hold, PaymentStatus
from domain.feedback.notices import NoticeKind
from domain.kernel import Source
from integrations.calling.errors import Refused, Unavailable
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox
from store.benefits import benefits
from store.database import TryAgain
from store.feedback import notices
from store.reconciliation.finance_cases import cases_table
from tests.actions.benefits.test_payment_enquiries import HOUR
from tests.actions.benefits.test_sanction import first_instalment, sanctioned
from tests.support.actions import World
from tests.support.remotes import remote_over

LOST = {"kind": "status", "route": "/jit/PI", "params": {"status": 500, "after": True}}


@dataclass
class Ordered:
    """A payment that waits to be ordered, and the treasury on the same clock."""

    world: World
    env: Environment
    sandbox: Sandbox
    sanction_id: str
    instalment_id: str

    async def send(self) -> None:
        await send_instruction(self.env, self.instalment_id)

    async def lose_the_answer(self) -> None:
        """Send the order, whose answer does not come."""
        self.sandbox.faults.set([LOST])
        with pytest.raises(Unavailable):
            await self.send()
        self.sandbox.faults.clear()

    async def stop(self) -> None:
        async with self.env.store.write_transaction() as tx:
            await benefits.set_hold(tx, self.instalment_id, Hold.STOPPED)

    async def status(self) -> tuple[PaymentStatus, str | None]:
        async with self.env.store.read_transaction() as tx:
            events = (await benefits.payment_events(tx, [self.instalment_id]))[self.instalment_id]
        return events[-1].status, events[-1].return_code

    async def rejections(self) -> int:
        """How often she was asked to mend the account."""
        async with self.env.store.read_transaction() as tx:
            told = await notices.of_citizen(self.world.asha.person_id or "").page(tx, limit=100)
        return [notice.kind for notice in told].count(NoticeKind.PAYMENT_ACCOUNT_REJECTED)

    async def cases(self) -> list[tuple[str, str]]:
        async with self.env.store.read_transaction() as tx:
            rows = (await tx.connection.execute(select(cases_table))).all()
        return [(row.kind, row.found) for row in rows]

    def orders(self) -> list[dict[str, Any]]:
        return [entry for entry in self.sandbox.ledger.entries() if entry["route"] == "/jit/PI"]

    async def bill_number(self) -> str:
        async with self.env.store.read_transaction() as tx:
            one = await benefits.instalment(tx, self.instalment_id)
        assert one is not None
        return one.bill_number


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases: what is kept of an order decides what is sent and asked next."""
    return peopled


@pytest.fixture
async def ordered(world: World, tmp_path: Path) -> AsyncIterator[Ordered]:
    onboarding = tmp_path / "dbt.json"
    clock = SandboxClock(base=world.clock)
    sandbox = create_sandbox(SandboxHome("dbt_finance", tmp_path / "city", onboarding, clock, {}, "", ""))
    settings = DbtFinanceSettings.from_onboarding(json.loads(onboarding.read_text()))
    dbt = DbtFinance(remote_over(sandbox.app, Source.DBT_FINANCE, clock=world.clock), settings, world.clock)
    _, sanction = await sanctioned(world)
    env = replace(world.env, partners=replace(world.env.partners, dbt=dbt))
    yield Ordered(world, env, sandbox, sanction.id, await first_instalment(world, sanction))
    sandbox.close()


async def test_an_order_whose_answer_was_lost_goes_again_under_its_number_while_it_waits_for_approval(ordered: Ordered):
    await ordered.lose_the_answer()
    await ordered.send()
    assert await ordered.status() == (PaymentStatus.INSTRUCTED, None)
    assert [one["effect"] for one in ordered.orders()][-1] == "PI refused"
    assert len({one["key"] for one in ordered.orders()}) == 1
    assert await ordered.cases() == []


async def test_a_payment_that_was_stopped_after_a_lost_answer_counts_as_to_be_paid_and_is_never_sent_again(
    ordered: Ordered,
):
    await ordered.lose_the_answer()
    before = len(ordered.orders())
    await ordered.stop()
    await ordered.send()
    assert await ordered.status() == (PaymentStatus.INSTRUCTED, None)
    assert await ordered.cases() == [("STOPPED_AFTER_SENDING", "AWAITS_APPROVAL")]
    assert len(ordered.orders()) == before


async def test_when_the_spending_unit_rejects_the_stopped_payment_its_money_is_back(ordered: Ordered):
    await ordered.lose_the_answer()
    await ordered.stop()
    await ordered.send()
    await ordered.sandbox.act("reject", {"bill_number": await ordered.bill_number()})
    ordered.world.clock.advance(HOUR)
    await ask_due(ordered.env)
    assert await ordered.status() == (PaymentStatus.RETURNED, "INSTRUCTION_REJECTED")


async def test_a_stopped_payment_that_was_never_sent_stays_withheld(ordered: Ordered):
    await ordered.stop()
    await ordered.send()
    assert (await ordered.status())[0] is PaymentStatus.SANCTIONED
    assert await ordered.cases() == []
    assert ordered.orders() == []


async def test_an_order_that_was_rejected_before_we_heard_of_it_is_returned_and_ordered_no_more(ordered: Ordered):
    await ordered.lose_the_answer()
    await ordered.sandbox.act("reject", {"bill_number": await ordered.bill_number()})
    await ordered.send()
    assert await ordered.status() == (PaymentStatus.RETURNED, "INSTRUCTION_REJECTED")


async def test_a_payment_that_went_to_another_account_than_was_sent_is_a_case_and_never_a_credit(ordered: Ordered):
    await ordered.send()
    number = await ordered.bill_number()
    bill = ordered.sandbox.state.get("bill", number)
    assert bill is not None
    ordered.sandbox.state.put("bill", number, {**bill, "payees": [{**bill["payees"][0], "last4": "0055"}]})
    await ordered.sandbox.act("advance", {"bill_number": number, "state": "CREDITED"})
    for _ in range(2):
        ordered.world.clock.advance(HOUR)
        await ask_due(ordered.env)

    assert await ordered.status() == (PaymentStatus.INSTRUCTED, None)
    assert await ordered.cases() == [("BILL_DIFFERS", "OTHER_PAYEE")]


async def account(ordered: Ordered, ifsc: str, key: str) -> None:
    request = CorrectAccount(ordered.sanction_id, "50100077777700", ifsc, key)
    await correct_account(ordered.env, ordered.world.asha, request)


async def test_an_account_of_no_branch_waits_for_the_citizen_and_goes_then_under_the_same_number(ordered: Ordered):
    async with ordered.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE instalments SET status = 'BENEFICIARY_PENDING'")
    await account(ordered, "SBIN0009999", "wrong")
    await ordered.send()
    assert await ordered.status() == (PaymentStatus.BENEFICIARY_REJECTED, "WRONG_IFSC")
    await account(ordered, "SBIN0000630", "right")
    await ordered.send()
    assert await ordered.status() == (PaymentStatus.INSTRUCTED, None)
    assert [one["effect"] for one in ordered.orders()] == ["PI refused", "instruction accepted"]
    assert len({one["key"] for one in ordered.orders()}) == 1


async def test_a_branch_that_she_has_mended_while_the_refusal_was_lost_is_not_asked_of_her_again(ordered: Ordered):
    async with ordered.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE instalments SET status = 'BENEFICIARY_PENDING'")
    await account(ordered, "SBIN0009999", "wrong")
    await ordered.lose_the_answer()
    await account(ordered, "SBIN0000630", "right")
    with pytest.raises(TryAgain):
        await ordered.send()
    await ordered.send()

    assert await ordered.status() == (PaymentStatus.INSTRUCTED, None)
    assert await ordered.rejections() == 0
    bill = ordered.sandbox.state.get("bill", await ordered.bill_number())
    assert bill is not None
    assert bill["payees"][0]["ifsc"] == "SBIN0000630"


async def test_an_account_that_no_branch_had_is_asked_of_her_where_it_is_the_one_that_was_sent(ordered: Ordered):
    async with ordered.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE instalments SET status = 'BENEFICIARY_PENDING'")
    await account(ordered, "SBIN0009999", "wrong")
    await ordered.lose_the_answer()
    await ordered.send()

    assert await ordered.status() == (PaymentStatus.BENEFICIARY_REJECTED, "WRONG_IFSC")
    assert await ordered.rejections() == 1
    async with ordered.env.store.read_transaction() as tx:
        assert await benefits.accounts_sent(tx, [ordered.instalment_id]) == {}


async def test_what_else_the_treasury_declines_is_a_case_with_its_text_and_never_sent(ordered: Ordered):
    async with ordered.env.store.write_transaction() as tx:
        await tx.connection.exec_driver_sql("UPDATE instalments SET amount_paise = 0")
    with pytest.raises(Refused, match="GROSS_BELOW_NET"):
        await ordered.send()
    assert (await ordered.status())[0] is PaymentStatus.SANCTIONED
    assert await ordered.cases() == [("INSTRUCTION_DECLINED", "333 Gross amount can not be less than the net amount.")]
    await ordered.stop()
    await ordered.send()
    assert (await ordered.status())[0] is PaymentStatus.SANCTIONED
