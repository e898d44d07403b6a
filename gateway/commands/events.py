"""The commands of `apuni events`: receivers of events, their log, and what is done with one."""

from datetime import datetime
from typing import Annotated

import typer

from actions.kernel import Environment, UnitOfWork
from actions.platform.event_receivers import ProposeEventReceiver, deliveries_of, enter, take_step
from domain.kernel import IST, CommandFailed
from domain.platform.event_receivers import EventKind, EventOwner, EventReceiver, ReceiverStep
from gateway.commands.kernel import (
    CommandGroup,
    Limit,
    command_subject,
    line_of,
    out,
    print_lines,
    print_table,
    problems_as_lines,
)
from store.database import Transaction
from store.platform import event_receivers

group = CommandGroup()
"""Systems of departments and partners that are told of events."""

_Id = Annotated[str, typer.Argument(help="the receiver, as `apuni events list` shows it")]


@group.storage_command("list")
async def list_receivers(env: Environment) -> None:
    """List every receiver, the newest first."""
    found = await env.store.read(event_receivers.all_receivers)
    rows = ((one.id, one.department or one.owner.value, one.state.value, one.url, one.failure or "–") for one in found)
    print_table(("id", "owner", "state", "url", "failure"), rows, box=None)


@group.storage_command("propose")
async def propose_receiver(
    env: Environment,
    owner: Annotated[EventOwner, typer.Argument(help="whose system it is")],
    url: Annotated[str, typer.Argument(help="an address of https without credentials and query")],
    kind: Annotated[list[EventKind], typer.Option(help="what it is told of; once for each")],
    department: Annotated[str | None, typer.Option(help="the slug, where it is a department's")] = None,
) -> None:
    """Propose a receiver and print its secret; an administrator confirms it on the page of receivers."""
    request = ProposeEventReceiver(owner, url, tuple(kind), "", department)
    with problems_as_lines(line_of):
        receiver = await env.store.carry_out(lambda tx: enter(UnitOfWork(env, tx, command_subject()), request))
    print_lines([receiver.id, receiver.secret], "it waits for an administrator; the secret is printed this once")


@group.storage_command("change")
async def change_receiver(
    env: Environment,
    receiver: _Id,
    step: Annotated[ReceiverStep, typer.Argument(help="what is done")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M"], help="from when on everything is told again, by the time in India"),
    ] = None,
) -> None:
    """Switch a receiver on or off, make it a new secret, which is printed, or tell it everything again."""

    async def change(tx: Transaction) -> EventReceiver:
        found = await _receiver(tx, receiver, lock=True)
        instant = None if since is None else since.replace(tzinfo=IST)
        return await take_step(UnitOfWork(env, tx, command_subject()), found, step, instant)

    with problems_as_lines(line_of):
        changed = await env.store.carry_out(change)
    print_lines([changed.secret] if step is ReceiverStep.ROTATE else [], f"it is {changed.state.value}")


@group.storage_command("log")
async def show_log(env: Environment, receiver: _Id, limit: Limit = 50) -> None:
    """Show what a receiver was told and is to be told, the latest event first."""
    found = await env.store.read(lambda tx: _receiver(tx, receiver))
    print_table(
        ("event", "kind", "occurred", "attempts", "outcome", "delivered"),
        (
            (
                one.event_id,
                one.kind,
                one.occurred_at.isoformat(timespec="seconds"),
                str(one.attempts),
                one.outcome or "–",
                one.delivered_at.isoformat(timespec="seconds") if one.delivered_at else "–",
            )
            for one in await deliveries_of(env, found, limit)
        ),
        box=None,
    )
    out.print(f"apuni: {found.state.value}")


async def _receiver(tx: Transaction, receiver_id: str, *, lock: bool = False) -> EventReceiver:
    found = await event_receivers.get(tx, receiver_id, lock=lock)
    if found is None:
        raise CommandFailed(f"no receiver {receiver_id}; `apuni events list` shows them")
    return found
