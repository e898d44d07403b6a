"""Carries messages by SMS to the telephone number that a reader's account has."""

from collections.abc import Collection, Mapping

from actions.feedback.carrier import Addresses, Carrier, Outgoing, Taken
from actions.kernel import Environment
from domain.feedback.message_texts import FilledText, parts_of
from domain.feedback.messages import MessageState
from domain.kernel import Citizen
from integrations import sms
from integrations.sms import Sms, SmsGateway
from store.database import Transaction


class SmsCarrier(Carrier):
    """The carrier of SMS."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway
        self.most_at_once = max(1, int(gateway.per_second))

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """The numbers of those who have one."""
        del tx
        return {each.id: (each.mobile,) for each in readers if each.mobile is not None}

    async def send(self, outgoing: Outgoing) -> Taken:
        """Give a text to the first provider that answers for it."""
        text = outgoing.text
        taken = await self._gateway.send(Sms(outgoing.addresses[0], text.text, text.template))
        return Taken(taken.provider, taken.message_id)

    def parts_of(self, text: FilledText) -> int:
        """The parts of the SMS."""
        return parts_of(text.text)

    def is_asked(self, provider: str) -> bool:
        """Whether the provider has an enquiry."""
        return sms.Taken(provider, "").is_reported

    async def state_of(self, provider: str, message_id: str) -> MessageState | None:
        """What the provider's report says."""
        return await self._gateway.state_of(sms.Taken(provider, message_id))


def open_carrier(env: Environment) -> SmsCarrier | None:
    """The carrier of SMS; None where the state has no account with a provider."""
    return None if env.partners.sms is None else SmsCarrier(env.partners.sms)
