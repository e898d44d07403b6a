"""Telephones in place of the providers of SMS."""

from dataclasses import replace
from typing import Any

from actions.kernel import Environment
from domain.feedback.messages import MessageState
from integrations.calling.errors import RemoteError
from integrations.sms import Sms, Taken
from states.message_texts import message_texts
from states.packages import state_folder


class Phones:
    """Telephones: what came to each number. `failures` are what the next sendings end with, by their provider."""

    def __init__(self) -> None:
        self.providers: tuple[str, ...] = ("msdp", "nic")
        self.per_second = 15.0
        self.asked = 0
        self.sent: list[tuple[str, str]] = []
        self.by: list[str] = []
        self.failures: dict[str, RemoteError] = {}
        self.states: dict[str, MessageState] = {}

    async def send(self, sms: Sms) -> Taken:
        """Take a text by the first provider."""
        return await self.send_by(self.providers[0], sms)

    async def send_by(self, provider: str, sms: Sms) -> Taken:
        """Take a text, or fail as was told."""
        self.by.append(provider)
        if provider in self.failures:
            raise self.failures[provider]
        self.sent.append((sms.mobile, sms.text))
        return Taken(provider, f"id-{len(self.sent)}")

    async def state_of(self, taken: Taken) -> MessageState | None:
        """What became of a text, as was told; `report` among the failures is that of the enquiry."""
        self.asked += 1
        if "report" in self.failures:
            raise self.failures["report"]
        return self.states.get(taken.message_id)

    def code(self) -> str:
        """The six digits of the text that came last."""
        text = self.sent[-1][1]
        return next(word for word in text.replace("।", " ").split() if word.isdigit() and len(word) == 6)


def with_phones(env: Environment, phones: Phones) -> Environment:
    """An environment that sends to these telephones the texts of the default state."""
    gateway: Any = phones
    rules = replace(env.rules, message_texts=message_texts(state_folder()))
    return replace(env, partners=replace(env.partners, sms=gateway), rules=rules)
