"""Texts of messages that were proposed, confirmed or refused; those in force rarely change and are kept."""

from datetime import date

import sqlalchemy as sa

from domain.catalogue.definitions import DraftState
from domain.feedback.text_proposals import TextProposal
from store.database import Board, Records, Transaction, raise_version, read_kept
from store.database.metadata import table_of

text_proposals_table = table_of(
    TextProposal,
    "text_proposals",
    sa.Column("document", sa.Text),
    sa.Index(None, "state", "publish_on"),
    sa.Index(None, "proposed_at"),
)

_T = text_proposals_table.c
_PROPOSALS = Records(TextProposal, text_proposals_table, "the text")
add, get = _PROPOSALS.add, _PROPOSALS.get


async def answer(tx: Transaction, proposal: TextProposal) -> bool:
    """Keep the answer to a text that waits; False where it does not wait any more."""
    await raise_version(tx, Board.CATALOGUE)  # with which processes keep the texts in force
    waiting = (_T.id == proposal.id, _T.state == DraftState.WAITING.value)
    changed = sa.update(text_proposals_table).where(*waiting).values(_PROPOSALS.values(tx, proposal))
    return (await tx.connection.execute(changed.returning(_T.id))).first() is not None


async def in_force(tx: Transaction, day: date) -> dict[str, TextProposal]:
    """The proposals in force on a day by their events; of the others the state's package has the texts."""

    async def read() -> dict[str, TextProposal]:
        due = (_T.state == DraftState.CONFIRMED.value, _T.publish_on <= day)
        rows = sa.select(text_proposals_table).where(*due).order_by(_T.publish_on, _T.confirmed_at, _T.id)
        return {one.event: one for one in await _PROPOSALS.select_all(tx, rows)}

    return await read_kept(tx, (in_force, day), read)


async def latest(tx: Transaction, limit: int) -> list[TextProposal]:
    """The latest proposals."""
    rows = sa.select(text_proposals_table).order_by(_T.proposed_at.desc(), _T.id.desc()).limit(limit)
    return await _PROPOSALS.select_all(tx, rows)
