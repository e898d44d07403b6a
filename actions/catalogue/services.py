"""Reads the rows of services.csv and joins them with the other files of catalogue_data/."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from actions.catalogue.cells import (
    CellWrong,
    Reject,
    Row,
    RowReader,
    cell_parts,
    is_verified,
    key_text,
    paise,
    required_text,
    text,
    whole_number,
    word,
    words,
    yes_or_no,
)
from actions.catalogue.keys import document_key, papers_of, row_id, service_code
from actions.catalogue.schemes import SCHEMES
from domain.applications.deadline import DayUnit
from domain.catalogue.catalogue import Department, Eligibility, LifeEvent, Outcome, Scheme, Service, Situation
from domain.kernel import Bilingual

SERVICES, DEPARTMENTS = "services.csv", "departments.csv"
_OWN_FILES = (
    "local_outcomes.csv",
    "local_second_pair.csv",
    "local_keywords.csv",
    "local_life_events.csv",
    "local_eligibility.csv",
)
_ELSEWHERE = ("redirect:", "apuni-sarkar listing")
"""Channels of services that are applied for on another portal."""

_OLDEST = 150
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LocalFacts:
    """What else is known of services: departments and schemes, and the rows of our own files."""

    departments: tuple[Department, ...]
    schemes: tuple[Scheme, ...]
    scheme_rows: tuple[Row, ...]
    doctypes: tuple[Row, ...]
    outcomes: tuple[Row, ...]
    local_departments: tuple[Row, ...]
    second_pairs: tuple[Row, ...]
    keywords: tuple[Row, ...]
    life_events: tuple[Row, ...]
    eligibility: tuple[Row, ...]


def read_services(sieve: RowReader, rows: Iterable[Row], facts: LocalFacts) -> Iterable[Service]:
    """The services whose rows can be read; a code or a slug that occurs twice is refused the second time."""
    reader = _Services(sieve, facts)
    slugs: set[str] = set()
    for line, service in sieve.read_rows(SERVICES, rows, service_code, reader.service):
        if service.slug in slugs:
            sieve.rejects.append(Reject(SERVICES, line, service.code, "slug", "TWICE"))
            continue
        slugs.add(service.slug)
        yield service


class _Services:
    """Joins the files by the service's code.

    A service of which a row in another file was refused is left out too: without that row it would change into
    something that no file says.
    """

    def __init__(self, sieve: RowReader, facts: LocalFacts) -> None:
        self._outcomes = _by_code(sieve, "local_outcomes.csv", facts.outcomes, _outcome)
        self._second_pairs = _by_code(
            sieve, "local_second_pair.csv", facts.second_pairs, lambda row: yes_or_no(row, "needs_second_pair")
        )
        self._keywords = _by_code(sieve, "local_keywords.csv", facts.keywords, lambda row: cell_parts(row, "keywords"))
        self._life_events = _by_code(
            sieve, "local_life_events.csv", facts.life_events, lambda row: words(row, "life_events", LifeEvent)
        )
        texts = {row.get("scheme_id"): row.get("eligibility") or "" for row in facts.scheme_rows}
        self._eligibility = _by_code(
            sieve, "local_eligibility.csv", facts.eligibility, lambda row: _eligibility(row, texts)
        )
        self._slugs = {department.slug for department in facts.departments}
        self._slug_of = {department.name.en: department.slug for department in facts.departments}
        self._slug_of |= {row["department_en"]: row["slug"] for row in facts.local_departments}
        self._schemes = {scheme.service_code: scheme.code for scheme in facts.schemes if scheme.service_code}
        self._elsewhere = self._refused_elsewhere(sieve, facts)
        self._departments_refused = any(reject.file == DEPARTMENTS for reject in sieve.rejects)
        self._doctypes: dict[str, str] = {}
        for row in facts.doctypes:
            if found := re.search(r"\b([A-Z]{2}\d{2}) \(relation INFERRED\)", row["related_service"]):
                self._doctypes.setdefault(found[1], row["doctype"])

    def service(self, row: Row) -> Service:
        """The service of a row; raises CellWrong."""
        code = service_code(row)
        if code in self._elsewhere:
            raise CellWrong(self._elsewhere[code], "LEFT_AS_IS")
        department = self._department(row)
        if department is None and self._departments_refused and text(row, "department_en"):
            raise CellWrong(DEPARTMENTS, "LEFT_AS_IS")  # its department may be among those that were refused
        name = Bilingual(text(row, "name_hi"), required_text(row, "name_en"))
        outcome, doctype, scheme, is_open = self._ending(code)
        channel = text(row, "channel") or ""
        return Service(
            id=row_id("service", code),
            code=code,
            code_source="PORTAL" if text(row, "service_code") else "LOCAL",
            slug=key_text(row, "slug") or document_key(name.en),
            name=name,
            department=department,
            category=text(row, "category"),
            rts_notified=yes_or_no(row, "rts_notified"),
            limit_days=whole_number(row, "rts_time_limit_days"),
            limit_unit=DayUnit.WORKING_DAYS,
            portal_delivery_days=whole_number(row, "portal_delivery_days"),
            designated_officer=text(row, "designated_officer"),
            first_appellate=text(row, "first_appellate"),
            second_appellate=text(row, "second_appellate"),
            fee_paise=paise(row, "fee_inr"),
            documents=papers_of(_papers(row)),
            channels=cell_parts(row, "channel"),
            outcome=outcome,
            doctype=doctype,
            scheme_id=scheme,
            open=not channel.startswith(_ELSEWHERE) if is_open is None else is_open,
            source=text(row, "source") or "",
            verified=is_verified(row),
            needs_second_pair=self._second_pairs.get(code),
            life_events=self._life_events.get(code),
            eligibility=self._eligibility.get(code),
            keywords=self._keywords.get(code, ()),
        )

    def _refused_elsewhere(self, sieve: RowReader, facts: LocalFacts) -> dict[str, str]:
        """The file in which a row about a service was refused, by the service's code."""
        found = {code: file for file in _OWN_FILES for code in sieve.refused_keys(file)}
        lost = sieve.refused_keys(SCHEMES)
        granted = {row.get("portal_service_code"): SCHEMES for row in facts.scheme_rows if row.get("scheme_id") in lost}
        named = {code: SCHEMES for code, ending in self._outcomes.items() if ending[2] in lost}
        return {**{code: file for code, file in granted.items() if code}, **named, **found}

    def _ending(self, code: str) -> tuple[Outcome, str | None, str | None, bool | None]:
        """The outcome with its document type or scheme, and whether it is applied for here where we say so."""
        if code in self._outcomes:
            return self._outcomes[code]
        if code in self._schemes:
            return Outcome.BENEFIT, None, self._schemes[code], None
        doctype = self._doctypes.get(code)
        return (Outcome.CERTIFICATE if doctype else Outcome.ORDER), doctype, None, None

    def _department(self, row: Row) -> str | None:
        slug = text(row, "department_slug")
        return slug if slug in self._slugs else self._slug_of.get(text(row, "department_en") or "")


