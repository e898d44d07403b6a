"""Maps the rows of catalogue_data/ to domain objects. Pure: no file is opened here.

Rules (data/README.md): an empty cell is None, never zero; a service without a portal code gets
`UKX-` and six letters of a hash of its English name; `verified` is kept as the row says. A row that breaks the rules
is left out and reported by file, row, field and reason; the others go on.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from actions.catalogue.cells import CellWrong, Reject, Row, RowReader, is_verified, required_text, text, whole_number
from actions.catalogue.keys import document_key, letters, row_id
from actions.catalogue.schemes import read_schemes
from actions.catalogue.services import LocalFacts, read_services
from domain.applications.deadline import WorkCalendar
from domain.catalogue.catalogue import Department, District, Scheme, Service, Tehsil
from domain.kernel import Bilingual
from store.catalogue.calendar import Holiday, by_day


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
    keywords: tuple[Row, ...] = ()
    life_events: tuple[Row, ...] = ()
    eligibility: tuple[Row, ...] = ()
    local_schemes: tuple[Row, ...] = ()


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
        "keywords": "local_keywords.csv",
        "life_events": "local_life_events.csv",
        "eligibility": "local_eligibility.csv",
        "local_schemes": "local_schemes.csv",
    }
)
"""Which file of catalogue_data/ each field of CatalogueRows is read from."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is loaded at the first start, and the rows that could not be read."""

    districts: tuple[District, ...]
    tehsils: tuple[Tehsil, ...]
    departments: tuple[Department, ...]
    services: tuple[Service, ...]
    schemes: tuple[Scheme, ...]
    etaal_codes: Mapping[str, str]
    calendar: WorkCalendar
    holidays: tuple[Holiday, ...] = ()
    rejects: tuple[Reject, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each service in its file, by its code."""


def read_catalogue(rows: CatalogueRows) -> Catalogue:
    """Turn all rows into domain values; raises ValueError, with every reason, where a row breaks the rules."""
    read = examine_catalogue(rows)
    if read.rejects:
        raise ValueError("; ".join(reject.words for reject in read.rejects))
    return read


def examine_catalogue(rows: CatalogueRows) -> Catalogue:
    """Turn the rows that keep the rules into domain values, and tell which do not."""
    sieve = RowReader()
    read = sieve.read_rows
    districts = tuple(value for _, value in read(FILES["districts"], rows.districts, _code_of_district, _district))
    known = {district.code for district in districts}
    tehsils = read(FILES["tehsils"], rows.tehsils, _code_of_tehsil, lambda row: _tehsil(row, known))
    departments = tuple(
        value for _, value in read(FILES["departments"], rows.departments, _slug_of_department, _department)
    )
    schemes = read_schemes(sieve, rows.schemes, rows.local_schemes)
    facts = LocalFacts(
        departments=departments,
        schemes=schemes,
        scheme_rows=rows.schemes,
        doctypes=rows.doctypes,
        outcomes=rows.outcomes,
        local_departments=rows.local_departments,
        second_pairs=rows.second_pairs,
        keywords=rows.keywords,
        life_events=rows.life_events,
        eligibility=rows.eligibility,
    )
    services = tuple(read_services(sieve, rows.services, facts))
    holidays = tuple(value for _, value in read(FILES["holidays"], rows.holidays, _key_of_holiday, _holiday))
    return Catalogue(
        districts=districts,
        tehsils=tuple(value for _, value in tehsils),
        departments=departments,
        services=services,
        schemes=schemes,
        etaal_codes={service.code: etaal_code(service.code) for service in services},
        calendar=calendar_of(holidays),
        holidays=holidays,
        rejects=tuple(sieve.rejects),
        lines={code: line for (file, code), line in sieve.lines.items() if file == FILES["services"]},
    )


def calendar_of(days: Sequence[Holiday]) -> WorkCalendar:
    """Holidays by date; the version names the content, so that a stored due date can be recomputed."""
    holidays = by_day(days)
    content = ";".join(f"{day}:{','.join(sorted(holidays[day]))}" for day in sorted(holidays))
    return WorkCalendar(f"UK-{_digest(content)[:8]}", holidays)


def etaal_code(code: str) -> str:
    """A stand-in for the code that e-Taal gives at enrolment (docs/contracts/etaal.md section 3)."""
    return f"UK{int(_digest(f'etaal:{code}'), 16) % 10**6:06d}"


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _name(row: Row) -> Bilingual:
    return Bilingual(text(row, "name_hi"), required_text(row, "name_en"))


def _source(row: Row) -> str:
    return text(row, "source") or ""


def _code_of_district(row: Row) -> str:
    return required_text(row, "district_lgd_code")


def _district(row: Row) -> District:
    code = _code_of_district(row)
    seat = required_text(row, "headquarters")
    return District(
        row_id("district", code), code, _name(row), required_text(row, "division"), seat, _source(row), is_verified(row)
    )


def _code_of_tehsil(row: Row) -> str:
    place = f"{text(row, 'district_en') or ''}/{text(row, 'name_en') or ''}"
    return text(row, "subdistrict_lgd_code") or f"UKT-{letters(place)}"


def _tehsil(row: Row, districts: set[str]) -> Tehsil:
    district = _code_of_district(row)
    if district not in districts:
        raise CellWrong("district_lgd_code", "NOT_KNOWN")
    return Tehsil(_code_of_tehsil(row), district, _name(row), _source(row), is_verified(row))


def _slug_of_department(row: Row) -> str:
    return text(row, "portal_slug") or document_key(required_text(row, "name_en"))


def _department(row: Row) -> Department:
    slug = _slug_of_department(row)
    count = whole_number(row, "portal_service_count", 10_000)
    return Department(row_id("department", slug), slug, _name(row), count, _source(row), is_verified(row))


def _key_of_holiday(row: Row) -> str:
    return f"{text(row, 'date') or ''}/{text(row, 'district') or ''}/{text(row, 'name_en') or ''}"


def _holiday(row: Row) -> Holiday:
    try:
        day = date.fromisoformat(required_text(row, "date"))
    except CellWrong:
        raise
    except ValueError:
        raise CellWrong("date", "NOT_A_DATE") from None
    return Holiday(day, _name(row), text(row, "district"), is_verified(row))
