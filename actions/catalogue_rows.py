"""Reads the rows of catalogue_data/ into the words of the domain. Pure: no file is opened here.

Rules (data/README.md): an empty cell is None, never zero; a service without a portal code gets
`UKX-` and six letters of a hash of its English name; `verified` is kept as the row says.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from domain.catalogue import Department, District, Outcome, RequiredDocument, Scheme, Service, Tehsil
from domain.deadline import DayUnit, WorkCalendar
from domain.money import paise_from_rupees
from domain.text import Bilingual
from store.calendar import Holiday

Row = Mapping[str, str]

_NAMESPACE = uuid.UUID("6f0b8a6e-2f0c-5d0e-9a54-6170756e6973")
_ELSEWHERE = ("redirect:", "apuni-sarkar listing")
"""Channels of services that are applied for on another portal."""


@dataclass(frozen=True, slots=True)
class CatalogueRows:
    """The rows of each file, as `csv.DictReader` gives them."""

    districts: tuple[Row, ...]
    tehsils: tuple[Row, ...]
    departments: tuple[Row, ...]
    services: tuple[Row, ...]
    schemes: tuple[Row, ...]
    doctypes: tuple[Row, ...]
    outcomes: tuple[Row, ...]
    local_departments: tuple[Row, ...]
    holidays: tuple[Row, ...]
    second_pairs: tuple[Row, ...] = ()


FILES: Mapping[str, str] = MappingProxyType(
    {
        "districts": "districts.csv",
        "tehsils": "tehsils.csv",
        "departments": "departments.csv",
        "services": "services.csv",
        "schemes": "dbt_schemes.csv",
        "doctypes": "digilocker_doctypes.csv",
        "outcomes": "local_outcomes.csv",
        "local_departments": "local_departments.csv",
        "holidays": "holidays.csv",
        "second_pairs": "local_second_pair.csv",
    }
)
"""Which file of catalogue_data/ each field of CatalogueRows is read from."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is loaded at the first start."""

    districts: tuple[District, ...]
    tehsils: tuple[Tehsil, ...]
    departments: tuple[Department, ...]
    services: tuple[Service, ...]
    schemes: tuple[Scheme, ...]
    etaal_codes: Mapping[str, str]
    calendar: WorkCalendar


def read_catalogue(rows: CatalogueRows) -> Catalogue:
    """Turn all rows into domain values; raises ValueError for a row that breaks the rules."""
    departments = tuple(_department(row) for row in rows.departments)
    schemes = tuple(_scheme(row) for row in rows.schemes)
    services = tuple(_Services(rows, departments, schemes).read())
    return Catalogue(
        districts=tuple(_district(row) for row in rows.districts),
        tehsils=tuple(_tehsil(row) for row in rows.tehsils),
        departments=departments,
        services=services,
        schemes=schemes,
        etaal_codes={service.code: etaal_code(service.code) for service in services},
        calendar=read_calendar(rows.holidays),
    )


def read_calendar(rows: Iterable[Row]) -> WorkCalendar:
    """Holidays by date; the version names the content, so that a stored due date can be recomputed."""
    holidays: dict[date, frozenset[str]] = {}
    for row in rows:
        day, district = date.fromisoformat(row["date"]), row["district"].strip()
        before = holidays.get(day)
        whole_state = not district or (before is not None and not before)
        holidays[day] = frozenset() if whole_state else (before or frozenset()) | {district}
    content = ";".join(f"{day}:{','.join(sorted(holidays[day]))}" for day in sorted(holidays))
    return WorkCalendar(f"UK-{_digest(content)[:8]}", holidays)


def named_holidays(rows: Iterable[Row]) -> list[Holiday]:
    """The same holidays with their names, one for each row."""
    return [
        Holiday(
            date.fromisoformat(row["date"]),
            Bilingual(row["name_hi"] or None, row["name_en"]),
            row["district"].strip() or None,
            _verified(row),
        )
        for row in rows
    ]


def service_code(row: Row) -> str:
    """The portal's code, or a local one made from the English name."""
    return row["service_code"] or f"UKX-{letters(row['name_en'])}"


