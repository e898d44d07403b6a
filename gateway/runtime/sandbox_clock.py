"""A clock that follows the sandbox city's, so that a demo can be moved by days (APUNI_CLOCK=sandbox)."""

import asyncio
import contextlib
import ssl
from datetime import datetime, timedelta
from typing import Self

import httpx

from domain.kernel import SystemClock
from gateway.runtime import runfiles
from gateway.settings.settings import Settings

POLL_SECONDS = 1.0

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that connect to this machine without TLS: reading all authorities takes 20 ms for each client."""


class FollowedClock(SystemClock):
    """The machine's clock plus the offset that the city's control route was last seen to have."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._offset = timedelta(0)
        self._follower: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Read the city's clock once, then follow it; raises NotUp where the city is not running."""
        clock = cls(f"http://127.0.0.1:{runfiles.ports(settings.home)['sandbox']}/_control/clock")
        await clock._read()
        clock._follower = asyncio.create_task(clock._follow())
        return clock

    def now(self) -> datetime:
        return super().now() + self._offset

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            with contextlib.suppress(httpx.HTTPError, runfiles.NotUp):
                await self._read()

    async def _read(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=2.0, verify=NO_AUTHORITIES) as client:
            answer = await client.get(self._url)
        if answer.status_code != 200:
            raise runfiles.NotUp("the sandbox city has no clock")
        self._offset = datetime.fromisoformat(answer.json()["now"]) - super().now()
