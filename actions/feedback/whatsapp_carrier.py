"""Carries messages by WhatsApp to readers who agreed to it."""

from collections.abc import Collection, Mapping, Sequence

from actions.feedback.carrier import Addresses, Carrier, Outgoing, Taken
from actions.kernel import Environment
from domain.feedback.whatsapp import NOT_THERE_FOR, TemplateState
from domain.kernel import Citizen, Source
from integrations.calling.errors import Refused
from integrations.whatsapp import NOT_THERE, TEMPLATE_CODES, Template, WhatsApp
from store.database import Transaction
from store.feedback import whatsapp_consents, whatsapp_templates

PROVIDER = "meta"
TEMPLATE_UNUSABLE = "TEMPLATE_UNUSABLE"
"""Why a message did not go whose template WhatsApp paused, refused or disabled."""


class WhatsAppCarrier(Carrier):
    """The carrier of WhatsApp, whose webhook reports what became of messages."""

    def __init__(self, env: Environment, number: WhatsApp) -> None:
        self._env, self._number = env, number
        self.most_at_once = max(1, int(number.per_second))
        self._unusable = frozenset[tuple[str, str]]()

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """The numbers of those who agreed, unless WhatsApp said lately that they are not there."""
        said, now = await whatsapp_consents.of_citizens(tx, readers), tx.clock.now()
        return {
            each.id: (each.mobile,)
            for each in readers
            if each.mobile is not None and each.id in said and said[each.id].reaches(now)
        }

    async def prepare(self, tx: Transaction, outgoing: Sequence[Outgoing]) -> None:
        """Read which templates WhatsApp does not send now."""
        del outgoing
        doubtful = await whatsapp_templates.needing_attention(tx)
        self._unusable = frozenset((one.name, one.language) for one in doubtful if not one.is_usable)

    async def send(self, outgoing: Outgoing) -> Taken:
        """Send the template; one that WhatsApp does not send now, or a number that is not there, is Refused.

        So the next channel takes its turn at once, and nothing is asked of WhatsApp until it says otherwise.
        """
        text, language, (mobile,) = outgoing.text, outgoing.language.value, outgoing.addresses
        if (text.template, language) in self._unusable:
            raise Refused(Source.WHATSAPP, TEMPLATE_UNUSABLE)
        buttons = tuple((one.kind.value, one.value) for one in text.buttons)
        content = Template(text.template, language, text.parameters, buttons)
        try:
            sent = await self._number.send(mobile, content, str(outgoing.message.id))
        except Refused as refused:
            if refused.code in TEMPLATE_CODES:
                status = TEMPLATE_CODES[refused.code]
                told = TemplateState(text.template, language, self._env.clock.now(), status)
                await self._env.store.carry_out(lambda tx: whatsapp_templates.note(tx, [told]))
                raise Refused(Source.WHATSAPP, refused.code) from refused
            if refused.code == NOT_THERE:
                until = self._env.clock.now() + NOT_THERE_FOR
                await self._env.store.carry_out(lambda tx: whatsapp_consents.note_not_there(tx, [mobile], until))
            raise
        return Taken(PROVIDER, sent)


def open_carrier(env: Environment) -> WhatsAppCarrier | None:
    """The carrier of WhatsApp; None where the state has no number there."""
    return None if env.partners.whatsapp is None else WhatsAppCarrier(env, env.partners.whatsapp)
