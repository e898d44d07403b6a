"""Doorstep agents and visits; code and witness are encrypted, and the code is hashed too."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.doorstep import (
    OPEN,
    DoorstepAgent,
    Handover,
    HandOverProof,
    Slot,
    SlotWindow,
    Visit,
    VisitFailure,
    VisitPurpose,
    VisitState,
)
from domain.platform.changes import ChangeKind
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Key,
    NotThere,
    Transaction,
    VersionConflict,
    change_feed,
    count,
    first_row,
    group_rows,
    insert_new,
    keyset_window,
    rows_of,
)
from store.database.metadata import metadata

agents_table = sa.Table(
    "doorstep_agents",
    metadata,
    sa.Column("operator_id", Key, sa.ForeignKey("operators.operator_id"), primary_key=True),
    sa.Column("district", Key, nullable=False),
    sa.Column("tehsil", Key),
    sa.Column("since", Instant, nullable=False),
    sa.Index(None, "district", "tehsil"),
)

visits_table = sa.Table(
    "doorstep_visits",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), nullable=False),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), nullable=False),
    sa.Column("purpose", Key, nullable=False),
    sa.Column("sequence", sa.SmallInteger, nullable=False),
    sa.Column("state", Key, nullable=False),
    sa.Column("slot_on", sa.Date, nullable=False),
    sa.Column("slot_window", Key, nullable=False),
    sa.Column("agent_id", Key, sa.ForeignKey("doorstep_agents.operator_id"), nullable=False),
    sa.Column("department", Key),
    sa.Column("district", Key, nullable=False),
    sa.Column("tehsil", Key),
    sa.Column("fee_paise", sa.BigInteger),
    sa.Column("fee_receipt", Key),
    sa.Column("failure", Key),
    sa.Column("proof", Key),
    sa.Column("paper_sha256", Key),
    sa.Column("witness", sa.LargeBinary),
    sa.Column("otp", sa.LargeBinary),
    sa.Column("otp_hash", Key),
    sa.Column("otp_tries", sa.SmallInteger, nullable=False),
    sa.Column("otp_expires_at", Instant),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.UniqueConstraint("application_id", "purpose", "sequence"),
    sa.Index(None, "citizen_id"),
    sa.Index(None, "agent_id", "slot_on", "id"),
    sa.Index(None, "state", "slot_on"),
)

_A, _T = agents_table.c, visits_table.c
_AS_IS = (
    "id",
    "application_id",
    "citizen_id",
    "sequence",
    "agent_id",
    "department",
    "district",
    "tehsil",
    "fee_paise",
    "fee_receipt",
    "otp_hash",
    "otp_tries",
    "otp_expires_at",
    "version",
    "created_at",
    "updated_at",
    "closed_at",
)


async def add_agent(tx: Transaction, agent: DoorstepAgent) -> None:
    """Put an operator on the register of agents. Raises AlreadyThere."""
    values = {
        "operator_id": agent.operator_id,
        "district": agent.district,
        "tehsil": agent.tehsil,
        "since": tx.clock.now(),
    }
    if not await insert_new(tx, agents_table, values):
        raise AlreadyThere("the agent")


async def agent(tx: Transaction, operator_id: str) -> DoorstepAgent | None:
    """The agent whom an operator is, or None."""
    row = await first_row(tx, sa.select(agents_table).where(_A.operator_id == operator_id))
    return _agent(row) if row else None


async def agents_for(tx: Transaction, district: str, tehsil: str | None) -> list[DoorstepAgent]:
    """Agents who go to that place, those of the tehsil itself first."""
    here = _A.tehsil.is_(None) if tehsil is None else sa.or_(_A.tehsil.is_(None), _A.tehsil == tehsil)
    statement = sa.select(agents_table).where(_A.district == district, here)
    ordered = statement.order_by(_A.tehsil.asc().nulls_last(), _A.operator_id)
    return [_agent(row) for row in (await tx.connection.execute(ordered)).all()]


async def taken_slots(tx: Transaction, agent_ids: Collection[str], since: date) -> dict[tuple[str, Slot], int]:
    """How many open visits the agents have in each slot from a day on."""
    statement = (
        sa.select(_T.agent_id, _T.slot_on, _T.slot_window, sa.func.count().label("many"))
        .where(_T.agent_id.in_(sorted(agent_ids)), _T.slot_on >= since, _has_state(OPEN))
        .group_by(_T.agent_id, _T.slot_on, _T.slot_window)
    )
    rows = (await tx.connection.execute(statement)).all()
    return {(row.agent_id, Slot(row.slot_on, SlotWindow(row.slot_window))): int(row.many) for row in rows}


async def add(tx: Transaction, visit: Visit) -> None:
    """Keep a new visit. Raises AlreadyThere where a visit of the same sequence was first."""
    if not await insert_new(tx, visits_table, _values(tx, visit)):
        raise AlreadyThere("the visit")
    await change_feed.touch(tx, ChangeKind.APPLICATION, visit.application_id)


async def save(tx: Transaction, visit: Visit, expected_version: int) -> Visit:
    """Replace a visit whose version is still the expected one. Raises VersionConflict or NotThere."""
    changed = replace(visit, version=expected_version + 1, updated_at=tx.clock.now())
    fixed = {"id", "application_id", "citizen_id", "purpose", "sequence", "created_at"}
    values = {name: value for name, value in _values(tx, changed).items() if name not in fixed}
    statement = sa.update(visits_table).where(_T.id == visit.id, _T.version == expected_version)
    if (await tx.connection.execute(statement.values(values).returning(_T.id))).first() is None:
        present = await first_row(tx, sa.select(_T.version, _T.state).where(_T.id == visit.id))
        if present is None:
            raise NotThere("the visit")
        raise VersionConflict(present.version, present.state)
    await change_feed.touch(tx, ChangeKind.APPLICATION, visit.application_id)
    return changed


async def get(tx: Transaction, visit_id: str) -> Visit | None:
    """The visit with an id, or None."""
    return (await by_ids(tx, [visit_id])).get(visit_id)


async def by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Visit]:
    """Visits by id."""
    rows = await rows_of(tx, sa.select(visits_table), _T.id, ids)
    return {row.id: _visit(tx, row) for row in rows}


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Visit]]:
    """Visits by application, the first one first."""
    statement = sa.select(visits_table).order_by(_T.created_at, _T.sequence, _T.id)
    return await group_rows(tx, statement, _T.application_id, ids, lambda row: _visit(tx, row))


async def missed_visits(tx: Transaction, today: date, limit: int) -> list[Visit]:
    """Open visits whose day was before today, the oldest first; their rows are locked."""
    statement = sa.select(visits_table).where(_has_state(OPEN), _T.slot_on < today).order_by(_T.slot_on, _T.id)
    return [_visit(tx, row) for row in (await tx.connection.execute(statement.limit(limit).with_for_update())).all()]


async def page_of_agent(
    tx: Transaction,
    agent_id: str,
    states: Collection[VisitState],
    *,
    place: tuple[date, str] | None,
    backward: bool = False,
    limit: int,
) -> list[Visit]:
    """An agent's visits in those states, by (day of the slot, id), the earliest day first."""
    columns = (_T.slot_on, _T.id)
    statement = _of_agent(agent_id, states)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit)
    return [_visit(tx, row) for row in rows]


