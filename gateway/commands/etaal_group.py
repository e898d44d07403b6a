"""The command `apuni etaal`; what it needs is imported when it runs."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

etaal = typer.Typer(name="etaal", no_args_is_help=True, help="Counts for e-Taal: services, days, the ledger.")

_DAY = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="a day in India, such as 2026-11-24")]


@etaal.command("map")
def etaal_map(
    service: Annotated[str, typer.Argument(help="our code of the service, as `apuni etaal unmapped` shows it")],
    code: Annotated[str, typer.Argument(help="the code that e-Taal gave at enrolment")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the first day that counts under it")],
    category: Annotated[str, typer.Option(help="A to F")] = "A",
    level: Annotated[str, typer.Option(help="DISTRICT or STATE")] = "DISTRICT",
    standard: Annotated[str | None, typer.Option(help="e-Taal's name of the standard service")] = None,
) -> None:
    """Put a service under a code of e-Taal; days that were counted before get a revision."""
    from actions.etaal_services import MapService
    from domain.counting import Category, Level
    from gateway.commands.etaal import run_map
    from gateway.settings import read_settings

    try:
        kind, place = Category(category), Level(level)
    except ValueError:
        raise typer.BadParameter("a category is A to F, a level DISTRICT or STATE") from None
    wanted = MapService(service, code, kind, place, starts.date(), standard)
    if not asyncio.run(run_map(read_settings(), wanted)):
        raise typer.Exit(1)


@etaal.command("services")
def etaal_services() -> None:
    """List every service that counts, with its codes at e-Taal."""
    _list(unmapped_only=False)


@etaal.command("unmapped")
def etaal_unmapped() -> None:
    """List what has no code of e-Taal yet: it is told under LOCAL- and our code until it has one."""
    _list(unmapped_only=True)


def _list(*, unmapped_only: bool) -> None:
    from gateway.commands.etaal import run_list
    from gateway.settings import read_settings

    asyncio.run(run_list(read_settings(), unmapped_only=unmapped_only))


@etaal.command("ledger")
def etaal_ledger(
    day: _DAY,
    revision: Annotated[int | None, typer.Option(min=0, help="as the day was at this revision")] = None,
) -> None:
    """Show a day: its revision, link and total, by service and district, and every correction."""
    from gateway.commands.etaal import run_ledger
    from gateway.settings import read_settings

    if not asyncio.run(run_ledger(read_settings(), day.date(), revision)):
        raise typer.Exit(1)


@etaal.command("export")
def etaal_export(
    day: _DAY, file: Annotated[Path, typer.Argument(help="where to write; one JSON object a row, no personal data")]
) -> None:
    """Write the sealed rows of a day, for tools/verify_counts.py."""
    from gateway.commands.etaal import run_export
    from gateway.settings import read_settings

    asyncio.run(run_export(read_settings(), day.date(), file))


@etaal.command("close")
def etaal_close(
    day: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="the day; without it, every day that is due")
    ] = None,
) -> None:
    """Close days whose window for late events is over; the worker does it too. The exit status is 1 where none was."""
    from gateway.commands.etaal import run_close
    from gateway.settings import read_settings

    if not asyncio.run(run_close(read_settings(), day.date() if day else None)):
        raise typer.Exit(1)


@etaal.command("compare")
def etaal_compare(
    first: _DAY,
    last: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="the last day; without it, the first")
    ] = None,
) -> None:
    """Compare the ledger with what e-Taal pulled and was sent; the exit status is 1 where a day is told otherwise."""
    from gateway.commands.etaal import run_compare
    from gateway.settings import read_settings

    if not asyncio.run(run_compare(read_settings(), first.date(), (last or first).date())):
        raise typer.Exit(1)


@etaal.command("rules")
def etaal_rules() -> None:
    """Show every version of the rules of what counts."""
    from domain.counting_rules import counting_rules

    for table in counting_rules():
        typer.echo(
            f"{table.version} from {table.starts_on.isoformat()}, repeated within {table.repeat_minutes} minutes"
        )
        for rule in table.rules.values():
            counts = f"counts as {rule.category.value}" if rule.counted and rule.category else "does not count"
            typer.echo(f"  {rule.event.value}: {counts}, by {rule.unit}. {rule.why}")
