"""Dashboards of officers by role: their tiles, and the cases behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from actions.kernel import Environment, UnitOfWork, leave_receipt, permitted_postings, require_postings
from actions.statistics.counts import Question
from actions.statistics.figures import DEFAULT_MONTHS, Statistics, statistics
from actions.statistics.filters import refuse_unknown
from domain.appeals.appeals import PENDING
from domain.appeals.delays import CaseFilter, CaseList, DelayReason, ListSize
from domain.applications.applications import Application, clock_end_of
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import Officer, Posting, Subject, ist_date, not_found
from domain.officers.dashboards import (
    BOARDS,
    ONLY_WHERE_SOME,
    TILES,
    DashboardRole,
    Dimension,
    TileKey,
    TileRule,
    TileUnit,
    dashboards_of,
)
from domain.officers.desk import ReadPurpose
from domain.platform.alarms import AlarmCode, AlarmState
from domain.statistics.figures import Delivery, month_of, months_back
from store.appeals import appeals, delays
from store.database import Transaction
from store.payments import payment_queues
from store.platform import alarms
from store.reconciliation import held_benefits
from store.statistics import figure_cases

MONEY = frozenset(key for key, rule in TILES.items() if rule.unit in (TileUnit.BENEFITS, TileUnit.FILES))
"""Tiles about benefits that are held back and files that were refused, known for now alone."""

REFUSED_SINCE = timedelta(days=30)
"""How long a file that PFMS refused is counted; its payments have gone into later files since."""

TREND_MONTHS = 6
"""How many months a tile looks back, the present one included."""

_OF_MONTHS: Mapping[TileKey, Callable[[Delivery], int | None]] = {
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
"""Tiles whose figure is counted by month. What is due, waits or is silent is known for now alone."""

_COUNTED = frozenset({TileKey.RECEIVED_THIS_MONTH, TileKey.DISPOSED_THIS_MONTH, TileKey.DISPOSED_LATE})


@dataclass(frozen=True, slots=True)
class TilePoint:
    """The figure of one month, by its first day; None where there is nothing to divide by."""

    month: date
    value: int | None


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of a dashboard; None where there is nothing to divide by. `trend` begins with the oldest month.

    `more` says that there are more than `value`, beyond which nobody counted.
    """

    key: TileKey
    value: int | None
    trend: tuple[TilePoint, ...] = ()
    more: bool = False

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
        if role is DashboardRole.FINANCE_OFFICER:
            tiles = await _money_tiles(env, role, postings)
        else:
            recent = await _recent(env, subject, postings)
            async with env.store.read_transaction() as tx:
                shown = [key for key in BOARDS[role] if key not in MONEY]
                tiles = [await _tile(tx, key, subject, postings, recent) for key in shown]
            tiles += await _money_tiles(env, role, postings)
        found.append(Board(role, postings, tuple(tiles), _link(role, postings)))
    return found


async def _money_tiles(env: Environment, role: DashboardRole, postings: tuple[Posting, ...]) -> list[Tile]:
    """What holds benefits back in the places of the postings, and refused files; behind the other tiles."""
    wanted = [key for key in BOARDS[role] if key in MONEY]
    states = [state for key in wanted if (state := TILES[key].held) is not None]
    if not wanted:
        return []
    async with env.store.read_transaction() as tx:
        held = await held_benefits.counts(tx, postings, states)
        since = tx.clock.now() - REFUSED_SINCE
        refused = await payment_queues.count_refused(tx, since) if TileKey.BATCHES_REFUSED in wanted else 0
    counted = {key: held.get(state, 0) if (state := TILES[key].held) is not None else refused for key in wanted}
    return [Tile(key, value) for key, value in counted.items() if value or (role, key) not in ONLY_WHERE_SOME]


@dataclass(frozen=True, slots=True)
class _Recent:
    """The figures of this month, of the last twelve together, and of each of them that has any."""

    month: Delivery
    year: Delivery
    months: Mapping[date, Delivery]
    this_month: date

    def trend(self, key: TileKey) -> tuple[TilePoint, ...]:
        """The last months of a tile; a month in which nothing happened and nothing waited has none."""
        read = _OF_MONTHS.get(key)
        if read is None:
            return ()
        none = 0 if TILES[key].unit is TileUnit.CASES else None
        points = []
        for back in range(TREND_MONTHS - 1, -1, -1):
            month = months_back(self.this_month, back)
            there = self.months.get(month)
            points.append(TilePoint(month, read(there) if there is not None else none))
        return tuple(points)


async def _recent(env: Environment, subject: Subject, postings: tuple[Posting, ...]) -> _Recent:
    this_month = month_of(ist_date(env.clock.now()))

    async def statistics_since(month: date, *groups: Dimension) -> Statistics:
        return await statistics(env, subject, Question(month, this_month, postings=postings, group_by=groups))

    now = await statistics_since(this_month)
    year = await statistics_since(months_back(this_month, DEFAULT_MONTHS - 1), Dimension.MONTH)
    if now.total.figures is None or year.total.figures is None:
        raise not_found()
    months = {row.place[Dimension.MONTH]: row.figures for row in year.rows if row.figures is not None}
    return _Recent(now.total.figures, year.total.figures, months, this_month)


async def _tile(
    tx: Transaction, key: TileKey, subject: Subject, postings: tuple[Posting, ...], recent: _Recent
) -> Tile:
    read = _OF_MONTHS.get(key)
    if read is not None:
        return Tile(key, read(recent.month if key in _COUNTED else recent.year), recent.trend(key))
    found = await _tile_size(tx, key, subject, postings)
    return Tile(key, found.many, more=found.more)


