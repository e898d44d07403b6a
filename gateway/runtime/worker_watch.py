"""Decides the alarms in a gateway while no worker is running.

Each worker reports its health every ten seconds, which is its heartbeat in the store. Every gateway reads it.
Where none was heard for too long, one gateway, elected by the lease of the alarms, decides all of them in the
workers' place and posts that no worker runs itself, since the outbox is not delivered.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from actions.kernel import Environment
from actions.platform.alarms import payload_of
from domain.platform.alarms import RULES, Alarm, AlarmCode
from gateway.runtime.alarms import AlarmNotSent, AlarmWatch
from store.platform import alarms

MOST_SILENCE = RULES[AlarmCode.WORKER_AWAY].threshold
_log = structlog.get_logger(__name__)

Post = Callable[[Environment, Mapping[str, Any]], Awaitable[None]]


class WorkerWatch:
    """Counts the silence of all workers on this process's own steady clock, from when it was started at the latest."""

    def __init__(self, environment: Environment, watch: AlarmWatch, post: Post | None) -> None:
        """`post` sends a change to the webhook; None where there is none."""
        self._environment = environment
        self._watch = watch
        self._post = post
        self._beat: datetime | None = None
        self._heard_at = environment.clock.monotonic()
        self._untold: list[Alarm] = []

    @property
    def silence(self) -> float:
        """Seconds since a worker was last heard."""
        return self._environment.clock.monotonic() - self._heard_at

    async def look(self) -> list[Alarm]:
        """Listen for a worker; decide the alarms in its place where there is none, and give the changes."""
        beat = await self._environment.store.read(alarms.last_worker_beat)
        if beat != self._beat:
            self._beat, self._heard_at, self._untold = beat, self._environment.clock.monotonic(), []
        if self.silence < MOST_SILENCE:
            return []
        changes = await self._watch.look(worker_seconds=self.silence)
        self._untold += [alarm for alarm in changes if alarm.code is AlarmCode.WORKER_AWAY]
        await self._tell()
        return changes

    async def _tell(self) -> None:
        """Post what no outbox carries now; it is in the outbox too, under the same name, so it counts once."""
        while self._untold and self._post is not None:
            payload = payload_of(self._untold[0], self._environment.clock.now())
            try:
                await self._post(self._environment, payload)
            except AlarmNotSent as error:
                _log.warning("worker_away_not_told", kind=str(error))
                return
            self._untold.pop(0)
