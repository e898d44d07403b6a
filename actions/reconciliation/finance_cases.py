"""Finance cases: opened once for each discrepancy; taken, commented and resolved by finance officers."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from actions.kernel import UnitOfWork
from domain.identity.policy import ObjectKind, Purpose
from domain.reconciliation.finance_cases import (
    CRITICAL,
    INSTALMENT,
    LONGEST_ABOUT,
    LONGEST_FACT,
    CaseEvent,
    CaseOutcome,
    CaseState,
    CaseStep,
    DifferenceKind,
    FinanceDifference,
)
from store.benefits import benefits
from store.database import crash_points
from store.reconciliation import finance_cases

_log = structlog.get_logger(__name__)


async def open_case(acting: UnitOfWork, difference: FinanceDifference, *, anew: bool = False) -> str:
    """Open the case of a difference, in the caller's transaction; gives the id of its one open case.

    However often the same difference is found, it has one open case. Found again with the facts that an officer
    accepted as they are, it has the settled one; `anew` looks at no acceptance. Raises ValueError for a reference or
    fact that is too long.
    """
    return await _add_case(acting, await _with_instalment_facts(acting, difference), anew=anew)


async def open_cases(acting: UnitOfWork, differences: Sequence[FinanceDifference]) -> list[str]:
    """As `open_case`, for several differences in one transaction, in their order."""
    known = [await _with_instalment_facts(acting, difference) for difference in differences]
    return [await _add_case(acting, difference, anew=False) for difference in known]


async def resolve_automatically(
    acting: UnitOfWork, kind: DifferenceKind, about: str, outcome: CaseOutcome, note: str
) -> bool:
    """Settle the open case of a difference that is gone of itself, whoever has taken it; False where none is open.

    Only for what the store, or the partner's signed word, proves to be over: it needs no officer, and nobody's
    agreement. Whether money is gone is never settled so (actions/payments/auto_closed_cases.py).
    """
    case = await finance_cases.open_one(acting.tx, kind, about)
    if case is None:
        return False
    by = acting.subject.label
    settled = replace(case, state=CaseState.SETTLED, outcome=outcome, settled_at=acting.now)
    event = CaseEvent(acting.env.ids.key(), case.id, CaseStep.SETTLE, by, acting.now, outcome, note)
    await finance_cases.save(acting.tx, settled, event)
    codes = {"kind": kind.value, "outcome": outcome.value}
    await acting.record("finance_case.settled", ObjectKind.FINANCE_CASE, case.id, Purpose.PAY_BENEFIT, **codes)
    return True


async def _add_case(acting: UnitOfWork, difference: FinanceDifference, *, anew: bool) -> str:
    facts = (difference.expected or "", difference.found or "")
    if len(difference.about) > LONGEST_ABOUT or max(map(len, facts)) > LONGEST_FACT:
        raise ValueError("the reference or a fact of a difference is too long")
    critical = difference.kind in CRITICAL
    found = await finance_cases.open_once(acting.tx, acting.env.ids.key(), difference, critical=critical, anew=anew)
    if not found.opened:
        return found.case_id
    crash_points.reach(crash_points.CASE_OPENED)
    event = CaseEvent(acting.env.ids.key(), found.case_id, CaseStep.OPEN, acting.subject.label, acting.now)
    await finance_cases.add_event(acting.tx, event, difference.citizen_id)
    codes = {"kind": difference.kind.value, "cause": difference.cause.value}
    await acting.record("finance_case.opened", ObjectKind.FINANCE_CASE, found.case_id, Purpose.PAY_BENEFIT, **codes)
    _log.warning("finance_case_opened", case=found.case_id, kind=difference.kind.value, critical=critical)
    return found.case_id


async def _with_instalment_facts(acting: UnitOfWork, difference: FinanceDifference) -> FinanceDifference:
    """The difference with what the store knows of the instalment that it names."""
    if not difference.about.startswith(INSTALMENT):
        return difference
    instalment = await benefits.instalment(acting.tx, difference.about.removeprefix(INSTALMENT))
    if instalment is None:
        return difference
    sanction = (await benefits.sanctions(acting.tx, [instalment.sanction_id]))[instalment.sanction_id]
    return replace(
        difference,
        instalment_id=instalment.id,
        citizen_id=instalment.citizen_id,
        scheme_code=sanction.scheme_code,
        department=sanction.department,
        district=sanction.district,
        amount_paise=instalment.amount_paise if difference.amount_paise is None else difference.amount_paise,
    )
