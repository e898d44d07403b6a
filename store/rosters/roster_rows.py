"""The rows of rosters: each person sealed, and found within the roster by a keyed hash of the reference."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Select, UniqueConstraint, delete, func, select
from sqlalchemy import update as sql_update

from domain.applications.lifecycle import Status
from domain.doorstep import HandOverProof
from domain.kernel import Problem
from domain.rosters.rosters import (
    OPEN_ROWS,
    Acknowledgement,
    ConsentWay,
    GuardianRelation,
    Recipient,
    RosterProgress,
    RosterRow,
    RowConsent,
    RowPerson,
    RowState,
    problem_of,
    problem_values,
)
from domain.rosters.rows import same_person
from store.applications.application_rows import applications_table
from store.database import AnyRow, Instant, Json, Key, Records, StoredList, Transaction, cell_name, count, rows_of
from store.database.metadata import table_of
from store.rosters.rosters import rosters_table

roster_rows_table = table_of(
    RosterRow,
    "roster_rows",
    Column("roster_id", Key, ForeignKey("rosters.id"), nullable=False),
    Column("reference_index", Key, nullable=False),
    Column("person_index", Key),
    Column("person", LargeBinary, nullable=False),
    Column("consent_way", Key),
    Column("consent_at", Instant),
    Column("consent_paper_sha256", Key),
    Column("problems", Json),
    Column("recipient", Key),
    Column("proof", Key),
    Column("handed_over_at", Instant),
    Column("handed_over_by", Key),
    Column("receipt_sha256", Key),
    Column("added_by", Key, ForeignKey("operators.operator_id"), nullable=False),
    UniqueConstraint("roster_id", "reference_index"),
    Index(None, "roster_id", "id"),
    Index(None, "person_index"),
    Index(None, "citizen_id"),
    Index(None, "application_id"),
    Index(None, "state", "added_at"),
    apart=("reference", "consent", "acknowledgement"),
)

_T, _A = roster_rows_table.c, applications_table.c
_READY = (Status.CERTIFICATE_ISSUED.value, Status.BENEFIT_SANCTIONED.value)


async def save(tx: Transaction, row: RosterRow) -> RosterRow:
    """Replace a row that is as it was read, with the next version. Raises VersionConflict, NotThere."""
    return await _ROWS.save(tx, row, row.version)


async def remove(tx: Transaction, row_id: str) -> None:
    """Take a row off."""
    await tx.connection.execute(delete(roster_rows_table).where(_T.id == row_id))


async def by_references(tx: Transaction, roster_id: str, references: Sequence[str]) -> dict[str, RosterRow]:
    """The rows of a roster with these references, by reference."""
    indexes = {
        index: reference
        for reference in references
        for index in tx.cipher.blind_indexes("roster_reference", f"{roster_id}|{reference}")
    }
    statement = select(roster_rows_table).where(_T.roster_id == roster_id)
    found = await rows_of(tx, statement, _T.reference_index, indexes)
    return {indexes[row.reference_index]: _ROWS.read(tx, row) for row in found}


async def of_person(tx: Transaction, person: RowPerson) -> list[RosterRow]:
    """Rows of the same person on any roster, the newest first."""
    indexes = tx.cipher.blind_indexes("roster_person", same_person(person))
    statement = select(roster_rows_table).where(_T.person_index.in_(indexes)).order_by(_T.id.desc())
    return await _ROWS.select_all(tx, statement)


async def size(tx: Transaction, roster_id: str) -> int:
    """How many rows a roster has."""
    return await count(tx, select(_T.id).where(_T.roster_id == roster_id))


async def next_ready(tx: Transaction, roster_id: str, limit: int) -> list[RosterRow]:
    """The next rows that wait to be filed, in the order in which they were added."""
    statement = select(roster_rows_table).where(_T.roster_id == roster_id, _T.state == RowState.READY.value)
    return await _ROWS.select_all(tx, statement.order_by(_T.id).limit(limit))


async def try_again(tx: Transaction, roster_id: str) -> None:
    """Let rows that were refused be filed once more."""
    refused = (_T.roster_id == roster_id, _T.state == RowState.REFUSED.value)
    again = sql_update(roster_rows_table).where(*refused)
    await tx.connection.execute(again.values(state=RowState.READY.value, version=_T.version + 1))


async def note_missing_consents(tx: Transaction, roster_id: str, problem: Problem) -> int:
    """Say at each row without a consent that it is not filed for that; returns how many there are."""
    wanted = (_T.roster_id == roster_id, _T.state == RowState.CONSENT_MISSING.value)
    statement = sql_update(roster_rows_table).where(*wanted).values(problems=[problem_values(problem)])
    return len((await tx.connection.execute(statement.returning(_T.id))).all())


async def progress(tx: Transaction, roster_ids: Sequence[str]) -> dict[str, RosterProgress]:
    """How far rosters have come, by their ids; two queries for all of them."""
    counted = select(_T.roster_id, _T.state, func.count().label("many"), func.count(_T.handed_over_at).label("over"))
    states: dict[str, dict[RowState, int]] = {roster_id: {} for roster_id in roster_ids}
    over: dict[str, int] = {}
    for row in await rows_of(tx, counted.group_by(_T.roster_id, _T.state), _T.roster_id, roster_ids):
        states[row.roster_id][RowState(row.state)] = int(row.many)
        over[row.roster_id] = over.get(row.roster_id, 0) + int(row.over)
    waiting = select(_T.roster_id, func.count().label("many")).join(applications_table, _A.id == _T.application_id)
    waiting = waiting.where(_A.status.in_(_READY), _T.handed_over_at.is_(None)).group_by(_T.roster_id)
    waits = {row.roster_id: int(row.many) for row in await rows_of(tx, waiting, _T.roster_id, roster_ids)}
    return {one: RosterProgress(states[one], waits.get(one, 0), over.get(one, 0)) for one in roster_ids}


def applications_of(number: str) -> Select[Any]:
    """A sub-query: the ids of the applications of the roster with a number."""
    joined = select(_T.application_id).join(rosters_table, rosters_table.c.id == _T.roster_id)
    return joined.where(rosters_table.c.number == number, _T.application_id.is_not(None))


async def forget_unfiled(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Delete rows that nobody filed since a moment, and give their ids: what is not needed is not kept."""
    states = [state.value for state in OPEN_ROWS]
    old = select(_T.id).where(_T.state.in_(states), _T.added_at < before, _T.citizen_id.is_(None)).limit(limit)
    gone = delete(roster_rows_table).where(_T.id.in_(old)).returning(_T.id)
    return [str(row.id) for row in (await tx.connection.execute(gone)).all()]


