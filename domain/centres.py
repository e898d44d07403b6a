"""Centres in which operators serve citizens: Common Service Centres and e-District centres, and who works there."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.people import Provider
from domain.text import Bilingual


class CentreKind(StrEnum):
    """Who runs a centre."""

    CSC = "CSC"
    E_DISTRICT = "E_DISTRICT"


SIGNS_IN_BY = MappingProxyType({Provider.CSC_CONNECT: CentreKind.CSC, Provider.PARICHAY: CentreKind.E_DISTRICT})
"""In which kind of centre an operator works whom a provider vouches for."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre of the register. `code` is that of CSC or of e-District; `open` is false once it was closed."""

    code: str
    kind: CentreKind
    name: Bilingual
    district: str
    tehsil: str | None
    open: bool


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an operator works; `email` is the official address by which one of e-District signs in."""

    operator_id: str
    centre_code: str
    email: str | None
