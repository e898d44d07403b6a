"""Random faults from a seed: which call of a system fails, and how."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.city.faults import ANSWER_KINDS, DOMAIN_KINDS, TRANSPORT_KINDS, Fault, parse_fault

CHAOS_KINDS = TRANSPORT_KINDS - {"refuse"} | ANSWER_KINDS | DOMAIN_KINDS
"""A port cannot be closed for one call, and TLS has a port of its own."""

_SEVERAL = 0x1_0000_0000


@dataclass(frozen=True, slots=True)
class Chaos:
    """A profile: `rate` of the calls fail, each in one of `faults`, as the `seed` says.

    `systems` are those that it holds for; empty means all.
    """

    seed: int
    rate: float
    faults: tuple[Fault, ...]
    systems: frozenset[str] = frozenset()

    def draws_for(self, system: str) -> "Draws | None":
        """The draws of one system, from its first call on; None where the profile leaves it alone."""
        return Draws(self, system) if not self.systems or system in self.systems else None

    def to_json(self) -> dict[str, Any]:
        """As the control route shows it."""
        kinds = [{"kind": fault.kind, "params": dict(fault.params)} for fault in self.faults]
        return {"seed": self.seed, "rate": self.rate, "kinds": kinds, "systems": sorted(self.systems)}


@dataclass(slots=True)
class Draws:
    """The draws for the calls of one system. Two calls with the same number and seed have the same fate.

    Kinds that the proxy does and kinds that the sandbox does are drawn apart, each with its share of the rate.
    """

    chaos: Chaos
    system: str
    _seen: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def draw_fault(self, kinds: frozenset[str]) -> Fault | None:
        """Count one call and draw for it."""
        faults = [fault for fault in self.chaos.faults if fault.kind in kinds]
        transport = kinds <= TRANSPORT_KINDS
        self._seen[transport] += 1
        if not faults:
            return None
        share = self.chaos.rate * len(faults) / len(self.chaos.faults)
        text = f"{self.chaos.seed}/{self.system}/{transport}/{self._seen[transport]}"
        digest = hashlib.sha256(text.encode()).digest()
        if int.from_bytes(digest[:4], "big") >= share * _SEVERAL:
            return None
        chosen = faults[int.from_bytes(digest[4:8], "big") % len(faults)]
        return Fault(chosen.kind, params=chosen.params)

    def may(self, kinds: frozenset[str]) -> bool:
        """Whether a draw can give a fault of these kinds."""
        return self.chaos.rate > 0 and any(fault.kind in kinds for fault in self.chaos.faults)


def parse_chaos(given: Mapping[str, Any], systems: frozenset[str]) -> Chaos:
    """A profile from its JSON form: `{"seed", "rate", "kinds", "systems"}`. Raises ValueError with a plain reason.

    A kind is a name, or an object with `kind` and `params`.
    """
    seed, rate, kinds = given.get("seed", 1), given.get("rate", 0.2), given.get("kinds")
    chosen = given.get("systems") or []
    if type(seed) is not int or not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1:
        raise ValueError("seed must be a whole number and rate a number from 0 to 1")
    if not isinstance(kinds, list) or not kinds:
        raise ValueError(f"kinds must be a list of {', '.join(sorted(CHAOS_KINDS))}")
    if not isinstance(chosen, list) or not set(map(str, chosen)) <= systems:
        raise ValueError(f"systems must be a list of {', '.join(sorted(systems))}")
    return Chaos(seed, float(rate), tuple(map(_fault, kinds)), frozenset(map(str, chosen)))


def _fault(given: Any) -> Fault:
    named = {"kind": given} if isinstance(given, str) else given
    if not isinstance(named, Mapping) or named.get("kind") not in CHAOS_KINDS:
        raise ValueError(f"kinds must be a list of {', '.join(sorted(CHAOS_KINDS))}")
    return parse_fault({"kind": named["kind"], "params": named.get("params")})
