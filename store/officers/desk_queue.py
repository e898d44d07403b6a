"""An officer's queue: filtered and sorted pages, and the number of waiting cases."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN, Status
from domain.kernel import Posting
from domain.officers.desk import (
    DAYS_LEFT_LIMITS,
    DaysLeft,
    Holder,
    OpinionState,
    QueueCounts,
    QueueFilter,
    QueueSort,
    days_left_limits,
)
from store.applications.application_rows import APPLICATIONS, applications_table, in_states
from store.applications.shown_status import shown_in, shown_status
from store.clearances import overdue_at, owed_since_before
from store.database import AnyRow, Instant, Key, Transaction, any_posting_covers, count, fetch_rows
from store.identity import paper_checks
from store.identity.assistances import filed_by_paper
from store.officers.desk import PROPOSAL_WAITS, claims_table, second_opinions_table
from store.rosters.roster_rows import applications_of
from store.statistics import figure_open

_T, _C, _O = applications_table.c, claims_table.c, second_opinions_table.c

Place = tuple[datetime | None, str]
"""Where a case stands in a list: what it is sorted by, and its id."""

SORTED_BY: dict[QueueSort, sa.Column[Any]] = {QueueSort.DUE: _T.due_at, QueueSort.RECEIVED: _T.submitted_at}
"""The column of each order; what has none comes last."""


async def page(
    tx: Transaction,
    officer_id: str,
    postings: Sequence[Posting],
    wanted: QueueFilter,
    *,
    sort: QueueSort = QueueSort.DUE,
    place: Place | None = None,
    backward: bool = False,
    limit: int,
) -> list[Application]:
    """Cases that the postings cover and the filter lets through, in their order either way.

    They come after a place, which is (sort value, id) of a row, or, `backward`, are the last ones before it; no
    place is that end of the list.
    """
    value, key = place or (None, None)
    given = _parameters(officer_id, tx.clock.now()) | {"value_": value, "key_": key}
    starts = _Start.END if key is None else _Start.UNDATED if value is None else _Start.DATED
    rows: list[AnyRow] = []
    for statement in _statements(tuple(postings), wanted, sort, starts, backward):
        if len(rows) < limit:
            rows += await fetch_rows(tx, statement, rest=limit - len(rows), **given)
    return [APPLICATIONS.read(tx, row) for row in (reversed(rows) if backward else rows)]


async def size(tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter) -> int:
    """How many cases the same filter lets through: from the counters of figures where those give it."""
    waiting = await _from_counters(tx, officer_id, postings, wanted)
    if waiting is not None:
        return waiting.total()
    return await count(tx, _queue(postings, wanted), **_parameters(officer_id, tx.clock.now()))


async def counts(tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter) -> QueueCounts:
    """How many cases wait, by state and by days left, and those that concern the officer; five queries or six.

    Where the counters of figures give it, none of it grows with the cases that wait: claims, proposals and overdue
    clearances are looked up from their own side.
    """
    waiting = await _from_counters(tx, officer_id, postings, wanted)
    if waiting is None:
        waiting = await _count_cases(tx, officer_id, _counted_cases(tuple(postings), wanted))
    by_status: Counter[Status] = Counter()
    by_days: Counter[DaysLeft] = Counter()
    for (status, days_left), number in waiting.items():
        by_status[status] += number
        by_days[days_left] += number
    given = _parameters(officer_id, tx.clock.now())
    marked = [await fetch_rows(tx, one, **given) for one in _marked_cases(tuple(postings), wanted.statuses)]
    claimed, proposed, overdue = (int(rows[0][0]) for rows in marked)
    return QueueCounts(
        total=by_status.total(),
        by_status=by_status,
        by_days_left=by_days,
        claimed_by_me=claimed,
        proposals=proposed,
        clearance_overdue=overdue,
    )


@lru_cache(200)
def _marked_cases(postings: tuple[Posting, ...], statuses: frozenset[Status]) -> tuple[sa.Select[Any], ...]:
    """They count the cases that the officer claimed, those with another's proposal, and those with late clearances."""
    there = (any_posting_covers(applications_table, postings), shown_in(statuses))
    claimed = sa.select(_C.application_id).where(_C.officer_id == _OFFICER, _C.expires_at > _NOW)
    # A proposal waits on the version that it was made on, so the case is open as it was then.
    waits = (sa.literal_column(PROPOSAL_WAITS, sa.Boolean()), _O.proposed_by != _OFFICER)
    proposed = sa.select(_O.application_id, _O.version).where(*waits)
    return (
        _cases_of(claimed, there),
        _cases_of(proposed, (any_posting_covers(applications_table, postings), *in_states(OPEN))),
        _cases_of(owed_since_before(_NOW), there),
    )


