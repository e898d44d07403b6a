"""Runs coroutines in the background of a context."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

Periodic = tuple[float, Callable[[], Awaitable[object]]]
"""A piece of work with its interval in seconds."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def run_in_background(*works: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Run these until the end of the context, which cancels them. Raises then what one of them ended with."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


@asynccontextmanager
async def run_periodically(*works: Periodic, at_once: tuple[Periodic, ...] = ()) -> AsyncIterator[None]:
    """Run each work at its interval, the first time after one interval, those of `at_once` at once.

    A failure is logged only; at the end of the context what is under way is finished.
    """
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_repeat(stopping, *each)) for each in at_once]
    tasks += [asyncio.create_task(_repeat(stopping, *each, wait_first=True)) for each in works]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def _repeat(
    stopping: asyncio.Event, seconds: float, work: Callable[[], Awaitable[object]], *, wait_first: bool = False
) -> None:
    well = True
    if wait_first:
        await wait_for_event(stopping, seconds)
    while not stopping.is_set():
        try:
            await work()
            well = True
        except Exception as error:  # noqa: BLE001 - one bad beat must not stop the others
            if well:  # logged once, not at every heartbeat of an outage
                log.warning("pulse_missed", work=getattr(work, "__name__", "work"), kind=type(error).__name__)
            well = False
        await wait_for_event(stopping, seconds)


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, so many seconds at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await event.wait()
