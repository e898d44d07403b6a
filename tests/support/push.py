"""FCM and APNs for tests: the sandbox on real ports with a clock that stands still, and our way to it."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.identity.push_devices import PushPlatform
from domain.kernel import ManualClock, Source
from integrations.calling.guarded_calls import Resilience
from integrations.calling.remote import Remote
from integrations.calling.transport import Client, Transports
from integrations.push import Push, PushSettings
from integrations.push.client import Apns, Fcm
from sandbox.city.kit import Sandbox
from sandbox.push.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over, shared_resilience
from tests.support.sign_in import sandbox_home

MOBILE = "9800000001"
APP = "in.gov.uk.apunisarkar"


@dataclass
class PushServer:
    """A running sandbox, its clock and what onboarding gave."""

    sandbox: Sandbox
    clock: ManualClock
    given: dict[str, Any]
    lines: list[Client] = field(default_factory=list)

    def push(self, shared: Resilience | None = None, **other: Any) -> Push:
        """A client of it, with other parts of the onboarding where some are named."""
        settings = PushSettings.from_onboarding({**self.given, **other})
        shared = shared or shared_resilience(self.clock)
        fcm = apns = None
        if settings.fcm is not None:
            app, tokens = self.sandbox.app, settings.fcm.token_uri.removeprefix(self.given["base_url"])
            google = remote_over(app, Source.PUSH, clock=self.clock, shared=shared)
            tokens_of = remote_over(app, Source.PUSH, PARTNER + tokens, shared=shared)
            fcm = Fcm(settings.fcm, google, tokens_of, settings.per_second)
        if settings.apns is not None:
            trusted = ssl.create_default_context(cadata=settings.apns.certificate)
            line = Transports(self.clock, demo=True).client_for([settings.apns.url], http2=trusted)
            self.lines.append(line)
            apple = Remote(Source.PUSH, settings.apns.url, client=line, shared=shared)
            apns = Apns(settings.apns, apple, settings.per_second)
        return Push(fcm, apns, settings.per_second)

    def install(self, platform: PushPlatform = PushPlatform.ANDROID, mobile: str = MOBILE, **other: Any) -> str:
        """Install the app on a telephone; the token that the app tells."""
        token: str = self.sandbox.actions["install"]({"mobile": mobile, "platform": platform.value, **other})["token"]
        return token

    def fate(self, token: str, fate: str) -> None:
        """What becomes of messages to a device from now on."""
        self.sandbox.actions["fate"]({"token": token, "fate": fate})

    def messages(self, mobile: str = MOBILE) -> list[dict[str, Any]]:
        """What came to a telephone, the latest first."""
        found: list[dict[str, Any]] = self.sandbox.actions["messages"]({"mobile": mobile})["messages"]
        return found

    def faults(self, *faults: dict[str, Any]) -> None:
        """Set these faults in place of all others."""
        self.sandbox.faults.set(faults)

    def tokens_issued(self) -> int:
        """How many access tokens Google gave."""
        return sum(each["effect"] == "token issued" for each in self.sandbox.ledger.entries())


@asynccontextmanager
async def push_server(folder: Path, clock: ManualClock) -> AsyncIterator[PushServer]:
    """The sandbox while it listens."""
    home = sandbox_home(folder, "push", clock)
    sandbox = create_sandbox(home)
    await sandbox.services[0].start()
    made = PushServer(sandbox, clock, json.loads(home.onboarding.read_text()))
    try:
        yield made
    finally:
        for line in made.lines:
            await line.aclose()
        await sandbox.services[0].stop()
        sandbox.close()
