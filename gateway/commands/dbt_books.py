"""The commands of `apuni dbt` about comparisons, cases and statements."""

import asyncio
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

import typer

from actions.benefits.bharat_reports import report_month
from actions.payments.reconciliation import reconcile, reconcile_due
from actions.reconciliation.finance_totals import month_statement
from domain.benefits.benefits import Rail
from domain.kernel import Clock, ist_date, show_number
from domain.reconciliation.finance_cases import CaseState
from domain.reconciliation.finance_totals import MonthMovement
from domain.reconciliation.reconciliation import ReconciliationRun, RunState
from domain.statistics.figures import month_of
from gateway.commands.opening import environment_of, open_storage, out
from gateway.runtime.composition import open_runtime
from gateway.settings.settings import Settings, read_settings
from store.catalogue import catalogue
from store.database import Transaction
from store.payments import bharat_figures, payment_queues
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from store.reconciliation.finance_totals import MOVES

books = typer.Typer()

_Month = Annotated[str, typer.Option(help="such as 2026-11")]
_Scheme = Annotated[str | None, typer.Option(help="one scheme, by its code; without it, all")]


@books.command("reconcile")
def dbt_reconcile(
    rail: Annotated[str | None, typer.Option(help="IFMS or PFMS; without it, whatever is due")] = None,
    day: Annotated[str | None, typer.Option(help="the day to compare, as 2026-11-24; without it, yesterday")] = None,
) -> None:
    """Compare a day with the partner's book. May be repeated; the exit status is 1 while the partner owes its book."""
    try:
        wanted, on = Rail(rail) if rail else None, date.fromisoformat(day) if day else None
    except ValueError:
        raise typer.BadParameter("a rail is IFMS or PFMS, a day 2026-11-24") from None
    if on is not None and wanted is None:
        raise typer.BadParameter("a day needs a rail")
    if not asyncio.run(run_reconcile(read_settings(), wanted, on)):
        raise typer.Exit(1)


@books.command("cases")
def dbt_cases(
    state: Annotated[str | None, typer.Option(help="OPEN, TAKEN, PROPOSED or SETTLED; without it, the open")] = None,
    *,
    critical: Annotated[bool, typer.Option("--critical", help="critical ones only")] = False,
) -> None:
    """List differences in public money, the newest first."""
    try:
        wanted = CaseState(state) if state else None
    except ValueError:
        raise typer.BadParameter(f"a state is one of {', '.join(CaseState)}") from None
    asyncio.run(run_cases(read_settings(), state=wanted, critical=critical))


@books.command("statement")
def dbt_statement(month: _Month, scheme: _Scheme = None) -> None:
    """Print what moved in a month as CSV, in paise, with the sums. The exit status is 1 where it does not balance."""
    if not asyncio.run(run_statement(read_settings(), _first_of(month), scheme)):
        raise typer.Exit(1)


@books.command("report")
def dbt_report(month: _Month, scheme: _Scheme = None) -> None:
    """Queue the figures of a month that is over for DBT Bharat, where they say something new."""
    asyncio.run(run_report(read_settings(), _first_of(month), scheme))


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        raise typer.BadParameter("a month is written 2026-11") from None


PAGE = 100


async def run_reconcile(settings: Settings, rail: Rail | None, day: date | None) -> bool:
    """Compare a day of one rail, or what is due of all; False where a run waits for the partner."""
    async with open_runtime(settings) as house:
        env = house.environment
        if rail is None:
            runs: Sequence[ReconciliationRun] = await reconcile_due(env)
        else:
            wanted = day or ist_date(env.clock.now()) - timedelta(days=1)
            runs = [await reconcile(env, rail, wanted)]
    for run in runs:
        waits = f" waits: {run.problem}" if run.problem else ""
        out.print(
            f"{run.rail.value} {run.day} {run.state.value} rows {run.rows_compared} differences {run.differences} "
            f"ours {run.ours_paise} theirs {run.theirs_paise}{waits}",
            markup=False,
        )
    out.print(f"apuni: {len(runs)} runs", markup=False)
    return all(run.state is RunState.ENDED for run in runs)


