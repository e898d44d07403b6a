"""The commands of `apuni` for those who run the gateway; what they need is imported when they run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.catalogue_group import catalogue, doctor, quarantine
from gateway.commands.centre_group import centre, strength
from gateway.commands.commission_group import commission
from gateway.commands.consent_group import consents
from gateway.commands.dbt_books_group import dbt
from gateway.commands.etaal_group import etaal
from gateway.commands.figures_group import figures
from gateway.commands.form_group import forms
from gateway.commands.legacy_group import legacy
from gateway.commands.officers import officer
from gateway.commands.operations import client, operations
from gateway.commands.umang_group import umang

safety = typer.Typer()
outbox = typer.Typer(name="outbox", no_args_is_help=True, help="Messages to the outside that wait or failed.")
person = typer.Typer(name="person", no_args_is_help=True, help="The data of one person.")
switch = typer.Typer(name="switch", no_args_is_help=True, help="Switches for outside systems and mutations.")
calendar = typer.Typer(name="calendar", no_args_is_help=True, help="Holidays that due dates are counted by.")
GROUPS = (
    safety,
    outbox,
    person,
    switch,
    calendar,
    officer,
    operations,
    client,
    catalogue,
    doctor,
    quarantine,
    figures,
    etaal,
    dbt,
    forms,
    centre,
    strength,
    consents,
    commission,
    umang,
    legacy,
)
"""What gateway/cli.py adds to the command line."""

_FILE = Annotated[Path, typer.Argument(help="the file of the backup")]
_NUMBER = Annotated[int, typer.Argument(help="the message's number, as `apuni outbox list` shows it")]

_PERSON = Annotated[str, typer.Argument(help="the citizen's id, or the number of an application of hers")]


@safety.command()
def backup(
    file: _FILE,
    keys: Annotated[bool, typer.Option(help="whether a backup under a passphrase holds the keyrings too")] = True,
) -> None:
    """Write store, vault and files as of one moment to an encrypted file, while the gateway goes on."""
    from gateway.commands.safety import run_backup
    from gateway.settings import read_settings

    asyncio.run(run_backup(read_settings(), file, keys=keys))


@safety.command()
def restore(
    file: _FILE,
    erasures: Annotated[
        Path | None, typer.Option(help="the list of erasures; without it the one of APUNI_ERASURES_FILE")
    ] = None,
) -> None:
    """Put a backup into an empty home and erase again who was erased since.

    A damaged backup is refused before anything is written.
    """
    from gateway.commands.safety import run_restore
    from gateway.settings import read_settings

    asyncio.run(run_restore(read_settings(), file, erasures))


@safety.command()
def verify() -> None:
    """Check the whole store; the exit status is 1 where anything is not as it must be."""
    from gateway.commands.safety import run_verify
    from gateway.settings import read_settings

    if not run_verify(read_settings()):
        raise typer.Exit(1)


@outbox.command("list")
def outbox_list(
    state: Annotated[str | None, typer.Option(help="PENDING, DELIVERED or DEAD")] = None,
    topic: Annotated[str | None, typer.Option(help="the kind of message")] = None,
    error: Annotated[str | None, typer.Option(help="the code of the last failure")] = None,
    attempts: Annotated[int | None, typer.Option(help="at least so many attempts")] = None,
    older: Annotated[float | None, typer.Option(help="written at least so many seconds ago")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List messages, the oldest first."""
    from gateway.commands.messages import run_list
    from gateway.settings import read_settings
    from store.outbox import OutboxState
    from store.outbox_desk import OutboxFilter

    try:
        wanted = OutboxFilter(OutboxState(state) if state else None, topic, error, attempts)
    except ValueError:
        raise typer.BadParameter("PENDING, DELIVERED or DEAD", param_hint="--state") from None
    asyncio.run(run_list(read_settings(), wanted, older, limit))


@outbox.command("show")
def outbox_show(number: _NUMBER) -> None:
    """Show one message, without what it carries of a person."""
    from gateway.commands.messages import run_show
    from gateway.settings import read_settings

    asyncio.run(run_show(read_settings(), number))


@outbox.command("retry")
def outbox_retry(number: _NUMBER) -> None:
    """Have a message tried now, also a dead or parked one."""
    from gateway.commands.messages import run_retry
    from gateway.settings import read_settings

    _done_or_exit(done=asyncio.run(run_retry(read_settings(), number)), otherwise="it is delivered, or not there")


