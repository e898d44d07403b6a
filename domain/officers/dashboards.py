"""Dashboards by role: their tiles, what each measures, and which direction is good.

Texts in Hindi and English stand in domain/kernel/locale under `tile.<KEY>` and `tile_meaning.<KEY>`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.appeals.delays import CaseList
from domain.benefits.benefits import SanctionState
from domain.kernel import ErrorCode, OfficerLevel, Posting, Problem, Problems, Role, is_plain_line
from domain.statistics.figures import StatisticsChannel


class DashboardRole(StrEnum):
    """Whose dashboard it is; `dashboards_of` derives it from postings."""

    VERIFIER = "VERIFIER"
    DESIGNATED_OFFICER = "DESIGNATED_OFFICER"
    FIRST_AUTHORITY = "FIRST_AUTHORITY"
    SECOND_AUTHORITY = "SECOND_AUTHORITY"
    DISTRICT_MAGISTRATE = "DISTRICT_MAGISTRATE"
    HEAD_OF_DEPARTMENT = "HEAD_OF_DEPARTMENT"
    COMMISSION = "COMMISSION"
    CHIEF_MINISTERS_OFFICE = "CHIEF_MINISTERS_OFFICE"
    FINANCE_OFFICER = "FINANCE_OFFICER"


class TileKey(StrEnum):
    """The measure of a tile."""

    PENDING = "PENDING"
    DUE_SOON = "DUE_SOON"
    OVERDUE = "OVERDUE"
    OVERDUE_UNEXPLAINED = "OVERDUE_UNEXPLAINED"
    RECEIVED_THIS_MONTH = "RECEIVED_THIS_MONTH"
    DISPOSED_THIS_MONTH = "DISPOSED_THIS_MONTH"
    DISPOSED_LATE = "DISPOSED_LATE"
    PROCESSING_RATE = "PROCESSING_RATE"
    ON_TIME_RATE = "ON_TIME_RATE"
    MEDIAN_DAYS = "MEDIAN_DAYS"
    NINETIETH_DAYS = "NINETIETH_DAYS"
    GRIEVANCE_REPLY_RATE = "GRIEVANCE_REPLY_RATE"
    APPEALS_WAITING = "APPEALS_WAITING"
    SILENT_OFFICES = "SILENT_OFFICES"
    BENEFITS_WITHOUT_BUDGET = "BENEFITS_WITHOUT_BUDGET"
    LIFE_CERTIFICATES_DUE = "LIFE_CERTIFICATES_DUE"
    REVIEWS_OVERDUE = "REVIEWS_OVERDUE"
    BATCHES_REFUSED = "BATCHES_REFUSED"


class TileUnit(StrEnum):
    """The unit of a tile's value."""

    CASES = "CASES"
    HUNDREDTHS_OF_PERCENT = "HUNDREDTHS_OF_PERCENT"
    DAYS = "DAYS"
    OFFICES = "OFFICES"
    BENEFITS = "BENEFITS"
    FILES = "FILES"


class Direction(StrEnum):
    """Which way is better."""

    MORE_IS_BETTER = "MORE_IS_BETTER"
    LESS_IS_BETTER = "LESS_IS_BETTER"
    NEUTRAL = "NEUTRAL"


@dataclass(frozen=True, slots=True)
class TileRule:
    """The unit and direction of a tile, and the list of cases behind it, where there is one."""

    unit: TileUnit
    direction: Direction
    cases: CaseList | None = None
    held: SanctionState | None = None
    """The state of the benefits behind it, where it counts such."""


_CASES, _RATE, _DAYS = TileUnit.CASES, TileUnit.HUNDREDTHS_OF_PERCENT, TileUnit.DAYS
_MORE, _LESS, _NEUTRAL = Direction.MORE_IS_BETTER, Direction.LESS_IS_BETTER, Direction.NEUTRAL
_K, _D = TileKey, DashboardRole

