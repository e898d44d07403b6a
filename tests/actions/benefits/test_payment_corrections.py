"""A failed payment of the treasury is paid to the corrected account as a correction of its order, over sockets."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.benefits.instalments import release_due
from actions.benefits.payment_enquiries import ask_due
from actions.benefits.payment_orders import ReissuePayment, reissue_payment
from actions.benefits.sanction import send_instruction
from actions.kernel import Environment
from actions.payments.account_corrections import CorrectAccount, correct_account
from domain.benefits.benefits import Instalment, PaymentStatus
from domain.benefits.sanction_course import PaymentAccount
from domain.kernel import Source
from integrations.calling.errors import Refused, Unavailable
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.dbt_finance import (
    INSTRUCTION_REJECTED,
    BillReference,
    Correction,
    DbtFinance,
    DbtFinanceSettings,
    PaymentInstruction,
)
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox
from store.benefits import benefits, sanction_course
from store.feedback import notices
from store.reconciliation.finance_cases import cases_table
from tests.support.actions import PENSION, World, papers
from tests.support.pensions import FIRST
from tests.support.remotes import shared_resilience
from tests.support.served import served
from tests.support.worlds import PENSION_PAPERS, link_and_offer

pytestmark = pytest.mark.integration
NEW = "50100077777700"


@dataclass
class Corrected:
    """A pension whose first payment the bank sent back, and the treasury on the same clock."""

    world: World
    env: Environment
    sandbox: Sandbox
    sanction_id: str

    async def made(self) -> list[Instalment]:
        async with self.env.store.read_transaction() as tx:
            return (await benefits.instalments(tx, [self.sanction_id]))[self.sanction_id]

    async def account(self, number: str = NEW, ifsc: str = "SBIN0000630") -> None:
        request = CorrectAccount(self.sanction_id, number, ifsc, f"account {number} {ifsc}")
        await correct_account(self.env, self.world.sunil, request)

    async def reissue(self, sequence: int = 1) -> Instalment:
        await reissue_payment(self.env, FIRST, ReissuePayment(self.sanction_id, sequence, f"reissue {sequence}"))
        return (await self.made())[-1]

    async def pass_time(self, **given: float) -> None:
        self.world.clock.advance(timedelta(**given))
        while (await ask_due(self.env)).asked:
            pass

    def calls(self, service: str) -> list[dict[str, Any]]:
        return [entry for entry in self.sandbox.ledger.entries() if entry["route"] == f"/jit/{service}"]

    async def source_refs(self, one: Instalment) -> list[str | None]:
        async with self.env.store.read_transaction() as tx:
            return [event.source_ref for event in (await benefits.payment_events(tx, [one.id]))[one.id]]

    async def cases(self) -> list[tuple[str, str, str]]:
        async with self.env.store.read_transaction() as tx:
            rows = (await tx.connection.execute(select(cases_table))).all()
        return [(row.kind, row.about, row.found) for row in rows]


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases: what is kept of an order decides what is sent and asked next."""
    return peopled


@pytest.fixture
async def failed(world: World, tmp_path: Path) -> AsyncIterator[Corrected]:
    """The first payment went to the account of the application and came back."""
    onboarding = tmp_path / "dbt.json"
    clock = SandboxClock(base=world.clock)
    sandbox = create_sandbox(SandboxHome("dbt_finance", tmp_path / "city", onboarding, clock, {}, "", ""))
    settings = DbtFinanceSettings.from_onboarding(json.loads(onboarding.read_text()))
    async with served(sandbox.app) as url, open_client(None) as client:
        remote = Remote(Source.DBT_FINANCE, url, client=client, shared=shared_resilience(world.clock))
        partners = replace(world.env.partners, dbt=DbtFinance(remote, settings, world.clock))
        await link_and_offer(world, world.sunil, PENSION_PAPERS)
        case = await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
        async with world.env.store.read_transaction() as tx:
            sanction = (await benefits.sanction_of_applications(tx, [case.id]))[case.id]
        made = Corrected(world, replace(world.env, partners=partners), sandbox, sanction.id)
        (first,) = await made.made()
        await send_instruction(made.env, first.id)
        sandbox.actions["mark_returned"]({"bill_number": first.bill_number, "code": "01"})
        await made.pass_time(hours=2)
        assert [one.status for one in await made.made()] == [PaymentStatus.RETURNED]
        yield made
    sandbox.close()


