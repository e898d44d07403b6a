"""Refusals of whole batches: no payment that PFMS may have goes in a second file by itself."""

from typing import Any

import pytest

from actions.payments.payment_batches import batch_now
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchState, LineState
from sandbox.dbt_finance.pfms.answers import ACK, STATUS, Seal, acknowledgement, bank_status, document
from sandbox.dbt_finance.pfms.findings import DATE_PAST
from tests.support.payments import Paying

pytestmark = pytest.mark.integration

STAMP = "25112026180000"


async def taken_and_unanswered(paying: Paying) -> Any:
    """A batch that PFMS took on its day; its answers were lost, and the next day has come."""
    await paying.validated(1)
    await batch_now(paying.env)
    await paying.send_due()
    paying.pfms.pick_up()
    files = paying.files()
    for kind in ("payment-ack", "bank-status"):
        for name in files.names(f"/in/{kind}"):
            files.remove(f"/in/{kind}/{name}")
    return (await paying.batches())[-1]


def refuse(
    paying: Paying, batch: Any, codes: list[str], rows: list[Any] | None = None, stamp: str = STAMP, **shape: str
) -> None:
    """PFMS says that it rejected the batch."""
    kept = paying.pfms.home.state.get("seal", "pfms")
    draw = acknowledgement(batch.message_id, batch.batch_id, paying.clock.now(), codes, rows or [], **shape)
    paying.files().put(f"/in/payment-ack/{batch.message_id}_{stamp}.xml", document(ACK, draw, Seal(kept or {})))


@pytest.mark.parametrize("reasons", ["group", "header", "line"])
@pytest.mark.parametrize("code", ["DBE0004", DATE_PAST, "DBE0002"])
async def test_a_late_refusal_of_a_payment_that_pfms_has_never_makes_a_second_file(
    paying: Paying, code: str, reasons: str
) -> None:
    batch = await taken_and_unanswered(paying)
    assert await paying.answers() == 0  # the round of the day, in which nothing came
    await paying.next_day()
    refuse(paying, batch, [code], reasons=reasons)

    await paying.answers()

    assert [line.state for line in await paying.lines()] == [LineState.BUILT]
    assert await paying.cases() == [("STATUS_DIFFERS", f"batch:{batch.message_id}")]
    assert await batch_now(paying.env) == 0
    assert len(paying.pfms.orders()) == 1


@pytest.mark.parametrize("codes", [["DBE0002"], ["XYZ9"], []])
async def test_a_late_refusal_without_a_positive_reason_is_held_with_a_case(paying: Paying, codes: list[str]) -> None:
    batch = await taken_and_unanswered(paying)
    await paying.next_day()
    refuse(paying, batch, codes, word="RJCT")

    await paying.answers()

    assert [line.state for line in await paying.lines()] == [LineState.SET_ASIDE]
    assert await paying.cases() == [("FILE_REFUSED", f"batch:{batch.message_id}")]
    assert await batch_now(paying.env) == 0


async def test_a_refusal_after_the_bank_moved_a_payment_lets_nothing_go(paying: Paying) -> None:
    batch = await taken_and_unanswered(paying)
    (line,) = await paying.lines()
    kept = paying.pfms.home.state.get("seal", "bank")
    row = {"end_to_end_id": line.end_to_end_id, "status": "ACSP", "paise": 150_000, "utr": "U1", "day": "2026-11-24"}
    draw = bank_status(batch.batch_id, paying.clock.now(), [row])
    paying.files().put(f"/in/bank-status/{batch.message_id}_{STAMP}.xml", document(STATUS, draw, Seal(kept or {})))
    await paying.answers()
    refuse(paying, batch, ["DBE0003"], [(line.end_to_end_id, "RJCT", "DBE0015")])

    await paying.answers()

    assert [one.state for one in await paying.lines()] == [LineState.DEBITED]
    assert await paying.cases() == [("STATUS_DIFFERS", f"batch:{batch.message_id}")]


async def test_a_line_that_is_rejected_in_a_batch_that_was_taken_comes_back_with_a_case(paying: Paying) -> None:
    made = await paying.validated(2)
    await batch_now(paying.env)
    await paying.send_due()
    batch = (await paying.batches())[-1]
    first, second = sorted(await paying.lines(), key=lambda line: line.position)
    rows = [(first.end_to_end_id, "ACPT", None), (second.end_to_end_id, "RJCT", "DBE0017")]
    refuse(paying, batch, [], rows, word="ACPT")

    await paying.answers()

    states = {line.end_to_end_id: line.state for line in await paying.lines()}
    assert states == {first.end_to_end_id: LineState.ACCEPTED, second.end_to_end_id: LineState.REJECTED}
    assert (await paying.batches())[-1].state == BatchState.ACCEPTED
    assert await paying.cases() == [("FILE_REFUSED", f"instalment:{second.instalment_id}")]
    assert sorted(await paying.statuses(made)) == [PaymentStatus.INSTRUCTED, PaymentStatus.RETURNED]


def say(paying: Paying, batch: Any, row: dict[str, Any], name: str, tree: str) -> None:
    """The bank says something of a payment."""
    kept = paying.pfms.home.state.get("seal", "bank")
    draw = bank_status(batch.batch_id, paying.clock.now(), [{"paise": 150_000, **row}], tree)
    paying.files().put(f"/in/bank-status/{batch.message_id}_{name}.xml", document(STATUS, draw, Seal(kept or {})))


@pytest.mark.parametrize(
    ("missing", "tree"), [({"utr": ""}, "public"), ({"day": ""}, "sister"), ({"utr": ""}, "plain")]
)
async def test_a_success_without_reference_or_date_is_at_the_bank_and_a_case_until_both_are_told(
    paying: Paying, missing: dict[str, str], tree: str
) -> None:
    batch = await taken_and_unanswered(paying)
    (line,) = await paying.lines()
    word = "ACSC" if tree == "plain" else "ACCP"
    row = {"end_to_end_id": line.end_to_end_id, "status": word, "utr": "SBINR52611241", "day": "2026-11-24"}
    say(paying, batch, {**row, **missing}, "24112026180000", tree)
    await paying.answers()

    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.AT_BANK]
    assert await paying.cases() == [("STATUS_DIFFERS", f"instalment:{line.instalment_id}")]

    say(paying, batch, row, "24112026190000", tree)
    await paying.answers()
    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.CREDITED]
    assert await paying.findings() == []


async def test_a_file_in_a_namespace_that_was_never_seen_is_applied_and_told(paying: Paying) -> None:
    batch = await taken_and_unanswered(paying)
    kept = paying.pfms.home.state.get("seal", "pfms")
    draw = acknowledgement(batch.message_id, batch.batch_id, paying.clock.now(), [], [])
    content = document(ACK, draw, Seal(kept or {}), "namespace")
    paying.files().put(f"/in/payment-ack/{batch.message_id}_{STAMP}.xml", content)

    await paying.answers()

    file = (await paying.ledger())[-1]
    assert (file.state, file.reason) == ("APPLIED", "UNKNOWN_NAMESPACE")
    assert file.detail.endswith("BeneficiaryPaymentAck/v9")
    assert [line.state for line in await paying.lines()] == [LineState.ACCEPTED]
