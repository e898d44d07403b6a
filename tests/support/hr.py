"""The state's HR system beside an environment: its sandbox calls our endpoint without a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from actions.kernel import Environment
from actions.officers.staff_feed import StaffFeed
from integrations.hr import HrSettings, hr_routes
from sandbox.city.kit import Sandbox
from sandbox.hr.server import create_sandbox
from tests.support.fees import sandbox

POST = {"role": "OFFICER", "level": "DESIGNATED", "department": "revenue-department", "district": "49"}
NEXT_POST = {**POST, "district": "45"}


@dataclass
class Hr:
    """The HR system, and what answers it."""

    sandbox: Sandbox
    door: Starlette

    async def send(self, *rows: dict[str, str], **more: Any) -> dict[str, Any]:
        """Send rows; status and answer."""
        return await self.sandbox.act("send", {"rows": list(rows), **more})

    async def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Let it do something."""
        return await self.sandbox.act(action, arguments)


@contextmanager
def an_hr_system(env: Environment, folder: Path) -> Iterator[Hr]:
    """Connect an environment with an HR system of its own."""
    door = Starlette()
    create = partial(create_sandbox, transport=httpx.ASGITransport(app=door))
    made, given = sandbox(create, env.clock, folder, "hr")
    door.routes.extend(hr_routes(StaffFeed(env), HrSettings.from_onboarding(given, times=1000), env.clock))
    try:
        yield Hr(made, door)
    finally:
        made.close()


def joiner(name: str, **more: str) -> dict[str, str]:
    """A row by which an officer joins."""
    named = {"name_en": name.title(), "designation_en": "Tehsildar"}
    return {"change": "JOIN", "email": f"{name}@uk.gov.example", **named, **POST, **more}