async def test_the_reissue_goes_as_a_correction_of_the_first_order_under_its_own_ids(failed: Corrected):
    await failed.account()
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    await send_instruction(failed.env, second.id)
    (call,) = failed.calls("COR")
    assert (call["key"], call["effect"]) == (second.bill_number, "instruction accepted")
    first, second = await failed.made()
    assert (first.status, second.status) == (PaymentStatus.REISSUED, PaymentStatus.INSTRUCTED)
    assert (await failed.source_refs(first))[-1] == second.end_to_end_id
    assert (await failed.source_refs(second))[-1] == f"COR {first.bill_number}"
    bill = failed.sandbox.state.get("bill", second.bill_number)
    assert bill is not None
    assert (bill["corrects"], bill["payees"][0]["last4"]) == (first.bill_number, NEW[-4:])
    await failed.pass_time(days=1, hours=1)
    assert [one.status for one in await failed.made()] == [PaymentStatus.REISSUED, PaymentStatus.CREDITED]
    assert await failed.cases() == []


async def corrected(failed: Corrected) -> Instalment:
    """The order that pays the failed payment to the corrected account."""
    await failed.account()
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    return second


async def test_a_correction_that_was_paid_to_another_account_than_was_sent_is_a_case_and_never_a_credit(
    failed: Corrected,
):
    second = await corrected(failed)
    bill = failed.sandbox.state.get("bill", second.bill_number)
    assert bill is not None
    payee = {**bill["payees"][0], "last4": "0055"}
    failed.sandbox.state.put("bill", second.bill_number, {**bill, "payees": [payee]})
    await failed.pass_time(days=1, hours=1)

    assert (await failed.made())[-1].status is PaymentStatus.INSTRUCTED
    assert await failed.cases() == [("BILL_DIFFERS", f"instalment:{second.id}", "OTHER_PAYEE")]


async def test_a_credit_to_the_account_that_was_sent_counts_though_she_has_named_another_since(failed: Corrected):
    second = await corrected(failed)
    failed.world.clock.advance(timedelta(minutes=1))
    later = PaymentAccount(
        failed.sanction_id, second.citizen_id, "50100088888800", "SBIN0000630", "", failed.world.clock.now()
    )
    async with failed.env.store.write_transaction() as tx:
        await sanction_course.set_account(tx, later)
    await failed.pass_time(days=1, hours=1)

    assert (await failed.made())[-1].status is PaymentStatus.CREDITED
    assert await failed.cases() == []


async def test_a_correction_is_followed_by_its_own_lists_alone_once_the_first_order_was_asked_for(failed: Corrected):
    second = await corrected(failed)
    before = len(failed.sandbox.ledger.entries())
    await failed.pass_time(days=1, hours=1)

    asked = {entry["route"] for entry in failed.sandbox.ledger.entries()[before:]}
    assert {route for route in asked if route.startswith("/jit/")} == {"/jit/FTPS", "/jit/FTFPS"}
    assert (await failed.made())[-1].id == second.id


async def test_a_reissue_to_the_same_account_is_a_new_order(failed: Corrected):
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    assert failed.calls("COR") == []
    assert [call["key"] for call in failed.calls("PI")][-1] == second.bill_number


async def test_after_ninety_days_or_the_april_after_it_a_corrected_payment_is_a_new_order(failed: Corrected):
    failed.world.clock.advance(timedelta(days=91))
    await failed.account()
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    assert failed.calls("COR") == []
    assert [call["key"] for call in failed.calls("PI")][-1] == second.bill_number