def rows_of_roster(
    roster_id: str, states: Collection[RowState] = (), *, awaiting: bool = False
) -> StoredList[RosterRow]:
    """The rows of a roster in the order in which they were added; `awaiting` those whose paper waits for its owner."""
    statement = select(roster_rows_table).where(_T.roster_id == roster_id)
    if states:
        statement = statement.where(_T.state.in_([state.value for state in states]))
    if awaiting:
        made = select(_A.id).where(_A.id == _T.application_id, _A.status.in_(_READY)).exists()
        statement = statement.where(_T.handed_over_at.is_(None), made)
    return StoredList(_ROWS, statement, (_T.id,))


def _contents(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    consent = receipt = None
    if row.consent_way is not None:
        consent = RowConsent(ConsentWay(row.consent_way), row.consent_at, row.consent_paper_sha256)
    if row.handed_over_at is not None:
        proof, recipient = HandOverProof(row.proof), Recipient(row.recipient)
        receipt = Acknowledgement(recipient, proof, row.handed_over_at, row.handed_over_by, row.receipt_sha256)
    held: dict[str, Any] = tx.cipher.decrypt_json(row.person, cell_name(_T.person, row.id))
    held |= {"born_on": date.fromisoformat(held["born_on"]), "relation": GuardianRelation(held["relation"])}
    person = RowPerson(**held)
    problems = tuple(problem_of(one) for one in row.problems or ())
    return {
        "reference": person.reference,
        "person": person,
        "consent": consent,
        "problems": problems,
        "acknowledgement": receipt,
    }


def _contents_values(tx: Transaction, row: RosterRow) -> dict[str, Any]:
    person, consent, receipt = row.person, row.consent, row.acknowledgement
    sealed = asdict(person) | {"born_on": person.born_on.isoformat()}
    return {
        "reference_index": tx.cipher.blind_index("roster_reference", f"{row.roster_id}|{person.reference}"),
        "person_index": tx.cipher.blind_index("roster_person", same_person(person)),
        "person": tx.cipher.encrypt_json(sealed, cell_name(_T.person, row.id)),
        "consent_way": consent.way.value if consent else None,
        "consent_at": consent.at if consent else None,
        "consent_paper_sha256": consent.paper_sha256 if consent else None,
        "problems": [problem_values(one) for one in row.problems] or None,
        "recipient": receipt.recipient.value if receipt else None,
        "proof": receipt.proof.value if receipt else None,
        "handed_over_at": receipt.at if receipt else None,
        "handed_over_by": receipt.operator_id if receipt else None,
        "receipt_sha256": receipt.paper_sha256 if receipt else None,
    }


_ROWS = Records(
    RosterRow,
    roster_rows_table,
    "the row of a roster",
    apart=("reference", "person", "consent", "problems", "acknowledgement"),
    read=_contents,
    write=_contents_values,
)
get, by_ids = _ROWS.get, _ROWS.by_ids
add = _ROWS.insert
"""Keep a new row; False where the roster has one with the same reference."""
of_rosters = _ROWS.groups_reader_by(_T.roster_id, _T.id)
"""The rows of each roster in the order in which they were added; a roster without any is left out."""
