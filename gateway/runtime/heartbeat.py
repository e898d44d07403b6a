"""The heartbeat of every process: refreshes the kill switches and reports the process's health."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import structlog

from actions.kernel import Environment
from actions.platform.alarms import tell
from domain.platform.alarms import AlarmCode
from domain.platform.switches import Switchboard
from gateway.runtime.process_health import ProcessHealth
from store.catalogue import calendar
from store.database import Store, StoreError
from store.platform import switches

SWITCH_SECONDS = 1.0
"""How often the number of the switches is read: a change holds everywhere within two seconds."""

CALENDAR_SECONDS = 5.0
"""How often the version of the calendar is read."""

BEAT_SECONDS = 10.0
log = structlog.get_logger(__name__)


async def refresh_switches(board: Switchboard, store: Store) -> bool:
    """Read the switches where they changed; True where they did. One row is read where they did not."""
    async with store.read_transaction() as tx:
        version = await switches.version(tx)
        if version == board.version:
            return False
        board.replace(await switches.all_switches(tx), version)
    return True


async def refresh_calendar(environment: Environment) -> bool:
    """Read the calendar where another one was imported; True where it was."""
    async with environment.store.read_transaction() as tx:
        version = await calendar.latest_version(tx)
        if version in (None, environment.work_calendar.version):
            return False
        environment.caches.calendars.latest = await calendar.work_calendar(tx, version)
    return True


class Heartbeat:
    """The beat of one process. `raised` is how many alarms of each code held at the last beat."""

    def __init__(self, environment: Environment, board: Switchboard, vitals: ProcessHealth) -> None:
        self._environment = environment
        self._board = board
        self._vitals = vitals
        self._id = environment.ids.key()
        self.raised: dict[AlarmCode, int] = {}

    @property
    def alarms(self) -> int:
        """How many alarms hold; a store that this process cannot reach is one of them."""
        return sum(self.raised.values()) + self._vitals.store_is_away

    async def poll_switches(self) -> None:
        """Take over the switches and say so at once; the last known ones hold while the store is away."""
        if await refresh_switches(self._board, self._environment.store):
            log.info("switches_taken_over", version=self._board.version)
            await self.beat()

    async def poll_calendar(self) -> None:
        """Take over a calendar that was imported since: day counts then follow it. One row is read where none was."""
        if await refresh_calendar(self._environment):
            log.info("calendar_taken_over", version=self._environment.work_calendar.version)

    async def beat(self) -> None:
        """Tell of this process. Raises StoreError, and remembers that the store was away."""
        self._vitals.read_clock()
        facts = replace(self._vitals.facts(), switches=self._board.version)
        try:
            self.raised = await tell(self._environment, self._id, facts)
        except StoreError:
            self._vitals.store_failed()
            raise
        self._vitals.store_answered()


@asynccontextmanager
async def run_heartbeat(
    pulse: Heartbeat, *more: tuple[float, Callable[[], Awaitable[object]]]
) -> AsyncIterator[Heartbeat]:
    """Run the heartbeat and each work of `more` at its interval in seconds, the first time after one interval."""
    stopping = asyncio.Event()
    tasks = [
        asyncio.create_task(_repeat(stopping, SWITCH_SECONDS, pulse.poll_switches)),
        asyncio.create_task(_repeat(stopping, CALENDAR_SECONDS, pulse.poll_calendar)),
        asyncio.create_task(_repeat(stopping, BEAT_SECONDS, pulse.beat)),
        *(asyncio.create_task(_repeat(stopping, seconds, work, wait_first=True)) for seconds, work in more),
    ]
    try:
        yield pulse
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def run_periodically(*works: tuple[float, Callable[[], Awaitable[object]]]) -> AsyncIterator[None]:
    """Run each work at its interval in seconds, the first time after one interval; a failure is logged only."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_repeat(stopping, seconds, work, wait_first=True)) for seconds, work in works]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


def label_of(kind: str) -> str:
    """The name of a process: its kind and its machine."""
    return f"{kind}@{socket.gethostname()}"


async def _repeat(
    stopping: asyncio.Event, seconds: float, work: Callable[[], Awaitable[object]], *, wait_first: bool = False
) -> None:
    well = True
    if wait_first:
        await _wait(stopping, seconds)
    while not stopping.is_set():
        try:
            await work()
            well = True
        except Exception as error:  # noqa: BLE001 - one bad beat must not stop the others
            if well:  # logged once, not at every heartbeat of an outage
                log.warning("pulse_missed", work=getattr(work, "__name__", "work"), kind=type(error).__name__)
            well = False
        await _wait(stopping, seconds)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
