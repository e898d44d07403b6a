"""Operators' requests to act for citizens, by session; the consent itself is in store/consents/consents.py."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, func, select, update

from domain.identity.assisting import Applicant, Assistance, AssistanceState, AssistanceWay
from domain.kernel import Assurance
from store.database import AnyRow, Instant, Key, Transaction, first_row, insert_new
from store.database.metadata import metadata

assistances_table = Table(
    "assistances",
    metadata,
    Column("id", Key, primary_key=True),
    Column("operator_id", Key, ForeignKey("operators.operator_id"), nullable=False),
    Column("session_id", Key, nullable=False),
    Column("centre_code", Key, nullable=False),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id")),
    Column("way", Key, nullable=False),
    Column("strength", Key, nullable=False),
    Column("service_code", Key),
    Column("minutes", Integer, nullable=False),
    Column("applicant", LargeBinary, nullable=False),
    Column("relative_id", Key),
    Column("paper_sha256", Key),
    Column("state", Key, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("given_at", Instant),
    Column("until", Instant),
    Column("ended_at", Instant),
    Index(None, "session_id", "state"),
    Index(None, "citizen_id", "asked_at"),
    Index(None, "operator_id", "asked_at"),
)

_T = assistances_table.c


async def add(tx: Transaction, assistance: Assistance) -> None:
    """Keep a request."""
    await insert_new(tx, assistances_table, _values(tx, assistance))


async def save(tx: Transaction, assistance: Assistance) -> Assistance:
    """Replace what is kept of a request, and give it back."""
    statement = update(assistances_table).where(_T.id == assistance.id)
    await tx.connection.execute(statement.values(_values(tx, assistance)))
    return assistance


async def get(tx: Transaction, assistance_id: str) -> Assistance | None:
    """The request with an id, or None."""
    row = await first_row(tx, select(assistances_table).where(_T.id == assistance_id))
    return _assistance(tx, row) if row else None


async def active_assistance(tx: Transaction, session_id: str) -> Assistance | None:
    """What an operator's session may act on now, or None."""
    statement = select(assistances_table).where(_T.session_id == session_id, _T.state == AssistanceState.GIVEN.value)
    row = await first_row(tx, statement.where(_T.until > tx.clock.now()).order_by(_T.given_at.desc()))
    return _assistance(tx, row) if row else None


async def of_citizen(tx: Transaction, citizen_id: str, limit: int) -> list[Assistance]:
    """Who asked to act for a citizen, the latest first."""
    statement = select(assistances_table).where(_T.citizen_id == citizen_id)
    rows = (await tx.connection.execute(statement.order_by(_T.asked_at.desc(), _T.id.desc()).limit(limit))).all()
    return [_assistance(tx, row) for row in rows]


async def count_since(tx: Transaction, operator_id: str, moment: datetime) -> int:
    """How many requests an operator made since a moment."""
    statement = select(func.count()).where(_T.operator_id == operator_id, _T.asked_at >= moment)
    return int((await tx.connection.execute(statement)).scalar_one())


async def end(tx: Transaction, *, citizen_id: str | None = None, session_id: str | None = None) -> list[Assistance]:
    """End what stands for a citizen, or in a session; gives what was ended."""
    if citizen_id is None and session_id is None:
        raise ValueError("whose?")
    statement = select(assistances_table).where(_T.state == AssistanceState.GIVEN.value)
    for column, value in ((_T.citizen_id, citizen_id), (_T.session_id, session_id)):
        statement = statement if value is None else statement.where(column == value)
    now = tx.clock.now()
    ended = []
    for row in (await tx.connection.execute(statement)).all():
        held = _assistance(tx, row)
        ended.append(await save(tx, replace(held, state=AssistanceState.ENDED, ended_at=now)))
    return ended


def _values(tx: Transaction, assistance: Assistance) -> dict[str, Any]:
    names = (
        "id", "operator_id", "session_id", "centre_code", "citizen_id", "service_code", "minutes", "relative_id",
        "paper_sha256", "asked_at", "given_at", "until", "ended_at",
    )  # fmt: skip
    born_on = assistance.applicant.born_on
    given = {
        "name": assistance.applicant.name,
        "mobile": assistance.applicant.mobile,
        "born_on": born_on.isoformat() if born_on else None,
    }
    return {
        **{name: getattr(assistance, name) for name in names},
        "way": assistance.way.value,
        "strength": assistance.strength.value,
        "state": assistance.state.value,
        "applicant": tx.cipher.encrypt_json(
            {name: value for name, value in given.items() if value is not None}, _cell_name(assistance.id)
        ),
    }


def _assistance(tx: Transaction, row: AnyRow) -> Assistance:
    given = tx.cipher.decrypt_json(row.applicant, _cell_name(row.id))
    born_on = given.get("born_on")
    return Assistance(
        id=row.id,
        operator_id=row.operator_id,
        session_id=row.session_id,
        centre_code=row.centre_code,
        citizen_id=row.citizen_id,
        way=AssistanceWay(row.way),
        strength=Assurance(row.strength),
        service_code=row.service_code,
        minutes=row.minutes,
        applicant=Applicant(given.get("name"), given.get("mobile"), date.fromisoformat(born_on) if born_on else None),
        relative_id=row.relative_id,
        paper_sha256=row.paper_sha256,
        state=AssistanceState(row.state),
        asked_at=row.asked_at,
        given_at=row.given_at,
        until=row.until,
        ended_at=row.ended_at,
    )


def _cell_name(assistance_id: str) -> str:
    return f"assistances:applicant:{assistance_id}"
