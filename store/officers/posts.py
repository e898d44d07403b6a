"""Transfers of officers, and the posts that they left vacant."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.kernel import OfficerLevel, Posting, Role
from domain.officers.staff import Confirmation, Transfer, Vacancy
from store.database import AnyRow, Key, Records, StoredList, Transaction, any_posting_covers, equals_given
from store.database.metadata import table_of
from store.database.types import Json

transfers_table = table_of(
    Transfer,
    "transfers",
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
    sa.Index(None, "done_at"),
)

vacancies_table = table_of(
    Vacancy,
    "vacancies",
    sa.Column("transfer_id", Key, sa.ForeignKey("transfers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("role", Key, nullable=False),
    sa.Column("level", Key),
    sa.Column("department", Key),
    sa.Column("district", Key),
    sa.Column("tehsil", Key),
    sa.Column("services", Json),
    sa.Index(None, "filled_at", "department", "district"),
    sa.Index(None, "cover_id"),
    apart=("posting",),
)

_F, _V = transfers_table.c, vacancies_table.c
_PLACE = ("department", "district", "tehsil")
_IN_FORCE = sa.or_(_F.confirmation.is_(None), _F.confirmation == Confirmation.CONFIRMED.value)


async def unfinished_transfers(tx: Transaction, limit: int) -> list[Transfer]:
    """Transfers of which something has yet to move, the oldest first."""
    statement = sa.select(transfers_table).where(_F.done_at.is_(None), _IN_FORCE).order_by(_F.id).limit(limit)
    return await _TRANSFERS.select_all(tx, statement)


async def confirm(tx: Transaction, transfer_id: str, outcome: Confirmation, *, by: str) -> bool:
    """Note what a second administrator said of a transfer that waits; False where it does not wait."""
    waits = (_F.id == transfer_id, _F.confirmation == Confirmation.WAITING.value)
    values = {"confirmation": outcome.value, "confirmed_by": by, "confirmed_at": tx.clock.now()}
    said = sa.update(transfers_table).where(*waits).values(values).returning(_F.id)
    return (await tx.connection.execute(said)).first() is not None


async def waiting_transfers(tx: Transaction, limit: int) -> list[Transfer]:
    """Transfers that wait for a second administrator, the oldest first."""
    statement = sa.select(transfers_table).where(_F.confirmation == Confirmation.WAITING.value)
    return await _TRANSFERS.select_all(tx, statement.order_by(_F.recorded_at, _F.id).limit(limit))


async def in_force_since(tx: Transaction, moment: datetime) -> list[Transfer]:
    """Transfers that took effect since a moment: as they were ordered, or confirmed where somebody had to."""
    effect = sa.func.coalesce(_F.confirmed_at, _F.recorded_at) >= sa.literal(moment, _F.recorded_at.type)
    return await _TRANSFERS.select_all(tx, sa.select(transfers_table).where(_IN_FORCE, effect))


async def filled_since(tx: Transaction, moment: datetime, cover_id: str) -> list[Vacancy]:
    """Vacant posts of which an officer had charge and that were filled since a moment."""
    statement = sa.select(vacancies_table).where(_V.cover_id == cover_id, _V.filled_at >= moment)
    return await _VACANCIES.select_all(tx, statement)


async def note_moved(tx: Transaction, transfer_id: str, *, cases: int, appeals: int, done_at: datetime | None) -> None:
    """Add to what has moved, and write down whether that is all."""
    values = {"moved_cases": _F.moved_cases + cases, "moved_appeals": _F.moved_appeals + appeals, "done_at": done_at}
    await tx.connection.execute(sa.update(transfers_table).where(_F.id == transfer_id).values(values))


async def fill(tx: Transaction, posting: Posting, *, by: str, at: datetime) -> list[str]:
    """Note that somebody was posted to a post that was vacant; gives the ids of its vacancies."""
    same = (
        _V[name].is_(None) if value is None else _V[name] == value
        for name, value in _POSTINGS.values(tx, posting).items()
    )
    statement = sa.update(vacancies_table).where(_V.filled_at.is_(None), *same)
    rows = await tx.connection.execute(statement.values(filled_by=by, filled_at=at).returning(_V.id))
    return sorted(row.id for row in rows.all())


async def open_vacancies(tx: Transaction) -> list[Vacancy]:
    """Every post that is vacant."""
    return await _VACANCIES.select_all(tx, sa.select(vacancies_table).where(_V.filled_at.is_(None)).order_by(_V.id))


async def covered_by(tx: Transaction, officer_id: str) -> list[Vacancy]:
    """The vacant posts whose work an officer has."""
    statement = sa.select(vacancies_table).where(_V.cover_id == officer_id, _V.filled_at.is_(None)).order_by(_V.id)
    return await _VACANCIES.select_all(tx, statement)


async def vacant_at(
    tx: Transaction, level: OfficerLevel, place: tuple[str | None, str | None, str | None, str | None]
) -> list[Vacancy]:
    """The vacant posts of a level that cover a place and service (None for no one service), the most specific first."""
    statement = sa.select(vacancies_table).where(_V.filled_at.is_(None), _V.level == level.value)
    for name, value in zip(_PLACE, place[:3], strict=True):
        statement = statement.where(
            _V[name].is_(None) if value is None else sa.or_(_V[name].is_(None), _V[name] == value)
        )
    rows = (await tx.connection.execute(statement)).all()
    found = [_VACANCIES.read(tx, row) for row in sorted(rows, key=_specific_first)]
    return [one for one in found if one.posting.covers(*place)]


def vacant(postings: Sequence[Posting], department: str | None, district: str | None) -> StoredList[Vacancy]:
    """Vacant posts that the postings cover, those that are vacant longest first."""
    place = equals_given({_V.department: department, _V.district: district})
    covered = any_posting_covers(vacancies_table, postings)
    statement = sa.select(vacancies_table).where(_V.filled_at.is_(None), covered, *place)
    return StoredList(_VACANCIES, statement, (_V.since, _V.id))


async def filled_vacancies(tx: Transaction, ids: Collection[str]) -> list[Vacancy]:
    """Of these vacancies those that were filled, by id."""
    found = await vacancies(tx, sorted(ids))
    return [found[key] for key in sorted(found) if found[key].filled_at is not None]


def _posting(given: Mapping[str, Any]) -> Posting:
    level = OfficerLevel(given["level"]) if given["level"] else None
    services = tuple(given.get("services") or ())
    places = {name: given[name] for name in _PLACE}
    return Posting(role=Role(given["role"]), level=level, services=services, **places)


def _postings(_: Transaction, row: AnyRow) -> dict[str, Any]:
    return {"left": tuple(map(_posting, row.left)), "taken": tuple(map(_posting, row.taken))}


def _postings_values(tx: Transaction, transfer: Transfer) -> dict[str, Any]:
    left, taken = ([_POSTINGS.values(tx, one) for one in listed] for listed in (transfer.left, transfer.taken))
    return {"left": left, "taken": taken}


def _specific_first(row: AnyRow) -> tuple[bool, bool, bool, bool, str]:
    return (not row.services, row.tehsil is None, row.district is None, row.department is None, row.id)


_POSTINGS = Records(Posting, vacancies_table, "the posting")
_VACANCIES = Records(
    Vacancy,
    vacancies_table,
    "the vacancy",
    apart=("posting",),
    read=lambda tx, row: {"posting": _POSTINGS.read(tx, row)},
    write=lambda tx, vacancy: _POSTINGS.values(tx, vacancy.posting),
)
of_transfer = _VACANCIES.list_reader_by(_V.transfer_id, _V.id)
"""The posts that a transfer left vacant."""
add_vacancy, vacancies = _VACANCIES.add, _VACANCIES.by_ids
_TRANSFERS = Records(
    Transfer, transfers_table, "the transfer", apart=("left", "taken"), read=_postings, write=_postings_values
)
add_transfer, transfer = _TRANSFERS.add, _TRANSFERS.get
