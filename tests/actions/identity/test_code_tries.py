"""One-time codes are tried three times each, and wrongly ten times a day about a citizen and by an operator."""

from asyncio import gather
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.feedback.tracking import forget_tries
from actions.identity.assistance import ask_assistance, confirm_assistance
from actions.platform.alarms import evaluate
from domain.kernel import Bilingual, Operator, Problems, Subject
from domain.platform.alarms import AlarmCode
from store.database.leases import acquire
from store.identity import people
from tests.support.actions import World
from tests.support.assisting import asking, delivered, signed_in
from tests.support.phones import Phones, with_phones

MOST_WRONG = 10


@pytest.fixture
async def phones(world: World) -> Phones:
    return await reached_by_codes(world)


async def reached_by_codes(world: World) -> Phones:
    """Codes reach telephones, and Asha and Sunil have one each."""
    phones = Phones()
    world.env = with_phones(world.env, phones)
    async with world.env.store.write_transaction() as tx:
        [sunil] = (await people.citizens(tx, [world.sunil.person_id])).values()
        await people.update_citizen(tx, replace(sunil, mobile="9800000002"))
    return phones


async def outcome(call) -> str:
    """The code of its refusal, or DONE."""
    try:
        await call
    except Problems as refused:
        return refused.code.value
    return "DONE"


async def guess(world: World, operator: Subject, assistance_id: str, count: int, key: str) -> list[str]:
    return [
        await outcome(confirm_assistance(world.env, operator, assistance_id, "x", f"{key}-{number}"))
        for number in range(count)
    ]


async def guess_in_a_row(world: World, operator: Subject, count: int, key: str, **changes: Any) -> list[str]:
    """So many wrong tries, three for each code that is asked for."""
    told: list[str] = []
    while len(told) < count:
        world.clock.advance(timedelta(minutes=15))  # else the number has had its codes of the hour
        asked, _ = await ask_assistance(world.env, operator, asking(f"{key}{len(told)}", **changes))
        told += await guess(world, operator, asked.id, min(3, count - len(told)), f"{key}{len(told)}")
    return told


async def another_operator(world: World) -> Subject:
    """One more, who signs in at the same centre."""
    async with world.env.store.write_transaction() as tx:
        await people.add_operator(
            tx, Operator("second-operator", Bilingual(None, "Second"), "CSC-2", Bilingual(None, "CSC"), "49", None)
        )
    return await signed_in(replace(world, operator=replace(world.operator, person_id="second-operator")))


async def test_of_guesses_at_once_three_are_compared_and_no_more(peopled):
    await reached_by_codes(peopled)
    operator = await signed_in(peopled)
    asked, _ = await ask_assistance(peopled.env, operator, asking())

    guesses = [confirm_assistance(peopled.env, operator, asked.id, f"{n:06d}x", f"k{n}") for n in range(18)]
    told = Counter(await gather(*map(outcome, guesses)))

    assert told["OTP_WRONG"] == 3
    assert set(told) <= {"OTP_WRONG", "OTP_EXPIRED", "NOT_FOUND"}


async def test_after_ten_wrong_codes_of_a_day_an_operator_gets_none_for_anybody(world, phones):
    operator = await signed_in(world)
    await guess_in_a_row(world, operator, 5, "asha")
    await guess_in_a_row(world, operator, 5, "sunil", mobile="9800000002")

    refused = await outcome(ask_assistance(world.env, operator, asking("new", mobile="9876500001", name="Kamla")))

    assert refused == "RATE_LIMITED"


async def test_after_ten_wrong_codes_about_a_citizen_no_operator_gets_one_for_her(world, phones):
    await guess_in_a_row(world, await signed_in(world), 5, "one")
    other = await another_operator(world)
    await guess_in_a_row(world, other, 5, "two")

    assert await outcome(ask_assistance(world.env, other, asking("again"))) == "RATE_LIMITED"
    assert await outcome(ask_assistance(world.env, other, asking("sunil", mobile="9800000002"))) == "DONE"


async def test_a_code_that_was_sent_before_is_closed_with_the_others(world, phones):
    one, other = await signed_in(world), await another_operator(world)
    held, _ = await ask_assistance(world.env, other, asking("held"))
    [(_, code)] = await delivered(world, phones)
    for number in range(4):
        asked, _ = await ask_assistance(world.env, one, asking(f"a{number}"))
        await guess(world, one, asked.id, 3 if number < 3 else 1, f"a{number}")

    assert await outcome(confirm_assistance(world.env, other, held.id, code, "right")) == "RATE_LIMITED"


async def test_right_codes_are_not_counted(world, phones):
    operator = await signed_in(world)
    for number in range(MOST_WRONG + 2):
        world.clock.advance(timedelta(minutes=20))
        operator = await signed_in(world)
        asked, _ = await ask_assistance(world.env, operator, asking(f"a{number}"))
        code = (await delivered(world, phones))[-1][1]
        assert await outcome(confirm_assistance(world.env, operator, asked.id, code, f"c{number}")) == "DONE"


async def test_the_next_day_codes_are_open_again(world, phones):
    await guess_in_a_row(world, await signed_in(world), MOST_WRONG, "a")
    world.clock.advance(timedelta(days=1))

    assert await outcome(ask_assistance(world.env, await signed_in(world), asking("b"))) == "DONE"


async def test_wrong_codes_of_the_day_outlive_the_round_that_forgets_tries(world, phones):
    operator = await signed_in(world)
    await guess_in_a_row(world, operator, MOST_WRONG, "a")
    world.clock.advance(timedelta(hours=5))
    await forget_tries(world.env)

    assert await outcome(ask_assistance(world.env, await signed_in(world), asking("b"))) == "RATE_LIMITED"


async def test_what_is_refused_does_not_say_whether_she_is_known(world, phones):
    """A number that is nobody's is closed after as many wrong codes as hers."""
    stranger = {"mobile": "9876500001"}
    await guess_in_a_row(world, await signed_in(world), 5, "one", **stranger)
    other = await another_operator(world)
    await guess_in_a_row(world, other, 5, "two", **stranger)

    assert await outcome(ask_assistance(world.env, other, asking("again", **stranger))) == "RATE_LIMITED"


async def test_the_district_of_the_centre_is_told_by_an_alarm(world, phones):
    await guess_in_a_row(world, await signed_in(world), MOST_WRONG - 1, "a")
    async with world.env.store.write_transaction() as tx:
        lease = await acquire(tx, "alarms", "w1", 90)
    quiet = await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)
    operator = await signed_in(world)
    asked, _ = await ask_assistance(world.env, operator, asking("last"))

    await guess(world, operator, asked.id, 1, "last")
    raised = await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=False)

    assert [one for one in quiet if one.code is AlarmCode.CODES_CLOSED] == []
    assert [(one.about, one.value) for one in raised if one.code is AlarmCode.CODES_CLOSED] == [("49", 2)]
