"""The desk: claims, forwarding, many cases at once, and the second pair of eyes."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import Withdraw, withdraw_application
from actions.kernel import present
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, bulk_claim, bulk_decide, bulk_forward
from actions.officers.claim import ClaimCase, ReleaseCase, claim_application, release_application
from actions.officers.forward import ForwardCase, forward_application, forward_targets
from actions.officers.second_approvals import ConfirmDecision, SendBackDecision, confirm_decision, send_back_decision
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.kernel import ErrorCode, Problems, Subject
from domain.officers.desk import OpinionState
from store.applications import timeline
from store.officers import desk
from tests.support.actions import FREE, ORDER, World
from tests.support.desk import DISABILITY_PENSION, Colleagues, colleagues_of
from tests.support.stored import audit_lines_of

GROUND, REASON = RejectionGround.NOT_ELIGIBLE, "The husband is alive."


@pytest.fixture
async def others(world: World) -> Colleagues:
    """Colleagues of the world's officers."""
    return await colleagues_of(world)


async def claim(world: World, officer: Subject, case: Application, key: str = "k", **how: bool) -> Application:
    return (await claim_application(world.env, officer, ClaimCase(case.id, key, **how)))[0]


async def decide(world: World, officer: Subject, case: Application, key: str = "d", **how) -> Application:
    verdict = how.pop("verdict", Verdict.APPROVE)
    return (await decide_application(world.env, officer, Decide(case.id, verdict, key, **how)))[0]


async def told(world: World, case: Application) -> list[str]:
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "APPLICATION", case.id)
    return [line.action for line in lines if line.action.startswith("desk.")]


def refused(caught: pytest.ExceptionInfo[Problems]) -> ErrorCode:
    return caught.value.code


async def test_a_claimed_case_is_decided_by_its_claimant_or_after_a_take_over(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    await claim(world, world.registrar, case)
    with pytest.raises(Problems) as caught:
        await decide(world, others.registrar, case)
    assert refused(caught) is ErrorCode.CASE_CLAIMED
    assert caught.value.problems[0].params["until"].endswith("IST")
    with pytest.raises(Problems) as caught:
        await claim(world, others.registrar, case)
    assert refused(caught) is ErrorCode.CASE_CLAIMED
    await claim(world, others.registrar, case, "take", take_over=True)
    assert (await decide(world, others.registrar, case)).status is Status.APPROVED
    assert await told(world, case) == ["desk.claim", "desk.take_over"]
    async with world.env.store.read_transaction() as tx:
        assert await desk.claims(tx, [case.id], world.clock.now()) == {}


async def test_a_claim_ends_by_itself_and_may_be_given_back(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    await claim(world, world.registrar, case)
    with pytest.raises(Problems) as caught:
        await release_application(world.env, others.registrar, ReleaseCase(case.id, "r"))
    assert refused(caught) is ErrorCode.CASE_CLAIMED
    world.clock.advance(timedelta(minutes=world.env.rules.desk.claim_minutes))
    await claim(world, others.registrar, case)
    await release_application(world.env, others.registrar, ReleaseCase(case.id, "r"))
    await release_application(world.env, others.registrar, ReleaseCase(case.id, "r2"))
    assert await told(world, case) == ["desk.claim", "desk.claim", "desk.release"]


async def test_only_open_cases_of_one_s_place_are_claimed(world: World):
    case = await world.submit(world.asha)
    for officer in (world.elsewhere, world.tehsildar, world.asha):
        with pytest.raises(Problems) as caught:
            await claim(world, officer, case)
        assert refused(caught) is ErrorCode.NOT_FOUND
    await decide(world, world.registrar, case)
    with pytest.raises(Problems) as caught:
        await claim(world, world.registrar, case)
    assert refused(caught) is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_two_officers_who_claim_at_once_are_told_apart(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    tries = (claim(world, officer, case) for officer in (world.registrar, others.registrar))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Problems)]
    assert [problems.code for problems in lost] == [ErrorCode.CASE_CLAIMED]


async def test_a_case_is_forwarded_to_a_colleague_or_one_level_up_and_the_timeline_says_why(
    world: World, others: Colleagues
):
    case = await world.submit(world.asha)
    targets = {officer.id for officer in await forward_targets(world.env, world.registrar, case.id)}
    assert targets == {others.registrar.person_id, others.above.person_id}
    await claim(world, world.registrar, case)
    request = ForwardCase(case.id, others.registrar.person_id or "", "I know the family.", "f")
    forwarded, _ = await forward_application(world.env, world.registrar, request)
    assert (forwarded.officer_id, forwarded.status) == (others.registrar.person_id, case.status)
    assert forwarded.version == case.version + 1
    async with world.env.store.read_transaction() as tx:
        entry = (await timeline.timelines(tx, [case.id]))[case.id][-1]
        assert await desk.claims(tx, [case.id], world.clock.now()) == {}
    assert (entry.move, entry.note) == (Move.FORWARD, "I know the family.")


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [
        ("elsewhere", "Why not.", ErrorCode.OFFICER_UNSUITABLE),
        ("asha", "Why not.", ErrorCode.OFFICER_UNSUITABLE),
        ("registrar", "To myself.", ErrorCode.OFFICER_UNSUITABLE),
        ("top", "Two levels up.", ErrorCode.OFFICER_UNSUITABLE),
        ("above", "   ", ErrorCode.REASON_REQUIRED),
    ],
)
async def test_other_forwardings_are_refused(world: World, others: Colleagues, to: str, reason: str, code: ErrorCode):
    case = await world.submit(world.asha)
    target = (getattr(world, to, None) or getattr(others, to)).person_id
    with pytest.raises(Problems) as caught:
        await forward_application(world.env, world.registrar, ForwardCase(case.id, target, reason, "f"))
    assert refused(caught) is code
    assert (await present(world.env, case.id)).version == case.version