async def count_of_agent(tx: Transaction, agent_id: str, states: Collection[VisitState]) -> int:
    """How many visits in those states the agent has."""
    return await count(tx, _of_agent(agent_id, states))


def otp_hashes(tx: Transaction, visit_id: str, otp: str) -> tuple[str, ...]:
    """The keyed hashes of a code for one visit, by the active key first; only they are compared."""
    return tx.cipher.blind_indexes("doorstep_otp", f"{visit_id}:{otp}")


def _of_agent(agent_id: str, states: Collection[VisitState]) -> Any:
    return sa.select(visits_table).where(_T.agent_id == agent_id, _has_state(states))


def _has_state(states: Collection[VisitState]) -> Any:
    return _T.state.in_(sorted(state.value for state in states))


def _agent(row: AnyRow) -> DoorstepAgent:
    return DoorstepAgent(row.operator_id, row.district, row.tehsil)


def _values(tx: Transaction, visit: Visit) -> dict[str, Any]:
    handover = visit.handover
    witness = handover.witness if handover else None
    return {
        **{name: getattr(visit, name) for name in _AS_IS},
        "purpose": visit.purpose.value,
        "state": visit.state.value,
        "slot_on": visit.slot.on,
        "slot_window": visit.slot.window.value,
        "failure": visit.failure.value if visit.failure else None,
        "proof": handover.proof.value if handover else None,
        "paper_sha256": handover.paper_sha256 if handover else None,
        "witness": _encrypt_text(tx, witness, "witness", visit.id),
        "otp": _encrypt_text(tx, visit.otp, "otp", visit.id),
    }


def _visit(tx: Transaction, row: AnyRow) -> Visit:
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _AS_IS}
    return Visit(
        **as_is,
        purpose=VisitPurpose(row.purpose),
        state=VisitState(row.state),
        slot=Slot(row.slot_on, SlotWindow(row.slot_window)),
        failure=VisitFailure(row.failure) if row.failure else None,
        handover=_handover(tx, row),
        otp=_decrypt_text(tx, row.otp, "otp", row.id),
    )


def _handover(tx: Transaction, row: AnyRow) -> Handover | None:
    if row.proof is None:
        return None
    return Handover(HandOverProof(row.proof), row.paper_sha256, _decrypt_text(tx, row.witness, "witness", row.id))


def _encrypt_text(tx: Transaction, text: str | None, column: str, visit_id: str) -> bytes | None:
    return None if text is None else tx.cipher.encrypt(text.encode(), f"doorstep_visits:{column}:{visit_id}")


def _decrypt_text(tx: Transaction, sealed: bytes | None, column: str, visit_id: str) -> str | None:
    return None if sealed is None else tx.cipher.decrypt(sealed, f"doorstep_visits:{column}:{visit_id}").decode()
