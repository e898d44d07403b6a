"""Withheld benefits by cause, in the jurisdictions of the responsible officers."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, func, select, text

from domain.benefits.benefits import Sanction, SanctionState
from domain.kernel import Posting
from store.benefits.benefits import SANCTIONS, sanctions_table
from store.database import StoredList, Transaction, wide_posting_covers
from store.database.metadata import partial_index

_S = sanctions_table.c
_HELD_BACK = "state NOT IN ('ACTIVE', 'ENDED')"

partial_index("ix_sanctions_held_back", _S.state, _S.sanctioned_at, _S.id, where=_HELD_BACK)


def held_sanctions(postings: Sequence[Posting], state: SanctionState) -> StoredList[Sanction]:
    """Benefits in a state that the postings cover, the longest granted first; none where none is held back."""
    return StoredList(SANCTIONS, _select_held_sanctions(postings, [state]), (_S.sanctioned_at, _S.id))


async def counts(
    tx: Transaction, postings: Sequence[Posting], states: Collection[SanctionState]
) -> dict[SanctionState, int]:
    """How many benefits are in each of the states; one without any is left out."""
    listed = _select_held_sanctions(postings, states).subquery()
    statement = select(listed.c.state, func.count()).group_by(listed.c.state)
    return {SanctionState(state): number for state, number in (await tx.connection.execute(statement)).all()}


def _select_held_sanctions(postings: Sequence[Posting], states: Collection[SanctionState]) -> Select[Any]:
    # The words of the index, for no database sees by itself that these states are among them.
    wanted = _S.state.in_([state.value for state in states])
    return select(sanctions_table).where(text(_HELD_BACK), wanted, wide_posting_covers(sanctions_table, postings))
