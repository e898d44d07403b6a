"""The statement of PFMS over SFTP against our book: each difference has one case, a bad file is refused whole."""

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from actions.kernel import UnitOfWork
from actions.payments.payment_batches import batch_now
from actions.payments.reconciliation import reconcile, reconcile_due
from actions.payments.rows import RowSource, apply_payment_rows
from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import SYSTEM, ist_date
from domain.payments.files import Transport
from domain.reconciliation.finance_cases import CaseState, DifferenceKind, FinanceCase
from domain.reconciliation.reconciliation import ReconciliationRun, RunState
from integrations.dbt_finance.pfms.models import LineStatus, PaymentRow
from store.benefits import benefits
from store.database import audit
from store.payments import payment_queues
from store.reconciliation import finance_cases, reconciliation
from store.reconciliation.finance_cases import CaseFilter
from tests.support.payments import GOOD, KYC, SCHEME, Paying
from tests.support.stored import record_payment_status

pytestmark = pytest.mark.integration

OF_ANOTHER = "SELECT max(utr) FROM payment AS other WHERE other.rowid <> payment.rowid"


async def paid(paying: Paying, many: int = 3) -> list[str]:
    """Payments that were credited today, and the night after, when the statement lies ready."""
    paying.pfms.at_once()
    made = await paying.validated(many)
    await paying.round(now=True)
    for _ in range(3):
        paying.pfms.pass_time(seconds=1)
        paying.pfms.pick_up()
        await paying.answers()
    return made


async def cases_of(paying: Paying) -> list[FinanceCase]:
    async with paying.env.store.read_transaction() as tx:
        return await finance_cases.cases(None, CaseFilter()).page(tx, limit=50)


async def compared(paying: Paying, hours: int = 18) -> ReconciliationRun:
    """The night passes, PFMS makes its statement, and the day before is compared."""
    day = ist_date(paying.clock.now())
    paying.pfms.pass_time(hours=hours)
    paying.pfms.pick_up()
    return await reconcile(paying.env, Rail.PFMS, day)


async def e2e(paying: Paying, instalment_id: str) -> str:
    async with paying.env.store.read_transaction() as tx:
        one = await benefits.instalment(tx, instalment_id)
    assert one is not None
    return one.end_to_end_id


@pytest.mark.parametrize("way", Transport)
async def test_books_that_agree_open_no_case_and_the_statement_goes_to_the_archive(paying: Paying) -> None:
    await paid(paying)
    run = await compared(paying)
    assert (run.state, run.rows_read, run.rows_compared, run.differences) == (RunState.ENDED, 3, 3, 0)
    assert run.ours_paise == run.theirs_paise == 450_000
    assert await cases_of(paying) == []
    assert len(paying.archive("daily-statement")) == 1
    assert await compared_again(paying, run) == run


async def compared_again(paying: Paying, run: ReconciliationRun) -> ReconciliationRun:
    return await reconcile(paying.env, Rail.PFMS, run.day)


@pytest.mark.parametrize(
    ("change", "kind", "expected", "found"),
    [
        ("UPDATE payment SET paise = 100 WHERE end_to_end_id = ?", DifferenceKind.AMOUNT_DIFFERS, "150000", "100"),
        (
            "UPDATE payment SET credit_at = NULL WHERE end_to_end_id = ?",
            DifferenceKind.NOT_IN_SCROLL,
            "CREDITED",
            "IN_FLIGHT",
        ),
        (
            "UPDATE payment SET return_at = credit_at, code = NULL WHERE end_to_end_id = ?",
            DifferenceKind.STATUS_DIFFERS,
            "CREDITED",
            "CAME_BACK",
        ),
        (
            "UPDATE payment SET utr = 'UTRAGAIN1' WHERE end_to_end_id = ?",
            DifferenceKind.SECOND_PAYMENT,
            "1 credit",
            "2 credits",
        ),
    ],
)
async def test_what_the_statement_says_otherwise_opens_one_case(
    paying: Paying, change: str, kind: DifferenceKind, expected: str, found: str
) -> None:
    made = await paid(paying)
    paying.tell_pfms(change, await e2e(paying, made[1]))
    run = await compared(paying)
    (case,) = await cases_of(paying)
    assert (case.kind, case.about, case.expected, case.found) == (kind, f"instalment:{made[1]}", expected, found)
    assert (run.differences, run.rows_compared) == (1, 3)


