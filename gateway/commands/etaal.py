"""The command `apuni etaal`: services and their codes, the ledger of counts, and its days."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from actions.etaal.checks import Step, compare
from actions.etaal.counts import DayCounts, day_counts
from actions.etaal.etaal_rounds import close_due
from actions.etaal.services import CountedService, MapService, change_mapping, list_services
from domain.etaal.counting import Category, Level, TransactionCount, is_provisional
from domain.etaal.counting_rules import counting_rules
from domain.kernel import Problems
from gateway.commands.opening import account, environment_of, open_storage, out
from gateway.settings.settings import Settings, read_settings
from store.etaal import ledger, ledger_seal

group = typer.Typer(no_args_is_help=True)

_DAY = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="a day in India, such as 2026-11-24")]


@group.command("map")
def etaal_map(
    service: Annotated[str, typer.Argument(help="our code of the service, as `apuni etaal unmapped` shows it")],
    code: Annotated[str, typer.Argument(help="the code that e-Taal gave at enrolment")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the first day that counts under it")],
    category: Annotated[str, typer.Option(help="A to F")] = "A",
    level: Annotated[str, typer.Option(help="DISTRICT or STATE")] = "DISTRICT",
    standard: Annotated[str | None, typer.Option(help="e-Taal's name of the standard service")] = None,
) -> None:
    """Put a service under a code of e-Taal; days that were counted before get a revision."""
    try:
        kind, place = Category(category), Level(level)
    except ValueError:
        raise typer.BadParameter("a category is A to F, a level DISTRICT or STATE") from None
    wanted = MapService(service, code, kind, place, starts.date(), standard)
    if not asyncio.run(run_map(read_settings(), wanted)):
        raise typer.Exit(1)


@group.command("services")
def etaal_services() -> None:
    """List every service that counts, with its codes at e-Taal."""
    _list(unmapped_only=False)


@group.command("unmapped")
def etaal_unmapped() -> None:
    """List what has no code of e-Taal yet: it is told under LOCAL- and our code until it has one."""
    _list(unmapped_only=True)


def _list(*, unmapped_only: bool) -> None:
    asyncio.run(run_list(read_settings(), unmapped_only=unmapped_only))


@group.command("ledger")
def etaal_ledger(
    day: _DAY,
    revision: Annotated[int | None, typer.Option(min=0, help="as the day was at this revision")] = None,
) -> None:
    """Show a day: its revision, link and total, by service and district, and every correction."""
    if not asyncio.run(run_ledger(read_settings(), day.date(), revision)):
        raise typer.Exit(1)


@group.command("export")
def etaal_export(
    day: _DAY, file: Annotated[Path, typer.Argument(help="where to write; one JSON object a row, no personal data")]
) -> None:
    """Write the sealed rows of a day, for tools/verify_counts.py."""
    asyncio.run(run_export(read_settings(), day.date(), file))


@group.command("close")
def etaal_close(
    day: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="the day; without it, every day that is due")
    ] = None,
) -> None:
    """Close days whose window for late events is over; the worker does it too. The exit status is 1 where none was."""
    if not asyncio.run(run_close(read_settings(), day.date() if day else None)):
        raise typer.Exit(1)


@group.command("compare")
def etaal_compare(
    first: _DAY,
    last: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="the last day; without it, the first")
    ] = None,
) -> None:
    """Compare the ledger with what e-Taal pulled and was sent; the exit status is 1 where a day is told otherwise."""
    if not asyncio.run(run_compare(read_settings(), first.date(), (last or first).date())):
        raise typer.Exit(1)


@group.command("rules")
def etaal_rules() -> None:
    """Show every version of the rules of what counts."""
    for table in counting_rules():
        typer.echo(
            f"{table.version} from {table.starts_on.isoformat()}, repeated within {table.repeat_minutes} minutes"
        )
        for rule in table.rules.values():
            counts = f"counts as {rule.category.value}" if rule.counted and rule.category else "does not count"
            typer.echo(f"  {rule.event.value}: {counts}, by {rule.unit}. {rule.why}")


_FAULTS: Mapping[str, str] = {
    "serviceCode": "the service is neither in the catalogue nor in the ledger",
    "etaalCode": "the code is none of e-Taal, or stands for another category or level",
    "category": "the line of enquiries is D, and nothing else is",
    "startsOn": "e-Taal began in 2013",
    "standardService": "the name of a standard service has at most 100 characters",
}


async def run_map(settings: Settings, wanted: MapService) -> bool:
    """Map the service and report how many days are revised; False where it was refused, with a line for each fault."""
    async with open_storage(settings) as rooms:
        try:
            mapped = await rooms.store.carry_out(lambda tx: change_mapping(tx, wanted, by=account()))
        except Problems as refused:
            for problem in refused.problems:
                typer.echo(f"apuni: {_FAULTS.get(problem.path[-1], 'it is not correct')}", err=True)
            return False
        await ledger_seal.seal(rooms.store)
    out.print(f"apuni: {wanted.service_code} counts as {wanted.etaal_code}; days revised: {mapped.revised_days}")
    return True


async def run_list(settings: Settings, *, unmapped_only: bool) -> None:
    """Print the services, one a line."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        services = await list_services(tx, unmapped_only=unmapped_only)
    for service in services:
        out.print(_line(service), markup=False)
    out.print(f"apuni: {len(services)} services", markup=False)


