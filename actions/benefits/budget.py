"""Reserves the budget of a payment at its head of account before the order is sent, or makes the sanction wait."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import structlog

from actions.kernel import Environment, UnitOfWork
from domain.benefits.benefits import (
    BUDGET_UNSETTLED,
    UNSENT,
    BudgetState,
    Hold,
    Instalment,
    Rail,
    Sanction,
    SanctionState,
)
from domain.benefits.sanction_course import state_under
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Source
from domain.payments.budgets import ReportedBalance, year_of
from integrations.calling.errors import RemoteError
from store.benefits import benefit_rounds, benefits, sanction_course
from store.catalogue import catalogue
from store.database import locks
from store.platform import outbox

INSTRUCT = "dbt.instruct"
"""The outbox topic of an instalment that is to be paid by the state treasury."""

OUTSIDE_TOPICS: Mapping[str, Source] = {INSTRUCT: Source.DBT_FINANCE}
"""Topics that reach an outside system on behalf of an application."""

BATCH = 200
_log = structlog.get_logger(__name__)


async def reserve_budget(env: Environment, instalment: Instalment, sanction: Sanction) -> bool:
    """Ask the treasury what is left of the head of account and set the amount aside; False where it waits.

    What was set aside before is not set aside again, so it may be repeated. The treasury has the last word: it
    refuses an order for which too little is left. Raises RemoteError where it cannot be asked.
    """
    balance = await told_balance(env, sanction.scheme_code, instalment.period_from)
    wanted = [(instalment, sanction)]
    done = await env.store.carry_out(lambda tx: settle(UnitOfWork(env, tx, SYSTEM), wanted, balance))
    return instalment.id in done


async def told_balance(env: Environment, scheme_code: str, day: date) -> ReportedBalance:
    """Ask the treasury what is left of a scheme's head of account in the financial year of a day.

    Never within a transaction. Raises RemoteError where the treasury does not answer.
    """
    async with env.store.read_transaction() as tx:
        scheme = (await catalogue.schemes(tx, [scheme_code])).get(scheme_code)
    asked_at = env.clock.now()
    told = await env.partners.dbt.head_balance(scheme.head_of_account if scheme else None, day)
    return ReportedBalance(told.head_of_account, told.available_paise, told.as_of, asked_at)


async def wait_for_budget(acting: UnitOfWork, instalment: Instalment, sanction: Sanction) -> None:
    """Make an instalment wait, in the caller's transaction: the treasury reported an insufficient balance."""
    await sanction_course.release_budget(acting.tx, instalment.id, acting.now)
    present = (await benefits.lock_instalments(acting.tx, [instalment.id])).get(instalment.id)
    if present is not None and _may_go(present):
        await _wait(acting, present, sanction, acting.now)


async def note_budget(acting: UnitOfWork, sanction: Sanction, state: BudgetState, as_of: datetime | None) -> None:
    """Store the treasury's report of a sanction's budget, and as of when; None where it did not answer."""
    await benefits.change_sanction(acting.tx, sanction.id, budget=state, budget_at=as_of)


async def settle_budgets(env: Environment) -> int:
    """Set money aside for all that waits for it; tells for how many it was found. For the worker's upkeep.

    The treasury is asked once for each head and batch. Where it cannot be asked, the others go on.
    """
    found, after = 0, None
    while True:
        async with env.store.read_transaction() as tx:
            waiting = await benefit_rounds.held_instalments(tx, Hold.BUDGET, after, BATCH)
            sanctions = await benefits.sanctions(tx, {one.sanction_id for one in waiting})
        for group in _groups(waiting, sanctions).values():
            found += await _one_head(env, group)
        if len(waiting) < BATCH:
            break
        after = waiting[-1].id
    if found:
        _log.info("budgets_found", count=found)
    return found


async def _one_head(env: Environment, group: Sequence[tuple[Instalment, Sanction]]) -> int:
    instalment, sanction = group[0]
    try:
        balance = await told_balance(env, sanction.scheme_code, instalment.period_from)
    except RemoteError as error:
        _log.warning("budget_not_told", scheme=sanction.scheme_code, reason=error.code)
        return 0
    return len(await env.store.carry_out(lambda tx: settle(UnitOfWork(env, tx, SYSTEM), group, balance)))