async def test_what_the_treasury_rejected_before_it_left_is_a_new_order(failed: Corrected):
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    failed.sandbox.actions["reject"]({"bill_number": second.bill_number})
    await failed.pass_time(hours=1, minutes=1)
    assert (await failed.made())[-1].status is PaymentStatus.RETURNED
    await failed.account()
    third = await failed.reissue(2)
    await send_instruction(failed.env, third.id)
    assert failed.calls("COR") == []
    assert [call["key"] for call in failed.calls("PI")][-1] == third.bill_number


async def test_a_correction_that_failed_too_is_corrected_under_the_first_order(failed: Corrected):
    await failed.account()
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    failed.sandbox.actions["mark_returned"]({"bill_number": second.bill_number, "code": "54"})
    await failed.pass_time(hours=2)
    await failed.account("50100088888800")
    third = await failed.reissue(2)
    await send_instruction(failed.env, third.id)
    first = (await failed.made())[0]
    assert (await failed.source_refs(third))[-1] == f"COR {first.bill_number}"
    bill = failed.sandbox.state.get("bill", third.bill_number)
    assert bill is not None
    assert (bill["corrects"], bill["payees"][0]["last4"]) == (first.bill_number, "8800")
    await failed.pass_time(days=1, hours=1)
    statuses = [one.status for one in await failed.made()]
    assert statuses == [PaymentStatus.REISSUED, PaymentStatus.REISSUED, PaymentStatus.CREDITED]


async def test_a_correction_whose_answer_was_lost_is_sent_again_under_its_number_and_taken_once(failed: Corrected):
    await failed.account()
    second = await failed.reissue()
    real: Any = failed.env.partners.dbt

    class Losing:
        async def correct(self, correction: Correction) -> None:
            await real.correct(correction)
            raise Unavailable(Source.DBT_FINANCE, "timed_out")

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    losing: Any = Losing()
    with pytest.raises(Unavailable):
        await send_instruction(replace(failed.env, partners=replace(failed.env.partners, dbt=losing)), second.id)
    await send_instruction(failed.env, second.id)
    assert [call["effect"] for call in failed.calls("COR")] == ["instruction accepted", "COR refused"]
    assert (await failed.made())[-1].status is PaymentStatus.INSTRUCTED
    assert (await failed.source_refs(second))[-1] == f"COR {(await failed.made())[0].bill_number}"


class LosesInstructions:
    """A treasury that takes each order, and whose answer does not arrive; afterwards it does not answer at all."""

    def __init__(self, real: Any) -> None:
        self._real = real

    async def instruct(self, instruction: PaymentInstruction) -> None:
        await self._real.instruct(instruction)
        raise Unavailable(Source.DBT_FINANCE, "timed_out")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def test_a_correction_names_the_account_that_was_sent_though_it_was_corrected_before_that_was_heard(
    failed: Corrected,
):
    failed.world.clock.advance(timedelta(days=31))
    await release_due(failed.env)
    second = (await failed.made())[-1]
    losing: Any = LosesInstructions(failed.env.partners.dbt)
    with pytest.raises(Unavailable):
        await send_instruction(replace(failed.env, partners=replace(failed.env.partners, dbt=losing)), second.id)
    await failed.account()
    failed.world.clock.advance(timedelta(minutes=1))
    await send_instruction(failed.env, second.id)
    failed.sandbox.actions["mark_returned"]({"bill_number": second.bill_number, "code": "54"})
    await failed.pass_time(hours=2)

    third = await failed.reissue(2)
    await send_instruction(failed.env, third.id)

    (call,) = failed.calls("COR")
    assert (call["key"], call["effect"]) == (third.bill_number, "instruction accepted")
    bill = failed.sandbox.state.get("bill", third.bill_number)
    assert bill is not None
    assert (bill["corrects"], bill["payees"][0]["last4"]) == (second.bill_number, NEW[-4:])


