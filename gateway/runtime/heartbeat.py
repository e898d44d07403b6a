"""The heartbeat of every process: learns what others changed and reports the process's health."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date

import structlog

from actions.kernel import Environment
from actions.platform.alarms import tell
from actions.platform.incidents import StatusHistory, status_history
from domain.applications.deadline import ListState
from domain.applications.holidays import lists_in_doubt
from domain.kernel import ist_date
from domain.platform.alarms import AlarmCode
from domain.platform.switches import Switchboard
from gateway.runtime.background import Periodic, run_periodically
from gateway.runtime.process_health import ProcessHealth
from store.catalogue import calendar
from store.database import Board, Store, StoreError, all_versions
from store.platform import switches

CHANGE_SECONDS = 0.5
"""How often the numbers of changes are read: every process learns of a change within a second."""

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
        self._doubts: Mapping[int, ListState] = {}
        self.history = StatusHistory()
        """What the status page tells of the last months; kept here, so that it is there while the store is away."""
        self._looked: tuple[int, date] | None = None

    @property
    def alarms(self) -> int:
        """How many alarms hold; what this process alone knows of the store is among them."""
        return sum(self.raised.values()) + len(self.unkept_alarms())

    def unkept_alarms(self) -> dict[AlarmCode, float]:
        """The alarms that this process alone knows of, with what was measured."""
        return {code: value for code, value in self._vitals.own_alarms().items() if code not in self.raised}

    async def look_for_changes(self) -> None:
        """Take over what changed; one query where nothing did. What is known holds while the store is away.

        That other switches are obeyed is told at once. Raises StoreError.
        """
        store, asked_at = self._environment.store, self._environment.clock.monotonic()
        versions = await store.read(all_versions)
        self._vitals.store_read()
        store.kept.confirm(versions, asked_at)
        if versions.get(Board.SWITCHES, 0) != self._board.version and await refresh_switches(self._board, store):
            log.info("switches_taken_over", version=self._board.version)
            await self.beat()
        look = versions.get(Board.CALENDAR, 0), ist_date(self._environment.clock.now())
        if look != self._looked:
            await self._look_at_calendar(look[1])
            self._looked = look

    async def _look_at_calendar(self, today: date) -> None:
        """Take over a calendar that was imported since: day counts then follow it.

        A list of holidays that is missing or not verified is noted once, also when a new year comes into use.
        """
        if await refresh_calendar(self._environment):
            log.info("calendar_taken_over", version=self._environment.work_calendar.version)
        doubts = lists_in_doubt(self._environment.work_calendar, today)
        for year, state in doubts.items():
            if self._doubts.get(year) is not state:
                log.warning("holidays_in_doubt", year=year, list=state.value)
        self._doubts = doubts

    async def read_history(self) -> None:
        """Take over incidents and days. Raises StoreError."""
        self.history = await status_history(self._environment)

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
async def run_heartbeat(pulse: Heartbeat, *more: Periodic) -> AsyncIterator[Heartbeat]:
    """Run the heartbeat, and each work of `more` the first time after one interval."""
    own = (CHANGE_SECONDS, pulse.look_for_changes), (BEAT_SECONDS, pulse.beat)
    async with run_periodically(*more, at_once=own):
        yield pulse


def label_of(kind: str) -> str:
    """The name of a process: its kind and its machine."""
    return f"{kind}@{socket.gethostname()}"
