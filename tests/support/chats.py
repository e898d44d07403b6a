"""A telephone with WhatsApp: what it writes goes through the sandbox, the webhook and the inbox, what comes is read."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from actions.conversations.inbox import WhatsAppInbox, work_inbox
from actions.conversations.lines import send_lines
from actions.feedback.whatsapp_consents import note_consent
from actions.kernel import UnitOfWork
from domain.feedback.whatsapp import ConsentSource
from domain.kernel import Assurance, Source, Subject
from integrations.whatsapp import WhatsApp, WhatsAppSettings, whatsapp_routes
from sandbox.city.kit import Sandbox
from sandbox.whatsapp.server import create_sandbox
from store.database import Transaction
from store.identity import contacts, people
from tests.support.actions import World
from tests.support.remotes import remote_over
from tests.support.sign_in import sandbox_home


class Chat:
    """One telephone. `world.env` knows the number of the state."""

    def __init__(self, world: World, sandbox: Sandbox, mobile: str) -> None:
        self.world, self.sandbox, self.mobile = world, sandbox, mobile
        self._seen = 0

    async def say(self, text: str, **more: Any) -> list[dict[str, Any]]:
        """Write something; what is answered, the oldest first."""
        return await self.hear(text=text, **more)

    async def tap(self, choice: str) -> list[dict[str, Any]]:
        """Tap something that was offered before; raises AssertionError for what was not."""
        assert await self.is_offered(choice), choice
        return await self.hear(choice=choice)

    async def is_offered(self, choice: str) -> bool:
        """Whether something was offered before."""
        return choice in [one for message in await self._all() for one, _ in choices_of(message)]

    async def send(self, content: bytes, media_type: str = "image/jpeg") -> list[dict[str, Any]]:
        """Send a photograph."""
        return await self.hear(file=base64.b64encode(content).decode(), type=media_type)

    async def hear(self, **said: Any) -> list[dict[str, Any]]:
        """Say something in the words of the sandbox, let the worker work, and read what is answered."""
        self.world.clock.advance(timedelta(seconds=10))
        await self.sandbox.act("say", {"mobile": self.mobile, **said})
        return await self.work()

    async def work(self) -> list[dict[str, Any]]:
        """Let the worker work until nothing is left; what came since."""
        while await work_inbox(self.world.env) + await send_lines(self.world.env):
            pass
        found = await self._all()
        fresh, self._seen = found[self._seen :], len(found)
        return fresh

    async def _all(self) -> list[dict[str, Any]]:
        arrived = await self.sandbox.act("messages", {"mobile": self.mobile})
        return list(reversed(arrived["messages"]))


def text_of(message: dict[str, Any]) -> str:
    """The words of a message."""
    part = message[message["type"]]
    return str(part["body"]["text"] if message["type"] == "interactive" else part.get("body", part.get("caption", "")))


def choices_of(message: dict[str, Any]) -> list[tuple[str, str]]:
    """What can be tapped: ids and titles."""
    if message["type"] != "interactive":
        return []
    action = message["interactive"]["action"]
    found = [one["reply"] for one in action.get("buttons", ())]
    found += [row for section in action.get("sections", ()) for row in section["rows"]]
    return [(one["id"], one["title"]) for one in found]


@contextmanager
def whatsapp_of(world: World, folder: Path) -> Iterator[Sandbox]:
    """The world with a number at WhatsApp, whose webhook is served without a socket."""
    home, app = sandbox_home(folder, "whatsapp", world.clock), Starlette()
    sandbox = create_sandbox(home, transport=httpx.ASGITransport(app=app))
    handed = json.loads(home.onboarding.read_text())
    settings, origin = WhatsAppSettings.from_onboarding(handed, times=100), handed["media_url"]
    remote = remote_over(sandbox.app, Source.WHATSAPP, origin.removesuffix("/files"), clock=world.clock)
    media = remote_over(sandbox.app, Source.WHATSAPP, origin, clock=world.clock)
    number = WhatsApp(settings, remote, media, origin)
    world.env = replace(world.env, partners=replace(world.env.partners, whatsapp=number))
    app.router.routes.extend(whatsapp_routes(WhatsAppInbox(world.env), settings, world.clock))
    yield sandbox
    sandbox.close()


async def has_number(world: World, citizen: Subject, mobile: str) -> None:
    """Give a citizen a mobile number, and nobody else."""

    async def work(tx: Transaction) -> None:
        held = (await people.citizens(tx, [world.asha.person_id or "", world.sunil.person_id or ""])).values()
        for one in held:
            await people.update_citizen(tx, replace(one, mobile=mobile if one.id == citizen.person_id else None))
        await contacts.note(tx, [(citizen.person_id or "", mobile)])

    await world.env.store.carry_out(work)


async def agrees(world: World, citizen: Subject, assurance: Assurance = Assurance.SUBSTANTIAL) -> None:
    """Have a citizen agree to WhatsApp in a session of a strength."""

    async def work(tx: Transaction) -> None:
        [held] = (await people.citizens(tx, [citizen.person_id or ""])).values()
        acting = UnitOfWork(world.env, tx, replace(citizen, assurance=assurance))
        await note_consent(acting, held, ConsentSource.PORTAL, given=True)

    await world.env.store.carry_out(work)
