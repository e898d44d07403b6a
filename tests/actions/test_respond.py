"""Fees, answers and withdrawals."""

import pytest

from actions.decide import Decide, Verdict, decide_application
from actions.respond import AnswerQuery, RecordFee, Withdraw, answer_query, record_fee, withdraw_application
from domain.applications import RejectionGround
from domain.errors import ErrorCode, Problems
from domain.lifecycle import Status
from domain.people import Subject
from tests.support.actions import FREE, ORDER, World


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
