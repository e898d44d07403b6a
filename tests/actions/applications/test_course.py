"""The steps of a service's definition: which moves are offered and allowed at each moment, on each store."""

from datetime import timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application, pass_verdict
from actions.certificates.issue import issue_certificate
from actions.clearances.clearances import AnswerClearance, AskClearance, answer_clearance, ask_clearance
from actions.kernel import UnitOfWork, courses_of, filed_as
from actions.officers.second_approvals import ConfirmDecision, SendBackDecision, confirm_decision, send_back_decision
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.catalogue.course import moves_in_course
from domain.clearances import Clearance, ClearanceState
from domain.kernel import ErrorCode, Problems, Subject
from domain.officers.desk import OpinionState
from store import clearances
from store.applications import applications, timeline
from store.officers import desk
from tests.support.actions import FakeRenderer, World
from tests.support.definitions import QUESTION, REVENUE, WELFARE, clearance_of, give_steps
from tests.support.desk import colleagues_of, enter_colleague

pytestmark = pytest.mark.integration


@pytest.fixture
def world(peopled: World) -> World:
    """The world on each store."""
    return peopled


async def pass_on(world: World, case: Application, verdict: Verdict, key: str = "", **more) -> Application:
    request = Decide(case.id, verdict, key or f"{verdict.value}-{case.id}", **more)
    return (await decide_application(world.env, world.registrar, request))[0]


async def refused(
    world: World, case: Application, verdict: Verdict, code: ErrorCode = ErrorCode.STEP_NEEDED_FIRST, **more
) -> dict[str, str]:
    """The parameters of the code with which the verdict is refused."""
    with pytest.raises(Problems) as caught:
        await pass_on(world, case, verdict, f"refused-{verdict.value}", **more)
    assert caught.value.code is code
    return dict(caught.value.problems[0].params)


async def offered(world: World, case: Application) -> frozenset[Move]:
    async with world.env.store.read_transaction() as tx:
        now = await applications.get(tx, case.id)
        assert now is not None
        return moves_in_course(now.status, (await courses_of(tx, [filed_as(now)])).get(filed_as(now)))


async def asked(world: World, case: Application) -> dict[str, Clearance]:
    async with world.env.store.read_transaction() as tx:
        found = (await clearances.of_applications(tx, [case.id])).get(case.id, [])
    return {one.department: one for one in found}


async def answer(world: World, by: Subject, clearance: Clearance, key: str = "answer") -> Clearance:
    return (await answer_clearance(world.env, by, AnswerClearance(clearance.id, True, "It is.", key)))[0]


async def confirm(world: World, by: Subject, case: Application, key: str = "yes") -> Application:
    return (await confirm_decision(world.env, by, ConfirmDecision(case.id, f"{key}-{by.person_id}")))[0]


async def members_of(world: World) -> list[Subject]:
    """Two more registrars of the same office."""
    return [(await colleagues_of(world)).registrar, await enter_colleague(world, "registrar-3", world.registrar)]


async def code_of(attempt) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await attempt
    return caught.value.code


async def moves_of(world: World, case: Application) -> list[Move]:
    async with world.env.store.read_transaction() as tx:
        return [one.move for one in (await timeline.timelines(tx, [case.id]))[case.id]]


async def test_a_compulsory_field_verification_comes_before_any_decision(world: World):
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", "ISSUE")
    case = await world.submit(world.asha)

    assert not {Move.APPROVE, Move.REJECT} & await offered(world, case)
    assert await refused(world, case, Verdict.APPROVE) == {"step": "FIELD_VERIFICATION"}
    grounds = {"ground": RejectionGround.NOT_ELIGIBLE, "reason": "No."}
    assert await refused(world, case, Verdict.REJECT, **grounds) == {"step": "FIELD_VERIFICATION"}
    await pass_on(world, case, Verdict.SEND_FOR_VERIFICATION)
    await pass_on(world, case, Verdict.REPORT_VERIFICATION, reason="Seen.")

    assert {Move.APPROVE, Move.REJECT} <= await offered(world, case)
    assert (await pass_on(world, case, Verdict.APPROVE)).status is Status.APPROVED


