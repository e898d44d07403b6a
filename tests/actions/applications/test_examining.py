"""Grounds and notified papers, pauses, clearances, field reports and the counter."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.hand_over import HandOver, hand_over
from actions.applications.respond import AnswerQuery, answer_query
from actions.applications.submit import SaveDraft, save_draft
from actions.certificates.issue import issue_certificate
from actions.clearances.clearances import AnswerClearance, AskClearance, answer_clearance, ask_clearance
from actions.clearances.verification import ReportVerification, report_verification
from actions.uploads.uploads import take_in
from domain.applications.applications import Channel, DeliveryMode, RejectionGround
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import Move, Status
from domain.clearances import Clearance, ClearanceState, Photo, Place
from domain.kernel import ErrorCode, Problems, ist_date
from store import clearances
from store.applications import timeline
from tests.support.actions import FREE, FakeRenderer, World
from tests.support.files import JPEG, PNG, hand_in

CLEAR = RejectionGround.DOCUMENT_NOT_LEGIBLE
REVENUE = "revenue-department"


async def code_of(call: object) -> tuple[ErrorCode, tuple[str, ...]]:
    with pytest.raises(Problems) as caught:
        await call  # type: ignore[misc]
    return caught.value.code, caught.value.problems[0].path


async def verdict(world: World, officer, application, what: Verdict, **given):
    request = Decide(application.id, what, f"{what}-{len(given)}-{given}", **given)
    return (await decide_application(world.env, officer, request))[0]


@pytest.mark.parametrize("what", [Verdict.REJECT, Verdict.RAISE_QUERY, Verdict.RETURN_AS_INCOMPLETE])
async def test_a_paper_outside_the_notified_list_cannot_be_asked_for(world: World, what: Verdict):
    application = await world.submit(world.asha)
    asked = {"ground": CLEAR, "reason": "Bring your land deed.", "documents": ("land-deed",)}
    assert await code_of(verdict(world, world.registrar, application, what, **asked)) == (
        ErrorCode.DOCUMENT_NOT_NOTIFIED,
        ("input", "documents", "0"),
    )


async def test_a_ground_about_papers_names_one_of_the_notified_list(world: World):
    from tests.support.actions import ORDER

    application = await world.submit(world.asha, ORDER)
    async with world.env.store.read_transaction() as tx:
        from store.catalogue import catalogue

        service = await catalogue.service(tx, ORDER)
    assert service is not None
    bare = {"ground": CLEAR, "reason": "It cannot be read."}
    if not service.documents:
        refusal = await code_of(verdict(world, world.employment, application, Verdict.RAISE_QUERY, **bare))
        assert refusal == (ErrorCode.DOCUMENT_NOT_NOTIFIED, ("input", "ground"))
        return
    refusal = await code_of(verdict(world, world.employment, application, Verdict.RETURN_AS_INCOMPLETE, **bare))
    assert refusal == (ErrorCode.REASON_REQUIRED, ("input", "documents"))


async def test_the_citizen_is_asked_at_most_twice(world: World):
    application = await world.submit(world.asha)
    for turn in ("first", "second"):
        query = {"ground": RejectionGround.FORM_INCOMPLETE, "reason": f"The {turn} question."}
        await verdict(world, world.registrar, application, Verdict.RAISE_QUERY, **query)
        await answer_query(world.env, world.asha, AnswerQuery(application.id, "Here.", {}, turn))
    third = {"ground": RejectionGround.FORM_INCOMPLETE, "reason": "And one more."}
    assert await code_of(verdict(world, world.registrar, application, Verdict.RAISE_QUERY, **third)) == (
        ErrorCode.PAUSE_LIMIT_REACHED,
        ("input", "verdict"),
    )


async def asked(world: World, application, *departments: str, **given) -> list[Clearance]:
    request = AskClearance(
        application.id, departments, "Is the land free of dues?", f"ask-{departments}-{given}", **given
    )
    await ask_clearance(world.env, world.registrar, request)
    async with world.env.store.read_transaction() as tx:
        return (await clearances.of_applications(tx, [application.id]))[application.id]


async def answered(world: World, officer, clearance: Clearance, *, granted: bool = True) -> Clearance:
    request = AnswerClearance(clearance.id, granted, "No dues.", f"answer-{clearance.id}")
    return (await answer_clearance(world.env, officer, request))[0]


async def test_departments_are_asked_at_once_and_each_answers_for_itself(world: World):
    application = await world.submit(world.asha)
    asked_of = await asked(world, application, REVENUE, "social-welfare-development")
    assert {one.department for one in asked_of} == {REVENUE, "social-welfare-development"}
    usual = world.env.rules.calendar.add_working_days(ist_date(world.clock.now()), 7, "49")
    assert {one.due_at for one in asked_of} == {end_of_day(usual)}
    pending = await code_of(verdict(world, world.registrar, application, Verdict.APPROVE))
    assert pending == (ErrorCode.CLEARANCE_PENDING, ("input", "verdict"))
    of_revenue, of_welfare = sorted(asked_of, key=lambda one: one.department)
    for stranger in (world.welfare, world.registrar, world.asha, world.elsewhere):
        refusal = await code_of(answered(world, stranger, of_revenue))
        assert refusal == (ErrorCode.NOT_FOUND, ("input", "clearanceId"))
    assert (await answered(world, world.tehsildar, of_revenue)).state is ClearanceState.GRANTED
    assert (await answered(world, world.welfare, of_welfare)).state is ClearanceState.GRANTED
    approved = await verdict(world, world.registrar, application, Verdict.APPROVE, reason="All clear.")
    assert approved.status is Status.APPROVED
    async with world.env.store.read_transaction() as tx:
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
    assert [step.move for step in steps[-4:]] == [
        Move.ASK_CLEARANCE,
        Move.ANSWER_CLEARANCE,
        Move.ANSWER_CLEARANCE,
        Move.APPROVE,
    ]


async def test_a_refused_clearance_must_be_explained_and_an_overdue_one_does_not_hold_the_case_up(world: World):
    application = await world.submit(world.asha)
    (first,) = await asked(world, application, REVENUE)
    await answered(world, world.tehsildar, first, granted=False)
    await asked(world, application, "social-welfare-development")
    world.clock.advance(timedelta(days=12))
    assert (await code_of(verdict(world, world.registrar, application, Verdict.APPROVE)))[
        0
    ] is ErrorCode.REASON_REQUIRED
    await verdict(world, world.registrar, application, Verdict.APPROVE, reason="The dues were paid since.")
    async with world.env.store.read_transaction() as tx:
        states = {one.state for one in (await clearances.of_applications(tx, [application.id]))[application.id]}
    assert states == {ClearanceState.REFUSED, ClearanceState.LAPSED}


@pytest.mark.parametrize(
    ("departments", "given", "code", "path"),
    [
        (("no-such-department",), {}, ErrorCode.DEPARTMENT_UNKNOWN, ("input", "departments", "0")),
        (("panchayati-raj-development",), {}, ErrorCode.DEPARTMENT_UNKNOWN, ("input", "departments", "0")),
        ((), {}, ErrorCode.BAD_INPUT, ("input", "departments")),
        ((REVENUE,), {"due": -1}, ErrorCode.DATE_NOT_ALLOWED, ("input", "dueOn")),
    ],
)
async def test_a_wrong_question_is_refused_by_its_field(world: World, departments, given, code, path):
    application = await world.submit(world.asha)
    due = {"due_on": ist_date(world.clock.now()) + timedelta(days=given["due"])} if given else {}
    assert await code_of(asked(world, application, *departments, **due)) == (code, path)


async def test_a_department_that_owes_an_answer_is_not_asked_again(world: World):
    application = await world.submit(world.asha)
    await asked(world, application, REVENUE)
    again = asked(world, application, REVENUE, due_on=ist_date(world.clock.now()))
    assert (await code_of(again))[0] is ErrorCode.CLEARANCE_PENDING


async def test_a_field_report_has_text_photo_place_and_time(world: World):
    application = await world.submit(world.asha)
    await verdict(world, world.registrar, application, Verdict.SEND_FOR_VERIFICATION)
    photo = (await take_in(world.env, world.registrar, JPEG)).reference
    world.clock.advance(timedelta(hours=5))
    seen = world.clock.now() - timedelta(hours=2)
    request = ReportVerification(
        application.id, "The house stands. 9999 4105 7058", (photo,), Place(30_316_500, 78_032_200), "report", seen
    )
    reported, _ = await report_verification(world.env, world.registrar, replace(request, tehsil="304"))
    assert reported.status is Status.IN_SCRUTINY
    async with world.env.store.read_transaction() as tx:
        (report,) = (await clearances.reports(tx, [application.id]))[application.id]
    assert (report.tehsil, report.reported_at) == ("304", world.clock.now())
    assert (report.text, report.photos, report.place, report.observed_at, report.officer_id) == (
        "The house stands. XXXX XXXX 7058",
        (Photo(photo, "image/jpeg"),),
        Place(30_316_500, 78_032_200),
        seen,
        world.registrar.person_id,
    )


WRONG_REPORTS = (
    ({"text": " "}, ErrorCode.REASON_REQUIRED, ("input", "text")),
    ({"photos": ("0" * 64,)}, ErrorCode.UPLOAD_UNKNOWN, ("input", "photoIds", "0")),
    ({"photos": ("../secret",)}, ErrorCode.UPLOAD_UNKNOWN, ("input", "photoIds", "0")),
    ({"photos": ("another's",)}, ErrorCode.UPLOAD_UNKNOWN, ("input", "photoIds", "0")),
    ({"photos": ("pdf",)}, ErrorCode.FILE_TYPE_NOT_ALLOWED, ("input", "photoIds", "0")),
    ({"photos": ("0" * 64,) * 2}, ErrorCode.BAD_INPUT, ("input", "photoIds")),
    ({"place": Place(90_000_001, 0)}, ErrorCode.BAD_INPUT, ("input", "place")),
    ({"tehsil": "1"}, ErrorCode.PLACE_UNKNOWN, ("input", "tehsil")),
    ({"observed_at": True}, ErrorCode.DATE_NOT_ALLOWED, ("input", "observedAt")),
)


async def test_a_wrong_report_is_refused_by_its_field(world: World):
    application = await world.submit(world.asha)
    await verdict(world, world.registrar, application, Verdict.SEND_FOR_VERIFICATION)
    made = {
        "pdf": (await hand_in(world.env, world.registrar)).reference,
        "another's": (await take_in(world.env, world.asha, PNG)).reference,
        True: world.clock.now() + timedelta(minutes=1),
    }
    for number, (changes, code, path) in enumerate(WRONG_REPORTS):
        given = {"text": "Seen.", "photos": (), "place": None, **changes}
        given["photos"] = tuple(made.get(one, one) for one in given["photos"])
        given["observed_at"] = made.get(given.get("observed_at", False))
        request = ReportVerification(application.id, idempotency_key=f"r{number}", **given)
        assert await code_of(report_verification(world.env, world.registrar, request)) == (code, path)


@pytest.mark.parametrize("who", ["registrar", "operator"])
async def test_a_certificate_is_handed_over_at_the_counter(world: World, who: str):
    application = await world.submit(world.asha, delivery=DeliveryMode.COUNTER)
    early = HandOver(application.id, "early")
    assert (await code_of(hand_over(world.env, world.registrar, early)))[0] is ErrorCode.TRANSITION_NOT_ALLOWED
    await verdict(world, world.registrar, application, Verdict.APPROVE)
    await issue_certificate(world.env, application.id, FakeRenderer())
    world.clock.advance(timedelta(days=1))
    before = HandOver(application.id, "before", handed_over_at=world.clock.now() - timedelta(days=3))
    assert (await code_of(hand_over(world.env, world.registrar, before)))[0] is ErrorCode.DATE_NOT_ALLOWED
    given, _ = await hand_over(world.env, getattr(world, who), HandOver(application.id, "given"))
    assert (given.status, given.delivered_at) == (Status.DELIVERED, world.clock.now())
    assert (await code_of(hand_over(world.env, world.sunil, HandOver(application.id, "s"))))[0] is ErrorCode.NOT_FOUND


async def test_a_draft_is_the_citizens_own_business(world: World):
    request = SaveDraft(FREE, "49", "304", Channel.WEB, DeliveryMode.PORTAL, {"father_name": "Bachan"}, "draft")
    draft, _ = await save_draft(world.env, world.asha, request)
    assert await world.read(world.registrar, draft.id) is None
    assert await world.read(world.asha, draft.id) is not None
    assert (await code_of(verdict(world, world.registrar, draft, Verdict.APPROVE)))[0] is ErrorCode.NOT_FOUND