def letters(text: str) -> str:
    """Six capital letters of a hash of a text."""
    value = int(_digest(text), 16)
    return "".join(chr(ord("A") + value // 26**place % 26) for place in range(6))


def etaal_code(code: str) -> str:
    """A stand-in for the code that e-Taal gives at enrolment (contracts/etaal.md section 3)."""
    return f"UK{int(_digest(f'etaal:{code}'), 16) % 10**6:06d}"


def document_key(name: str) -> str:
    """A stable key for a required document: the words of its name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def row_id(kind: str, key: str) -> str:
    """The same identifier for the same row in every installation (UUIDv5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{key}"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(text: str) -> int | None:
    return int(text) if text.strip() else None


def _paise(text: str) -> int | None:
    return paise_from_rupees(text) if text.strip() else None


def _text(row: Row) -> Bilingual:
    return Bilingual(row["name_hi"] or None, row["name_en"])


def _verified(row: Row) -> bool:
    return row["verified"] == "yes"


def _district(row: Row) -> District:
    code = row["district_lgd_code"]
    return District(
        row_id("district", code),
        code,
        _text(row),
        row["division"],
        row["headquarters"],
        row["source"],
        _verified(row),
    )


def _tehsil(row: Row) -> Tehsil:
    code = row["subdistrict_lgd_code"] or f"UKT-{letters(row['district_en'] + '/' + row['name_en'])}"
    return Tehsil(code, row["district_lgd_code"], _text(row), row["source"], _verified(row))


def _department(row: Row) -> Department:
    slug = row["portal_slug"] or document_key(row["name_en"])
    count = _whole(row["portal_service_count"])
    return Department(row_id("department", slug), slug, _text(row), count, row["source"], _verified(row))


def _scheme(row: Row) -> Scheme:
    code = row["scheme_id"]
    return Scheme(
        id=row_id("scheme", code),
        code=code,
        name=_text(row),
        department=Bilingual(row["department_hi"] or None, row["department_en"]),
        benefit_type=row["benefit_type"],
        amount_paise=_paise(row["amount_inr"]),
        period=row["period"] or None,
        service_code=row["portal_service_code"] or None,
        source=row["source"],
        verified=_verified(row),
    )


class _Services:
    """Reads services with what the other files say about them."""

    def __init__(self, rows: CatalogueRows, departments: tuple[Department, ...], schemes: tuple[Scheme, ...]) -> None:
        self._rows = rows.services
        self._local = {service_code(row): row for row in rows.outcomes}
        self._second_pairs = {row["service_code"]: row["needs_second_pair"] == "yes" for row in rows.second_pairs}
        self._slugs = {department.slug for department in departments}
        self._slug_of = {department.name.en: department.slug for department in departments}
        self._slug_of |= {row["department_en"]: row["slug"] for row in rows.local_departments}
        self._schemes = {scheme.service_code: scheme.code for scheme in schemes if scheme.service_code}
        self._doctypes: dict[str, str] = {}
        for row in rows.doctypes:
            if found := re.search(r"\b([A-Z]{2}\d{2}) \(relation INFERRED\)", row["related_service"]):
                self._doctypes.setdefault(found[1], row["doctype"])

    def read(self) -> Iterable[Service]:
        seen: set[str] = set()
        for row in self._rows:
            code = service_code(row)
            if code in seen:
                raise ValueError(f"service {code} occurs twice")
            seen.add(code)
            yield self._service(code, row)

    def _service(self, code: str, row: Row) -> Service:
        outcome, doctype, scheme = self._outcome(code)
        local = bool(not row["service_code"])
        return Service(
            id=row_id("service", code),
            code=code,
            code_source="LOCAL" if local else "PORTAL",
            slug=row["slug"] or document_key(row["name_en"]),
            name=_text(row),
            department=self._department(row),
            category=row["category"] or None,
            rts_notified={"yes": True, "no": False}.get(row["rts_notified"]),
            limit_days=_whole(row["rts_time_limit_days"]),
            limit_unit=DayUnit.WORKING_DAYS,
            portal_delivery_days=_whole(row["portal_delivery_days"]),
            designated_officer=row["designated_officer"] or None,
            first_appellate=row["first_appellate"] or None,
            second_appellate=row["second_appellate"] or None,
            fee_paise=_paise(row["fee_inr"]),
            documents=(*_documents(row["documents_required"], True), *_documents(row["documents_optional"], False)),
            channels=tuple(part.strip() for part in row["channel"].split(";") if part.strip()),
            outcome=outcome,
            doctype=doctype,
            scheme_id=scheme,
            open=self._open(code, row),
            source=row["source"],
            verified=_verified(row),
            needs_second_pair=self._second_pairs.get(code),
        )

    def _outcome(self, code: str) -> tuple[Outcome, str | None, str | None]:
        local = self._local.get(code)
        if local is not None:
            return Outcome(local["outcome"]), local["doctype"] or None, local["scheme_id"] or None
        if code in self._schemes:
            return Outcome.BENEFIT, None, self._schemes[code]
        doctype = self._doctypes.get(code)
        return (Outcome.CERTIFICATE, doctype, None) if doctype else (Outcome.ORDER, None, None)

    def _open(self, code: str, row: Row) -> bool:
        said = self._local.get(code, {}).get("open", "")
        return said == "yes" if said else not row["channel"].startswith(_ELSEWHERE)

    def _department(self, row: Row) -> str | None:
        slug = row["department_slug"]
        return slug if slug in self._slugs else self._slug_of.get(row["department_en"])


def _documents(cell: str, required: bool) -> Iterable[RequiredDocument]:
    names = (part.strip() for part in cell.split(";"))
    return (RequiredDocument(document_key(name), name, required) for name in names if name)
