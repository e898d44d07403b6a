"""Commands of `apuni dbt` about comparisons, cases and statements; what they need is imported when they run."""

import asyncio
from datetime import date
from typing import Annotated

import typer

from gateway.commands.dbt_group import dbt

__all__ = ["dbt"]

_Month = Annotated[str, typer.Option(help="such as 2026-11")]
_Scheme = Annotated[str | None, typer.Option(help="one scheme, by its code; without it, all")]


@dbt.command("reconcile")
def dbt_reconcile(
    rail: Annotated[str | None, typer.Option(help="IFMS or PFMS; without it, whatever is due")] = None,
    day: Annotated[str | None, typer.Option(help="the day to compare, as 2026-11-24; without it, yesterday")] = None,
) -> None:
    """Compare a day with the partner's book. May be repeated; the exit status is 1 while the partner owes its book."""
    from domain.benefits import Rail
    from gateway.commands.dbt_books import run_reconcile
    from gateway.settings import read_settings

    try:
        wanted, on = Rail(rail) if rail else None, date.fromisoformat(day) if day else None
    except ValueError:
        raise typer.BadParameter("a rail is IFMS or PFMS, a day 2026-11-24") from None
    if on is not None and wanted is None:
        raise typer.BadParameter("a day needs a rail")
    if not asyncio.run(run_reconcile(read_settings(), wanted, on)):
        raise typer.Exit(1)


@dbt.command("cases")
def dbt_cases(
    state: Annotated[str | None, typer.Option(help="OPEN, TAKEN, PROPOSED or SETTLED; without it, the open")] = None,
    *,
    critical: Annotated[bool, typer.Option("--critical", help="critical ones only")] = False,
) -> None:
    """List differences in public money, the newest first."""
    from domain.finance_cases import CaseState
    from gateway.commands.dbt_books import run_cases
    from gateway.settings import read_settings

    try:
        wanted = CaseState(state) if state else None
    except ValueError:
        raise typer.BadParameter(f"a state is one of {', '.join(CaseState)}") from None
    asyncio.run(run_cases(read_settings(), state=wanted, critical=critical))


@dbt.command("statement")
def dbt_statement(month: _Month, scheme: _Scheme = None) -> None:
    """Print what moved in a month as CSV, in paise, with the sums. The exit status is 1 where it does not balance."""
    from gateway.commands.dbt_books import run_statement
    from gateway.settings import read_settings

    if not asyncio.run(run_statement(read_settings(), _first_of(month), scheme)):
        raise typer.Exit(1)


@dbt.command("report")
def dbt_report(month: _Month, scheme: _Scheme = None) -> None:
    """Queue the figures of a month that is over for DBT Bharat, where they say something new."""
    from gateway.commands.dbt_books import run_report
    from gateway.settings import read_settings

    asyncio.run(run_report(read_settings(), _first_of(month), scheme))


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise typer.BadParameter("a month is written 2026-11") from None