def _by_code(sieve: RowReader, file: str, rows: Iterable[Row], read: Callable[[Row], T]) -> dict[str, T]:
    """What one of our own files says of each service."""
    values = sieve.read_rows(file, rows, service_code, lambda row: (service_code(row), read(row)))
    return dict(value for _, value in values)


def _outcome(row: Row) -> tuple[Outcome, str | None, str | None, bool | None]:
    outcome = word(required_text(row, "outcome"), "outcome", Outcome)
    return outcome, text(row, "doctype"), text(row, "scheme_id"), yes_or_no(row, "open")


def _eligibility(row: Row, texts: Mapping[str | None, str]) -> Eligibility:
    """The bounds that we read out of the words of the scheme; the words themselves go with them."""
    said = texts.get(text(row, "scheme_id"))
    if not said:
        raise CellWrong("scheme_id", "NOT_KNOWN")
    return Eligibility(
        text=said,
        least_age=whole_number(row, "least_age", _OLDEST),
        most_age=whole_number(row, "most_age", _OLDEST),
        situations=words(row, "situations", Situation),
        most_income_paise=paise(row, "most_income_inr_month"),
        bpl_instead=yes_or_no(row, "bpl_instead") is True,
    )


def _papers(row: Row) -> Iterable[tuple[str, bool]]:
    """The papers that a row names, and whether each is needed."""
    for field, required in (("documents_required", True), ("documents_optional", False)):
        yield from ((name, required) for name in cell_parts(row, field))
