"""Maps the rows of a state's catalogue to domain objects. Pure: no file is opened here.

Rules (docs/catalogue.md): an empty cell is None, never zero; a service without a portal code gets
`UKX-` and six letters of a hash of its English name; `verified` is kept as the row says. A row that breaks the rules
is left out and reported by file, row, field and reason; the others go on.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Reject, Row, RowReader, T
from actions.catalogue.files import FILES, CatalogueRows
from actions.catalogue.keys import document_key, letters, row_id
from actions.catalogue.schemes import read_schemes
from actions.catalogue.services import read_services
from domain.applications.deadline import WorkCalendar
from domain.applications.holidays import Holiday, HolidayKind, calendar_of
from domain.catalogue.catalogue import Department, District, Scheme, Service, Tehsil


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

    def read(name: str, key: Callable[[Row], str], make: Callable[[Row], T]) -> tuple[T, ...]:
        return tuple(value for _, value in sieve.read_rows(FILES[name], getattr(rows, name), key, make))

    districts = read("districts", _code_of_district, _district)
    known = {district.code for district in districts}
    tehsils = read("tehsils", _code_of_tehsil, lambda row: _tehsil(row, known))
    departments = read("departments", _slug_of_department, _department)
    schemes = read_schemes(sieve, rows.schemes, rows.local_schemes)
    services = tuple(read_services(sieve, rows, departments, schemes))
    holidays = read("holidays", key_of_holiday, lambda row: read_holiday(row, known))
    return Catalogue(
        districts=districts,
        tehsils=tehsils,
        departments=departments,
        services=services,
        schemes=schemes,
        etaal_codes={service.code: etaal_code(service.code) for service in services},
        calendar=calendar_of(holidays),
        holidays=holidays,
        rejects=tuple(sieve.rejects),
        lines={code: line for (file, code), line in sieve.lines.items() if file == FILES["services"]},
    )


def etaal_code(code: str) -> str:
    """A stand-in for the code that e-Taal gives at enrolment (docs/contracts/etaal.md section 3)."""
    return f"UK{int(_digest(f'etaal:{code}'), 16) % 10**6:06d}"


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _source(row: Row) -> str:
    return cells.text(row, "source") or ""


def _code_of_district(row: Row) -> str:
    return cells.required_text(row, "district_lgd_code")


def _district(row: Row) -> District:
    code = _code_of_district(row)
    seat = cells.required_text(row, "headquarters")
    return District(
        row_id("district", code),
        code,
        cells.bilingual_name(row),
        cells.required_text(row, "division"),
        seat,
        _source(row),
        cells.is_verified(row),
    )


def _code_of_tehsil(row: Row) -> str:
    place = f"{cells.text(row, 'district_en') or ''}/{cells.text(row, 'name_en') or ''}"
    return cells.text(row, "subdistrict_lgd_code") or f"UKT-{letters(place)}"


def _tehsil(row: Row, districts: set[str]) -> Tehsil:
    district = _code_of_district(row)
    if district not in districts:
        raise CellWrong("district_lgd_code", "NOT_KNOWN")
    return Tehsil(_code_of_tehsil(row), district, cells.bilingual_name(row), _source(row), cells.is_verified(row))


def _slug_of_department(row: Row) -> str:
    return cells.text(row, "portal_slug") or document_key(cells.required_text(row, "name_en"))


def _department(row: Row) -> Department:
    slug = _slug_of_department(row)
    count = cells.whole_number(row, "portal_service_count", 10_000)
    return Department(
        row_id("department", slug), slug, cells.bilingual_name(row), count, _source(row), cells.is_verified(row)
    )


def key_of_holiday(row: Row) -> str:
    """The day and the place of a holiday, of which each is there once."""
    _, _, district = (cells.text(row, "kind") or "").partition(":")
    return f"{cells.day_of(cells.required_text(row, 'date'), 'date')}/{district}"


def read_holiday(row: Row, districts: Collection[str]) -> Holiday:
    """The holiday of a row (docs/catalogue.md); raises CellWrong, also for a verified one without a source."""
    day, name = cells.day_of(cells.required_text(row, "date"), "date"), cells.bilingual_name(row)
    kind, district = _kind_of_holiday(cells.required_text(row, "kind"))
    if district is not None and district not in districts:
        raise CellWrong("district", "NOT_KNOWN")
    source, verified = cells.text(row, "source"), cells.is_verified(row)
    if verified and source is None:
        raise CellWrong("source", "MISSING")
    return Holiday(day, name, kind, district, source, verified)


def _kind_of_holiday(said: str) -> tuple[HolidayKind, str | None]:
    """A kind, and the district that stands after a colon; only the kind `district` has one, and must."""
    word, _, district = said.partition(":")
    kind = cells.word(word.upper(), "kind", HolidayKind)
    if (kind is HolidayKind.DISTRICT) != bool(district):
        raise CellWrong("kind", "NOT_KNOWN")
    return kind, district or None
