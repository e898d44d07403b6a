"""Rosters of schools and camps: their metadata, their progress, and queries that list them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint, or_, select

from domain.kernel import Posting
from domain.rosters.rosters import Roster, RosterState
from store.database import Key, Records, StoredList, Transaction, count, posting_covers
from store.database.metadata import table_of

rosters_table = table_of(
    Roster,
    "rosters",
    Column("centre_code", Key, ForeignKey("centres.code"), nullable=False),
    Column("operator_id", Key, ForeignKey("operators.operator_id"), nullable=False),
    UniqueConstraint("number"),
    Index(None, "centre_code", "id"),
    Index(None, "district", "id"),
)

_T = rosters_table.c
_ROSTERS = Records(Roster, rosters_table, "the roster")
get = _ROSTERS.get
by_number = _ROSTERS.reader_by(_T.number)
"""The roster with a number, or None."""
add, by_ids = _ROSTERS.insert, _ROSTERS.by_ids


async def save(tx: Transaction, roster: Roster) -> Roster:
    """Replace a roster that is as it was read, with the next version. Raises VersionConflict, NotThere."""
    return await _ROSTERS.save(tx, roster, roster.version)


async def count_open(tx: Transaction, centre_code: str) -> int:
    """How many rosters of a school or camp are not filed yet."""
    unfiled = (RosterState.DRAFT.value, RosterState.FILING.value)
    return await count(tx, select(_T.id).where(_T.centre_code == centre_code, _T.state.in_(unfiled)))


async def opened_by(tx: Transaction, operator_ids: Collection[str], since: datetime) -> list[Roster]:
    """The rosters that operators opened since a moment, the newest first."""
    opened = select(rosters_table).where(_T.operator_id.in_(sorted(operator_ids)), _T.created_at >= since)
    return await _ROSTERS.select_all(tx, opened.order_by(_T.id.desc()))


def rosters_of(places: Collection[str], postings: Sequence[Posting]) -> StoredList[Roster]:
    """The rosters of these schools and camps, or within these postings, the newest first."""
    covered = [posting_covers(rosters_table, posting) for posting in postings]
    statement = select(rosters_table).where(or_(_T.centre_code.in_(sorted(places)), *covered))
    return StoredList(_ROSTERS, statement, (_T.id,), descending=True)
