"""How many operations one process should have under way: found by trying, between a least and a most.

The limit rises while it is used and nothing suffers. It falls where the event loop runs late, or where
operations that asked nobody outside take far longer than they did before. What outside systems take is not
looked at: a partner that answers after seconds costs this process nothing while it waits, and must not take
room from those who do not need it (docs/reliability.md section 5.2, L3). The rule is the gradient of Netflix'
concurrency-limits, with the loop's lateness beside it.
"""

import math
from dataclasses import dataclass, field

from gateway.limits import Load

WINDOW_SECONDS = 0.25
"""How long is looked at before the limit moves."""

FEWEST_SAMPLES = 5
"""Operations of our own store that must be seen before their time says anything."""

TOLERANCE = 2.0
"""How much longer than usual an operation may take before the limit falls."""

MEMORY = 0.05
"""How much of one window goes into what is usual."""

SMOOTHING = 0.3
"""How much of a step is taken at once."""

FALL = 0.85
"""What is left of the limit after a window in which the loop ran late."""


@dataclass(slots=True)
class _Window:
    """What was seen since the limit last moved. Times are seconds."""

    began: float
    own: list[float] = field(default_factory=list)
    busiest: int = 0
    lateness: list[float] = field(default_factory=list)


class AdaptiveLimit:
    """The limit of one process. Times are those of a monotonic clock, in seconds."""

    def __init__(self, load: Load, now: float) -> None:
        self._load = load
        self._value = float(min(max(load.start, load.least), load.most))
        self._usual: float | None = None
        self._window = _Window(now)

    @property
    def value(self) -> int:
        """How many operations may be under way now."""
        return int(self._value)

    def started(self, under_way: int) -> None:
        """Take note of how many operations are under way, with the one that begins now."""
        self._window.busiest = max(self._window.busiest, under_way)

    def finished(self, seconds: float) -> None:
        """Take note of an operation that asked nobody outside."""
        if len(self._window.own) < 1000:
            self._window.own.append(seconds)

    def ran_late(self, seconds: float) -> None:
        """Take note of how late the event loop came back to a task that had slept."""
        self._window.lateness.append(seconds)

    def move(self, now: float) -> bool:
        """Move the limit where a window is over; True where it was."""
        if now - self._window.began < WINDOW_SECONDS:
            return False
        window, self._window = self._window, _Window(now)
        self._value = min(max(self._next(window), self._load.least), self._load.most)
        return True

    def _next(self, window: _Window) -> float:
        used = window.busiest >= self._value / 2
        if _typical(window.lateness) > self._load.lag_seconds:
            idle = not used and self._value <= self._load.start  # the machine is slow, and not by our doing
            return self._value if idle else self._value * FALL
        gradient = self._gradient(window)
        if gradient >= 1 and not used:
            return self._value  # nothing is learned from a limit that nobody reached
        wanted = self._value * gradient + math.sqrt(self._value)
        return self._value + (wanted - self._value) * SMOOTHING

    def _gradient(self, window: _Window) -> float:
        """1 where operations take what they usually take, less where they take longer, at least a half."""
        if len(window.own) < FEWEST_SAMPLES:
            return 1.0
        now = _typical(window.own)
        usual = now if self._usual is None else self._usual
        self._usual = usual * (1 - MEMORY) + now * MEMORY if now > usual else now
        return max(0.5, min(1.0, TOLERANCE * usual / now)) if now > 0 else 1.0


def _typical(values: list[float]) -> float:
    """The middle of the values, which one slow operation does not move; 0 where there are none."""
    return sorted(values)[len(values) // 2] if values else 0.0
