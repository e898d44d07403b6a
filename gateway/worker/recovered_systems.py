"""Has failed messages to an outside system tried soon after it is back, instead of at their next turn."""

from collections.abc import Collection

import structlog

from actions.kernel import Environment
from domain.kernel import Source
from integrations.calling.breakers import GOOD_PROBES, Breakers, BreakerState
from store.platform import outbox

LOOK_SECONDS = 5.0
AT_ONCE = 500

_log = structlog.get_logger(__name__)


class RecoveredSystems:
    """Watches the breakers of the systems that messages go to.

    A breaker whose open time is over lets single calls through, and closes after GOOD_PROBES good ones. So many
    messages are brought forward to make them, where nobody else asks; all others once it has closed.
    """

    def __init__(self, environment: Environment, breakers: Breakers) -> None:
        self._environment = environment
        self._breakers = breakers
        self._probes: dict[tuple[Source, str], int] = {}
        """For each breaker that is not closed, how many messages were brought forward since it was last open."""

    async def look(self) -> int:
        """Bring forward what may be tried now; returns how many messages."""
        topics: dict[Source, list[str]] = {}
        for topic, source in self._environment.registry.outside_topics.items():
            topics.setdefault(source, []).append(topic)
        found = 0
        for source, names in topics.items():
            for group, state in self._breakers.groups(source).items():
                found += await self._follow(source, group, state, names)
        return found

    async def _follow(self, source: Source, group: str, state: BreakerState, topics: Collection[str]) -> int:
        key = (source, group)
        if state is BreakerState.OPEN:
            self._probes[key] = 0
            return 0
        if state is BreakerState.HALF_OPEN:
            if self._probes.setdefault(key, 0) >= GOOD_PROBES:
                return 0
            self._probes[key] += 1
            return await self._bring_forward(source, topics, 1)
        if self._probes.pop(key, None) is None:
            return 0
        return await self._bring_forward(source, topics, AT_ONCE)

    async def _bring_forward(self, source: Source, topics: Collection[str], limit: int) -> int:
        found = await self._environment.store.carry_out(lambda tx: outbox.bring_forward(tx, topics, limit))
        if found:
            _log.info("outbox_brought_forward", source=source.value, count=found)
        return found
