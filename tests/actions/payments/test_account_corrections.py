"""A citizen names another account for her payments."""

from dataclasses import replace

import pytest

from actions.benefits.sanction import send_instruction
from actions.payments.account_corrections import CorrectAccount, correct_account
from domain.benefits.benefits import PaymentStatus, Sanction
from domain.kernel import Assurance, ErrorCode, Language, Problems
from domain.kernel.messages import message
from tests.support.actions import World
from tests.support.pensions import code_of, made, news


async def test_a_citizen_corrects_a_refused_account_and_the_payment_goes_to_the_new_one(
    world: World, pension: Sanction
):
    (first,) = await made(world, pension)
    sure = replace(world.sunil, assurance=Assurance.SUBSTANTIAL)
    request = CorrectAccount(pension.id, "4000 0000 0777", "demo0000002", "a")
    with pytest.raises(Problems) as early:
        await correct_account(world.env, sure, request)
    assert code_of(early) is ErrorCode.STEP_NOT_ALLOWED
    await news(world, first, PaymentStatus.BENEFICIARY_REJECTED, return_code="02")
    with pytest.raises(Problems) as weak:
        await correct_account(world.env, replace(world.sunil, assurance=Assurance.LOW), request)
    assert code_of(weak) is ErrorCode.STRENGTH_TOO_LOW
    with pytest.raises(Problems) as another:
        await correct_account(world.env, world.asha, request)
    assert code_of(another) is ErrorCode.NOT_FOUND
    after, _ = await correct_account(world.env, sure, request)
    assert after.bank_account_last4 == "0777"
    await send_instruction(world.env, first.id)
    (sent,) = world.dbt.instructed
    assert (sent.payees[0].account_number, sent.payees[0].ifsc) == ("400000000777", "DEMO0000002")
    assert [one.status for one in await made(world, pension)] == [PaymentStatus.INSTRUCTED]


@pytest.mark.parametrize(
    ("number", "ifsc", "said"),
    [
        ("12345678", "DEMO0000002", '"Account number" is not correct: 9 to 18 digits.'),
        (
            "400000000777",
            "DEMO1000002",
            '"IFSC" is not correct: 11 characters, such as SBIN0001234.',
        ),
    ],
)
async def test_an_account_or_branch_that_is_none_is_refused_and_told_what_it_must_be(
    world: World, pension: Sanction, number: str, ifsc: str, said: str
):
    (first,) = await made(world, pension)
    await news(world, first, PaymentStatus.RETURNED)
    with pytest.raises(Problems) as refused:
        await correct_account(world.env, world.sunil, CorrectAccount(pension.id, number, ifsc, "a"))
    (problem,) = refused.value.problems
    assert problem.code is ErrorCode.FORM_VALUE_INVALID
    assert message(problem.code, Language.EN, problem.params, problem.texts) == said