TILES: Mapping[TileKey, TileRule] = {
    _K.PENDING: TileRule(_CASES, _LESS, CaseList.PENDING),
    _K.DUE_SOON: TileRule(_CASES, _LESS, CaseList.DUE_SOON),
    _K.OVERDUE: TileRule(_CASES, _LESS, CaseList.OVERDUE),
    _K.OVERDUE_UNEXPLAINED: TileRule(_CASES, _LESS, CaseList.OVERDUE),
    _K.RECEIVED_THIS_MONTH: TileRule(_CASES, _NEUTRAL),
    _K.DISPOSED_THIS_MONTH: TileRule(_CASES, _MORE),
    _K.DISPOSED_LATE: TileRule(_CASES, _LESS, CaseList.DISPOSED_LATE),
    _K.PROCESSING_RATE: TileRule(_RATE, _MORE),
    _K.ON_TIME_RATE: TileRule(_RATE, _MORE),
    _K.MEDIAN_DAYS: TileRule(_DAYS, _LESS),
    _K.NINETIETH_DAYS: TileRule(_DAYS, _LESS),
    _K.GRIEVANCE_REPLY_RATE: TileRule(_RATE, _MORE),
    _K.APPEALS_WAITING: TileRule(_CASES, _LESS),
    _K.SILENT_OFFICES: TileRule(TileUnit.OFFICES, _LESS),
    _K.BENEFITS_WITHOUT_BUDGET: TileRule(TileUnit.BENEFITS, _LESS, held=SanctionState.BUDGET_WAIT),
    _K.LIFE_CERTIFICATES_DUE: TileRule(TileUnit.BENEFITS, _LESS, held=SanctionState.LIFE_CERTIFICATE_DUE),
    _K.REVIEWS_OVERDUE: TileRule(TileUnit.BENEFITS, _LESS, held=SanctionState.REVIEW_DUE),
    _K.BATCHES_REFUSED: TileRule(TileUnit.FILES, _LESS),
}

_DESK = (_K.PENDING, _K.DUE_SOON, _K.OVERDUE, _K.RECEIVED_THIS_MONTH, _K.DISPOSED_THIS_MONTH, _K.DISPOSED_LATE)
_HELD = (_K.BENEFITS_WITHOUT_BUDGET, _K.LIFE_CERTIFICATES_DUE, _K.REVIEWS_OVERDUE)
_LATE = (_K.OVERDUE, _K.OVERDUE_UNEXPLAINED, _K.DISPOSED_LATE)
_QUALITY = (_K.PROCESSING_RATE, _K.ON_TIME_RATE, _K.MEDIAN_DAYS, _K.NINETIETH_DAYS)

BOARDS: Mapping[DashboardRole, tuple[TileKey, ...]] = {
    _D.VERIFIER: _DESK,
    _D.DESIGNATED_OFFICER: (*_DESK, _K.ON_TIME_RATE, _K.MEDIAN_DAYS, _K.GRIEVANCE_REPLY_RATE, *_HELD),
    _D.FIRST_AUTHORITY: (_K.APPEALS_WAITING, _K.PENDING, *_LATE, *_QUALITY),
    _D.SECOND_AUTHORITY: (_K.APPEALS_WAITING, _K.PENDING, *_LATE, *_QUALITY),
    _D.DISTRICT_MAGISTRATE: (*_DESK, *_QUALITY, _K.GRIEVANCE_REPLY_RATE, _K.SILENT_OFFICES),
    _D.HEAD_OF_DEPARTMENT: (*_DESK, *_QUALITY, _K.GRIEVANCE_REPLY_RATE),
    _D.COMMISSION: (*_LATE, _K.PENDING, *_QUALITY, _K.APPEALS_WAITING, _K.SILENT_OFFICES),
    _D.CHIEF_MINISTERS_OFFICE: (*_DESK, *_QUALITY, _K.GRIEVANCE_REPLY_RATE, _K.SILENT_OFFICES),
    _D.FINANCE_OFFICER: (*_HELD, _K.BATCHES_REFUSED),
}
"""The tiles of each dashboard, in their order."""

