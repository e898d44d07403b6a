"""The client against its own sandbox, and against connections that are lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import respx

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source, SourceState
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.dbt_finance import InstructionOutcome, InstructionStage
from integrations.dbt_finance.jit import client as client_module
from tests.integrations.dbt_finance.conftest import BILL_DAY, Treasury, asked, order
from tests.support.remotes import PARTNER


class LosesAnswers(httpx.AsyncBaseTransport):
    """Delivers every request, and loses the answers of one call as often as told."""

    def __init__(self, app, service: str, times: int) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._service, self.left = service, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if request.url.path.endswith(f"/{self._service}") and self.left:
            self.left -= 1
            raise httpx.ReadError("the answer was lost", request=request)
        return response


async def test_an_instruction_is_accepted_and_the_bill_is_the_ledger_key(treasury: Treasury):
    receipt = await treasury.client().instruct(order())
    assert (receipt.outcome, receipt.ssu_ia_id) == (InstructionOutcome.ACCEPTED, "905")
    assert [(entry["key"], entry["effect"]) for entry in treasury.sandbox.ledger.entries()] == [
        ("UKB9", "instruction accepted")
    ]


async def test_the_same_bill_again_is_already_known(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects() == ["instruction accepted", "PI refused", "PIS answered"]


async def test_the_same_bill_with_another_amount_is_refused(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    with pytest.raises(Refused) as refusal:
        await client.instruct(order(paise=150006))
    assert refusal.value.code == "DUPLICATE_WITH_OTHER_CONTENT"


async def test_a_lost_answer_is_repeated_with_the_same_bill_and_paid_once(treasury: Treasury):
    client = treasury.client(LosesAnswers(treasury.sandbox.app, "PI", 1))
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 1


async def test_when_every_answer_is_lost_the_enquiry_finds_the_bill(treasury: Treasury):
    client = treasury.client(LosesAnswers(treasury.sandbox.app, "PI", 9))
    assert (await client.instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN
    assert treasury.effects().count("instruction accepted") == 1
    assert treasury.effects()[-1] == "PIS answered"


async def test_silence_after_accepting_is_found_by_enquiry(treasury: Treasury, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        client_module, "PUSH_INSTRUCTION", replace(client_module.PUSH_INSTRUCTION, attempt=0.05, attempts=1)
    )
    treasury.sandbox.faults.set([{"kind": "silence", "route": "/jit/PI"}])
    assert (await treasury.client().instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN


async def test_an_error_after_accepting_is_found_by_enquiry(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "status", "route": "/jit/PI", "params": {"status": 500, "after": True}}])
    assert (await treasury.client().instruct(order())).outcome is InstructionOutcome.ALREADY_KNOWN


@respx.mock
async def test_when_the_enquiry_fails_too_the_loss_is_told(treasury: Treasury):
    respx.post(f"{PARTNER}/jit/PI").mock(side_effect=httpx.ReadTimeout)
    respx.post(f"{PARTNER}/jit/PIS").mock(side_effect=httpx.ConnectError)
    remote_client = treasury.client(httpx.AsyncHTTPTransport())
    with pytest.raises(Unavailable) as loss:
        await remote_client.instruct(order())
    assert loss.value.code == "connection_lost"


async def test_confirm_tells_whether_the_treasury_has_the_bill(treasury: Treasury):
    client = treasury.client()
    assert await client.confirm(asked()) is None
    await client.instruct(order())
    receipt = await client.confirm(asked())
    assert receipt is not None
    assert receipt.outcome is InstructionOutcome.ALREADY_KNOWN
    await treasury.sandbox.act("reject", {"bill_number": "UKB9"})
    with pytest.raises(Refused, match="INSTRUCTION_REJECTED"):
        await client.confirm(asked())


async def test_pis_gives_what_the_treasury_took(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    status = await client.instruction_status("UKB9", BILL_DAY)
    assert status is not None
    assert (status.stage, status.net_paise, status.payee_count) == (InstructionStage.APPROVED, 150005, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payees": ()}, "NO_BENEFICIARY"),
        ({"payees": (order().payees[0], replace(order().payees[0], end_to_end_id="UKE10"))}, "SAME_ACCOUNT_TWICE"),
        ({"payees": (order().payees[0], replace(order().payees[0], ifsc=""))}, "UNKNOWN_REJECT"),
        ({"payees": (replace(order().payees[0], amount_paise=0),)}, "GROSS_BELOW_NET"),
    ],
)
async def test_one_bad_line_rejects_the_whole_bill(treasury: Treasury, change: dict[str, object], code: str):
    client = treasury.client()
    with pytest.raises(Refused) as refusal:
        await client.instruct(order(**change))
    assert refusal.value.code == code
    assert await client.confirm(asked()) is None


async def test_without_fund_the_bill_is_refused(treasury: Treasury):
    await treasury.sandbox.act("set_fund", {"paise": 100})
    with pytest.raises(Refused, match="INSUFFICIENT_FUND"):
        await treasury.client().instruct(order())


async def test_a_wrong_signature_of_ours_is_refused_and_changes_nothing(treasury: Treasury):
    with pytest.raises(NotLetIn) as refusal:
        await treasury.client(hmac_secret="another").instruct(order())
    assert (refusal.value.code, refusal.value.alarmed) == ("unauthorised", True)
    assert treasury.effects() == ["signature refused"]


async def test_an_answer_signed_by_somebody_else_is_never_believed(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "signature"}])
    with pytest.raises(IntegrityFailure):
        await treasury.client().payment_statuses("citizen", [asked("1")])


async def test_a_record_of_another_bill_is_never_shown(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "foreign", "route": "/jit/PD"}])
    with pytest.raises(IntegrityFailure, match="foreign_record"):
        await treasury.client().payment_statuses("citizen", [asked("1")])


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
    treasury.sandbox.faults.set([{"kind": "status", "route": "/jit/FD", "params": {"status": 503}}])
    with pytest.raises(Unavailable):
        await treasury.client().payment_statuses("citizen", [asked("1")])


async def test_the_scripted_payments_of_the_demo_are_told_together(treasury: Treasury):
    told = await treasury.client().payment_statuses("citizen", [asked(n) for n in "12345"])
    assert {payment: state.status for payment, state in told.value.items()} == {
        "UKE1": PaymentStatus.CREDITED,
        "UKE2": PaymentStatus.RETURNED,
        "UKE3": PaymentStatus.AT_BANK,
        "UKE4": PaymentStatus.INSTRUCTED,
    }
    assert (told.source, told.state) == (Source.DBT_FINANCE, SourceState.LIVE)
    assert told.value["UKE2"].return_code == "53"
    assert len(told.value["UKE1"].utr_last4 or "") == 4


async def test_an_answer_that_leaves_a_payment_out_is_not_kept_as_the_whole(treasury: Treasury):
    client = treasury.client()

    whole = [(await client.payment_statuses("citizen", [asked("1")])).state for _ in range(2)]
    part = [(await client.payment_statuses("citizen", [asked("1"), asked("5")])).state for _ in range(2)]

    assert whole == [SourceState.LIVE, SourceState.CACHED]
    assert part == [SourceState.LIVE, SourceState.LIVE]


async def test_a_new_payment_moves_with_the_clock(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    seen = []
    for step in (timedelta(), timedelta(hours=1), timedelta(days=1)):
        treasury.clock.advance(step)
        told = await client.payment_statuses("citizen", [asked()])
        seen.append(told.value["UKE9"].status)
    assert seen == [PaymentStatus.INSTRUCTED, PaymentStatus.AT_BANK, PaymentStatus.CREDITED]


@pytest.mark.parametrize(("suffix", "code"), [("01", "01"), ("16", "02"), ("51", "51"), ("95", "95")])
async def test_an_account_can_send_the_money_back(treasury: Treasury, suffix: str, code: str):
    client = treasury.client()
    await client.instruct(order(account=f"300012345{suffix}"))
    treasury.clock.advance(timedelta(days=2))
    state = (await client.payment_statuses("citizen", [asked()])).value["UKE9"]
    assert (state.status, state.return_code) == (PaymentStatus.RETURNED, code)


async def test_a_bank_can_stay_silent_for_ten_days(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order(account="30001234599"))
    treasury.clock.advance(timedelta(days=9))
    assert (await client.payment_statuses("c", [asked()])).value["UKE9"].status is PaymentStatus.AT_BANK
    treasury.clock.advance(timedelta(days=2))
    assert (await client.payment_statuses("c", [asked()])).value["UKE9"].status is PaymentStatus.CREDITED


async def test_a_credited_payment_can_still_come_back(treasury: Treasury):
    client = treasury.client()
    await client.instruct(order())
    treasury.clock.advance(timedelta(days=1))
    credited = (await client.payment_statuses("citizen", [asked()])).value["UKE9"]
    treasury.clock.advance(timedelta(days=3))
    await treasury.sandbox.act("mark_returned", {"bill_number": "UKB9", "code": "54"})
    returned = (await client.payment_statuses("citizen", [asked()])).value["UKE9"]
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
    assert (await client.payment_statuses("c", [asked("4")])).value["UKE4"].status is PaymentStatus.CREDITED


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
    assert sorted(treasury.effects()) == sorted(
        f"{service} answered" for service in ("PIS", "PAG", "PD", "FD") for _ in range(2)
    )


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


async def test_a_request_with_a_wrong_time_is_refused(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "skew"}])
    with pytest.raises(Refused, match="unauthorised"):
        await treasury.client().confirm(asked("1"))
