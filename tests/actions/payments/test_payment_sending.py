"""Sending payment files: sealed, looked for before any repeat, made again octet by octet, never a second order."""

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import delete, select, update

from actions.kernel import Environment, UnitOfWork
from actions.payments.partner import pfms
from actions.payments.payment_batches import batch_now
from actions.payments.releasing import Released, release_set_aside
from actions.payments.sealing import FileDiffers
from actions.payments.sending import send_batch
from domain.benefits.benefits import PaymentStatus
from domain.kernel import SYSTEM
from domain.payments.files import BatchState, LineState, Transport
from integrations.calling.errors import Unavailable
from integrations.dbt_finance.pfms.models import FileKind
from store.benefits.benefits import instalments_table
from store.database.vault import reads_table
from store.payments import payment_files
from store.payments.payment_tables import (
    accounts_table,
    batches_table,
    beneficiaries_table,
    lines_table,
    sealed_files_table,
)
from tests.support.noting import Noting
from tests.support.payments import SCHEME, Paying, pfms_changed
from tests.support.worlds import AADHAAR

pytestmark = pytest.mark.integration


@pytest.fixture(params=Transport)
def way(request: pytest.FixtureRequest) -> Transport:
    """Both ways promise the same."""
    return Transport(request.param)


def noting(paying: Paying) -> tuple[Environment, Noting]:
    exchange = Noting(pfms(paying.env).exchange)
    return pfms_changed(paying.env, exchange=exchange), exchange


async def a_batch(paying: Paying, many: int = 1) -> Any:
    await paying.validated(many)
    await batch_now(paying.env)
    return (await paying.batches())[-1]


async def test_the_file_says_what_was_agreed_for_the_scheme(paying: Paying) -> None:
    batch = await a_batch(paying)
    await paying.send_due()
    sealed = await paying.sealed(batch.id)

    root = etree.fromstring(sealed or b"")
    names = ("CtreAmt", "PrvcAmt", "InstdAmt", "Tp")
    told = {name: [each.text for each in root.iterfind(f".//{{*}}{name}")] for name in names}
    assert told == {
        "CtreAmt": ["200.00"] * 2,
        "PrvcAmt": ["1300.00"] * 2,
        "InstdAmt": ["1500.00"] * 2,
        "Tp": ["4281"],
    }
    codes = [root.findtext(f".//{{*}}{name}/{{*}}Cd") for name in ("PmtAuthCtre", "PmtAuthPrvc", "Purp")]
    assert codes == ["EOAP1", batch.batch_id, "7001"]


async def test_a_scheme_without_terms_waits(paying: Paying) -> None:
    await paying.validated(1)
    without = replace(pfms(paying.env).identity, terms={})

    assert await batch_now(pfms_changed(paying.env, identity=without)) == 0
    assert await batch_now(paying.env) == 1


async def test_a_lost_answer_is_followed_by_an_enquiry_and_no_second_file(paying: Paying) -> None:
    batch = await a_batch(paying)
    env, exchange = noting(paying)
    exchange.loses = "answer"
    with pytest.raises(Unavailable):
        await send_batch(env, batch.id)
    exchange.loses = None
    await send_batch(env, batch.id)
    assert exchange.asked == ["send", "sent"]
    await send_batch(env, batch.id)
    assert exchange.asked == ["send", "sent"]
    paying.pfms.pick_up()
    assert len(paying.pfms.orders()) == 1


async def test_a_file_that_never_arrived_is_sent_after_the_enquiry(paying: Paying) -> None:
    batch = await a_batch(paying)
    env, exchange = noting(paying)
    exchange.loses = "file"
    with pytest.raises(Unavailable):
        await send_batch(env, batch.id)
    exchange.loses = None
    await send_batch(env, batch.id)
    assert exchange.asked == ["send", "sent", "send"]
    assert (await paying.batches())[0].state == BatchState.SENT


