"""The client against its own sandbox, and against connections that are lost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source, SourceState
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.dbt_finance import OTHER_CONTENT, Declined, InstructionOutcome
from integrations.dbt_finance.jit import client as client_module
from tests.integrations.dbt_finance.conftest import LosesAnswers, Treasury, asked, known, order


async def test_an_instruction_is_accepted_and_the_bill_is_the_ledger_key(treasury: Treasury):
    receipt = await treasury.client().instruct(order())
    assert (receipt.outcome, receipt.ssu_ia_id) == (InstructionOutcome.ACCEPTED, "905")
    entry = treasury.sandbox.ledger.entries()[-1]
    assert (entry["key"], entry["effect"]) == ("UKB9", "instruction accepted")


async def test_the_same_bill_again_is_already_known(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects()[1:] == ["instruction accepted", "VA answered", "PI refused", "PIS answered"]


async def test_the_same_bill_with_another_amount_is_refused(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    treasury.approve()
    with pytest.raises(Refused) as refusal:
        await client.instruct(order(paise=150006))
    assert refusal.value.code == "DUPLICATE_WITH_OTHER_CONTENT"


async def test_a_lost_answer_is_repeated_with_the_same_bill_and_paid_once(treasury: Treasury):
    client = treasury.client(LosesAnswers(treasury, "PI", 1))
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 1


async def test_when_every_answer_is_lost_it_is_not_known_that_a_bill_which_waits_for_approval_arrived(
    treasury: Treasury,
):
    client = treasury.client(LosesAnswers(treasury, "PI", 9))
    with pytest.raises(Unavailable):
        await client.instruct(order())
    assert (await treasury.client().instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 1


async def test_when_every_answer_is_lost_the_enquiry_finds_a_bill_that_was_approved(treasury: Treasury):
    await treasury.sandbox.act("configure", {"APPROVED": 0})
    client = treasury.client(LosesAnswers(treasury, "PI", 9))
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects()[-3:] == ["instruction accepted", "PIS answered", "PAG answered"]


@pytest.mark.parametrize("fault", [{"kind": "silence"}, {"kind": "status", "params": {"status": 500, "after": True}}])
async def test_an_order_whose_answer_did_not_come_is_no_failed_order(
    treasury: Treasury, fault: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        client_module, "PUSH_INSTRUCTION", replace(client_module.PUSH_INSTRUCTION, attempt=0.05, attempts=1)
    )
    treasury.sandbox.faults.set([{**fault, "route": "/jit/PI"}])
    with pytest.raises(Unavailable):
        await treasury.client().instruct(order())
    treasury.sandbox.faults.clear()
    assert (await treasury.client().instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN


async def test_when_the_enquiry_fails_too_the_loss_is_told(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "status", "route": "/jit/PIS", "params": {"status": 503}}])
    with pytest.raises(Unavailable) as loss:
        await treasury.client(LosesAnswers(treasury, "PI", 9)).instruct(order())
    assert loss.value.code == "connection_lost"


async def test_an_empty_status_never_says_that_a_bill_may_be_called_unknown(treasury: Treasury):
    client = treasury.client()
    unknown = (await client.enquire(asked())).state
    await client.instruct(order())
    waiting = (await client.enquire(asked())).state
    assert unknown == waiting
    assert (waiting.status, waiting.awaits_approval) == (PaymentStatus.INSTRUCTED, True)


async def test_confirm_tells_what_the_spending_unit_has_decided(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    assert await client.confirm(asked(), order()) is None
    treasury.approve()
    receipt = await client.confirm(asked(), order())
    assert receipt is not None
    assert receipt.outcome is InstructionOutcome.ALREADY_KNOWN
    await treasury.sandbox.act("reject", {"bill_number": "UKB9"})
    with pytest.raises(Refused, match="INSTRUCTION_REJECTED"):
        await client.confirm(asked(), order())


@pytest.mark.parametrize(
    "repeat", [lambda client: client.confirm(asked(), order()), lambda client: client.instruct(order())]
)
@pytest.mark.parametrize(
    ("change", "at_bank"),
    [
        ({"net": 150006}, False),
        ({"last4": "9999"}, True),
        ({"ifsc": "SBIN0000631"}, True),
    ],
)
async def test_a_bill_of_another_amount_or_payee_under_the_number_is_not_taken_for_ours(
    treasury: Treasury, repeat: Callable[..., Awaitable[object]], change: dict[str, object], *, at_bank: bool
):
    client = treasury.client()
    await client.instruct(order())
    bill = treasury.sandbox.state.get("bill", "UKB9")
    assert bill is not None
    payee = {**bill["payees"][0], **{name: value for name, value in change.items() if name != "net"}}
    net = change.get("net", bill["net"])
    treasury.sandbox.state.put("bill", "UKB9", {**bill, "net": net, "payees": [payee]})
    treasury.approve()
    treasury.clock.advance(timedelta(hours=2 if at_bank else 0))
    with pytest.raises(Refused, match=OTHER_CONTENT):
        await repeat(client)


async def test_a_bill_that_is_at_the_bank_with_our_amount_and_payee_is_ours(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    treasury.clock.advance(timedelta(hours=3))
    receipt = await client.confirm(asked(), order())
    assert receipt is not None
    assert receipt.outcome is InstructionOutcome.ALREADY_KNOWN


async def test_pis_gives_what_the_treasury_took(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    treasury.approve()
    told = await client.enquire(asked())
    assert (told.state.awaits_approval, told.net_paise) == (False, 150005)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payees": ()}, "NO_BENEFICIARY"),
        ({"payees": (order().payees[0], replace(order().payees[0], end_to_end_id="UKE10"))}, "SAME_ACCOUNT_TWICE"),
        ({"payees": (order().payees[0], replace(order().payees[0], ifsc=""))}, "UNKNOWN_REJECT"),
        ({"payees": (replace(order().payees[0], ifsc="SBIN0009999"),)}, "WRONG_IFSC"),
        ({"payees": (replace(order().payees[0], ifsc="sbi-630"),)}, "WRONG_IFSC"),
        ({"payees": (replace(order().payees[0], account_number="12-34"),)}, "UNKNOWN_REJECT"),
        ({"ddo_code": "UKDDN9999"}, "INSUFFICIENT_FUND"),
        ({"head_of_account": "9999"}, "INSUFFICIENT_FUND"),
        ({"payees": (replace(order().payees[0], amount_paise=0),)}, "GROSS_BELOW_NET"),
    ],
)
async def test_one_bad_line_rejects_the_whole_bill(treasury: Treasury, change: dict[str, object], code: str):
    client = treasury.client()
    with pytest.raises(Declined) as refusal:
        await client.instruct(order(**change))
    assert refusal.value.code == code
    assert "instruction accepted" not in treasury.effects()
    assert "3000123" not in refusal.value.told


async def test_without_fund_the_bill_is_refused(treasury: Treasury):
    await treasury.sandbox.act("set_fund", {"paise": 100})
    with pytest.raises(Refused, match="INSUFFICIENT_FUND"):
        await treasury.client().instruct(order())


async def test_a_wrong_secret_of_ours_is_refused_and_changes_nothing(treasury: Treasury):
    with pytest.raises(NotLetIn) as refusal:
        await treasury.client(client_secret="another").instruct(order())
    assert (refusal.value.code, refusal.value.alarmed) == ("unauthorised", True)
    assert treasury.effects() == ["sign-in refused"]


async def test_an_answer_under_another_key_is_never_believed(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "signature"}])
    with pytest.raises(Garbled):
        await treasury.client().payment_statuses("citizen", [asked("1")])


async def test_a_record_of_another_bill_is_never_shown(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "foreign", "route": "/jit/PD"}])
    with pytest.raises(IntegrityFailure, match="foreign_record"):
        await treasury.client().enquire(asked("1"))


async def test_a_login_page_is_no_answer(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "html", "route": "/jit/PIS"}])
    with pytest.raises(Unavailable, match="html_page"):
        await treasury.client().payment_statuses("citizen", [asked("1")])


@pytest.mark.parametrize("shape", ["syntax", "types", "missing", "deep"])
async def test_a_malformed_answer_is_garbled(treasury: Treasury, shape: str):
    treasury.sandbox.faults.set([{"kind": "malformed", "route": "/jit/PIS", "params": {"shape": shape}}])
    with pytest.raises(Garbled):
        await treasury.client().payment_statuses("citizen", [asked("1")])


async def test_when_fd_cannot_be_read_no_payment_is_called_credited(treasury: Treasury):
    client = treasury.client()
    paid = await known(client, "1")
    treasury.sandbox.faults.set([{"kind": "status", "route": "/jit/FD", "params": {"status": 503}}])
    with pytest.raises(Unavailable):
        await client.payment_statuses("citizen", paid)


async def test_the_scripted_payments_of_the_demo_are_told_together(treasury: Treasury):
    client = treasury.client()
    told = await client.payment_statuses("citizen", await known(client, *"1234"))
    assert {payment: state.status for payment, state in told.value.items()} == {
        "UKE1": PaymentStatus.CREDITED,
        "UKE2": PaymentStatus.RETURNED,
        "UKE3": PaymentStatus.AT_BANK,
        "UKE4": PaymentStatus.INSTRUCTED,
    }
    assert (told.source, told.state) == (Source.DBT_FINANCE, SourceState.LIVE)
    assert told.value["UKE2"].return_code == "53"
    assert len(told.value["UKE1"].utr_last4 or "") == 4


async def test_a_new_payment_moves_with_the_clock(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    seen = []
    for step in (timedelta(), timedelta(hours=1), timedelta(days=1)):
        treasury.clock.advance(step)
        seen.append((await client.enquire(asked())).state.status)
    assert seen == [PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK, PaymentStatus.CREDITED]


@pytest.mark.parametrize(("suffix", "code"), [("01", "01"), ("16", "02"), ("51", "51"), ("95", "95")])
async def test_an_account_can_send_the_money_back(treasury: Treasury, suffix: str, code: str):
    client = treasury.client()
    await client.instruct(order(account=f"300012345{suffix}"))
    treasury.clock.advance(timedelta(days=1, hours=1))
    paid = (await client.enquire(asked())).state
    assert paid.status is PaymentStatus.CREDITED
    treasury.clock.advance(timedelta(days=1))
    state = (await client.enquire(asked())).state
    assert (state.status, state.return_code) == (PaymentStatus.RETURNED, code)


async def test_a_bank_can_stay_silent_for_ten_days(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order(account="30001234599"))
    treasury.clock.advance(timedelta(days=9))
    assert (await client.enquire(asked())).state.status is PaymentStatus.AT_BANK
    treasury.clock.advance(timedelta(days=2))
    assert (await client.enquire(asked())).state.status is PaymentStatus.CREDITED


async def test_a_credited_payment_can_still_come_back(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    treasury.clock.advance(timedelta(days=1))
    credited = (await client.enquire(asked())).state
    treasury.clock.advance(timedelta(days=3))
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB9", "code": "54"})
    returned = (await client.enquire(asked())).state
    assert credited.status is PaymentStatus.CREDITED
    assert (returned.status, returned.return_code) == (PaymentStatus.RETURNED, "54")
    assert returned.utr_last4 == credited.utr_last4
    assert returned.at > credited.at


async def test_a_rejected_instruction_is_told_as_returned_with_its_own_code(treasury: Treasury):
    await treasury.sandbox.act("reject", {"bill_number": "UKB4"})
    state = (await treasury.client().payment_statuses("citizen", [asked("4")])).value["UKE4"]
    assert (state.status, state.return_code) == (PaymentStatus.RETURNED, "INSTRUCTION_REJECTED")


async def test_a_bill_is_moved_by_hand_one_step_at_a_time(treasury: Treasury):
    client = treasury.client()
    assert await treasury.sandbox.act("advance", {"bill_number": "UKB4"}) == {"bill_number": "UKB4", "state": "AT_BANK"}
    await treasury.sandbox.act("advance", {"bill_number": "UKB4"})
    assert (await client.enquire(asked("4"))).state.status is PaymentStatus.CREDITED


async def test_a_status_is_kept_for_half_a_minute_and_never_served_stale(treasury: Treasury):
    client = treasury.client()
    await client.payment_statuses("citizen", [asked("1")])
    treasury.clock.advance(timedelta(seconds=29))
    kept = await client.payment_statuses("citizen", [asked("1")])
    assert kept.state is SourceState.CACHED
    treasury.sandbox.faults.set([{"kind": "status", "params": {"status": 503}}])
    treasury.clock.advance(timedelta(seconds=2))
    with pytest.raises(Unavailable):
        await client.payment_statuses("citizen", [asked("1")])


async def test_a_citizen_who_asks_ten_times_at_once_is_one_reader(treasury: Treasury):
    client = treasury.client()
    told = await asyncio.gather(*(client.payment_statuses("citizen", [asked("1"), asked("2")]) for _ in range(10)))
    assert all(one.value == told[0].value for one in told)
    assert treasury.effects() == ["PIS answered", "PIS answered"]


async def test_what_is_kept_reads_back_the_same(treasury: Treasury):
    client = treasury.client()
    first = await client.payment_statuses("citizen", [asked("2")])
    assert (await client.payment_statuses("citizen", [asked("2")])).value == first.value


async def test_the_books_survive_a_restart(treasury: Treasury):
    from sandbox.city.kit import SandboxHome
    from sandbox.dbt_finance.server import create_sandbox

    await treasury.client().instruct(order())
    home = treasury.home
    again = create_sandbox(SandboxHome("dbt_finance", home.folder, home.onboarding, home.clock, home.demo, "", ""))
    assert (await treasury.client(again.app).instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    again.close()
