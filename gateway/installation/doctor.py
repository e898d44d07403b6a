"""The commands of `apuni doctor`: whether this installation has what production will meet."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from actions.catalogue.doctor import count_missing_facts, missing_facts
from actions.kernel import Environment
from actions.officers.state_gaps import has_helpline, state_gaps
from domain.applications.holidays import calendar_of, lists_in_doubt, years_in_use
from domain.kernel import SystemClock, ist_date
from domain.kernel.state import installed_state
from gateway.commands.calendar import doubt_line
from gateway.commands.kernel import CommandGroup, out, print_json, print_lines, print_table
from gateway.documents.template_faults import template_faults
from gateway.installation import machine, records, servers
from gateway.installation.checks import Finding, Look, State, run_checks
from gateway.installation.incident import incident
from gateway.installation.outside import checks_of_systems
from gateway.settings.settings import Settings, read_settings
from states.lint import faults_of, name_gaps
from store.catalogue import calendar, catalogue
from store.catalogue.calendar import NO_CALENDAR
from store.database.keyring import PURPOSES

group = CommandGroup()
"""Whether this installation has what production will meet: servers, keys, partners, officers and so on.

Each check is a line with its remedy. The exit status is 1 where there is a fault; warnings alone are 0.
"""

_Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@group.callback(invoke_without_command=True, no_args_is_help=False)
def examine(
    called: typer.Context,
    as_json: _Json = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="the most that one check may take")] = 10.0,
    clock_from: Annotated[
        str | None, typer.Option(help="an address by whose header Date our clock is checked, such as a partner's")
    ] = None,
) -> None:
    """Try everything that production will meet, and tell each in a line."""
    if called.invoked_subcommand is None:
        asyncio.run(_examine(read_settings(), as_json=as_json, seconds=seconds, clock_from=clock_from))


async def _examine(settings: Settings, *, as_json: bool, seconds: float, clock_from: str | None) -> None:
    report(await run_checks(checks_of(settings, seconds, clock_from), seconds), as_json=as_json)


def report(found: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings; exit with 1 where one is a fault."""
    faults = sum(one.state is State.FAULT for one in found)
    warnings = sum(one.state is State.WARNING for one in found)
    if as_json:
        print_json({"findings": [asdict(one) for one in found], "faults": faults, "warnings": warnings})
    else:
        print_lines((one.line for one in found), f"{faults} faults and {warnings} warnings")
    if faults:
        raise typer.Exit(1)


def checks_of(settings: Settings, seconds: float, clock_from: str | None = None) -> list[tuple[str, Look]]:
    """Every check by its name, in the order in which it is told."""
    clocks: list[tuple[str, Look]] = [("clock", partial(servers.check_clock, clock_from))] if clock_from else []
    if settings.ntp_server is not None:
        clocks.append(("time server", partial(servers.check_time_server, settings.ntp_server)))
    return [
        ("settings", partial(machine.check_settings, settings)),
        ("database", partial(servers.check_database, "database", settings.store_url, with_schema=True)),
        ("vault", partial(servers.check_database, "vault", settings.vault_store_url, with_schema=False)),
        ("cache", partial(servers.check_cache, settings)),
        ("objects", partial(servers.check_objects, settings)),
        ("keys", partial(machine.check_keys, settings)),
        ("signing certificates", partial(machine.check_signing_certificates, settings)),
        *clocks,
        ("disk", partial(machine.check_disk, settings)),
        ("scanner", partial(servers.check_scanner, settings)),
        ("fonts", partial(machine.check_package, settings)),
        ("calendar", partial(records.check_calendar, settings)),
        ("officers", partial(records.check_officers, settings)),
        ("catalogue", partial(records.check_catalogue, settings)),
        *checks_of_systems(settings, SystemClock(), seconds),
    ]


@group.storage_command("catalogue")
async def list_missing_facts(env: Environment, as_json: _Json = False) -> None:
    """List the facts that no source gives, by service: limits, fees, documents, officers and so on."""
    services = await env.store.read(catalogue.all_services)
    missing = missing_facts(services)
    counts = count_missing_facts(missing)
    if as_json:
        by_service = [{"code": each.code, "name": each.name, "facts": list(each.facts)} for each in missing]
        print_json({"services": len(services), "missing": counts, "byService": by_service})
        return
    print_table(("service", "name", "not known"), ((each.code, each.name, ", ".join(each.facts)) for each in missing))
    for name, many in counts.items():
        out.print(f"apuni: {name} is not known of {many} of {len(services)} services")


