"""Keyed writes: a lost answer is enquired before it is repeated."""

import httpx
import pytest

from domain.kernel import Source
from integrations.calling.errors import Garbled, Unavailable
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Answer

KEYED = CallPolicy("digilocker.keyed", Source.DIGILOCKER, keyed=True)


class Enquiry:
    """Whether the partner has the key, as each enquiry finds it."""

    def __init__(self, *found):
        self.found = list(found)
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        found = self.found.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_lost_answer_is_enquired_and_what_had_arrived_is_not_sent_again(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x")), Enquiry(True)

    answer = await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (answer, route.call_count, enquiry.asked) == (None, 1, 1)


async def test_what_had_not_arrived_is_sent_again(remote, partner):
    route = partner.post("/a").mock(side_effect=[httpx.ReadTimeout("x"), httpx.Response(201)])
    enquiry = Enquiry(False)

    answer = await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (answer.status, route.call_count, enquiry.asked) == (201, 2, 1)


async def test_where_it_cannot_be_learnt_the_loss_is_told_and_nothing_is_sent_again(remote, partner):
    route = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x"))
    enquiry = Enquiry(Unavailable(Source.DIGILOCKER, "enquiry_down"))

    with pytest.raises(Unavailable) as caught:
        await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)

    assert (caught.value.code, route.call_count, enquiry.asked) == ("connection_lost", 1, 1)


async def test_before_the_last_loss_is_told_it_is_enquired_once_more(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=httpx.ReadTimeout("x")), Enquiry(False, False, True)

    assert await remote.send_once(KEYED, "POST", "/a", confirm=enquiry) is None
    assert (route.call_count, enquiry.asked) == (3, 3)


async def test_a_connection_that_was_never_made_needs_no_enquiry(remote, partner):
    route, enquiry = partner.post("/a").mock(side_effect=[httpx.ConnectError("x"), httpx.Response(201)]), Enquiry()

    assert (await remote.send_once(KEYED, "POST", "/a", confirm=enquiry)).status == 201
    assert (route.call_count, enquiry.asked) == (2, 0)


async def test_a_garbled_answer_to_a_write_is_enquired_too(remote, partner):
    partner.post("/a").respond(200, text="?")

    def judge(answer: Answer) -> None:
        raise Garbled(Source.DIGILOCKER, "unreadable")

    assert await remote.send_once(KEYED, "POST", "/a", confirm=Enquiry(True), judge=judge) is None
    with pytest.raises(Garbled):
        await remote.send_once(KEYED, "POST", "/a", confirm=Enquiry(False), judge=judge)