async def test_the_file_is_made_again_with_the_same_octets_though_the_account_was_corrected(paying: Paying) -> None:
    batch = await a_batch(paying, 2)
    env, exchange = noting(paying)
    exchange.loses = "answer"
    with pytest.raises(Unavailable):
        await send_batch(env, batch.id)
    first = await paying.sealed(batch.id)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(delete(sealed_files_table))
    (line, _) = await paying.lines()
    assert await paying.correct(line.instalment_id, "50100077777700")
    exchange.loses = None
    await send_batch(env, batch.id)
    assert await paying.sealed(batch.id) == first
    assert paying.archive("payment-request", "out")[batch.file_name] == first


async def test_a_file_that_cannot_be_made_again_is_not_sent_and_somebody_looks(paying: Paying) -> None:
    batch = await a_batch(paying)
    env, exchange = noting(paying)
    exchange.loses = "answer"
    with pytest.raises(Unavailable):
        await send_batch(env, batch.id)
    exchange.loses = None
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(delete(sealed_files_table))
        await tx.connection.execute(update(batches_table).values(digest="0" * 64))
    with pytest.raises(FileDiffers):
        await send_batch(env, batch.id)
    assert await paying.cases() == [("TOTAL_DIFFERS", f"file:{batch.file_name}")]


async def test_other_content_under_the_name_leaves_the_batch_in_doubt_until_it_is_answered(paying: Paying) -> None:
    batch = await a_batch(paying)
    await pfms(paying.env).exchange.send(FileKind.PAYMENTS, batch.file_name, b"<other/>")
    await paying.send_due()
    (after,) = await paying.batches()
    assert after.state == BatchState.IN_DOUBT
    assert await paying.cases() == [("FILE_NAME_REUSED", f"file:{batch.file_name}")]
    assert await batch_now(paying.env) == 0, "its payment goes in no other batch"
    paying.pfms.pick_up()
    await paying.answers()
    (after,) = await paying.batches()
    assert after.state == BatchState.REJECTED
    (line,) = await paying.lines()
    assert line.state == LineState.SET_ASIDE


async def test_the_aadhaar_number_comes_from_the_vault_at_signing_and_lies_nowhere_else(paying: Paying) -> None:
    await paying.with_aadhaar()
    batch = await a_batch(paying)
    assert batch.method == "U"
    async with paying.env.vault.transaction() as tx:
        before = len((await tx.connection.execute(select(reads_table))).all())
    await paying.send_due()
    sealed = await paying.sealed(batch.id)
    assert sealed is not None
    assert AADHAAR.encode() in sealed
    async with paying.env.vault.transaction() as tx:
        reads = (await tx.connection.execute(select(reads_table))).all()
    assert len(reads) == before + 1
    assert (reads[-1].purpose, reads[-1].read_by) == ("PAY_BENEFIT", SYSTEM.label)
    async with paying.env.store.read_transaction() as tx:
        kept = [
            str(tuple(row))
            for table in (batches_table, lines_table, beneficiaries_table, accounts_table, sealed_files_table)
            for row in (await tx.connection.execute(select(table))).all()
        ]
    assert not [row for row in kept if AADHAAR in row]
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.sealed(batch.id) is None
    assert len(paying.pfms.orders()) == 1


async def test_one_wrong_line_rejects_the_batch_and_the_others_go_under_their_own_ids(paying: Paying) -> None:
    made = await paying.validated(3)
    await batch_now(paying.env)
    before = {line.end_to_end_id: line for line in await paying.lines()}
    victim = before[sorted(before)[1]]
    paying.tell_pfms("UPDATE beneficiary SET state = 'RJCT' WHERE id = ?", victim.beneficiary_id)
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    states = {line.end_to_end_id: line.state for line in await paying.lines()}
    assert states == {
        each: LineState.SET_ASIDE if each == victim.end_to_end_id else LineState.RELEASED for each in before
    }
    (first,) = await paying.batches()
    assert first.state == BatchState.REJECTED
    assert await paying.sealed(first.id) is None
    assert await paying.cases() == [("FILE_REFUSED", f"instalment:{victim.instalment_id}")]
    await paying.round(now=True)
    _, second = await paying.batches()
    assert (second.lines, second.state) == (2, BatchState.CLOSED)
    assert {order["end_to_end_id"] for order in paying.pfms.orders()} == before.keys() - {victim.end_to_end_id}
    told = dict(zip(made, await paying.statuses(made), strict=True))
    assert told.pop(victim.instalment_id) is PaymentStatus.BENEFICIARY_PENDING
    assert set(told.values()) == {PaymentStatus.CREDITED}
    assert await paying.findings() == []


