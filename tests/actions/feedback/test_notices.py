"""Messages to the citizen: each event tells once, in its own transaction, in both languages and without her data."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.appeals.appeals import AppealVerdict, Imposed, choose_auto_appeal
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.applications.submit import NewDocument
from actions.catalogue.submit_checks import DocumentSource
from actions.certificates.issue import issue_certificate
from actions.feedback import notices as told_by
from actions.feedback.grievances import (
    RaiseGrievance,
    ReplyToGrievance,
    escalate_overdue,
    raise_grievance,
    reply_to_grievance,
)
from actions.feedback.notices import About, mark_read, tell
from actions.feedback.suggestions import MakeSuggestion, ReplyToSuggestion, make_suggestion, reply_to_suggestion
from actions.kernel import UnitOfWork
from actions.privacy.personal_data import erase_person, export_part
from domain.applications.applications import DeliveryMode, RejectionGround
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import GrievanceCategory
from domain.feedback.notices import NEEDS_HER, Notice, NoticeKind, Topic, notice_text, notice_values
from domain.kernel import ANONYMOUS, SYSTEM, ErrorCode, Language, NotSignedIn, Posting, Problems, Role, ist_date
from domain.kernel.messages import labels
from store.feedback import notices
from store.feedback.notices import notices_table
from tests.support.actions import FREE, INCOME, FakeRenderer, World
from tests.support.files import hand_in
from tests.support.law import appealed, authorities, enter_officer, heard, ordered, overdue, pass_days, refused
from tests.support.papers import INCOME_PAPERS

K = NoticeKind


async def hers(world: World, citizen=None) -> list[Notice]:
    """Her messages after the acknowledgement of what she filed, the oldest first."""
    return [one for one in await all_of_hers(world, citizen) if one.kind is not K.APPLICATION_ACKNOWLEDGED]


async def all_of_hers(world: World, citizen=None) -> list[Notice]:
    """All of her messages, the oldest first."""
    citizen_id = (citizen or world.asha).person_id
    async with world.env.store.read_transaction() as tx:
        return list(reversed(await notices.of_citizen(citizen_id).page(tx, limit=100)))


async def kinds(world: World, citizen=None) -> list[NoticeKind]:
    """What she was told, by name."""
    return sorted(one.kind for one in await hers(world, citizen))


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_every_message_has_its_words_in_both_languages_with_the_same_blanks(language: Language):
    texts, english = labels(language, "notice."), labels(Language.EN, "notice.")
    assert set(texts) == {f"notice.{kind.value}" for kind in NoticeKind}
    assert {key: _blanks(text) for key, text in texts.items()} == {key: _blanks(text) for key, text in english.items()}
    assert set(NoticeKind) > NEEDS_HER


def _blanks(text: str) -> set[str]:
    return {part.split("}")[0] for part in text.split("{")[1:]}


async def test_a_life_of_an_application_is_told_step_by_step(world: World):
    case = await world.submit(world.asha)
    query = Decide(case.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Which hospital?")
    await decide_application(world.env, world.registrar, query)
    await answer_query(world.env, world.asha, AnswerQuery(case.id, "Doon", {}, "a"))
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, case.id, FakeRenderer())
    found = {one.kind: one for one in await hers(world)}
    assert set(found) == {K.QUERY_RAISED, K.QUERY_ANSWERED, K.APPROVED, K.DELIVERED}
    assert {one.application_id for one in found.values()} == {case.id}
    assert "Which hospital?" not in json.dumps([dict(one.params) for one in found.values()])
    words = notice_text(found[K.QUERY_RAISED], Language.EN)
    assert words.startswith(f"Application {case.number[:4]} {case.number[4:9]} {case.number[9:]}:")
    assert "जानकारी" in notice_text(found[K.QUERY_RAISED], Language.HI)


async def test_messages_of_one_instant_keep_the_order_in_which_they_were_written(world: World):
    case = await world.submit(world.asha)
    for number in range(most := world.env.rules.law.most_pauses.value):
        query = Decide(case.id, Verdict.RAISE_QUERY, f"q{number}", ground=RejectionGround.FORM_INCOMPLETE, reason="?")
        await decide_application(world.env, world.registrar, query)
        await answer_query(world.env, world.asha, AnswerQuery(case.id, "Doon", {}, f"a{number}"))
    await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, case.id, FakeRenderer())
    found = await hers(world)
    assert len({one.created_at for one in found}) == 1
    assert [one.kind for one in found] == [K.QUERY_RAISED, K.QUERY_ANSWERED] * most + [K.APPROVED, K.DELIVERED]


async def test_a_fee_a_refusal_and_a_paper_that_waits_are_told(world: World):
    paper = (await hand_in(world.env, world.sunil)).reference
    attached = tuple(NewDocument(key, paper, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    with_fee = await world.submit(world.sunil, INCOME, documents=attached)
    assert with_fee.fee_paise
    assert await kinds(world, world.sunil) == sorted([K.FEE_DUE])
    await refused(world)
    ready = await world.approved(world.asha, FREE, world.registrar, delivery=DeliveryMode.COUNTER, idempotency_key="c")
    await issue_certificate(world.env, ready.id, FakeRenderer())
    assert await kinds(world) == sorted([K.REJECTED, K.APPROVED, K.CERTIFICATE_READY])
    ready_told = {one.kind: one for one in await hers(world)}[K.CERTIFICATE_READY]
    assert "At the counter" in notice_text(ready_told, Language.EN)


async def test_what_she_files_is_acknowledged_with_its_number(world: World):
    case = await world.submit(world.asha)

    [told] = await all_of_hers(world)
    assert (told.kind, dict(told.params)) == (K.APPLICATION_ACKNOWLEDGED, {"number": case.number})


async def test_of_what_she_does_herself_the_filing_alone_is_told_and_what_is_done_for_her_is(world: World):
    own = await world.submit(world.asha)
    await withdraw_application(world.env, world.asha, Withdraw(own.id, "w"))
    assert [one.kind for one in await all_of_hers(world)] == [K.APPLICATION_ACKNOWLEDGED]
    other = await world.submit(world.operator, idempotency_key="op")
    await withdraw_application(world.env, world.operator, Withdraw(other.id, "w2"))
    assert await kinds(world) == sorted([K.APPLICATION_RECEIVED, K.WITHDRAWN])


async def test_a_breach_is_told_once_with_the_appeal_that_files_itself(world: World):
    await authorities(world)
    case = await overdue(world)
    for _ in range(3):
        await sweep(world.env)
    assert await kinds(world) == sorted([K.APPEAL_FILED, K.DUE_DATE_PASSED])
    found = {one.kind: one for one in await hers(world)}
    breach, filed = found[K.DUE_DATE_PASSED], found[K.APPEAL_FILED]
    assert breach.params["appeal_way"] == "AUTO"
    last = ist_date(case.due_at) + timedelta(days=30)
    assert last.strftime("%d-%m-%Y") in notice_text(breach, Language.EN)
    assert (filed.topic, "Filed by itself" in notice_text(filed, Language.EN)) == (Topic.APPEAL, True)


async def test_who_wants_no_automatic_appeal_learns_of_her_right_and_of_the_lapse(world: World):
    await choose_auto_appeal(world.env, world.asha, wanted=False, key="out")
    case = await overdue(world)
    await sweep(world.env)
    (breach,) = await hers(world)
    assert (breach.kind, breach.params["appeal_way"]) == (K.DUE_DATE_PASSED, "BY_HAND")
    await appealed(world, case)
    pass_days(world, 60)
    await sweep(world.env)
    assert await kinds(world) == sorted([K.DUE_DATE_PASSED, K.APPEAL_LAPSED])


async def test_hearing_order_and_compensation_are_told_without_the_words_of_the_order(world: World):
    courts = await authorities(world)
    case = await refused(world)
    first = await ordered(world, courts.bdo, await appealed(world, case), AppealVerdict.DISMISS)
    second = await heard(world, courts.dm, await appealed(world, case, "second"))
    until = ist_date(world.clock.now()) + timedelta(days=7)
    awards = {"compensation": Imposed(10_000, "For three journeys.")}
    await ordered(world, courts.dm, second, AppealVerdict.DIRECT, direct_until=until, **awards)
    found = await hers(world)
    by_kind = {one.kind: one for one in found}
    told_of = {K.REJECTED, K.APPEAL_DISMISSED, K.HEARING_FIXED, K.ORDER_TO_DELIVER, K.REOPENED}
    assert set(by_kind) == told_of | {K.COMPENSATION_ORDERED}
    assert by_kind[K.APPEAL_DISMISSED].topic_id == first.id
    assert by_kind[K.ORDER_TO_DELIVER].params["on"] == until.isoformat()
    assert "journeys" not in json.dumps([dict(one.params) for one in found])


async def test_replies_to_grievances_and_suggestions_are_told(world: World):
    case = await world.submit(world.asha)
    given = RaiseGrievance(case.id, GrievanceCategory.DELAY, "Nobody answers.", "g")
    grievance, _ = await raise_grievance(world.env, world.asha, given)
    await reply_to_grievance(world.env, world.registrar, ReplyToGrievance(grievance.id, "Soon.", "r"))
    other = RaiseGrievance(case.id, GrievanceCategory.CONDUCT, "Rude.", "g2")
    await raise_grievance(world.env, world.asha, other)
    pass_days(world, 40)
    await escalate_overdue(world.env)
    suggestion, _ = await make_suggestion(world.env, world.asha, MakeSuggestion(FREE, None, "Open on Sunday.", "s"))
    admin = await enter_officer(
        world.env, "department-admin", Posting(Role.DEPARTMENT_ADMIN, "panchayati-raj-development")
    )
    reply = ReplyToSuggestion(suggestion.id, SuggestionState.ACCEPTED, "We will.", "sr")
    await reply_to_suggestion(world.env, admin, reply)
    assert await kinds(world) == sorted([K.GRIEVANCE_REPLIED, K.GRIEVANCE_ESCALATED, K.SUGGESTION_ANSWERED])


async def test_a_message_stands_or_falls_with_what_it_tells_of(world: World, monkeypatch: pytest.MonkeyPatch):
    case = await world.submit(world.asha)

    async def fail(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(told_by, "tell", fail)
    with pytest.raises(KeyboardInterrupt):
        await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "yes"))
    monkeypatch.undo()
    assert await kinds(world) == []
    decided, _ = await decide_application(world.env, world.registrar, Decide(case.id, Verdict.APPROVE, "yes"))
    assert (decided.version, await kinds(world)) == (case.version + 1, [K.APPROVED])


async def test_she_marks_her_own_and_nobody_elses(world: World):
    await refused(world)
    theirs = await world.in_scrutiny(world.sunil, FREE, world.registrar, idempotency_key="s")
    await decide_application(world.env, world.registrar, Decide(theirs.id, Verdict.APPROVE, "yes"))
    (mine,), (foreign,) = await hers(world), await hers(world, world.sunil)
    assert await mark_read(world.env, world.asha, ids=[mine.id, foreign.id], key="m") == (1, False)
    assert await mark_read(world.env, world.asha, ids=[mine.id, foreign.id], key="m") == (1, True)
    assert (await hers(world))[0].read_at == world.clock.now()
    assert (await hers(world, world.sunil))[0].read_at is None
    assert await mark_read(world.env, world.sunil, ids=None, key="all") == (2, False)
    async with world.env.store.read_transaction() as tx:
        unread = await notices.of_citizen(world.asha.person_id, unread_only=True).page(tx, limit=9)
    assert [one.kind for one in unread] == [K.APPLICATION_ACKNOWLEDGED]
    for stranger in (world.registrar, world.operator):
        with pytest.raises(Problems) as caught:
            await mark_read(world.env, stranger, ids=None, key="x")
        assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(NotSignedIn):
        await mark_read(world.env, ANONYMOUS, ids=None, key="x")


async def test_messages_are_handed_out_with_her_data_and_erased_with_them(world: World):
    await refused(world)
    page = await export_part(world.env, world.asha, world.asha.person_id, "notices")
    assert [row["kind"] for row in page.rows] == ["APPLICATION_ACKNOWLEDGED", "REJECTED"]
    await erase_person(world.env, world.asha, world.asha.person_id)
    assert await all_of_hers(world) == []


async def test_no_row_holds_anything_but_codes_numbers_and_dates(world: World):
    await authorities(world)
    await overdue(world)
    await sweep(world.env)
    async with world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(select(notices_table))).all()
    text = json.dumps([dict(row.params) for row in rows])
    for personal in ("Asha", "Negi", "आशा", "9800000001", "1984"):
        assert personal not in text


async def test_a_rejection_is_told_with_the_title_of_its_ground_and_none_of_the_officer_s_words(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="no")
    no = Decide(
        case.id, Verdict.REJECT, "no", ground=RejectionGround.FACTS_NOT_CONFIRMED, reason="She was not at home."
    )
    await decide_application(world.env, world.registrar, no)

    [told] = [one for one in await hers(world) if one.kind is K.REJECTED]

    assert notice_values(told, Language.EN)["ground_title"] == "the facts were not confirmed"
    assert "home" not in str(notice_values(told, Language.EN))


async def test_a_rejection_of_which_no_ground_is_known_sends_her_to_the_portal(world: World):
    case = await world.submit(world.asha, FREE, idempotency_key="no")
    about = About(Topic.APPLICATION, case.id, case.citizen_id, case.id, "old")
    async with world.env.store.write_transaction() as tx:
        await tell(UnitOfWork(world.env, tx, SYSTEM), K.REJECTED, about, number=case.number)

    [told] = [one for one in await hers(world) if one.kind is K.REJECTED]

    assert notice_values(told, Language.EN)["ground_title"] == "see the portal"
