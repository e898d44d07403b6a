"""Notes what providers report of messages by themselves: receipts of webhooks and bounces of e-mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.feedback.messages import RANK, Message, MessageChannel, MessageState
from store.database import Transaction
from store.feedback import messages

REPORTED = (MessageState.SENT, MessageState.FAILED_FOR_NOW, MessageState.DELIVERED, MessageState.FAILED)
"""What a provider may report; of two of a message the later one of these counts, but that DELIVERED is not undone."""


@dataclass(frozen=True, slots=True)
class MessageReport:
    """What a provider reported of a message.

    `provider_id` is the provider's name for it, `message_id` our number of it where the provider echoes that
    (`Outgoing.message.id`): so a report that comes before the answer, or in place of one that was lost, finds it.
    `reason` is the provider's code, never a text; `at` is when it happened, as the provider says.
    """

    provider_id: str
    state: MessageState
    at: datetime
    reason: str | None = None
    message_id: int | None = None


async def note_reports(tx: Transaction, channel: MessageChannel, reports: Sequence[MessageReport]) -> int:
    """Note what providers reported of messages of a channel, by a few statements for all; how many messages moved.

    A report of a message that is not known, or is further already, changes nothing, however often it comes. After a
    failure the next channel takes its turn.
    """
    told = [each for each in reports if each.state in REPORTED]
    ours = {each.message_id for each in told if each.message_id is not None}
    named, unnamed = await messages.named_so(tx, channel, {each.provider_id for each in told}, ours)
    moved: dict[int, tuple[Message, MessageReport]] = {}
    for each in sorted(told, key=lambda one: (REPORTED.index(one.state), one.at)):
        found = named.get(each.provider_id) or unnamed.get(each.message_id or 0)
        if found is not None:
            state = moved[found.id][1].state if found.id in moved else found.state
            if RANK[each.state] > RANK[state]:
                moved[found.id] = found, each
    going_on = [_row(tx, *each) for each in moved.values() if each[1].state is MessageState.SENT]
    over = [_row(tx, *each) for each in moved.values() if each[1].state is not MessageState.SENT]
    await messages.move_each(tx, going_on)
    await messages.move_each(tx, over)
    delivered = [found for found, each in moved.values() if each.state is MessageState.DELIVERED]
    await messages.cancel_turns(tx, delivered)
    return len(moved)


def _row(tx: Transaction, found: Message, report: MessageReport) -> Mapping[str, Any]:
    """What changes of a message; after any end but DELIVERED the next channel takes its turn."""
    now = tx.clock.now()
    row: dict[str, Any] = {"id": found.id, "state": report.state.value, "provider_id": report.provider_id}
    row |= {"state_at": min(report.at, now), "reason": report.reason}
    if report.state is MessageState.SENT:
        return row
    after = None if report.state is MessageState.DELIVERED else now
    return row | {"send_at": None, "look_at": None, "next_at": after}
