"""The calls of FCM and APNs in the fault matrix; APNs on its own port, by HTTP/2 over TLS."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from domain.identity.push_devices import PushPlatform
from domain.kernel import Source
from integrations import push
from integrations.push import PushMessage, PushSettings
from integrations.push.client import Apns, Fcm, Push
from tests.faults.base import UNSIGNED_RECORD, Adapter
from tests.faults.site import Line, Site


class PushCall(Adapter):
    """A message to one device."""

    system, source = "push", Source.PUSH
    platform: ClassVar[PushPlatform]
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "the answer is about the message that was given",
    }

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.settings: Any = PushSettings.from_onboarding(site.onboarding)

    async def prepare(self) -> None:
        """The app on a telephone."""
        installed = {"mobile": "9800000001", "platform": self.platform.value}
        self.site.pools[self.name] = [(await self.site.city.sandboxes["push"].act("install", installed))["token"]]

    async def ask(self, client: Push, number: int) -> Any:
        notice, until = f"notice-{number}", self.site.city.clock.now() + timedelta(days=1)
        message = PushMessage(notice, "अपुणी सरकार", "संदेश", is_urgent=True, until=until, reference=UUID(int=number + 1))
        await client.send(self.platform, self.site.pools[self.name][0], message)
        return "sent"


class FcmCall(PushCall):
    """By FCM, with the request of its access token."""

    name, platform = "push.fcm", PushPlatform.ANDROID
    policies = (push.client.FCM_SEND, push.client.FCM_TOKEN)
    tells: ClassVar[frozenset[str]] = frozenset({"body"})

    def client(self, line: Line) -> Push:
        return Push(Fcm(self.settings.fcm, line.remote, _TokenPath(line)), None)


class _TokenPath:
    """The caller of the token's address, which lies under that of FCM here."""

    def __init__(self, line: Line) -> None:
        self._remote = line.remote

    async def ask(self, policy: Any, method: str, path: str, read: Any, **parts: Any) -> Any:
        return await self._remote.ask(policy, method, f"/token{path}", read, **parts)


@dataclass
class ApnsSite(Site):
    """The city's APNs, which listens apart from its proxies."""

    def url(self, way: str) -> str:
        port = urlsplit(self.onboarding["apns"]["url"]).port
        hosts = {"unknown_host": "no-such-host.invalid", "private_address": "localhost"}
        return f"https://{hosts.get(way, '127.0.0.1')}:{port}"

    async def emptied(self) -> int:
        service, ends_at = self.city.sandboxes["push"].services[0], time.monotonic() + 3
        while (left := len(service.connections)) and time.monotonic() < ends_at:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        return left


class ApnsCall(PushCall):
    """By APNs."""

    name, platform = "push.apns", PushPlatform.IOS
    policies = (push.client.APNS_SEND,)
    tells: ClassVar[frozenset[str]] = frozenset()
    why_not: ClassVar[Mapping[str, str]] = {**PushCall.why_not, "body": "a good answer has none"}

    def __init__(self, site: Site) -> None:
        trust = ssl.create_default_context(cadata=site.onboarding["apns"]["certificate"])
        super().__init__(ApnsSite(**{**vars(site), "http2": trust}))
        self._clients: dict[int, tuple[Line, Push]] = {}

    def client(self, line: Line) -> Push:
        """One for each line: APNs takes no second provider token there within twenty minutes."""
        made = self._clients.setdefault(id(line), (line, Push(None, Apns(self.settings.apns, line.remote))))
        return made[1]


PUSH = (FcmCall, ApnsCall)
