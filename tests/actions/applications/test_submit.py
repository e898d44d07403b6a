"""Submission: every rule of the door, one transaction, the start of the legal clock."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.submit import SaveDraft, save_draft, submit_application
from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.documents.attachments import VERIFY, verify_document
from actions.kernel import UnitOfWork
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.lifecycle import Move, Status
from domain.feedback.feedback import CareRules
from domain.kernel import (
    ANONYMOUS,
    ErrorCode,
    NotSignedIn,
    NumberKind,
    Problems,
    Remedy,
    Source,
    ist_date,
    parse_number,
)
from integrations.calling.errors import Unavailable
from integrations.digilocker import IssuedDocument
from store.applications import applications, timeline
from store.identity import accesses
from store.platform import outbox
from store.uploads import uploads
from tests.support.actions import CLOSED, FREE, INCOME, ORDER, World, papers, request_for
from tests.support.files import hand_in
from tests.support.papers import INCOME_PAPERS
from tests.support.stored import audit_lines_of

PAN = IssuedDocument("in.gov.pan-PANCR-1", "PAN", "PANCR", "Income Tax", "in.gov.pan", ("application/pdf",), None)


async def refusal(world: World, service: str = FREE, **changes: object) -> Problems:
    with pytest.raises(Problems) as caught:
        await submit_application(world.env, world.asha, request_for(service, **changes))
    return caught.value


async def test_a_free_service_goes_into_scrutiny_at_once_and_its_clock_starts(world: World):
    application = await world.submit(world.asha)
    assert application.status is Status.IN_SCRUTINY
    assert application.officer_id == world.registrar.person_id
    assert application.clock_started_at == world.clock.now()
    assert application.due_at is not None
    assert ist_date(application.due_at) == world.env.rules.calendar.add_working_days(
        ist_date(world.clock.now()), 7, "49"
    )
    assert parse_number(application.number, NumberKind.APPLICATION) == application.number
    assert parse_number(application.acknowledgement or "", NumberKind.ACKNOWLEDGEMENT)


async def test_a_submission_writes_timeline_audit_and_counter_together(world: World):
    application = await world.submit(world.asha)
    async with world.env.store.read_transaction() as tx:
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
        lines = await audit_lines_of(tx, "APPLICATION", application.id)
    assert [(step.move, step.sequence) for step in steps] == [(Move.SUBMIT, 1), (Move.BEGIN_SCRUTINY, 2)]
    assert steps[0].before is None
    assert [line.action for line in lines] == ["application.submit", "application.begin_scrutiny"]


async def test_a_service_with_a_fee_waits_for_it_and_no_clock_runs(world: World):
    application = await world.submit(world.asha, ORDER)
    assert application.status is Status.FEE_PENDING
    assert application.clock_started_at is None
    assert application.due_at is None


async def test_a_service_without_a_notified_limit_has_no_due_date(world: World):
    application = await world.submit(world.asha, "UKX-ISLWPJ")
    assert application.limit is not None
    assert application.limit.days is None
    assert application.due_at is None


async def test_an_unknown_service_is_told_as_such(world: World):
    problems = await refusal(world, "NOPE")
    assert problems.code is ErrorCode.SERVICE_UNKNOWN
    assert problems.problems[0].path == ("input", "serviceCode")


async def test_a_service_of_another_body_is_refused_with_where_to_apply(world: World):
    [problem] = (await refusal(world, CLOSED)).problems

    assert problem.code is ErrorCode.APPLY_ELSEWHERE
    assert problem.params["address"].startswith("https://")


@pytest.mark.parametrize(("district", "tehsil"), [("99", None), ("49", "354"), ("49", "nowhere")])
async def test_an_unknown_district_or_a_tehsil_of_another_one_is_refused(
    world: World, district: str, tehsil: str | None
):
    assert (await refusal(world, district=district, tehsil=tehsil)).code is ErrorCode.PLACE_UNKNOWN


async def test_each_missing_document_and_every_other_cause_is_told_at_once(world: World):
    problems = (await refusal(world, INCOME, district="99")).problems
    codes = [problem.code for problem in problems]
    assert codes == [ErrorCode.PLACE_UNKNOWN, *[ErrorCode.DOCUMENT_MISSING] * len(INCOME_PAPERS)]
    assert {problem.params["key"] for problem in problems[1:]} == set(INCOME_PAPERS)
    assert {problem.path for problem in problems[1:]} == {("input", "documents")}


async def test_a_paper_that_nobody_asked_for_is_told_with_its_place(world: World):
    await world.link_locker(world.asha)
    world.locker.documents = (PAN,)
    problems = (await refusal(world, documents=papers("photo"))).problems
    assert [(problem.code, problem.path) for problem in problems] == [
        (ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents", "0"))
    ]


async def test_nothing_is_written_when_a_submission_is_refused(world: World):
    await refusal(world, "NOPE")
    await refusal(world, district="99")
    async with world.env.store.read_transaction() as tx:
        assert await applications.count_of_citizen(tx, world.asha.person_id or "") == 0


async def test_documents_of_her_locker_are_attached_under_the_names_the_locker_gives(world: World):
    await world.link_locker(world.asha)
    world.locker.documents = (PAN,)
    application = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS))
    async with world.env.store.read_transaction() as tx:
        attached = (await timeline.documents(tx, [application.id]))[application.id]
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
    assert {paper.name for paper in attached} == {"PAN"}
    assert [receipt.source for receipt in receipts] == [Source.DIGILOCKER.value]
    assert world.locker.calls == 1


async def test_a_document_that_is_not_in_her_locker_is_unknown(world: World):
    await world.link_locker(world.asha)
    problems = (await refusal(world, INCOME, documents=papers(*INCOME_PAPERS))).problems
    assert {problem.code for problem in problems} == {ErrorCode.DOCUMENT_UNKNOWN}


async def test_a_locker_that_is_not_linked_asks_for_consent(world: World):
    problems = (await refusal(world, INCOME, documents=papers(*INCOME_PAPERS))).problems
    assert {(problem.code, problem.action) for problem in problems} == {
        (ErrorCode.CONSENT_REQUIRED, Remedy.LINK_ACCOUNT)
    }


async def test_while_the_locker_is_away_documents_are_taken_and_checked_later(world: World):
    await world.link_locker(world.asha)
    world.locker.failure = Unavailable(Source.DIGILOCKER, "down")
    application = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS))
    assert application.status is Status.FEE_PENDING
    async with world.env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 10, 60)
    assert [message.topic for message in waiting] == [VERIFY] * len(INCOME_PAPERS)
    payload = waiting[0].payload
    with pytest.raises(Unavailable):
        await verify_document(world.env, payload["document_id"], application_id=payload["application_id"])
    world.locker.failure = None
    for documents, action in (((), "document.not_in_locker"), ((PAN,), "document.frozen")):
        world.locker.documents = documents
        await verify_document(world.env, payload["document_id"], application_id=payload["application_id"])
        async with world.env.store.read_transaction() as tx:
            assert (await audit_lines_of(tx, "DOCUMENT", payload["document_id"]))[-1].action == action
            attached = (await timeline.documents(tx, [application.id]))[application.id]
        verified = {paper.id for paper in attached if paper.verified_at}
        assert verified == ({payload["document_id"]} if documents else set())


async def test_an_upload_must_be_a_file_that_she_handed_in(world: World):
    sha256 = (await hand_in(world.env, world.asha)).reference
    good = tuple(NewDocument(key, sha256, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    application = await world.submit(world.asha, INCOME, documents=good)
    async with world.env.store.read_transaction() as tx:
        attached = (await timeline.documents(tx, [application.id]))[application.id]
    assert {paper.sha256 for paper in attached} == {sha256}
    assert "Applicant Photo" in {paper.name for paper in attached}
    unlisted = await world.env.objects.put(b"a certificate of somebody", "application/pdf")
    bad = tuple(NewDocument(key, unlisted, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    problems = (await refusal(world, INCOME, documents=bad, idempotency_key="other")).problems
    assert {problem.code for problem in problems} == {ErrorCode.DOCUMENT_UNKNOWN}


async def test_a_second_open_application_for_the_same_service_is_refused(world: World):
    first = await world.submit(world.asha)
    problems = await refusal(world, idempotency_key="another")
    assert problems.code is ErrorCode.ALREADY_APPLIED
    assert problems.problems[0].params == {"number": first.number}
    assert (await world.submit(world.sunil)).citizen_id == world.sunil.person_id


async def test_the_same_key_gives_the_same_answer_again(world: World):
    first, replayed = await submit_application(world.env, world.asha, request_for(FREE))
    again, replayed_again = await submit_application(world.env, world.asha, request_for(FREE))
    assert (replayed, replayed_again) == (False, True)
    assert first.id == again.id


async def test_what_a_submission_gives_is_what_is_kept(world: World):
    given = await world.submit(world.asha)

    async with world.env.store.read_transaction() as tx:
        assert await applications.get(tx, given.id) == given


async def test_the_same_key_with_another_input_is_refused(world: World):
    await world.submit(world.asha)
    problems = await refusal(world, form={"father_name": "Somebody Else"})
    assert problems.code is ErrorCode.IDEMPOTENCY_KEY_REUSED
    assert problems.problems[0].action is Remedy.USE_NEW_KEY


async def test_twins_in_flight_make_one_application(world: World):
    answers = await asyncio.gather(*(submit_application(world.env, world.asha, request_for(FREE)) for _ in range(5)))
    assert len({application.id for application, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False, True, True, True, True]


async def test_a_refused_key_may_be_used_again_for_the_corrected_input(world: World):
    await refusal(world, district="99")
    assert (await world.submit(world.asha)).status is Status.IN_SCRUTINY


async def test_a_submission_that_says_to_come_by_whatsapp_is_refused_where_that_is_not_connected(world: World):
    [problem] = (await refusal(world, channel=Channel.WHATSAPP)).problems

    assert (problem.code, problem.path) == (ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "channel"))


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_of_a_wrong_length_is_refused(world: World, key: str):
    assert (await refusal(world, idempotency_key=key)).code is ErrorCode.BAD_INPUT


async def test_an_aadhaar_number_in_a_form_is_hidden_before_it_is_kept(world: World):
    application = await world.submit(world.asha, form={"remark": "My number is 9999 4105 7058."})
    assert "9999" not in application.form["remark"]
    assert "7058" in application.form["remark"]


async def test_a_form_that_is_too_large_is_refused(world: World):
    assert (await refusal(world, form={"x": "y" * 2001})).code is ErrorCode.BAD_INPUT
    assert (await refusal(world, form={str(n): "" for n in range(101)})).code is ErrorCode.BAD_INPUT


async def test_an_operator_applies_for_the_citizen_who_let_her(world: World):
    application = await world.submit(world.operator, channel=Channel.CSC)
    assert application.citizen_id == world.asha.person_id
    assert application.operator_id == world.operator.person_id
    async with world.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 10)
    assert [(receipt.role, receipt.purpose) for receipt in receipts] == [("OPERATOR", "APPLY")]


async def test_an_operator_cannot_apply_for_another_citizen(world: World):
    with pytest.raises(Problems) as caught:
        await world.submit(world.operator, on_behalf_of=world.sunil.person_id)
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_officers_cannot_apply_and_strangers_must_sign_in(world: World):
    with pytest.raises(Problems) as caught:
        await world.submit(world.tehsildar)
    assert caught.value.code is ErrorCode.FORBIDDEN
    with pytest.raises(NotSignedIn):
        await world.submit(ANONYMOUS)


def draft_request(key: str, **changes: object) -> SaveDraft:
    values: dict[str, object] = {
        "service_code": INCOME,
        "district": "49",
        "tehsil": None,
        "channel": Channel.WEB,
        "delivery": DeliveryMode.PORTAL,
        "form": {"father_name": "B"},
        "idempotency_key": key,
    }
    return SaveDraft(**{**values, **changes})  # type: ignore[arg-type]


async def test_a_draft_is_saved_changed_and_handed_in_under_one_number(world: World):
    draft, _ = await save_draft(world.env, world.asha, draft_request("one"))
    world.clock.advance(timedelta(hours=1))
    changed, _ = await save_draft(world.env, world.asha, draft_request("two", draft_id=draft.id, form={"a": "b"}))
    assert (changed.version, changed.form) == (2, {"a": "b"})
    await world.link_locker(world.asha)
    world.locker.documents = (PAN,)
    handed_in = await world.submit(world.asha, INCOME, documents=papers(*INCOME_PAPERS), draft_id=draft.id)
    assert (handed_in.id, handed_in.number, handed_in.status) == (draft.id, draft.number, Status.FEE_PENDING)
    assert handed_in.acknowledgement is not None


async def test_what_saving_a_draft_gives_is_what_is_kept(world: World):
    draft, _ = await save_draft(world.env, world.asha, draft_request("one"))
    given, _ = await save_draft(world.env, world.asha, draft_request("two", draft_id=draft.id, form={"a": "b"}))

    async with world.env.store.read_transaction() as tx:
        assert await applications.get(tx, given.id) == given


async def test_a_second_draft_for_the_same_matter_is_refused_with_the_number_of_the_first(world: World):
    first, _ = await save_draft(world.env, world.asha, draft_request("one"))

    with pytest.raises(Problems) as caught:
        await save_draft(world.env, world.asha, draft_request("two"))

    [problem] = caught.value.problems
    assert (problem.code, problem.params) == (ErrorCode.ALREADY_APPLIED, {"number": first.number})


async def test_no_more_drafts_are_kept_than_the_rule_says(world: World):
    world.env = replace(world.env, rules=replace(world.env.rules, care=CareRules(drafts_per_person=1)))
    await save_draft(world.env, world.asha, draft_request("one"))

    with pytest.raises(Problems) as caught:
        await save_draft(world.env, world.asha, draft_request("two", service_code=FREE, form={}))

    [problem] = caught.value.problems
    assert (problem.code, problem.params) == (ErrorCode.DRAFTS_FULL, {"most": "1"})


async def test_drafts_saved_at_once_are_counted_one_after_the_other(world: World):
    world.env = replace(world.env, rules=replace(world.env.rules, care=CareRules(drafts_per_person=1)))
    wanted = [draft_request("one"), draft_request("two", service_code=FREE, form={})]

    saved = await asyncio.gather(*(save_draft(world.env, world.asha, one) for one in wanted), return_exceptions=True)

    assert sum(isinstance(one, Problems) for one in saved) == 1


async def test_a_draft_that_was_changed_on_another_device_is_not_written_over(world: World):
    draft, _ = await save_draft(world.env, world.asha, draft_request("telephone", form={"a": "1"}))
    more = draft_request("computer", draft_id=draft.id, expected_version=draft.version, form={"a": "1", "b": "2"})
    changed, _ = await save_draft(world.env, world.asha, more)
    late = draft_request("late", draft_id=draft.id, expected_version=draft.version, form={"a": "3"})
    with pytest.raises(Problems) as caught:
        await save_draft(world.env, world.asha, late)
    assert caught.value.code is ErrorCode.CONFLICT
    assert caught.value.problems[0].params == {"version": str(changed.version), "status": "DRAFT"}
    async with world.env.store.read_transaction() as tx:
        kept = await applications.get(tx, draft.id)
    assert kept is not None
    assert (kept.form, kept.version) == ({"a": "1", "b": "2"}, draft.version + 1)


async def test_the_papers_of_a_draft_are_kept_until_others_take_their_place(world: World):
    first = (await hand_in(world.env, world.asha, "the first")).reference
    second = (await hand_in(world.env, world.asha, "the second")).reference
    one, two = (NewDocument("id-proof", sha256, DocumentSource.UPLOAD.value) for sha256 in (first, second))

    async def papers_of(application: Application) -> list[str | None]:
        async with world.env.store.read_transaction() as tx:
            return [paper.sha256 for paper in (await timeline.documents(tx, [application.id])).get(draft.id, [])]

    async def unused() -> int:
        async with world.env.store.read_transaction() as tx:
            return await uploads.count_unused(tx, world.asha.label)

    draft, _ = await save_draft(world.env, world.asha, draft_request("1", documents=(one,)))
    assert (await papers_of(draft), await unused()) == ([first], 1)
    await save_draft(world.env, world.asha, draft_request("2", draft_id=draft.id, form={"a": "b"}))
    assert (await papers_of(draft), await unused()) == ([first], 1)
    await save_draft(world.env, world.asha, draft_request("3", draft_id=draft.id, documents=(two,)))
    assert (await papers_of(draft), await unused()) == ([second], 1)
    await save_draft(world.env, world.asha, draft_request("4", draft_id=draft.id, documents=()))
    assert (await papers_of(draft), await unused()) == ([], 2)
    await save_draft(world.env, world.asha, draft_request("5", draft_id=draft.id, documents=(one, two)))
    given = tuple(NewDocument(key, second, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    handed_in = await world.submit(world.asha, INCOME, documents=given, draft_id=draft.id)
    assert (handed_in.id, await papers_of(handed_in), await unused()) == (draft.id, [second] * len(INCOME_PAPERS), 1)


@pytest.mark.parametrize("wrong", ["not on the list", "of somebody else"])
async def test_a_paper_that_cannot_be_attached_is_told_when_the_draft_is_saved(world: World, wrong: str):
    own = (await hand_in(world.env, world.asha, "hers")).reference
    foreign = (await hand_in(world.env, world.sunil, "of somebody else")).reference
    given = {"not on the list": ("horoscope", own), "of somebody else": ("id-proof", foreign)}[wrong]
    document = NewDocument(*given, DocumentSource.UPLOAD.value)
    with pytest.raises(Problems) as caught:
        await save_draft(world.env, world.asha, draft_request("1", documents=(document,)))
    assert [(one.code, one.path) for one in caught.value.problems] == [
        (ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents", "0"))
    ]


async def test_the_draft_of_somebody_else_is_as_absent(world: World):
    draft, _ = await save_draft(world.env, world.sunil, draft_request("one"))
    for draft_id in (draft.id, "no-such-draft"):
        problems = await refusal(world, draft_id=draft_id)
        assert (problems.code, problems.problems[0].path) == (ErrorCode.NOT_FOUND, ("input", "draftId"))


async def test_the_role_of_an_acting_person_is_that_of_her_kind(world: World):
    async with world.env.store.read_transaction() as tx:
        assert UnitOfWork(world.env, tx, world.tehsildar).role.value == "OFFICER"
        assert UnitOfWork(world.env, tx, ANONYMOUS).role.value == "ANONYMOUS"
