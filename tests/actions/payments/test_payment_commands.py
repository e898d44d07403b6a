"""What `apuni dbt` shows and does, over a store with payments by files."""

import json
from pathlib import Path

import pytest

from actions.payments.payment_batches import batch_now
from domain.kernel import CommandFailed
from domain.payments.files import BatchState, LineState
from gateway.commands.dbt import list_batches, list_cases, list_files, release
from tests.support.payments import Paying

pytestmark = pytest.mark.integration


async def test_batches_are_shown_with_their_sums_and_where_their_lines_stand(
    paying: Paying, capsys: pytest.CaptureFixture[str]
) -> None:
    await paying.validated(2)
    await paying.round(now=True)
    await list_batches(paying.env, None, 10)
    told = capsys.readouterr().out
    assert "0905DBTPAYREQ241120261 CLOSED UKOAP UKDD0001 lines 2 paise 300000 CREDITED:2 deletes 0 signed-by " in told
    await list_batches(paying.env, BatchState.SENT, 10)
    assert "apuni: 0 batches" in capsys.readouterr().out


async def test_files_are_shown_and_the_reason_of_a_refused_one_is_written(
    paying: Paying, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await paying.validated(1)
    paying.pfms.faults({"kind": "signature", "params": {"how": "foreign"}, "route": "/in/payment-ack"})
    await paying.round(now=True)
    await list_files(paying.env, None, 50, tmp_path)
    told = capsys.readouterr().out
    assert "OUT payment-request 0905DBTPAYREQ241120261.xml" in told
    assert "REFUSED" in told
    (written,) = tmp_path.glob("*.reason")
    reason = json.loads(written.read_text())
    assert (reason["reason"], reason["applied"], reason["kind"]) == ("FOREIGN_SIGNATURE", 0, "payment-ack")


async def test_what_was_set_aside_is_released_and_nothing_else_is(
    paying: Paying, capsys: pytest.CaptureFixture[str]
) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    (line,) = await paying.lines()
    with pytest.raises(CommandFailed, match=f"nothing of {line.end_to_end_id} is set aside"):
        await release(paying.env, line.end_to_end_id)
    paying.tell_pfms("UPDATE beneficiary SET state = 'RJCT'")
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    await list_cases(paying.env)
    assert f"payment {line.end_to_end_id} of " in capsys.readouterr().out.replace("\n", " ")
    with pytest.raises(CommandFailed, match="settleFinanceCase") as refused:
        await release(paying.env, line.end_to_end_id)
    assert f"FILE_REFUSED about instalment:{line.instalment_id} (OPEN)" in str(refused.value)
    assert [one.state for one in await paying.lines()] == [LineState.SET_ASIDE]
    await paying.settle_cases()
    await release(paying.env, line.end_to_end_id)
    assert "1 lines may go in another batch" in capsys.readouterr().out