async def test_what_was_set_aside_goes_once_it_is_released(paying: Paying) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    (line,) = await paying.lines()
    paying.tell_pfms("UPDATE beneficiary SET state = 'RJCT'")
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert await batch_now(paying.env) == 0
    paying.tell_pfms("UPDATE beneficiary SET state = 'ACCP'")
    await paying.settle_cases()
    async with paying.env.store.write_transaction() as tx:
        assert await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), line.end_to_end_id) == Released(1)
    await paying.round(now=True)
    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.CREDITED]
    assert await paying.findings() == []


async def test_a_batch_that_is_rejected_as_a_whole_is_held_with_a_case(paying: Paying) -> None:
    await paying.validated(2)
    mistaken = replace(pfms(paying.env).identity, scheme_codes={SCHEME: "NOBODYS"})
    await batch_now(pfms_changed(paying.env, identity=mistaken))
    (batch,) = await paying.batches()
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert {line.state for line in await paying.lines()} == {LineState.SET_ASIDE}
    assert await paying.cases() == [("FILE_REFUSED", f"batch:{batch.message_id}")]
    assert await batch_now(paying.env) == 0
    await paying.settle_cases()
    async with paying.env.store.write_transaction() as tx:
        assert await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), batch.message_id) == Released(2)
    await paying.round(now=True)
    assert len(paying.pfms.orders()) == 2
    assert await paying.findings() == []


async def test_a_batch_that_was_never_signed_is_let_go_when_its_day_is_over(paying: Paying) -> None:
    batch = await a_batch(paying, 2)
    paying.pfms.pass_time(days=1)
    await send_batch(paying.env, batch.id)
    (first,) = await paying.batches()
    assert first.state == BatchState.ABANDONED
    await paying.round(now=True)
    assert len(paying.pfms.orders()) == 2
    assert await paying.cases() == []
    assert await paying.findings() == []


async def test_a_line_that_pfms_would_reject_is_taken_out_before_the_file_is_signed(paying: Paying) -> None:
    made = await paying.sanctioned(2)
    await paying.validated(1, "1", first=3)
    await paying.round(now=True)
    orders = paying.pfms.orders()
    assert len(orders) == 2
    assert sorted(await paying.statuses(made)) == [PaymentStatus.CREDITED] * 2
    assert [kind for kind, _ in await paying.cases()] == []
    assert await paying.findings() == []


async def test_the_ledger_knows_each_file_that_went(paying: Paying) -> None:
    batch = await a_batch(paying)
    await paying.send_due()
    sealed = await paying.sealed(batch.id)
    assert sealed is not None
    async with paying.env.store.read_transaction() as tx:
        (file,) = await payment_files.files(tx, name=batch.file_name)
    assert (file.digest, file.size, file.state.value) == (payment_files.digest_of(sealed), len(sealed), "SENT")
    paying.pfms.pick_up()
    await paying.answers()
    async with paying.env.store.read_transaction() as tx:
        (file,) = await payment_files.files(tx, name=batch.file_name)
    assert file.state.value == "DESTROYED"


async def test_a_scheme_that_pfms_does_not_know_waits(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    unknown = replace(pfms(paying.env).identity, scheme_codes={})
    assert await batch_now(pfms_changed(paying.env, identity=unknown)) == 0
    assert await batch_now(paying.env) == 1
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]


async def test_a_payment_that_is_held_back_since_the_batch_was_made_is_not_signed(paying: Paying) -> None:
    made = await paying.validated(2)
    await batch_now(paying.env)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(
            update(instalments_table).where(instalments_table.c.id == made[0]).values(hold="STOPPED")
        )
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert len(paying.pfms.orders()) == 1
    assert await paying.statuses(made) == [PaymentStatus.BENEFICIARY_PENDING, PaymentStatus.CREDITED]
    assert await paying.findings() == []
