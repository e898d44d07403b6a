"""Queries about appeals, opt-outs, and cases due for the legal clock; the steps are in appeal_course.py."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.appeals.appeals import PENDING, Appeal, AppealGround, AppealLevel, AppealState
from domain.applications.applications import Application
from domain.applications.deadline import FIVE_DAYS, ORDER
from domain.applications.lifecycle import ON_THE_CLOCK
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.appeals.appeal_rows import APPEALS, appeals_table, posting_hears
from store.applications.application_rows import APPLICATIONS, applications_table
from store.applications.imports import is_held
from store.catalogue.catalogue import filed_as_not_notified
from store.database import (
    Instant,
    Key,
    StoredList,
    Transaction,
    VersionConflict,
    change_feed,
    insert_into,
    insert_new,
    require_there,
    rows_of,
)
from store.database.metadata import metadata

opt_outs_table = sa.Table(
    "appeal_opt_outs",
    metadata,
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
    sa.Column("since", Instant, nullable=False),
)

_A, _T = appeals_table.c, applications_table.c
_UNCHANGING = frozenset({"id", "citizen_id", "application_id", "number", "level", "ground", "received_at"})
by_ids, get = APPEALS.by_ids, APPEALS.get
by_numbers = APPEALS.reader_of_many_by(_A.number)
"""Appeals by their reference number of fourteen Latin digits."""


async def add(tx: Transaction, filed: Sequence[Appeal]) -> set[str]:
    """Keep new appeals in two statements; gives the ids of those whose application, level and ground had none yet."""
    if not filed:
        return set()
    statement = (
        insert_into(tx, appeals_table).values([APPEALS.values(tx, one) for one in filed]).on_conflict_do_nothing()
    )
    new = set((await tx.connection.execute(statement.returning(_A.id))).scalars())
    told = dict.fromkeys(one.application_id for one in filed if one.id in new)
    await change_feed.touch_many(tx, ChangeKind.APPLICATION, list(told))
    return new


async def save(tx: Transaction, appeal: Appeal) -> Appeal:
    """Replace an appeal at the version before `appeal.version`. Raises VersionConflict, or NotThere."""
    await APPEALS.save_over(tx, appeal, appeal.version - 1)
    await change_feed.touch(tx, ChangeKind.APPLICATION, appeal.application_id)
    return appeal


async def save_many(tx: Transaction, changed: Sequence[Appeal]) -> None:
    """Replace several appeals, each at the version before its own, in one statement after their rows are locked.

    Raises VersionConflict with what is there, or NotThere, for the first one that was changed since; then none is.
    """
    if not changed:
        return
    statement = sa.select(_A.id, _A.version, _A.state).order_by(_A.id).with_for_update()
    present = {row.id: row for row in await rows_of(tx, statement, _A.id, sorted(one.id for one in changed))}
    for one in changed:
        there = require_there(present.get(one.id), "the appeal")
        if there.version != one.version - 1:
            raise VersionConflict(there.version, there.state)
    rows = [
        {name: value for name, value in APPEALS.values(tx, one).items() if name not in _UNCHANGING} for one in changed
    ]
    replacing = sa.update(appeals_table).where(_A.id == sa.bindparam("saved_id"))
    await tx.connection.execute(
        replacing, [{**row, "saved_id": one.id} for one, row in zip(changed, rows, strict=True)]
    )
    await change_feed.touch_many(tx, ChangeKind.APPLICATION, list(dict.fromkeys(one.application_id for one in changed)))


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Appeal]]:
    """The appeals of each application, the oldest first; an application without any is left out."""
    statement = sa.select(appeals_table).order_by(_A.application_id, _A.received_at, _A.id)
    return await APPEALS.groups(tx, statement, _A.application_id, ids)


def of_citizen(citizen_id: str) -> StoredList[Appeal]:
    """A citizen's appeals, the newest first."""
    statement = sa.select(appeals_table).where(_A.citizen_id == citizen_id)
    return StoredList(APPEALS, statement, (_A.received_at, _A.id), descending=True)


async def opted_out(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, datetime]:
    """Since when each of these citizens wants no appeal filed by itself; the others are left out."""
    table = opt_outs_table
    rows = await rows_of(tx, sa.select(table), table.c.citizen_id, citizen_ids)
    return {row.citizen_id: row.since for row in rows}


async def opt_out(tx: Transaction, citizen_id: str, since: datetime | None) -> None:
    """Note that a citizen wants no appeal filed by itself, or with None that the citizen wants it again."""
    if since is None:
        await tx.connection.execute(sa.delete(opt_outs_table).where(opt_outs_table.c.citizen_id == citizen_id))
        return
    await insert_new(tx, opt_outs_table, {"citizen_id": citizen_id, "since": since})


