"""An account of UMANG is linked by the end of its mobile number, which may be wrong three times and no more."""

from asyncio import gather
from collections import Counter
from datetime import timedelta

from actions.umang.umang_users import ask_link, confirm_link
from domain.kernel import Problems
from integrations.umang import UserAssertion
from tests.support.actions import World


async def test_of_guesses_at_once_three_are_compared_and_no_more(peopled: World):
    env, until = peopled.env, peopled.clock.now() + timedelta(minutes=1)
    address = await ask_link(env, UserAssertion("umang-1", "9800000001", None, "jti-1", until))
    ticket = address.split("ticket=")[1]

    async def outcome(digits: str) -> str:
        try:
            await confirm_link(env, peopled.asha, ticket, digits)
        except Problems as refused:
            return refused.code.value
        return "DONE"

    told = Counter(await gather(*(outcome(f"{number:04d}") for number in range(100, 118))))

    assert told == {"OTP_WRONG": 3, "BAD_INPUT": 15}
