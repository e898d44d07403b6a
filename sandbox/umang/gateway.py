"""The gateway part of the UMANG sandbox: keys, routing headers, tokens, burst and daily quota."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from sandbox.city.kit import SandboxHome

ROUTING = ("deptid", "srvid", "subsid", "subsid2", "formtrkr")
COMMON = ("tkn", "trkr", "apitrkr", "lang", "lat", "lon", "lac", "usag", "usrid", "mode", "pltfrm", "did")
PER_SECOND, BURST, DAILY = 10.0, 20.0, 100_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the gateway itself: always in clear."""

    status: int
    message: str


FORBIDDEN = Refusal(403, "Forbidden")
UNAUTHORIZED = Refusal(401, "Unauthorized")
INVALID = Refusal(400, "Invalid request body")
TOO_MANY = Refusal(429, "Too Many Requests")
QUOTA = Refusal(429, "Limit Exceeded")


class Quota:
    """A token bucket for bursts, in memory, and a counter of the day in India, which survives a restart."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._tokens = BURST
        self._filled_at = home.clock.monotonic()
        self.burst, self.per_second, self.daily = BURST, PER_SECOND, DAILY

    def refusal(self, api_key: str) -> Refusal | None:
        """Count one call of a consumer; the refusal where it is one too many."""
        now = self._home.clock.monotonic()
        self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        if self._tokens < 1:
            return TOO_MANY
        self._tokens -= 1
        day = self._home.clock.now().astimezone(ZoneInfo("Asia/Kolkata")).date().isoformat()
        key = f"{api_key}/{day}"
        used = int((self._home.state.get("used", key) or {"calls": 0})["calls"])
        if used >= self.daily:
            return QUOTA
        self._home.state.put("used", key, {"calls": used + 1})
        return None

    def change(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Set `burst`, `per_second` or `daily`; what is in the bucket is cut to the burst."""
        self.burst = float(given.get("burst", self.burst))
        self.per_second = float(given.get("per_second", self.per_second))
        self.daily = int(given.get("daily", self.daily))
        self._tokens = min(self._tokens, self.burst)
        return {"burst": self.burst, "per_second": self.per_second, "daily": self.daily}


def has_all_fields(fields: object) -> bool:
    """Whether a body carries the common fields, all of them texts (`did` may be null)."""
    if not isinstance(fields, dict) or not all(name in fields for name in COMMON):
        return False
    return all(isinstance(fields[name], str) or (name == "did" and fields[name] is None) for name in COMMON)


def form_fields(body: bytes) -> dict[str, Any]:
    """The fields of an urlencoded body; an absent device id is null there."""
    fields: dict[str, Any] = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    fields.setdefault("did", None)
    return fields
