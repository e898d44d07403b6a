"""Suggestions by citizens and officers, with the reply; both texts are encrypted."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Select, or_, select

from domain.feedback.feedback import Suggestion, SuggestionState
from domain.kernel import Posting
from store.database import Key, Records, StoredList, Transaction, any_posting_covers, count
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
get = _SUGGESTIONS.get
add, by_ids = _SUGGESTIONS.add, _SUGGESTIONS.by_ids
_SAVED = ("state", "reply", "replied_by", "replied_at", "version", "updated_at")


async def save(tx: Transaction, suggestion: Suggestion, expected_version: int) -> Suggestion:
    """Replace a suggestion whose version is still the expected one. Raises VersionConflict or NotThere."""
    return await _SUGGESTIONS.save(tx, suggestion, expected_version, only=_SAVED)


def of_author(author_id: str) -> StoredList[Suggestion]:
    """What one person suggested, the newest first."""
    return StoredList(_SUGGESTIONS, _select_of_author(author_id), _NEWEST, descending=True)


async def count_since(tx: Transaction, author_id: str, since: datetime) -> int:
    """How many one person made since a moment."""
    return await count(tx, _select_of_author(author_id).where(_T.created_at >= since))


def of_office(postings: Sequence[Posting], states: Collection[SuggestionState]) -> StoredList[Suggestion]:
    """Suggestions in those states that the postings cover, the newest first."""
    wanted = sorted(state.value for state in states)
    covered = any_posting_covers(suggestions_table, postings)
    statement = select(suggestions_table).where(covered, _T.state.in_(wanted))
    return StoredList(_SUGGESTIONS, statement, _NEWEST, descending=True)


def _select_of_author(author_id: str) -> Select[Any]:
    return select(suggestions_table).where(or_(_T.citizen_id == author_id, _T.officer_id == author_id))
