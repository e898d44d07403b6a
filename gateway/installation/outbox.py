"""The commands of `apuni outbox`: show and handle messages, without the personal data that they carry."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from actions.documents.locker_push import ASKED, PUSH
from actions.identity.code_sending import SEND
from actions.identity.provider_sign_out import END
from actions.kernel import Environment
from actions.platform.alarms import NOTIFY
from domain.kernel import CommandFailed
from domain.platform.outbox import shown_payload
from gateway.commands.kernel import CommandGroup, Limit, Reason, account, out, print_table
from store.database import require_there
from store.platform import outbox_desk
from store.platform.outbox import OutboxMessage, OutboxState, counts
from store.platform.outbox_desk import OutboxFilter

group = CommandGroup()
"""Messages to outside systems that wait or failed."""

MAY_BE_GIVEN_UP = frozenset({PUSH, ASKED, END, SEND, NOTIFY})
"""Topics of mere notifications: no money, certificate, filing, count or withdrawn consent depends on them."""
_Number = Annotated[int, typer.Argument(help="the message's number, as `apuni outbox list` shows it")]


@group.storage_command("list")
async def list_messages(
    env: Environment,
    state: Annotated[OutboxState | None, typer.Option(help="only messages in this state")] = None,
    topic: Annotated[str | None, typer.Option(help="the kind of message")] = None,
    error: Annotated[str | None, typer.Option(help="the code of the last failure")] = None,
    attempts: Annotated[int | None, typer.Option(help="at least so many attempts")] = None,
    older: Annotated[float | None, typer.Option(help="written at least so many seconds ago")] = None,
    limit: Limit = 50,
) -> None:
    """List messages, the oldest first."""
    now = env.clock.now()
    wanted = OutboxFilter(state, topic, error, attempts, None if older is None else now - timedelta(seconds=older))
    async with env.store.read_transaction() as tx:
        found = await outbox_desk.search(tx, wanted, limit)
        total = await counts(tx)
    print_table(
        ("id", "topic", "state", "attempts", "age", "due", "error"),
        (
            (
                str(message.id),
                message.topic,
                message.state.value,
                str(message.attempts),
                f"{(now - message.created_at).total_seconds():.0f} s",
                message.due_at.isoformat(timespec="seconds"),
                message.error_code or "–",
            )
            for message in found
        ),
        box=None,
    )
    out.print(f"apuni: {total.pending} pending, {total.dead} dead, the oldest waits {total.oldest_seconds:.0f} s")


@group.storage_command("show")
async def show_message(env: Environment, number: _Number) -> None:
    """Show one message, without the personal data in it."""
    message = require_there(await env.store.read(lambda tx: outbox_desk.message_by_id(tx, number)), "the message")
    for name, value in message_fields(message).items():
        out.print(f"{name}: {value}")


@group.storage_command("retry")
async def retry_message(env: Environment, number: _Number) -> None:
    """Try a message again now, also a dead or parked one."""
    now = env.clock.now()
    if not await env.store.carry_out(lambda tx: outbox_desk.retry(tx, number, now, by=account())):
        raise CommandFailed("it is delivered, or not there")


@group.storage_command("park")
async def park_message(env: Environment, number: _Number) -> None:
    """Put a pending message aside until it is retried; later ones of the same application wait with it."""
    if not await env.store.carry_out(lambda tx: outbox_desk.park(tx, number, by=account())):
        raise CommandFailed("it does not wait, or is not there")


@group.storage_command("give-up")
async def give_up_message(env: Environment, number: _Number, reason: Reason) -> None:
    """End a dead message for good, so that later ones of the same application continue.

    Only a push to a locker, a code, an alarm or the end of a session: others must be delivered.
    """
    now = env.clock.now()
    if not await env.store.carry_out(
        lambda tx: outbox_desk.give_up(tx, number, MAY_BE_GIVEN_UP, now, reason=reason, by=account())
    ):
        why = "it is not dead, not there, or somebody waits for what it does"
        raise CommandFailed(f"{why}: mend the cause and retry it")


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
        **{f"payload.{name}": value for name, value in shown_payload(message.payload).items()},
    }
