"""Takes over what other processes heard of outside systems that this one does not ask itself.

e-Taal and, over SFTP, PFMS are called by workers alone.
"""

from datetime import datetime, timedelta

from actions.kernel import Environment
from domain.kernel import Source
from domain.platform.source_reports import last_heard
from integrations.calling.monitor import SourceMonitor
from store.platform import alarms, event_receivers


class SourceReports:
    """The reports of all processes, read for the monitor of this one."""

    def __init__(self, environment: Environment, monitor: SourceMonitor) -> None:
        self._environment = environment
        self._monitor = monitor

    async def look(self) -> None:
        """Read what was last reported. Raises StoreError."""
        async with self._environment.store.read_transaction() as tx:
            heard = last_heard(await alarms.reported_facts(tx))
            registered = [Source.EVENT_RECEIVERS] if await event_receivers.any_confirmed(tx) else []
        now = self._environment.clock.now()
        found = {}
        for name, one in heard.items():
            source, _, system = name.partition("/")
            if source in Source.__members__:
                found[Source(source), system] = (_instant_of(now, one.success), _instant_of(now, one.failure))
        self._monitor.take_reports(found, registered)


def _instant_of(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now - timedelta(seconds=seconds)
