"""Attempts at exercises of training; those that were reset stay."""

from collections.abc import Sequence

from sqlalchemy import Index, select, update

from domain.kernel import Posting
from domain.training import Attempt
from store.database import Records, StoredList, Transaction, any_posting_covers
from store.database.metadata import table_of

attempts_table = table_of(
    Attempt, "training_attempts", Index(None, "learner_id", "ended_at"), Index(None, "district", "started_at", "id")
)

_T = attempts_table.c
_ATTEMPTS = Records(Attempt, attempts_table, "the attempt")
get, add = _ATTEMPTS.get, _ATTEMPTS.add


async def save(tx: Transaction, attempt: Attempt) -> None:
    """Write over an attempt, whose learner is locked."""
    await tx.connection.execute(update(attempts_table).where(_T.id == attempt.id).values(_ATTEMPTS.values(tx, attempt)))


async def open_of(tx: Transaction, learner_id: str) -> dict[str, Attempt]:
    """The attempts of a person that were not reset, by exercise."""
    open_ones = select(attempts_table).where(_T.learner_id == learner_id, _T.ended_at.is_(None)).order_by(_T.started_at)
    return {one.exercise: one for one in await _ATTEMPTS.select_all(tx, open_ones)}


def attempts_within(postings: Sequence[Posting]) -> StoredList[Attempt]:
    """The attempts within these postings that were not reset, the latest first."""
    covered = any_posting_covers(attempts_table, postings)
    statement = select(attempts_table).where(covered, _T.ended_at.is_(None))
    return StoredList(_ATTEMPTS, statement, (_T.started_at, _T.id), descending=True)
