"""Cases, enquiries, comparisons and sums of public money, alike on both databases, and found by indices."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import Posting, Role
from domain.reconciliation.finance_cases import (
    CaseEvent,
    CaseOutcome,
    CaseState,
    CaseStep,
    DifferenceKind,
    FinanceDifference,
)
from domain.reconciliation.reconciliation import RunState, Side
from store.benefits import benefits, bharat_reports, payment_enquiries
from store.benefits.payment_enquiries import EnquiryAnswer
from store.database import Store, Transaction, VersionConflict
from store.identity import people
from store.payments import payment_queues, payment_reads
from store.payments.payment_queues import PaymentQueue, QueueFilter
from store.reconciliation import finance_cases, finance_totals, reconciliation
from store.reconciliation.finance_cases import CaseFilter, OpenedCase
from store.reconciliation.reconciliation import StatementLine
from tests.store.builders import NOW, citizen, instalment, sanction
from tests.support.plans import asked, plan_of

MANY = 3_000
DAY = timedelta(days=1)
DIFFERENCE = FinanceDifference(DifferenceKind.AMOUNT_DIFFERS, "instalment:i1", "150000", "100", amount_paise=150_000)


@pytest.fixture
async def full(store: Store) -> Store:
    """Three thousand payments of one scheme, nearly all credited long ago; ten are at the bank."""
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        for place in range(3):
            await benefits.add_sanction(
                tx,
                sanction(f"s{place}", number=f"2026000000000{place}", district=str(45 + place), department="welfare"),
            )
        values = [row_of(number) for number in range(MANY)]
        await tx.connection.execute(insert(benefits.instalments_table), values)
        history = [
            {"citizen_id": "c1", "instalment_id": one["id"], "status": status, "at": one["status_at"]}
            for one in values
            for status in ("INSTRUCTED", one["status"])
        ]
        await tx.connection.execute(insert(benefits.payment_events_table), history)
        due = [
            {"instalment_id": one["id"], "due_at": NOW + (-DAY if number < 10 else DAY), "asks": 0, "failures": 0}
            for number, one in enumerate(values)
        ]
        await tx.connection.execute(insert(payment_enquiries.enquiries_table), due)
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("ANALYZE"))
    return store


def row_of(number: int) -> dict[str, Any]:
    made = instalment(f"i{number:05d}", f"s{number % 3}", number // 3 + 1)
    status = PaymentStatus.AT_BANK if number < 10 else PaymentStatus.CREDITED
    return {
        "id": made.id,
        "citizen_id": "c1",
        "sanction_id": made.sanction_id,
        "sequence": made.sequence,
        "period_from": date(2020, 1, 1) + number * DAY,
        "period_to": date(2020, 1, 1) + number * DAY,
        "amount_paise": 100,
        "bill_number": f"B{number:05d}",
        "end_to_end_id": f"E{number:05d}",
        "status": status.value,
        "status_at": NOW - 20 * DAY,
        "rail": "PFMS",
    }


async def due(tx: Transaction) -> object:
    return await payment_enquiries.due(tx, NOW, 100)


async def long_in_flight(tx: Transaction) -> object:
    return await payment_reads.long_in_flight(tx, Rail.PFMS, NOW - 7 * DAY, "", 100)


async def in_flight(tx: Transaction) -> object:
    return await payment_queues.page(tx, None, QueueFilter(PaymentQueue.IN_FLIGHT), place=None, limit=100)


async def by_instalments(tx: Transaction) -> object:
    return await payment_queues.by_instalments(tx, [f"i{number:05d}" for number in range(9)] + ["i02999", "nobody"])


@pytest.mark.parametrize("look", [due, long_in_flight, in_flight, by_instalments])
async def test_what_waits_is_found_by_an_index_among_all_payments(
    full: Store, look: Callable[[Transaction], Awaitable[Any]]
) -> None:
    with asked(full) as seen:
        async with full.read_transaction() as tx:
            found = await look(tx)
    assert len(found) == 10
    async with full.write_transaction() as tx:
        plan = await plan_of(tx, seen[-1])
    assert not re.search(r"SCAN (instalments|payment_enquiries)\b(?! USING)|Seq Scan on (instalments|payment_e)", plan)


async def test_a_long_queue_is_not_counted_to_its_end(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = QueueFilter(PaymentQueue.IN_FLIGHT)
    async with full.read_transaction() as tx:
        assert await payment_queues.count_of(tx, None, wanted) == 10
        monkeypatch.setattr(payment_queues, "MOST_COUNTED", 9)
        assert await payment_queues.count_of(tx, None, wanted) is None


async def test_a_range_of_the_partners_rows_gives_only_those_that_may_differ(full: Store) -> None:
    async with full.write_transaction() as tx:
        run = await reconciliation.begin(tx, "run", Rail.PFMS, NOW.date())
        lines = [
            StatementLine("f", number, f"E{number:05d}", None, 100, Side.CREDITED.value) for number in range(10, 40)
        ]
        odd = [
            StatementLine("f", 1, "E00000", None, 100, Side.CREDITED.value),
            StatementLine("f", 2, "E00050", None, 99, Side.CREDITED.value),
            StatementLine("f", 3, "X", None, 7, Side.CREDITED.value),
        ]
        await reconciliation.keep_rows(tx, run.id, [*odd, *lines])
        await reconciliation.keep_rows(tx, run.id, lines)
        part = await payment_reads.compare_statement(tx, run.id, Rail.PFMS, NOW, "", 10)
        rest = await payment_reads.compare_statement(tx, run.id, Rail.PFMS, NOW, part.last if part else "", 100)
        end = await payment_reads.compare_statement(tx, run.id, Rail.PFMS, NOW, rest.last if rest else "", 100)
    assert part is not None
    assert rest is not None
    assert (part.rows, [one.end_to_end_id for one in part.doubtful]) == (10, ["E00000"])
    assert (rest.rows, [one.end_to_end_id for one in rest.doubtful]) == (23, ["E00050", "X"])
    assert part.theirs_paise + rest.theirs_paise == 3_206
    assert end is None


async def test_sums_of_ranges_add_up_to_all_payments_and_the_history_says_the_same(full: Store) -> None:
    standing, told, after = {}, 0, ""
    async with full.read_transaction() as tx:
        while (within := await finance_totals.next_range(tx, after, 2)) is not None:
            for row in await finance_totals.totals_by_status(tx, within):
                standing[row.status] = standing.get(row.status, 0) + int(row.paise)
            for line in await finance_totals.sum_movements(tx, within, NOW - 30 * DAY, NOW):
                assert line.balances
                told += line.credited[1] + line.closing[1]
            after = within.last
    assert standing == {"AT_BANK": 1_000, "CREDITED": (MANY - 10) * 100}
    assert told == MANY * 100


async def test_of_one_difference_there_is_one_open_case(store: Store) -> None:
    async with store.write_transaction() as tx:
        first = await finance_cases.open_once(tx, "case-1", DIFFERENCE, critical=True)
        again = await finance_cases.open_once(tx, "case-2", DIFFERENCE, critical=True)
        kept = await finance_cases.get(tx, "case-1")
    assert (first.opened, again.opened, again.case_id) == (True, False, "case-1")
    assert kept is not None
    assert (kept.times_found, kept.state) == (2, CaseState.OPEN)


@pytest.mark.parametrize(
    ("outcome", "opened"), [(CaseOutcome.WRITTEN_OFF, False), (CaseOutcome.CORRECTED_WITH_US, True)]
)
async def test_what_is_found_while_its_case_is_being_settled_opens_one_unless_it_was_accepted(
    store: Store, outcome: CaseOutcome, opened: bool
) -> None:
    async def find(tx: Transaction) -> OpenedCase:
        return await finance_cases.open_once(tx, "case-2", DIFFERENCE, critical=True)

    async with store.write_transaction() as tx:
        await finance_cases.open_once(tx, "case-1", DIFFERENCE, critical=True)
    async with store.write_transaction() as tx:
        case = await finance_cases.get(tx, "case-1")
        assert case is not None
        settled = replace(case, state=CaseState.SETTLED, outcome=outcome, settled_at=NOW)
        await finance_cases.save(tx, settled, CaseEvent("e1", "case-1", CaseStep.SETTLE, "officer", NOW, outcome))
        other = asyncio.create_task(store.carry_out(find))
        assert not (await asyncio.wait({other}, timeout=0.3))[0]

    assert await other == OpenedCase("case-2" if opened else "case-1", opened)


async def test_an_older_version_of_a_case_is_refused(store: Store) -> None:
    async with store.write_transaction() as tx:
        await finance_cases.open_once(tx, "case-1", DIFFERENCE, critical=True)
        case = await finance_cases.get(tx, "case-1")
        assert case is not None
        event = CaseEvent("e1", "case-1", CaseStep.NOTE, "officer", NOW, CaseOutcome.RECOVERED, "a word")
        await finance_cases.save(tx, case, event)
        with pytest.raises(VersionConflict):
            await finance_cases.save(tx, case, event)
        told = (await finance_cases.history(tx, ["case-1"]))["case-1"]
    assert [one.note for one in told] == ["a word"]


async def test_cases_are_covered_by_department_and_district_and_a_tehsil_covers_none(store: Store) -> None:
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen())
        placed = FinanceDifference(DifferenceKind.NOT_IN_SCROLL, "x", department="welfare", district="49")
        await finance_cases.open_once(tx, "case-1", placed, critical=False)
        await finance_cases.open_once(tx, "case-2", DIFFERENCE, critical=True)
        role = Role.FINANCE_OFFICER
        seen = [
            await finance_cases.cases([Posting(role, *place)], CaseFilter()).count(tx)
            for place in (
                ("welfare", "49"),
                ("welfare", None),
                (None, None),
                ("welfare", "45"),
                ("welfare", "49", "304"),
            )
        ]
    assert seen == [1, 1, 2, 0, 0]


async def test_a_bank_reference_belongs_to_one_payment_for_ever(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert await reconciliation.claim_utrs(tx, {"h1": "E1", "h2": "E2"}) == {}
        assert await reconciliation.claim_utrs(tx, {"h1": "E1", "h2": "E3"}) == {"h2": "E2"}


async def test_a_step_of_a_run_counts_once_when_two_take_it(store: Store) -> None:
    async with store.write_transaction() as tx:
        run = await reconciliation.begin(tx, "run", Rail.IFMS, NOW.date())
        first = await reconciliation.advance_run(
            tx, run, state=RunState.COMPARING, place="a", counts={"rows_compared": 5}
        )
        second = await reconciliation.advance_run(
            tx, run, state=RunState.COMPARING, place="a", counts={"rows_compared": 5}
        )
    assert first == second
    assert second.rows_compared == 5


async def test_what_was_heard_sets_the_next_enquiry_and_a_final_state_none(full: Store) -> None:
    async with full.write_transaction() as tx:
        heard = EnquiryAnswer("i00000", PaymentStatus.CREDITED, NOW, 100, "h", None, NOW + DAY)
        await payment_enquiries.record_answers(tx, [heard], NOW)
        await payment_enquiries.schedule_enquiry(tx, "i00001", PaymentStatus.RETURNED, NOW, Rail.IFMS)
        assert len(await payment_enquiries.due(tx, NOW, 100)) == 8
        assert await payment_enquiries.bring_forward(tx, NOW - DAY, NOW) == MANY - 10
        compared = await payment_reads.compare_enquiries(tx, NOW - DAY, "", 100)
    assert compared is not None
    assert (compared.rows, compared.ours_paise) == (1, 100)
    assert [one.instalment_id for one in compared.doubtful] == ["i00000"]


async def test_a_statement_of_a_month_is_kept_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert await finance_totals.keep_statement(tx, "2026-10", []) is True
        assert await finance_totals.keep_statement(tx, "2026-10", []) is False
        assert await finance_totals.statement(tx, "2026-10", None, limit=10) == []


async def test_a_report_has_a_new_revision_only_where_it_says_something_new(store: Store) -> None:
    async with store.write_transaction() as tx:
        numbers = [await bharat_reports.queue(tx, "s", "2026-10", {"Amount": amount}) for amount in ("1", "1", "2")]
        (last,) = await bharat_reports.of_month(tx, "2026-10")
    assert numbers == [1, None, 2]
    assert (last.revision, last.fields) == (2, {"Amount": "2"})
