"""Signals of new changes between processes, in Redis or Valkey."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from integrations.calling.valkey.connections import pool_of

CHANNEL = "apuni:changes"
CONNECT_SECONDS = 1.0
LISTEN_SECONDS = 10.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
"""How long is waited after a lost connection; twice as long each time."""

_AWAY = (RedisError, OSError, TimeoutError)
log = structlog.get_logger(__name__)


class Bus:
    """Signals new changes to other processes and receives their signals; simultaneous signals count as one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._to_tell = asyncio.Event()

    def notify_others(self) -> None:
        """Let the others know; returns at once."""
        self._to_tell.set()

    async def run(self, heard: Callable[[], None] | None) -> None:
        """Tell and, where `heard` is given, listen until cancelled; comes back by itself where the bus was away."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_reconnecting(self._publish_changes))
            if heard is not None:
                tasks.create_task(self._run_reconnecting(lambda client: _listen(client, heard)))

    async def _run_reconnecting(self, work: Callable[[Any], Any]) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            client = redis.asyncio.Redis.from_pool(pool_of(self._url, CONNECT_SECONDS, LISTEN_SECONDS * 2))
            try:
                await client.ping()
                wait = FIRST_WAIT_SECONDS
                await work(client)
            except _AWAY as error:
                log.warning("bus_away", kind=type(error).__name__)
            finally:
                with suppress(*_AWAY):
                    await client.aclose()
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    async def _publish_changes(self, client: Any) -> None:
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            await client.publish(CHANNEL, b"1")


async def _listen(client: Any, heard: Callable[[], None]) -> None:
    async with client.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(CHANNEL)
        heard()  # whatever was said while nobody listened
        while True:
            if await channel.get_message(timeout=LISTEN_SECONDS) is not None:
                heard()
            else:
                await channel.ping()
