"""How each remote call behaves, as data declared next to the client method that makes it."""

from dataclasses import dataclass
from enum import StrEnum

from domain.sources import Source


class Scope(StrEnum):
    """For whom an answer may be kept."""

    PUBLIC = "PUBLIC"
    CITIZEN = "CITIZEN"
    OFFICER = "OFFICER"


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """One remote call. Times are seconds, sizes bytes.

    `total` bounds all attempts together, `attempt` one of them, both cut to what the request has left.
    `repeatable` is true for reads and for writes that carry a key. `fresh` and `stale` say how long a
    kept answer is served as it is, and how much longer when the system does not answer.
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
    schema_version: int = 1
