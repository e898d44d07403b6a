"""The kill switch that every call to an outside system checks first."""

from datetime import datetime

from domain.kernel import Source
from domain.platform.switches import Switchboard, SwitchState
from integrations.calling.errors import NotAsked

_CODES = {
    SwitchState.OFF: "switched_off",
    SwitchState.CACHE_ONLY: "switched_to_cache_only",
    SwitchState.READ_ONLY: "switched_to_read_only",
}


class SwitchedOff(NotAsked):
    """A switch holds the call back. Nothing was sent; it may be asked again once the switch is set back."""


class KillSwitch:
    """Lets calls through as the switchboard of this process says."""

    def __init__(self, switches: Switchboard | None = None) -> None:
        self._switches = switches or Switchboard()

    def admit(self, source: Source, now: datetime, system: str = "", *, writes: bool = False) -> None:
        """Raise SwitchedOff where no call, or no call that changes something over there, may leave now.

        `system` names one of several of the source, as a policy does.
        """
        state = self._switches.system(source, now, system)
        if state in {SwitchState.OFF, SwitchState.CACHE_ONLY} or (writes and state is SwitchState.READ_ONLY):
            raise self._refusal(source, state, now, system)

    def admit_cached(self, source: Source, now: datetime, system: str = "") -> None:
        """Raise SwitchedOff where not even a cached answer may be given."""
        state = self._switches.system(source, now, system)
        if state is SwitchState.OFF:
            raise self._refusal(source, state, now, system)

    def _refusal(self, source: Source, state: SwitchState, now: datetime, system: str) -> SwitchedOff:
        return SwitchedOff(source, _CODES[state], retry_after=self._switches.seconds_left(source, now, system))
