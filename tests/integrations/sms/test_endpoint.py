"""The way in for what citizens send: the platform's networks and the secret of the address, and whole fields alone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import ManualClock
from integrations.sms import InboundSettings, IncomingSms, sms_routes
from integrations.sms.endpoint import BODY_LIMIT, LONGEST_TEXT

SECRET = "s" * 40
CLOCK = ManualClock(datetime(2026, 11, 26, 6, 0, tzinfo=UTC))
GOOD = {"mobileNumber": "919812345678", "timeStamp": "2026-11-26 11:30:00", "message": "स्थिति"}


@dataclass
class Inbox:
    """Keeps what came."""

    heard: list[IncomingSms] = field(default_factory=list)

    async def answer(self, sms: IncomingSms) -> str:
        """Say how many came."""
        self.heard.append(sms)
        return f"उत्तर {len(self.heard)}"


def client(inbox: Inbox, networks: tuple[str, ...] = ("127.0.0.0/8",)) -> httpx.AsyncClient:
    settings = InboundSettings(SECRET, networks, failures_a_minute=3)
    app = Starlette(routes=sms_routes(inbox, settings, CLOCK))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://apuni.test")


@pytest.mark.parametrize("way", ["GET", "POST"])
async def test_a_message_is_taken_by_both_ways_and_the_reply_stands_in_the_answer(way: str):
    inbox = Inbox()
    async with client(inbox) as platform:
        given = {"params": GOOD} if way == "GET" else {"data": GOOD}
        answer = await platform.request(way, f"/sms/{SECRET}", **given)

    assert (answer.status_code, answer.text) == (200, "उत्तर 1")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert [(one.mobile, one.text, one.at) for one in inbox.heard] == [("9812345678", "स्थिति", CLOCK.now())]


async def test_another_secret_and_another_network_look_like_an_address_that_is_not_there():
    inbox = Inbox()
    async with client(inbox) as platform:
        wrong = await platform.get(f"/sms/{'x' * 40}", params=GOOD)
    async with client(inbox, ("10.0.0.0/8",)) as elsewhere:
        foreign = await elsewhere.get(f"/sms/{SECRET}", params=GOOD)

    assert (wrong.status_code, foreign.status_code) == (404, 404)
    assert wrong.content == foreign.content
    assert inbox.heard == []


async def test_an_address_that_guesses_secrets_is_locked_out():
    async with client(Inbox()) as platform:
        guessed = [(await platform.get(f"/sms/{number}", params=GOOD)).status_code for number in range(4)]
        honest = await platform.get(f"/sms/{SECRET}", params=GOOD)

    assert guessed == [404, 404, 404, 429]
    assert honest.status_code == 429


@pytest.mark.parametrize(
    ("wrong", "field_name"),
    [
        ({"mobileNumber": "12"}, "mobileNumber"),
        ({"message": " "}, "message"),
        ({"message": "a" * 700}, "message"),
        ({"timeStamp": "2026-11-24 11:30:00"}, "timeStamp"),
        ({"timeStamp": "2026-11-26 12:30:00"}, "timeStamp"),
        ({"timeStamp": "soon"}, "timeStamp"),
    ],
)
async def test_a_field_that_is_wrong_or_of_another_time_is_named_and_nothing_is_taken(wrong: dict, field_name: str):
    inbox = Inbox()
    async with client(inbox) as platform:
        answer = await platform.get(f"/sms/{SECRET}", params=GOOD | wrong)

    assert (answer.status_code, answer.json()) == (400, {"code": "BAD_FIELD", "field": field_name})
    assert inbox.heard == []


async def test_the_longest_text_fits_in_a_form_also_in_hindi():
    async with client(Inbox()) as platform:
        answer = await platform.post(f"/sms/{SECRET}", data=GOOD | {"message": "अ" * LONGEST_TEXT})

    assert answer.status_code == 200


async def test_too_long_a_message_of_a_citizen_locks_out_nobody_else():
    async with client(Inbox()) as platform:
        for _ in range(4):
            await platform.post(f"/sms/{SECRET}", data=GOOD | {"message": "a" * BODY_LIMIT})
        honest = await platform.post(f"/sms/{SECRET}", data=GOOD)

    assert honest.status_code == 200


async def test_a_large_body_is_refused():
    async with client(Inbox()) as platform:
        answer = await platform.post(f"/sms/{SECRET}", data=GOOD | {"message": "a" * BODY_LIMIT})

    assert answer.status_code == 413


@pytest.mark.parametrize("given", [{"secret": "short", "networks": ["10.0.0.0/8"]}, {"secret": SECRET, "networks": []}])
def test_a_short_secret_and_an_open_door_are_refused_at_the_start(given: dict):
    with pytest.raises(ValueError, match="inbound"):
        InboundSettings.from_onboarding(given, 1)
