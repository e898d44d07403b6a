"""The budget of a payment: money is set aside at its head of account before the order goes, or the sanction waits."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from actions.acting import Acting
from actions.environment import Environment
from domain.benefits import Hold, Instalment, Rail, Sanction, SanctionState
from domain.people import SYSTEM
from domain.policy import Purpose
from domain.sanction_course import state_under
from integrations.dbt_finance import HeadBalance
from integrations.errors import IntegrationError
from store import audit, benefit_rounds, benefits, catalogue, locks, outbox, sanction_course

INSTRUCT = "dbt.instruct"
"""The outbox topic of an instalment that is to be paid by the state treasury."""

BATCH = 200
_log = structlog.get_logger(__name__)


async def set_aside(env: Environment, instalment: Instalment, sanction: Sanction) -> bool:
    """Ask the treasury what is left of the head of account and set the amount aside; False where it waits.

    What was set aside before is not set aside again, so it may be repeated. The treasury has the last word: it
    refuses an order for which too little is left. Raises IntegrationError where it cannot be asked.
    """
    head = await _head_of(env, sanction)
    asked_at = env.clock.now()
    balance = await env.partners.dbt.head_balance(head, sanction.scheme_code, instalment.period_from)
    wanted = [(instalment, sanction)]
    done = await env.store.carry_out(lambda tx: _settle(Acting(env, tx, SYSTEM), wanted, balance, asked_at))
    return instalment.id in done


async def wait_for_budget(acting: Acting, instalment: Instalment, sanction: Sanction) -> None:
    """Let an instalment wait, in the caller's transaction: the treasury told that too little is left."""
    await sanction_course.release_budget(acting.tx, instalment.id, acting.now)
    await _wait(acting, instalment, sanction)


async def settle_budgets(env: Environment) -> int:
    """Set money aside for all that waits for it; tells for how many it was found. For the worker's upkeep.

    The treasury is asked once for each head and batch. Where it cannot be asked, the others go on.
    """
    found, after = 0, None
    while True:
        async with env.store.reading() as tx:
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
        head, asked_at = await _head_of(env, sanction), env.clock.now()
        balance = await env.partners.dbt.head_balance(head, sanction.scheme_code, instalment.period_from)
    except IntegrationError as error:
        _log.warning("budget_not_told", scheme=sanction.scheme_code, reason=error.code)
        return 0
    return len(await env.store.carry_out(lambda tx: _settle(Acting(env, tx, SYSTEM), group, balance, asked_at)))


def _groups(
    waiting: Sequence[Instalment], sanctions: dict[str, Sanction]
) -> dict[tuple[str, int], list[tuple[Instalment, Sanction]]]:
    """By scheme and financial year: each has one head of account and one balance."""
    groups: dict[tuple[str, int], list[tuple[Instalment, Sanction]]] = {}
    for one in waiting:
        sanction = sanctions[one.sanction_id]
        year = one.period_from.year - (one.period_from.month < 4)
        groups.setdefault((sanction.scheme_code, year), []).append((one, sanction))
    return groups


async def _settle(
    acting: Acting, wanted: Sequence[tuple[Instalment, Sanction]], balance: HeadBalance, asked_at: datetime
) -> set[str]:
    """Set aside what the balance allows, in order; the rest waits. One at a time for each head of account."""
    head = balance.head_of_account
    await locks.hold(acting.tx, "budget", head)
    already = await sanction_course.open_holds(acting.tx, [one.id for one, _ in wanted])
    free = balance.available_paise - await sanction_course.held_on_head(acting.tx, head, asked_at)
    done = set()
    for instalment, sanction in wanted:
        if instalment.id not in already and instalment.amount_paise > free:
            await _wait(acting, instalment, sanction)
            continue
        if instalment.id not in already:
            free -= instalment.amount_paise
            await sanction_course.hold_budget(acting.tx, _held(acting, instalment, head))
        await _go(acting, instalment)
        done.add(instalment.id)
    return done


def _held(acting: Acting, instalment: Instalment, head: str) -> dict[str, object]:
    return {
        "instalment_id": instalment.id,
        "citizen_id": instalment.citizen_id,
        "head_of_account": head,
        "amount_paise": instalment.amount_paise,
        "held_at": acting.now,
    }


async def _go(acting: Acting, instalment: Instalment) -> None:
    present = await benefits.instalment(acting.tx, instalment.id)
    if present is None or present.hold is not Hold.BUDGET:
        return
    await benefits.set_hold(acting.tx, instalment.id, None)
    sanction = await benefits.locked(acting.tx, instalment.sanction_id)
    if sanction is not None and sanction.state is SanctionState.BUDGET_WAIT:
        stops = (await sanction_course.stops(acting.tx, [sanction.id])).get(sanction.id, [])
        await benefits.change_sanction(acting.tx, sanction.id, state=state_under(stops))
        await _note(acting, instalment, "instalment.budget_found")
    if instalment.rail is Rail.IFMS:
        await outbox.reopen(acting.tx, INSTRUCT, instalment.id)


async def _wait(acting: Acting, instalment: Instalment, sanction: Sanction) -> None:
    await benefits.set_hold(acting.tx, instalment.id, Hold.BUDGET)
    present = await benefits.locked(acting.tx, sanction.id)
    if present is not None and present.state is SanctionState.ACTIVE:
        await benefits.change_sanction(acting.tx, sanction.id, state=SanctionState.BUDGET_WAIT)
        await _note(acting, instalment, "instalment.waits_for_budget")


async def _note(acting: Acting, instalment: Instalment, action: str) -> None:
    purpose = Purpose.PAY_BENEFIT.value
    await audit.append(acting.tx, audit.AuditLine(acting.subject.label, action, "BENEFIT", instalment.id, purpose, {}))


async def _head_of(env: Environment, sanction: Sanction) -> str | None:
    async with env.store.reading() as tx:
        scheme = (await catalogue.schemes(tx, [sanction.scheme_code])).get(sanction.scheme_code)
    return scheme.head_of_account if scheme else None