def _cases_of(marks: sa.Select[Any], there: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """How many of the cases there are named by rows with `application_id`, and `version` where it must be as it was.

    Said as a count of those rows, since SQLite would else look at every open case of the office for each.
    """
    marked = marks.subquery()
    same = [_T.id == marked.c.application_id]
    if "version" in marked.c:
        same.append(_T.version == marked.c.version)
    return sa.select(sa.func.count(sa.func.distinct(marked.c.application_id))).where(sa.exists().where(*same, *there))


async def _from_counters(
    tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter
) -> Counter[tuple[Status, DaysLeft]] | None:
    """How many cases stand in each state with so many days left; None where the counters of figures do not give it.

    To these a benefit is delivered; those whose money did not arrive are counted beside them.
    """
    waiting = await figure_open.count_waiting(tx, postings, wanted)
    if waiting is None or Status.BENEFIT_SANCTIONED not in wanted.statuses:
        return None if waiting is None else Counter(waiting)
    without_money = _counted_cases(tuple(postings), wanted, Status.DELIVERED)
    return Counter(waiting) + await _count_cases(tx, officer_id, without_money)


async def _count_cases(tx: Transaction, officer_id: str, counting: sa.Select[Any]) -> Counter[tuple[Status, DaysLeft]]:
    """The same case by case, for filters by what only cases know."""
    rows = await fetch_rows(tx, counting, **_parameters(officer_id, tx.clock.now()))
    return Counter({(Status(status), DaysLeft(days_left)): number for status, days_left, number in rows})


@lru_cache(200)
def _counted_cases(postings: tuple[Posting, ...], wanted: QueueFilter, stored: Status | None = None) -> sa.Select[Any]:
    """Counts cases by state and by days left, with `stored` those that the store has in that state alone."""
    queue = _queue(postings, wanted)
    if stored is not None:
        queue = queue.where(_T.status == stored.value)
    cases = queue.with_only_columns(shown_status().label("status"), _days_left().label("days_left")).subquery()
    return sa.select(cases.c.status, cases.c.days_left, sa.func.count()).group_by(cases.c.status, cases.c.days_left)


def _queue(postings: Sequence[Posting], wanted: QueueFilter) -> sa.Select[Any]:
    return sa.select(applications_table).where(any_posting_covers(applications_table, postings), *_conditions(wanted))


_OFFICER, _NOW = sa.bindparam("officer_", None, Key), sa.bindparam("now_", None, Instant)
"""Parameters of statements that are kept: who asks, and when."""


def _parameters(officer_id: str, now: datetime) -> dict[str, Any]:
    """The values of the parameters that statements of any filter may have."""
    return {"officer_": officer_id, "now_": now} | {f"{kind}_": limit for kind, limit in days_left_limits(now)}


def _conditions(wanted: QueueFilter) -> Iterable[sa.ColumnElement[bool]]:
    yield shown_in(wanted.statuses)
    lists = ((_T.service_code, wanted.services), (_T.tehsil, wanted.tehsils), (_T.channel, wanted.channels))
    yield from (_is_one_of(column, values) for column, values in lists if values)
    yield from _due(wanted)
    if wanted.number is not None:
        yield _T.number.startswith(wanted.number, autoescape=True)
    if wanted.filed_by_paper:
        yield _T.id.in_(filed_by_paper().with_only_columns(_T.id))
    if wanted.paper_to_check:
        yield _T.id.in_(paper_checks.waiting_applications())
    if wanted.roster is not None:
        yield _T.id.in_(applications_of(wanted.roster))
    if wanted.claimed_by is not None:
        claim = sa.select(_C.application_id).where(_C.application_id == _T.id, _C.expires_at > _NOW)
        yield _holder_matches(claim, _C.officer_id, wanted.claimed_by)
    if wanted.assigned_to is not None:
        yield _assignment_matches(wanted.assigned_to)
    if wanted.proposed_by is not None:
        yield _proposal_matches(wanted.proposed_by)


def _due(wanted: QueueFilter) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.due_before is not None:
        yield _T.due_at < wanted.due_before
    if wanted.overdue:
        yield _T.due_at < _NOW
    if wanted.days_left is not None:
        yield _days_left() == wanted.days_left.value
    if wanted.clearance_overdue:
        yield overdue_at(_NOW)


def _proposal_matches(by: Holder) -> sa.ColumnElement[bool]:
    """Only proposals on the present version wait; others were overtaken.

    The case is open as it was then, which is said too: else all that ended in the office would be looked at.
    """
    waiting = (_O.application_id == _T.id, _O.state == OpinionState.PROPOSED.value, _O.version == _T.version)
    matches = _holder_matches(sa.select(_O.application_id).where(*waiting), _O.proposed_by, by)
    return matches if by is Holder.NOBODY else sa.and_(*in_states(OPEN), matches)


def _holder_matches(rows: sa.Select[Any], column: sa.Column[Any], by: Holder) -> sa.ColumnElement[bool]:
    match by:
        case Holder.ME:
            return rows.where(column == _OFFICER).exists()
        case Holder.OTHERS:
            return rows.where(column != _OFFICER).exists()
        case Holder.NOBODY:
            return sa.not_(rows.exists())


def _assignment_matches(to: Holder) -> sa.ColumnElement[bool]:
    match to:
        case Holder.ME:
            return _T.officer_id == _OFFICER
        case Holder.OTHERS:
            return _T.officer_id != _OFFICER
        case Holder.NOBODY:
            return _T.officer_id.is_(None)


def _days_left() -> sa.ColumnElement[str]:
    nearer = [
        (_T.due_at <= sa.bindparam(f"{kind}_", None, Instant), sa.literal(kind.value)) for kind in DAYS_LEFT_LIMITS
    ]
    return sa.case(
        (_T.due_at.is_(None), sa.literal(DaysLeft.NO_DUE_DATE.value)), *nearer, else_=sa.literal(DaysLeft.LATER.value)
    )


def _is_one_of(column: sa.Column[Any], values: Iterable[str]) -> sa.ColumnElement[bool]:
    return column.in_(sorted(str(value) for value in values))


class _Start(Enum):
    """Where a part of the list begins: at its end, or at a case with a date or without one."""

    END = auto()
    DATED = auto()
    UNDATED = auto()


@lru_cache(200)
def _statements(
    postings: tuple[Posting, ...], wanted: QueueFilter, sort: QueueSort, start: _Start, backward: bool
) -> tuple[sa.Select[Any], ...]:
    """The statements that give a list one after the other; their parameter `rest` is how many rows are wanted."""
    conditions, parts = list(_conditions(wanted)), _parts_before if backward else _parts_after
    return tuple(
        _first_cases(postings, [*conditions, *part.where], part.order) for part in parts(SORTED_BY[sort], start)
    )


def _first_cases(
    postings: Sequence[Posting], conditions: Sequence[sa.ColumnElement[bool]], order: Sequence[Any]
) -> sa.Select[Any]:
    """The first cases of several postings are among the first of each, which an index gives in their order."""
    statement, limit = sa.select(applications_table), sa.bindparam("rest", None, sa.Integer)
    if len(postings) < 2:
        statement = statement.where(any_posting_covers(applications_table, postings), *conditions)
    else:
        each = [
            sa.select(_T.id)
            .where(any_posting_covers(applications_table, [posting]), *conditions)
            .order_by(*order)
            .limit(limit)
            .subquery()
            for posting in postings
        ]
        statement = statement.where(_T.id.in_(sa.union(*(sa.select(found.c.id) for found in each))))
    return statement.order_by(*order).limit(limit)


class _Part(NamedTuple):
    """A stretch of the list that an index gives in its order: the cases with a date, or those without one."""

    where: list[sa.ColumnElement[bool]]
    order: Sequence[Any]


def _parts_after(column: sa.Column[Any], start: _Start) -> Iterator[_Part]:
    """What comes after a place: cases with a date, then those without one."""
    if start is not _Start.UNDATED:
        after = [sa.tuple_(column, _T.id) > _pair(column)] if start is _Start.DATED else []
        yield _Part([column.is_not(None), *after], (column, _T.id))
    yield _Part([column.is_(None), *([_T.id > _KEY] if start is _Start.UNDATED else [])], (_T.id,))


def _parts_before(column: sa.Column[Any], start: _Start) -> Iterator[_Part]:
    """What comes before a place, the nearest first."""
    if start is not _Start.DATED:
        before = [_T.id < _KEY] if start is _Start.UNDATED else []
        yield _Part([column.is_(None), *before], (_T.id.desc(),))
    earlier = [sa.tuple_(column, _T.id) < _pair(column)] if start is _Start.DATED else []
    yield _Part([column.is_not(None), *earlier], (column.desc(), _T.id.desc()))


_KEY = sa.bindparam("key_", None, Key)


def _pair(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.bindparam("value_", None, column.type), _KEY)
