"""Finds the objects that reference an uploaded file and that the reader may read.

A whole district may hand in the same paper, so the database is asked for the few things that the reader may read and
not for everything that names it: one statement for each kind of thing, and a handful of rows.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, and_, case, exists, false, or_, select, true

from domain.applications.lifecycle import Status
from domain.identity.policy import ObjectKind
from domain.kernel import Posting
from domain.officers.desk import OpinionState
from store.appeals.appeal_rows import appeals_table
from store.applications.application_rows import applications_table
from store.clearances import clearances_table
from store.database import Transaction, posting_covers
from store.doorstep import visits_table
from store.feedback.grievances import grievances_table
from store.officers.desk import claims_table, second_opinions_table
from store.rosters.roster_rows import roster_rows_table
from store.rosters.rosters import rosters_table
from store.uploads.uploads import upload_uses_table, uploads_table

MOST_TRIED = 5
"""Things of one kind that are given: any of them is within reach, so the first one is enough nearly always."""

_U, _T = upload_uses_table.c, uploads_table.c
_A, _R, _C, _O = applications_table.c, roster_rows_table.c, claims_table.c, second_opinions_table.c


@dataclass(frozen=True, slots=True)
class Reach:
    """The objects of one kind that a person may read, as far as their rows show it."""

    every: bool = False
    """All of them, but for drafts of applications."""
    postings: tuple[Posting, ...] = ()
    """Those of these departments and places, but for drafts."""
    people: frozenset[str] = frozenset()
    """Those of these citizens."""
    service: str | None = None
    """Of the citizens' applications those of this service alone, drafts too; None for every one."""
    person: str | None = None
    """Those assigned to this member of staff by name."""
    places: frozenset[str] = frozenset()
    """Those of these schools and camps."""

    @property
    def anything(self) -> bool:
        """Whether there can be anything within it."""
        return self.every or bool(self.postings or self.people or self.person or self.places)


_PLACED: Mapping[ObjectKind, tuple[Table, Column[Any] | None]] = {
    ObjectKind.APPEAL: (appeals_table, None),
    ObjectKind.CLEARANCE: (clearances_table, clearances_table.c.escalated_to),
    ObjectKind.GRIEVANCE: (grievances_table, None),
    ObjectKind.VISIT: (visits_table, visits_table.c.agent_id),
}
"""Kinds of things of a citizen and a place; the column says to whom one is assigned by name."""

KINDS = (*_PLACED, ObjectKind.ROSTER_ROW)
"""The kinds of objects that name files, besides applications."""


async def applications_within(
    tx: Transaction, sha256: str, reach: Reach, officer_id: str | None, colleagues: Collection[str]
) -> list[str]:
    """The ids of applications within reach that name a content, those that are the officer's own work first.

    `colleagues` are those for whom she stands in. What is her own work is told as by
    `domain.officers.desk.in_own_queue`.
    """
    handed_in = and_(
        _A.status != Status.DRAFT.value, or_(_reaches_all(reach), *(_posting_conditions(applications_table, reach)))
    )
    own = and_(
        _A.citizen_id.in_(sorted(reach.people)), true() if reach.service is None else _A.service_code == reach.service
    )
    statement = _select_uses(sha256, ObjectKind.APPLICATION, applications_table).where(or_(handed_in, own))
    first = case((or_(own, _own_work(tx, officer_id, colleagues)), 0), else_=1)
    return await _ids(tx, statement.order_by(first, _A.id))


async def others_within(tx: Transaction, sha256: str, kind: ObjectKind, reach: Reach) -> list[str]:
    """The ids of things of one of KINDS within reach that name a content, in their order."""
    if kind is ObjectKind.ROSTER_ROW:
        rows = _select_uses(sha256, kind, roster_rows_table).join(rosters_table, rosters_table.c.id == _R.roster_id)
        there = or_(_reaches_all(reach), rosters_table.c.centre_code.in_(sorted(reach.places)))
        return await _ids(tx, rows.where(there).order_by(_R.id))
    table, holder = _PLACED[kind]
    within_reach = [
        _reaches_all(reach),
        *_posting_conditions(table, reach),
        table.c.citizen_id.in_(sorted(reach.people)),
    ]
    if holder is not None and reach.person is not None:
        within_reach.append(holder == reach.person)
    return await _ids(tx, _select_uses(sha256, kind, table).where(or_(*within_reach)).order_by(table.c.id))


def _select_uses(sha256: str, kind: ObjectKind, table: Table) -> Select[Any]:
    """Things of one kind that name any upload of a content, each once: found by the content, and not by their place."""
    uses = select(_U.object_id).join(uploads_table, _T.id == _U.upload_id)
    return select(table.c.id).where(table.c.id.in_(uses.where(_T.sha256 == sha256, _U.object_kind == kind.value)))


def _reaches_all(reach: Reach) -> ColumnElement[bool]:
    return true() if reach.every else false()


def _posting_conditions(table: Table, reach: Reach) -> list[ColumnElement[bool]]:
    return [posting_covers(table, posting) for posting in reach.postings]


def _own_work(tx: Transaction, officer_id: str | None, colleagues: Collection[str]) -> ColumnElement[bool]:
    now = tx.clock.now()
    claimed = exists().where(_C.application_id == _A.id, _C.officer_id == officer_id, _C.expires_at > now)
    proposed = exists().where(
        _O.application_id == _A.id,
        _O.state == OpinionState.PROPOSED.value,
        _O.version == _A.version,
        _O.proposed_by != officer_id,
    )
    held_by = sorted({*colleagues, *([officer_id] if officer_id else [])})
    return or_(_A.officer_id.is_(None), _A.officer_id.in_(held_by), claimed, proposed)


async def _ids(tx: Transaction, statement: Select[Any]) -> list[str]:
    return list((await tx.connection.execute(statement.limit(MOST_TRIED))).scalars())
