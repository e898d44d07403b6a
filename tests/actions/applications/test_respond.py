"""Fees, answers and withdrawals."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import (
    AnswerQuery,
    RecordFee,
    Withdraw,
    answer_query,
    record_fee,
    withdraw_application,
)
from actions.applications.submit import NewDocument
from actions.catalogue.submit_checks import DocumentSource
from actions.documents.attachments import VERIFY
from actions.kernel import hash_of
from domain.applications.applications import Application, AttachedDocument, RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.kernel import ANONYMOUS, ErrorCode, NotSignedIn, Problems, Source, Subject
from integrations.calling.errors import Unavailable
from integrations.digilocker import IssuedDocument
from store.applications import applications, timeline
from store.database import idempotency
from store.identity import accesses
from store.platform import outbox
from tests.support.actions import FREE, INCOME, ORDER, World, papers
from tests.support.files import hand_in
from tests.support.papers import INCOME_PAPERS

ASKED = "address-proof"
PAN = IssuedDocument("in.gov.pan-PANCR-1", "PAN", "PANCR", "Income Tax", "in.gov.pan", ("application/pdf",), None)


async def code_of(call: object) -> tuple[ErrorCode, tuple[str, ...]]:
    with pytest.raises(Problems) as caught:
        await call  # type: ignore[misc]
    return caught.value.code, caught.value.problems[0].path


async def test_a_fee_opens_the_case_and_starts_the_clock(world: World):
    application = await world.submit(world.asha, ORDER)
    paid, replayed = await record_fee(world.env, world.employment, RecordFee(application.id, "CH-77", 4000, "fee"))
    assert (paid.status, paid.fee_receipt, replayed) == (Status.IN_SCRUTINY, "CH-77", False)
    assert paid.clock_started_at == world.clock.now()
    assert paid.due_at is not None
    again, replayed = await record_fee(world.env, world.employment, RecordFee(application.id, "CH-77", 4000, "fee"))
    assert (again.version, replayed) == (paid.version, True)


async def test_another_amount_is_not_the_fee(world: World):
    application = await world.submit(world.asha, ORDER)
    call = record_fee(world.env, world.employment, RecordFee(application.id, "CH-77", 3999, "fee"))
    assert await code_of(call) == (ErrorCode.FEE_MISMATCH, ("input", "amount"))


async def test_a_fee_without_a_receipt_is_refused(world: World):
    application = await world.submit(world.asha, ORDER)
    call = record_fee(world.env, world.employment, RecordFee(application.id, " ", 4000, "fee"))
    assert await code_of(call) == (ErrorCode.BAD_INPUT, ("input", "receipt"))


async def test_a_fee_for_a_case_that_asks_for_none_is_an_unlawful_step(world: World):
    application = await world.submit(world.asha, FREE)
    call = record_fee(world.env, world.registrar, RecordFee(application.id, "CH-77", 0, "fee"))
    assert (await code_of(call))[0] is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_the_operator_of_the_citizen_may_take_the_fee_and_the_citizen_may_not_say_she_paid(world: World):
    application = await world.submit(world.asha, ORDER)
    call = record_fee(world.env, world.asha, RecordFee(application.id, "CH-77", 4000, "fee"))
    assert (await code_of(call))[0] is ErrorCode.NOT_FOUND
    paid, _ = await record_fee(world.env, world.operator, RecordFee(application.id, "CH-77", 4000, "fee"))
    assert paid.status is Status.IN_SCRUTINY


async def test_a_case_can_be_withdrawn_until_it_is_decided(world: World):
    application = await world.submit(world.asha)
    withdrawn, _ = await withdraw_application(world.env, world.asha, Withdraw(application.id, "w", "Not needed."))
    assert withdrawn.status is Status.WITHDRAWN
    call = withdraw_application(world.env, world.asha, Withdraw(application.id, "again"))
    assert (await code_of(call))[0] is ErrorCode.TRANSITION_NOT_ALLOWED


async def test_after_withdrawal_she_may_apply_again(world: World):
    application = await world.submit(world.asha)
    await withdraw_application(world.env, world.asha, Withdraw(application.id, "w"))
    assert (await world.submit(world.asha, idempotency_key="new")).status is Status.IN_SCRUTINY


@pytest.mark.parametrize("who", ["sunil", "registrar"])
async def test_nobody_else_can_withdraw_or_answer(world: World, who: str):
    application = await world.submit(world.asha)
    stranger: Subject = getattr(world, who)
    path = (ErrorCode.NOT_FOUND, ("input", "applicationId"))
    assert await code_of(withdraw_application(world.env, stranger, Withdraw(application.id, "w"))) == path
    assert await code_of(answer_query(world.env, stranger, AnswerQuery(application.id, "x", {}, "a"))) == path
    assert await code_of(answer_query(world.env, stranger, AnswerQuery("absent", "x", {}, "b"))) == path


async def test_an_answer_must_say_something_to_a_query_that_is_open(world: World):
    application = await world.submit(world.asha)
    call = answer_query(world.env, world.asha, AnswerQuery(application.id, "x", {}, "early"))
    assert (await code_of(call))[0] is ErrorCode.TRANSITION_NOT_ALLOWED
    query = Decide(
        application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Which hospital?"
    )
    await decide_application(world.env, world.registrar, query)
    call = answer_query(world.env, world.asha, AnswerQuery(application.id, " ", {}, "empty"))
    assert await code_of(call) == (ErrorCode.REASON_REQUIRED, ("input", "answer"))
    call = answer_query(world.env, world.asha, AnswerQuery(application.id, "x", {}, "stale", expected_version=1))
    assert (await code_of(call))[0] is ErrorCode.CONFLICT


async def asked_for_a_paper(world: World) -> Application:
    """Asha's application for an income certificate, with a query for a better copy of one paper."""
    first = (await hand_in(world.env, world.asha, "the first copy")).reference
    given = tuple(NewDocument(key, first, DocumentSource.UPLOAD.value) for key in INCOME_PAPERS)
    application = await world.in_scrutiny(world.asha, INCOME, world.tehsildar, documents=given)
    ground, reason = RejectionGround.DOCUMENT_NOT_LEGIBLE, "The copy cannot be read."
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=ground, reason=reason, documents=(ASKED,))
    return (await decide_application(world.env, world.tehsildar, query))[0]


