"""Carries messages by WhatsApp to readers who agreed to it."""

from collections.abc import Collection, Mapping

from actions.feedback.carrier import Addresses, Carrier, Outgoing, Taken
from actions.kernel import Environment
from domain.feedback.whatsapp import NOT_THERE_FOR
from domain.kernel import Citizen
from integrations.calling.errors import Refused
from integrations.whatsapp import NOT_THERE, Template, WhatsApp
from store.database import Transaction
from store.feedback import whatsapp_consents

PROVIDER = "meta"


class WhatsAppCarrier(Carrier):
    """The carrier of WhatsApp, whose webhook reports what became of messages."""

    def __init__(self, env: Environment, number: WhatsApp) -> None:
        self._env, self._number = env, number
        self.most_at_once = max(1, int(number.per_second))

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """The numbers of those who agreed, unless WhatsApp said lately that they are not there."""
        said, now = await whatsapp_consents.of_citizens(tx, readers), tx.clock.now()
        return {
            each.id: (each.mobile,)
            for each in readers
            if each.mobile is not None and each.id in said and said[each.id].reaches(now)
        }

    async def send(self, outgoing: Outgoing) -> Taken:
        """Send the template; a number that is not there gets nothing more for a while."""
        text, (mobile,) = outgoing.text, outgoing.addresses
        buttons = tuple((one.kind.value, one.value) for one in text.buttons)
        content = Template(text.template, outgoing.language.value, text.parameters, buttons)
        try:
            sent = await self._number.send(mobile, content, str(outgoing.message.id))
        except Refused as refused:
            if refused.code == NOT_THERE:
                await note_not_there(self._env, mobile)
            raise
        return Taken(PROVIDER, sent)


async def note_not_there(env: Environment, mobile: str) -> None:
    """Note that a number is not on WhatsApp."""
    until = env.clock.now() + NOT_THERE_FOR
    await env.store.carry_out(lambda tx: whatsapp_consents.note_not_there(tx, mobile, until))


def open_carrier(env: Environment) -> WhatsAppCarrier | None:
    """The carrier of WhatsApp; None where the state has no number there."""
    return None if env.partners.whatsapp is None else WhatsAppCarrier(env, env.partners.whatsapp)
