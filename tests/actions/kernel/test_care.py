"""Feedback, grievances, suggestions, tracking and the first page: who may, how often, and what is kept."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.feedback.feedback import GiveFeedback, give_feedback, service_levels
from actions.feedback.grievances import (
    MoveGrievance,
    RaiseGrievance,
    ReplyToGrievance,
    escalate_overdue,
    move_grievance,
    raise_grievance,
    reply_to_grievance,
)
from actions.feedback.suggestions import MakeSuggestion, ReplyToSuggestion, make_suggestion, reply_to_suggestion
from actions.feedback.tracking import forget_tries, track_application
from actions.statistics.dashboard import dashboard_of
from domain.applications.lifecycle import Status
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import Grievance, GrievanceCategory, GrievanceMove, GrievanceState
from domain.feedback.tracking import SecondFactor
from domain.kernel import (
    ANONYMOUS,
    Bilingual,
    ErrorCode,
    NotSignedIn,
    NumberKind,
    Officer,
    PersonKind,
    Posting,
    Problems,
    Role,
    Subject,
    make_number,
    parse_number,
)
from store.database import audit
from store.feedback import grievances
from store.identity import accesses, people
from tests.support.actions import FREE, ORDER, World

MOBILE = SecondFactor(mobile_last4="0001")
WRONG = SecondFactor(mobile_last4="9999")


async def refused(call: Any) -> Any:
    with pytest.raises(Problems) as caught:
        await call
    return caught.value.problems[0]


async def staff(world: World, name: str, role: Role, department: str | None = "panchayati-raj-development") -> Subject:
    posting = Posting(role, department, None, None)
    title = Bilingual(None, name)
    officer = Officer(world.env.ids.key(), title, title, f"{name}@office.example", (posting,))
    async with world.env.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset({role}), PersonKind.OFFICER, officer.id, officer.postings)


async def complaint(world: World, **changes: Any) -> Grievance:
    application = await world.submit(world.asha)
    request = RaiseGrievance(application.id, GrievanceCategory.DELAY, "No answer for weeks.", "g")
    return (await raise_grievance(world.env, world.asha, replace(request, **changes)))[0]


async def test_feedback_is_given_after_the_decision_and_changed_for_seven_days(world: World):
    application = await world.submit(world.asha)
    early = give_feedback(world.env, world.asha, GiveFeedback(application.id, 5, None, "early"))
    assert (await refused(early)).code is ErrorCode.FEEDBACK_TOO_EARLY
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "d"))

    given, replayed = await give_feedback(world.env, world.asha, GiveFeedback(application.id, 5, " Good ", "f"))
    assert (given.rating, given.text, given.officer_id, replayed) == (5, "Good", world.registrar.person_id, False)
    assert (await give_feedback(world.env, world.asha, GiveFeedback(application.id, 5, " Good ", "f")))[1]
    world.clock.advance(timedelta(days=7))
    changed, _ = await give_feedback(world.env, world.asha, GiveFeedback(application.id, 2, "Slow", "later"))
    assert (changed.rating, changed.text, changed.created_at) == (2, "Slow", given.created_at)
    world.clock.advance(timedelta(seconds=1))
    late = give_feedback(world.env, world.asha, GiveFeedback(application.id, 1, None, "late"))
    assert (await refused(late)).code is ErrorCode.FEEDBACK_CLOSED


@pytest.mark.parametrize(("text", "stays"), [(None, "Good"), ("", None), ("Bad", "Bad")])
async def test_stars_alone_leave_the_words_given_before_and_an_empty_text_takes_them_away(
    world: World, text: str | None, stays: str | None
):
    application = await world.approved(world.asha, FREE, world.registrar)
    await give_feedback(world.env, world.asha, GiveFeedback(application.id, 5, "Good", "first"))

    changed, _ = await give_feedback(world.env, world.asha, GiveFeedback(application.id, 2, text, "second"))

    assert (changed.rating, changed.text) == (2, stays)


@pytest.mark.parametrize("who", ["sunil", "registrar", "operator"])
async def test_nobody_else_rates_a_case(world: World, who: str):
    application = await world.approved(world.asha, FREE, world.registrar)
    call = give_feedback(world.env, getattr(world, who), GiveFeedback(application.id, 1, None, "x"))
    assert (await refused(call)).code is ErrorCode.NOT_FOUND


async def test_averages_are_for_auditors_and_for_the_department(world: World):
    for citizen, rating in ((world.asha, 5), (world.sunil, 2)):
        application = await world.approved(citizen, FREE, world.registrar, idempotency_key=str(rating))
        await give_feedback(world.env, citizen, GiveFeedback(application.id, rating, None, "f"))
    auditor = await staff(world, "auditor", Role.AUDITOR, None)
    admin = await staff(world, "admin", Role.DEPARTMENT_ADMIN)
    other = await staff(world, "other", Role.DEPARTMENT_ADMIN, "revenue-department")
    for asker in (auditor, admin):
        (level,) = await service_levels(world.env, asker, 30)
        assert (level.officer_id, level.service_code, level.ratings, level.average) == (
            world.registrar.person_id,
            FREE,
            2,
            350,
        )
    for stranger in (other, world.registrar, world.asha, world.operator):
        assert await service_levels(world.env, stranger, 30) == []
    with pytest.raises(NotSignedIn):
        await service_levels(world.env, ANONYMOUS, 30)
    world.clock.advance(timedelta(days=31))
    assert await service_levels(world.env, auditor, 30) == []


async def test_a_grievance_has_a_number_a_due_date_and_a_reply(world: World):
    made = await complaint(world)
    assert parse_number(made.number, NumberKind.GRIEVANCE)
    assert (made.due_at - world.clock.now()).days == 30
    answered, _ = await reply_to_grievance(world.env, world.registrar, ReplyToGrievance(made.id, "This week.", "r"))
    assert answered.state is GrievanceState.ANSWERED
    async with world.env.store.read_transaction() as tx:
        (reply,) = (await grievances.replies(tx, [made.id]))[made.id]
        read = [receipt.purpose for receipt in await accesses.of_citizen(tx, made.citizen_id, 10)]
    assert (reply.text, reply.officer_id) == ("This week.", world.registrar.person_id)
    assert "RESPOND" in read
    closed, _ = await move_grievance(world.env, world.asha, MoveGrievance(made.id, GrievanceMove.CLOSE, "c"))
    assert closed.state is GrievanceState.CLOSED
    assert closed.closed_at == world.clock.now()
    again = reply_to_grievance(world.env, world.registrar, ReplyToGrievance(made.id, "Once more.", "r2"))
    assert (await refused(again)).code is ErrorCode.STEP_NOT_ALLOWED


async def test_a_grievance_about_personal_data_has_its_own_period(world: World):
    env = replace(world.env, rules=replace(world.env.rules, care=replace(world.env.rules.care, data_grievance_days=10)))
    application = await world.submit(world.asha)
    request = RaiseGrievance(application.id, GrievanceCategory.PERSONAL_DATA, "Who read it?", "g")
    made, _ = await raise_grievance(env, world.asha, request)
    assert (made.due_at - world.clock.now()).days == 10


@pytest.mark.parametrize("who", ["sunil", "elsewhere", "tehsildar"])
async def test_a_grievance_is_not_there_for_strangers(world: World, who: str):
    made = await complaint(world)
    stranger = getattr(world, who)
    reply = reply_to_grievance(world.env, stranger, ReplyToGrievance(made.id, "No.", "r"))
    assert (await refused(reply)).code is ErrorCode.NOT_FOUND
    close = move_grievance(world.env, stranger, MoveGrievance(made.id, GrievanceMove.CLOSE, "c"))
    assert (await refused(close)).code is ErrorCode.NOT_FOUND
    absent = move_grievance(world.env, stranger, MoveGrievance("absent", GrievanceMove.CLOSE, "a"))
    assert (await refused(absent)).path == ("input", "grievanceId")


async def test_the_citizen_does_not_answer_herself_and_the_officer_does_not_close(world: World):
    made = await complaint(world)
    own = reply_to_grievance(world.env, world.asha, ReplyToGrievance(made.id, "Fine.", "r"))
    assert (await refused(own)).code is ErrorCode.NOT_FOUND
    close = move_grievance(world.env, world.registrar, MoveGrievance(made.id, GrievanceMove.CLOSE, "c"))
    assert (await refused(close)).code is ErrorCode.NOT_FOUND


async def test_a_second_grievance_of_the_kind_waits_for_the_first(world: World):
    made = await complaint(world)
    twin = raise_grievance(
        world.env, world.asha, RaiseGrievance(made.application_id, GrievanceCategory.DELAY, "Again.", "g2")
    )
    problem = await refused(twin)
    assert (problem.code, problem.params) == (ErrorCode.GRIEVANCE_OPEN, {"number": made.number})
    other = RaiseGrievance(made.application_id, GrievanceCategory.CONDUCT, "Rude.", "g3")
    assert (await raise_grievance(world.env, world.asha, other))[0].id != made.id


async def test_an_operator_raises_a_grievance_for_the_citizen_whom_she_helps(world: World):
    application = await world.submit(world.asha)
    request = RaiseGrievance(application.id, GrievanceCategory.OTHER, "Said at the centre.", "g")
    assert (await raise_grievance(world.env, world.operator, request))[0].citizen_id == world.asha.person_id


async def test_what_is_overdue_goes_up_by_itself_and_is_answered_from_above_only(world: World):
    made = await complaint(world)
    too_early = move_grievance(world.env, world.asha, MoveGrievance(made.id, GrievanceMove.ESCALATE, "e"))
    assert (await refused(too_early)).code is ErrorCode.STEP_NOT_ALLOWED
    assert await escalate_overdue(world.env) == 0
    world.clock.advance(timedelta(days=32))
    assert await escalate_overdue(world.env) == 1
    assert await escalate_overdue(world.env) == 0
    same_level = reply_to_grievance(world.env, world.registrar, ReplyToGrievance(made.id, "Sorry.", "r"))
    assert (await refused(same_level)).code is ErrorCode.FORBIDDEN
    admin = await staff(world, "admin", Role.DEPARTMENT_ADMIN)
    answered, _ = await reply_to_grievance(world.env, admin, ReplyToGrievance(made.id, "Sorry.", "r"))
    assert (answered.state, answered.escalated) == (GrievanceState.ANSWERED, True)


async def test_the_loser_of_two_replies_gets_the_present_state(world: World):
    made = await complaint(world)
    request = ReplyToGrievance(made.id, "First.", "r", expected_version=made.version)
    await reply_to_grievance(world.env, world.registrar, request)
    late = replace(request, text="Second.", idempotency_key="r2")
    problem = await refused(reply_to_grievance(world.env, world.registrar, late))
    assert (problem.code, problem.params["status"]) == (ErrorCode.CONFLICT, "ANSWERED")


async def test_texts_in_a_day_are_bounded(world: World):
    env = replace(world.env, rules=replace(world.env.rules, care=replace(world.env.rules.care, texts_per_day=2)))
    for place in range(2):
        await make_suggestion(env, world.asha, MakeSuggestion(FREE, None, f"Idea {place}", str(place)))
    third = make_suggestion(env, world.asha, MakeSuggestion(FREE, None, "Idea", "third"))
    assert (await refused(third)).code is ErrorCode.RATE_LIMITED
    world.clock.advance(timedelta(days=1, seconds=1))
    assert (await make_suggestion(env, world.asha, MakeSuggestion(FREE, None, "Idea", "fourth")))[0].text == "Idea"


async def test_citizens_and_officers_suggest_and_the_department_replies(world: World):
    by_citizen, _ = await make_suggestion(world.env, world.asha, MakeSuggestion(FREE, "49", "By SMS too.", "s"))
    by_officer, _ = await make_suggestion(world.env, world.tehsildar, MakeSuggestion(FREE, None, "One form.", "s"))
    assert by_citizen.citizen_id == world.asha.person_id
    assert by_officer.officer_id == world.tehsildar.person_id
    admin = await staff(world, "admin", Role.DEPARTMENT_ADMIN)
    review = ReplyToSuggestion(by_citizen.id, SuggestionState.UNDER_REVIEW, "We look at it.", "r")
    assert (await reply_to_suggestion(world.env, admin, review))[0].state is SuggestionState.UNDER_REVIEW
    final = ReplyToSuggestion(by_citizen.id, SuggestionState.ACCEPTED, "It will come.", "r2")
    saved, _ = await reply_to_suggestion(world.env, admin, final)
    assert (saved.state, saved.reply, saved.replied_by) == (SuggestionState.ACCEPTED, "It will come.", admin.person_id)


async def test_suggestions_are_not_for_operators_and_replies_not_for_others(world: World):
    made, _ = await make_suggestion(world.env, world.asha, MakeSuggestion(FREE, None, "By SMS too.", "s"))
    operator = make_suggestion(world.env, world.operator, MakeSuggestion(FREE, None, "Mine.", "s"))
    assert (await refused(operator)).code is ErrorCode.FORBIDDEN
    other = await staff(world, "other", Role.DEPARTMENT_ADMIN, "revenue-department")
    for stranger in (world.asha, world.sunil, world.registrar, other):
        reply = ReplyToSuggestion(made.id, SuggestionState.DECLINED, "No.", "r")
        assert (await refused(reply_to_suggestion(world.env, stranger, reply))).code is ErrorCode.NOT_FOUND
    with pytest.raises(NotSignedIn):
        await make_suggestion(world.env, ANONYMOUS, MakeSuggestion(FREE, None, "x", "s"))
    unknown = make_suggestion(world.env, world.asha, MakeSuggestion("NONE", None, "x", "u"))
    assert (await refused(unknown)).code is ErrorCode.SERVICE_UNKNOWN


async def test_number_and_second_factor_show_the_stages_and_no_name(world: World):
    application = await world.in_scrutiny(world.asha, ORDER, world.employment)
    found = await track_application(
        world.env, f" {application.number[:4]} {application.number[4:]}", MOBILE, client="a"
    )
    assert found is not None
    assert (found.status, found.due_at) == (Status.IN_SCRUTINY, application.due_at)
    assert [stage.after for stage in found.stages][-1] is Status.IN_SCRUTINY
    assert found.department is not None
    assert "Negi" not in repr(found)
    by_birth = SecondFactor(born_on=date(1984, 3, 14))
    assert await track_application(world.env, application.number, by_birth, client="a") == found


async def test_absent_and_wrong_are_the_same_answer_by_the_same_statements(world: World, statements: Any):
    application = await world.submit(world.asha)
    absent = make_number(NumberKind.APPLICATION, 2026, "1234567890")
    seen = []
    for number in (application.number, absent):
        with statements(world.env) as told:
            assert await track_application(world.env, number, WRONG, client="a") is None
        seen.append(told)
    assert seen[0] == seen[1]


async def test_wrong_tries_are_bounded_for_a_number_and_right_ones_are_not_held_against_it(world: World):
    application = await world.submit(world.asha)
    for _ in range(15):
        assert await track_application(world.env, application.number, MOBILE, client="hers")
    for place in range(10):
        assert await track_application(world.env, application.number, WRONG, client=f"c{place}") is None
    problem = await refused(track_application(world.env, application.number, MOBILE, client="another"))
    assert problem.code is ErrorCode.RATE_LIMITED
    assert 0 < problem.retry_after <= 3600
    world.clock.advance(timedelta(hours=1))
    assert await track_application(world.env, application.number, MOBILE, client="hers")


async def test_tries_are_bounded_for_a_household(world: World):
    env = replace(
        world.env, rules=replace(world.env.rules, care=replace(world.env.rules.care, tracking_tries_per_client=3))
    )
    numbers = [make_number(NumberKind.APPLICATION, 2026, f"{place:010d}") for place in range(5)]
    for place, number in enumerate(numbers[:3]):
        assert await track_application(env, number, WRONG, client=f"2001:db8::{place}") is None
    robot, somebody = "2001:db8::9", "2001:db8:0:1::9"
    assert (await refused(track_application(env, numbers[3], WRONG, client=robot))).code is ErrorCode.RATE_LIMITED
    assert await track_application(env, numbers[4], WRONG, client=somebody) is None
    world.clock.advance(timedelta(hours=3))
    await forget_tries(env)
    assert await track_application(env, numbers[3], WRONG, client=robot) is None


async def test_a_mistyped_number_and_a_factor_out_of_form_are_named(world: World):
    mistyped = await refused(track_application(world.env, "1234", MOBILE, client="a"))
    assert (mistyped.code, mistyped.path) == (ErrorCode.NUMBER_MISTYPED, ("by", "number"))
    number = make_number(NumberKind.APPLICATION, 2026, "1234567890")
    for factor in (SecondFactor(), SecondFactor("12"), SecondFactor("1234", date(1984, 3, 14))):
        assert (await refused(track_application(world.env, number, factor, client="a"))).code is ErrorCode.BAD_INPUT


async def test_the_first_page_is_read_in_few_statements(world: World, statements: Any):
    await world.submit(world.asha)
    pending = await world.submit(world.asha, ORDER)
    with statements(world.env) as told:
        page = await dashboard_of(world.env, world.asha, world.asha.person_id or "")
    assert len(told) == 4
    assert page.counts == {Status.IN_SCRUTINY: 1, Status.FEE_PENDING: 1}
    assert [one.id for one in page.fees] == [pending.id]
    assert page.queries == []
    assert len(page.deadlines) == 1
    assert len(page.latest) == 2
    with pytest.raises(Problems):
        await dashboard_of(world.env, world.sunil, world.asha.person_id or "")
    assert (await dashboard_of(world.env, world.operator, world.asha.person_id or "")).counts == page.counts


async def test_the_audit_log_has_each_step_and_no_text(world: World):
    made = await complaint(world, text="The secret of 9800000001")
    await reply_to_grievance(world.env, world.registrar, ReplyToGrievance(made.id, "Another secret", "r"))
    assert await audit.verify(world.env.store)
    async with world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(audit.audit_lines_table.select())).all()
    actions = [row.action for row in rows]
    assert {"grievance.raise", "grievance.answer"} <= set(actions)
    assert "secret" not in repr(rows)