ONLY_WHERE_SOME = frozenset({(_D.DESIGNATED_OFFICER, key) for key in _HELD})
"""Tiles that are left out while they count nothing: most offices grant no benefit."""

_LEVELS = {
    OfficerLevel.DESIGNATED: DashboardRole.DESIGNATED_OFFICER,
    OfficerLevel.FIRST_APPELLATE: DashboardRole.FIRST_AUTHORITY,
    OfficerLevel.SECOND_APPELLATE: DashboardRole.SECOND_AUTHORITY,
}


def dashboards_of(postings: Iterable[Posting]) -> dict[DashboardRole, tuple[Posting, ...]]:
    """The dashboards that an officer has, with the postings that bound each.

    A district magistrate is who holds the second level in a district for more than one department or for all of
    them; the chief minister's office is a department administrator or an auditor of every department and place.
    """
    held = tuple(postings)
    found: dict[DashboardRole, list[Posting]] = {}
    for posting in held:
        role = _role_of(posting)
        if role is not None:
            found.setdefault(role, []).append(posting)
    for district in sorted({posting.district for posting in held if posting.district}):
        second = [one for one in held if one.level is OfficerLevel.SECOND_APPELLATE and one.district == district]
        if any(one.department is None for one in second) or len({one.department for one in second}) > 1:
            whole = Posting(Role.APPELLATE, None, district)
            found.setdefault(DashboardRole.DISTRICT_MAGISTRATE, []).append(whole)
    return {role: tuple(found[role]) for role in DashboardRole if role in found}


def _role_of(posting: Posting) -> DashboardRole | None:
    whole_state = posting.department is None and posting.district is None and posting.tehsil is None
    match posting.role:
        case Role.OFFICER | Role.APPELLATE:
            return DashboardRole.VERIFIER if posting.level is None else _LEVELS[posting.level]
        case Role.DEPARTMENT_ADMIN:
            return DashboardRole.CHIEF_MINISTERS_OFFICE if whole_state else DashboardRole.HEAD_OF_DEPARTMENT
        case Role.AUDITOR if whole_state:
            return DashboardRole.CHIEF_MINISTERS_OFFICE
        case Role.COMMISSION:
            return DashboardRole.COMMISSION
        case Role.FINANCE_OFFICER:
            return DashboardRole.FINANCE_OFFICER
        case _:
            return None


class Dimension(StrEnum):
    """The dimensions by which figures can be grouped."""

    DEPARTMENT = "DEPARTMENT"
    SERVICE = "SERVICE"
    DISTRICT = "DISTRICT"
    TEHSIL = "TEHSIL"
    CHANNEL = "CHANNEL"
    MONTH = "MONTH"


MOST_MONTHS = 60
"""The longest period of one question."""

STRANGERS_DIMENSIONS = 2
"""Filters and groups, the month not counted, that somebody who is no officer may combine."""


@dataclass(frozen=True, slots=True)
class ViewContent:
    """What a saved view shows: filters, groups, and how many months back from the present one."""

    department: str | None = None
    service_code: str | None = None
    district: str | None = None
    tehsil: str | None = None
    channel: StatisticsChannel | None = None
    group_by: tuple[Dimension, ...] = ()
    months: int = 12


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named view that an officer saved."""

    id: str
    officer_id: str
    name: str
    content: ViewContent
    created_at: datetime
    updated_at: datetime


LONGEST_NAME = 80
MOST_VIEWS = 50
"""Views of one person."""


def view_name(name: str, path: str) -> str:
    """The name of a view without needless blanks; raises BAD_INPUT at that field of the input."""
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME or not is_plain_line(clean):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", path)))
    return clean


def check_period(first: date, last: date) -> None:
    """Refuse a period that ends before it begins, or is longer than MOST_MONTHS; raises BAD_INPUT."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= months <= MOST_MONTHS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("filter", "fromMonth")))
