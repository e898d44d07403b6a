"""The calls of WhatsApp in the fault matrix."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from domain.kernel import Source
from integrations import whatsapp
from integrations.whatsapp import Template, Text, WhatsApp, WhatsAppSettings
from tests.faults.base import UNSIGNED_RECORD, Adapter
from tests.faults.site import Line


class WhatsAppCall(Adapter):
    """A call of WhatsApp, whose answers are about one message or one file."""

    system, source = "whatsapp", Source.WHATSAPP
    tells: ClassVar[frozenset[str]] = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "the answer is about the message or the file that was given",
    }

    def client(self, line: Line) -> WhatsApp:
        settings = WhatsAppSettings.from_onboarding(self.site.onboarding)
        return WhatsApp(settings, line.remote, line.remote, self.site.onboarding["media_url"])


class WhatsAppNotice(WhatsAppCall):
    name = "whatsapp.notice"
    policies = (whatsapp.client.NOTICE,)

    async def ask(self, client: WhatsApp, number: int) -> Any:
        await client.send(f"98{number:08d}", Template("apk_approved_v1", "hi", ("1260 12345 67890",)))
        return "sent"


class WhatsAppSend(WhatsAppCall):
    name = "whatsapp.send"
    policies = (whatsapp.client.SEND,)

    async def ask(self, client: WhatsApp, number: int) -> Any:
        """A line of a conversation that its reader began."""
        mobile = f"98{number:08d}"
        await self.site.city.sandboxes["whatsapp"].act("say", {"mobile": mobile, "text": "hello"})
        await client.send(mobile, Text("hello"))
        return "sent"


class WhatsAppUpload(WhatsAppCall):
    name = "whatsapp.upload"
    policies = (whatsapp.client.UPLOAD,)

    async def ask(self, client: WhatsApp, number: int) -> Any:
        await client.upload(b"%PDF-1.7", "application/pdf", "certificate.pdf")
        return "uploaded"


class WhatsAppTemplates(WhatsAppCall):
    name = "whatsapp.templates"
    policies = (whatsapp.client.LIST_TEMPLATES,)

    async def ask(self, client: WhatsApp, number: int) -> Any:
        return len(await client.templates())


class WhatsAppNumber(WhatsAppCall):
    name = "whatsapp.number"
    policies = (whatsapp.client.FIND_NUMBER,)

    async def ask(self, client: WhatsApp, number: int) -> Any:
        return (await client.state()).status


class WhatsAppMedia(WhatsAppCall):
    name = "whatsapp.media"
    policies = (whatsapp.client.FIND_MEDIA, whatsapp.client.FETCH_MEDIA)

    def client(self, line: Line) -> WhatsApp:
        """The files lie where the line leads: under the sandbox's own address, faults reach the first call alone."""
        settings = WhatsAppSettings.from_onboarding(self.site.onboarding)
        return WhatsApp(settings, line.remote, line.remote, self.site.onboarding["base_url"].rstrip("/"))

    async def prepare(self) -> None:
        """A photograph that somebody sent."""
        said = {"mobile": "9800000001", "file": base64.b64encode(b"jpeg").decode()}
        await self.site.city.sandboxes["whatsapp"].act("say", said)
        self.site.pools[self.name] = list(self.site.city.sandboxes["whatsapp"].state.values_of("media"))

    async def ask(self, client: WhatsApp, number: int) -> Any:
        found = await client.download(self.site.pools[self.name][0])
        return hashlib.sha256(found.content).hexdigest()


WHATSAPP = (WhatsAppNotice, WhatsAppSend, WhatsAppUpload, WhatsAppMedia, WhatsAppTemplates, WhatsAppNumber)
