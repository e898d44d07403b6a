"""Rosters of schools and camps: their metadata, their progress, and queries that list them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Select, Table, or_, select, update

from domain.catalogue.centres import CentreKind
from domain.kernel import Posting
from domain.rosters.rosters import Roster, RosterState
from store.database import (
    AnyRow,
    Instant,
    Key,
    NotThere,
    Transaction,
    VersionConflict,
    count,
    first_row,
    insert_new,
    keyset_window,
    posting_covers,
    rows_of,
)
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


async def add(tx: Transaction, roster: Roster) -> None:
    """Keep a new roster."""
    await insert_new(tx, rosters_table, _values(roster))


async def save(tx: Transaction, roster: Roster) -> Roster:
    """Replace a roster that is as it was read, with the next version. Raises VersionConflict, NotThere."""
    saved = replace(roster, version=roster.version + 1)
    statement = update(rosters_table).where(_T.id == roster.id, _T.version == roster.version)
    if (await tx.connection.execute(statement.values(_values(saved)).returning(_T.id))).first() is None:
        present = await get(tx, roster.id)
        if present is None:
            raise NotThere("the roster")
        raise VersionConflict(present.version, present.state.value)
    return saved


async def get(tx: Transaction, roster_id: str) -> Roster | None:
    """The roster with an id, or None."""
    return (await by_ids(tx, [roster_id])).get(roster_id)


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Roster]:
    """Rosters by id; those that are not there are left out."""
    return {row.id: _roster(row) for row in await rows_of(tx, select(rosters_table), _T.id, ids)}


async def by_number(tx: Transaction, number: str) -> Roster | None:
    """The roster with a number, or None."""
    row = await first_row(tx, select(rosters_table).where(_T.number == number))
    return _roster(row) if row else None


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
    rows = await keyset_window(
        tx,
        _select_rosters(places, postings),
        (_T.id,),
        place=None if place is None else (place,),
        backward=backward,
        limit=limit,
        descending=True,
    )
    return [_roster(row) for row in rows]


async def count_of(tx: Transaction, *, places: Collection[str] = (), postings: Sequence[Posting] = ()) -> int:
    """How many there are."""
    return await count(tx, _select_rosters(places, postings))


def _select_rosters(places: Collection[str], postings: Sequence[Posting]) -> Select[Any]:
    covered = [posting_covers(rosters_table, posting) for posting in postings]
    return select(rosters_table).where(or_(_T.centre_code.in_(sorted(places)), *covered))


def _values(roster: Roster) -> dict[str, Any]:
    names = (
        "id", "number", "centre_code", "service_code", "department", "district", "tehsil", "operator_id", "version",
        "rounds", "created_at", "filed_at",
    )  # fmt: skip
    kept = {name: getattr(roster, name) for name in names}
    return kept | {"kind": roster.kind.value, "state": roster.state.value}


def _roster(row: AnyRow) -> Roster:
    return Roster(
        id=row.id,
        number=row.number,
        centre_code=row.centre_code,
        kind=CentreKind(row.kind),
        service_code=row.service_code,
        department=row.department,
        district=row.district,
        tehsil=row.tehsil,
        operator_id=row.operator_id,
        state=RosterState(row.state),
        version=row.version,
        rounds=row.rounds,
        created_at=row.created_at,
        filed_at=row.filed_at,
    )
