"""What Prometheus says of the drill by the shipped rules: which alert came with a fault, and when it was over."""

import time
from dataclasses import dataclass

import httpx

from tests.support.eventually import eventually

GAP = 8.0
"""Seconds without an alert after which it is over; Prometheus looks each two seconds."""
RAISED_WITHIN = 150.0
"""Seconds in which a fault is an alert. The product itself looks each 30 seconds."""


@dataclass(frozen=True)
class Episode:
    """One time that an alert stood: when it began, and when it was over, by the clock; None while it stands."""

    began: float
    over: float | None


@dataclass(frozen=True)
class Alerts:
    """Asks Prometheus at its address."""

    url: str

    def is_firing(self, name: str) -> bool:
        """Whether it fires now."""
        return bool(self._series("query", query=_firing(name)))

    def wait_until_raised(self, name: str, since: float, seconds: float = RAISED_WITHIN) -> None:
        """Until an alert fires, or did since then; AssertionError where it never does."""
        eventually(lambda: self.episode(name, since), bool, seconds=seconds, every=1)

    def wait_until_over(self, name: str, seconds: float) -> None:
        """Until it does not fire."""
        eventually(lambda: self.is_firing(name), lambda firing: not firing, seconds=seconds, every=1)

    def episode(self, name: str, since: float) -> Episode | None:
        """The first time that an alert fired after a moment, of whatever it is about."""
        now = time.time()
        found = self._series("query_range", query=_firing(name), start=since, end=now, step=1)
        moments = sorted({float(moment) for series in found for moment, _ in series["values"]})
        if not moments:
            return None
        last = moments[0]
        for moment in moments:
            if moment - last > GAP:
                break
            last = moment
        return Episode(moments[0], None if now - last <= GAP else last)

    def _series(self, way: str, **parameters: str | float) -> list[dict[str, list[tuple[float, str]]]]:
        answer = httpx.get(f"{self.url}/api/v1/{way}", params=parameters, timeout=30, trust_env=False)
        found: list[dict[str, list[tuple[float, str]]]] = answer.raise_for_status().json()["data"]["result"]
        return found


def _firing(name: str) -> str:
    return f'ALERTS{{alertname="{name}", alertstate="firing"}}'
