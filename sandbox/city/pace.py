"""A system's latency and rate limit, as named profiles."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from domain.kernel import Clock


@dataclass(frozen=True, slots=True)
class Profile:
    """Times in seconds. A call takes `latency`, more or less by `spread` as a fraction of it.

    More than `burst` calls at once, or `per_second` over time, are answered 429 with `retry_after`.
    `per_second` 0 means no limit.
    """

    latency: float = 0.0
    spread: float = 0.5
    per_second: float = 0.0
    burst: int = 20
    retry_after: int = 1

    def to_json(self) -> dict[str, float]:
        """As the control route shows it."""
        return {
            "latency": self.latency,
            "spread": self.spread,
            "perSecond": self.per_second,
            "burst": self.burst,
            "retryAfter": self.retry_after,
        }


NO_PACE = Profile()

_USUAL = {
    "digilocker": Profile(latency=0.35, per_second=50, burst=100),
    "sso": Profile(latency=0.30, per_second=20, burst=40),
    "csc": Profile(latency=0.45, per_second=10, burst=20),
    "apisetu": Profile(latency=0.80, per_second=10, burst=20, retry_after=2),
    "umang": Profile(latency=0.60, per_second=10, burst=20),
    "dbt_finance": Profile(latency=1.20, per_second=5, burst=40, retry_after=2),
    "etaal": Profile(latency=0.20),
    "portal": Profile(latency=0.50),
}

PROFILES: Mapping[str, Mapping[str, Profile]] = MappingProxyType(
    {
        "none": {},
        "usual": _USUAL,
        "busy": {
            system: Profile(each.latency * 4, 0.9, each.per_second / 5, max(2, each.burst // 10), 5)
            for system, each in _USUAL.items()
        },
    }
)
"""By name and system. The figures are INFERRED: no partner publishes any, but for UMANG's ten a second."""


@dataclass(slots=True)
class Pace:
    """The pace of one system, at first without latency and limit."""

    profile: Profile = NO_PACE
    _calls: int = 0
    _tokens: float = 0.0
    _filled_at: float = field(default=0.0)

    def set(self, profile: Profile) -> None:
        """Take up another profile, with a full bucket."""
        self.profile, self._calls, self._tokens, self._filled_at = profile, 0, float(profile.burst), -1.0

    def latency(self) -> float:
        """Seconds that the next call takes. The same number of call takes the same time."""
        self._calls += 1
        digest = hashlib.sha256(str(self._calls).encode()).digest()
        share = int.from_bytes(digest[:4], "big") / 0xFFFF_FFFF
        return self.profile.latency * (1 + self.profile.spread * (2 * share - 1))

    def refuses(self, clock: Clock) -> bool:
        """Count one call, and say whether it is one too many."""
        if not self.profile.per_second:
            return False
        now = clock.monotonic()
        passed = max(0.0, now - self._filled_at) if self._filled_at >= 0 else 0.0
        self._tokens = min(float(self.profile.burst), self._tokens + passed * self.profile.per_second)
        self._filled_at = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False


_NAMES = {
    "latency": "latency",
    "spread": "spread",
    "perSecond": "per_second",
    "burst": "burst",
    "retryAfter": "retry_after",
}


def parse_profile(given: Mapping[str, Any]) -> Profile:
    """A profile of one system from its JSON form. Raises ValueError with a plain reason."""
    if not set(given) <= set(_NAMES):
        raise ValueError(f"a profile has {', '.join(_NAMES)}")
    values = {_NAMES[name]: value for name, value in given.items()}
    if not all(
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 for value in values.values()
    ):
        raise ValueError("the values of a profile are numbers, not below 0")
    for name in {"burst", "retry_after"} & set(values):
        values[name] = int(values[name])
    return Profile(**values)
