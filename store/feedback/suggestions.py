"""Suggestions by citizens and officers, with the reply; both texts are encrypted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Select, or_, select

from domain.feedback.feedback import Suggestion, SuggestionState
from domain.kernel import Posting
from store.database import Key, PageByTime, Records, Transaction, any_posting_covers, count
from store.database.metadata import table_of

suggestions_table = table_of(
    Suggestion,
    "suggestions",
    Column("officer_id", Key, ForeignKey("officers.officer_id")),
    Column("tehsil", Key),
    Column("text", LargeBinary, nullable=False),
    Column("reply", LargeBinary),
    Index(None, "citizen_id", "created_at", "id"),
    Index(None, "officer_id", "created_at", "id"),
    Index(None, "department", "state", "created_at", "id"),
)

_T = suggestions_table.c
_NEWEST = (_T.created_at, _T.id)
_SUGGESTIONS = Records(Suggestion, suggestions_table, "the suggestion")
add, by_ids = _SUGGESTIONS.add, _SUGGESTIONS.by_ids
_SAVED = ("state", "reply", "replied_by", "replied_at", "version", "updated_at")


async def save(tx: Transaction, suggestion: Suggestion, expected_version: int) -> Suggestion:
    """Replace a suggestion whose version is still the expected one. Raises VersionConflict or NotThere."""
    return await _SUGGESTIONS.save(tx, suggestion, expected_version, only=_SAVED)


async def get(tx: Transaction, suggestion_id: str) -> Suggestion | None:
    """The suggestion with an id, or None."""
    return (await by_ids(tx, [suggestion_id])).get(suggestion_id)


async def page_of_author(tx: Transaction, author_id: str, **part: Unpack[PageByTime]) -> list[Suggestion]:
    """What one person suggested, the newest first, by (created_at, id): after a place, or before it."""
    return await _SUGGESTIONS.window(tx, _select_of_author(author_id), _NEWEST, descending=True, **part)


async def count_of_author(tx: Transaction, author_id: str, since: datetime | None = None) -> int:
    """How many one person made, in all or since a moment."""
    statement = _select_of_author(author_id)
    return await count(tx, statement if since is None else statement.where(_T.created_at >= since))


async def page(
    tx: Transaction, postings: Sequence[Posting], states: Collection[SuggestionState], **part: Unpack[PageByTime]
) -> list[Suggestion]:
    """Suggestions in those states that the postings cover, the newest first, by (created_at, id)."""
    return await _SUGGESTIONS.window(tx, _select_suggestions(postings, states), _NEWEST, descending=True, **part)


async def count_of(tx: Transaction, postings: Sequence[Posting], states: Collection[SuggestionState]) -> int:
    """How many in those states the postings cover."""
    return await count(tx, _select_suggestions(postings, states))


def _select_of_author(author_id: str) -> Select[Any]:
    return select(suggestions_table).where(or_(_T.citizen_id == author_id, _T.officer_id == author_id))


def _select_suggestions(postings: Sequence[Posting], states: Collection[SuggestionState]) -> Select[Any]:
    wanted = sorted(state.value for state in states)
    return select(suggestions_table).where(any_posting_covers(suggestions_table, postings), _T.state.in_(wanted))
