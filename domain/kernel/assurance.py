"""Levels of identity assurance, of a session and as required by a service (docs/contracts/sso.md section 6)."""

from dataclasses import dataclass
from enum import StrEnum


class Assurance(StrEnum):
    """Strengths of an identity, the weakest first."""

    LOW = "LOW"
    """No stable id: the provider knows only a mobile number, which may have had another owner. Also whoever is
    spoken for by a relative or a signed paper."""
    SUBSTANTIAL = "SUBSTANTIAL"
    """Password and one-time password, with a stable id."""
    HIGH = "HIGH"
    """Also verified against Aadhaar."""

    def holds_for(self, needed: "Assurance") -> bool:
        """Whether this is enough where that is needed."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Assurance)


@dataclass(frozen=True, slots=True)
class Needed:
    """What a service asks for: of the citizen's own session, and of the consent by which an operator applies."""

    own: Assurance = Assurance.SUBSTANTIAL
    assisted: Assurance = Assurance.LOW


def strongest(*known: Assurance) -> Assurance:
    """The strongest of some."""
    return max(known, key=_ORDER.index)


def weakest(*known: Assurance) -> Assurance:
    """The weakest of some."""
    return min(known, key=_ORDER.index)
