"""Doorstep agents, and visits of agents and officers; code and witness are encrypted, and the code is hashed too."""

from collections.abc import Collection
from datetime import date
from typing import Any, Unpack

import sqlalchemy as sa

from domain.doorstep import (
    OPEN,
    DoorstepAgent,
    Handover,
    HandOverProof,
    Slot,
    SlotWindow,
    Visit,
    VisitPurpose,
    VisitState,
)
from domain.platform.changes import ChangeKind
from store.database import AnyRow, Instant, Key, PageRequest, Records, Transaction, cell_name, change_feed, count
from store.database.metadata import table_of

agents_table = table_of(
    DoorstepAgent,
    "doorstep_agents",
    sa.Column("operator_id", Key, sa.ForeignKey("operators.operator_id"), primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Index(None, "district", "tehsil"),
)

visits_table = table_of(
    Visit,
    "doorstep_visits",
    sa.Column("sequence", sa.SmallInteger, nullable=False),
    sa.Column("slot_on", sa.Date, nullable=False),
    sa.Column("slot_window", Key, nullable=False),
    sa.Column("agent_id", Key, nullable=False),
    sa.Column("proof", Key),
    sa.Column("paper_sha256", Key),
    sa.Column("witness", sa.LargeBinary),
    sa.Column("otp", sa.LargeBinary),
    sa.Column("otp_tries", sa.SmallInteger, nullable=False),
    sa.UniqueConstraint("application_id", "purpose", "sequence"),
    sa.Index(None, "citizen_id"),
    sa.Index(None, "agent_id", "slot_on", "id"),
    sa.Index(None, "state", "slot_on"),
    apart=("slot", "handover"),
)

_A, _T = agents_table.c, visits_table.c


async def add_agent(tx: Transaction, agent: DoorstepAgent) -> None:
    """Put an operator on the register of agents. Raises AlreadyThere."""
    await _AGENTS.add(tx, agent, since=tx.clock.now())


async def agents_for(tx: Transaction, district: str, tehsil: str | None) -> list[DoorstepAgent]:
    """Agents who go to that place, those of the tehsil itself first."""
    here = _A.tehsil.is_(None) if tehsil is None else sa.or_(_A.tehsil.is_(None), _A.tehsil == tehsil)
    statement = sa.select(agents_table).where(_A.district == district, here)
    ordered = statement.order_by(_A.tehsil.asc().nulls_last(), _A.operator_id)
    return await _AGENTS.select_all(tx, ordered)


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
    await _VISITS.add(tx, visit)
    await change_feed.touch(tx, ChangeKind.APPLICATION, visit.application_id)


async def save(tx: Transaction, visit: Visit, expected_version: int) -> Visit:
    """Replace a visit whose version is still the expected one. Raises VersionConflict or NotThere."""
    changed = await _VISITS.save(tx, visit, expected_version)
    await change_feed.touch(tx, ChangeKind.APPLICATION, visit.application_id)
    return changed


async def missed_visits(tx: Transaction, today: date, limit: int) -> list[Visit]:
    """Open visits of agents whose day was before today, the oldest first; their rows are locked."""
    of_agents = _T.purpose != VisitPurpose.INSPECTION.value
    missed = sa.select(visits_table).where(_has_state(OPEN), _T.slot_on < today, of_agents)
    statement = missed.order_by(_T.slot_on, _T.id)
    return await _VISITS.select_all(tx, statement.limit(limit).with_for_update())


async def deliveries_on(tx: Transaction, day: date) -> list[Visit]:
    """The deliveries that are due on a day and have not begun."""
    due = (_T.state == VisitState.SCHEDULED.value, _T.slot_on == day, _T.purpose == VisitPurpose.DELIVERY.value)
    return await _VISITS.select_all(tx, sa.select(visits_table).where(*due).order_by(_T.id))


async def page_of_agent(
    tx: Transaction, agent_id: str, states: Collection[VisitState], **part: Unpack[PageRequest[tuple[date, str]]]
) -> list[Visit]:
    """An agent's visits in those states, by (day of the slot, id), the earliest day first."""
    return await _VISITS.window(tx, _of_agent(agent_id, states), (_T.slot_on, _T.id), **part)


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


def _slot_and_handover(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    handover = None
    if row.proof is not None:
        witness = tx.cipher.decrypt_text(row.witness, cell_name(_T.witness, row.id))
        handover = Handover(HandOverProof(row.proof), row.paper_sha256, witness)
    return {"slot": Slot(row.slot_on, SlotWindow(row.slot_window)), "handover": handover}


def _slot_and_handover_values(tx: Transaction, visit: Visit) -> dict[str, Any]:
    handover = visit.handover
    return {
        "slot_on": visit.slot.on,
        "slot_window": visit.slot.window.value,
        "proof": handover.proof.value if handover else None,
        "paper_sha256": handover.paper_sha256 if handover else None,
        "witness": tx.cipher.encrypt_text(handover.witness, cell_name(_T.witness, visit.id)) if handover else None,
    }


_AGENTS = Records(DoorstepAgent, agents_table, "the agent")
agent = _AGENTS.get
"""The agent whom an operator is, or None."""

_VISITS = Records(
    Visit,
    visits_table,
    "the visit",
    apart=("slot", "handover"),
    read=_slot_and_handover,
    write=_slot_and_handover_values,
    fixed=("application_id", "citizen_id", "purpose", "sequence", "created_at"),
)
of_applications = _VISITS.groups_reader_by(_T.application_id, _T.created_at, _T.sequence, _T.id)
"""Visits by application, the first one first."""
get, by_ids = _VISITS.get, _VISITS.by_ids
