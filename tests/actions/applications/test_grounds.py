"""Coded grounds and the notified list of papers, on every way by which a verdict is passed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.officers.bulk import BulkDecide, Item, ItemOutcome, bulk_decide
from actions.officers.offline import OfflineDecision, queue_pack, replay_decisions
from actions.officers.second_approvals import ConfirmDecision, confirm_decision
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.catalogue.catalogue import RequiredDocument
from domain.kernel import ErrorCode, Problems, Subject, ist_date
from store.applications import applications, timeline
from store.catalogue import catalogue
from store.officers import desk
from tests.support.actions import FREE, World
from tests.support.desk import DISABILITY_PENSION, colleagues_of, officer_of

NOTIFIED, FOREIGN = "id-proof", "land-deed"
FOUNDED = (Verdict.REJECT, Verdict.RAISE_QUERY, Verdict.RETURN_AS_INCOMPLETE)
"""Verdicts that need a coded ground and a reason."""

Pass = Callable[[World, Subject, Decide], Awaitable[None]]
"""Passes a verdict and raises what refuses it."""


@pytest.fixture(autouse=True)
async def notified(world: World) -> None:
    """Both services that are used here have one paper on their list."""
    async with world.env.store.write_transaction() as tx:
        services = await catalogue.services_by_codes(tx, [FREE, DISABILITY_PENSION])
        paper = RequiredDocument(NOTIFIED, "ID Proof", required=False)
        await catalogue.upsert_services(tx, [replace(one, documents=(paper,)) for one in services.values()])


async def by_itself(world: World, officer: Subject, verdict: Decide) -> None:
    await decide_application(world.env, officer, verdict)


async def in_bulk(world: World, officer: Subject, verdict: Decide) -> None:
    request = BulkDecide(
        (Item(verdict.application_id),),
        verdict.verdict,
        verdict.idempotency_key,
        verdict.ground,
        verdict.reason,
        verdict.documents,
    )
    (result,) = await bulk_decide(world.env, officer, request)
    if isinstance(result.error, Problems):
        assert result.outcome is ItemOutcome.REFUSED
        raise result.error


async def without_signal(world: World, officer: Subject, verdict: Decide) -> None:
    today = ist_date(world.clock.now())
    given = await queue_pack(world.env, officer, await officer_of(world, officer), today)
    decision = OfflineDecision(
        verdict.application_id,
        given.pack.cases[verdict.application_id],
        verdict.idempotency_key,
        verdict.verdict,
        world.clock.now(),
        verdict.ground,
        verdict.reason,
        verdict.documents,
    )
    (result,) = await replay_decisions(world.env, officer, given.pack.id, [decision], given.signed)
    if isinstance(result.error, Problems):
        raise result.error


WAYS = (by_itself, in_bulk, without_signal)
WRONG = (
    ({"ground": None}, ErrorCode.REASON_REQUIRED, ("input", "ground")),
    ({"reason": "  "}, ErrorCode.REASON_REQUIRED, ("input", "reason")),
    ({"documents": (NOTIFIED, FOREIGN)}, ErrorCode.DOCUMENT_NOT_NOTIFIED, ("input", "documents", "1")),
    ({"documents": ()}, ErrorCode.REASON_REQUIRED, ("input", "documents")),
)


def verdict_on(case: Application, what: Verdict, key: str, **changes) -> Decide:
    ground = RejectionGround.DOCUMENT_NOT_LEGIBLE
    right = Decide(case.id, what, key, None, ground, "It cannot be read.", (NOTIFIED,))
    return replace(right, **changes)


async def last_step(world: World, case: Application):
    async with world.env.store.read_transaction() as tx:
        return (await timeline.timelines(tx, [case.id]))[case.id][-1]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_paper_outside_the_notified_list_cannot_be_asked_for_by_any_way(world: World, way: Pass):
    case = await world.submit(world.asha, FREE)
    for what in FOUNDED:
        for number, (changes, code, path) in enumerate(WRONG):
            with pytest.raises(Problems) as caught:
                await way(world, world.registrar, verdict_on(case, what, f"{what}{number}", **changes))
            assert (caught.value.code, caught.value.problems[0].path) == (code, path)
    async with world.env.store.read_transaction() as tx:
        assert (await applications.get(tx, case.id)) == case


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_coded_ground_and_its_papers_are_in_the_timeline_whatever_the_way(world: World, way: Pass):
    moves = {
        Verdict.REJECT: Move.REJECT,
        Verdict.RAISE_QUERY: Move.RAISE_QUERY,
        Verdict.RETURN_AS_INCOMPLETE: Move.RETURN_AS_INCOMPLETE,
    }
    for what, citizen in (
        (Verdict.REJECT, world.asha),
        (Verdict.RETURN_AS_INCOMPLETE, world.asha),
        (FOUNDED[1], world.sunil),
    ):
        case = await world.submit(citizen, FREE, idempotency_key=what.value)
        await way(world, world.registrar, verdict_on(case, what, f"d{what}"))
        step = await last_step(world, case)
        assert (step.move, step.ground) == (moves[what], RejectionGround.DOCUMENT_NOT_LEGIBLE)
        assert step.documents == (NOTIFIED,)
        assert (step.note or "").startswith("It cannot be read.")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a_second_officer_s_confirmation_carries_ground_and_papers_to_the_timeline(world: World, way: Pass):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    for number, (changes, code, path) in enumerate(WRONG):
        with pytest.raises(Problems) as caught:
            await way(world, world.welfare, verdict_on(case, Verdict.REJECT, f"w{number}", **changes))
        assert (caught.value.code, caught.value.problems[0].path) == (code, path)
    async with world.env.store.read_transaction() as tx:
        assert await desk.proposals(tx, [case.id]) == {}
    await way(world, world.welfare, verdict_on(case, Verdict.REJECT, "right"))
    done, _ = await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    step = await last_step(world, case)
    assert (done.status, step.move, step.ground, step.documents, step.note) == (
        Status.REJECTED,
        Move.REJECT,
        RejectionGround.DOCUMENT_NOT_LEGIBLE,
        (NOTIFIED,),
        "It cannot be read.",
    )
    assert step.actor_id == others.welfare.person_id
    assert done.decision is not None
    assert done.decision.officer_id == world.welfare.person_id


async def list_only(world: World, paper: str) -> None:
    async with world.env.store.write_transaction() as tx:
        service = (await catalogue.services_by_codes(tx, [DISABILITY_PENSION]))[DISABILITY_PENSION]
        only = RequiredDocument(paper, "Paper", required=False)
        await catalogue.upsert_services(tx, [replace(service, documents=(only,))])


async def test_a_paper_that_left_the_list_meanwhile_is_confirmed_as_one_of_the_list_that_was_filed_under(world: World):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    await by_itself(world, world.welfare, verdict_on(case, Verdict.REJECT, "d"))
    await list_only(world, FOREIGN)
    done, _ = await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    step = await last_step(world, case)
    assert (done.status, step.move, step.documents) == (Status.REJECTED, Move.REJECT, (NOTIFIED,))


async def test_a_paper_that_came_to_the_list_meanwhile_is_neither_proposed_nor_confirmed(world: World):
    others = await colleagues_of(world)
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    await by_itself(world, world.welfare, verdict_on(case, Verdict.REJECT, "d"))
    await list_only(world, FOREIGN)
    with pytest.raises(Problems) as caught:
        await by_itself(world, world.welfare, verdict_on(case, Verdict.REJECT, "e", documents=(FOREIGN,)))
    assert caught.value.code is ErrorCode.DOCUMENT_NOT_NOTIFIED
    async with world.env.store.write_transaction() as tx:
        waiting = (await desk.proposals(tx, [case.id]))[case.id]
        assert waiting.documents == (NOTIFIED,)
        await desk.add_proposal(tx, replace(waiting, id=world.env.ids.key(), documents=(FOREIGN,)))
    with pytest.raises(Problems) as caught:
        await confirm_decision(world.env, others.welfare, ConfirmDecision(case.id, "c"))
    assert caught.value.code is ErrorCode.DOCUMENT_NOT_NOTIFIED
    async with world.env.store.read_transaction() as tx:
        assert (await desk.proposals(tx, [case.id]))[case.id].documents == (FOREIGN,)
        held = await applications.get(tx, case.id)
    assert held is not None
    assert held.status is case.status


async def test_a_case_that_was_returned_or_rejected_for_a_ground_is_not_decided_again(world: World):
    case = await world.submit(world.asha, FREE)
    await by_itself(world, world.registrar, verdict_on(case, Verdict.RETURN_AS_INCOMPLETE, "r"))
    for what in FOUNDED:
        with pytest.raises(Problems) as caught:
            await by_itself(world, world.registrar, verdict_on(case, what, f"again{what}"))
        assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
