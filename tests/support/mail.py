"""The state's mail server for tests: the sandbox on real ports with a clock that stands still, and our way to it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.kernel import ManualClock
from integrations.calling.guarded_calls import Resilience
from integrations.email import EmailSettings, Mailer
from sandbox.city.kit import Sandbox
from sandbox.email.server import create_sandbox
from tests.support.pfms import loopback
from tests.support.remotes import shared_resilience
from tests.support.sign_in import sandbox_home

REFERENCE = f"17.{'ab' * 16}"


@dataclass
class MailServer:
    """A running sandbox, its clock and what onboarding gave."""

    sandbox: Sandbox
    clock: ManualClock
    given: dict[str, Any]

    def mailer(self, shared: Resilience | None = None, **other: Any) -> Mailer:
        """A client of it, with other settings where some are named."""
        settings = EmailSettings.from_onboarding({**self.given, **other})
        return Mailer(settings, shared or shared_resilience(self.clock), loopback)

    def faults(self, *faults: dict[str, Any]) -> None:
        """Set these faults in place of all others."""
        self.sandbox.faults.set(faults)

    def mails(self, address: str) -> list[dict[str, Any]]:
        """What lies in a mailbox, the latest first."""
        found: list[dict[str, Any]] = self.sandbox.actions["mails"]({"address": address})["mails"]
        return found

    def bounces(self) -> list[dict[str, str]]:
        """What came back since it was last asked."""
        found: list[dict[str, str]] = self.sandbox.actions["bounces"]({})["bounces"]
        return found


@asynccontextmanager
async def mail_server(folder: Path, clock: ManualClock) -> AsyncIterator[MailServer]:
    """The sandbox while it listens."""
    home = sandbox_home(folder, "email", clock)
    sandbox = create_sandbox(home)
    await sandbox.services[0].start()
    try:
        yield MailServer(sandbox, clock, json.loads(home.onboarding.read_text()))
    finally:
        await sandbox.services[0].stop()
        sandbox.close()
