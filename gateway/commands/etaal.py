"""What `apuni etaal` does."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import typer

from actions.counts import DayCounts, day_counts
from actions.etaal_checks import Step, compare
from actions.etaal_rounds import close_due
from actions.etaal_services import CountedService, MapService, change_mapping, listed
from domain.counting import TransactionCount, is_provisional
from domain.errors import Problems
from gateway.commands.accounts import account
from gateway.commands.opening import open_rooms, out
from gateway.commands.safety import environment_of
from gateway.settings import Settings
from store import ledger, ledger_seal

_FAULTS: Mapping[str, str] = {
    "serviceCode": "the service is neither in the catalogue nor in the ledger",
    "etaalCode": "the code is none of e-Taal, or stands for another category or level",
    "category": "the line of enquiries is D, and nothing else is",
    "startsOn": "e-Taal began in 2013",
    "standardService": "the name of a standard service has at most 100 characters",
}


async def run_map(settings: Settings, wanted: MapService) -> bool:
    """Map the service and tell how many days are revised; False where it was refused, with a line for each fault."""
    async with open_rooms(settings) as rooms:
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
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
        services = await listed(tx, unmapped_only=unmapped_only)
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
    async with open_rooms(settings) as rooms:
        await ledger_seal.seal(rooms.store)
        async with rooms.store.reading() as tx:
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
    """Write the rows of a day and tell their link."""
    async with open_rooms(settings) as rooms:
        await ledger_seal.seal(rooms.store)
        rows, link = 0, ledger_seal.GENESIS
        async with rooms.store.reading() as tx:
            with file.open("w", encoding="utf-8") as handle:
                async for said in ledger_seal.exported(tx, day):
                    handle.write(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
                    rows, link = rows + 1, said["link"]
    out.print(f"apuni: {rows} rows of {day.isoformat()} are in {file}; link {link}", markup=False)


async def run_close(settings: Settings, day: date | None) -> bool:
    """Close what is due, or one day; False where nothing was closed."""
    async with open_rooms(settings) as rooms:
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
    """Compare days with what e-Taal has; False where it was told other rows under the present revision."""
    async with open_rooms(settings) as rooms:
        days = await compare(environment_of(settings, rooms), first, last)
    for day in days:
        differ = " ".join(f"{code}:{by:+d}" for code, by in day.services) or "-"
        out.print(
            f"{day.day.isoformat()}: revision {day.revision}, total {day.total}; pulled {day.pulled.value} "
            f"{day.pulled_revision or '-'}; sent {day.pushed.value} {day.pushed_revision or '-'}; differ {differ}",
            markup=False,
        )
    return not any(Step.OTHER in {day.pulled, day.pushed} for day in days)
