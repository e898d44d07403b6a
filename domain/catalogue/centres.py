"""Types for centres where operators serve citizens: Common Service Centres, e-District centres, schools, camps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.kernel import Bilingual, Provider


class CentreKind(StrEnum):
    """The kind of a centre, which implies who runs it."""

    CSC = "CSC"
    E_DISTRICT = "E_DISTRICT"
    SCHOOL = "SCHOOL"
    """A school; who works in it is its principal."""
    CAMP = "CAMP"
    """A camp of some days at a place of a block or tehsil; who works in it is a camp officer."""


SIGNS_IN_BY: Mapping[Provider, frozenset[CentreKind]] = {
    Provider.CSC_CONNECT: frozenset({CentreKind.CSC}),
    Provider.PARICHAY: frozenset({CentreKind.E_DISTRICT, CentreKind.SCHOOL, CentreKind.CAMP}),
}
"""In which kinds of centres an operator works whom a provider vouches for."""

ROSTER_KINDS = frozenset({CentreKind.SCHOOL, CentreKind.CAMP})
"""Centres that file rosters and serve nobody at a counter."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre of the register. `open` is false once it was closed.

    `code` is that of CSC, of e-District, of the school (UDISE+) or of the camp. Only a camp has days: from `opens_on`
    until `closes_on`, both included.
    """

    code: str
    kind: CentreKind
    name: Bilingual
    district: str
    tehsil: str | None
    open: bool
    opens_on: date | None = None
    closes_on: date | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an operator works; `email` is the official address by which one signs in who is not of CSC."""

    operator_id: str
    centre_code: str
    email: str | None
