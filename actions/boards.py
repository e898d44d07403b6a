"""Dashboards of officers by role: their tiles, and the cases behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from actions.access import covering, leave_receipt
from actions.acting import Acting
from actions.environment import Environment
from actions.figures import DEFAULT_MONTHS, Question, Statistics, statistics
from domain.alarms import AlarmCode, AlarmState
from domain.appeals import PENDING
from domain.applications import Application
from domain.clock import ist_date
from domain.dashboards import BOARDS, TILES, DashboardRole, Dimension, TileKey, TileRule, dashboards_of
from domain.delays import DUE_SOON_DAYS, CaseFilter, CaseList, DelayReason
from domain.desk import ReadPurpose
from domain.errors import NotSignedIn, not_found
from domain.figures import Delivery, counted, month_of, months_back
from domain.people import Officer, Posting, Subject
from domain.policy import ObjectKind, Purpose, Resource
from store import alarms, appeals, audit, delays, figure_cases, figures
from store.engine import Transaction
from store.figures import FigureFilter

TREND_MONTHS = 6
"""How many months a tile looks back, the present one included."""

_OF_MONTHS: Mapping[TileKey, Callable[[Delivery], int | None]] = MappingProxyType(
    {
        TileKey.PENDING: lambda one: one.pending,
        TileKey.RECEIVED_THIS_MONTH: lambda one: one.received,
        TileKey.DISPOSED_THIS_MONTH: lambda one: one.disposed,
        TileKey.DISPOSED_LATE: lambda one: one.disposed_late,
        TileKey.PROCESSING_RATE: lambda one: one.processing_rate,
        TileKey.ON_TIME_RATE: lambda one: one.on_time_rate,
        TileKey.MEDIAN_DAYS: lambda one: one.median_days,
        TileKey.NINETIETH_DAYS: lambda one: one.ninetieth_days,
        TileKey.GRIEVANCE_REPLY_RATE: lambda one: one.grievance_reply_rate,
    }
)
"""Tiles whose figure is counted by month. What is due, waits or is silent is known for now alone."""

_COUNTED = frozenset({TileKey.RECEIVED_THIS_MONTH, TileKey.DISPOSED_THIS_MONTH, TileKey.DISPOSED_LATE})


@dataclass(frozen=True, slots=True)
class TilePoint:
    """The figure of one month, by its first day; None where there is nothing to divide by."""

    month: date
    value: int | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of a dashboard; None where there is nothing to divide by. `trend` begins with the oldest month."""

    key: TileKey
    value: int | None
    trend: tuple[TilePoint, ...] = ()

    @property
    def rule(self) -> TileRule:
        """Unit, direction and cases."""
        return TILES[self.key]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard with its tiles and the postings that bound it; `link` leads to the page of the same figures."""

    role: DashboardRole
    postings: tuple[Posting, ...]
    tiles: tuple[Tile, ...]
    link: str


async def boards_of(env: Environment, subject: Subject, officer: Officer) -> list[Board]:
    """The dashboards of an officer, for herself only; empty for others. Read from counters."""
    if subject.person_id != officer.id:
        return []
    found = []
    for role, postings in dashboards_of(subject.postings).items():
        recent = await _recent(env, subject, postings)
        async with env.store.reading() as tx:
            tiles = [
                Tile(key, await _value(tx, key, subject, postings, recent), recent.trend(key)) for key in BOARDS[role]
            ]
        found.append(Board(role, postings, tuple(tiles), _link(postings)))
    return found


@dataclass(frozen=True, slots=True)
class _Recent:
    """The figures of this month, of the last twelve together, and of each of them that has any."""

    month: Delivery
    year: Delivery
    months: Mapping[date, Delivery]
    this_month: date

    def trend(self, key: TileKey) -> tuple[TilePoint, ...]:
        """The last months of a tile; what is pending stays so in a month in which nothing happened."""
        read = _OF_MONTHS.get(key)
        if read is None:
            return ()
        points: list[TilePoint] = []
        last: int | None = 0 if key in _COUNTED else None
        for back in range(DEFAULT_MONTHS - 1, -1, -1):
            month = months_back(self.this_month, back)
            there = self.months.get(month)
            value = read(there) if there is not None else last
            last = value if key is TileKey.PENDING else last
            points.append(TilePoint(month, value))
        return tuple(points[-TREND_MONTHS:])


async def _recent(env: Environment, subject: Subject, postings: tuple[Posting, ...]) -> _Recent:
    this_month = month_of(ist_date(env.clock.now()))

    async def since(month: date, *groups: Dimension) -> Statistics:
        return await statistics(env, subject, Question(month, this_month, postings=postings, group_by=groups))

    now = await since(this_month)
    year = await since(months_back(this_month, DEFAULT_MONTHS - 1), Dimension.MONTH)
    if now.total.figures is None or year.total.figures is None:
        raise not_found()
    months = {row.place[Dimension.MONTH]: row.figures for row in year.rows if row.figures is not None}
    return _Recent(now.total.figures, year.total.figures, months, this_month)


async def _value(
    tx: Transaction, key: TileKey, subject: Subject, postings: tuple[Posting, ...], recent: _Recent
) -> int | None:
    read = _OF_MONTHS.get(key)
    if read is not None:
        return read(recent.month if key in _COUNTED else recent.year)
    return await _asked(tx, key, subject, postings)


async def _asked(tx: Transaction, key: TileKey, subject: Subject, postings: tuple[Posting, ...]) -> int:
    today = ist_date(tx.clock.now())
    everything = FigureFilter(date.min, date.max, postings=postings)
    match key:
        case TileKey.OVERDUE:
            return await figures.due_before(tx, everything, today)
        case TileKey.DUE_SOON:
            return await figures.due_before(tx, everything, today + timedelta(days=DUE_SOON_DAYS), since=today)
        case TileKey.OVERDUE_UNEXPLAINED:
            return await figure_cases.size(tx, postings, CaseList.OVERDUE, CaseFilter(explained=False))
        case TileKey.APPEALS_WAITING:
            hearing = covering(subject, ObjectKind.APPEAL, Purpose.HEAR_APPEAL)
            return await appeals.count_docket(tx, hearing, subject.person_id, frozenset(PENDING))
        case TileKey.SILENT_OFFICES:
            return await _silent(tx, postings)
        case _:
            raise AssertionError(f"the tile {key} has no figure")


async def _silent(tx: Transaction, postings: tuple[Posting, ...]) -> int:
    """Silent tehsils in the places of the postings, as the alarms have them."""
    held = await alarms.everything(tx)
    about = [where[1] for where, alarm in held.items() if where[0] is AlarmCode.SILENT_OFFICE and _holds(alarm.state)]
    places = [tuple(one.split(":", 1)) for one in about]
    return sum(
        any(posting.district in (None, district) and posting.tehsil in (None, tehsil) for posting in postings)
        for district, tehsil in places
    )


def _holds(state: AlarmState) -> bool:
    return state is AlarmState.RAISED


def _link(postings: tuple[Posting, ...]) -> str:
    """The page with the plots of the first posting's place and department."""
    first = postings[0]
    named = {"district": first.district, "department": first.department}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"/dashboard?{query}" if query else "/dashboard"


