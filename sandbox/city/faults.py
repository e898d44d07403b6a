"""Named faults of a sandbox: which are set, and whether one applies to the call."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from sandbox.city.pace import Pace

TRANSPORT_KINDS = frozenset({"refuse", "blackhole", "reset", "drip"})
"""Done by the fault proxy in front of the city (sandbox/city/proxy.py)."""

TLS_KINDS = frozenset({"tls"})
"""Done by the system's TLS port (sandbox/city/tls.py)."""

ANSWER_KINDS = frozenset({"latency", "status", "malformed", "html", "oversize", "silence", "token_expired"})
"""Done by the middleware of every sandbox (sandbox/city/answers.py)."""

DOMAIN_KINDS = frozenset({"signature", "skew", "partial", "duplicate", "foreign"})
"""Looked up by the sandbox itself with `faults.match(kind, route)`, since only it knows what they mean."""

FILE_KINDS = frozenset({"host_key", "disk_full", "read_only"})
"""Looked up by a sandbox that exchanges files over SFTP, as are `refuse`, `reset` and others by its own routes."""

KINDS = TRANSPORT_KINDS | TLS_KINDS | ANSWER_KINDS | DOMAIN_KINDS | FILE_KINDS


@dataclass(eq=False, slots=True)
class Fault:
    """One fault. `calls` are the numbers of the calls that it holds for, from 1; None means all.

    Calls are counted from the moment the fault is set, over the routes that it names. With a number
    `every` among the `params`, the first call and every so-many-th after it fail. `route` is a pattern
    with `*` over the path below the system, such as `/oauth2/*`.
    """

    kind: str
    route: str = "*"
    calls: frozenset[int] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0

    def covers(self, route: str) -> bool:
        """Whether the pattern names the route."""
        return fnmatchcase(route, self.route)

    def next_call(self) -> bool:
        """Count one call and say whether the fault holds for it."""
        self.seen += 1
        if "every" in self.params:
            return (self.seen - 1) % int(self.params["every"]) == 0
        return self.calls is None or self.seen in self.calls


@dataclass(slots=True)
class Arrival:
    """One request in progress: which faults were decided for it when it arrived."""

    owner: "Faults"
    door: "Faults"
    decided: dict[Fault, bool]


_arrival: ContextVar[Arrival | None] = ContextVar("city_arrival", default=None)


class Chance(Protocol):
    """What makes faults come by chance (sandbox/city/chaos.py)."""

    def draw_fault(self, kinds: frozenset[str]) -> Fault | None:
        """Draw for the next call."""
        ...

    def may(self, kinds: frozenset[str]) -> bool:
        """Whether a draw can give a fault of these kinds."""
        ...


class Faults:
    """The faults of one system.

    Within a request a fault is decided once, when the request arrives, so that asking twice gives the
    same answer. Outside a request, as in an action, each `match` counts as one call.
    """

    def __init__(self) -> None:
        self._faults: tuple[Fault, ...] = ()
        self._chance: Chance | None = None
        self.pace = Pace()

    def set(self, faults: Iterable[Fault | Mapping[str, Any]]) -> None:
        """Replace all faults; the numbers of calls begin again. A malformed one raises ValueError."""
        self._faults = tuple(fault if isinstance(fault, Fault) else parse_fault(fault) for fault in faults)

    def clear(self) -> None:
        """Remove every fault that was set. A chaos profile stays."""
        self._faults = ()

    def disturb(self, chance: "Chance | None") -> None:
        """Let faults come by chance from now on, or no longer."""
        self._chance = chance

    def chance_fault(self, kinds: frozenset[str]) -> Fault | None:
        """The fault of these kinds that comes by chance for the next call, or None."""
        return self._chance.draw_fault(kinds) if self._chance is not None else None

    def touches(self, kinds: frozenset[str]) -> bool:
        """Whether a fault of these kinds is set or may come by chance."""
        return bool(self.active_faults(kinds)) or (self._chance is not None and self._chance.may(kinds))

    def active_faults(self, kinds: frozenset[str] = KINDS) -> tuple[Fault, ...]:
        """The faults that are set, of these kinds."""
        return tuple(fault for fault in self._faults if fault.kind in kinds)

    def match(self, kind: str, route: str) -> Fault | None:
        """The fault of that kind that holds for this call of the route, or None."""
        arrival = _arrival.get()
        inside = arrival is not None and arrival.owner is self
        door, decided = (arrival.door, arrival.decided) if arrival is not None and inside else (self, {})
        found = [
            (fault, decided[fault] if fault in decided else fault.next_call())
            for fault in door.active_faults(frozenset({kind}))
            if fault in decided or fault.covers(route)
        ]
        found += [(fault, holds) for fault, holds in decided.items() if fault.kind == kind]
        return next((fault for fault, holds in found if holds), None)

    @contextmanager
    def decide_for_request(self, door: "Faults", routes: tuple[str, ...], *, bearer: bool) -> Iterator[Arrival]:
        """Decide the faults of `door` for one request to this system, for as long as it runs.

        `door` is the system through whose proxy the request came; usually this one. `routes` are the
        names that the request goes by: its pattern and its path. A request without a bearer token is
        no call for `token_expired`.
        """
        skipped = TRANSPORT_KINDS | TLS_KINDS | (frozenset() if bearer else {"token_expired"})
        covering = [fault for fault in door.active_faults(KINDS - skipped) if any(map(fault.covers, routes))]
        decided = {fault: fault.next_call() for fault in covering}
        by_chance = door.chance_fault(KINDS - TRANSPORT_KINDS)
        if by_chance is not None and by_chance.kind not in skipped and not any(decided.values()):
            decided[by_chance] = True
        arrival = Arrival(self, door, decided)
        token = _arrival.set(arrival)
        try:
            yield arrival
        finally:
            _arrival.reset(token)


def parse_fault(given: Mapping[str, Any]) -> Fault:
    """A fault from its JSON form (docs/sandbox.md). Raises ValueError with a plain reason."""
    kind, route = given.get("kind"), given.get("route", "*")
    calls, params = given.get("calls"), given.get("params") or {}
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
    if not (isinstance(route, str) and isinstance(params, Mapping)):
        raise ValueError("route must be text and params an object")  # noqa: TRY004
    if "every" in params and not (type(params["every"]) is int and params["every"] > 0):
        raise ValueError("every must be a whole number from 1")
    if calls is not None and not (isinstance(calls, list) and all(type(n) is int and n > 0 for n in calls)):
        raise ValueError("calls must be null or a list of call numbers from 1")
    if kind == "refuse" and (route != "*" or calls is not None):
        raise ValueError("refuse closes the port, so it takes no route and no calls")
    return Fault(str(kind), route, None if calls is None else frozenset(calls), dict(params))
