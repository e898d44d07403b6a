"""The catalogue of notified services, and the places and schemes of the state.

Facts that no source gives are None, never zero or empty text (data/README.md).
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.deadline import DayUnit
from domain.text import Bilingual


class Outcome(StrEnum):
    """What an approved application ends in."""

    CERTIFICATE = "CERTIFICATE"
    BENEFIT = "BENEFIT"
    ORDER = "ORDER"


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    """A paper that a service asks for; `key` is stable within the service."""

    key: str
    name: str
    required: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue. `code_source` is PORTAL or LOCAL; `verified` as data/README.md says."""

    id: str
    code: str
    code_source: str
    slug: str
    name: Bilingual
    department: str | None
    category: str | None
    rts_notified: bool | None
    limit_days: int | None
    limit_unit: DayUnit
    portal_delivery_days: int | None
    designated_officer: str | None
    first_appellate: str | None
    second_appellate: str | None
    fee_paise: int | None
    documents: tuple[RequiredDocument, ...]
    channels: tuple[str, ...]
    outcome: Outcome
    doctype: str | None
    scheme_id: str | None
    open: bool
    source: str
    verified: bool
    needs_second_pair: bool | None = None
    """Whether a second officer must confirm an approval or rejection; None where nothing says so."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the state, keyed by its portal slug."""

    id: str
    slug: str
    name: Bilingual
    portal_service_count: int | None
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class District:
    """A district, keyed by its Local Government Directory code."""

    id: str
    code: str
    name: Bilingual
    division: str
    headquarters: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Tehsil:
    """A tehsil, keyed by its Local Government Directory code (or a LOCAL one)."""

    code: str
    district: str
    name: Bilingual
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Scheme:
    """A benefit scheme; `amount_paise` a period, None where no source gives it."""

    id: str
    code: str
    name: Bilingual
    department: Bilingual
    benefit_type: str
    amount_paise: int | None
    period: str | None
    service_code: str | None
    source: str
    verified: bool