@dataclass(frozen=True, slots=True)
class Case:
    """A line of a list of cases: nothing about the citizen, but for the number of the application."""

    application: Application
    reason: DelayReason | None


def supervised(subject: Subject) -> list[Posting]:
    """The postings under which the subject may list cases; raises NotSignedIn, NOT_FOUND where there is none."""
    if not subject.signed_in:
        raise NotSignedIn
    found = covering(subject, ObjectKind.CASE_LIST, Purpose.SUPERVISE)
    if not found:
        raise not_found()
    return found


async def case_page(
    env: Environment,
    subject: Subject,
    wanted: CaseList,
    filtered: CaseFilter,
    purpose: ReadPurpose,
    **part: Any,
) -> list[Case]:
    """A page of cases in the subject's jurisdictions; an audit line and a receipt for each case bear the purpose."""
    postings = supervised(subject)

    async def work(tx: Transaction) -> list[Case]:
        found = await figure_cases.page(tx, postings, wanted, filtered, **part)
        reasons = await delays.latest(tx, [one.id for one in found])
        acting = Acting(env, tx, subject)
        for application in found:
            await leave_receipt(acting, line_of(application), purpose.purpose)
        line = audit.AuditLine(
            actor_label=subject.label,
            action="figures.cases",
            object_kind=ObjectKind.CASE_LIST.value,
            object_id=wanted.value,
            purpose=purpose.value,
            detail={"cases": len(found)},
        )
        await audit.append(tx, line)
        return [Case(application, reasons.get(application.id)) for application in found]

    return await env.store.carry_out(work)


async def case_count(env: Environment, subject: Subject, wanted: CaseList, filtered: CaseFilter) -> int:
    """How many cases a list has in the subject's jurisdictions; raises as `supervised`."""
    postings = supervised(subject)
    async with env.store.reading() as tx:
        return await figure_cases.size(tx, postings, wanted, filtered)


def line_of(application: Application) -> Resource:
    """What access to the line of a case depends on."""
    return Resource(
        ObjectKind.CASE_LIST,
        application.id,
        application.citizen_id,
        application.department,
        application.district,
        application.tehsil,
    )


def place_of(wanted: CaseList, application: Application) -> datetime:
    """By what a list is ordered, before the id."""
    at = getattr(application, figure_cases.column_of(wanted).name)
    return at if isinstance(at, datetime) else application.created_at


def days_late(application: Application, now: datetime) -> int:
    """Calendar days in India from the due day to the end of the case, or until now; 0 where there are none."""
    if application.due_at is None:
        return 0
    return max((ist_date(counted(application).ended_at or now) - ist_date(application.due_at)).days, 0)
