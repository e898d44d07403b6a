"""Notes what providers report of messages by themselves: receipts of webhooks and bounces of e-mail."""

from datetime import datetime

from actions.feedback.message_outcomes import end_message
from actions.kernel import Environment
from domain.feedback.messages import MessageChannel, MessageState
from store.database import Transaction
from store.feedback import messages

REPORTED = frozenset({MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.FAILED_FOR_NOW})
"""What a provider may report."""


async def note_receipt(
    env: Environment,
    channel: MessageChannel,
    provider_id: str,
    state: MessageState,
    *,
    reason: str | None = None,
    at: datetime,
    message_id: int | None = None,
) -> bool:
    """Note what a provider reported of a message; whether that changed anything.

    `provider_id` is the provider's name for it, `message_id` our number of it where the provider echoes that
    (`Outgoing.message.id`): so a receipt that comes before the answer, or in place of one that was lost, finds it.
    `reason` is the provider's code, never a text; `at` is when it happened, as the provider says. A receipt of a
    message that is not known, or is further already, changes nothing, however often it comes. After a failure the next
    channel takes its turn.
    """
    if state not in REPORTED:
        return False
    happened = min(at, env.clock.now())

    async def note(tx: Transaction) -> bool:
        found = await messages.named_so(tx, channel, provider_id, message_id)
        if found is None:
            return False
        named = {"provider_id": provider_id, "state_at": happened}
        if state is MessageState.SENT:
            return bool(await messages.move(tx, [found.id], state, **named))
        return await end_message(tx, found, state, reason, **named)

    return await env.store.carry_out(note)
