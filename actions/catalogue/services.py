"""Reads the rows of services.csv and joins them with the other files of a state's catalogue."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Reject, Row, RowReader, T
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
_OWN_FILES = [FILES[name] for name in ("outcomes", "second_pairs", "keywords", "life_events", "eligibility", "kinds")]
_ELSEWHERE = ("redirect:", "apuni-sarkar listing")
"""Channels of services that are applied for on another portal."""

_OLDEST = 150
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


@dataclass(frozen=True, slots=True)
class _Ending:
    """What an application ends in, with its document type or scheme, and whether it is applied for here."""

    outcome: Outcome
    doctype: str | None = None
    scheme: str | None = None
    is_open: bool | None = None
    validity_months: int | None = None


def read_services(
    sieve: RowReader, rows: CatalogueRows, departments: Iterable[Department], schemes: Iterable[Scheme]
) -> Iterable[Service]:
    """The services whose rows can be read; a code or a slug that occurs twice is refused the second time."""
    reader = _Services(sieve, rows, departments, schemes)
    slugs: set[str] = set()
    for line, service in sieve.read_rows(SERVICES, rows.services, service_code, reader.service):
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

    def __init__(
        self, sieve: RowReader, rows: CatalogueRows, departments: Iterable[Department], schemes: Iterable[Scheme]
    ) -> None:
        hindi = {row.get("scheme_id"): row.get("eligibility_hi") or None for row in rows.local_schemes}
        texts = {
            (code := row.get("scheme_id")): Bilingual(hindi.get(code), said)
            for row in rows.schemes
            if (said := row.get("eligibility"))
        }

        self._sources: dict[str, dict[Fact, tuple[str, bool]]] = {}

        def by_code(name: str, read: Callable[[Row], T], *facts: Fact) -> dict[str, T]:
            """What one of our own files says of each service; its rows name the source of the facts."""

            def value_of(row: Row) -> tuple[str, T]:
                code, value = service_code(row), read(row)
                self._sources.setdefault(code, {}).update(dict.fromkeys(facts, _source(row)))
                return code, value

            return dict(value for _, value in sieve.read_rows(FILES[name], getattr(rows, name), service_code, value_of))

        self._outcomes = by_code("outcomes", _outcome, Fact.OUTCOME, Fact.VALIDITY)
        self._second_pairs = by_code(
            "second_pairs", lambda row: cells.yes_or_no(row, "needs_second_pair"), Fact.SECOND_PAIR
        )
        self._keywords = by_code("keywords", lambda row: cells.cell_parts(row, "keywords"))
        self._life_events = by_code(
            "life_events", lambda row: cells.words(row, "life_events", LifeEvent), Fact.LIFE_EVENTS
        )
        self._eligibility = by_code("eligibility", lambda row: _eligibility(row, texts), Fact.ELIGIBILITY)
        self._kinds = by_code("kinds", _kind, Fact.KIND, Fact.HAND_OVER)
        self._slugs = {department.slug for department in departments}
        self._slug_of = {department.name.en: department.slug for department in departments}
        self._slug_of |= {row["department_en"]: row["slug"] for row in rows.local_departments}
        self._schemes = {scheme.service_code: scheme.code for scheme in schemes if scheme.service_code}
        self._elsewhere = self._refused_elsewhere(sieve, rows)
        self._departments_refused = any(reject.file == DEPARTMENTS for reject in sieve.rejects)
        self._doctypes: dict[str, str] = {}
        for row in rows.doctypes:
            if found := re.search(r"\b([A-Z]{2}\d{2}) \(relation INFERRED\)", row["related_service"]):
                self._doctypes.setdefault(found[1], row["doctype"])

    def service(self, row: Row) -> Service:
        """The service of a row; raises CellWrong."""
        code = service_code(row)
        if code in self._elsewhere:
            raise CellWrong(self._elsewhere[code], "LEFT_AS_IS")
        department = self._department(row)
        if department is None and self._departments_refused and cells.text(row, "department_en"):
            raise CellWrong(DEPARTMENTS, "LEFT_AS_IS")  # its department may be among those that were refused
        name = cells.bilingual_name(row)
        ending = self._ending(code)
        kind, hand_over = self._kinds.get(code, (None, None))
        channel = cells.text(row, "channel") or ""
        return Service(
            id=row_id("service", code),
            code=code,
            code_source="PORTAL" if cells.text(row, "service_code") else "LOCAL",
            slug=cells.key_text(row, "slug") or document_key(name.en),
            name=name,
            department=department,
            category=cells.text(row, "category"),
            rts_notified=cells.yes_or_no(row, "rts_notified"),
            limit_days=cells.whole_number(row, "rts_time_limit_days"),
            limit_unit=DayUnit.WORKING_DAYS,
            portal_delivery_days=cells.whole_number(row, "portal_delivery_days"),
            designated_officer=cells.text(row, "designated_officer"),
            first_appellate=cells.text(row, "first_appellate"),
            second_appellate=cells.text(row, "second_appellate"),
            fee_paise=cells.paise(row, "fee_inr"),
            documents=papers_of(_papers(row)),
            channels=cells.cell_parts(row, "channel"),
            outcome=ending.outcome,
            doctype=ending.doctype,
            scheme_id=ending.scheme,
            open=hand_over is None
            and (not channel.startswith(_ELSEWHERE) if ending.is_open is None else ending.is_open),
            source=cells.text(row, "source") or "",
            verified=cells.is_verified(row),
            needs_second_pair=self._second_pairs.get(code),
            life_events=self._life_events.get(code),
            eligibility=self._eligibility.get(code),
            keywords=self._keywords.get(code, ()),
            kind=kind,
            hand_over=hand_over,
            validity_months=ending.validity_months,
            fact_sources=sources_with((), self._facts_of(code, row)),
        )

    def _refused_elsewhere(self, sieve: RowReader, rows: CatalogueRows) -> dict[str, str]:
        """The file in which a row about a service was refused, by the service's code."""
        found = {code: file for file in _OWN_FILES for code in sieve.refused_keys(file)}
        lost = sieve.refused_keys(SCHEMES)
        granted = {row.get("portal_service_code"): SCHEMES for row in rows.schemes if row.get("scheme_id") in lost}
        named = {code: SCHEMES for code, ending in self._outcomes.items() if ending.scheme in lost}
        return {**{code: file for code, file in granted.items() if code}, **named, **found}

    def _ending(self, code: str) -> _Ending:
        if code in self._outcomes:
            return self._outcomes[code]
        if code in self._schemes:
            return _Ending(Outcome.BENEFIT, scheme=self._schemes[code])
        doctype = self._doctypes.get(code)
        return _Ending(Outcome.CERTIFICATE if doctype else Outcome.ORDER, doctype)

    def _facts_of(self, code: str, row: Row) -> dict[Fact, tuple[str, bool]]:
        """What each fact rests on: the row of the service, that of its officers, or that of another file."""
        of_row = dict.fromkeys(_ROW_FACTS, _source(row))
        said = cells.text(row, "officers_verified") or "no"
        officers = cells.text(row, "officers_source") or cells.text(row, "source") or ""
        of_officers = {fact: (officers, said in ("yes", words)) for fact, words in _OFFICERS.items()}
        return of_row | of_officers | self._sources.get(code, {})

    def _department(self, row: Row) -> str | None:
        slug = cells.text(row, "department_slug")
        return slug if slug in self._slugs else self._slug_of.get(cells.text(row, "department_en") or "")


