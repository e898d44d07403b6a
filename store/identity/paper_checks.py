"""The signed papers that were drawn for the districts to look at, and what they saw."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Select, select, update

from domain.identity.assisting import PaperCheck, PaperFinding
from store.applications.application_rows import applications_table
from store.database import AnyRow, Key, Records, Transaction, insert_new
from store.database.metadata import table_of
from store.identity.assistances import assistances_table, filed_by_paper

paper_checks_table = table_of(
    PaperCheck, "paper_checks", Column("id", Key, ForeignKey("assistances.id"), primary_key=True)
)

_T, _P, _A = paper_checks_table.c, assistances_table.c, applications_table.c
_CHECKS = Records(PaperCheck, paper_checks_table, "the drawn paper")
by_ids = _CHECKS.by_ids


async def filed_between(tx: Transaction, since: datetime, until: datetime) -> Sequence[AnyRow]:
    """`id` of each paper, and `department`, `district` and `submitted_at` of each application that was filed on it."""
    handed_in = filed_by_paper().where(_A.submitted_at >= since, _A.submitted_at < until)
    wanted: Select[Any] = handed_in.with_only_columns(_P.id, _A.department, _A.district, _A.submitted_at)
    rows: Sequence[AnyRow] = (await tx.connection.execute(wanted)).all()
    return rows


async def draw(tx: Transaction, assistance_id: str) -> bool:
    """Note that a paper is drawn; False where it was already."""
    return await insert_new(tx, paper_checks_table, _CHECKS.values(tx, PaperCheck(assistance_id, tx.clock.now())))


async def note_seen(tx: Transaction, assistance_id: str, officer_id: str) -> None:
    """Note that an officer opened a paper that was drawn and waits."""
    waits = update(paper_checks_table).where(_T.id == assistance_id, _T.finding.is_(None))
    await tx.connection.execute(waits.values(officer_id=officer_id, seen_at=tx.clock.now()))


async def answer(tx: Transaction, assistance_id: str, officer_id: str, finding: PaperFinding) -> bool:
    """Note what the officer who opened a paper last saw; False where it does not wait for her."""
    waits = update(paper_checks_table).where(_T.id == assistance_id, _T.officer_id == officer_id, _T.finding.is_(None))
    answered = waits.values(finding=finding.value, answered_at=tx.clock.now()).returning(_T.id)
    return (await tx.connection.execute(answered)).first() is not None


def waiting_applications() -> Select[Any]:
    """The ids of the applications whose papers were drawn and wait."""
    waiting = select(_T.id).where(_T.finding.is_(None))
    return filed_by_paper().where(_P.id.in_(waiting)).with_only_columns(_A.id)
