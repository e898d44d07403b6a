"""Types for the catalogue of notified services, places and schemes of the state.

Facts that no source gives are None, never zero or empty text (docs/catalogue.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.applications.deadline import DayUnit
from domain.benefits.benefits import Rail
from domain.catalogue.definitions import Definition
from domain.kernel import Bilingual


class Outcome(StrEnum):
    """The result of an approved application."""

    CERTIFICATE = "CERTIFICATE"
    BENEFIT = "BENEFIT"
    ORDER = "ORDER"
    LICENCE = "LICENCE"
    """A signed document as a certificate is, valid for a time where a source says how long."""


ISSUED = (Outcome.CERTIFICATE, Outcome.LICENCE)
"""The outcomes for which a signed document is issued."""


class ServiceKind(StrEnum):
    """What a person asks for by a service."""

    CERTIFICATE = "CERTIFICATE"
    LICENCE = "LICENCE"
    REGISTRATION = "REGISTRATION"
    BENEFIT = "BENEFIT"
    GRIEVANCE = "GRIEVANCE"
    BOOKING = "BOOKING"
    BILL = "BILL"
    INFORMATION = "INFORMATION"
    HAND_OVER = "HAND_OVER"
    """Another body's service, which is never applied for here."""


class Fact(StrEnum):
    """What the catalogue says of a service, as far as it needs a source."""

    NAME = "NAME"
    DEPARTMENT = "DEPARTMENT"
    KIND = "KIND"
    RTS_NOTIFIED = "RTS_NOTIFIED"
    TIME_LIMIT = "TIME_LIMIT"
    DELIVERY_TIME = "DELIVERY_TIME"
    DESIGNATED_OFFICER = "DESIGNATED_OFFICER"
    FIRST_APPELLATE = "FIRST_APPELLATE"
    SECOND_APPELLATE = "SECOND_APPELLATE"
    FEE = "FEE"
    DOCUMENTS = "DOCUMENTS"
    CHANNELS = "CHANNELS"
    OUTCOME = "OUTCOME"
    SECOND_PAIR = "SECOND_PAIR"
    LIFE_EVENTS = "LIFE_EVENTS"
    ELIGIBILITY = "ELIGIBILITY"
    HAND_OVER = "HAND_OVER"
    VALIDITY = "VALIDITY"


@dataclass(frozen=True, slots=True)
class FactSource:
    """Facts that rest on one source; `confirmed` says whether that source may be taken for official."""

    source: str
    confirmed: bool
    facts: tuple[Fact, ...]


def sources_with(held: Iterable[FactSource], said: Mapping[Fact, tuple[str, bool]]) -> tuple[FactSource, ...]:
    """The sources of facts once some facts are said by others: each is a source, and whether it confirms."""
    whole = {fact: (one.source, one.confirmed) for one in held for fact in one.facts} | dict(said)
    groups = dict.fromkeys(whole.values())
    return tuple(FactSource(*group, tuple(fact for fact in Fact if whole.get(fact) == group)) for group in groups)


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where another body's service is applied for.

    `address` begins with https: or tel:; `status_address` is where that body tells how an application stands.
    """

    body: Bilingual
    address: str
    bring: tuple[Bilingual, ...] = ()
    status_address: str | None = None


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    """A paper that a service asks for; `key` is stable within the service."""

    key: str
    name: str
    required: bool


class ServiceSort(StrEnum):
    """In which order services are listed."""

    ENGLISH_NAME = "ENGLISH_NAME"
    NAME = "NAME"


class LifeEvent(StrEnum):
    """What happens in a life that a service answers to."""

    BIRTH = "BIRTH"
    EDUCATION = "EDUCATION"
    WORK = "WORK"
    BUSINESS = "BUSINESS"
    MARRIAGE = "MARRIAGE"
    FAMILY = "FAMILY"
    HOME = "HOME"
    FARMING = "FARMING"
    DRIVING = "DRIVING"
    ILLNESS = "ILLNESS"
    DISABILITY = "DISABILITY"
    WIDOWHOOD = "WIDOWHOOD"
    OLD_AGE = "OLD_AGE"
    DEATH = "DEATH"
    DISASTER = "DISASTER"


class Situation(StrEnum):
    """What a benefit may ask of a person's situation."""

    WIDOW = "WIDOW"
    DISABLED = "DISABLED"
    FARMER = "FARMER"
    RURAL = "RURAL"
    RESIDENT = "RESIDENT"
    BPL = "BPL"
    """The household is below the poverty line."""
    MOTHER_OF_A_DAUGHTER = "MOTHER_OF_A_DAUGHTER"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who a service is for, as its source says; a bound that the source does not give is None.

    Ages are full years, both bounds included. `most_income_paise` is the family's income a month; where
    `bpl_instead`, it does not bind a household below the poverty line.
    """

    text: Bilingual
    least_age: int | None = None
    most_age: int | None = None
    situations: tuple[Situation, ...] = ()
    most_income_paise: int | None = None
    bpl_instead: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person states to find eligible services; None means not stated."""

    age: int | None = None
    income_paise: int | None = None
    situations: frozenset[Situation] | None = None


