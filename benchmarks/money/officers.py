"""Two finance officers and an operator, who settle the cases of whole files and let go what PFMS has none of."""

from actions.kernel import Environment, UnitOfWork
from actions.payments.releasing import release_set_aside
from actions.reconciliation.finance_desk import CaseRequest, answer_case, resolve_case, take_case
from domain.kernel import SYSTEM, PersonKind, Posting, Role, Subject
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, DifferenceKind, FinanceCase
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter

BATCH, DUPLICATE = "batch:", "DBE0004"
_PLACES = (Posting(Role.FINANCE_OFFICER, None, None, None),)
FIRST, SECOND = (
    Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, f"finance-{name}", _PLACES) for name in ("a", "b")
)


async def open_cases(env: Environment) -> list[FinanceCase]:
    """Every open case."""
    found: list[FinanceCase] = []
    place = None
    while True:
        async with env.store.read_transaction() as tx:
            asked = CaseFilter(states=finance_cases.OPEN_STATES)
            page = await finance_cases.cases(None, asked).page(tx, place=place, limit=500)
        found += page
        if len(page) < 500:
            return found
        place = (page[-1].found_at, page[-1].id)


async def settle_cases(env: Environment) -> int:
    """Settle each case of a file, and let its payments go again but where PFMS pays them; returns how many cases."""
    cases = [case for case in await open_cases(env) if case.about.startswith(BATCH)]
    for case in cases:
        contradiction = case.kind is DifferenceKind.STATUS_DIFFERS
        lost = contradiction and DUPLICATE in (case.found or "")
        await _settle(env, case, CaseOutcome.NOT_RECEIVED if lost else CaseOutcome.CORRECTED_AT_PARTNER)
        if lost or not contradiction:
            await _release(env, case.about.removeprefix(BATCH))
    return len(cases)


async def _release(env: Environment, message: str) -> None:
    released = await env.store.carry_out(lambda tx: release_set_aside(UnitOfWork(env, tx, SYSTEM), message))
    assert released.lines, message


async def _settle(env: Environment, case: FinanceCase, outcome: CaseOutcome) -> None:
    await take_case(env, FIRST, CaseRequest(case.id, f"{case.id} take"))
    settled, _ = await resolve_case(
        env, FIRST, CaseRequest(case.id, f"{case.id} settle", note="PFMS was asked", outcome=outcome)
    )
    if settled.state is CaseState.PROPOSED:
        settled, _ = await answer_case(env, SECOND, CaseRequest(case.id, f"{case.id} agree"))
    assert settled.state is CaseState.SETTLED, case.about
