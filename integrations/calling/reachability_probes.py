"""Probes whether an outside system is reachable before the first call to it, and again while nobody asks it.

A connection is opened and closed, with the handshake where it is TLS; no request is sent, so that nothing is
counted, logged or billed over there. A call that failed goes before it (integrations/calling/monitor.py).
"""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from domain.kernel import Source
from integrations.calling.monitor import SourceMonitor
from integrations.calling.transport import REACH_SECONDS, Transports

log = structlog.get_logger(__name__)


class ReachabilityProbes:
    """Tries every system that was not asked lately; a system has one address or several, all of which must answer.

    A host of SFTP takes connections without a login for an attack, and would shut out who tries every ten seconds: it
    is tried once, at the start.
    """

    def __init__(self, lines: Transports, addresses: Mapping[Source, Sequence[str]], monitor: SourceMonitor) -> None:
        self._lines = lines
        self._addresses = addresses
        self._monitor = monitor

    async def probe_all(self) -> None:
        """Try them all at once, for a second at most. Never raises: what cannot be reached is DOWN."""
        now = self._lines.clock.now()
        due = {each: urls for each, urls in self._addresses.items() if self._monitor.is_probe_due(each, now)}
        once = {each for each, urls in due.items() if any(url.startswith("sftp:") for url in urls)}
        self._addresses = {each: urls for each, urls in self._addresses.items() if each not in once}
        await asyncio.gather(*(self._try(each, urls) for each, urls in due.items()))

    async def _try(self, source: Source, urls: Sequence[str]) -> None:
        found = await asyncio.gather(*(self._lines.is_reachable(url, REACH_SECONDS) for url in urls))
        self._monitor.record_reachability(source, self._lines.clock.now(), reachable=all(found))
        if not all(found):
            log.info("source_not_reached", source=source.value)