def answer(application: Application, key: str, *documents: NewDocument) -> AnswerQuery:
    return AnswerQuery(application.id, "A better copy.", {}, key, documents=documents)


async def attached_to(world: World, application: Application) -> Sequence[AttachedDocument]:
    async with world.env.store.read_transaction() as tx:
        return (await timeline.documents(tx, [application.id]))[application.id]


async def test_the_paper_that_a_query_asked_for_is_handed_in_with_the_answer(world: World):
    application = await asked_for_a_paper(world)
    world.clock.advance(timedelta(days=2))
    better = (await hand_in(world.env, world.asha, "a better copy")).reference
    request = answer(application, "a", NewDocument(ASKED, better, DocumentSource.UPLOAD.value))

    for replay in (False, True):
        answered, replayed = await answer_query(world.env, world.asha, request)
        assert (answered.status, answered.paused_days, replayed) == (Status.IN_SCRUTINY, 2, replay)

    copies = [paper for paper in await attached_to(world, application) if paper.key == ASKED]
    async with world.env.store.read_transaction() as tx:
        steps = (await timeline.timelines(tx, [application.id]))[application.id]
    assert [paper.sha256 == better for paper in copies] == [False, True]
    assert copies[1].attached_at - copies[0].attached_at == timedelta(days=2)
    assert (steps[-1].move, steps[-1].documents) == (Move.ANSWER_QUERY, (ASKED,))


