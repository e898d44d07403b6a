"""Telling a receiver of events, in the fault matrix."""

import base64
from collections.abc import Mapping
from typing import Any, ClassVar

from domain.kernel import Source, SystemClock, SystemIds
from integrations import event_receivers
from integrations.calling.remote import Remote
from integrations.event_receivers import Message, ReceiverCalls
from tests.faults.base import Adapter
from tests.faults.site import Line

SECRET = f"whsec_{base64.b64encode(b'a secret of thirty-two octets...').decode()}"
BODY = {"type": "application.decided", "timestamp": "2026-11-24T06:30:00+00:00", "data": {"service": "ES09"}}


class TellReceiver(Adapter):
    name, system, source = "event_receivers.tell", "event_receivers", Source.EVENT_RECEIVERS
    policies = event_receivers.POLICIES
    tells: ClassVar[frozenset[str]] = frozenset()
    why_not: ClassVar[Mapping[str, str]] = {
        "body": "a status alone says that it was taken",
        "signature": "the message is signed, its answer is not",
        "token": "it carries a signature and no token",
        "parts": "one message at a time",
        "pages": "one message at a time",
        "owner": "the answer is about the message that was sent",
    }

    async def prepare(self) -> None:
        """The receiver knows the secret."""
        await self.site.city.sandboxes[self.system].act("configure", {"name": "faults", "secrets": [SECRET]})

    def client(self, line: Line) -> ReceiverCalls:
        async def open_remote(_: str) -> Remote:
            return line.remote

        return ReceiverCalls(open_remote)

    async def ask(self, client: ReceiverCalls, number: int) -> Any:
        message = Message(f"evt_{SystemIds(SystemClock()).digits(32)}", BODY)
        await client.tell("faults", "http://receiver.test/hooks/faults", [SECRET], message)
        return "told"
