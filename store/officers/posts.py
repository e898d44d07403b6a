"""Transfers of officers, and the posts that they left vacant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.kernel import OfficerLevel, Posting, Role
from domain.officers.staff import Transfer, Vacancy
from store.database import AnyRow, Instant, Json, Key, Transaction, count, first_row, keyset_page, rows_of
from store.database.metadata import metadata

transfers_table = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), nullable=False),
    sa.Column("successor_id", Key),
    sa.Column("cover_id", Key),
    sa.Column("left", Json, nullable=False),
    sa.Column("taken", Json, nullable=False),
    sa.Column("recorded_by", Key),
    sa.Column("recorded_at", Instant, nullable=False),
    sa.Column("done_at", Instant),
    sa.Column("moved_cases", sa.Integer, nullable=False),
    sa.Column("moved_appeals", sa.Integer, nullable=False),
    sa.Index(None, "done_at"),
)

vacancies_table = sa.Table(
    "vacancies",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("transfer_id", Key, sa.ForeignKey("transfers.id", ondelete="CASCADE"), nullable=False),
    sa.Column("role", Key, nullable=False),
    sa.Column("level", Key),
    sa.Column("department", Key),
    sa.Column("district", Key),
    sa.Column("tehsil", Key),
    sa.Column("former_id", Key, nullable=False),
    sa.Column("cover_id", Key),
    sa.Column("since", Instant, nullable=False),
    sa.Column("filled_by", Key),
    sa.Column("filled_at", Instant),
    sa.Index(None, "filled_at", "department", "district"),
    sa.Index(None, "cover_id"),
)

_F, _V = transfers_table.c, vacancies_table.c
_PLACE = ("department", "district", "tehsil")
_OF_TRANSFER = tuple(one.name for one in transfers_table.columns if one.name not in ("left", "taken"))
_OF_VACANCY = tuple(one.name for one in vacancies_table.columns if one.name not in ("role", "level", *_PLACE))


async def add_transfer(tx: Transaction, transfer: Transfer) -> None:
    """Keep a transfer as it was ordered."""
    values = {name: getattr(transfer, name) for name in _OF_TRANSFER}
    lists = {
        "left": [_posting_values(one) for one in transfer.left],
        "taken": [_posting_values(one) for one in transfer.taken],
    }
    await tx.connection.execute(sa.insert(transfers_table).values({**values, **lists}))


async def transfer(tx: Transaction, transfer_id: str) -> Transfer | None:
    """The transfer with an id, or None."""
    row = await first_row(tx, sa.select(transfers_table).where(_F.id == transfer_id))
    return _transfer(row) if row else None


async def unfinished_transfers(tx: Transaction, limit: int) -> list[Transfer]:
    """Transfers of which something has yet to move, the oldest first."""
    statement = sa.select(transfers_table).where(_F.done_at.is_(None)).order_by(_F.id).limit(limit)
    return [_transfer(row) for row in (await tx.connection.execute(statement)).all()]


async def note_moved(tx: Transaction, transfer_id: str, *, cases: int, appeals: int, done_at: datetime | None) -> None:
    """Add to what has moved, and write down whether that is all."""
    values = {
        "moved_cases": _F.moved_cases + cases,
        "moved_appeals": _F.moved_appeals + appeals,
        "done_at": done_at,
    }
    await tx.connection.execute(sa.update(transfers_table).where(_F.id == transfer_id).values(values))


async def add_vacancy(tx: Transaction, vacancy: Vacancy) -> None:
    """Keep a post that fell vacant."""
    values = {name: getattr(vacancy, name) for name in _OF_VACANCY}
    await tx.connection.execute(sa.insert(vacancies_table).values({**values, **_posting_values(vacancy.posting)}))


async def vacancies(tx: Transaction, ids: Iterable[str]) -> dict[str, Vacancy]:
    """Vacancies by id; those that are not there are left out."""
    return {row.id: _vacancy(row) for row in await rows_of(tx, sa.select(vacancies_table), _V.id, ids)}


async def of_transfer(tx: Transaction, transfer_id: str) -> list[Vacancy]:
    """The posts that a transfer left vacant."""
    statement = sa.select(vacancies_table).where(_V.transfer_id == transfer_id).order_by(_V.id)
    return [_vacancy(row) for row in (await tx.connection.execute(statement)).all()]


async def fill(tx: Transaction, posting: Posting, *, by: str, at: datetime) -> list[str]:
    """Note that somebody was posted to a post that was vacant; gives the ids of its vacancies."""
    same = (
        _V[name].is_(None) if value is None else _V[name] == value for name, value in _posting_values(posting).items()
    )
    statement = sa.update(vacancies_table).where(_V.filled_at.is_(None), *same)
    rows = await tx.connection.execute(statement.values(filled_by=by, filled_at=at).returning(_V.id))
    return sorted(row.id for row in rows.all())


async def covered_by(tx: Transaction, officer_id: str) -> list[Vacancy]:
    """The vacant posts whose work an officer has."""
    statement = sa.select(vacancies_table).where(_V.cover_id == officer_id, _V.filled_at.is_(None)).order_by(_V.id)
    return [_vacancy(row) for row in (await tx.connection.execute(statement)).all()]


async def vacant_at(
    tx: Transaction, level: OfficerLevel, place: tuple[str | None, str | None, str | None]
) -> list[Vacancy]:
    """The vacant posts of a level that cover a place, the most specific first."""
    statement = sa.select(vacancies_table).where(_V.filled_at.is_(None), _V.level == level.value)
    for name, value in zip(_PLACE, place, strict=True):
        statement = statement.where(
            _V[name].is_(None) if value is None else sa.or_(_V[name].is_(None), _V[name] == value)
        )
    rows = (await tx.connection.execute(statement)).all()
    return [_vacancy(row) for row in sorted(rows, key=_specific_first)]


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    *,
    department: str | None,
    district: str | None,
    after: tuple[datetime, str] | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int,
) -> list[Vacancy]:
    """Vacant posts that the postings cover, by (since, id), those that are vacant longest first."""
    statement = _select_vacancies(postings, department, district)
    rows = await keyset_page(tx, statement, (_V.since, _V.id), after=after, before=before, limit=limit)
    return [_vacancy(row) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting], department: str | None, district: str | None) -> int:
    """How many vacant posts the same filter lets through."""
    return await count(tx, _select_vacancies(postings, department, district))


async def filled_vacancies(tx: Transaction, ids: Collection[str]) -> list[Vacancy]:
    """Of these vacancies those that were filled, by id."""
    found = await vacancies(tx, sorted(ids))
    return [found[key] for key in sorted(found) if found[key].filled_at is not None]


def _select_vacancies(postings: Sequence[Posting], department: str | None, district: str | None) -> sa.Select[Any]:
    statement = sa.select(vacancies_table).where(
        _V.filled_at.is_(None), sa.or_(sa.false(), *(_covers(posting) for posting in postings))
    )
    for column, value in ((_V.department, department), (_V.district, district)):
        statement = statement if value is None else statement.where(column == value)
    return statement


def _covers(posting: Posting) -> sa.ColumnElement[bool]:
    pairs = ((_V[name], getattr(posting, name)) for name in _PLACE)
    return sa.and_(sa.true(), *(column == value for column, value in pairs if value is not None))


def _posting_values(posting: Posting) -> dict[str, str | None]:
    return {
        "role": posting.role.value,
        "level": posting.level.value if posting.level else None,
        **{name: getattr(posting, name) for name in _PLACE},
    }


def _posting(given: Mapping[str, Any]) -> Posting:
    level = given["level"]
    return Posting(
        role=Role(given["role"]),
        level=OfficerLevel(level) if level else None,
        **{name: given[name] for name in _PLACE},
    )


def _transfer(row: AnyRow) -> Transfer:
    plain = {name: getattr(row, name) for name in _OF_TRANSFER}
    left, taken = (tuple(_posting(one) for one in listed) for listed in (row.left, row.taken))
    return Transfer(left=left, taken=taken, **plain)


def _vacancy(row: AnyRow) -> Vacancy:
    plain = {name: getattr(row, name) for name in _OF_VACANCY}
    posting = _posting({name: getattr(row, name) for name in ("role", "level", *_PLACE)})
    return Vacancy(posting=posting, **plain)


def _specific_first(row: AnyRow) -> tuple[bool, bool, bool, str]:
    return (row.tehsil is None, row.district is None, row.department is None, row.id)
