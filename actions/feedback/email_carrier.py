"""Carries messages by e-mail to the address that a reader confirmed.

An attempt is named by its number and a keyed hash, in the address that bounces come to and in the link by which mails
are stopped: who holds one learns nothing of another.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from actions.feedback.carrier import Addresses, Carrier, Outgoing, Taken
from actions.kernel import Environment
from domain.feedback.mail_layout import html_of_mail, text_of_mail
from domain.feedback.messages import Message
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, Citizen
from domain.kernel.secret_comparison import is_any_secret
from integrations.calling.errors import Refused
from integrations.email import DEAD, Email, Mailer
from store.database import FieldCipher, Transaction, audit
from store.feedback import messages
from store.identity import people

BOUNCE, STOP = "email_bounce", "email_stop"
"""What a name of an attempt is good for."""
_PROVIDER = "email"


class EmailCarrier(Carrier):
    """The carrier of e-mail, whose server says by itself what did not arrive."""

    def __init__(self, env: Environment, mailer: Mailer) -> None:
        self._env, self._mailer = env, mailer
        self.most_at_once = mailer.at_once

    async def addresses(self, tx: Transaction, readers: Collection[Citizen]) -> Mapping[str, Addresses]:
        """The addresses of those who confirmed one."""
        del tx
        return {each.id: (each.confirmed_email,) for each in readers if each.confirmed_email is not None}

    async def send(self, outgoing: Outgoing) -> Taken:
        """Give a mail to the server; an address that it does not know is forgotten."""
        message, language, text = outgoing.message, outgoing.language, outgoing.text
        (address,) = outgoing.addresses
        stop_at = f"{self._env.public_url}/u/{name_of(self._env, message, STOP)}"
        mail = Email(
            address,
            text.title,
            text_of_mail(text.text, language, stop_at),
            language.value,
            name_of(self._env, message, BOUNCE),
            html_of_mail(text.title, text.text, language, stop_at),
            stop_at,
        )
        try:
            return Taken(_PROVIDER, await self._mailer.send(mail), is_last_word=True)
        except Refused as refused:
            if refused.code in DEAD:
                await self._env.store.carry_out(lambda tx: forget_address(tx, message, {address.lower()}))
            raise


def open_carrier(env: Environment) -> EmailCarrier | None:
    """The carrier of e-mail; None where no mail server is connected."""
    return None if env.partners.email is None else EmailCarrier(env, env.partners.email)


def name_of(env: Environment, message: Message, purpose: str) -> str:
    """The name of an attempt for one purpose: its number and a keyed hash."""
    return f"{message.id}.{FieldCipher(env.keyrings).blind_index(purpose, str(message.id))[:32]}"


async def message_named(env: Environment, name: str, purpose: str) -> Message | None:
    """The message that a name is of; None where we did not make that name, or the message is gone."""
    number, _, given = name.partition(".")
    if not number.isdecimal() or not number.isascii() or len(number) > 18:
        return None
    known = FieldCipher(env.keyrings).blind_indexes(purpose, str(int(number)))
    if not is_any_secret(given, (each[:32] for each in known)):
        return None
    return await env.store.read(lambda tx: messages.MESSAGES.get(tx, int(number)))


async def forget_address(tx: Transaction, message: Message, dead: Collection[str]) -> None:
    """Forget the address of a message's reader where it is among those that are dead; another she may confirm."""
    reader = await people.hold_citizen(tx, message.citizen_id)
    if reader is not None and reader.confirmed_email is not None and reader.confirmed_email.lower() in dead:
        await people.update_citizen(tx, replace(reader, confirmed_email=None))
        await note_email(tx, message, "email.address_dead")


async def note_email(tx: Transaction, message: Message, action: str) -> None:
    """Write the audit line of what became of her mail."""
    await audit.record(tx, SYSTEM.label, action, ObjectKind.ACCOUNT, message.citizen_id, Purpose.APPLY)