def docket(postings: Sequence[Posting], officer_id: str | None, states: Collection[AppealState]) -> StoredList[Appeal]:
    """Appeals for an authority, the oldest first: of its level and place, or passed to it."""
    covered = sa.or_(sa.false(), _A.authority_id == officer_id, *(posting_hears(posting) for posting in postings))
    statement = sa.select(appeals_table).where(_A.state.in_(sorted(state.value for state in states)), covered)
    return StoredList(APPEALS, statement, (_A.received_at, _A.id))


async def breached_applications(tx: Transaction, before: datetime, *, limit: int) -> list[Application]:
    """Applications whose due instant is before a moment and that have no appeal for it, by (due_at, id).

    Not while paused, not for a citizen who opted out, nor for a service that was not notified when it was
    filed for. The rows are locked, so that a delivery at the same moment comes either before or after.
    """
    filed = sa.exists().where(
        _A.application_id == _T.id,
        _A.level == AppealLevel.FIRST.value,
        _A.ground == AppealGround.TIME_LIMIT_BREACHED.value,
    )
    not_notified = filed_as_not_notified(_T.service_code, _T.service_version)
    out = sa.exists().where(opt_outs_table.c.citizen_id == _T.citizen_id)
    statement = sa.select(applications_table).where(clock_is_running(), _T.due_at < before, ~filed, ~not_notified, ~out)
    return await _by_due_date(tx, statement, limit)


async def _by_due_date(tx: Transaction, statement: sa.Select[Any], limit: int) -> list[Application]:
    ordered = statement.order_by(_T.due_at, _T.id).limit(limit).with_for_update(of=applications_table)
    return await APPLICATIONS.select_all(tx, ordered)


async def counted_by_others(
    tx: Transaction, calendar_version: str, five_day_offices: Collection[str], limit: int
) -> list[Application]:
    """Applications whose clock runs or is paused and whose date was counted by another list or week, by (due_at, id).

    Offices are `department` or `department/district`; all others have a six-day week. The rows are locked.
    """
    named = (_T.department, _T.department + "/" + _T.district)
    five = sa.or_(*(name.in_(sorted(five_day_offices)) for name in named))
    counted_by = sa.case((five, calendar_version + FIVE_DAYS), else_=calendar_version)
    statement = sa.select(applications_table).where(_has_clock(), _T.calendar_version != counted_by)
    return await _by_due_date(tx, statement, limit)


async def set_due_dates(tx: Transaction, counted: Sequence[Application]) -> None:
    """Keep what a newer calendar makes of the dates of these; it is no step, and their versions stay."""
    if not counted:
        return
    names = ("due_at", "lawful_due_at", "paused_left", "calendar_version")
    rows = [APPLICATIONS.values(tx, one) for one in counted]
    changing = sa.update(applications_table).where(_T.id == sa.bindparam("counted_id"))
    values = [{**{name: row[name] for name in names}, "counted_id": row["id"]} for row in rows]
    await tx.connection.execute(changing, values)


def clock_is_running() -> sa.ColumnElement[bool]:
    """The clock of an application runs under its own limit, and does not wait since an import."""
    return sa.and_(_has_clock(), _T.paused_since.is_(None))


def _has_clock() -> sa.ColumnElement[bool]:
    return sa.and_(
        _T.status.in_(sorted(status.value for status in ON_THE_CLOCK)),
        _T.due_at.is_not(None),
        ~_T.calendar_version.startswith(ORDER, autoescape=True),
        ~is_held(_T.id),
    )


async def due(tx: Transaction, now: datetime, limit: int) -> list[Appeal]:
    """Appeals that the clock has to look at, the most urgent first; their rows are locked."""
    waiting = sorted(state.value for state in (*PENDING, AppealState.DIRECTED))
    statement = sa.select(appeals_table).where(_A.state.in_(waiting), _A.next_at <= now)
    ordered = statement.order_by(_A.next_at, _A.id).limit(limit).with_for_update()
    return await APPEALS.select_all(tx, ordered)


async def with_authority(tx: Transaction, officer_id: str, *, after: str | None = None, limit: int) -> list[Appeal]:
    """Appeals that an officer has and has to decide, by id."""
    states = sorted(state.value for state in (*PENDING, AppealState.SERVICE_DELIVERED_LATE))
    statement = sa.select(appeals_table).where(_A.authority_id == officer_id, _A.state.in_(states))
    if after is not None:
        statement = statement.where(_A.id > after)
    return await APPEALS.select_all(tx, statement.order_by(_A.id).limit(limit))
