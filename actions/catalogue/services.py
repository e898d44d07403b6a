"""Reads the rows of services.csv and joins them with the other files of a state's catalogue."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Row
from actions.catalogue.files import FILES, CatalogueRows
from actions.catalogue.keys import document_key, papers_of, row_id, service_code
from domain.applications.deadline import DayUnit
from domain.catalogue.catalogue import (
    Department,
    Eligibility,
    Fact,
    HandOver,
    LifeEvent,
    Outcome,
    Scheme,
    Service,
    ServiceKind,
    Situation,
    sources_with,
)
from domain.kernel import Bilingual

SERVICES, DEPARTMENTS, SCHEMES = FILES["services"], FILES["departments"], FILES["schemes"]
RENAMED, DOCTYPES = FILES["local_departments"], FILES["doctypes"]
_OWN_FILES = [FILES[name] for name in ("outcomes", "second_pairs", "keywords", "life_events", "eligibility", "kinds")]
_ELSEWHERE = ("redirect:", "apuni-sarkar listing")
"""Channels of services that are applied for on another portal."""

_ROW_FACTS = (
    Fact.NAME,
    Fact.DEPARTMENT,
    Fact.RTS_NOTIFIED,
    Fact.TIME_LIMIT,
    Fact.DELIVERY_TIME,
    Fact.FEE,
    Fact.DOCUMENTS,
    Fact.CHANNELS,
)
"""What a row of services.csv says of itself; its officers have a flag and a source of their own."""

_OFFICERS = {
    Fact.DESIGNATED_OFFICER: "designated only",
    Fact.FIRST_APPELLATE: "first appellate only",
    Fact.SECOND_APPELLATE: "second appellate only",
}


def _address(said: str) -> str:
    if not said.startswith(("https://", "tel:")):
        raise PydanticCustomError("NOT_AN_ADDRESS", "not an address")
    return said


Age = Annotated[int, Field(ge=0, le=150), cells.Digits]
Address = Annotated[cells.Text, AfterValidator(_address)]


class OfService(cells.SourcedRow):
    """A row about a service, by the portal's code, or by the English name where it has none."""

    service_code: cells.Key | None = None
    name_en: cells.Name | None = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if self.service_code is None and self.name_en is None:
            raise CellWrong("name_en", "MISSING")
        return self

    @property
    def code(self) -> str:
        """The service's code."""
        return service_code({"service_code": self.service_code, "name_en": self.name_en})


M = TypeVar("M", bound=OfService)


class OutcomeRow(OfService):
    """A row of local_outcomes.csv: what an application ends in, and whether it is applied for here."""

    outcome: Outcome
    doctype: cells.Text | None = None
    scheme_id: cells.Text | None = None
    open: bool | None = None
    validity_months: cells.Days | None = None


class SecondPairRow(OfService):
    """A row of local_second_pair.csv: whether a second officer confirms what was decided."""

    needs_second_pair: bool | None = None


class KeywordsRow(OfService):
    """A row of local_keywords.csv: words by which people look for the service."""

    keywords: cells.Texts = ()


class LifeEventsRow(OfService):
    """A row of local_life_events.csv."""

    life_events: Annotated[tuple[LifeEvent, ...], cells.Parts] = ()


class EligibilityRow(OfService):
    """A row of local_eligibility.csv: the bounds that we read out of the words of the scheme."""

    scheme_id: cells.Text
    least_age: Age | None = None
    most_age: Age | None = None
    situations: Annotated[tuple[Situation, ...], cells.Parts] = ()
    most_income_inr_month: cells.Paise | None = None
    bpl_instead: bool = False


class KindRow(OfService):
    """A row of local_kinds.csv: the kind of a service; of another body's also where it is applied for."""

    kind: ServiceKind
    address: Address | None = None
    status_address: Address | None = None
    body_en: cells.Name | None = None
    body_hi: cells.Text | None = None
    bring_en: cells.Texts = ()
    bring_hi: cells.Texts = ()

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        """The address is said of a service of another body, then and only then."""
        if self.kind is not ServiceKind.HAND_OVER:
            if self.address is not None:
                raise CellWrong("address", "ONLY_HAND_OVER")
        elif missing := next((name for name in ("address", "body_en") if getattr(self, name) is None), None):
            raise CellWrong(missing, "MISSING")
        elif self.bring_hi and len(self.bring_hi) != len(self.bring_en):
            raise CellWrong("bring_hi", "NOT_THE_SAME_NUMBER")
        return self

    @property
    def hand_over(self) -> HandOver | None:
        """Where a service of another body is applied for; None of ours."""
        if self.address is None or self.body_en is None:
            return None
        hindi = self.bring_hi or (None,) * len(self.bring_en)
        bring = tuple(Bilingual(hi, en) for en, hi in zip(self.bring_en, hindi, strict=True))
        return HandOver(Bilingual(self.body_hi, self.body_en), self.address, bring, self.status_address)


