"""Claims of citizens to records that others entered for them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, and_, func, or_, select, update

from domain.identity.record_claims import ClaimState, ClaimWay, RecordClaim
from domain.kernel import Posting
from store.database import Key, Records, Transaction, any_posting_covers
from store.database.metadata import table_of

record_claims_table = table_of(
    RecordClaim,
    "record_claims",
    Column("record_id", Key, ForeignKey("citizens.citizen_id")),
    Column("application_id", Key),
    Column("reason", LargeBinary),
    Index(None, "citizen_id", "asked_at"),
    Index(None, "way", "state", "asked_at"),
    Index(None, "record_id"),
)

_T = record_claims_table.c
_CLAIMS = Records(RecordClaim, record_claims_table, "the claim")
add, get = _CLAIMS.insert, _CLAIMS.get


async def save(tx: Transaction, claim: RecordClaim) -> RecordClaim:
    """Replace what is kept of a claim, and give it back."""
    await tx.connection.execute(update(record_claims_table).where(_T.id == claim.id).values(_CLAIMS.values(tx, claim)))
    return claim


async def of_citizen(tx: Transaction, citizen_id: str, limit: int) -> list[RecordClaim]:
    """A citizen's claims, and those to the citizen's record that an officer agreed to, the latest first."""
    agreed = and_(_T.record_id == citizen_id, _T.state.in_((ClaimState.AGREED.value, ClaimState.STOPPED.value)))
    statement = select(record_claims_table).where(or_(_T.citizen_id == citizen_id, agreed))
    return await _CLAIMS.select_all(tx, statement.order_by(_T.asked_at.desc(), _T.id.desc()).limit(limit))


async def waiting_claims(
    tx: Transaction, postings: Sequence[Posting], since: datetime, limit: int
) -> list[RecordClaim]:
    """Claims in the places of these postings that wait for an officer, made since a moment, or may be stopped still.

    The oldest first.
    """
    asked = and_(_T.state == ClaimState.ASKED.value, _T.asked_at > since)
    open_ones = (_T.way == ClaimWay.OFFICER.value, or_(asked, _T.state == ClaimState.AGREED.value))
    covered = any_posting_covers(record_claims_table, postings)
    statement = select(record_claims_table).where(*open_ones, _T.record_id.is_not(None), covered)
    return await _CLAIMS.select_all(tx, statement.order_by(_T.asked_at, _T.id).limit(limit))


async def agreed_before(tx: Transaction, moment: datetime, limit: int) -> list[str]:
    """The ids of claims to which an officer agreed at or before a moment, the oldest first."""
    due = (_T.state == ClaimState.AGREED.value, _T.decided_at <= moment)
    statement = select(_T.id).where(*due).order_by(_T.decided_at, _T.id).limit(limit)
    return list((await tx.connection.execute(statement)).scalars().all())


async def drop_open_of(tx: Transaction, record_id: str) -> None:
    """End what still waits about a record that is one no more, whoever claimed it or was claimed by it."""
    about = or_(_T.citizen_id == record_id, _T.record_id == record_id)
    waits = _T.state.in_((ClaimState.ASKED.value, ClaimState.AGREED.value))
    ending = update(record_claims_table).where(about, waits)
    await tx.connection.execute(ending.values(state=ClaimState.STOPPED.value))


async def count_since(tx: Transaction, citizen_id: str, moment: datetime) -> int:
    """How many claims a citizen made since a moment."""
    statement = select(func.count()).where(_T.citizen_id == citizen_id, _T.asked_at >= moment)
    return int((await tx.connection.execute(statement)).scalar_one())
