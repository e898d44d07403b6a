"""People of the portal (citizens, officers, operators) and the subject of a request."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.kernel.assurance import Assurance
from domain.kernel.errors import ErrorCode, NotSignedIn, Problem, Problems
from domain.kernel.sources import Source
from domain.kernel.text import Bilingual, Language


class Role(StrEnum):
    """Every role that the access table knows (ADR 0012)."""

    ANONYMOUS = "ANONYMOUS"
    CITIZEN = "CITIZEN"
    OPERATOR = "OPERATOR"
    DOORSTEP_AGENT = "DOORSTEP_AGENT"
    PRINCIPAL = "PRINCIPAL"
    """Files rosters for the children of a school."""
    CAMP_OFFICER = "CAMP_OFFICER"
    """Files rosters for those who come to a camp."""
    OFFICER = "OFFICER"
    APPELLATE = "APPELLATE"
    COMMISSION = "COMMISSION"
    DEPARTMENT_ADMIN = "DEPARTMENT_ADMIN"
    FINANCE_OFFICER = "FINANCE_OFFICER"
    AUDITOR = "AUDITOR"
    HELPLINE = "HELPLINE"
    """Answers in conversations that were handed over, and sees no form and no papers."""
    DEVELOPER = "DEVELOPER"
    ADMIN = "ADMIN"
    UMANG = "UMANG"
    E_TAAL = "E_TAAL"
    DIGILOCKER = "DIGILOCKER"
    API_SETU = "API_SETU"
    """A consumer of our published API, with the citizen's consent."""
    ROUTER = "ROUTER"
    SYSTEM = "SYSTEM"
    """The gateway itself: worker, clock, seeding."""


PEOPLE = frozenset(Role) - {
    Role.ANONYMOUS,
    Role.UMANG,
    Role.E_TAAL,
    Role.DIGILOCKER,
    Role.API_SETU,
    Role.ROUTER,
    Role.SYSTEM,
}
"""The roles of people who sign in."""


class PersonKind(StrEnum):
    """Which table holds a person."""

    CITIZEN = "CITIZEN"
    OFFICER = "OFFICER"
    OPERATOR = "OPERATOR"


class Provider(StrEnum):
    """The identity provider of a person, or of an account that a person linked."""

    MERI_PEHCHAAN = "MERI_PEHCHAAN"
    JAN_PARICHAY = "JAN_PARICHAY"
    PARICHAY = "PARICHAY"
    CSC_CONNECT = "CSC_CONNECT"
    E_PRAMAAN = "E_PRAMAAN"
    DIGILOCKER = "DIGILOCKER"
    UMANG = "UMANG"
    """An account with the national app, by which UMANG names a citizen; nobody signs in with it alone."""


class OfficerLevel(StrEnum):
    """The three levels of the Right to Service Act, section 3."""

    DESIGNATED = "DESIGNATED"
    FIRST_APPELLATE = "FIRST_APPELLATE"
    SECOND_APPELLATE = "SECOND_APPELLATE"


@dataclass(frozen=True, slots=True)
class Posting:
    """A role held for a department and a place; None means every one.

    `services` are the codes of the only services that it is for, in their order; none means all of the department.
    """

    role: Role
    department: str | None = None
    district: str | None = None
    tehsil: str | None = None
    level: OfficerLevel | None = None
    services: tuple[str, ...] = ()

    def covers(
        self, department: str | None, district: str | None, tehsil: str | None, service: str | None = None
    ) -> bool:
        """Whether it reaches that department, place and service; one for single services reaches nothing else."""
        return (not self.services or service in self.services) and self.covers_place(department, district, tehsil)

    def covers_place(self, department: str | None, district: str | None, tehsil: str | None) -> bool:
        """Whether it reaches that department and place with one of its services."""
        pairs = ((self.department, department), (self.district, district), (self.tehsil, tehsil))
        return all(mine is None or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen; the personal data are encrypted at rest. `mobile` is ten digits."""

    id: str
    name: Bilingual = field(repr=False)
    language: Language
    created_at: datetime
    born_on: date | None = field(default=None, repr=False)
    gender: str | None = field(default=None, repr=False)
    mobile: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    """As her provider says it; no mail goes there."""
    confirmed_email: str | None = field(default=None, repr=False)
    """The address to which mail goes: she told the code that came there."""
    district: str | None = None
    tehsil: str | None = None
    aadhaar_last4: str | None = field(default=None, repr=False)
    aadhaar_reference: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer with today's postings."""

    id: str
    name: Bilingual
    designation: Bilingual
    email: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """A village level entrepreneur or centre operator."""

    id: str
    name: Bilingual
    csc_id: str
    centre: Bilingual
    district: str
    tehsil: str | None


@dataclass(frozen=True, slots=True)
class LinkedAccount:
    """An account with a provider that a person linked by signing in."""

    provider: Provider
    linked_at: datetime
    last_used_at: datetime | None
    needs_consent: bool
    consent_until: datetime | None
    assurance: Assurance | None = None
    """How sure a sign-in by it is; None for a locker, by which nobody signs in."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of a request: the session's person with roles and jurisdictions, or a partner, or nobody."""

    roles: frozenset[Role]
    kind: PersonKind | None = None
    person_id: str | None = None
    postings: tuple[Posting, ...] = ()
    session_id: str | None = None
    on_behalf_of: str | None = None
    district: str | None = None
    assurance: Assurance | None = None
    """Assurance of the session, or of the consent to an operator; None where there is no session."""
    assisted_service: str | None = None
    """The one service that the consent of whom an operator serves is limited to."""
    filing_since: datetime | None = None
    """Since when an operator acts on a signed paper, which lets file but opens nothing from before; None for others."""
    scopes: frozenset[str] = field(default_factory=frozenset)
    places: frozenset[str] = frozenset()
    """The school or camps, by their codes, whose rosters an operator keeps."""
    may_only_look: bool = False
    """Whether she may change nothing for a while, since her sign-in provider does not say whether her session holds."""
    account: str | None = None
    """For a command: the account of the machine that runs it, as CLI and its number, for a name may be a person's."""
    partner_request: str | None = None
    """The record of the partner's request, where the call came through a partner (store/umang.py)."""

    @property
    def signed_in(self) -> bool:
        """Whether a person or partner is known."""
        return Role.ANONYMOUS not in self.roles

    def require_signed_in(self) -> None:
        """Raise NotSignedIn where nobody is known."""
        if not self.signed_in:
            raise NotSignedIn

    def require_may_change(self) -> None:
        """Raise Problems(SOURCE_UNAVAILABLE) where she may only look."""
        if self.may_only_look:
            raise Problems(Problem(ErrorCode.SOURCE_UNAVAILABLE, source=Source.SSO))

    @property
    def label(self) -> str:
        """A name without personal data, for audit lines and idempotency scopes."""
        if self.account is not None:
            return self.account
        return f"{self.kind}:{self.person_id}" if self.kind else "+".join(sorted(role.value for role in self.roles))


ANONYMOUS = Subject(frozenset({Role.ANONYMOUS}))
SYSTEM = Subject(frozenset({Role.SYSTEM}))