async def lost(paying: Paying, kind: str = "bank-status", *, again: bool = False) -> None:
    """Every file of a kind is lost on its way to us, or is found again."""
    files, ways = paying.files(), (f"/in/{kind}", f"/failed/{kind}")
    here, there = reversed(ways) if again else ways
    for name in files.names(here):
        files.move(f"{here}/{name}", f"{there}/{name}")


async def taken(paying: Paying, account: str = GOOD, many: int = 2) -> list[str]:
    """Payments that PFMS took, and whose bank answers were lost."""
    paying.pfms.at_once()
    made = await paying.validated(many, account)
    await batch_now(paying.env)
    await paying.send_due()
    for _ in range(4):
        paying.pfms.pick_up()
        await lost(paying)
        await paying.answers()
        paying.pfms.pass_time(seconds=1)
    assert await paying.statuses(made) == [PaymentStatus.INSTRUCTED] * many
    return made


@pytest.mark.parametrize(
    ("account", "status", "code"), [(GOOD, PaymentStatus.CREDITED, None), (KYC, PaymentStatus.RETURNED, "51")]
)
async def test_what_the_statement_proves_is_applied_where_the_answer_file_was_lost(
    paying: Paying, account: str, status: PaymentStatus, code: str | None
) -> None:
    made = await taken(paying, account)
    run = await compared(paying)
    assert await paying.statuses(made) == [status] * 2
    assert (run.differences, await cases_of(paying)) == (0, [])
    async with paying.env.store.read_transaction() as tx:
        last = (await benefits.payment_events(tx, [made[0]]))[made[0]][-1]
        applied = await audit.objects_of(tx, "RECONCILIATION", "payment_statement.applied")
    assert (last.status, last.return_code, list(applied)) == (status, code, [run.id])
    assert (last.source_ref or "").startswith("daily statement 0905DBTSTM")
    assert [batch.state for batch in await paying.batches()] == ["CLOSED"]
    assert await paying.findings() == []
    before = await paying.lines()
    await lost(paying, again=True)
    await paying.answers()
    assert await paying.lines() == before
    assert (await paying.statuses(made), await cases_of(paying)) == ([status] * 2, [])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("UPDATE payment SET paise = 100 WHERE end_to_end_id = ?", [DifferenceKind.AMOUNT_DIFFERS]),
        ("UPDATE payment SET batch = 'CP0905000000001' WHERE end_to_end_id = ?", [DifferenceKind.STATUS_DIFFERS]),
        (
            f"UPDATE payment SET utr = ({OF_ANOTHER}) WHERE end_to_end_id = ?",
            [DifferenceKind.STATUS_DIFFERS, DifferenceKind.STATUS_DIFFERS, DifferenceKind.UTR_TWICE],
        ),
    ],
)
async def test_a_row_of_the_statement_that_does_not_fit_is_not_applied_and_opens_its_case(
    paying: Paying, change: str, kinds: list[DifferenceKind]
) -> None:
    first, second = await taken(paying)
    paying.tell_pfms(change, await e2e(paying, first))
    await compared(paying)
    assert await paying.statuses([first]) == [PaymentStatus.INSTRUCTED]
    assert sorted(one.kind for one in await cases_of(paying)) == kinds
    if DifferenceKind.UTR_TWICE not in kinds:
        assert await paying.statuses([second]) == [PaymentStatus.CREDITED]


async def open_kinds(paying: Paying) -> list[tuple[DifferenceKind, str]]:
    return [(one.kind, one.about) for one in await cases_of(paying) if one.state is not CaseState.SETTLED]


async def test_a_statement_that_does_not_come_has_a_case_until_it_came_and_was_compared(paying: Paying) -> None:
    await paid(paying)
    day = ist_date(paying.clock.now())
    paying.pfms.pass_time(hours=18)
    paying.pfms.pick_up()
    await lost(paying, "daily-statement")
    run = await reconcile(paying.env, Rail.PFMS, day)
    assert (run.state, run.problem, await open_kinds(paying)) == (RunState.READING, "STATEMENT_MISSING", [])
    paying.pfms.pass_time(hours=12)
    await reconcile_due(paying.env)
    missing = [(DifferenceKind.FILE_MISSING, f"day:PFMS_STATEMENT/{day}")]
    assert await open_kinds(paying) == missing
    paying.pfms.pass_time(days=2)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == missing, "its payments are not said to be on no statement"
    await lost(paying, "daily-statement", again=True)
    ended = await reconcile_due(paying.env)
    (late,) = [one for one in ended if one.day == day]
    assert (late.state, late.rows_read, late.rows_compared, late.differences) == (RunState.ENDED, 3, 3, 0)
    assert await open_kinds(paying) == []
    assert await reconcile_due(paying.env) == []


