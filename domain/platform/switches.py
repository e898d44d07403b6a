"""Kill switches for outside systems and mutations, which an administrator sets at run time.

A system that is READ_ONLY takes no writes: they wait in the outbox. CACHE_ONLY is not called at all, and
answers that were kept are given as long as their policy lets them. OFF gives nothing. A mutation is ON or OFF.
The kept answers of a system, or of a citizen from all systems, are EMPTIED: what was kept before is not given any more.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.kernel import CallerError, ErrorCode, Problem, Source

LONGEST_REASON = 300
"""Characters of a reason."""

ALWAYS_ON = frozenset({"setSwitch"})
"""Mutations that cannot be switched off: the way back must stay open."""

SYSTEMS = tuple(source for source in Source if source is not Source.STORE)
"""The systems that have a switch; our own store has none."""


class SwitchKind(StrEnum):
    """The kind of target of a switch."""

    SYSTEM = "SYSTEM"
    MUTATION = "MUTATION"
    SYSTEM_ANSWERS = "SYSTEM_ANSWERS"
    CITIZEN_ANSWERS = "CITIZEN_ANSWERS"


class SwitchState(StrEnum):
    """The state of a switch."""

    ON = "ON"
    READ_ONLY = "READ_ONLY"
    CACHE_ONLY = "CACHE_ONLY"
    OFF = "OFF"
    EMPTIED = "EMPTIED"


_STRICTNESS = (SwitchState.ON, SwitchState.READ_ONLY, SwitchState.CACHE_ONLY, SwitchState.OFF)
STATES = {
    SwitchKind.SYSTEM: _STRICTNESS,
    SwitchKind.MUTATION: (SwitchState.ON, SwitchState.OFF),
    SwitchKind.SYSTEM_ANSWERS: (SwitchState.EMPTIED,),
    SwitchKind.CITIZEN_ANSWERS: (SwitchState.EMPTIED,),
}
"""The states that each kind of switch can have."""


def connector_switch(name: str) -> str:
    """The name of the switch of one connector, which a source may have many of (docs/connectors.md section 2)."""
    return f"connector.{name}"


def is_connector_switch(name: str) -> bool:
    """Whether a switch has the name of one of a connector."""
    return re.fullmatch(r"connector\.[a-z][a-z0-9_]{0,39}", name) is not None


class MutationOff(CallerError):
    """A mutation that is switched off. Its problem says when to come back, where the switch has an end."""

    def __init__(self, name: str, retry_after: float | None) -> None:
        super().__init__(Problem(ErrorCode.SWITCHED_OFF, retry_after=retry_after), reason=f"{name} is switched off")


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch as it was last set. `set_by` is a label without personal data; without `until` it has no end.

    A citizen is named by the digest that the names of her kept answers have (integrations/calling/cache.py).
    """

    kind: SwitchKind
    name: str
    state: SwitchState
    reason: str
    set_by: str
    set_at: datetime
    until: datetime | None = None

    def state_at(self, now: datetime) -> SwitchState:
        """The state that holds: ON again once `until` has come."""
        return SwitchState.ON if self.until is not None and self.until <= now else self.state

    def seconds_left(self, now: datetime) -> float | None:
        """Seconds until it ends by itself; None without an end."""
        return None if self.until is None else max((self.until - now).total_seconds(), 0.0)


class Switchboard:
    """The switches as this process last read them; whatever is not on the board is ON."""

    def __init__(self, switches: Iterable[Switch] = (), version: int = 0) -> None:
        self.version = version
        self._switches: dict[tuple[SwitchKind, str], Switch] = {}
        self._emptying_times: dict[tuple[SwitchKind, str], str] = {}
        self.replace(switches, version)

    def replace(self, switches: Iterable[Switch], version: int) -> None:
        """Take over what the store says now."""
        self._switches = {(switch.kind, switch.name): switch for switch in switches}
        emptied = {key: one for key, one in self._switches.items() if one.state is SwitchState.EMPTIED}
        self._emptying_times = {key: one.set_at.isoformat() for key, one in emptied.items()}
        self.version = version

    def system(self, source: Source, now: datetime, connector: str = "") -> SwitchState:
        """The state of an outside system; of a connector the stricter one of its own switch and its source's."""
        own = self._state(SwitchKind.SYSTEM, connector_switch(connector), now) if connector else SwitchState.ON
        return max(own, self._state(SwitchKind.SYSTEM, source.value, now), key=_STRICTNESS.index)

    def emptying_of(self, source: Source, connector: str, citizen: str) -> str:
        """A text that is another one after the kept answers of a system, its connector or a citizen were emptied."""
        if not self._emptying_times:
            return ""
        systems = (source.value, connector_switch(connector))
        keys = [*((SwitchKind.SYSTEM_ANSWERS, one) for one in systems), (SwitchKind.CITIZEN_ANSWERS, citizen)]
        return " ".join(self._emptying_times[key] for key in keys if key in self._emptying_times)

    def seconds_left(self, source: Source, now: datetime, connector: str = "") -> float | None:
        """Seconds until the switches that hold a system back end by themselves; None where one has no end."""
        names = [source.value, *([connector_switch(connector)] if connector else [])]
        held = [one for name in names if (one := self._switches.get((SwitchKind.SYSTEM, name)))]
        left = [one.seconds_left(now) for one in held if one.state_at(now) is not SwitchState.ON]
        return None if not left or None in left else max(each for each in left if each is not None)

    def require_mutation(self, name: str, now: datetime) -> None:
        """Raise MutationOff where the mutation is switched off."""
        if name not in ALWAYS_ON and self._state(SwitchKind.MUTATION, name, now) is SwitchState.OFF:
            raise MutationOff(name, self._switches[SwitchKind.MUTATION, name].seconds_left(now))

    def _state(self, kind: SwitchKind, name: str, now: datetime) -> SwitchState:
        switch = self._switches.get((kind, name))
        return switch.state_at(now) if switch else SwitchState.ON
