"""What `apuni outbox ...` does: messages are shown without what they carry of a person."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rich.table import Table

from actions.alarms import NOTIFY
from actions.code_sending import SEND
from actions.locker_push import ASKED, PUSH
from actions.provider_sign_out import END
from gateway.commands.accounts import account
from gateway.commands.opening import open_rooms, out, print_table
from gateway.settings import Settings
from store import outbox_desk
from store.errors import NotThere
from store.outbox import OutboxMessage, counts
from store.outbox_desk import OutboxFilter

HIDDEN = "(hidden)"
MAY_BE_GIVEN_UP = frozenset({PUSH, ASKED, END, SEND, NOTIFY})
"""Topics for which nobody waits but who is told: no money, certificate, filing, count or withdrawn consent."""
_KEY = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


async def run_list(settings: Settings, wanted: OutboxFilter, older_seconds: float | None, limit: int) -> None:
    """Print messages, the oldest first, and how full the outbox is."""
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
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
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
        message = await outbox_desk.one(tx, message_id)
    if message is None:
        raise NotThere("the message")
    for name, value in shown(message).items():
        out.print(f"{name}: {value}", markup=False)


async def run_retry(settings: Settings, message_id: int) -> bool:
    """Have a message tried now; False where it is delivered or not there."""
    async with open_rooms(settings) as rooms:
        return await rooms.store.carry_out(
            lambda tx: outbox_desk.retry(tx, message_id, rooms.clock.now(), by=account())
        )


async def run_park(settings: Settings, message_id: int) -> bool:
    """Put a waiting message aside; False where it is not waiting."""
    async with open_rooms(settings) as rooms:
        return await rooms.store.carry_out(lambda tx: outbox_desk.park(tx, message_id, by=account()))


async def run_give_up(settings: Settings, message_id: int, reason: str) -> bool:
    """End a dead letter for good; False where it may not be, is not dead or not there."""
    async with open_rooms(settings) as rooms:
        now = rooms.clock.now()
        return await rooms.store.carry_out(
            lambda tx: outbox_desk.give_up(tx, message_id, MAY_BE_GIVEN_UP, now, reason=reason, by=account())
        )


def shown(message: OutboxMessage) -> dict[str, Any]:
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
