"""Queries about applications and officers' queues; history and attachments are in store/applications/timeline.py."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, insert, literal, or_, select, true, update

from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN, Status
from domain.kernel import Posting
from domain.platform.changes import ChangeKind
from store.applications.application_rows import application_of, applications_table, values_of
from store.applications.timeline import (
    add_documents,
    add_entries,
    add_entry,
    documents,
    freeze_document,
    mark_document_verified,
    remove_documents,
    timelines,
)
from store.database import (
    AlreadyThere,
    NotThere,
    Transaction,
    VersionConflict,
    change_feed,
    count,
    first_row,
    insert_new,
    keyset_page,
    rows_of,
)

__all__ = [
    "add",
    "add_documents",
    "add_entries",
    "add_entry",
    "add_many",
    "any_posting_covers",
    "by_acknowledgements",
    "by_ids",
    "by_number",
    "by_numbers",
    "count_of_citizen",
    "documents",
    "freeze_document",
    "get",
    "held_by",
    "mark_document_verified",
    "open_duplicate",
    "page_of_citizen",
    "remove_documents",
    "save",
    "timelines",
]

_T = applications_table.c
_UNCHANGING = frozenset({"id", "citizen_id", "created_at"})


async def add(tx: Transaction, application: Application) -> None:
    """Keep a new application. Raises AlreadyThere for its id, number or acknowledgement."""
    if not await insert_new(tx, applications_table, values_of(tx, application)):
        raise AlreadyThere("the application")
    await change_feed.touch(tx, ChangeKind.APPLICATION, application.id)


async def add_many(tx: Transaction, new: Sequence[Application], *, announced: Collection[str]) -> None:
    """Keep many new applications at once; the change feed gets the ids in `announced` only.

    Raises AlreadyThere where one of them is there by its id, number or acknowledgement.
    """
    if new:
        await tx.connection.execute(insert(applications_table), [values_of(tx, one) for one in new])
    await change_feed.touch_many(tx, ChangeKind.APPLICATION, [one.id for one in new if one.id in announced])


async def get(tx: Transaction, application_id: str) -> Application | None:
    """The application with an id, or None."""
    return (await by_ids(tx, [application_id])).get(application_id)


async def by_number(tx: Transaction, number: str) -> Application | None:
    """The application with a reference number of fourteen Latin digits, or None."""
    row = await first_row(tx, select(applications_table).where(_T.number == number))
    return application_of(tx, row) if row else None


async def by_numbers(tx: Transaction, numbers: Iterable[str]) -> dict[str, Application]:
    """Applications by reference number; those that are not there are left out. One query for many."""
    rows = await rows_of(tx, select(applications_table), _T.number, numbers)
    return {row.number: application_of(tx, row) for row in rows}


async def by_acknowledgements(tx: Transaction, numbers: Iterable[str]) -> dict[str, Application]:
    """Applications by acknowledgement number; those that are not there are left out. One query for many."""
    rows = await rows_of(tx, select(applications_table), _T.acknowledgement, numbers)
    return {row.acknowledgement: application_of(tx, row) for row in rows}


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Application]:
    """Applications by id; those that are not there are left out."""
    rows = await rows_of(tx, select(applications_table), _T.id, ids)
    return {row.id: application_of(tx, row) for row in rows}


async def save(tx: Transaction, application: Application, expected_version: int) -> Application:
    """Replace an application whose version is still the expected one, and give it back as it now is.

    The version grows by one and `updated_at` becomes now. Raises VersionConflict with what is there
    where somebody was first, NotThere where nothing is.
    """
    changed = replace(application, version=expected_version + 1, updated_at=tx.clock.now())
    values = {name: value for name, value in values_of(tx, changed).items() if name not in _UNCHANGING}
    statement = update(applications_table).where(_T.id == application.id, _T.version == expected_version)
    result = await tx.connection.execute(statement.values(values).returning(_T.id))
    if result.first() is None:
        present = await first_row(tx, select(_T.version, _T.status).where(_T.id == application.id))
        if present is None:
            raise NotThere("the application")
        raise VersionConflict(present.version, present.status)
    await change_feed.touch(tx, ChangeKind.APPLICATION, application.id)
    return changed


async def page_of_citizen(
    tx: Transaction,
    citizen_id: str,
    *,
    statuses: Collection[Status] | None = None,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int,
    newest_first: bool = True,
) -> list[Application]:
    """A page of one citizen's applications by (created_at, id), which are also what `after` and `before` hold.

    Both are places in the list as it is ordered. With `before` alone it is the last page before that
    place; the last page of all is the first one with `newest_first` turned round.
    """
    rows = await keyset_page(
        tx,
        _of_citizen(citizen_id, statuses),
        (_T.created_at, _T.id),
        after=after,
        before=before,
        limit=limit,
        descending=newest_first,
    )
    return [application_of(tx, row) for row in rows]


async def count_of_citizen(tx: Transaction, citizen_id: str, statuses: Collection[Status] | None = None) -> int:
    """How many applications the citizen has in those states, or in all."""
    return await count(tx, _of_citizen(citizen_id, statuses))


async def open_duplicate(tx: Transaction, citizen_id: str, service_code: str) -> Application | None:
    """An open application of the same citizen for the same service, or None.

    In a write transaction nobody else can find none for the same pair until it ends, so that two
    submissions at once cannot both pass.
    """
    if tx.writable and tx.dialect == "postgresql":
        pair = literal(f"{citizen_id}:{service_code}")
        await tx.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(pair, 0))))
    statement = _of_citizen(citizen_id, OPEN).where(_T.service_code == service_code)
    row = await first_row(tx, statement.order_by(_T.created_at, _T.id).limit(1))
    return application_of(tx, row) if row else None


async def held_by(
    tx: Transaction, officer_id: str, *, statuses: Collection[Status], after: str | None = None, limit: int
) -> list[Application]:
    """Applications in those states that are assigned to an officer, by id."""
    statement = select(applications_table).where(_T.officer_id == officer_id, _has_status(statuses))
    if after is not None:
        statement = statement.where(_T.id > after)
    rows = (await tx.connection.execute(statement.order_by(_T.id).limit(limit))).all()
    return [application_of(tx, row) for row in rows]


def _of_citizen(citizen_id: str, statuses: Collection[Status] | None) -> Select[Any]:
    statement = select(applications_table).where(_T.citizen_id == citizen_id)
    return statement if statuses is None else statement.where(_has_status(statuses))


def _has_status(statuses: Collection[Status]) -> ColumnElement[bool]:
    return _T.status.in_(sorted(status.value for status in statuses))


def any_posting_covers(postings: Sequence[Posting]) -> ColumnElement[bool]:
    """As Posting.covers, in SQL; no posting covers nothing."""
    return or_(false(), *(_covers(posting) for posting in postings))


def _covers(posting: Posting) -> ColumnElement[bool]:
    pairs = ((_T.department, posting.department), (_T.district, posting.district), (_T.tehsil, posting.tehsil))
    return and_(true(), *(column == value for column, value in pairs if value is not None))