async def test_a_paper_of_the_locker_is_frozen_and_its_read_leaves_a_receipt(world: World):
    application = await asked_for_a_paper(world)
    await world.link_locker(world.asha)
    world.locker.documents = (PAN,)
    async with world.env.store.write_transaction() as tx:
        await outbox.claim(tx, "before", 10, 3600)

    await answer_query(world.env, world.asha, answer(application, "a", *papers(ASKED)))

    new = (await attached_to(world, application))[-1]
    async with world.env.store.write_transaction() as tx:
        waiting = await outbox.claim(tx, "test", 10, 60)
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 1)
    assert (new.name, new.verified_at) == ("PAN", world.clock.now())
    assert [(one.topic, one.payload["document_id"]) for one in waiting] == [(VERIFY, new.id)]
    assert receipts[0].source == Source.DIGILOCKER.value


async def test_while_the_locker_is_away_the_answer_is_taken_and_the_paper_checked_later(world: World):
    application = await asked_for_a_paper(world)
    await world.link_locker(world.asha)
    world.locker.failure = Unavailable(Source.DIGILOCKER, "down")
    answered, _ = await answer_query(world.env, world.asha, answer(application, "a", *papers(ASKED)))
    assert answered.status is Status.IN_SCRUTINY
    assert (await attached_to(world, application))[-1].verified_at is None


@pytest.mark.parametrize("wrong", ["not on the list", "somebody else's file", "not in the locker", "no such file"])
async def test_another_paper_is_refused_by_its_place_and_the_query_stays_open(world: World, wrong: str):
    application = await asked_for_a_paper(world)
    await world.link_locker(world.asha)
    own = (await hand_in(world.env, world.asha, "a better copy")).reference
    foreign = (await hand_in(world.env, world.sunil, "of somebody else")).reference
    given = {
        "not on the list": NewDocument("horoscope", own, DocumentSource.UPLOAD.value),
        "somebody else's file": NewDocument(ASKED, foreign, DocumentSource.UPLOAD.value),
        "not in the locker": NewDocument(ASKED, "in.gov.pan-PANCR-2"),
        "no such file": NewDocument(ASKED, "0" * 64, DocumentSource.UPLOAD.value),
    }
    right = NewDocument(ASKED, own, DocumentSource.UPLOAD.value)
    before = await attached_to(world, application)

    call = answer_query(world.env, world.asha, answer(application, "a", right, given[wrong]))
    assert await code_of(call) == (ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents", "1"))

    async with world.env.store.read_transaction() as tx:
        present = await applications.get(tx, application.id)
    assert (present, await attached_to(world, application)) == (application, before)
    assert (await answer_query(world.env, world.asha, answer(application, "a", right)))[1] is False


async def test_strangers_learn_nothing_and_her_locker_is_not_asked(world: World):
    application = await asked_for_a_paper(world)
    await world.link_locker(world.asha)
    for stranger in (world.sunil, world.tehsildar):
        call = answer_query(world.env, stranger, answer(application, "a", *papers(ASKED)))
        assert await code_of(call) == (ErrorCode.NOT_FOUND, ("input", "applicationId"))
    with pytest.raises(NotSignedIn):
        await answer_query(world.env, ANONYMOUS, answer(application, "a", *papers(ASKED)))
    assert world.locker.calls == 0


async def test_an_answer_in_words_alone_is_the_same_request_as_before_papers_could_be_given(world: World):
    application = await asked_for_a_paper(world)
    request = answer(application, "old")
    body = asdict(request)
    del body["documents"], body["sources"]
    scope = idempotency.scope_of(world.asha.label, "answerQuery")
    async with world.env.store.write_transaction() as tx:
        await idempotency.begin(tx, scope, "old", hash_of(body), world.clock.now(), for_ever=False)
        await idempotency.complete(tx, scope, "old", {"id": application.id})
    assert (await answer_query(world.env, world.asha, request))[1] is True
