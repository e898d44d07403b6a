"""Shares open circuit breakers among the processes of a fleet, over Valkey.

It is a hint and no more: each process decides by what it saw itself. A process that learns that a group is
open elsewhere lets one call at a time through until one succeeds, and opens at the first that fails. A
Valkey that is away only means that nobody is warned.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.kernel import Clock, Source
from integrations.calling.breakers import LONGEST_OPEN_SECONDS, Breakers, BreakerState, Caution, hint_name
from integrations.calling.valkey.connections import CACHE_FAULTS, CACHE_SECONDS, client_of

POLL_SECONDS = 2.0
"""How often others' hints are read; one's own are sent at once."""

HINTS = "apuni:breakers"
"""The Valkey hash of open breakers: field `hint_name`, value the end of the open time."""

HINT_SECONDS = 3600
"""The hash goes when nobody wrote to it for so long."""

log = structlog.get_logger(__name__)


class BreakerSharing:
    """Tells of this process's open breakers, and cautions it about those of others."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._client = client_of(url)
        self._clock = clock
        self._news: dict[tuple[Source, str], BreakerState] = {}
        self._woken = asyncio.Event()
        self._away = False

    def note_change(self, source: Source, group: str, state: BreakerState) -> None:
        """Note a change of a breaker of this process, which `exchange` sends to the others."""
        self._news[source, group] = state
        self._woken.set()

    async def exchange(self, breakers: Breakers) -> None:
        """Send what changed, then read what others have sent. An error of Valkey is logged and ignored."""
        news, self._news = self._news, {}
        try:
            async with asyncio.timeout(2 * CACHE_SECONDS):
                await self._tell(breakers, news)
                heard = await self._client.hgetall(HINTS)
        except CACHE_FAULTS as error:
            self._news = {**news, **self._news}
            if not self._away:
                log.warning("breaker_hints_away", kind=type(error).__name__)
            self._away = True
            return
        self._away = False
        breakers.caution(self._cautions(heard))

    @asynccontextmanager
    async def exchange_in_background(self, breakers: Breakers) -> AsyncIterator[None]:
        """Exchange hints in the background: when something changed here, and every two seconds."""
        task = asyncio.create_task(self._run(breakers))
        try:
            yield
        finally:
            while not task.done():  # a call that ends at the same moment may swallow the cancellation
                task.cancel()
                await asyncio.wait({task}, timeout=0.2)
            await self._client.aclose()

    async def _run(self, breakers: Breakers) -> None:
        while True:
            await self.exchange(breakers)
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue
            finally:
                self._woken.clear()

    async def _tell(self, breakers: Breakers, news: Mapping[tuple[Source, str], BreakerState]) -> None:
        for (source, group), state in news.items():
            field = hint_name(source, group)
            if state is BreakerState.OPEN:
                until = self._clock.now() + timedelta(seconds=breakers.open_seconds(source, group))
                await self._client.hset(HINTS, field, until.isoformat())
                await self._client.expire(HINTS, HINT_SECONDS)
            elif state is BreakerState.CLOSED:
                await self._client.hdel(HINTS, field)

    def _cautions(self, heard: Mapping[Any, Any]) -> dict[str, Caution]:
        """What others hold open, by name; what is over or cannot be read is left out."""
        now, cautions = self._clock.now(), {}
        for field, until in heard.items():
            try:
                text = until.decode()
                left = min((datetime.fromisoformat(text) - now).total_seconds(), LONGEST_OPEN_SECONDS)
            except (ValueError, TypeError):
                continue
            if left > 0:
                cautions[field.decode(errors="replace")] = Caution(text, left)
        return cautions
