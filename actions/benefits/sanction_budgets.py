"""Checks the budget before a sanction: shown to the officer, and checked again on approval.

The treasury is asked before the transaction of the approval begins. In the transaction the money of the first payment
is set aside under the lock of its head of account, as it would be before the order: so the order that follows finds it
there and takes nothing twice, and of two approvals at once only one gets the last of it. Where the treasury does not
answer nobody waits for it: the sanction says that its budget was not checked, and the order's check comes before it
leaves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from actions.benefits.budget import note_budget, settle, told_balance
from actions.kernel import Environment, UnitOfWork, of_application, of_sanction
from domain.applications.applications import Application
from domain.applications.lifecycle import UNDECIDED, Move
from domain.benefits.benefits import BudgetState, Instalment, Sanction, SanctionState
from domain.benefits.sanction_course import ApprovalKind
from domain.catalogue.catalogue import Outcome, Scheme
from domain.identity.policy import Purpose, decide
from domain.kernel import Source, Sourced, SourceState, Subject, ist_date
from domain.officers.desk import Proposal
from domain.payments.budgets import ReportedBalance, SanctionBudget, need_of
from integrations.calling.errors import RemoteError
from store.applications import applications
from store.benefits import benefits, sanction_course
from store.catalogue import catalogue
from store.database import Transaction
from store.officers import desk

Balances = Mapping[str, ReportedBalance | None]
"""By scheme, the balance that the treasury reported; None where it did not answer."""

NOTHING_ASKED: Balances = {}

_log = structlog.get_logger(__name__)


async def balances_before(
    env: Environment, subject: Subject, application_ids: Iterable[str], *, confirming: bool = False
) -> Balances:
    """What is left for the sanctions that the subject is about to make, each scheme's head asked once.

    Only for applications that she may decide and that are not decided yet. A service that needs a second officer is
    asked for when that one confirms. Never raises for a treasury that does not answer.
    """
    wanted = list(application_ids)
    if not wanted:
        return NOTHING_ASKED
    async with env.store.read_transaction() as tx:
        known = [
            one
            for one in (await applications.by_ids(tx, wanted)).values()
            if one.status in UNDECIDED and decide(subject, of_application(one), Purpose.DECIDE)
        ]
        proposed = await desk.proposals(tx, [one.id for one in known]) if confirming else {}
        known = [one for one in known if not confirming or _to_approve(proposed.get(one.id))]
        filed = await catalogue.services_as_filed(tx, [(one.service_code, one.service_version) for one in known])
        granting = {
            service.scheme_id
            for service in filed.values()
            if service.outcome is Outcome.BENEFIT
            and service.scheme_id is not None
            and (confirming or not service.needs_second_pair)
        }
        schemes = await catalogue.schemes(tx, sorted(granting)) if granting else {}
    return await _ask_balances(env, [one.code for one in schemes.values() if one.amount_paise is not None])


async def balances_before_approval(env: Environment, subject: Subject, sanction_id: str, number: int) -> Balances:
    """The same, for a sanction that waits for the subject's second approval."""
    async with env.store.read_transaction() as tx:
        sanction = (await benefits.sanctions(tx, [sanction_id])).get(sanction_id)
        asked = (await sanction_course.approvals(tx, [sanction_id])).get(sanction_id, [])
    kind = asked[number - 1].kind if 1 <= number <= len(asked) else None
    waits = sanction is not None and sanction.state is SanctionState.AWAITING_APPROVAL
    if sanction is None or not waits or kind is not ApprovalKind.SANCTION:
        return NOTHING_ASKED
    if not decide(subject, of_sanction(sanction), Purpose.PAY_BENEFIT):
        return NOTHING_ASKED
    return await _ask_balances(env, [sanction.scheme_code])


async def check_at_sanction(acting: UnitOfWork, sanction: Sanction, made: Instalment | None) -> None:
    """Set the first payment's money aside, or make the sanction wait for it, in the transaction that made the sanction.

    Without an instalment, because the sanction waits for another person, it is only compared with what is free;
    the money is set aside when that person approves. Nothing is noted where nobody was to ask.
    """
    if sanction.scheme_code not in acting.balances:
        return
    balance = acting.balances[sanction.scheme_code]
    if balance is None:
        await note_budget(acting, sanction, BudgetState.NOT_CHECKED, None)
    elif made is not None:
        if await settle(acting, [(made, sanction)], balance):
            await note_budget(acting, sanction, BudgetState.ENOUGH, balance.as_of)
    else:
        free = balance.available_paise - await _set_aside(acting.tx, balance)
        enough = (sanction.amount_paise or 0) <= free
        await note_budget(acting, sanction, BudgetState.ENOUGH if enough else BudgetState.TOO_LITTLE, balance.as_of)


async def budget_of(
    env: Environment, subject: Subject, application: Application, ask: Callable[[str], Awaitable[ReportedBalance]]
) -> Sourced[SanctionBudget] | None:
    """What a sanction on an application would need and what is left for it now; never an old answer.

    `ask` tells the balance of a scheme's head of account, so that a list of applications asks for each head once.

    None for those who may not decide it, once it is decided, and where its service grants no benefit. Raises
    RemoteError where the treasury cannot tell.
    """
    if application.status not in UNDECIDED or not decide(subject, of_application(application), Purpose.DECIDE):
        return None
    scheme = await _scheme_of(env, application)
    if scheme is None:
        return None
    balance = await ask(scheme.code)
    promised = await env.store.read(lambda tx: _set_aside(tx, balance))
    found = SanctionBudget(scheme, need_of(scheme, ist_date(env.clock.now())), balance, promised)
    return Sourced(found, Source.DBT_FINANCE, SourceState.LIVE, balance.as_of)


async def _scheme_of(env: Environment, application: Application) -> Scheme | None:
    async with env.store.read_transaction() as tx:
        service = await catalogue.service_as_filed(tx, application.service_code, application.service_version)
        if service is None or service.outcome is not Outcome.BENEFIT or service.scheme_id is None:
            return None
        return (await catalogue.schemes(tx, [service.scheme_id])).get(service.scheme_id)


def _to_approve(proposal: Proposal | None) -> bool:
    return proposal is not None and proposal.verdict == Move.APPROVE


async def _set_aside(tx: Transaction, balance: ReportedBalance) -> int:
    return await sanction_course.held_on_head(tx, balance.head_of_account, balance.asked_at)


async def _ask_balances(env: Environment, scheme_codes: Iterable[str]) -> Balances:
    wanted = sorted(set(scheme_codes))
    today = ist_date(env.clock.now())

    async def ask_balance(code: str) -> ReportedBalance | None:
        try:
            return await told_balance(env, code, today)
        except RemoteError as error:
            _log.warning("budget_not_told", scheme=code, reason=error.code)
            return None

    return dict(zip(wanted, await asyncio.gather(*map(ask_balance, wanted)), strict=True))
