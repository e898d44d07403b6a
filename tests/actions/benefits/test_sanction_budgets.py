"""The budget before a sanction: asked before the approval, set aside with it, shown to the officer who decides."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.benefits.budget import settle_budgets, told_balance
from actions.benefits.payment_orders import DecideApproval, decide_approval
from actions.benefits.sanction import send_instruction
from actions.benefits.sanction_budgets import budget_of
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, bulk_decide
from actions.officers.offline import OfflineDecision, queue_pack, replay_decisions
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Status
from domain.benefits.benefits import BudgetState, Hold, Instalment, Rail, Sanction, SanctionState
from domain.kernel import PersonKind, Posting, Problems, Role, Source, SourceState, Subject, ist_date
from domain.payments.budgets import SanctionBudget, SanctionNeed
from integrations.calling.errors import Unavailable
from store.applications import applications
from store.benefits import benefits, sanction_course
from store.catalogue import catalogue
from tests.support.actions import FREE, PENSION, World, papers
from tests.support.desk import colleagues_of, officer_of
from tests.support.state import LAW
from tests.support.worlds import PENSION_PAPERS, link_and_offer, wrong

HEAD, PAISE = "2235-60-102-03-00-42", 150_000
DOWN = Unavailable(Source.DBT_FINANCE, "down")
FINANCE = Subject(
    frozenset({Role.FINANCE_OFFICER}),
    PersonKind.OFFICER,
    "finance",
    (Posting(Role.FINANCE_OFFICER, None, "49", None),),
)


async def case_of(world: World, citizen: Subject, key: str = "case") -> Application:
    """An application for a pension that waits for its decision."""
    await link_and_offer(world, citizen, PENSION_PAPERS)
    return await world.in_scrutiny(
        citizen, PENSION, world.welfare, documents=papers(*PENSION_PAPERS), idempotency_key=key
    )


async def approve(world: World, case: Application, key: str = "approve") -> Sanction:
    await decide_application(world.env, world.welfare, Decide(case.id, Verdict.APPROVE, key))
    return await sanction_of(world, case)


async def sanction_of(world: World, case: Application) -> Sanction:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.sanction_of_applications(tx, [case.id]))[case.id]


async def made(world: World, sanction: Sanction) -> list[Instalment]:
    async with world.env.store.read_transaction() as tx:
        return (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])


async def held(world: World) -> int:
    async with world.env.store.read_transaction() as tx:
        return await sanction_course.held_on_head(tx, HEAD, world.clock.now())


async def shown(world: World, case: Application, subject: Subject) -> SanctionBudget | None:
    today = ist_date(world.clock.now())
    found = await budget_of(world.env, subject, case, lambda code: told_balance(world.env, code, today))
    assert found is None or (found.source, found.state) == (Source.DBT_FINANCE, SourceState.LIVE)
    return None if found is None else found.value


async def test_an_approval_sets_the_first_payment_aside_and_the_order_takes_it_from_there(world: World):
    sanction = await approve(world, await case_of(world, world.sunil))
    assert (sanction.state, sanction.budget) == (SanctionState.ACTIVE, BudgetState.ENOUGH)
    assert sanction.budget_at is not None
    assert (world.dbt.asked_heads, await held(world)) == ([HEAD], PAISE)
    world.dbt.budget_paise = PAISE
    [first] = await made(world, sanction)
    await send_instruction(world.env, first.id)
    assert [one.bill_number for one in world.dbt.instructed] == [first.bill_number]
    world.clock.advance(timedelta(seconds=1))
    assert await held(world) == 0


async def test_with_too_little_left_the_sanction_is_made_and_waits(world: World):
    world.dbt.budget_paise = PAISE - 1
    case = await case_of(world, world.sunil)
    sanction = await approve(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.BUDGET_WAIT, BudgetState.TOO_LITTLE)
    assert [one.hold for one in await made(world, sanction)] == [Hold.BUDGET]
    async with world.env.store.read_transaction() as tx:
        application = await applications.get(tx, case.id)
    assert application is not None
    assert application.status is Status.BENEFIT_SANCTIONED
    assert await held(world) == 0
    world.dbt.budget_paise = PAISE
    assert await settle_budgets(world.env) == 1
    sanction = await sanction_of(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.ACTIVE, BudgetState.ENOUGH)
    assert await held(world) == PAISE
    for _ in range(2):
        await send_instruction(world.env, (await made(world, sanction))[0].id)
    assert len(world.dbt.instructed) == 1


async def test_a_silent_treasury_holds_no_approval_up_and_the_order_is_checked_instead(world: World):
    world.dbt.failure = DOWN
    case = await case_of(world, world.sunil)
    sanction = await approve(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.ACTIVE, BudgetState.NOT_CHECKED)
    assert sanction.budget_at is None
    assert await held(world) == 0
    world.dbt.failure = None
    [first] = await made(world, sanction)
    await send_instruction(world.env, first.id)
    assert (await sanction_of(world, case)).budget is BudgetState.ENOUGH


async def test_what_goes_by_files_may_go_at_once_where_its_money_was_set_aside(world: World):
    world.env = replace(world.env, partners=replace(world.env.partners, pfms=cast("Any", object())))
    sanction = await approve(world, await case_of(world, world.sunil))
    assert [(one.rail, one.hold) for one in await made(world, sanction)] == [(Rail.PFMS, None)]
    assert await settle_budgets(world.env) == 0
    assert await held(world) == PAISE


async def test_the_last_of_a_budget_goes_to_one_of_two_sanctions(world: World):
    world.dbt.budget_paise = 2 * PAISE - 1
    first = await approve(world, await case_of(world, world.sunil), "a")
    second = await approve(world, await case_of(world, world.asha, "other"), "b")
    assert [first.state, second.state] == [SanctionState.ACTIVE, SanctionState.BUDGET_WAIT]
    assert await held(world) == PAISE
    assert await settle_budgets(world.env) == 0


async def test_many_at_once_ask_for_one_head_once_and_share_what_was_told(world: World):
    world.dbt.budget_paise = PAISE
    cases = [await case_of(world, world.sunil), await case_of(world, world.asha, "other")]
    request = BulkDecide(tuple(Item(case.id) for case in cases), Verdict.APPROVE, "bulk")
    results = await bulk_decide(world.env, world.welfare, request)
    assert {one.outcome for one in results} == {ItemOutcome.DONE}
    assert world.dbt.asked_heads == [HEAD]
    states = [(await sanction_of(world, case)).state for case in cases]
    assert states == [SanctionState.ACTIVE, SanctionState.BUDGET_WAIT]
    assert await held(world) == PAISE


async def second_pair(world: World) -> Application:
    async with world.env.store.write_transaction() as tx:
        service = (await catalogue.services_by_codes(tx, [PENSION]))[PENSION]
        await catalogue.upsert_services(tx, [replace(service, needs_second_pair=True)])
    others, case = await colleagues_of(world), await case_of(world, world.sunil)
    await decide_application(world.env, others.welfare, Decide(case.id, Verdict.APPROVE, "propose"))
    assert world.dbt.asked_heads == []
    await confirm_decision(world.env, world.welfare, ConfirmDecision(case.id, "confirm"))
    return case


async def without_signal(world: World) -> Application:
    case = await case_of(world, world.sunil)
    officer = await officer_of(world, world.welfare)
    pack = (await queue_pack(world.env, world.welfare, officer, ist_date(world.clock.now()))).pack
    decision = OfflineDecision(case.id, pack.cases[case.id], "offline", Verdict.APPROVE, world.clock.now())
    [result] = await replay_decisions(world.env, world.welfare, pack.id, [decision])
    assert result.outcome is ItemOutcome.DONE
    return case


async def by_hand(world: World) -> Application:
    case = await case_of(world, world.sunil)
    await approve(world, case)
    return case


@pytest.mark.parametrize("way", [by_hand, second_pair, without_signal])
async def test_the_treasury_is_asked_once_on_every_way_and_never_within_a_transaction(
    world: World, monkeypatch: pytest.MonkeyPatch, way: Callable[[World], Awaitable[Application]]
):
    world.dbt.budget_paise = PAISE - 1
    told = world.dbt.head_balance

    async def while_nothing_is_written(head: str | None, day: date) -> Any:
        async with (
            world.env.store.write_transaction()
        ):  # would wait for ever within a transaction: SQLite has one writer
            return await told(head, day)

    monkeypatch.setattr(world.dbt, "head_balance", while_nothing_is_written)
    case = await way(world)
    assert world.dbt.asked_heads == [HEAD]
    assert (await sanction_of(world, case)).state is SanctionState.BUDGET_WAIT


async def test_above_the_second_approval_it_is_checked_and_set_aside_when_the_second_officer_agrees(world: World):
    world.env = replace(
        world.env, rules=replace(world.env.rules, law=LAW.with_values({"second_approval_paise": PAISE - 1}))
    )
    world.dbt.budget_paise = PAISE - 1
    case = await case_of(world, world.sunil)
    sanction = await approve(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.AWAITING_APPROVAL, BudgetState.TOO_LITTLE)
    assert (await made(world, sanction), await held(world)) == ([], 0)
    world.dbt.budget_paise = PAISE
    await decide_approval(world.env, FINANCE, DecideApproval(sanction.id, 1, True, "agree"))
    sanction = await sanction_of(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.ACTIVE, BudgetState.ENOUGH)
    assert (world.dbt.asked_heads, await held(world)) == ([HEAD, HEAD], PAISE)


async def test_a_second_approval_without_budget_makes_the_sanction_wait(world: World):
    world.env = replace(
        world.env, rules=replace(world.env.rules, law=LAW.with_values({"second_approval_paise": PAISE - 1}))
    )
    case = await case_of(world, world.sunil)
    sanction = await approve(world, case)
    assert sanction.budget is BudgetState.ENOUGH
    world.dbt.budget_paise = 0
    await decide_approval(world.env, FINANCE, DecideApproval(sanction.id, 1, True, "agree"))
    sanction = await sanction_of(world, case)
    assert (sanction.state, sanction.budget) == (SanctionState.BUDGET_WAIT, BudgetState.TOO_LITTLE)
    assert await held(world) == 0
    assert [line for line in await wrong(world.env) if "benefit" in str(line).lower()] == []


async def test_only_an_approval_by_who_may_decide_asks_the_treasury(world: World):
    case = await case_of(world, world.sunil)
    with pytest.raises(Problems):
        await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "foreign"))
    free = await world.in_scrutiny(world.asha, FREE, world.registrar)
    await decide_application(world.env, world.registrar, Decide(free.id, Verdict.APPROVE, "certificate"))
    ground = RejectionGround.FACTS_NOT_CONFIRMED
    refusal = Decide(case.id, Verdict.REJECT, "refuse", ground=ground, reason="The report did not confirm it.")
    await decide_application(world.env, world.welfare, refusal)
    assert world.dbt.asked_heads == []


async def test_the_officer_sees_what_the_sanction_would_need_beside_what_is_left(world: World):
    case = await case_of(world, world.sunil)
    world.dbt.budget_paise = 10 * PAISE
    found = await shown(world, case, world.welfare)
    assert found is not None
    assert (found.scheme.code, found.balance.head_of_account) == ("uk-old-age-pension", HEAD)
    assert found.need == SanctionNeed(PAISE, 4 * PAISE)  # from 24 November five months begin until 31 March
    assert (found.balance.available_paise, found.set_aside_paise, found.free_paise) == (10 * PAISE, 0, 10 * PAISE)
    other = await case_of(world, world.asha, "other")
    await approve(world, other)
    after = await shown(world, case, world.welfare)
    assert after is not None
    assert (after.set_aside_paise, after.free_paise) == (PAISE, 9 * PAISE)


async def test_nobody_else_and_nothing_decided_is_shown_a_budget_and_the_treasury_is_not_asked(world: World):
    case = await case_of(world, world.sunil)
    assert [await shown(world, case, subject) for subject in (world.sunil, world.registrar, FINANCE)] == [None] * 3
    free = await world.in_scrutiny(world.asha, FREE, world.registrar)
    assert await shown(world, free, world.registrar) is None
    assert world.dbt.asked_heads == []
    await approve(world, case)
    async with world.env.store.read_transaction() as tx:
        decided = await applications.get(tx, case.id)
    assert decided is not None
    assert await shown(world, decided, world.welfare) is None


async def test_without_the_treasury_no_old_balance_is_shown(world: World):
    case = await case_of(world, world.sunil)
    assert await shown(world, case, world.welfare) is not None
    world.dbt.failure = DOWN
    with pytest.raises(Unavailable):
        await shown(world, case, world.welfare)
