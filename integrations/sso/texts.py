"""Sends one-time codes by the state's SMS gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from domain.kernel import Source
from integrations.calling.policies import CallPolicy, Priority
from integrations.calling.remote import Remote
from integrations.identity import reading_json
from integrations.sso import wire_texts as wire

TEXT_POLICY = CallPolicy(
    "sso.text.send",
    Source.SSO,
    total=10.0,
    attempt=5.0,
    keyed=True,
    attempts=1,
    priority=Priority.FIRST,
    breaker="texts",
)
"""The reference is the key: the SMS gateway sends each once. The outbox repeats, not the call."""


@dataclass(frozen=True, slots=True)
class TextSettings:
    """What the SMS gateway hands over."""

    key: str = field(repr=False)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what was handed over; raises KeyError where `texts_key` is missing."""
        return cls(str(given["texts_key"]))


class TextSender:
    """Sends text messages."""

    def __init__(self, settings: TextSettings, remote: Remote) -> None:
        self._settings = settings
        self._remote = remote

    async def send(self, *, reference: str, mobile: str, text: str, template: str) -> None:
        """Hand a message over. Raises RemoteError; may be sent again under the same reference."""
        await self._remote.ask(
            TEXT_POLICY,
            "POST",
            wire.MESSAGES_PATH,
            reading_json(Source.SSO, lambda body: wire.read_receipt(body, reference)),
            json=wire.message(reference=reference, mobile=mobile, text=text, template=template),
            headers={"authorization": f"Bearer {self._settings.key}"},
        )