class RenamedRow(cells.RowModel):
    """A row of local_departments.csv: a department that services.csv names in another way."""

    department_en: cells.Name
    slug: cells.Key


class DoctypeRow(cells.RowModel):
    """A row of digilocker_doctypes.csv."""

    doctype: cells.Key
    related_service: cells.Text = ""


class ServiceRow(cells.NamedRow, cells.SourcedRow):
    """A row of services.csv."""

    service_code: cells.Key | None = None
    slug: cells.Key | None = None
    department_en: cells.Text | None = None
    department_slug: cells.Text | None = None
    category: cells.Text | None = None
    rts_notified: bool | None = None
    rts_time_limit_days: cells.Days | None = None
    portal_delivery_days: cells.Days | None = None
    designated_officer: cells.Text | None = None
    first_appellate: cells.Text | None = None
    second_appellate: cells.Text | None = None
    officers_verified: cells.Text = "no"
    officers_source: cells.Text = ""
    fee_inr: cells.Paise | None = None
    documents_required: cells.Texts = ()
    documents_optional: cells.Texts = ()
    channel: cells.Text = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """The parts of the column `channel`."""
        return cells.parts_of_cell(self.channel)

    def papers(self) -> Iterator[tuple[str, bool]]:
        """The papers that the row names, and whether each is needed."""
        yield from ((name, True) for name in self.documents_required)
        yield from ((name, False) for name in self.documents_optional)

    def fact_sources(self) -> dict[Fact, tuple[str, bool]]:
        """What each fact of the row rests on; its officers have a flag and a source of their own."""
        officers, said = self.officers_source or self.source, self.officers_verified
        of_officers = {fact: (officers, said in ("yes", words)) for fact, words in _OFFICERS.items()}
        return dict.fromkeys(_ROW_FACTS, (self.source, self.verified)) | of_officers


def read_services(
    sieve: cells.RowReader, rows: CatalogueRows, departments: Iterable[Department], schemes: Iterable[Scheme]
) -> Iterable[Service]:
    """The services whose rows can be read; a code or a slug that occurs twice is refused the second time."""
    reader = _Services(sieve, rows, departments, schemes)
    slugs: set[str] = set()
    for line, service in sieve.read_rows(SERVICES, rows.services, service_code, reader.service):
        if service.slug in slugs:
            sieve.rejects.append(cells.Reject(SERVICES, line, service.code, "slug", "TWICE"))
            continue
        slugs.add(service.slug)
        yield service


