"""Operators' requests to act for citizens, by session; the consent itself is in store/consents/consents.py."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Select, case, func, select, update

from domain.identity.assisting import Applicant, Assistance, AssistanceState, AssistanceWay
from store.applications.application_rows import applications_table
from store.database import AnyRow, Key, Records, Transaction, cell_name, equals_given, rows_of
from store.database.metadata import table_of

assistances_table = table_of(
    Assistance,
    "assistances",
    Column("operator_id", Key, ForeignKey("operators.operator_id"), nullable=False),
    Column("applicant", LargeBinary, nullable=False),
    Index(None, "session_id", "state"),
    Index(None, "citizen_id", "asked_at"),
    Index(None, "operator_id", "asked_at"),
)

_T, _A = assistances_table.c, applications_table.c


async def save(tx: Transaction, assistance: Assistance) -> Assistance:
    """Replace what is kept of a request, and give it back."""
    statement = update(assistances_table).where(_T.id == assistance.id)
    await tx.connection.execute(statement.values(_ASSISTANCES.values(tx, assistance)))
    return assistance


async def active_assistance(tx: Transaction, session_id: str) -> Assistance | None:
    """What an operator's session may act on now, or None."""
    statement = select(assistances_table).where(_T.session_id == session_id, _T.state == AssistanceState.GIVEN.value)
    return await _ASSISTANCES.select_first(tx, statement.where(_T.until > tx.clock.now()).order_by(_T.given_at.desc()))


async def of_citizen(tx: Transaction, citizen_id: str, limit: int) -> list[Assistance]:
    """Who asked to act for a citizen, the latest first."""
    statement = select(assistances_table).where(_T.citizen_id == citizen_id)
    return await _ASSISTANCES.select_all(tx, statement.order_by(_T.asked_at.desc(), _T.id.desc()).limit(limit))


async def count_since(tx: Transaction, operator_id: str, moment: datetime, way: AssistanceWay | None = None) -> int:
    """How many requests an operator made since a moment, of one way where it is named."""
    given = equals_given({_T.way: way.value if way else None})
    statement = select(func.count()).where(_T.operator_id == operator_id, _T.asked_at >= moment, *given)
    return int((await tx.connection.execute(statement)).scalar_one())


async def paper_shares(tx: Transaction, moment: datetime, fewest: int) -> dict[str, int]:
    """By centre, the share in percent of what was given by signed paper since a moment; of `fewest` or more only."""
    papers = func.sum(case((_T.way == AssistanceWay.SIGNED_PAPER.value, 1), else_=0))
    statement = select(_T.centre_code, papers, func.count()).where(_T.given_at >= moment).group_by(_T.centre_code)
    rows = (await tx.connection.execute(statement.having(func.count() >= fewest))).all()
    return {centre: int(paper) * 100 // int(given) for centre, paper, given in rows}


def filed_by_paper() -> Select[Any]:
    """The signed papers by which applications were begun, with `application_id`."""
    same = (_T.citizen_id == _A.citizen_id) & (_T.operator_id == _A.operator_id)
    began = select(assistances_table, _A.id.label("application_id")).join(applications_table, same)
    return began.where(
        _T.way == AssistanceWay.SIGNED_PAPER.value, _T.given_at <= _A.created_at, _A.created_at <= _T.until
    )


async def papers_of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, Assistance]:
    """The signed paper by which each application was begun; the others are left out."""
    rows = await rows_of(tx, filed_by_paper(), _A.id, ids)
    return {row.application_id: _ASSISTANCES.read(tx, row) for row in rows}


async def end(tx: Transaction, *, citizen_id: str | None = None, session_id: str | None = None) -> list[Assistance]:
    """End what stands for a citizen, or in a session; gives what was ended."""
    if citizen_id is None and session_id is None:
        raise ValueError("whose?")
    whose = equals_given({_T.citizen_id: citizen_id, _T.session_id: session_id})
    statement = select(assistances_table).where(_T.state == AssistanceState.GIVEN.value, *whose)
    now = tx.clock.now()
    ended = []
    for row in (await tx.connection.execute(statement)).all():
        held = _ASSISTANCES.read(tx, row)
        ended.append(await save(tx, replace(held, state=AssistanceState.ENDED, ended_at=now)))
    return ended


def _applicant(tx: Transaction, row: AnyRow) -> dict[str, Any]:
    given = tx.cipher.decrypt_json(row.applicant, cell_name(_T.applicant, row.id))
    born_on = given.get("born_on")
    applicant = Applicant(given.get("name"), given.get("mobile"), date.fromisoformat(born_on) if born_on else None)
    return {"applicant": applicant}


def _applicant_values(tx: Transaction, assistance: Assistance) -> dict[str, Any]:
    known = {name: value for name, value in asdict(assistance.applicant).items() if value is not None}
    if "born_on" in known:
        known["born_on"] = known["born_on"].isoformat()
    return {"applicant": tx.cipher.encrypt_json(known, cell_name(_T.applicant, assistance.id))}


_ASSISTANCES = Records(
    Assistance, assistances_table, "the request", apart=("applicant",), read=_applicant, write=_applicant_values
)
add, get = _ASSISTANCES.insert, _ASSISTANCES.get
