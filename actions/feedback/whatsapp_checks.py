"""Looks once a day for what WhatsApp did not tell: states of number and templates, and messages without a report.

WhatsApp cannot be asked what became of a message (docs/contracts/whatsapp.md sections 3 and 10).
"""

from datetime import timedelta

import structlog

from actions.feedback.texts import texts_in_force
from actions.kernel import Environment
from domain.feedback.messages import MessageChannel
from domain.feedback.whatsapp import ABSENT, TemplateState
from integrations.calling.errors import RemoteError
from store.database import Transaction
from store.feedback import messages, whatsapp_templates

REPORTED_WITHIN = timedelta(hours=24)
_log = structlog.get_logger(__name__)


async def check_whatsapp(env: Environment) -> None:
    """Let the next channel take its turn where no report came, and note number and templates as WhatsApp says now.

    A template that a text of ours names and WhatsApp does not list is noted as absent.
    """
    number = env.partners.whatsapp
    if number is None:
        return
    if many := await env.store.carry_out(_pass_on):
        _log.warning("whatsapp_without_report", messages=many)
    try:
        listed = [*await number.templates(), await number.state()]
    except RemoteError as error:
        _log.warning("whatsapp_templates_not_told", code=error.code)
        return
    known = {(one.name, one.language) for one in listed}

    async def note(tx: Transaction) -> None:
        texts = (await texts_in_force(env, tx)).values()
        named = [(each.text_for(MessageChannel.WHATSAPP, one), one.value) for each in texts for one in each.texts]
        wanted = {(text.template, language) for text, language in named if text is not None}
        absent = [TemplateState(*each, tx.clock.now(), ABSENT) for each in sorted(wanted - known)]
        await whatsapp_templates.note(tx, [*listed, *absent])

    await env.store.carry_out(note)


async def _pass_on(tx: Transaction) -> int:
    """Have the next channel take its turn for messages without a report; how many there were."""
    waiting = await messages.ids_without_report(tx, MessageChannel.WHATSAPP, tx.clock.now() - REPORTED_WITHIN)
    await messages.plan(tx, waiting, next_at=tx.clock.now())
    return len(waiting)
