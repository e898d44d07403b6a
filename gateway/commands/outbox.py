"""The command `apuni outbox`: shows and handles messages, without the personal data that they carry."""

import asyncio
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from actions.documents.locker_push import ASKED, PUSH
from actions.identity.code_sending import SEND
from actions.identity.provider_sign_out import END
from actions.platform.alarms import NOTIFY
from gateway.commands.opening import account, open_storage, out, print_table
from gateway.settings.settings import Settings, read_settings
from store.database import NotThere
from store.platform import outbox_desk
from store.platform.outbox import OutboxMessage, OutboxState, counts
from store.platform.outbox_desk import OutboxFilter

group = typer.Typer(no_args_is_help=True)


_NUMBER = Annotated[int, typer.Argument(help="the message's number, as `apuni outbox list` shows it")]


@group.command("list")
def outbox_list(
    state: Annotated[str | None, typer.Option(help="PENDING, DELIVERED or DEAD")] = None,
    topic: Annotated[str | None, typer.Option(help="the kind of message")] = None,
    error: Annotated[str | None, typer.Option(help="the code of the last failure")] = None,
    attempts: Annotated[int | None, typer.Option(help="at least so many attempts")] = None,
    older: Annotated[float | None, typer.Option(help="written at least so many seconds ago")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """List messages, the oldest first."""
    try:
        wanted = OutboxFilter(OutboxState(state) if state else None, topic, error, attempts)
    except ValueError:
        raise typer.BadParameter("PENDING, DELIVERED or DEAD", param_hint="--state") from None
    asyncio.run(run_list(read_settings(), wanted, older, limit))


@group.command("show")
def outbox_show(number: _NUMBER) -> None:
    """Show one message, without what it carries of a person."""
    asyncio.run(run_show(read_settings(), number))


@group.command("retry")
def outbox_retry(number: _NUMBER) -> None:
    """Have a message tried now, also a dead or parked one."""
    _done_or_exit(done=asyncio.run(run_retry(read_settings(), number)), otherwise="it is delivered, or not there")


@group.command("park")
def outbox_park(number: _NUMBER) -> None:
    """Put a waiting message aside until it is retried; later ones of the same application wait with it."""
    _done_or_exit(done=asyncio.run(run_park(read_settings(), number)), otherwise="it does not wait, or is not there")


@group.command("give-up")
def outbox_give_up(
    number: _NUMBER,
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
) -> None:
    """End a dead message for good, so that later ones of the same application go on.

    Only a push to a locker, a code, an alarm or the end of a session: somebody waits for whatever else is dead.
    """
    _done_or_exit(
        done=asyncio.run(run_give_up(read_settings(), number, reason)),
        otherwise="it is not dead, not there, or somebody waits for what it does: mend the cause and retry it",
    )


def _done_or_exit(*, done: bool, otherwise: str) -> None:
    if not done:
        typer.echo(f"apuni: {otherwise}", err=True)
        raise typer.Exit(1)


HIDDEN = "(hidden)"
MAY_BE_GIVEN_UP = frozenset({PUSH, ASKED, END, SEND, NOTIFY})
"""Topics of mere notifications: no money, certificate, filing, count or withdrawn consent depends on them."""
_KEY = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


async def run_list(settings: Settings, wanted: OutboxFilter, older_seconds: float | None, limit: int) -> None:
    """Print messages, the oldest first, and how full the outbox is."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        now = rooms.clock.now()
        if older_seconds is not None:
            before = now - timedelta(seconds=older_seconds)
            wanted = OutboxFilter(wanted.state, wanted.topic, wanted.error_code, wanted.attempts, before)
        found = await outbox_desk.search(tx, wanted, limit)
        total = await counts(tx)
    table = Table("id", "topic", "state", "attempts", "age", "due", "error", box=None)
    for message in found:
        age, due = (now - message.created_at).total_seconds(), message.due_at.isoformat(timespec="seconds")
        state, error = message.state.value, message.error_code or "–"
        table.add_row(str(message.id), message.topic, state, str(message.attempts), f"{age:.0f} s", due, error)
    print_table(table)
    out.print(f"apuni: {total.pending} pending, {total.dead} dead, the oldest waits {total.oldest_seconds:.0f} s")


async def run_show(settings: Settings, message_id: int) -> None:
    """Print one message. Raises NotThere."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        message = await outbox_desk.message_by_id(tx, message_id)
    if message is None:
        raise NotThere("the message")
    for name, value in message_fields(message).items():
        out.print(f"{name}: {value}", markup=False)


async def run_retry(settings: Settings, message_id: int) -> bool:
    """Have a message tried now; False where it is delivered or not there."""
    async with open_storage(settings) as rooms:
        return await rooms.store.carry_out(
            lambda tx: outbox_desk.retry(tx, message_id, rooms.clock.now(), by=account())
        )


async def run_park(settings: Settings, message_id: int) -> bool:
    """Put a waiting message aside; False where it is not waiting."""
    async with open_storage(settings) as rooms:
        return await rooms.store.carry_out(lambda tx: outbox_desk.park(tx, message_id, by=account()))


async def run_give_up(settings: Settings, message_id: int, reason: str) -> bool:
    """End a dead letter for good; False where it may not be, is not dead or not there."""
    async with open_storage(settings) as rooms:
        now = rooms.clock.now()
        return await rooms.store.carry_out(
            lambda tx: outbox_desk.give_up(tx, message_id, MAY_BE_GIVEN_UP, now, reason=reason, by=account())
        )


def message_fields(message: OutboxMessage) -> dict[str, Any]:
    """A message as it may be shown: of its payload only the keys of rows, everything else by its name."""
    return {
        "id": message.id,
        "topic": message.topic,
        "state": message.state.value,
        "attempts": message.attempts,
        "created": message.created_at.isoformat(timespec="seconds"),
        "due": message.due_at.isoformat(timespec="seconds"),
        "error": message.error_code or "–",
        "application": message.application_id or "–",
        **{f"payload.{name}": value for name, value in _payload(message.payload).items()},
    }


def _payload(payload: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(value) if name.endswith("_id") and _KEY.fullmatch(str(value)) else HIDDEN
        for name, value in sorted(payload.items())
    }