async def run_cases(settings: Settings, *, state: CaseState | None, critical: bool) -> None:
    """Print cases of money, the newest first, a page at a time."""
    states = (state,) if state else finance_cases.OPEN_STATES
    wanted = CaseFilter(states=states, critical=True if critical else None)
    place, many = None, 0
    async with open_storage(settings) as rooms:
        while True:
            async with rooms.store.read_transaction() as tx:
                found = await finance_cases.page(tx, None, wanted, place=place, limit=PAGE)
                ids = [case.instalment_id for case in found if case.instalment_id]
                payments = await payment_queues.by_instalments(tx, ids)
            for case in found:
                payment = payments.get(case.instalment_id or "")
                out.print(
                    f"{case.found_at.isoformat(timespec='seconds')} {case.id} {case.state.value} {case.kind.value} "
                    f"{case.about} expected {case.expected or '-'} found {case.found or '-'} "
                    f"paise {case.amount_paise if case.amount_paise is not None else '-'} times {case.times_found}"
                    + (f" payment {payment.end_to_end_id} of {show_number(payment.number)}" if payment else ""),
                    markup=False,
                )
            many += len(found)
            if len(found) < PAGE:
                break
            place = (found[-1].found_at, found[-1].id)
    out.print(f"apuni: {many} cases", markup=False)


async def run_statement(settings: Settings, month: date, scheme_code: str | None) -> bool:
    """Print what moved in a month as CSV, read anew from the histories; False where a line does not balance.

    Raises BadParameter for a month to come, and a scheme that the catalogue does not have.
    """
    async with open_storage(settings) as rooms:
        env = environment_of(settings, rooms)
        if month > _this_month(env.clock):
            raise typer.BadParameter(f"{month:%Y-%m} has not begun")
        async with rooms.store.read_transaction() as tx:
            await _refuse_unknown(tx, scheme_code)
        lines = await month_statement(env, month, scheme_code=scheme_code)
    for row in statement_rows(lines):
        typer.echo(csv_line(row), nl=False)
    return all(line.balances for line in lines)


async def run_report(settings: Settings, month: date, scheme_code: str | None) -> int:
    """Queue the reports of a month for DBT Bharat that say something new; gives how many.

    Raises BadParameter for a month that is not over, and a scheme that the catalogue does not have.
    """
    async with open_storage(settings) as rooms:
        env = environment_of(settings, rooms)
        if month >= _this_month(env.clock):
            raise typer.BadParameter(f"{month:%Y-%m} is not over; a month is reported once it is")
        async with rooms.store.read_transaction() as tx:
            await _refuse_unknown(tx, scheme_code)
            schemes = [scheme_code] if scheme_code else await bharat_figures.schemes_paid(tx)
        planned = [one for scheme in schemes if (one := await report_month(env, scheme, month)) is not None]
    for one in planned:
        out.print(f"{one.month} {one.scheme_code} revision {one.revision} queued", markup=False)
    out.print(f"apuni: {len(planned)} reports", markup=False)
    return len(planned)


def _this_month(clock: Clock) -> date:
    return month_of(ist_date(clock.now()))


async def _refuse_unknown(tx: Transaction, scheme_code: str | None) -> None:
    if scheme_code is not None and scheme_code not in (known := await catalogue.schemes(tx)):
        raise typer.BadParameter(f"no scheme has the code {scheme_code}; there are {', '.join(sorted(known))}")


def statement_rows(lines: Iterable[MonthMovement]) -> Iterable[Sequence[object]]:
    """A statement as rows of a table, amounts in paise; the last row holds the sums of all."""
    names = [f"{name}_{kind}" for name in MOVES for kind in ("count", "paise")]
    yield ["scheme_code", "department", "district", *names, "balances"]
    sums = dict.fromkeys(names, 0)
    for line in lines:
        values = [value for name in MOVES for value in getattr(line, name)]
        for name, value in zip(names, values, strict=True):
            sums[name] += value
        yield [line.scheme_code, line.department or "", line.district, *values, "yes" if line.balances else "NO"]
    yield ["TOTAL", "", "", *sums.values(), ""]


def csv_line(cells: Sequence[object]) -> str:
    """One line of a table, as RFC 4180 has it."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