@outbox.command("park")
def outbox_park(number: _NUMBER) -> None:
    """Put a waiting message aside until it is retried; later ones of the same application wait with it."""
    from gateway.commands.messages import run_park
    from gateway.settings import read_settings

    _done_or_exit(done=asyncio.run(run_park(read_settings(), number)), otherwise="it does not wait, or is not there")


@outbox.command("give-up")
def outbox_give_up(
    number: _NUMBER,
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
) -> None:
    """End a dead message for good, so that later ones of the same application go on.

    Only a push to a locker, a code, an alarm or the end of a session: somebody waits for whatever else is dead.
    """
    from gateway.commands.messages import run_give_up
    from gateway.settings import read_settings

    _done_or_exit(
        done=asyncio.run(run_give_up(read_settings(), number, reason)),
        otherwise="it is not dead, not there, or somebody waits for what it does: mend the cause and retry it",
    )


@switch.command("list")
def switch_list() -> None:
    """List every switch that was ever set."""
    from gateway.commands.switches import run_list
    from gateway.settings import read_settings

    asyncio.run(run_list(read_settings()))


@switch.command("set")
def switch_set(
    name: Annotated[str, typer.Argument(help="a system such as DBT_FINANCE, or a mutation such as submitApplication")],
    state: Annotated[str, typer.Argument(help="OFF, CACHE_ONLY, READ_ONLY or ON; a mutation is ON or OFF")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    minutes: Annotated[float | None, typer.Option(min=0.01, help="end by itself after so many minutes")] = None,
) -> None:
    """Set a switch; every process obeys within two seconds, without a restart."""
    _set_switch(name, state, reason, minutes)


@switch.command("clear")
def switch_clear(
    name: Annotated[str, typer.Argument(help="the system or mutation")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
) -> None:
    """Set a switch back to ON."""
    _set_switch(name, "ON", reason, None)


def _set_switch(name: str, state: str, reason: str, minutes: float | None) -> None:
    from domain.switches import SwitchState
    from gateway.commands.switches import NotSet, run_set
    from gateway.settings import read_settings

    try:
        wanted = SwitchState(state)
    except ValueError:
        raise typer.BadParameter(", ".join(SwitchState), param_hint="STATE") from None
    try:
        asyncio.run(run_set(read_settings(), name, wanted, reason, minutes))
    except NotSet as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None


@person.command("export")
def person_export(
    who: _PERSON,
    file: Annotated[Path | None, typer.Option(help="a file to write to, mode 0600; without it, the terminal")] = None,
) -> None:
    """Hand out everything that is kept of a citizen, one JSON object a row."""
    from gateway.commands.persons import run_export
    from gateway.settings import read_settings

    asyncio.run(run_export(read_settings(), who, file))


@person.command("erase")
def person_erase(who: _PERSON, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Erase a citizen's personal data; bare records and certificates stay, with the rule that keeps them."""
    from gateway.commands.persons import run_erase
    from gateway.settings import read_settings

    settings = read_settings()
    if not yes:
        typer.confirm("This cannot be undone. Erase the person?", abort=True)
    asyncio.run(run_erase(settings, who))


def _done_or_exit(*, done: bool, otherwise: str) -> None:
    if not done:
        typer.echo(f"apuni: {otherwise}", err=True)
        raise typer.Exit(1)


@calendar.command("import")
def calendar_import(
    file: Annotated[Path, typer.Argument(help="CSV with the columns date,name_hi,name_en,district")],
    dry_run: Annotated[bool, typer.Option(help="only show what would change")] = False,
) -> None:
    """Take over the holidays of the years in the file; due dates that are set already stay as they are."""
    from gateway.commands.calendar import run_import
    from gateway.settings import read_settings

    if not asyncio.run(run_import(read_settings(), file, dry_run=dry_run)):
        raise typer.Exit(1)


@calendar.command("list-periods")
def calendar_periods() -> None:
    """Show every legal period with its section, and whether it was read in the gazette."""
    from gateway.commands.calendar import lines_of_law
    from gateway.settings import read_settings

    for line in lines_of_law(read_settings()):
        typer.echo(line)