async def test_the_officer_above_decides_what_was_forwarded_to_her_and_nothing_else(world: World, others: Colleagues):
    case, other = await world.submit(world.asha), await world.submit(world.sunil)
    request = ForwardCase(case.id, others.above.person_id or "", "A hard case.", "f")
    await forward_application(world.env, world.registrar, request)
    with pytest.raises(Problems) as caught:
        await decide(world, others.above, other)
    assert refused(caught) is ErrorCode.NOT_FOUND
    assert (await decide(world, others.above, case)).status is Status.APPROVED


async def test_many_cases_are_decided_each_by_itself(world: World, others: Colleagues):
    mine, claimed = await world.submit(world.asha), await world.submit(world.sunil)
    foreign = await world.submit(world.asha, ORDER)
    await claim(world, others.registrar, claimed)
    items = (Item(claimed.id), Item(foreign.id), Item("absent"), Item(mine.id, mine.version))
    request = BulkDecide(items, Verdict.SEND_FOR_VERIFICATION, "bulk" * 60)
    results = await bulk_decide(world.env, world.registrar, request)
    assert [result.outcome for result in results] == [ItemOutcome.REFUSED] * 3 + [ItemOutcome.DONE]
    assert [result.error.code for result in results[:3] if isinstance(result.error, Problems)] == [
        ErrorCode.CASE_CLAIMED,
        ErrorCode.NOT_FOUND,
        ErrorCode.NOT_FOUND,
    ]
    again = await bulk_decide(world.env, world.registrar, request)
    assert again[3].outcome is ItemOutcome.REPLAYED
    stale = replace(request, idempotency_key="other", items=(Item(mine.id, mine.version),))
    (late,) = await bulk_decide(world.env, world.registrar, stale)
    assert late.outcome is ItemOutcome.CONFLICT
    assert late.application is not None
    assert late.application.status is Status.IN_VERIFICATION


async def test_many_cases_are_claimed_and_forwarded_each_by_itself(world: World, others: Colleagues):
    cases = [await world.submit(world.asha), await world.submit(world.sunil)]
    ids = [case.id for case in cases]
    await claim(world, others.registrar, cases[1])
    claimed = await bulk_claim(world.env, world.registrar, ids, key="c")
    assert [result.outcome for result in claimed] == [ItemOutcome.DONE, ItemOutcome.REFUSED]
    sent = await bulk_forward(
        world.env, world.registrar, ids, key="f", officer_id=others.above.person_id or "", reason="Leave."
    )
    assert [result.outcome for result in sent] == [ItemOutcome.DONE, ItemOutcome.REFUSED]


async def test_a_bulk_action_asked_for_again_gives_the_first_results_and_another_one_needs_a_new_key(
    world: World, others: Colleagues
):
    case, done = await world.submit(world.asha), await world.submit(world.sunil)
    both = [case.id, done.id]
    query = BulkDecide((Item(done.id),), Verdict.RAISE_QUERY, "bulk", GROUND, "Which year?")
    above = others.above.person_id or ""

    async def run() -> list[list[ItemOutcome]]:
        claimed = await bulk_claim(world.env, world.registrar, both, key="bulk")
        decided = await bulk_decide(world.env, world.registrar, query)
        sent = await bulk_forward(world.env, world.registrar, [case.id], key="bulk", officer_id=above, reason="Leave.")
        return [[one.outcome for one in results] for results in (claimed, decided, sent)]

    assert await run() == [[ItemOutcome.DONE] * 2, [ItemOutcome.DONE], [ItemOutcome.DONE]]
    versions = [(await present(world.env, key)).version for key in both]
    assert await run() == [[ItemOutcome.REPLAYED] * 2, [ItemOutcome.REPLAYED], [ItemOutcome.REPLAYED]]
    assert [(await present(world.env, key)).version for key in both] == versions
    (other,) = await bulk_decide(world.env, world.registrar, replace(query, reason="Which month?"))
    assert isinstance(other.error, Problems)
    assert (other.outcome, other.error.code) == (ItemOutcome.REFUSED, ErrorCode.IDEMPOTENCY_KEY_REUSED)
    many = tuple(Item(f"absent-{number}") for number in range(50))
    results = await bulk_decide(world.env, world.registrar, replace(query, items=many, idempotency_key="fifty"))
    assert [result.application_id for result in results] == [item.application_id for item in many]
    with pytest.raises(Problems) as caught:
        await bulk_decide(world.env, world.registrar, replace(query, items=(*many, Item("one-more"))))
    assert refused(caught) is ErrorCode.BAD_INPUT