def may_be_eligible(eligibility: Eligibility, facts: Facts) -> bool:
    """Whether no stated fact excludes it; a fact that is not stated never does."""
    old_enough = facts.age is None or eligibility.least_age is None or facts.age >= eligibility.least_age
    young_enough = facts.age is None or eligibility.most_age is None or facts.age <= eligibility.most_age
    most = eligibility.most_income_paise
    below = eligibility.bpl_instead and facts.situations is not None and Situation.BPL in facts.situations
    poor_enough = below or facts.income_paise is None or most is None or facts.income_paise <= most
    situated = facts.situations is None or set(eligibility.situations) <= facts.situations
    return old_enough and young_enough and poor_enough and situated


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the catalogue. `code_source` is PORTAL or LOCAL; `verified` as docs/catalogue.md says."""

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
    life_events: tuple[LifeEvent, ...] | None = None
    eligibility: Eligibility | None = None
    keywords: tuple[str, ...] = ()
    """Other words that people look for it by, in any script."""
    version: int = 1
    """Which entry of this service it is; an application keeps the one that it was filed under."""
    needs_no_documents: bool | None = None
    """True where a source says that no paper is needed; without it, no `documents` means that no source names any."""
    kind: ServiceKind | None = None
    hand_over: HandOver | None = None
    """Where it is applied for, if its kind is HAND_OVER."""
    validity_months: int | None = None
    """How long a document that is issued for it is valid, counted from its day; None where no source says."""
    fact_sources: tuple[FactSource, ...] = ()
    """What each fact rests on; a fact that none names has no source of its own."""

    definition: Definition | None = None
    """What a department published of its steps and its law; None for the usual course."""

    @property
    def fee_after_approval(self) -> bool:
        """Whether the fee falls due with the approval, not with the submission."""
        return self.definition is not None and self.definition.fee_after_approval

    @property
    def template(self) -> str | None:
        """The kind of its certificate that its definition names; None: as its slug says."""
        return self.definition.template if self.definition else None

    def source_of(self, fact: Fact) -> FactSource | None:
        return next((one for one in self.fact_sources if fact in one.facts), None)

    @property
    def stated_facts(self) -> tuple[Fact, ...]:
        """The facts that the entry states at all, whether or not a source confirms them."""
        said: dict[Fact, object] = {
            Fact.NAME: self.name,
            Fact.DEPARTMENT: self.department,
            Fact.KIND: self.kind,
            Fact.RTS_NOTIFIED: self.rts_notified,
            Fact.TIME_LIMIT: self.limit_days,
            Fact.DELIVERY_TIME: self.portal_delivery_days,
            Fact.DESIGNATED_OFFICER: self.designated_officer,
            Fact.FIRST_APPELLATE: self.first_appellate,
            Fact.SECOND_APPELLATE: self.second_appellate,
            Fact.FEE: self.fee_paise,
            Fact.DOCUMENTS: self.documents_known or None,
            Fact.CHANNELS: self.channels or None,
            Fact.OUTCOME: None if self.hand_over else self.outcome,
            Fact.SECOND_PAIR: self.needs_second_pair,
            Fact.LIFE_EVENTS: self.life_events,
            Fact.ELIGIBILITY: self.eligibility,
            Fact.HAND_OVER: self.hand_over,
            Fact.VALIDITY: self.validity_months,
        }
        return tuple(fact for fact, value in said.items() if value is not None)

    @property
    def facts_not_confirmed(self) -> tuple[Fact, ...]:
        """The facts that the entry states although no source confirms them."""
        return tuple(fact for fact in self.stated_facts if not ((one := self.source_of(fact)) and one.confirmed))

    @property
    def documents_known(self) -> bool:
        """Whether a source says which papers are needed."""
        return bool(self.documents) or self.needs_no_documents is True


def service_with_name(code: str, slug: str, name: Bilingual) -> Service:
    """A service of our own list of which nothing is known but its code, slug and names; it is closed."""
    return Service(
        id="",
        code=code,
        code_source="LOCAL",
        slug=slug,
        name=name,
        department=None,
        category=None,
        rts_notified=None,
        limit_days=None,
        limit_unit=DayUnit.WORKING_DAYS,
        portal_delivery_days=None,
        designated_officer=None,
        first_appellate=None,
        second_appellate=None,
        fee_paise=None,
        documents=(),
        channels=(),
        outcome=Outcome.ORDER,
        doctype=None,
        scheme_id=None,
        open=False,
        source="",
        verified=False,
    )


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
    rail: Rail = Rail.IFMS
    """The way that its money goes."""
    head_of_account: str | None = None
    """The head of account that it is paid from; None for the installation's own."""
    terms: int | None = None
    """Into how many payments the amount of a period is divided; None for one."""
    life_certificate: bool | None = None
    """Whether it asks for a life certificate each year."""
    annual_review: bool | None = None
    """Whether the department reviews each grant once a year."""
    eligibility: Bilingual | None = None
    """Who it is for, in the words of its source."""
    papers: Bilingual | None = None
    """What is verified before it is granted: the papers, divided by semicolons."""
    limit_days: int | None = None
    is_dbt: bool | None = None
    """Whether it is paid straight to the citizen's account."""
    portal: str | None = None
    notes: str | None = None