async def test_an_optional_field_verification_may_be_left_out(world: World):
    await give_steps(world, "SCRUTINY", {"kind": "FIELD_VERIFICATION", "optional": True}, "ISSUE")
    case = await world.submit(world.asha)

    assert {Move.APPROVE, Move.SEND_FOR_VERIFICATION} <= await offered(world, case)
    assert (await pass_on(world, case, Verdict.APPROVE)).status is Status.APPROVED


async def test_a_step_that_the_definition_does_not_have_is_neither_offered_nor_allowed(world: World):
    await give_steps(world, "SCRUTINY", "ISSUE")
    case = await world.submit(world.asha)

    assert not {Move.SEND_FOR_VERIFICATION, Move.ASK_CLEARANCE} & await offered(world, case)
    with pytest.raises(Problems) as caught:
        await pass_on(world, case, Verdict.SEND_FOR_VERIFICATION)
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    with pytest.raises(Problems) as caught:
        await ask_clearance(world.env, world.registrar, AskClearance(case.id, (REVENUE,), "Is it?", "ask"))
    assert caught.value.code is ErrorCode.TRANSITION_NOT_ALLOWED
    assert await asked(world, case) == {}


async def test_the_named_department_is_asked_as_soon_as_its_turn_comes(world: World):
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", clearance_of(REVENUE), "ISSUE")
    case = await world.submit(world.asha)
    assert await asked(world, case) == {}

    await pass_on(world, case, Verdict.SEND_FOR_VERIFICATION)
    await pass_on(world, case, Verdict.REPORT_VERIFICATION, reason="Seen.")

    found = (await asked(world, case))[REVENUE]
    assert (found.state, found.asked_by) == (ClearanceState.ASKED, None)
    assert found.question == f"{QUESTION['hi']}\n{QUESTION['en']}"
    assert await refused(world, case, Verdict.APPROVE, ErrorCode.CLEARANCE_PENDING) == {"department": REVENUE}
    await answer(world, world.tehsildar, found)
    assert (await pass_on(world, case, Verdict.APPROVE)).status is Status.APPROVED
    assert (await moves_of(world, case)).count(Move.ASK_CLEARANCE) == 1


async def test_departments_in_a_row_are_asked_at_once_each_once(world: World):
    await give_steps(world, "SCRUTINY", clearance_of(REVENUE), clearance_of(WELFARE), "ISSUE")
    case = await world.submit(world.asha)

    found = await asked(world, case)
    assert case.status is Status.IN_VERIFICATION
    assert set(found) == {REVENUE, WELFARE}
    await answer(world, world.tehsildar, found[REVENUE])
    await answer(world, world.tehsildar, found[REVENUE])
    assert await refused(world, case, Verdict.APPROVE, ErrorCode.CLEARANCE_PENDING) == {"department": WELFARE}
    await answer(world, world.welfare, found[WELFARE], "answer-2")
    assert (await pass_on(world, case, Verdict.APPROVE)).status is Status.APPROVED


async def test_a_submission_that_is_sent_twice_asks_the_department_once(world: World):
    await give_steps(world, "SCRUTINY", clearance_of(REVENUE), "ISSUE")

    case = await world.submit(world.asha)
    again = await world.submit(world.asha)

    assert (again.id, again.version) == (case.id, case.version)
    assert (await moves_of(world, case)).count(Move.ASK_CLEARANCE) == 1


async def test_what_begins_by_itself_is_written_with_the_step_before_it_or_not_at_all(world: World):
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", clearance_of(REVENUE), "ISSUE")
    case = await world.submit(world.asha)
    sent = await pass_on(world, case, Verdict.SEND_FOR_VERIFICATION)
    report = Decide(case.id, Verdict.REPORT_VERIFICATION, "cut-off", reason="Seen.")

    with pytest.raises(ZeroDivisionError):
        await world.env.store.carry_out(lambda tx: cut_off(UnitOfWork(world.env, tx, world.registrar), report))

    async with world.env.store.read_transaction() as tx:
        assert await applications.get(tx, case.id) == sent
    assert await asked(world, case) == {}
    await pass_on(world, case, Verdict.REPORT_VERIFICATION, reason="Seen.")
    assert set(await asked(world, case)) == {REVENUE}