@pytest.mark.parametrize("ids", [[], ["a", "a"], [str(n) for n in range(51)]])
async def test_none_too_many_or_the_same_case_twice_is_refused_as_a_whole(world: World, ids: list[str]):
    with pytest.raises(Problems) as caught:
        await bulk_claim(world.env, world.registrar, ids, key="c")
    assert refused(caught) is ErrorCode.BAD_INPUT


async def test_a_decision_waits_until_a_second_officer_confirms_it(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    proposed = await decide(world, world.welfare, case)
    assert (proposed.status, proposed.version, proposed.decision) == (case.status, case.version, None)
    for officer, code in (
        (world.welfare, ErrorCode.SECOND_OFFICER_NEEDED),
        (world.registrar, ErrorCode.NOT_FOUND),
    ):
        with pytest.raises(Problems) as caught:
            await confirm_decision(world.env, officer, ConfirmDecision(case.id, "c"))
        assert refused(caught) is code
    with pytest.raises(Problems) as caught:
        await decide(world, others.welfare, case, "d2")
    assert refused(caught) is ErrorCode.PROPOSAL_WAITS
    done, replayed = await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c", case.version))
    assert not replayed
    assert done.status is Status.BENEFIT_SANCTIONED
    assert done.decision is not None
    assert done.decision.officer_id == world.welfare.person_id
    assert await told(world, case) == ["desk.propose", "desk.confirm"]
    assert (await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c", case.version)))[1]
    with pytest.raises(Problems) as caught:
        await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c2"))
    assert refused(caught) is ErrorCode.PROPOSAL_MISSING


async def test_a_proposed_rejection_is_sent_back_and_may_be_proposed_again(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    await decide(world, world.welfare, case, verdict=Verdict.REJECT, ground=GROUND, reason=REASON)
    with pytest.raises(Problems) as caught:
        await send_back_decision(world.env, others.welfare, SendBackDecision(case.id, " ", "s"))
    assert refused(caught) is ErrorCode.REASON_REQUIRED
    await send_back_decision(world.env, others.welfare, SendBackDecision(case.id, "Look at the register.", "s"))
    async with world.env.store.read_transaction() as tx:
        proposal = (await desk.proposals(tx, [case.id]))[case.id]
    assert (proposal.state, proposal.answer_note) == (OpinionState.SENT_BACK, "Look at the register.")
    await decide(world, others.welfare, case, verdict=Verdict.REJECT, ground=GROUND, reason=REASON)
    done, _ = await confirm_decision(world.env, world.welfare, ConfirmDecision(case.id, "c"))
    assert done.status is Status.REJECTED
    assert done.decision is not None
    assert (done.decision.reason, done.decision.officer_id) == (REASON, others.welfare.person_id)


async def test_other_verdicts_and_unlawful_ones_do_not_wait(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    sent = await decide(world, world.welfare, case, verdict=Verdict.SEND_FOR_VERIFICATION)
    assert sent.status is Status.IN_VERIFICATION
    await withdraw_application(world.env, world.asha, Withdraw(case.id, "w", None))
    with pytest.raises(Problems) as caught:
        await decide(world, world.welfare, case, "late")
    assert refused(caught) is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_a_withdrawal_overtakes_a_proposal(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    await decide(world, world.welfare, case)
    await withdraw_application(world.env, world.asha, Withdraw(case.id, "w", None))
    with pytest.raises(Problems) as caught:
        await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert refused(caught) is ErrorCode.CONFLICT
    assert (await present(world.env, case.id)).status is Status.WITHDRAWN


async def test_a_case_with_a_proposal_is_not_forwarded(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    await decide(world, world.welfare, case)
    request = ForwardCase(case.id, others.welfare.person_id or "", "Leave.", "f")
    with pytest.raises(Problems) as caught:
        await forward_application(world.env, world.welfare, request)
    assert refused(caught) is ErrorCode.PROPOSAL_WAITS


async def test_a_bulk_approval_of_such_cases_says_that_they_wait(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    request = BulkDecide((Item(case.id),), Verdict.APPROVE, "b")
    (result,) = await bulk_decide(world.env, world.welfare, request)
    assert result.outcome is ItemOutcome.PROPOSED


async def test_services_without_the_rule_are_decided_by_one_officer(world: World):
    case = await world.submit(world.asha, FREE)
    assert (await decide(world, world.registrar, case)).status is Status.APPROVED