_LISTED: Mapping[TileKey, tuple[CaseList, CaseFilter]] = {
    TileKey.OVERDUE: (CaseList.OVERDUE, CaseFilter()),
    TileKey.DUE_SOON: (CaseList.DUE_SOON, CaseFilter()),
    TileKey.OVERDUE_UNEXPLAINED: (CaseList.OVERDUE, CaseFilter(explained=False)),
}
"""Tiles that tell how many cases their list has, in the words of figureCases."""


async def _tile_size(tx: Transaction, key: TileKey, subject: Subject, postings: tuple[Posting, ...]) -> ListSize:
    match key:
        case TileKey.OVERDUE | TileKey.DUE_SOON | TileKey.OVERDUE_UNEXPLAINED:
            return await figure_cases.size(tx, postings, *_LISTED[key])
        case TileKey.APPEALS_WAITING:
            hearing = permitted_postings(subject, ObjectKind.APPEAL, Purpose.HEAR_APPEAL)
            return ListSize(await appeals.docket(hearing, subject.person_id, PENDING).count(tx))
        case TileKey.SILENT_OFFICES:
            return ListSize(await _silent(tx, postings))
        case _:
            raise AssertionError(f"the tile {key} has no figure")


async def _silent(tx: Transaction, postings: tuple[Posting, ...]) -> int:
    """Silent tehsils in the places of the postings, as the alarms have them."""
    held = await alarms.all_alarms(tx)
    about = [where[1] for where, alarm in held.items() if where[0] is AlarmCode.SILENT_OFFICE and _holds(alarm.state)]
    places = [tuple(one.split(":", 1)) for one in about]
    return sum(
        any(posting.district in (None, district) and posting.tehsil in (None, tehsil) for posting in postings)
        for district, tehsil in places
    )


def _holds(state: AlarmState) -> bool:
    return state is AlarmState.RAISED


def _link(role: DashboardRole, postings: tuple[Posting, ...]) -> str:
    """The page with the plots of the same figures: of the one office where there is one, else of the dashboard."""
    office, *others = postings
    if others or office.tehsil is not None:
        return f"/dashboard?{urlencode({'role': role.value})}"
    named = {"district": office.district, "department": office.department}
    query = urlencode({name: value for name, value in named.items() if value})
    return f"/dashboard?{query}" if query else "/dashboard"


@dataclass(frozen=True, slots=True)
class Case:
    """A line of a list of cases: nothing about the citizen, but for the number of the application."""

    application: Application
    reason: DelayReason | None


def supervisor_postings(subject: Subject, board: DashboardRole | None = None) -> list[Posting]:
    """The postings under which the subject may list cases, or those of one of her dashboards.

    A district magistrate's bounds her by the district, and not by the departments for which she decides. Raises
    NotSignedIn, NOT_FOUND where there is none.
    """
    if board is not None:
        subject = replace(subject, postings=dashboards_of(subject.postings).get(board, ()))
    return require_postings(subject, ObjectKind.CASE_LIST, Purpose.SUPERVISE)


async def case_page(
    env: Environment,
    subject: Subject,
    wanted: CaseList,
    filtered: CaseFilter,
    purpose: ReadPurpose,
    *,
    board: DashboardRole | None = None,
    **part: Any,
) -> list[Case]:
    """A page of cases in the subject's jurisdictions; an audit line and a receipt for each case bear the purpose."""
    postings = supervisor_postings(subject, board)

    async def work(tx: Transaction) -> list[Case]:
        await _refuse_unknown(tx, filtered)
        found = await figure_cases.page(tx, postings, wanted, filtered, **part)
        reasons = await delays.latest(tx, [one.id for one in found])
        acting = UnitOfWork(env, tx, subject)
        for application in found:
            await leave_receipt(acting, line_of(application), purpose.purpose)
        await acting.record("figures.cases", ObjectKind.CASE_LIST, wanted.value, purpose, cases=len(found))
        return [Case(application, reasons.get(application.id)) for application in found]

    return await env.store.carry_out(work)


async def case_count(
    env: Environment, subject: Subject, wanted: CaseList, filtered: CaseFilter, board: DashboardRole | None = None
) -> ListSize:
    """How many cases a list has in the subject's jurisdictions; raises as `supervisor_postings`."""
    postings = supervisor_postings(subject, board)
    async with env.store.read_transaction() as tx:
        await _refuse_unknown(tx, filtered)
        return await figure_cases.size(tx, postings, wanted, filtered)


async def _refuse_unknown(tx: Transaction, filtered: CaseFilter) -> None:
    await refuse_unknown(tx, filtered.department, filtered.service_code, filtered.district, filtered.tehsil)


def line_of(application: Application) -> Resource:
    """What access to the line of a case depends on."""
    return Resource.of(ObjectKind.CASE_LIST, application.id, application, service=application.service_code)


def place_of(wanted: CaseList, application: Application) -> datetime:
    """By what a list is ordered, before the id."""
    at = getattr(application, figure_cases.column_of(wanted).name)
    return at if isinstance(at, datetime) else application.created_at


def days_late(application: Application, now: datetime) -> int:
    """Calendar days in India from the lawful due day to the end of the legal clock, or until now; 0 where none are."""
    if application.officer_due_at is None:
        return 0
    return max((ist_date(clock_end_of(application) or now) - ist_date(application.officer_due_at)).days, 0)
