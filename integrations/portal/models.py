"""Models of the portal's catalogue; what it does not state is None."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortalPaper:
    """A paper that a service asks for."""

    name: str
    required: bool


@dataclass(frozen=True, slots=True)
class PortalDepartment:
    """The department of a service, as far as a record tells; at least one of `slug` and `name_en` is there."""

    slug: str | None
    name_en: str | None
    name_hi: str | None = None


@dataclass(frozen=True, slots=True)
class PortalService:
    """One record of the catalogue; `row` is its place from 1.

    `charge_paise` is the department's charge: 0 means free, None that nothing is said. `delivery_days` are whole
    days. `documents` is None where the record has no such list, and empty where it says that none is needed.
    """

    code: str
    slug: str | None
    name_en: str
    name_hi: str | None
    department: PortalDepartment | None
    category: str | None
    charge_paise: int | None
    delivery_days: int | None
    rts: bool | None
    documents: tuple[PortalPaper, ...] | None
    row: int = 0


@dataclass(frozen=True, slots=True)
class PortalReject:
    """A record that is left out: its place from 1, its id where it has one, and what is wrong with which field."""

    row: int
    key: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadCatalogue:
    """The records that could be read, and those that could not."""

    services: tuple[PortalService, ...]
    rejects: tuple[PortalReject, ...]
