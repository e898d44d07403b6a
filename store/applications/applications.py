"""Queries about applications and officers' queues; history and attachments are in store/applications/timeline.py."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select

from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN, Status
from domain.platform.changes import ChangeKind
from store.applications.application_rows import APPLICATIONS, applications_table
from store.applications.shown_status import shown_in
from store.database import Transaction, change_feed, count, keyset_page, locks, rows_of

_T = applications_table.c
by_ids, get = APPLICATIONS.by_ids, APPLICATIONS.get
by_number = APPLICATIONS.reader_by(_T.number)
"""The application with a reference number of fourteen Latin digits, or None."""
by_numbers = APPLICATIONS.reader_of_many_by(_T.number)
"""Applications by reference number; those that are not there are left out. One query for many."""
by_acknowledgements = APPLICATIONS.reader_of_many_by(_T.acknowledgement)
"""Applications by acknowledgement number; those that are not there are left out. One query for many."""


async def add(tx: Transaction, application: Application) -> None:
    """Keep a new application. Raises AlreadyThere for its id, number or acknowledgement."""
    await APPLICATIONS.add(tx, application)
    await change_feed.touch(tx, ChangeKind.APPLICATION, application.id)


async def add_many(tx: Transaction, new: Sequence[Application], *, announced: Collection[str]) -> None:
    """Keep many new applications at once; the change feed gets the ids in `announced` only.

    Raises AlreadyThere where one of them is there by its id, number or acknowledgement.
    """
    await APPLICATIONS.add_all(tx, new)
    await change_feed.touch_many(tx, ChangeKind.APPLICATION, [one.id for one in new if one.id in announced])


async def save(tx: Transaction, application: Application, expected_version: int) -> Application:
    """Replace an application whose version is still the expected one, and give it back as it now is.

    The version grows by one and `updated_at` becomes now. Raises VersionConflict with what is there
    where somebody was first, NotThere where nothing is.
    """
    changed = await APPLICATIONS.save(tx, application, expected_version)
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
    """A page of one citizen's applications that are shown in those states, by (created_at, id).

    `after` and `before` are places in the list as it is ordered. With `before` alone it is the last page before that
    place; the last page of all is the first one with `newest_first` turned round.
    """
    rows = await keyset_page(
        tx,
        _shown_of_citizen(None if statuses is None else frozenset(statuses)),
        (_T.created_at, _T.id),
        after=after,
        before=before,
        limit=limit,
        descending=newest_first,
        citizen=citizen_id,
    )
    return [APPLICATIONS.read(tx, row) for row in rows]


async def count_of_citizen(tx: Transaction, citizen_id: str, statuses: Collection[Status] | None = None) -> int:
    """How many applications the citizen has that are shown in those states, or in all."""
    return await count(tx, _shown_of_citizen(None if statuses is None else frozenset(statuses)), citizen=citizen_id)


async def of_service(
    tx: Transaction, citizen_id: str, service_code: str, statuses: Collection[Status] = OPEN
) -> list[Application]:
    """The applications of a citizen for a service in those states, else the open ones, oldest first.

    In a write transaction nobody else can read those of the same pair until it ends, so that two
    submissions at once cannot both pass.
    """
    await locks.lock_exclusive(tx, citizen_id, service_code)
    statement = _of_service(frozenset(statuses))
    return await APPLICATIONS.select_all(tx, statement, citizen=citizen_id, service=service_code)


async def renewed_numbers(tx: Transaction, citizen_ids: Iterable[str], statuses: Collection[Status]) -> set[str]:
    """The numbers of certificates that these citizens renew by applications in those states."""
    chosen = select(_T.renews).where(_T.renews.is_not(None), _T.status.in_([one.value for one in statuses]))
    return {row.renews for row in await rows_of(tx, chosen, _T.citizen_id, citizen_ids)}


async def held_by(
    tx: Transaction, officer_id: str, *, statuses: Collection[Status], after: str | None = None, limit: int
) -> list[Application]:
    """Applications in those states that are assigned to an officer, by id."""
    statement = select(applications_table).where(_T.officer_id == officer_id, _has_status(statuses))
    if after is not None:
        statement = statement.where(_T.id > after)
    return await APPLICATIONS.select_all(tx, statement.order_by(_T.id).limit(limit))


@cache
def _of_service(statuses: frozenset[Status]) -> Select[Any]:
    """The applications of a citizen for a service in those states, oldest first."""
    whose = _T.citizen_id == bindparam("citizen", None, _T.citizen_id.type)
    which = _T.service_code == bindparam("service", None, _T.service_code.type)
    return select(applications_table).where(whose, _has_status(statuses), which).order_by(_T.created_at, _T.id)


@cache
def _shown_of_citizen(statuses: frozenset[Status] | None) -> Select[Any]:
    statement = select(applications_table).where(_T.citizen_id == bindparam("citizen", None, _T.citizen_id.type))
    return statement if statuses is None else statement.where(shown_in(statuses))


def _has_status(statuses: Collection[Status]) -> ColumnElement[bool]:
    return _T.status.in_(sorted(status.value for status in statuses))
