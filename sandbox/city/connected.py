"""The connected clients of one listening port of the city, each served by its own task."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class ConnectionSet:
    """Open connections. After `end` whoever still comes is closed at once.

    A task is known from the moment of its connection: one that is cut before it began closes its connection too.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._open: set[asyncio.Task[None]] = set()
        self._ended = False

    def __len__(self) -> int:
        return len(self._open)

    def accept_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; the callback of `asyncio.start_server`."""
        if self._ended:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)

        def forget_task(done: asyncio.Task[None]) -> None:
            self._open.discard(done)
            writer.close()

        task.add_done_callback(forget_task)

    async def cut(self) -> None:
        """Cut every connection, and wait until all have ended."""
        tasks = tuple(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end(self) -> None:
        """Cut every connection and take no more."""
        self._ended = True
        await self.cut()
