"""Notes what comes back of mails: bounces, and the wish for no more mails."""

from dataclasses import replace

from actions.feedback.email_carrier import BOUNCE, STOP, forget_address, message_named, note_email
from actions.feedback.receipts import MessageReport, note_reports
from actions.kernel import Environment
from domain.feedback.messages import USUAL, MessageChannel, MessageState
from integrations.email import Bounce
from store.database import Transaction
from store.feedback import messages


async def note_bounce(env: Environment, bounce: Bounce) -> bool:
    """Note that a mail failed, and forget an address that is dead; whether that changed anything.

    No other report counts: whoever has the mailbox may write one, and a mail that came must end no SMS.
    """
    message = await message_named(env, bounce.reference, BOUNCE)
    if message is None or not bounce.is_final:
        return False
    if bounce.address_is_dead:
        await env.store.carry_out(lambda tx: forget_address(tx, message, bounce.recipients))
    state = MessageState.FAILED_FOR_NOW if bounce.may_pass else MessageState.FAILED
    named = message.provider_id or bounce.reference
    report = MessageReport(named, state, env.clock.now(), bounce.status, message.id)
    return await env.store.carry_out(lambda tx: note_reports(tx, MessageChannel.EMAIL, [report])) > 0


async def stop_mails(env: Environment, name: str) -> bool:
    """Send no mails any more to the reader of a mail whose link is named so; False where there is no such link."""
    message = await message_named(env, name, STOP)
    if message is None:
        return False

    async def work(tx: Transaction) -> None:
        chosen = (await messages.settings_of(tx, [message.citizen_id])).get(message.citizen_id, USUAL)
        wanted = tuple(each for each in chosen.channels if each is not MessageChannel.EMAIL)
        if wanted != chosen.channels:
            await messages.choose(tx, message.citizen_id, replace(chosen, channels=wanted))
            await note_email(tx, message, "email.stopped")

    await env.store.carry_out(work)
    return True