def _line(service: CountedService) -> str:
    codes = ", ".join(
        f"{each.etaal_code} ({each.category.value}, {each.level.value}, from {each.starts_on.isoformat()})"
        for each in service.codes
    )
    name = service.name.en if service.name else "-"
    since = f" since {service.first_uncoded_on.isoformat()}" if service.first_uncoded_on else ""
    return f"{service.code}: {codes or 'no code'}; told under LOCAL-: {service.uncoded_count}{since}; {name}"


async def run_ledger(settings: Settings, day: date, revision: int | None) -> bool:
    """Show a day; False where there is no such revision."""
    async with open_storage(settings) as rooms:
        await ledger_seal.seal(rooms.store)
        async with rooms.store.read_transaction() as tx:
            try:
                counts = await day_counts(tx, day, revision)
                rows = await ledger.counts_of(tx, day, counts.revision)
            except Problems:
                typer.echo("apuni: the day has no such revision", err=True)
                return False
    _show(counts, rows)
    return True


def _show(counts: DayCounts, rows: Sequence[TransactionCount]) -> None:
    state = "provisional" if counts.provisional else "over"
    closed = f", closed at revision {counts.closed_revision}" if counts.closed_at else ""
    out.print(f"{counts.day.isoformat()}: revision {counts.revision}, total {counts.total}, {state}{closed}")
    out.print(f"link {counts.link or '-'}")
    for row in rows:
        stands = row.stands or f"LOCAL-{row.service_code}"
        out.print(
            f"  {row.service_code} {row.district} {row.channel} {row.category} {row.count} {stands}", markup=False
        )
    for each in counts.corrections:
        at = each.recorded_at.isoformat(timespec="seconds")
        out.print(f"  revision {each.revision}: {each.reason.value} {each.service_code} {each.count:+d} at {at}")


async def run_export(settings: Settings, day: date, file: Path) -> None:
    """Write the rows of a day and print their hash link."""
    async with open_storage(settings) as rooms:
        await ledger_seal.seal(rooms.store)
        rows, link = 0, ledger_seal.GENESIS
        async with rooms.store.read_transaction() as tx:
            with file.open("w", encoding="utf-8") as handle:
                async for said in ledger_seal.export_rows(tx, day):
                    handle.write(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
                    rows, link = rows + 1, said["link"]
    out.print(f"apuni: {rows} rows of {day.isoformat()} are in {file}; link {link}", markup=False)


async def run_close(settings: Settings, day: date | None) -> bool:
    """Close what is due, or one day; False where nothing was closed."""
    async with open_storage(settings) as rooms:
        await ledger_seal.seal(rooms.store)
        environment = environment_of(settings, rooms)
        closed = await close_due(environment, by=account(), only=day)
        open_still = day is not None and is_provisional(day, rooms.clock.now())
    for each in closed:
        out.print(f"apuni: {each.day.isoformat()} is closed at revision {each.revision}")
    if not closed:
        reason = "late events may still come until the fourth day after" if open_still else "nothing is to be closed"
        typer.echo(f"apuni: {reason}", err=True)
    return bool(closed)


async def run_compare(settings: Settings, first: date, last: date) -> bool:
    """Compare days with what e-Taal has; False where it received other rows under the present revision."""
    async with open_storage(settings) as rooms:
        days = await compare(environment_of(settings, rooms), first, last)
    for day in days:
        differ = " ".join(f"{code}:{by:+d}" for code, by in day.services) or "-"
        out.print(
            f"{day.day.isoformat()}: revision {day.revision}, total {day.total}; pulled {day.pulled.value} "
            f"{day.pulled_revision or '-'}; sent {day.pushed.value} {day.pushed_revision or '-'}; differ {differ}",
            markup=False,
        )
    return not any(Step.OTHER in {day.pulled, day.pushed} for day in days)
