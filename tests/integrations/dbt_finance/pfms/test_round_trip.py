"""The whole way of a beneficiary and a payment: out, taken, answered in waves, credited, and back three days later."""

import pytest

from domain.payments.files import Transport
from integrations.dbt_finance.pfms.answers import read_answer, read_statement
from integrations.dbt_finance.pfms.exchange import FileExchange
from integrations.dbt_finance.pfms.files import beneficiary_file, payment_file
from integrations.dbt_finance.pfms.models import (
    BankStatus,
    BatchAcknowledgement,
    BeneficiaryAnswer,
    FileKind,
    LineStatus,
)
from integrations.dbt_finance.pfms.names import file_name
from tests.support.pfms import Pfms, beneficiary, payment, payments, registration

pytestmark = pytest.mark.integration


@pytest.fixture(params=Transport)
def way(request: pytest.FixtureRequest) -> Transport:
    """Both ways promise the same."""
    return Transport(request.param)


async def answers(pfms: Pfms, exchange: FileExchange):
    """Every answer that lies ready, read and archived."""
    found = []
    for each in await exchange.list_incoming():
        content = await exchange.fetch(each.kind, each.name)
        assert len(content) == each.size
        read = read_statement if each.kind is FileKind.STATEMENTS else read_answer
        found.append(read(each.name, content, pfms.trust))
        await exchange.archive(each.kind, each.name)
    return found


async def registered(pfms: Pfms, exchange: FileExchange, *lines):
    """The CPSMS ids of beneficiaries by our ids."""
    batch = registration(*lines)
    await exchange.send(
        FileKind.BENEFICIARIES, file_name(batch.message_id), beneficiary_file(batch, pfms.identity, pfms.papers.signer)
    )
    pfms.pick_up()
    pfms.pass_time(days=1, hours=1)
    return {
        row.id: row.cpsms_id
        for answer in await answers(pfms, exchange)
        if isinstance(answer, BeneficiaryAnswer)
        for row in answer.rows
        if row.cpsms_id
    }


async def test_a_beneficiary_is_answered_in_two_waves(pfms: Pfms, exchange: FileExchange):
    batch = registration(beneficiary(1), beneficiary(2, "50100012345601"), beneficiary(3, "50100012345699"))
    content = beneficiary_file(batch, pfms.identity, pfms.papers.signer)

    await exchange.send(FileKind.BENEFICIARIES, file_name(batch.message_id), content)
    assert await exchange.list_incoming() == []
    pfms.pass_time(minutes=30)
    (first,) = await answers(pfms, exchange)
    assert {row.id: row.status for row in first.rows} == dict.fromkeys(("BEN-1", "BEN-2", "BEN-3"), LineStatus.PENDING)

    pfms.pass_time(days=1)
    (second,) = await answers(pfms, exchange)
    rows = {row.id: row for row in second.rows}
    assert rows["BEN-1"].status is LineStatus.ACCEPTED
    assert rows["BEN-1"].cpsms_id
    assert rows["BEN-1"].name_at_bank == "SEETA DEVI"
    assert (rows["BEN-2"].status, rows["BEN-2"].codes) == (LineStatus.REJECTED, ("DBE0017",))
    assert "BEN-3" not in rows

    pfms.pass_time(days=10)
    (third,) = await answers(pfms, exchange)
    assert [row.id for row in third.rows] == ["BEN-3"]


async def test_a_payment_is_acknowledged_debited_credited_and_comes_back(pfms: Pfms, exchange: FileExchange):
    ids = await registered(pfms, exchange, beneficiary(1), beneficiary(2, "50100012345677"))
    day = pfms.clock.now().date()
    batch = payments(payment(1, ids["BEN-1"]), payment(2, ids["BEN-2"], "50100012345677"), at=pfms.clock.now(), day=day)
    content = payment_file(batch, pfms.identity, pfms.papers.signer)
    await exchange.send(FileKind.PAYMENTS, file_name(batch.message_id), content)

    pfms.pass_time(minutes=30)
    (ack,) = await answers(pfms, exchange)
    assert isinstance(ack, BatchAcknowledgement)
    assert (ack.batch_id, ack.accepted, len(ack.rows)) == (batch.batch_id, True, 2)

    pfms.pass_time(hours=4)
    (debit,) = await answers(pfms, exchange)
    assert isinstance(debit, BankStatus)
    assert {row.status for row in debit.rows} == {LineStatus.DEBITED}

    pfms.pass_time(hours=5)
    (credit,) = await answers(pfms, exchange)
    assert {row.status for row in credit.rows} == {LineStatus.CREDITED}
    assert all(row.utr and row.value_date and row.amount_paise in {None, 150_000} for row in credit.rows)

    pfms.pass_time(days=4)
    came = await answers(pfms, exchange)
    (returned,) = [each for each in came if isinstance(each, BankStatus)]
    assert [(row.end_to_end_id, row.status, row.codes) for row in returned.rows] == [
        ("UKOAP26110000002", LineStatus.RETURNED, ("53",))
    ]
    statements = [each for each in came if not isinstance(each, BankStatus)]
    assert [[row.status for row in each.rows] for each in statements] == [
        [LineStatus.CREDITED, LineStatus.CREDITED],
        [LineStatus.RETURNED],
    ]
    assert statements[0].total_paise == 300_000
    assert [order["status"] for order in pfms.orders()] == ["ACSC", "RTND"]
