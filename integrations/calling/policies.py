"""The call policies: how each remote call behaves, as data declared next to its client method.

The same table is printed to docs/policies.md, given as labels of a metric, and is what `@source` in the
graph says (integrations/registry.py collects it).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.identity.policy import Purpose
from domain.kernel import Source

LONGEST_KEPT = 25 * 3600.0
"""Seconds; no answer is cached longer. What forgets a citizen relies on it (integrations/calling/cache.py)."""

JSON_TYPES = frozenset({"application/json"})
"""The content types of a partner that answers in JSON."""

XML_TYPES = frozenset({"application/xml", "text/xml"})
"""The content types of a document in XML (RFC 7303)."""

PICTURE_TYPES = frozenset({"application/pdf", "image/jpeg", "image/jpg", "image/png"})
"""The content types of a document to look at."""


class Scope(StrEnum):
    """For whom an answer may be cached."""

    PUBLIC = "PUBLIC"
    CITIZEN = "CITIZEN"
    OFFICER = "OFFICER"


class Priority(StrEnum):
    """How much of the time that a request has left a call may take (integrations/calling/deadline.py)."""

    FIRST = "FIRST"
    NORMAL = "NORMAL"
    LAST = "LAST"


class Traffic(StrEnum):
    """How often a breaker group is asked, which decides when its breaker opens (ADR 0016)."""

    BUSY = "BUSY"
    LOW = "LOW"


class Effect(StrEnum):
    """What a repeat of the call would do."""

    READ = "READ"
    KEYED_WRITE = "KEYED_WRITE"
    """The partner takes one key once. A lost answer is enquired before the call is repeated."""
    ONCE = "ONCE"
    """Repeated only where the connection was never made."""


@dataclass(frozen=True, slots=True)
class Bulkhead:
    """What the calls of one system share in one process; equal bulkheads of a system are the same one.

    At most `places` calls are under way, at most `places_of_group` of them for one breaker group, and at
    most `per_second` begin, `burst` of them at once. Of all calls at most the share `repeats` may be
    repeats, but `least_repeats` at any time.
    """

    name: str = ""
    places: int = 20
    places_of_group: int | None = None
    per_second: float | None = None
    burst: int = 1
    repeats: float = 0.2
    least_repeats: int = 3


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """One remote call. Times are seconds, sizes bytes.

    `total` bounds all attempts together, `attempt` one of them, both cut to the call's share of what the
    request has left. `repeatable` is true for reads and for writes that carry a key (`keyed`). `breaker` is
    the breaker group; in angle brackets it says what each call names, such as `<publisher>`.
    `accepts` are the content types of a good answer, checked before a byte of it is read; an answer without
    a body has none. An HTML page is a portal that is down or asks to sign in, so it counts as no answer.
    `fresh` says how long a cached answer is served as it is, `revalidate` how much longer it is served at once
    while it is asked for again, and `stale` how much longer still when the system does not answer.
    `purpose` is what the answer is asked for: one that is cached for a purpose serves no other.
    """

    name: str
    source: Source
    total: float = 5.0
    attempt: float = 3.0
    attempts: int = 3
    repeatable: bool = True
    retry_statuses: frozenset[int] = frozenset({429, 502, 503, 504})
    body_limit: int = 2_000_000
    fresh: float = 0.0
    stale: float = 0.0
    scope: Scope = Scope.CITIZEN
    purpose: Purpose = Purpose.VIEW
    schema_version: int = 1
    revalidate: float = 0.0
    keyed: bool = False
    priority: Priority = Priority.NORMAL
    breaker: str = ""
    traffic: Traffic = Traffic.LOW
    lane: Bulkhead = Bulkhead()
    accepts: frozenset[str] = JSON_TYPES
    changes: bool = False
    """Whether the call changes something over there for good; a keyed write always does."""
    system: str = ""
    """The name of one system among several of a source, which has a switch and a status of its own."""

    def __post_init__(self) -> None:
        if self.keyed and not self.repeatable:
            raise ValueError(f"{self.name}: a keyed write may be repeated")
        if not self.accepts:
            raise ValueError(f"{self.name}: says no content type")
        if self.kept_seconds > LONGEST_KEPT:
            raise ValueError(f"{self.name}: kept longer than {LONGEST_KEPT:.0f} seconds")

    @property
    def kept_seconds(self) -> float:
        """How long a cached answer may serve at all; zero where nothing is cached."""
        return self.fresh + self.revalidate + self.stale

    @property
    def writes(self) -> bool:
        """Whether the switch READ_ONLY holds the call back."""
        return self.keyed or self.changes

    @property
    def effect(self) -> Effect:
        """What a repeat would do."""
        if self.keyed:
            return Effect.KEYED_WRITE
        return Effect.READ if self.repeatable else Effect.ONCE

    @property
    def group_is_named(self) -> bool:
        """Whether each call says which breaker group it belongs to."""
        return self.breaker.startswith("<")

    def at_rate(self, per_second: float, *, places: int = 0) -> "CallPolicy":
        """The same at the rate that a partner allows us, with at least so many places."""
        many = max(1, int(per_second))
        lane = replace(self.lane, per_second=per_second, burst=many, places=max(self.lane.places, places))
        return replace(self, lane=lane)

    def as_labels(self) -> Mapping[str, str]:
        """The policy in words and numbers; the names are those of the table and of the metric's labels."""
        lane = self.lane
        return {
            "source": self.source.value,
            "call": self.name,
            "effect": self.effect.value,
            "priority": self.priority.value,
            "total_seconds": f"{self.total:g}",
            "attempt_seconds": f"{self.attempt:g}",
            "attempts": str(self.attempts if self.repeatable else 1),
            "repeats": f"{lane.repeats:.0%}, least {lane.least_repeats}",
            "breaker": self.breaker or "system",
            "traffic": self.traffic.value,
            "places": str(lane.places),
            "places_of_group": str(lane.places_of_group or "-"),
            "per_second": f"{lane.per_second:g}, burst {lane.burst}" if lane.per_second else "-",
            "body_bytes": str(self.body_limit),
            "accepts": ", ".join(sorted(self.accepts)),
            "fresh_seconds": f"{self.fresh:.0f}",
            "stale_while_revalidate_seconds": f"{self.revalidate:.0f}",
            "stale_if_error_seconds": f"{self.stale:.0f}",
            "scope": self.scope.value,
            "purpose": self.purpose.value,
        }
