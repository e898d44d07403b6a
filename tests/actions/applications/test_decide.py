"""An officer's verdicts: who may, on which version, with which reasons, and what each leads to."""

import asyncio
from datetime import timedelta

import pytest

from actions.applications.decide import ISSUE, Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, answer_query
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems, Subject, ist_date
from store.applications import timeline
from store.etaal import ledger, ledger_seal
from store.identity import accesses
from store.platform import outbox
from tests.support.actions import FREE, ORDER, World

GROUND, REASON = RejectionGround.NOT_ELIGIBLE, "The child was born in another state."


async def verdict(
    world: World, officer: Subject, application: Application, what: Verdict, key: str = "", **changes: object
) -> Application:
    request = Decide(application.id, what, key or f"{what}-{application.version}", **changes)  # type: ignore[arg-type]
    return (await decide_application(world.env, officer, request))[0]


async def refused(
    world: World, officer: Subject, application: Application, what: Verdict, **changes: object
) -> Problems:
    with pytest.raises(Problems) as caught:
        await verdict(world, officer, application, what, **changes)
    return caught.value


async def test_an_approved_certificate_service_waits_for_the_worker(world: World):
    application = await world.submit(world.asha)
    approved = await verdict(world, world.registrar, application, Verdict.APPROVE)
    assert approved.status is Status.APPROVED
    assert approved.decision is not None
    assert approved.decision.officer_id == world.registrar.person_id
    async with world.env.store.write_transaction() as tx:
        messages = await outbox.claim(tx, "test", 10, 60)
    assert [(message.topic, message.payload) for message in messages] == [(ISSUE, {"application_id": application.id})]


async def test_an_approved_order_is_delivered_and_counted_on_its_day(world: World):
    delivered = await world.approved(world.asha, ORDER, world.employment)
    assert delivered.status is Status.DELIVERED
    assert delivered.delivered_at == world.clock.now()
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        counts = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert [(count.service_code, count.district, count.category, count.count) for count in counts] == [
        (ORDER, "49", "A", 1)
    ]


async def test_a_rejection_is_a_reasoned_order_and_counts_too(world: World):
    application = await world.submit(world.asha)
    rejected = await verdict(
        world, world.registrar, application, Verdict.REJECT, ground=GROUND, reason=f"  {REASON} 9999 4105 7058"
    )
    assert rejected.status is Status.REJECTED
    assert rejected.decision is not None
    assert (rejected.decision.approved, rejected.decision.ground) == (False, GROUND)
    assert rejected.decision.reason == f"{REASON} XXXX XXXX 7058"
    await ledger_seal.seal(world.env.store)
    async with world.env.store.read_transaction() as tx:
        entry = (await timeline.timelines(tx, [application.id]))[application.id][-1]
        counts = await ledger.counts_on(tx, ist_date(world.clock.now()))
    assert (entry.ground, entry.note) == (GROUND, rejected.decision.reason)
    assert sum(count.count for count in counts) == 1


@pytest.mark.parametrize(
    ("what", "given", "paths"),
    [
        (Verdict.REJECT, {}, [("input", "ground"), ("input", "reason")]),
        (Verdict.REJECT, {"ground": GROUND, "reason": "  "}, [("input", "reason")]),
        (Verdict.RETURN_AS_INCOMPLETE, {"reason": REASON}, [("input", "ground")]),
        (Verdict.RAISE_QUERY, {}, [("input", "ground"), ("input", "reason")]),
    ],
)
async def test_a_refusal_needs_a_ground_and_a_reason(
    world: World, what: Verdict, given: dict[str, object], paths: list[tuple[str, ...]]
):
    application = await world.submit(world.asha)
    problems = await refused(world, world.registrar, application, what, **given)
    assert [(problem.code, problem.path) for problem in problems.problems] == [
        (ErrorCode.REASON_REQUIRED, path) for path in paths
    ]


async def test_absent_foreign_and_out_of_jurisdiction_are_one_answer(world: World):
    application = await world.submit(world.asha)
    answers = []
    for officer, wanted in (
        (world.elsewhere, application.id),
        (world.tehsildar, application.id),
        (world.asha, application.id),
        (world.registrar, "absent"),
    ):
        with pytest.raises(Problems) as caught:
            await decide_application(world.env, officer, Decide(wanted, Verdict.APPROVE, "k"))
        answers.append((caught.value.problems, str(caught.value)))
    assert {(problems[0].code, problems[0].path, text) for problems, text in answers} == {
        (ErrorCode.NOT_FOUND, ("input", "applicationId"), "NOT_FOUND")
    }


