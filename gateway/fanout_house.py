"""Opens what the streams of a process need: the fan-out of changes, the watch over sessions."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from gateway.fanout import Fanout
from gateway.fanout_bus import open_bus
from gateway.fanout_settings import Streams
from gateway.http.streams.sessions import Sessions
from gateway.http.streams.streaming import Streaming
from store.engine import Store

LOOK_SECONDS = 0.2
"""How often is looked whether the process is about to end."""


@asynccontextmanager
async def open_streams(
    settings: Streams, store: Store, cache_url: str | None, is_ready: Callable[[], bool]
) -> AsyncIterator[Streaming]:
    """The streams of one process; they end once the process was ready and is so no more. Raises StoreError."""
    fanout = Fanout(store, settings, open_bus(cache_url))
    sessions = Sessions(store, settings.session_seconds)
    async with fanout.running(), sessions.running():
        streaming = Streaming(settings, sessions, fanout)
        task = asyncio.create_task(_until_the_end(streaming, is_ready))
        try:
            yield streaming
        finally:
            streaming.stopping.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _until_the_end(streaming: Streaming, is_ready: Callable[[], bool]) -> None:
    was_ready = False
    while not was_ready or is_ready():
        was_ready = was_ready or is_ready()
        await asyncio.sleep(LOOK_SECONDS)
    streaming.stopping.set()
