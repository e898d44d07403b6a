"""Maps the rows of a state's catalogue to domain objects. Pure: no file is opened here.

Rules (docs/catalogue.md): an empty cell is None, never zero; a service without a portal code gets
`UKX-` and six letters of a hash of its English name; `verified` is kept as the row says. A row that breaks the rules
is left out and reported by file, row, field and reason; the others go on.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Row, T
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
    rejects: tuple[cells.Reject, ...] = ()
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
    sieve = cells.RowReader()

    def read(name: str, key: Callable[[Row], str], make: Callable[[Row], T]) -> tuple[T, ...]:
        return tuple(value for _, value in sieve.read_rows(FILES[name], getattr(rows, name), key, make))

    districts = read("districts", _code_of_district, lambda row: DistrictRow.from_row(row).district())
    known = {district.code for district in districts}
    tehsils = read("tehsils", _code_of_tehsil, lambda row: _tehsil(row, known))
    departments = read("departments", _slug_of_department, lambda row: DepartmentRow.from_row(row).department())
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


class DistrictRow(cells.NamedRow, cells.SourcedRow):
    """A row of districts.csv."""

    district_lgd_code: cells.Name
    division: cells.Name
    headquarters: cells.Name

    def district(self) -> District:
        """The district of the row."""
        code, seat = self.district_lgd_code, self.headquarters
        return District(row_id("district", code), code, self.name, self.division, seat, self.source, self.verified)


class TehsilRow(cells.NamedRow, cells.SourcedRow):
    """A row of tehsils.csv; a tehsil without a code of its own gets `UKT-` and letters of its name."""

    district_lgd_code: cells.Name
    subdistrict_lgd_code: cells.Text | None = None


class DepartmentRow(cells.NamedRow, cells.SourcedRow):
    """A row of departments.csv; a department that the portal does not list has the words of its name for a slug."""

    portal_slug: cells.Text | None = None
    portal_service_count: Annotated[int, Field(ge=0, le=10_000), cells.Digits] | None = None

    def department(self) -> Department:
        """The department of the row."""
        slug = self.portal_slug or document_key(self.name_en)
        count = self.portal_service_count
        return Department(row_id("department", slug), slug, self.name, count, self.source, self.verified)


class HolidayRow(cells.NamedRow, cells.SourcedRow):
    """A row of holidays.csv; a verified one needs a source, and a holiday of one district is `district:<LGD code>`."""

    date: cells.Day
    kind: cells.Text


def _code_of_district(row: Row) -> str:
    return cells.cell(row, "district_lgd_code")


def _code_of_tehsil(row: Row) -> str:
    place = f"{cells.cell(row, 'district_en')}/{cells.cell(row, 'name_en')}"
    return cells.cell(row, "subdistrict_lgd_code") or f"UKT-{letters(place)}"


def _tehsil(row: Row, districts: Collection[str]) -> Tehsil:
    parsed = TehsilRow.from_row(row)
    if parsed.district_lgd_code not in districts:
        raise CellWrong("district_lgd_code", "NOT_KNOWN")
    return Tehsil(_code_of_tehsil(row), parsed.district_lgd_code, parsed.name, parsed.source, parsed.verified)


def _slug_of_department(row: Row) -> str:
    return cells.cell(row, "portal_slug") or document_key(cells.cell(row, "name_en"))


def key_of_holiday(row: Row) -> str:
    """The day and the place of a holiday, of which each is there once."""
    return f"{cells.cell(row, 'date')}/{cells.cell(row, 'kind').partition(':')[2]}"


def read_holiday(row: Row, districts: Collection[str]) -> Holiday:
    """The holiday of a row (docs/catalogue.md); raises CellWrong, also for a verified one without a source."""
    parsed = HolidayRow.from_row(row)
    word, _, code = parsed.kind.partition(":")
    kind, district = HolidayKind.__members__.get(word.upper()), code or None
    if kind is None or (kind is HolidayKind.DISTRICT) != bool(district):
        raise CellWrong("kind", "NOT_KNOWN")
    if district is not None and district not in districts:
        raise CellWrong("district", "NOT_KNOWN")
    if parsed.verified and not parsed.source:
        raise CellWrong("source", "MISSING")
    return Holiday(parsed.date, parsed.name, kind, district, parsed.source or None, parsed.verified)
