"""Cases and appeals covered by another officer during an absence or while a post is vacant."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Index, Select, bindparam, func, select, update

from domain.officers.staff import CoveredCase, CoverKind
from store.database import Key, Records, Transaction, insert_into, rows_of
from store.database.metadata import table_of

covered_table = table_of(
    CoveredCase,
    "covered_cases",
    Column("absence_id", Key, primary_key=True),
    Column("case_id", Key, primary_key=True),
    Index(None, "case_id"),
    Index(None, "over_at", "absence_id"),
)

_T = covered_table.c
_COVERED = Records(CoveredCase, covered_table, "the covered case")


async def add(tx: Transaction, covered: CoveredCase) -> None:
    """Note that another officer holds a case because of an absence; a repeated one is reopened."""
    statement = insert_into(tx, covered_table).values(_COVERED.values(tx, covered))
    changed = {"holder_id": covered.holder_id, "over_at": None}
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["absence_id", "case_id"], set_=changed))


async def change_holder(tx: Transaction, case_id: str, *, from_id: str | None, to_id: str | None) -> None:
    """Note that a case in cover went on from its holder to another one, so that it is still found when it goes back."""
    held = _T.holder_id.is_(None) if from_id is None else _T.holder_id == from_id
    statement = update(covered_table).where(_T.case_id == case_id, _T.over_at.is_(None), held)
    await tx.connection.execute(statement.values(holder_id=to_id))


async def close(tx: Transaction, covered: CoveredCase, at: datetime) -> None:
    """Note that the cover of a case is over."""
    this = (_T.absence_id == covered.absence_id, _T.case_id == covered.case_id)
    await tx.connection.execute(update(covered_table).where(*this).values(over_at=at))


async def open_of(tx: Transaction, absence_id: str, limit: int | None) -> list[CoveredCase]:
    """Cases that are still covered because of an absence, by case id."""
    statement = select(covered_table).where(_T.absence_id == absence_id, _T.over_at.is_(None))
    return await _COVERED.select_all(tx, statement.order_by(_T.case_id).limit(limit))


async def absences(tx: Transaction) -> set[str]:
    """The absences with covered cases."""
    return set((await tx.connection.execute(select(_T.absence_id).where(_T.over_at.is_(None)).distinct())).scalars())


async def held_in_cover(tx: Transaction, holder_id: str, case_ids: Iterable[str]) -> set[str]:
    """Those of the cases that an officer has because a colleague is away or a post is vacant."""
    return {row.case_id for row in await rows_of(tx, _held_in_cover(), _T.case_id, case_ids, holder=holder_id)}


@cache
def _held_in_cover() -> Select[Any]:
    whose = _T.holder_id == bindparam("holder", None, _T.holder_id.type)
    return select(_T.case_id).where(whose, _T.over_at.is_(None))


async def counts(tx: Transaction, absence_id: str) -> dict[CoverKind, int]:
    """How many cases and appeals went elsewhere because of an absence, also those that are back."""
    statement = select(_T.kind, func.count()).where(_T.absence_id == absence_id).group_by(_T.kind)
    return {CoverKind(kind): number for kind, number in (await tx.connection.execute(statement)).all()}
