"""The commands of `apuni etaal`: services and their codes, the ledger of counts, and its days."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from actions.etaal.checks import Step, compare
from actions.etaal.counts import DayCounts, day_counts
from actions.etaal.etaal_rounds import close_due
from actions.etaal.services import CountedService, MapService, change_mapping, list_services
from actions.kernel import Environment
from domain.etaal.counting import Category, Level, TransactionCount, is_provisional
from domain.etaal.counting_rules import counting_rules
from domain.kernel import CommandFailed, Problem, Problems
from gateway.commands.kernel import CommandGroup, account, out, parse_day, print_lines, problems_as_lines
from store.etaal import ledger, ledger_seal

group = CommandGroup()
"""Transaction counts for e-Taal: services, days, the ledger."""

_Day = Annotated[date, typer.Argument(parser=parse_day, metavar="YYYY-MM-DD", help="a day in India")]
_FAULTS = {
    "serviceCode": "the service is neither in the catalogue nor in the ledger",
    "etaalCode": "the code is none of e-Taal, or stands for another category or level",
    "category": "the line of enquiries is D, and nothing else is",
    "startsOn": "e-Taal began in 2013",
    "standardService": "the name of a standard service has at most 100 characters",
}


@group.storage_command("map")
async def map_service(
    env: Environment,
    service: Annotated[str, typer.Argument(help="our code of the service, as `apuni etaal unmapped` shows it")],
    code: Annotated[str, typer.Argument(help="the code that e-Taal gave at enrolment")],
    starts: Annotated[
        date, typer.Option(parser=parse_day, metavar="YYYY-MM-DD", help="the first day that counts under it")
    ],
    category: Annotated[Category, typer.Option(help="e-Taal's category of the transactions")] = Category.A,
    level: Annotated[Level, typer.Option(help="e-Taal's level of the service")] = Level.DISTRICT,
    standard: Annotated[str | None, typer.Option(help="e-Taal's name of the standard service")] = None,
) -> None:
    """Map a service to a code of e-Taal; days that were counted before get a revision."""
    wanted = MapService(service, code, category, level, starts, standard)
    with problems_as_lines(_line_of):
        mapped = await env.store.carry_out(lambda tx: change_mapping(tx, wanted, by=account()))
    await ledger_seal.seal(env.store)
    out.print(f"apuni: {wanted.service_code} counts as {wanted.etaal_code}; days revised: {mapped.revised_days}")


def _line_of(problem: Problem) -> str:
    return _FAULTS.get(problem.path[-1], "it is not correct")


@group.storage_command("services")
async def list_all(env: Environment) -> None:
    """List every service that is counted, with its codes at e-Taal."""
    await _list(env, unmapped_only=False)


@group.storage_command("unmapped")
async def list_unmapped(env: Environment) -> None:
    """List the services without a code of e-Taal; until they have one they are reported under LOCAL- and our code."""
    await _list(env, unmapped_only=True)


async def _list(env: Environment, *, unmapped_only: bool) -> None:
    services = await env.store.read(lambda tx: list_services(tx, unmapped_only=unmapped_only))
    print_lines(map(_service_line, services), f"{len(services)} services")


def _service_line(service: CountedService) -> str:
    codes = ", ".join(
        f"{each.etaal_code} ({each.category.value}, {each.level.value}, from {each.starts_on.isoformat()})"
        for each in service.codes
    )
    name = service.name.en if service.name else "-"
    since = f" since {service.first_uncoded_on.isoformat()}" if service.first_uncoded_on else ""
    return f"{service.code}: {codes or 'no code'}; told under LOCAL-: {service.uncoded_count}{since}; {name}"


@group.storage_command("ledger")
async def show_day(
    env: Environment,
    day: _Day,
    revision: Annotated[int | None, typer.Option(min=0, help="the day as of this revision")] = None,
) -> None:
    """Show a day: its revision, hash link and total, by service and district, and every correction."""
    await ledger_seal.seal(env.store)
    async with env.store.read_transaction() as tx:
        try:
            counts = await day_counts(tx, day, revision)
            rows = await ledger.counts_of(tx, day, counts.revision)
        except Problems:
            raise CommandFailed("the day has no such revision") from None
    _print_day(counts, rows)


def _print_day(counts: DayCounts, rows: list[TransactionCount]) -> None:
    state = "provisional" if counts.provisional else "over"
    closed = f", closed at revision {counts.closed_revision}" if counts.closed_at else ""
    out.print(f"{counts.day.isoformat()}: revision {counts.revision}, total {counts.total}, {state}{closed}")
    out.print(f"link {counts.link or '-'}")
    for row in rows:
        stands = row.stands or f"LOCAL-{row.service_code}"
        out.print(f"  {row.service_code} {row.district} {row.channel} {row.category} {row.count} {stands}")
    for each in counts.corrections:
        at = each.recorded_at.isoformat(timespec="seconds")
        out.print(f"  revision {each.revision}: {each.reason.value} {each.service_code} {each.count:+d} at {at}")


@group.storage_command("export")
async def export_day(
    env: Environment,
    day: _Day,
    file: Annotated[Path, typer.Argument(help="where to write; one JSON object a row, no personal data")],
) -> None:
    """Write the sealed rows of a day to a file that tools/verify_counts.py verifies."""
    await ledger_seal.seal(env.store)
    rows, link = 0, ledger_seal.GENESIS
    async with env.store.read_transaction() as tx:
        with file.open("w", encoding="utf-8") as handle:
            async for said in ledger_seal.export_rows(tx, day):
                handle.write(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
                rows, link = rows + 1, said["link"]
    out.print(f"apuni: {rows} rows of {day.isoformat()} are in {file}; link {link}")


@group.storage_command("close")
async def close_days(
    env: Environment,
    day: Annotated[
        date | None,
        typer.Argument(parser=parse_day, metavar="YYYY-MM-DD", help="the day; without it, every day that is due"),
    ] = None,
) -> None:
    """Close days that accept no late events any more, as the worker does; exit status 1 where none was closed."""
    await ledger_seal.seal(env.store)
    closed = await close_due(env, by=account(), only=day)
    for each in closed:
        out.print(f"apuni: {each.day.isoformat()} is closed at revision {each.revision}")
    if not closed:
        open_still = day is not None and is_provisional(day, env.clock.now())
        raise CommandFailed(
            "late events may still come until the fourth day after" if open_still else "nothing is to be closed"
        )


@group.storage_command("compare")
async def compare_days(
    env: Environment,
    first: _Day,
    last: Annotated[
        date | None, typer.Argument(parser=parse_day, metavar="YYYY-MM-DD", help="the last day; without it, the first")
    ] = None,
) -> bool:
    """Compare the ledger with the counts that e-Taal pulled or was sent; exit status 1 where a day differs."""
    days = await compare(env, first, last or first)
    for day in days:
        differ = " ".join(f"{code}:{by:+d}" for code, by in day.services) or "-"
        out.print(
            f"{day.day.isoformat()}: revision {day.revision}, total {day.total}; pulled {day.pulled.value} "
            f"{day.pulled_revision or '-'}; sent {day.pushed.value} {day.pushed_revision or '-'}; differ {differ}"
        )
    return not any(Step.OTHER in {day.pulled, day.pushed} for day in days)


@group.command("rules")
def show_rules() -> None:
    """Show every version of the counting rules."""
    for table in counting_rules():
        typer.echo(
            f"{table.version} from {table.starts_on.isoformat()}, repeated within {table.repeat_minutes} minutes"
        )
        for rule in table.rules.values():
            counts = f"counts as {rule.category.value}" if rule.counted and rule.category else "does not count"
            typer.echo(f"  {rule.event.value}: {counts}, by {rule.unit}. {rule.why}")