class _Services:
    """Joins the files by the service's code.

    A service of which a row in another file was refused is left out too: without that row it would change into
    something that no file says.
    """

    def __init__(
        self, sieve: cells.RowReader, rows: CatalogueRows, departments: Iterable[Department], schemes: Iterable[Scheme]
    ) -> None:
        hindi = {row.get("scheme_id"): row.get("eligibility_hi") or None for row in rows.local_schemes}
        self._eligibility_texts = {
            (code := row.get("scheme_id")): Bilingual(hindi.get(code), said)
            for row in rows.schemes
            if (said := row.get("eligibility"))
        }

        self._sources: dict[str, dict[Fact, tuple[str, bool]]] = {}

        def by_code(name: str, read: Callable[[Row], M], *facts: Fact) -> dict[str, M]:
            """What one of our own files says of each service; its rows name the source of the facts."""
            found: dict[str, M] = {}
            for _, row in sieve.read_rows(FILES[name], getattr(rows, name), service_code, read):
                found[row.code] = row
                self._sources.setdefault(row.code, {}).update(dict.fromkeys(facts, (row.source, row.verified)))
            return found

        def eligibility(row: Row) -> EligibilityRow:
            parsed = EligibilityRow.from_row(row)
            if parsed.scheme_id not in self._eligibility_texts:
                raise CellWrong("scheme_id", "NOT_KNOWN")
            return parsed

        self._outcomes = by_code("outcomes", OutcomeRow.from_row, Fact.OUTCOME, Fact.VALIDITY)
        pairs = by_code("second_pairs", SecondPairRow.from_row, Fact.SECOND_PAIR)
        self._second_pairs = {code: row.needs_second_pair for code, row in pairs.items()}
        self._keywords = {code: row.keywords for code, row in by_code("keywords", KeywordsRow.from_row).items()}
        events = by_code("life_events", LifeEventsRow.from_row, Fact.LIFE_EVENTS)
        self._life_events = {code: row.life_events for code, row in events.items()}
        self._eligibility = by_code("eligibility", eligibility, Fact.ELIGIBILITY)
        self._kinds = by_code("kinds", KindRow.from_row, Fact.KIND, Fact.HAND_OVER)
        self._slugs = {department.slug for department in departments}
        self._slug_of = {department.name.en: department.slug for department in departments}
        renamed = sieve.read_rows(RENAMED, rows.local_departments, _department_en, RenamedRow.from_row)
        self._slug_of |= {row.department_en: row.slug for _, row in renamed}
        refused = {reject.file for reject in sieve.rejects}
        self._refused_departments = next((file for file in (DEPARTMENTS, RENAMED) if file in refused), None)
        self._schemes = {scheme.service_code: scheme.code for scheme in schemes if scheme.service_code}
        self._doctypes: dict[str, str] = {}
        for _, row in sieve.read_rows(DOCTYPES, rows.doctypes, _doctype, DoctypeRow.from_row):
            if code := _related_code(row.related_service):
                self._doctypes.setdefault(code, row.doctype)
        self._elsewhere = self._refused_elsewhere(sieve, rows)

    def service(self, row: Row) -> Service:
        """The service of a row; raises CellWrong."""
        code = service_code(row)
        if code in self._elsewhere:
            raise CellWrong(self._elsewhere[code], "LEFT_AS_IS")
        parsed = ServiceRow.from_row(row)
        department = self._department(parsed)
        if department is None and self._refused_departments and parsed.department_en:
            raise CellWrong(
                self._refused_departments, "LEFT_AS_IS"
            )  # its department may be among those that were refused
        ending, kind = self._ending(code), self._kinds.get(code)
        hand_over = kind.hand_over if kind else None
        is_here = not parsed.channel.startswith(_ELSEWHERE) if ending.open is None else ending.open
        return Service(
            id=row_id("service", code),
            code=code,
            code_source="PORTAL" if parsed.service_code else "LOCAL",
            slug=parsed.slug or document_key(parsed.name_en),
            name=parsed.name,
            department=department,
            category=parsed.category,
            rts_notified=parsed.rts_notified,
            limit_days=parsed.rts_time_limit_days,
            limit_unit=DayUnit.WORKING_DAYS,
            portal_delivery_days=parsed.portal_delivery_days,
            designated_officer=parsed.designated_officer,
            first_appellate=parsed.first_appellate,
            second_appellate=parsed.second_appellate,
            fee_paise=parsed.fee_inr,
            documents=papers_of(parsed.papers()),
            channels=parsed.channels,
            outcome=ending.outcome,
            doctype=ending.doctype,
            scheme_id=ending.scheme_id,
            open=hand_over is None and is_here,
            source=parsed.source,
            verified=parsed.verified,
            needs_second_pair=self._second_pairs.get(code),
            life_events=self._life_events.get(code),
            eligibility=self._eligibility_of(code),
            keywords=self._keywords.get(code, ()),
            kind=kind.kind if kind else None,
            hand_over=hand_over,
            validity_months=ending.validity_months,
            fact_sources=sources_with((), parsed.fact_sources() | self._sources.get(code, {})),
        )

    def _eligibility_of(self, code: str) -> Eligibility | None:
        """The bounds that we read out of the words of the scheme; the words themselves go with them."""
        bounds = self._eligibility.get(code)
        if bounds is None:
            return None
        return Eligibility(
            text=self._eligibility_texts[bounds.scheme_id],
            least_age=bounds.least_age,
            most_age=bounds.most_age,
            situations=bounds.situations,
            most_income_paise=bounds.most_income_inr_month,
            bpl_instead=bounds.bpl_instead,
        )

    def _refused_elsewhere(self, sieve: cells.RowReader, rows: CatalogueRows) -> dict[str, str]:
        """The file in which a row about a service was refused, by the service's code."""
        lost, unread = sieve.refused_keys(SCHEMES), sieve.refused_keys(DOCTYPES)
        refused = {_related_code(row["related_service"]): DOCTYPES for row in rows.doctypes if _doctype(row) in unread}
        refused |= {row.get("portal_service_code"): SCHEMES for row in rows.schemes if row.get("scheme_id") in lost}
        refused |= {code: SCHEMES for code, ending in self._outcomes.items() if ending.scheme_id in lost}
        refused |= {code: file for file in _OWN_FILES for code in sieve.refused_keys(file)}
        return {code: file for code, file in refused.items() if code}

    def _ending(self, code: str) -> OutcomeRow:
        if code in self._outcomes:
            return self._outcomes[code]
        if scheme := self._schemes.get(code):
            return OutcomeRow(service_code=code, outcome=Outcome.BENEFIT, scheme_id=scheme)
        doctype = self._doctypes.get(code)
        outcome = Outcome.CERTIFICATE if doctype else Outcome.ORDER
        return OutcomeRow(service_code=code, outcome=outcome, doctype=doctype)

    def _department(self, row: ServiceRow) -> str | None:
        slug = row.department_slug
        return slug if slug in self._slugs else self._slug_of.get(row.department_en or "")


def _department_en(row: Row) -> str:
    return cells.cell(row, "department_en")


def _doctype(row: Row) -> str:
    return cells.cell(row, "doctype")


def _related_code(said: str) -> str | None:
    """The code of the service that a document type is INFERRED to be of."""
    found = re.search(r"\b([A-Z]{2}\d{2}) \(relation INFERRED\)", said)
    return found[1] if found else None