@group.storage_command("calendar")
async def list_calendar_doubts(env: Environment, as_json: _Json = False) -> None:
    """List the years in use whose list of holidays is missing or not verified, with the days that are not."""
    async with env.store.read_transaction() as tx:
        version = await calendar.latest_version(tx)
        held = [] if version is None else await calendar.holidays(tx, version)
        today = ist_date(tx.clock.now())
    doubts = lists_in_doubt(calendar_of(held, version or NO_CALENDAR.version), today)
    days = {year: [one for one in held if one.day.year == year and not one.verified] for year in doubts}
    if as_json:
        lists = [
            {"year": year, "list": state.value, "notVerified": [one.day.isoformat() for one in days[year]]}
            for year, state in doubts.items()
        ]
        print_json({"calendar": version, "yearsInUse": list(years_in_use(today)), "inDoubt": lists})
        return
    named = [one for year in doubts for one in days[year]]
    print_table(("day", "not verified", "kind"), ((f"{one.day}", one.name.en or "", one.kind) for one in named))
    for year, state in doubts.items():
        out.print(f"apuni: {doubt_line(year, state)}")
    if not doubts:
        out.print(f"apuni: the list of holidays is verified of {', '.join(map(str, years_in_use(today)))}")


@group.command("package")
def list_package_faults() -> None:
    """List what the package of the state lacks: its font, texts in its language, and names in its script.

    The exit status is 1 where the font or a text is missing, a text does not fit the English one, or a template of a
    certificate cannot be filled or laid out.
    """
    package = read_settings().package
    faults = [*faults_of(package.state), *template_faults(package.state)]
    print_lines((*faults, *name_gaps(package.folder)), f"{len(faults)} faults in {package.folder}")
    if faults:
        raise typer.Exit(1)


@group.storage_command("state")
async def list_state_gaps(env: Environment, as_json: _Json = False) -> bool:
    """List the posts that nobody holds: officers who decide, heads, authorities of appeal; and who answers meanwhile.

    The helpline is one of them: without it nobody answers what citizens write to a person.

    It tells too how many faults the package of the state has. The exit status is 1 where there is a gap or a fault.
    """
    gaps, helpline, state = await state_gaps(env), await has_helpline(env), installed_state()
    faults = [*faults_of(state), *template_faults(state)]
    complete = helpline and not gaps and not faults
    if as_json:
        print_json({"gaps": [asdict(gap) for gap in gaps], "helpline": helpline, "packageFaults": faults})
        return complete
    for gap in gaps:
        post = "HEAD" if gap.level is None else gap.level.value
        where, codes = ", ".join(gap.places) or "the whole state", ", ".join(gap.services)
        out.print(f"{gap.department or 'no department'}: no {post} in {where}; services {codes}")
        out.print(f"  answers by default: {gap.answered_by or 'nobody'}")
    out.print(f"apuni: {len(gaps)} posts are vacant" if gaps else "apuni: every service has its officers")
    if faults:
        out.print(f"apuni: the state's package has {len(faults)} faults, see `apuni doctor package`; first {faults[0]}")
    if not helpline:
        out.print("apuni: nobody has the post HELPLINE, so conversations that are handed over are not answered")
    return complete


@group.storage_command("keys")
async def list_keys(env: Environment, as_json: _Json = False) -> None:
    """List every key with its age (docs/adr/0018-keys.md)."""
    now = env.clock.now()
    rows = [
        {"purpose": purpose, "key": key.kid, "active": place == 0, "days": max((now - at).days, 0)}
        for purpose in PURPOSES
        for place, (key, at) in enumerate(zip(env.keyrings.keys(purpose), env.keyrings.made_at(purpose), strict=True))
    ]
    if as_json:
        print_json({"keys": rows})
        return
    shown = (
        (str(one["purpose"]), str(one["key"]), "active" if one["active"] else "", str(one["days"])) for one in rows
    )
    print_table(("keyring", "key", "", "days old"), shown)


group.command("incident")(incident)