def _groups(
    waiting: Sequence[Instalment], sanctions: dict[str, Sanction]
) -> dict[tuple[str, int], list[tuple[Instalment, Sanction]]]:
    """By scheme and financial year: each has one head of account and one balance."""
    groups: dict[tuple[str, int], list[tuple[Instalment, Sanction]]] = {}
    for one in waiting:
        sanction = sanctions[one.sanction_id]
        year = year_of(one.period_from)[0].year
        groups.setdefault((sanction.scheme_code, year), []).append((one, sanction))
    return groups


async def settle(
    acting: UnitOfWork, wanted: Sequence[tuple[Instalment, Sanction]], balance: ReportedBalance
) -> set[str]:
    """Set aside what the balance allows, in order and in the caller's transaction; the rest waits.

    One at a time for each head of account. What was stopped, or left, while the treasury was asked is passed over.
    Gives the ids of those for which money is set aside.
    """
    head, asked_at = balance.head_of_account, balance.asked_at
    await locks.lock_exclusive(acting.tx, "budget", head)
    present = await benefits.lock_instalments(acting.tx, [one.id for one, _ in wanted])
    wanted = [(present[one.id], sanction) for one, sanction in wanted if _may_go(present.get(one.id))]
    already = await sanction_course.open_holds(acting.tx, [one.id for one, _ in wanted])
    free = balance.available_paise - await sanction_course.held_on_head(acting.tx, head, asked_at)
    done = set()
    for instalment, sanction in wanted:
        if instalment.id not in already and instalment.amount_paise > free:
            await _wait(acting, instalment, sanction, balance.as_of)
            continue
        if instalment.id not in already:
            free -= instalment.amount_paise
            await sanction_course.hold_budget(acting.tx, _hold_values(acting, instalment, head))
        if sanction.budget in BUDGET_UNSETTLED:
            await note_budget(acting, sanction, BudgetState.ENOUGH, balance.as_of)
        await _go(acting, instalment)
        done.add(instalment.id)
    return done


def _may_go(present: Instalment | None) -> bool:
    return present is not None and present.status in UNSENT and present.hold is not Hold.STOPPED


def _hold_values(acting: UnitOfWork, instalment: Instalment, head: str) -> dict[str, object]:
    return {
        "instalment_id": instalment.id,
        "citizen_id": instalment.citizen_id,
        "head_of_account": head,
        "amount_paise": instalment.amount_paise,
        "held_at": acting.now,
    }


async def _go(acting: UnitOfWork, instalment: Instalment) -> None:
    if instalment.hold is not Hold.BUDGET:
        return
    await benefits.set_hold(acting.tx, instalment.id, None)
    sanction = await benefits.lock_sanction(acting.tx, instalment.sanction_id)
    if sanction is not None and sanction.state is SanctionState.BUDGET_WAIT:
        stops = (await sanction_course.stops(acting.tx, [sanction.id])).get(sanction.id, [])
        await benefits.change_sanction(acting.tx, sanction.id, state=state_under(stops))
        await _note(acting, instalment, "instalment.budget_found")
    if instalment.rail is Rail.IFMS:
        await outbox.reopen(acting.tx, INSTRUCT, instalment.id)


async def _wait(acting: UnitOfWork, instalment: Instalment, sanction: Sanction, as_of: datetime) -> None:
    await benefits.set_hold(acting.tx, instalment.id, Hold.BUDGET)
    await note_budget(acting, sanction, BudgetState.TOO_LITTLE, as_of)
    present = await benefits.lock_sanction(acting.tx, sanction.id)
    if present is not None and present.state is SanctionState.ACTIVE:
        await benefits.change_sanction(acting.tx, sanction.id, state=SanctionState.BUDGET_WAIT)
        await _note(acting, instalment, "instalment.waits_for_budget")


async def _note(acting: UnitOfWork, instalment: Instalment, action: str) -> None:
    purpose = Purpose.PAY_BENEFIT.value
    await acting.record(action, "BENEFIT", instalment.id, purpose)
