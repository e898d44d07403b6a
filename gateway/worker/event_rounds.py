"""Tells every receiver of events by a task of its own, so that one that is slow or dead delays no other."""

import asyncio
from contextlib import suppress

import structlog

from actions.kernel import Environment
from actions.platform.event_deliveries import receivers_due, tell_receiver
from gateway.runtime.leadership import Leadership
from store.database import StoreError

LOOK_SECONDS = 1.0
LEASE_SECONDS = 30.0
_log = structlog.get_logger(__name__)


class EventRounds:
    """Looks which receivers are to be told something; of all workers one at a time tells a receiver."""

    def __init__(self, environment: Environment, stopping: asyncio.Event) -> None:
        self._environment = environment
        self._stopping = stopping
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Begin to tell what is due; does not wait for it. Raises what an earlier task ended with."""
        ended = [key for key, task in self._tasks.items() if task.done()]
        results = [self._tasks.pop(key) for key in ended]
        for receiver_id in await receivers_due(self._environment):
            if receiver_id not in self._tasks:
                self._tasks[receiver_id] = asyncio.create_task(self._tell(receiver_id))
        for task in results:
            task.result()

    async def finish(self) -> None:
        """Wait for what is under way: each ends after the calls that it has begun."""
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def _tell(self, receiver_id: str) -> None:
        lead = Leadership(self._environment, f"events:{receiver_id}", LEASE_SECONDS)
        if not await lead.take():
            return
        try:
            async with lead.renew_in_background():
                taken = await tell_receiver(
                    self._environment, receiver_id, lambda: lead.leads and not self._stopping.is_set()
                )
        finally:
            with suppress(StoreError):
                await lead.resign()
        if taken:
            _log.info("events_told", receiver=receiver_id, count=taken)
