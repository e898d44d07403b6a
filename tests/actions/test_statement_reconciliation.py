"""The statement of PFMS over SFTP against our book: each difference has one case, a bad file is refused whole."""

from typing import Any

import pytest

from actions.reconciliation import reconcile, reconcile_due
from domain.benefits import Rail
from domain.clock import ist_date
from domain.finance_cases import DifferenceKind, FinanceCase
from domain.reconciliation import ReconciliationRun, RunState
from store import benefits, finance_cases, reconciliation
from store.finance_cases import CaseFilter
from tests.support.payments import Paying

pytestmark = pytest.mark.integration


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
    async with paying.env.store.reading() as tx:
        return await finance_cases.page(tx, None, CaseFilter(), place=None, limit=50)


async def compared(paying: Paying, hours: int = 18) -> ReconciliationRun:
    """The night passes, PFMS makes its statement, and the day before is compared."""
    day = ist_date(paying.clock.now())
    paying.pfms.pass_time(hours=hours)
    paying.pfms.pick_up()
    return await reconcile(paying.env, Rail.PFMS, day)


async def e2e(paying: Paying, instalment_id: str) -> str:
    async with paying.env.store.reading() as tx:
        one = await benefits.instalment(tx, instalment_id)
    assert one is not None
    return one.end_to_end_id


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
            "UPDATE payment SET return_at = credit_at, code = '01' WHERE end_to_end_id = ?",
            DifferenceKind.STATUS_DIFFERS,
            "CREDITED",
            "CAME_BACK",
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


@pytest.mark.parametrize("fault", ["foreign", "none", "moved"])
async def test_a_statement_that_cannot_be_trusted_is_refused_whole_with_a_reason(paying: Paying, fault: str) -> None:
    await paid(paying)
    paying.pfms.faults({"kind": "signature", "route": "/in/daily-statement", "params": {"how": fault}, "times": 1})
    run = await compared(paying)
    assert (run.state, run.rows_read, run.problem) == (RunState.READING, 0, "STATEMENT_MISSING")
    assert [one.kind for one in await cases_of(paying)] == [DifferenceKind.FILE_REFUSED]
    assert len(paying.archive("daily-statement", "failed")) == 2
    async with paying.env.store.reading() as tx:
        table = reconciliation.statement_rows_table
        assert (await tx.connection.execute(table.select())).all() == []


async def test_a_run_that_was_killed_while_reading_reads_the_rows_once(
    paying: Paying, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paid(paying)
    monkeypatch.setattr("actions.statement_files.ROWS_AT_ONCE", 1)
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
    async with paying.env.store.reading() as tx:
        runs = await reconciliation.page_of_runs(tx, Rail.PFMS, place=None, limit=5)
    first = min(runs, key=lambda one: one.day)
    done = await reconcile(paying.env, Rail.PFMS, first.day)
    assert (done.state, done.rows_read, done.rows_compared, done.differences) == (RunState.ENDED, 3, 3, 0)