async def cut_off(acting: UnitOfWork, report: Decide) -> None:
    """Pass a verdict and end before its transaction does."""
    await pass_verdict(acting, report)
    raise ZeroDivisionError


async def test_a_second_approval_of_the_definition_lets_the_verdict_wait_once_the_other_steps_are_done(world: World):
    others = await colleagues_of(world)
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", "SECOND_APPROVAL", "ISSUE")
    case = await world.submit(world.asha)
    assert await refused(world, case, Verdict.APPROVE) == {"step": "FIELD_VERIFICATION"}
    await pass_on(world, case, Verdict.SEND_FOR_VERIFICATION)
    await pass_on(world, case, Verdict.REPORT_VERIFICATION, reason="Seen.")

    assert (await pass_on(world, case, Verdict.APPROVE)).status is Status.IN_SCRUTINY
    confirmed, _ = await confirm_decision(world.env, others.registrar, ConfirmDecision(case.id, "yes"))

    assert confirmed.status is Status.APPROVED


async def test_a_case_ends_under_the_steps_with_which_it_began(world: World):
    before = await world.submit(world.asha)
    await give_steps(world, "SCRUTINY", "FIELD_VERIFICATION", "ISSUE")
    after = await world.submit(world.sunil, idempotency_key="sunil")

    assert Move.APPROVE in await offered(world, before)
    assert Move.APPROVE not in await offered(world, after)
    assert (await pass_on(world, before, Verdict.APPROVE)).status is Status.APPROVED
    await give_steps(world, "SCRUTINY", "ISSUE")
    assert await refused(world, after, Verdict.APPROVE) == {"step": "FIELD_VERIFICATION"}


async def test_a_committee_decides_once_its_quorum_agrees(world: World):
    members = await members_of(world)
    await give_steps(world, "SCRUTINY", {"kind": "COMMITTEE", "members": 4, "quorum": 3}, "ISSUE")
    case = await world.submit(world.asha)
    await pass_on(world, case, Verdict.APPROVE)

    after_two = await confirm(world, members[0], case)
    again = await code_of(confirm(world, members[0], case, "again"))
    after_three = await confirm(world, members[1], case)

    assert (after_two.status, again) == (Status.IN_SCRUTINY, ErrorCode.SECOND_OFFICER_NEEDED)
    assert (after_three.status, after_three.decision.officer_id) == (Status.APPROVED, world.registrar.person_id)


async def test_a_committee_sends_back_what_can_find_no_quorum_any_more(world: World):
    members = await members_of(world)
    await give_steps(world, "SCRUTINY", {"kind": "COMMITTEE", "members": 3, "quorum": 2}, "ISSUE")
    case = await world.submit(world.asha)
    await pass_on(world, case, Verdict.APPROVE)

    for place, reason in enumerate(("The map is old.", "So it is.")):
        await send_back_decision(world.env, members[place], SendBackDecision(case.id, reason, f"no-{place}"))

    async with world.env.store.read_transaction() as tx:
        proposal = (await desk.proposals(tx, [case.id]))[case.id]
        weighed = (await desk.weighed_by(tx, [case.id]))[case.id]
    assert (proposal.state, proposal.answer_note) == (OpinionState.SENT_BACK, "The map is old.\nSo it is.")
    assert weighed == {one.person_id for one in (world.registrar, *members[:2])}
    assert (await pass_on(world, case, Verdict.APPROVE, "anew")).status is Status.IN_SCRUTINY


async def test_a_certificate_holds_as_long_as_the_definition_says_that_the_case_was_filed_under(world: World):
    await give_steps(world, "SCRUTINY", "ISSUE", valid_months=12)
    case = await world.submit(world.asha)
    await give_steps(world, "SCRUTINY", "ISSUE", valid_months=1)
    await pass_on(world, case, Verdict.APPROVE)

    issued = await issue_certificate(world.env, case.id, FakeRenderer())

    assert issued.valid_until == issued.issued_on.replace(year=issued.issued_on.year + 1) - timedelta(days=1)