async def test_days_that_nobody_compared_are_made_up_for(paying: Paying) -> None:
    await paid(paying)
    day = ist_date(paying.clock.now())
    await compared(paying)
    paying.pfms.pass_time(days=4)
    days = [one.day for one in await reconcile_due(paying.env) if one.rail is Rail.PFMS]
    assert days == [day + timedelta(days=number) for number in (1, 2, 3)], "of the fourth the statement may still come"


@pytest.mark.parametrize(
    ("change", "expected", "found"),
    [
        ("UPDATE payment_batches SET total_paise = 1", "1", "450000"),
        ("UPDATE payment_lines SET state = 'BUILT' WHERE position = 1", "450000", "300000"),
        ("UPDATE payment_lines SET state = 'RETURNED' WHERE position = 1", "0/300000/150000", "0/450000/0"),
        (
            "UPDATE instalments SET status = 'AT_BANK' WHERE id = (SELECT min(id) FROM instalments)",
            "0/450000/0",
            "150000/300000/0",
        ),
    ],
)
async def test_a_batch_that_does_not_balance_is_named(paying: Paying, change: str, expected: str, found: str) -> None:
    await paid(paying)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(text(change))
        _, unequal = await payment_queues.unequal_batches(
            tx, "", 50, open_since=paying.clock.now() - timedelta(days=30)
        )
    (batch,) = await paying.batches()
    assert [(one.message_id, one.scheme_code) for one in unequal] == [(batch.message_id, SCHEME)]
    assert ["/".join(map(str, side)) for side in (unequal[0].expected, unequal[0].found)] == [expected, found]
    await compared(paying)
    totals = [one for one in await cases_of(paying) if one.about == f"batch:{batch.message_id}"]
    assert [(one.kind, one.expected, one.found) for one in totals] == [(DifferenceKind.TOTAL_DIFFERS, expected, found)]


async def test_a_line_that_was_taken_out_before_it_was_signed_is_no_difference(paying: Paying) -> None:
    await paid(paying)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(
            text("UPDATE payment_lines SET position = -1, state = 'SET_ASIDE' WHERE position = 1")
        )
        await tx.connection.execute(text("UPDATE payment_batches SET total_paise = 300000, lines = 2"))
        _, unequal = await payment_queues.unequal_batches(
            tx, "", 50, open_since=paying.clock.now() - timedelta(days=30)
        )
        assert unequal == []


async def test_a_second_credit_in_an_answer_is_a_second_payment_and_the_same_one_is_not(paying: Paying) -> None:
    made = await paid(paying)
    (line, *_) = [one for one in await paying.lines() if one.instalment_id == made[0]]
    told = RowSource("again.xml", paying.clock.now())
    async with paying.env.store.write_transaction() as tx:
        for utr in (await utr_of(paying, line.end_to_end_id), "UTRAGAIN1"):
            row = PaymentRow(line.end_to_end_id, LineStatus.CREDITED, utr=utr)
            await apply_payment_rows(UnitOfWork(paying.env, tx, SYSTEM), told, [row])
    assert [(one.kind, one.found) for one in await cases_of(paying)] == [(DifferenceKind.SECOND_PAYMENT, "2 credits")]


async def utr_of(paying: Paying, end_to_end_id: str) -> str:
    """The bank's reference of a payment, by the books of PFMS."""
    with sqlite3.connect(paying.pfms.home.folder / "books.db") as books:
        return str(books.execute("SELECT utr FROM payment WHERE end_to_end_id = ?", (end_to_end_id,)).fetchone()[0])


async def test_a_payment_that_was_made_anew_and_is_credited_all_the_same_was_paid_twice(paying: Paying) -> None:
    made = await taken(paying)
    async with paying.env.store.write_transaction() as tx:
        for status in (PaymentStatus.RETURNED, PaymentStatus.REISSUED):
            await record_payment_status(tx, made[0], status, paying.clock.now())
    await compared(paying)
    assert [(one.kind, one.about) for one in await cases_of(paying) if one.kind is DifferenceKind.SECOND_PAYMENT] == [
        (DifferenceKind.SECOND_PAYMENT, f"instalment:{made[0]}")
    ]


async def test_a_payment_that_is_not_ours_and_a_bank_reference_used_twice_open_cases(paying: Paying) -> None:
    made = await paid(paying)
    first, second = [await e2e(paying, one) for one in made[:2]]
    paying.tell_pfms("UPDATE payment SET utr = (SELECT utr FROM payment WHERE end_to_end_id = ?)", first)
    paying.tell_pfms("UPDATE payment SET end_to_end_id = 'UKE-STRANGER' WHERE end_to_end_id = ?", second)
    await compared(paying)
    kinds = sorted(one.kind for one in await cases_of(paying))
    assert kinds == [DifferenceKind.UNKNOWN_IN_SCROLL, DifferenceKind.UTR_TWICE]


