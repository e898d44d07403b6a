"""Answers of PFMS and the bank: applied once, whatever comes twice, late, spoilt, forged or unknown."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from actions.payments import payment_answers
from actions.payments.incoming_files import fetch_file
from actions.payments.payment_answers import fetch_answers, forget_answers
from actions.payments.payment_batches import batch_now
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchState, FileState, LineState, Transport
from domain.reconciliation.finance_cases import DifferenceKind
from sandbox.dbt_finance.pfms.answers import ACK, STATUS, Seal, acknowledgement, bank_status, document
from store.payments import payment_files
from store.payments.payment_tables import files_table, lines_table
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.support.payments import GOOD, Paying

pytestmark = pytest.mark.integration

STAMP = "24112026180000"
FAULTS = (
    ({"kind": "malformed", "params": {"shape": "syntax"}}, "MALFORMED"),
    ({"kind": "malformed", "params": {"shape": "utf16"}}, "ENCODING"),
    ({"kind": "malformed", "params": {"shape": "doctype"}}, "DOCUMENT_TYPE"),
    ({"kind": "partial"}, "MALFORMED"),
    ({"kind": "signature", "params": {"how": "none"}}, "UNSIGNED"),
    ({"kind": "signature", "params": {"how": "foreign"}}, "FOREIGN_SIGNATURE"),
)


async def sent(paying: Paying, many: int = 1, account: str = GOOD) -> Any:
    """A batch that lies at PFMS and was not picked up."""
    await paying.validated(many, account)
    await batch_now(paying.env)
    await paying.send_due()
    return (await paying.batches())[-1]


def seal_of(paying: Paying, name: str) -> Seal:
    kept = paying.pfms.home.state.get("seal", name)
    assert kept
    return Seal(kept)


def put(paying: Paying, kind: str, name: str, content: bytes) -> None:
    paying.files().put(f"/in/{kind}/{name}", content)


def told(paying: Paying, batch: str, rows: list[dict[str, Any]], seal: str = "bank") -> bytes:
    """A bank status."""
    return document(STATUS, bank_status(batch, paying.clock.now(), rows), seal_of(paying, seal))


def row(end_to_end_id: str, status: str, **more: Any) -> dict[str, Any]:
    """One row of a bank status."""
    given = {"end_to_end_id": end_to_end_id, "status": status, "paise": 150_000, "code": None}
    return {**given, "utr": f"UTR{end_to_end_id}", "day": "2026-11-24", **more}


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
async def test_a_spoilt_file_is_refused_whole_and_a_later_correct_one_applies(
    paying: Paying, fault: dict[str, Any], reason: str
) -> None:
    batch = await sent(paying, 2)
    paying.pfms.faults({**fault, "route": "/in/bank-status"})
    paying.pfms.pick_up()
    await paying.answers()
    refused = [file for file in await paying.ledger() if file.state == FileState.REFUSED]
    assert {file.reason for file in refused} == {reason}
    assert {file.applied for file in refused} == {0}
    assert {line.state for line in await paying.lines()} == {LineState.ACCEPTED}
    assert [kind for kind, _ in await paying.cases()] == ["FILE_REFUSED"] * len(refused)
    assert len(paying.archive("bank-status", "failed")) >= len(refused)
    paying.pfms.faults()
    ids = [line.end_to_end_id for line in await paying.lines()]
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, credited(ids)))
    await paying.answers()
    assert {line.state for line in await paying.lines()} == {LineState.CREDITED}
    assert await paying.findings() == []


def credited(ids: list[str]) -> list[dict[str, Any]]:
    return [row(each, "ACSC") for each in ids]


@pytest.mark.parametrize("way", Transport)
async def test_the_same_file_twice_is_applied_once(paying: Paying) -> None:
    await sent(paying)
    paying.pfms.faults({"kind": "duplicate", "route": "/in/*"})
    paying.pfms.pick_up()
    await paying.answers()
    (line,) = await paying.lines()
    assert line.state == LineState.CREDITED
    name, content = next(iter(paying.archive("bank-status").items()))
    put(paying, "bank-status", name, content)
    before = len(await paying.ledger())
    assert await fetch_answers(paying.env) == 0
    assert len(await paying.ledger()) == before
    assert await paying.cases() == []


@pytest.mark.parametrize("way", Transport)
async def test_the_name_of_an_applied_file_with_other_content_is_an_alarm_and_not_applied(paying: Paying) -> None:
    batch = await sent(paying)
    paying.pfms.pick_up()
    await paying.answers()
    name = sorted(paying.archive("bank-status"))[-1]
    (line,) = await paying.lines()
    content = told(paying, batch.batch_id, [row(line.end_to_end_id, "RTND", code="53")])
    put(paying, "bank-status", name, content)
    await paying.answers()
    (line,) = await paying.lines()
    assert line.state == LineState.CREDITED
    assert await paying.cases() == [("FILE_NAME_REUSED", f"file:{name}")]
    assert (await paying.ledger())[-1].state == FileState.REUSED


async def test_an_answer_about_a_batch_of_nobody_is_refused(paying: Paying) -> None:
    await sent(paying)
    paying.pfms.sandbox.actions["unknown_ack"]({})
    await paying.answers()
    assert [kind for kind, _ in await paying.cases()] == ["NOT_WITH_US"]
    assert (await paying.ledger())[-1].reason == "UNKNOWN_BATCH"


async def test_a_row_that_is_not_ours_is_a_case_and_the_others_are_applied(paying: Paying) -> None:
    batch = await sent(paying)
    (line,) = await paying.lines()
    rows = credited([line.end_to_end_id, "UKE99999999999999999"])
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, rows))
    await paying.answers()
    (line,) = await paying.lines()
    assert line.state == LineState.CREDITED
    assert await paying.cases() == [("NOT_WITH_US", "payment:UKE99999999999999999")]
    assert (await paying.ledger())[-1].unknown == 1


async def test_another_amount_is_a_case_and_moves_nothing(paying: Paying) -> None:
    batch = await sent(paying)
    (line,) = await paying.lines()
    rows = [row(line.end_to_end_id, "ACSC", paise=149_900)]
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, rows))
    await paying.answers()
    assert [each.state for each in await paying.lines()] == [LineState.BUILT]
    assert await paying.cases() == [("AMOUNT_DIFFERS", f"instalment:{line.instalment_id}")]


async def test_a_word_that_nobody_knows_is_a_case_moves_nothing_and_the_other_rows_count(paying: Paying) -> None:
    batch = await sent(paying, 2)
    known, other = await paying.lines()
    rows = [row(known.end_to_end_id, "ACSC", utr="SBIN426112412345"), row(other.end_to_end_id, "HOLD")]
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, rows))

    await paying.answers()

    assert (await paying.ledger())[-1].state == FileState.APPLIED
    assert {line.end_to_end_id: line.state for line in await paying.lines()} == {
        known.end_to_end_id: LineState.CREDITED,
        other.end_to_end_id: LineState.BUILT,
    }
    async with paying.env.store.read_transaction() as tx:
        (case,) = await finance_cases.cases(None, CaseFilter()).page(tx, limit=9)
    assert (case.kind, case.about) == (DifferenceKind.STATUS_DIFFERS, f"instalment:{other.instalment_id}")
    assert (case.expected, case.found) == (LineState.BUILT, "HOLD")


async def test_a_line_of_a_taken_batch_with_a_word_that_nobody_knows_stays_as_it_is(paying: Paying) -> None:
    batch = await sent(paying, 2)
    taken, other = await paying.lines()
    draw = acknowledgement(
        batch.message_id, batch.batch_id, paying.clock.now(), [], [(other.end_to_end_id, "HOLD", None)], word="ACPT"
    )
    put(paying, "payment-ack", f"{batch.message_id}_{STAMP}.xml", document(ACK, draw, seal_of(paying, "pfms")))

    await paying.answers()

    assert {line.end_to_end_id: line.state for line in await paying.lines()} == {
        taken.end_to_end_id: LineState.ACCEPTED,
        other.end_to_end_id: LineState.BUILT,
    }
    assert await paying.cases() == [("STATUS_DIFFERS", f"instalment:{other.instalment_id}")]


async def test_a_bank_reference_that_two_payments_bear_is_a_case(paying: Paying) -> None:
    batch = await sent(paying, 2)
    ids = [line.end_to_end_id for line in await paying.lines()]
    for number, one in enumerate(ids):
        rows = [row(one, "ACSC", utr="SBIN426112412345")]
        name = f"{batch.message_id}_2411202618000{number}.xml"
        put(paying, "bank-status", name, told(paying, batch.batch_id, rows))
    await paying.answers()
    assert {line.state for line in await paying.lines()} == {LineState.CREDITED}
    assert {line.utr_last4 for line in await paying.lines()} == {"2345"}
    assert [kind for kind, _ in await paying.cases()] == ["UTR_TWICE"]


async def test_answers_out_of_order_only_go_forward(paying: Paying) -> None:
    batch = await sent(paying)
    (line,) = await paying.lines()
    one = line.end_to_end_id
    for second, status in enumerate(("ACSC", "ACSP")):
        name = f"{batch.message_id}_2411202618000{second}.xml"
        put(paying, "bank-status", name, told(paying, batch.batch_id, [row(one, status)]))
    ack = acknowledgement(batch.message_id, batch.batch_id, paying.clock.now(), [], [(one, "ACCP", None)])
    put(paying, "payment-ack", f"{batch.message_id}_24112026180009.xml", document(ACK, ack, seal_of(paying, "pfms")))
    await paying.answers()
    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.CREDITED]
    assert (await paying.batches())[-1].state == BatchState.CLOSED
    assert await paying.findings() == []


async def test_news_of_a_payment_that_pfms_is_said_not_to_have_is_a_case(paying: Paying) -> None:
    batch = await sent(paying)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(lines_table).values(state=LineState.RELEASED.value))
    (line,) = await paying.lines()
    rows = [row(line.end_to_end_id, "ACSP")]
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, rows))
    await paying.answers()
    assert await paying.cases() == [("STATUS_DIFFERS", f"instalment:{line.instalment_id}")]


async def test_a_rejection_after_the_acceptance_lets_nothing_go(paying: Paying) -> None:
    batch = await sent(paying)
    paying.pfms.sandbox.actions["configure"]({"bank_runs": ["17:00"]})
    paying.pfms.pick_up()
    await paying.answers()
    (line,) = await paying.lines()
    now = paying.clock.now()
    nack = acknowledgement(
        batch.message_id, batch.batch_id, now, ["DBE0004"], [(line.end_to_end_id, "RJCT", "DBE0004")]
    )
    put(paying, "payment-ack", f"{batch.message_id}_{STAMP}.xml", document(ACK, nack, seal_of(paying, "pfms")))
    await paying.answers()
    assert [each.state for each in await paying.lines()] == [LineState.ACCEPTED]
    assert await paying.cases() == [("STATUS_DIFFERS", f"batch:{batch.message_id}")]
    assert await batch_now(paying.env) == 0


async def test_a_large_file_is_taken_up_where_it_was_cut_off(paying: Paying, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = await sent(paying, 5)
    monkeypatch.setattr(payment_answers, "ROWS", 2)
    ids = [line.end_to_end_id for line in await paying.lines()]
    put(paying, "bank-status", f"{batch.message_id}_{STAMP}.xml", told(paying, batch.batch_id, credited(ids)))
    dying = _Dying(paying.env.store, after=3)  # the file itself and two parts
    with pytest.raises(asyncio.CancelledError):
        await fetch_answers(replace(paying.env, store=dying))
    (cut,) = [file for file in await paying.ledger() if file.kind == "bank-status"]
    assert (cut.state, cut.applied, cut.rows) == (FileState.RECEIVED, 4, 5)
    assert sorted(line.state for line in await paying.lines()) == [LineState.BUILT, *[LineState.CREDITED] * 4]
    await paying.answers()
    assert {line.state for line in await paying.lines()} == {LineState.CREDITED}
    assert await paying.cases() == []
    assert await paying.findings() == []


class _Dying:
    """A store whose process ends before the transaction behind so many."""

    def __init__(self, store: Any, after: int) -> None:
        self._store, self._left = store, after

    async def carry_out(self, work: Any) -> Any:
        if self._left == 0:
            raise asyncio.CancelledError
        self._left -= 1
        return await self._store.carry_out(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_two_workers_that_read_one_answer_apply_it_once(paying: Paying) -> None:
    await sent(paying, 3)
    paying.pfms.pick_up()
    await asyncio.gather(fetch_answers(paying.env), fetch_answers(paying.env))
    await paying.answers()
    assert {line.state for line in await paying.lines()} == {LineState.CREDITED}
    assert await paying.cases() == []
    assert await paying.findings() == []


async def test_a_file_that_another_worker_put_away_since_it_was_listed_is_passed_over(paying: Paying) -> None:
    await sent(paying, 1)
    paying.pfms.pick_up()
    exchange = paying.env.partners.pfms.exchange
    file = (await exchange.list_incoming())[0]
    await exchange.archive(file.kind, file.name)

    assert await fetch_file(paying.env, exchange, file) is None


async def test_octets_of_answers_are_destroyed_after_their_time(paying: Paying) -> None:
    await sent(paying)
    paying.pfms.pick_up()
    await paying.answers()
    files = await paying.ledger()
    assert await forget_answers(paying.env) == 0
    paying.pfms.pass_time(days=91)
    assert await forget_answers(paying.env) == len(files)
    async with paying.env.store.read_transaction() as tx:
        assert await payment_files.answer(tx, files[0].id) is None
    assert len(await paying.ledger()) == len(files)


async def test_apuni_verify_finds_what_is_wrong(paying: Paying) -> None:
    batch = await sent(paying, 2)
    assert await paying.findings() == []
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(lines_table).values(amount_paise=1))
        await tx.connection.execute(update(files_table).values(applied=0))
    found = {finding.split()[0] for finding in await paying.findings()}
    assert found == {"BATCH_TOTAL_DIFFERS", "ORDER_OF_ANOTHER_AMOUNT"}
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(
            update(lines_table).where(lines_table.c.batch_id == batch.id).values(state=LineState.CREDITED.value)
        )
    found = {finding.split()[0] for finding in await paying.findings()}
    assert "OPEN_WITHOUT_PAYMENTS_ON_THEIR_WAY" in found
