"""Pauses requests refused because our subscription is wrong (docs/contracts/apisetu.md sections 6 and 11).

A wrong key, a missing approval or a wrong path does not heal by being asked again, and says nothing about how
the publisher is. So it has a breaker of its own, apart from the one that counts failures.
"""

from domain.kernel import Clock, Source
from integrations.calling.errors import Refused

HOLD_SECONDS = 60.0
"""How long it is not asked again after API Setu said that we may not."""

KEY = "invalid_authentication"
"""The one code that concerns every publisher: they all know us by the same key."""

Place = tuple[str, str]
"""Publisher and doctype."""


class Holds:
    """The held places of one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[Place | None, tuple[str, float]] = {}

    def check(self, place: Place) -> None:
        """Raise Refused with the code of the last refusal while the place, or everything, is held."""
        for each in (None, place):
            code, ends_at = self._held.get(each, ("", 0.0))
            if code and self._clock.monotonic() < ends_at:
                raise Refused(Source.API_SETU, code)
            self._held.pop(each, None)

    def hold(self, place: Place, code: str) -> None:
        """Hold the place, or everything where the key is not known."""
        self._held[None if code == KEY else place] = (code, self._clock.monotonic() + HOLD_SECONDS)