def _outcome(row: Row) -> _Ending:
    return _Ending(
        outcome=cells.word(cells.required_text(row, "outcome"), "outcome", Outcome),
        doctype=cells.text(row, "doctype"),
        scheme=cells.text(row, "scheme_id"),
        is_open=cells.yes_or_no(row, "open"),
        validity_months=cells.whole_number(row, "validity_months"),
    )


def _source(row: Row) -> tuple[str, bool]:
    """The source that a row names, and whether it was verified."""
    return cells.text(row, "source") or "", cells.is_verified(row)


def _kind(row: Row) -> tuple[ServiceKind, HandOver | None]:
    """The kind of a service; of another body's also where it is applied for, which must be said then and only then."""
    kind, address = cells.word(cells.required_text(row, "kind"), "kind", ServiceKind), cells.text(row, "address")
    if kind is not ServiceKind.HAND_OVER:
        if address is not None:
            raise CellWrong("address", "ONLY_HAND_OVER")
        return kind, None
    needed = cells.required_text(row, "address")
    status = cells.text(row, "status_address")
    for field, said in (("address", needed), ("status_address", status)):
        if said is not None and not said.startswith(("https://", "tel:")):
            raise CellWrong(field, "NOT_AN_ADDRESS")
    english, hindi = cells.cell_parts(row, "bring_en"), cells.cell_parts(row, "bring_hi")
    if hindi and len(hindi) != len(english):
        raise CellWrong("bring_hi", "NOT_THE_SAME_NUMBER")
    body = Bilingual(cells.text(row, "body_hi"), cells.required_text(row, "body_en"))
    bring = tuple(Bilingual(hi, en) for en, hi in zip(english, hindi or (None,) * len(english), strict=True))
    return kind, HandOver(body, needed, bring, status)


def _eligibility(row: Row, texts: Mapping[str | None, Bilingual]) -> Eligibility:
    """The bounds that we read out of the words of the scheme; the words themselves go with them."""
    said = texts.get(cells.text(row, "scheme_id"))
    if not said:
        raise CellWrong("scheme_id", "NOT_KNOWN")
    return Eligibility(
        text=said,
        least_age=cells.whole_number(row, "least_age", _OLDEST),
        most_age=cells.whole_number(row, "most_age", _OLDEST),
        situations=cells.words(row, "situations", Situation),
        most_income_paise=cells.paise(row, "most_income_inr_month"),
        bpl_instead=cells.yes_or_no(row, "bpl_instead") is True,
    )


def _papers(row: Row) -> Iterable[tuple[str, bool]]:
    """The papers that a row names, and whether each is needed."""
    for field, required in (("documents_required", True), ("documents_optional", False)):
        yield from ((name, required) for name in cells.cell_parts(row, field))
