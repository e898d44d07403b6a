"""Suggestions by citizens and officers, with the reply; both texts are encrypted."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Select, Table, or_, select, update

from domain.feedback.feedback import Suggestion, SuggestionState
from domain.kernel import Posting
from store.database import (
    AlreadyThere,
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
    rows_of,
)
from store.database.metadata import metadata
from store.feedback.feedback import any_posting_covers

suggestions_table = Table(
    "suggestions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id")),
    Column("officer_id", Key, ForeignKey("officers.officer_id")),
    Column("service_code", Key, nullable=False),
    Column("department", Key),
    Column("district", Key),
    Column("tehsil", Key),
    Column("text", LargeBinary, nullable=False),
    Column("state", Key, nullable=False),
    Column("reply", LargeBinary),
    Column("replied_by", Key),
    Column("replied_at", Instant),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(None, "citizen_id", "created_at", "id"),
    Index(None, "officer_id", "created_at", "id"),
    Index(None, "department", "state", "created_at", "id"),
)

_T = suggestions_table.c
_AS_IS = (
    "id",
    "citizen_id",
    "officer_id",
    "service_code",
    "department",
    "district",
    "replied_by",
    "replied_at",
    "version",
    "created_at",
    "updated_at",
)


async def add(tx: Transaction, suggestion: Suggestion) -> None:
    """Keep a new suggestion. Raises AlreadyThere."""
    if not await insert_new(tx, suggestions_table, _values(tx, suggestion)):
        raise AlreadyThere("the suggestion")


async def save(tx: Transaction, suggestion: Suggestion, expected_version: int) -> Suggestion:
    """Replace a suggestion whose version is still the expected one. Raises VersionConflict or NotThere."""
    changed = replace(suggestion, version=expected_version + 1, updated_at=tx.clock.now())
    names = ("state", "reply", "replied_by", "replied_at", "version", "updated_at")
    values = {name: value for name, value in _values(tx, changed).items() if name in names}
    statement = update(suggestions_table).where(_T.id == suggestion.id, _T.version == expected_version)
    if (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is None:
        present = await first_row(tx, select(_T.version, _T.state).where(_T.id == suggestion.id))
        if present is None:
            raise NotThere("the suggestion")
        raise VersionConflict(present.version, present.state)
    return changed


async def get(tx: Transaction, suggestion_id: str) -> Suggestion | None:
    """The suggestion with an id, or None."""
    return (await by_ids(tx, [suggestion_id])).get(suggestion_id)


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Suggestion]:
    """Suggestions by id."""
    rows = await rows_of(tx, select(suggestions_table), _T.id, ids)
    return {row.id: _suggestion(tx, row) for row in rows}


async def page_of_author(
    tx: Transaction, author_id: str, *, place: tuple[datetime, str] | None, backward: bool = False, limit: int
) -> list[Suggestion]:
    """What one person suggested, the newest first, by (created_at, id): after a place, or before it."""
    return await _page(tx, _select_of_author(author_id), place, backward=backward, limit=limit)


async def count_of_author(tx: Transaction, author_id: str, since: datetime | None = None) -> int:
    """How many one person made, in all or since a moment."""
    statement = _select_of_author(author_id)
    return await count(tx, statement if since is None else statement.where(_T.created_at >= since))


async def page(
    tx: Transaction,
    postings: Sequence[Posting],
    states: Collection[SuggestionState],
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[Suggestion]:
    """Suggestions in those states that the postings cover, the newest first, by (created_at, id)."""
    return await _page(tx, _select_suggestions(postings, states), place, backward=backward, limit=limit)


async def count_of(tx: Transaction, postings: Sequence[Posting], states: Collection[SuggestionState]) -> int:
    """How many in those states the postings cover."""
    return await count(tx, _select_suggestions(postings, states))


async def _page(
    tx: Transaction, statement: Select[Any], place: tuple[datetime, str] | None, *, backward: bool, limit: int
) -> list[Suggestion]:
    columns = (_T.created_at, _T.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_suggestion(tx, row) for row in rows]


def _select_of_author(author_id: str) -> Select[Any]:
    return select(suggestions_table).where(or_(_T.citizen_id == author_id, _T.officer_id == author_id))


def _select_suggestions(postings: Sequence[Posting], states: Collection[SuggestionState]) -> Select[Any]:
    wanted = sorted(state.value for state in states)
    return select(suggestions_table).where(any_posting_covers(suggestions_table, postings), _T.state.in_(wanted))


def _values(tx: Transaction, suggestion: Suggestion) -> dict[str, Any]:
    reply = suggestion.reply
    return {
        **{name: getattr(suggestion, name) for name in _AS_IS},
        "tehsil": None,
        "state": suggestion.state.value,
        "text": tx.cipher.encrypt(suggestion.text.encode(), _cell_name("text", suggestion.id)),
        "reply": None if reply is None else tx.cipher.encrypt(reply.encode(), _cell_name("reply", suggestion.id)),
    }


def _suggestion(tx: Transaction, row: AnyRow) -> Suggestion:
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    return Suggestion(
        **as_is,
        state=SuggestionState(row.state),
        text=tx.cipher.decrypt(row.text, _cell_name("text", row.id)).decode(),
        reply=None if row.reply is None else tx.cipher.decrypt(row.reply, _cell_name("reply", row.id)).decode(),
    )


def _cell_name(column: str, suggestion_id: str) -> str:
    return f"suggestions:{column}:{suggestion_id}"