async def test_a_correction_that_the_treasury_refuses_is_told_and_is_a_case_and_an_officer_may_order_anew(
    failed: Corrected,
):
    await failed.account()
    second = await failed.reissue()
    first = (await failed.made())[0]
    bill = failed.sandbox.state.get("bill", first.bill_number)
    assert bill is not None
    failed.sandbox.state.put("bill", first.bill_number, {**bill, "payees": [{**bill["payees"][0], "id": "UKEX"}]})
    await send_instruction(failed.env, second.id)
    second = (await failed.made())[-1]
    assert second.status is PaymentStatus.RETURNED
    assert await failed.cases() == [("CORRECTION_REFUSED", f"instalment:{second.id}", "NOT_IN_ORIGINAL")]
    async with failed.env.store.read_transaction() as tx:
        events = (await benefits.payment_events(tx, [second.id]))[second.id]
        told = await notices.of_citizen(second.citizen_id).page(tx, limit=100)
    assert events[-1].return_code == INSTRUCTION_REJECTED
    assert [notice.kind.value for notice in told].count("PAYMENT_RETURNED") == 2
    await send_instruction(failed.env, second.id)
    assert len(failed.calls("COR")) == 1
    third = await failed.reissue(2)
    await send_instruction(failed.env, third.id)
    assert [call["key"] for call in failed.calls("PI")][-1] == third.bill_number


async def test_a_correction_to_an_account_of_no_branch_is_hers_to_mend_and_goes_then_as_a_correction_again(
    failed: Corrected,
):
    await failed.account(ifsc="SBIN0009999")
    second = await failed.reissue()
    await send_instruction(failed.env, second.id)
    async with failed.env.store.read_transaction() as tx:
        told = (await benefits.payment_events(tx, [second.id]))[second.id][-1]
    await failed.account()
    third = await failed.reissue(2)
    await send_instruction(failed.env, third.id)
    await failed.pass_time(days=1, hours=1)

    assert (told.status, told.return_code) == (PaymentStatus.RETURNED, "WRONG_IFSC")
    assert [call["effect"] for call in failed.calls("COR")] == ["COR refused", "instruction accepted"]
    assert len(failed.calls("PI")) == 1
    assert (await failed.made())[-1].status is PaymentStatus.CREDITED
    assert await failed.cases() == []


class Refusing:
    """A treasury that declines each correction with a word; it knows the bill from the second enquiry on, if at all."""

    def __init__(self, real: Any, code: str, *, taken: bool = False) -> None:
        self._real, self._code, self._taken, self._asked = real, code, taken, 0

    async def confirm(self, bill: BillReference, order: PaymentInstruction | None = None) -> Any:
        self._asked += 1
        return object() if self._taken and self._asked > 1 else None

    async def correct(self, correction: Correction) -> None:
        raise Refused(Source.DBT_FINANCE, self._code)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def refusing(failed: Corrected, code: str, *, taken: bool = False) -> Environment:
    dbt: Any = Refusing(failed.env.partners.dbt, code, taken=taken)
    return replace(failed.env, partners=replace(failed.env.partners, dbt=dbt))


@pytest.mark.parametrize("code", ["NOT_FAILED", "UNKNOWN_REJECT"])
async def test_a_word_that_may_hide_a_payment_ends_nothing_so_that_nobody_pays_anew(failed: Corrected, code: str):
    await failed.account()
    second = await failed.reissue()
    with pytest.raises(Refused, match=code):
        await send_instruction(refusing(failed, code), second.id)
    assert (await failed.made())[-1].status is PaymentStatus.SANCTIONED
    assert await failed.cases() == []


async def test_a_refusal_of_what_the_treasury_had_taken_before_is_no_refusal(failed: Corrected):
    await failed.account()
    second = await failed.reissue()
    await send_instruction(refusing(failed, "NOT_IN_ORIGINAL", taken=True), second.id)
    assert (await failed.made())[-1].status is PaymentStatus.INSTRUCTED
    assert await failed.cases() == []
