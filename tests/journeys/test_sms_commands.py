"""A villager asks by her keypad telephone where her application stands, over real sockets, and is answered in Hindi."""

import json
from pathlib import Path
from typing import Any

from tests.journeys.test_write_path import locker_uri, submit
from tests.support.papers import income_application

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
HER = next(person for person in PEOPLE if person["key"] == "shanti-rana")
STRANGER = "9812398123"
IN_HINDI_DIGITS = str.maketrans("0123456789", "०१२३४५६७८९")
CHOSEN = "{ viewer { ... on Citizen { messageSettings { channels } } } }"


def replies(running: Any, mobile: str, text: str, **more: Any) -> list[str]:
    """What comes back to a telephone, once for each time that the platform passes the message on."""
    answers = running.act("sms", "receive", mobile=mobile, text=text, **more)["answers"]
    assert {one["status"] for one in answers} == {200}, answers
    return [one["reply"] for one in answers]


def test_her_telephone_is_told_where_her_application_stands_and_a_stranger_s_nothing(running):
    citizen = running.token("citizen", HER["key"])
    application = submit(running, citizen, income_application(locker_uri(running, citizen), "sms-income-1"))
    number = application["number"].translate(IN_HINDI_DIGITS)

    told = replies(running, HER["mobile"], f"स्थिति {number}", times=2)
    foreign = replies(running, STRANGER, f"स्थिति {number}", form=True)

    assert told[0].startswith("आवेदन ")
    assert told[0] == told[1]
    assert application["number"].replace(" ", "")[-5:] in told[0]
    assert foreign == ["इस फ़ोन से कोई आवेदन नहीं मिला। संख्या जाँचें या हेल्पलाइन से पूछें।"]


def test_stop_and_start_by_sms_are_what_she_chose_on_the_portal(running):
    citizen = running.token("citizen", HER["key"])

    [stopped] = replies(running, HER["mobile"], "बंद")
    after = running.data(CHOSEN, token=citizen)["viewer"]["messageSettings"]["channels"]
    [started] = replies(running, HER["mobile"], "शुरू")

    assert stopped.startswith("SMS बंद।")
    assert "SMS" not in after
    assert started.startswith("SMS फिर")
    assert "SMS" in running.data(CHOSEN, token=citizen)["viewer"]["messageSettings"]["channels"]


def test_every_wrong_call_of_the_platform_is_refused(running):
    judged = running.act("sms", "call_bad")

    assert judged["ok"], judged["calls"]
