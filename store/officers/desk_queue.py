"""An officer's queue: filtered and sorted pages, and the number of waiting cases."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN, Status
from domain.kernel import Posting
from domain.officers.desk import DaysLeft, Holder, OpinionState, QueueCounts, QueueFilter, QueueSort, days_left_limits
from store.applications.application_rows import APPLICATIONS, applications_table, in_states
from store.applications.shown_status import shown_in, shown_status
from store.clearances import overdue_at, owed_since_before
from store.database import AnyRow, Transaction, any_posting_covers, count, fetch_rows
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
    statements: Iterable[sa.Select[Any]]
    if place is None and wanted == QueueFilter(wanted.statuses):
        statements = _usual_statements(tuple(postings), wanted.statuses, sort, backward)
    else:
        statements = _statements(postings, list(_conditions(officer_id, wanted, tx.clock.now())), sort, place, backward)
    rows: list[AnyRow] = []
    for statement in statements:
        if len(rows) < limit:
            rows += await fetch_rows(tx, statement, rest=limit - len(rows))
    return [APPLICATIONS.read(tx, row) for row in (reversed(rows) if backward else rows)]


async def size(tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter) -> int:
    """How many cases the same filter lets through: from the counters of figures where those give it."""
    waiting = await _from_counters(tx, officer_id, postings, wanted)
    if waiting is not None:
        return waiting.total()
    return await count(tx, _queue(officer_id, postings, wanted, tx.clock.now()))


async def counts(tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter) -> QueueCounts:
    """How many cases wait, by state and by days left, and those that concern the officer; five queries or six.

    Where the counters of figures give it, none of it grows with the cases that wait: claims, proposals and overdue
    clearances are looked up from their own side.
    """
    now = tx.clock.now()
    waiting = await _from_counters(tx, officer_id, postings, wanted)
    if waiting is None:
        waiting = await _count_cases(tx, _queue(officer_id, postings, wanted, now))
    by_status: Counter[Status] = Counter()
    by_days: Counter[DaysLeft] = Counter()
    for (status, days_left), number in waiting.items():
        by_status[status] += number
        by_days[days_left] += number
    there = (any_posting_covers(applications_table, postings), shown_in(wanted.statuses))
    claimed = sa.select(_C.application_id).where(_C.officer_id == officer_id, _C.expires_at > now)
    # A proposal waits on the version that it was made on, so the case is open as it was then.
    waits = (sa.literal_column(PROPOSAL_WAITS, sa.Boolean()), _O.proposed_by != officer_id)
    proposed = sa.select(_O.application_id, _O.version).where(*waits)
    return QueueCounts(
        total=by_status.total(),
        by_status=by_status,
        by_days_left=by_days,
        claimed_by_me=await _cases_of(tx, claimed, there),
        proposals=await _cases_of(tx, proposed, (any_posting_covers(applications_table, postings), *in_states(OPEN))),
        clearance_overdue=await _cases_of(tx, owed_since_before(now), there),
    )


async def _cases_of(tx: Transaction, marks: sa.Select[Any], there: Sequence[sa.ColumnElement[bool]]) -> int:
    """How many of the cases there are named by rows with `application_id`, and `version` where it must be as it was.

    Said as a count of those rows, since SQLite would else look at every open case of the office for each.
    """
    marked = marks.subquery()
    same = [_T.id == marked.c.application_id]
    if "version" in marked.c:
        same.append(_T.version == marked.c.version)
    cases = sa.select(sa.func.count(sa.func.distinct(marked.c.application_id))).where(sa.exists().where(*same, *there))
    return int((await fetch_rows(tx, cases))[0][0])


async def _from_counters(
    tx: Transaction, officer_id: str, postings: Sequence[Posting], wanted: QueueFilter
) -> Counter[tuple[Status, DaysLeft]] | None:
    """How many cases stand in each state with so many days left; None where the counters of figures do not give it.

    To these a benefit is delivered; those whose money did not arrive are counted beside them.
    """
    waiting = await figure_open.count_waiting(tx, postings, wanted)
    if waiting is None or Status.BENEFIT_SANCTIONED not in wanted.statuses:
        return None if waiting is None else Counter(waiting)
    without_money = _queue(officer_id, postings, wanted, tx.clock.now()).where(_T.status == Status.DELIVERED.value)
    return Counter(waiting) + await _count_cases(tx, without_money)


async def _count_cases(tx: Transaction, queue: sa.Select[Any]) -> Counter[tuple[Status, DaysLeft]]:
    """The same case by case, for filters by what only cases know."""
    near = _days_left(tx.clock.now()).label("days_left")
    cases = queue.with_only_columns(shown_status().label("status"), near).subquery()
    grouped = sa.select(cases.c.status, cases.c.days_left, sa.func.count()).group_by(cases.c.status, cases.c.days_left)
    rows = await fetch_rows(tx, grouped)
    return Counter({(Status(status), DaysLeft(days_left)): number for status, days_left, number in rows})


def _queue(officer_id: str, postings: Sequence[Posting], wanted: QueueFilter, now: datetime) -> sa.Select[Any]:
    return sa.select(applications_table).where(
        any_posting_covers(applications_table, postings), *_conditions(officer_id, wanted, now)
    )


def _conditions(officer_id: str, wanted: QueueFilter, now: datetime) -> Iterable[sa.ColumnElement[bool]]:
    yield shown_in(wanted.statuses)
    lists = ((_T.service_code, wanted.services), (_T.tehsil, wanted.tehsils), (_T.channel, wanted.channels))
    yield from (_is_one_of(column, values) for column, values in lists if values)
    yield from _due(wanted, now)
    if wanted.number is not None:
        yield _T.number.startswith(wanted.number, autoescape=True)
    if wanted.filed_by_paper:
        yield _T.id.in_(filed_by_paper().with_only_columns(_T.id))
    if wanted.paper_to_check:
        yield _T.id.in_(paper_checks.waiting_applications())
    if wanted.roster is not None:
        yield _T.id.in_(applications_of(wanted.roster))
    if wanted.claimed_by is not None:
        yield _claim_matches(officer_id, wanted.claimed_by, now)
    if wanted.assigned_to is not None:
        yield _assignment_matches(officer_id, wanted.assigned_to)
    if wanted.proposed_by is not None:
        yield _proposal_matches(officer_id, wanted.proposed_by)


def _due(wanted: QueueFilter, now: datetime) -> Iterable[sa.ColumnElement[bool]]:
    if wanted.due_before is not None:
        yield _T.due_at < wanted.due_before
    if wanted.overdue:
        yield _T.due_at < now
    if wanted.days_left is not None:
        yield _days_left(now) == wanted.days_left.value
    if wanted.clearance_overdue:
        yield overdue_at(now)


def _claim_matches(officer_id: str, by: Holder, now: datetime) -> sa.ColumnElement[bool]:
    claim = sa.select(_C.application_id).where(_C.application_id == _T.id, _C.expires_at > now)
    return _holder_matches(claim, _C.officer_id, officer_id, by)


def _proposal_matches(officer_id: str, by: Holder) -> sa.ColumnElement[bool]:
    """Only proposals on the present version wait; others were overtaken.

    The case is open as it was then, which is said too: else all that ended in the office would be looked at.
    """
    waiting = (_O.application_id == _T.id, _O.state == OpinionState.PROPOSED.value, _O.version == _T.version)
    matches = _holder_matches(sa.select(_O.application_id).where(*waiting), _O.proposed_by, officer_id, by)
    return matches if by is Holder.NOBODY else sa.and_(*in_states(OPEN), matches)


def _holder_matches(
    rows: sa.Select[Any], column: sa.Column[Any], officer_id: str, by: Holder
) -> sa.ColumnElement[bool]:
    match by:
        case Holder.ME:
            return rows.where(column == officer_id).exists()
        case Holder.OTHERS:
            return rows.where(column != officer_id).exists()
        case Holder.NOBODY:
            return sa.not_(rows.exists())


def _assignment_matches(officer_id: str, to: Holder) -> sa.ColumnElement[bool]:
    match to:
        case Holder.ME:
            return _T.officer_id == officer_id
        case Holder.OTHERS:
            return _T.officer_id != officer_id
        case Holder.NOBODY:
            return _T.officer_id.is_(None)


def _days_left(now: datetime) -> sa.ColumnElement[str]:
    nearer = [(_T.due_at <= limit, sa.literal(kind.value)) for kind, limit in days_left_limits(now)]
    return sa.case(
        (_T.due_at.is_(None), sa.literal(DaysLeft.NO_DUE_DATE.value)), *nearer, else_=sa.literal(DaysLeft.LATER.value)
    )


def _is_one_of(column: sa.Column[Any], values: Iterable[str]) -> sa.ColumnElement[bool]:
    return column.in_(sorted(str(value) for value in values))


@lru_cache(200)
def _usual_statements(
    postings: tuple[Posting, ...], statuses: frozenset[Status], sort: QueueSort, backward: bool
) -> tuple[sa.Select[Any], ...]:
    """Those of a whole list that is filtered by states alone, which are asked for most."""
    return tuple(_statements(postings, [shown_in(statuses)], sort, None, backward))


def _statements(
    postings: Sequence[Posting],
    conditions: Sequence[sa.ColumnElement[bool]],
    sort: QueueSort,
    place: Place | None,
    backward: bool,
) -> Iterator[sa.Select[Any]]:
    """The statements that give a list one after the other; their parameter `rest` is how many rows are wanted."""
    for part in (_parts_before if backward else _parts_after)(SORTED_BY[sort], place):
        yield _first_cases(postings, [*conditions, *part.where], part.order)


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


def _parts_after(column: sa.Column[Any], place: Place | None) -> Iterator[_Part]:
    """What comes after a place: cases with a date, then those without one."""
    value, key = place or (None, None)
    if key is None or value is not None:
        after = [] if key is None else [sa.tuple_(column, _T.id) > _pair(column, value, key)]
        yield _Part([column.is_not(None), *after], (column, _T.id))
        key = None
    yield _Part([column.is_(None), *([] if key is None else [_T.id > key])], (_T.id,))


def _parts_before(column: sa.Column[Any], place: Place | None) -> Iterator[_Part]:
    """What comes before a place, the nearest first."""
    value, key = place or (None, None)
    if value is None:
        undated = [column.is_(None), *([] if key is None else [_T.id < key])]
        yield _Part(undated, (_T.id.desc(),))
        key = None
    before = [] if key is None else [sa.tuple_(column, _T.id) < _pair(column, value, key)]
    yield _Part([column.is_not(None), *before], (column.desc(), _T.id.desc()))


def _pair(column: sa.Column[Any], value: datetime | None, key: str) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(value, column.type), sa.literal(key, _T.id.type))
