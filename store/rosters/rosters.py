"""Rosters of schools and camps: their metadata, their progress, and queries that list them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Select, Table, or_, select

from domain.kernel import Posting
from domain.rosters.rosters import Roster, RosterState
from store.database import Instant, Key, Records, Transaction, count, posting_covers
from store.database.metadata import metadata

rosters_table = Table(
    "rosters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", Key, nullable=False, unique=True),
    Column("centre_code", Key, ForeignKey("centres.code"), nullable=False),
    Column("kind", Key, nullable=False),
    Column("service_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key, nullable=False),
    Column("tehsil", Key),
    Column("operator_id", Key, ForeignKey("operators.operator_id"), nullable=False),
    Column("state", Key, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rounds", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("filed_at", Instant),
    Index(None, "centre_code", "id"),
    Index(None, "district", "id"),
)

_T = rosters_table.c
_ROSTERS = Records(Roster, rosters_table, "the roster")


async def add(tx: Transaction, roster: Roster) -> None:
    """Keep a new roster."""
    await _ROSTERS.insert(tx, roster)


async def save(tx: Transaction, roster: Roster) -> Roster:
    """Replace a roster that is as it was read, with the next version. Raises VersionConflict, NotThere."""
    return await _ROSTERS.save(tx, roster, roster.version)


async def get(tx: Transaction, roster_id: str) -> Roster | None:
    """The roster with an id, or None."""
    return (await by_ids(tx, [roster_id])).get(roster_id)


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Roster]:
    """Rosters by id; those that are not there are left out."""
    return await _ROSTERS.by_keys(tx, _T.id, ids)


async def by_number(tx: Transaction, number: str) -> Roster | None:
    """The roster with a number, or None."""
    return await _ROSTERS.find(tx, _T.number == number)


async def count_open(tx: Transaction, centre_code: str) -> int:
    """How many rosters of a school or camp are not filed yet."""
    unfiled = (RosterState.DRAFT.value, RosterState.FILING.value)
    return await count(tx, select(_T.id).where(_T.centre_code == centre_code, _T.state.in_(unfiled)))


async def page(
    tx: Transaction,
    *,
    places: Collection[str] = (),
    postings: Sequence[Posting] = (),
    place: str | None,
    backward: bool,
    limit: int,
) -> list[Roster]:
    """The rosters of these schools and camps, or within these postings, the newest first."""
    return await _ROSTERS.window(
        tx,
        _select_rosters(places, postings),
        (_T.id,),
        place=None if place is None else (place,),
        backward=backward,
        limit=limit,
        descending=True,
    )


async def count_of(tx: Transaction, *, places: Collection[str] = (), postings: Sequence[Posting] = ()) -> int:
    """How many there are."""
    return await count(tx, _select_rosters(places, postings))


def _select_rosters(places: Collection[str], postings: Sequence[Posting]) -> Select[Any]:
    covered = [posting_covers(rosters_table, posting) for posting in postings]
    return select(rosters_table).where(or_(_T.centre_code.in_(sorted(places)), *covered))