async def test_a_stale_version_is_told_the_present_one(world: World):
    application = await world.submit(world.asha)
    await verdict(world, world.registrar, application, Verdict.SEND_FOR_VERIFICATION)
    problems = await refused(world, world.registrar, application, Verdict.APPROVE, expected_version=application.version)
    assert problems.code is ErrorCode.CONFLICT
    assert problems.problems[0].params == {"version": str(application.version + 1), "status": "IN_VERIFICATION"}


async def test_an_unlawful_step_names_state_and_step(world: World):
    application = await world.submit(world.asha)
    problems = await refused(world, world.registrar, application, Verdict.REPORT_VERIFICATION)
    assert problems.code is ErrorCode.TRANSITION_NOT_ALLOWED
    assert problems.problems[0].params == {"status": "IN_SCRUTINY", "move": "REPORT_VERIFICATION"}


async def test_of_two_verdicts_at_once_one_wins(world: World):
    application = await world.submit(world.asha)
    outcomes = await asyncio.gather(
        *(
            verdict(world, world.registrar, application, what, expected_version=application.version, **given)
            for what, given in (
                (Verdict.APPROVE, {}),
                (Verdict.REJECT, {"ground": GROUND, "reason": REASON}),
            )
        ),
        return_exceptions=True,
    )
    lost = [outcome for outcome in outcomes if isinstance(outcome, Problems)]
    assert [problems.code for problems in lost] == [ErrorCode.CONFLICT]


async def test_a_query_stops_the_clock_and_its_answer_moves_the_due_date(world: World):
    application = await world.submit(world.asha)
    asked = await verdict(
        world, world.registrar, application, Verdict.RAISE_QUERY, ground=GROUND, reason="Which hospital?"
    )
    assert (asked.status, asked.paused_since) == (Status.QUERY_RAISED, world.clock.now())
    world.clock.advance(timedelta(days=5))
    answer = AnswerQuery(application.id, "The district hospital.", {"hospital": "District"}, "answer")
    answered, _ = await answer_query(world.env, world.asha, answer)
    assert (answered.status, answered.paused_since, answered.paused_days) == (Status.IN_SCRUTINY, None, 5)
    assert application.due_at is not None
    assert answered.due_at == application.due_at + timedelta(days=5)
    assert answered.form["hospital"] == "District"
    assert answered.form["father_name"] == "Bachan Singh"


async def test_field_verification_goes_out_and_comes_back(world: World):
    application = await world.submit(world.asha)
    out = await verdict(world, world.registrar, application, Verdict.SEND_FOR_VERIFICATION)
    back = await verdict(world, world.registrar, out, Verdict.REPORT_VERIFICATION, reason="Seen on the spot.")
    assert (out.status, back.status) == (Status.IN_VERIFICATION, Status.IN_SCRUTINY)


async def test_a_touch_of_a_citizens_data_by_an_officer_leaves_a_receipt(world: World):
    application = await world.submit(world.asha)
    await verdict(world, world.registrar, application, Verdict.APPROVE)
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
    assert [(receipt.role, receipt.purpose, receipt.object_id) for receipt in receipts] == [
        ("OFFICER", "DECIDE", application.id)
    ]


async def test_a_repeated_verdict_is_passed_once(world: World):
    application = await world.submit(world.asha)
    request = Decide(application.id, Verdict.APPROVE, "once", expected_version=application.version)
    first = await decide_application(world.env, world.registrar, request)
    again = await decide_application(world.env, world.registrar, request)
    assert (first[1], again[1]) == (False, True)
    assert first[0].version == again[0].version


async def test_a_submission_that_lay_still_is_opened_by_the_first_verdict(world: World):
    from actions.applications.submit import file
    from actions.kernel import UnitOfWork
    from tests.support.actions import request_for

    async with world.env.store.write_transaction() as tx:
        application, _ = await file(UnitOfWork(world.env, tx, world.asha), request_for(FREE), [])
    assert application.status is Status.SUBMITTED
    opened = await verdict(world, world.registrar, application, Verdict.SEND_FOR_VERIFICATION)
    assert (opened.status, opened.clock_started_at) == (Status.IN_VERIFICATION, world.clock.now())
