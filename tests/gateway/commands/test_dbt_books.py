"""`apuni dbt` about the books: what is due is compared, cases and statements are printed."""

from datetime import date
from pathlib import Path

import pytest
import typer

from actions.kernel import UnitOfWork
from actions.reconciliation.finance_cases import open_case
from actions.reconciliation.finance_totals import StatementTable
from domain.kernel import SYSTEM
from domain.reconciliation.finance_cases import CaseState, DifferenceKind, FinanceDifference
from domain.reconciliation.finance_totals import MonthMovement
from gateway.commands.dbt import list_cases, print_statement, queue_reports
from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings
from store.benefits import bharat_reports
from store.database import migrate
from tests.support.commands import on_storage

OCTOBER = date(2024, 10, 1)
"""Over by any clock."""
TO_COME = date(9000, 1, 1)


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """Settings of an empty installation of its own."""
    made = Settings(home=tmp_path)
    await migrate(made.store_url)
    return made


async def test_open_cases_are_listed_and_critical_ones_alone_where_asked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_storage(settings) as env:
        async with env.store.write_transaction() as tx:
            for kind in (DifferenceKind.UTR_TWICE, DifferenceKind.NOT_IN_SCROLL):
                await open_case(UnitOfWork(env, tx, SYSTEM), FinanceDifference(kind, f"about:{kind.value}", "1", "2"))
        await list_cases(env)
        assert "apuni: 2 cases" in capsys.readouterr().out
        await list_cases(env, CaseState.OPEN, critical=True)
    told = capsys.readouterr().out
    assert "UTR_TWICE about:UTR_TWICE expected 1 found 2" in told.replace("\n", " ")
    assert "apuni: 1 cases" in told


async def test_a_month_without_payments_has_an_empty_statement_and_no_report(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await on_storage(settings, print_statement, OCTOBER) is True
    assert capsys.readouterr().out.splitlines()[-1].startswith("TOTAL,,,0,0")
    await on_storage(settings, queue_reports, OCTOBER)
    assert capsys.readouterr().out == "apuni: 0 reports\n"


async def test_a_month_to_come_and_an_unknown_scheme_are_refused_and_dbt_bharat_hears_nothing(
    settings: Settings,
) -> None:
    for asked in (print_statement, queue_reports):
        with pytest.raises(typer.BadParameter, match="no scheme has the code nope"):
            await on_storage(settings, asked, OCTOBER, "nope")
        with pytest.raises(typer.BadParameter, match="9000-01"):
            await on_storage(settings, asked, TO_COME)
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        assert await bharat_reports.of_month(tx, "2024-10") == []
        assert await bharat_reports.of_month(tx, "9000-01") == []


def test_the_table_of_a_statement_ends_with_its_sums_and_says_what_does_not_balance() -> None:
    whole = MonthMovement("a", "welfare", "49", instructed=(2, 300), credited=(1, 100), closing=(1, 200))
    broken = MonthMovement("b", None, "50", instructed=(1, 100))
    table = StatementTable()
    lines = [",".join(map(str, row)) for row in (table.HEAD, *map(table.add_row, (whole, broken)), table.total_row())]
    assert lines[1] == "a,welfare,49,0,0,2,300,1,100,0,0,0,0,1,200,yes"
    assert lines[2].endswith(",NO")
    assert lines[3] == "TOTAL,,,0,0,3,400,1,100,0,0,0,0,1,200,"
