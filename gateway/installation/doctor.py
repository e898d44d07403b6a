"""The command `apuni doctor`: whether this installation has what production will meet."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from domain.kernel import SystemClock
from gateway.commands.catalogue import doctor_group
from gateway.commands.kernel import print_json, print_lines
from gateway.installation import machine, records, servers
from gateway.installation.checks import Finding, Look, State, run_checks
from gateway.installation.incident import incident
from gateway.installation.outside import checks_of_systems
from gateway.settings.settings import Settings, read_settings

group = doctor_group
"""Whether this installation has what production will meet: servers, keys, partners, officers and so on.

Each check is a line with its remedy. The exit status is 1 where there is a fault; warnings alone are 0.
"""


@group.callback(invoke_without_command=True, no_args_is_help=False)
def examine(
    called: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
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


group.command("incident")(incident)
