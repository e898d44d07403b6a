"""The officers' desk: claims, decisions awaiting a second approval, and offline packs."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from domain.officers.desk import Chain, Claim, OpinionState, Pack, Proposal
from domain.platform.changes import ChangeKind
from store.applications.application_rows import applications_table
from store.database import (
    Instant,
    Json,
    Key,
    NotThere,
    Records,
    Transaction,
    change_feed,
    first_row,
    insert_into,
    rows_of,
)
from store.database.metadata import partial_index, table_of

claims_table = table_of(
    Claim,
    "claims",
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), primary_key=True),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Index(None, "officer_id"),
)

PROPOSAL_WAITS = "state = 'PROPOSED'"
"""That nobody answered a second opinion yet, in the words of the index that holds those."""

second_opinions_table = table_of(
    Proposal,
    "second_opinions",
    sa.Column("reason", sa.LargeBinary),
    sa.Column("answer_note", sa.LargeBinary),
    sa.Column("agreed_by", Json),
    sa.Column("against", Json),
    sa.Index(None, "application_id", "state"),
    partial_index("ix_second_opinions_waiting", "application_id", "version", "proposed_by", where=PROPOSAL_WAITS),
)

queue_packs_table = table_of(
    Pack, "queue_packs", sa.Column("device_key", sa.Text), sa.Column("chain", Key), sa.Column("chained_at", Instant)
)

_C, _O = claims_table.c, second_opinions_table.c


_CLAIMS = Records(Claim, claims_table, "the claim")
_PROPOSALS = Records(Proposal, second_opinions_table, "the proposal")
_PACKS = Records(Pack, queue_packs_table, "the pack")
add_pack = _PACKS.add
"""Note a pack that is given out."""
pack = _PACKS.get
"""A pack that was given out, or None."""


async def lock_application(tx: Transaction, application_id: str) -> None:
    """Let nobody else change, claim or decide the application until this transaction ends.

    SQLite has one writer at a time anyway; PostgreSQL locks the row.
    """
    if tx.dialect == "postgresql":
        row = sa.select(applications_table.c.id).where(applications_table.c.id == application_id)
        await tx.connection.execute(row.with_for_update())


async def take_claim(tx: Transaction, claim: Claim, citizen_id: str, *, take_over: bool = False) -> Claim | None:
    """Claim a case, or renew one's own claim; None where it was done.

    Where a colleague's claim still holds it is given back and nothing changes, unless it is taken over.
    """
    values = _CLAIMS.values(tx, claim) | {"citizen_id": citizen_id}
    free = sa.or_(_C.officer_id == claim.officer_id, _C.expires_at <= claim.claimed_at)
    statement = insert_into(tx, claims_table).values(values)
    changed = statement.on_conflict_do_update(
        index_elements=["application_id"],
        set_={name: values[name] for name in ("officer_id", "claimed_at", "expires_at")},
        where=None if take_over else free,
    )
    if (await tx.connection.execute(changed.returning(_C.application_id))).first() is not None:
        await change_feed.touch(tx, ChangeKind.QUEUE, claim.application_id)
        return None
    return (await claims(tx, [claim.application_id], claim.claimed_at)).get(claim.application_id)


async def claims(tx: Transaction, application_ids: Iterable[str], at: datetime) -> dict[str, Claim]:
    """The claims that hold at an instant, by application id."""
    statement = sa.select(claims_table).where(_C.expires_at > at)
    return await _CLAIMS.by_keys(tx, _C.application_id, application_ids, statement)


async def release(tx: Transaction, application_id: str) -> None:
    """End whatever claim there is on an application."""
    gone = sa.delete(claims_table).where(_C.application_id == application_id)
    if (await tx.connection.execute(gone.returning(_C.application_id))).first() is not None:
        await change_feed.touch(tx, ChangeKind.QUEUE, application_id)


async def add_proposal(tx: Transaction, proposal: Proposal) -> None:
    """Keep a verdict that waits for a second officer; what still waited before is marked as overtaken."""
    waiting = (_O.application_id == proposal.application_id, _O.state == OpinionState.PROPOSED.value)
    overtaken = {"state": OpinionState.OVERTAKEN.value, "answered_at": proposal.proposed_at}
    await tx.connection.execute(sa.update(second_opinions_table).where(*waiting).values(overtaken))
    await _PROPOSALS.add(tx, proposal)
    await change_feed.touch(tx, ChangeKind.QUEUE, proposal.application_id)


async def answer_proposal(
    tx: Transaction, proposal: Proposal, state: OpinionState, *, by: str, note: str | None = None
) -> Proposal:
    """Close a proposal that waits; raises NotThere where it does not wait any more."""
    answered = replace(proposal, state=state, answered_by=by, answered_at=tx.clock.now(), answer_note=note)
    waiting = (_O.id == proposal.id, _O.state == OpinionState.PROPOSED.value)
    values = {
        "state": state.value,
        "answered_by": by,
        "answered_at": answered.answered_at,
        "answer_note": tx.cipher.encrypt_text(note, f"second_opinions:answer_note:{proposal.id}"),
    }
    statement = sa.update(second_opinions_table).where(*waiting).values(values).returning(_O.id)
    if (await tx.connection.execute(statement)).first() is None:
        raise NotThere("the proposal")
    await change_feed.touch(tx, ChangeKind.QUEUE, proposal.application_id)
    return answered


async def keep_vote(tx: Transaction, proposal: Proposal) -> None:
    """Keep who agreed with a proposal that waits on, and who did not, with the notes."""
    names = ("agreed_by", "against", "answer_note")
    values = {name: value for name, value in _PROPOSALS.values(tx, proposal).items() if name in names}
    await tx.connection.execute(sa.update(second_opinions_table).where(_O.id == proposal.id).values(values))
    await change_feed.touch(tx, ChangeKind.QUEUE, proposal.application_id)


async def proposals(tx: Transaction, application_ids: Iterable[str]) -> dict[str, Proposal]:
    """The proposal of each application that waits, else the latest one; applications without one are left out."""
    return await _PROPOSALS.by_keys(tx, _O.application_id, application_ids, _waiting_last())


@cache
def _waiting_last() -> sa.Select[Any]:
    waits = sa.case((_O.state == OpinionState.PROPOSED.value, 1), else_=0)
    return sa.select(second_opinions_table).order_by(_O.application_id, waits, _O.proposed_at, _O.id)


async def weighed_by(tx: Transaction, application_ids: Iterable[str]) -> dict[str, set[str]]:
    """The officers who proposed a decision on each application, answered a proposal or voted on one."""
    found: dict[str, set[str]] = {}
    statement = sa.select(_O.application_id, _O.proposed_by, _O.answered_by, _O.agreed_by, _O.against)
    for row in await rows_of(tx, statement, _O.application_id, application_ids):
        named = (row.proposed_by, row.answered_by, *(row.agreed_by or ()), *(row.against or ()))
        found.setdefault(row.application_id, set()).update(one for one in named if one is not None)
    return found


async def chain_of(tx: Transaction, pack_id: str) -> Chain:
    """How far the signed decisions of a pack have come in; its row is locked."""
    table = queue_packs_table
    statement = sa.select(table.c.chain, table.c.chained_at).where(table.c.id == pack_id).with_for_update()
    row = await first_row(tx, statement)
    return Chain(None, None) if row is None else Chain(row.chain, row.chained_at)


async def keep_chain(tx: Transaction, pack_id: str, chain: Chain) -> None:
    """Note how far the signed decisions of a pack have come in."""
    statement = sa.update(queue_packs_table).where(queue_packs_table.c.id == pack_id)
    await tx.connection.execute(statement.values(chain=chain.digest, chained_at=chain.at))