async def test_what_the_statements_leave_out_is_found_a_day_later(paying: Paying) -> None:
    made = await paid(paying)
    paying.tell_pfms("DELETE FROM payment WHERE end_to_end_id = ?", await e2e(paying, made[0]))
    await compared(paying)
    assert await cases_of(paying) == []
    paying.pfms.pass_time(hours=30)
    await reconcile_due(paying.env)
    found = [(one.kind, one.about, one.found) for one in await cases_of(paying)]
    assert (DifferenceKind.NOT_IN_SCROLL, f"instalment:{made[0]}", "NOT_KNOWN") in found


@pytest.mark.parametrize("way", Transport)
@pytest.mark.parametrize("fault", ["foreign", "none", "moved"])
async def test_a_statement_that_cannot_be_trusted_is_refused_whole_with_a_reason(paying: Paying, fault: str) -> None:
    await paid(paying)
    paying.pfms.faults({"kind": "signature", "route": "/in/daily-statement", "params": {"how": fault}, "times": 1})
    run = await compared(paying)
    assert (run.state, run.rows_read, run.problem) == (RunState.READING, 0, "STATEMENT_MISSING")
    assert [one.kind for one in await cases_of(paying)] == [DifferenceKind.FILE_REFUSED]
    assert len(paying.archive("daily-statement", "failed")) == 2
    async with paying.env.store.read_transaction() as tx:
        table = reconciliation.statement_rows_table
        assert (await tx.connection.execute(table.select())).all() == []


async def test_a_run_that_was_killed_while_reading_reads_the_rows_once(
    paying: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid(paying)
    monkeypatch.setattr("actions.payments.statement_files.ROWS_AT_ONCE", 1)
    kept: list[Any] = []
    original = reconciliation.keep_rows

    class Killed(Exception):
        pass

    async def dying(tx: Any, run_id: str, rows: Any) -> None:
        if len(kept) == 2:
            raise Killed
        kept.append(rows)
        await original(tx, run_id, rows)

    monkeypatch.setattr(reconciliation, "keep_rows", dying)
    with pytest.raises(Killed):
        await compared(paying)
    monkeypatch.undo()
    async with paying.env.store.read_transaction() as tx:
        runs = await reconciliation.runs(Rail.PFMS).page(tx, limit=5)
    first = min(runs, key=lambda one: one.day)
    done = await reconcile(paying.env, Rail.PFMS, first.day)
    assert (done.state, done.rows_read, done.rows_compared, done.differences) == (RunState.ENDED, 3, 3, 0)


async def test_a_return_that_the_statement_tells_after_ten_days_is_too_late_and_moves_nothing(paying: Paying) -> None:
    made = await paid(paying)
    async with paying.env.store.write_transaction() as tx:
        table = benefits.instalments_table
        long_ago = paying.clock.now() - timedelta(days=11)
        await tx.connection.execute(table.update().where(table.c.id == made[1]).values(status_at=long_ago))
    late = "UPDATE payment SET return_at = credit_at, code = '01' WHERE end_to_end_id = ?"
    paying.tell_pfms(late, await e2e(paying, made[1]))
    await compared(paying)
    assert [(one.kind, one.about) for one in await cases_of(paying)] == [
        (DifferenceKind.RETURNED_TOO_LATE, f"instalment:{made[1]}")
    ]
    assert await paying.statuses(made) == [PaymentStatus.CREDITED] * 3


async def test_a_payment_of_pfms_in_flight_for_more_than_five_working_days_has_a_case(paying: Paying) -> None:
    made = await taken(paying, many=1)
    paying.tell_pfms("UPDATE payment SET credit_at = NULL")
    paying.pfms.pass_time(days=9)
    await reconcile_due(paying.env)
    kinds = {(one.kind, one.about) for one in await cases_of(paying)}
    assert (DifferenceKind.TOO_LONG_IN_FLIGHT, f"instalment:{made[0]}") in kinds


async def test_a_batch_that_was_closed_long_ago_is_not_added_up_again(paying: Paying) -> None:
    await paid(paying)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(text("UPDATE payment_batches SET total_paise = 1"))
        later = paying.clock.now() + timedelta(seconds=1)
        assert await payment_queues.unequal_batches(tx, "", 50, open_since=later) == (None, [])
