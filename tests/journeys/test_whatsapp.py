"""By WhatsApp, over real sockets: she agrees, applies with photographs, follows, gets the certificate, and appeals."""

import base64
import json
from pathlib import Path
from typing import Any

from tests.journeys.test_messages import CHOOSE, TOLD
from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.chats import choices_of, text_of
from tests.support.eventually import eventually
from tests.support.forms import own_forms
from tests.support.papers import DECIDE, RECORD_FEE, income_application
from tests.support.pictures import camera_jpeg
from tests.support.telephones import texts_to

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
OTHERS = ("rohan-adhikari", "deepa-joshi", "bhagwati-mehra", "janki-karki", "prakash-dhami", "manisha-bora")
FORM = own_forms()["income-certificate"]
MINE = """{ viewer { ... on Citizen { applications(first: 100) { nodes {
  id number status channel service { code } fee { amount } } } } } }"""


class Telephone:
    """The telephone of a demo person."""

    def __init__(self, running: Any, key: str) -> None:
        self.running, self.key = running, key
        self.mobile = next(person["mobile"] for person in PEOPLE if person["key"] == key)

    def arrived(self, *, templates: bool = False) -> list[dict[str, Any]]:
        """What came, the oldest first: answers, or notices by templates."""
        found = self.running.act("whatsapp", "messages", mobile=self.mobile)["messages"]
        return [one for one in reversed(found) if (one["type"] == "template") is templates]

    def say(self, messages: int = 1, **said: Any) -> dict[str, Any]:
        """Write, tap or send something; the last message of the answer, which has so many."""
        before = len(self.arrived())
        self.running.act("whatsapp", "say", mobile=self.mobile, **said)
        return eventually(self.arrived, lambda found: len(found) >= before + messages)[-1]

    def tap(self, begins: str, messages: int = 1) -> dict[str, Any]:
        """Tap what was offered last and begins so."""
        offered = [one for message in self.arrived() for one, _ in choices_of(message) if one.startswith(begins)]
        return self.say(messages, choice=offered[-1])

    def agree(self) -> None:
        """Choose WhatsApp in a session."""
        wished = {"channels": ["SMS", "WHATSAPP"], "quietFrom": 0, "quietUntil": 0, "language": "HI"}
        given = {"input": {**wished, "idempotencyKey": f"whatsapp-{self.key}"}}
        citizen = self.running.token("citizen", self.key)
        assert self.running.data(CHOOSE, given, token=citizen)["chooseMessageSettings"]["userErrors"] == []

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer what was asked: a question of the form, a place, or a paper."""
        offered = [one for one, _ in choices_of(asked)]
        if any(one.startswith("answer:") for one in offered):
            name = offered[0].split(":")[1]
            return self.tap(f"answer:{name}:{FORM.example[name]}")
        if any(one.startswith("place:district") for one in offered):
            return self.say(text="देहरादून")
        if any(one.startswith("place:tehsil") for one in offered):
            return self.tap("place:tehsil:304")
        if "फ़ोटो" in text_of(asked):
            return self.say(file=base64.b64encode(camera_jpeg()).decode(), type="image/jpeg")
        first = text_of(asked).split("\n")[0]
        name = next(one.name for one in FORM.all_questions() if one.label.hi == first)
        return self.say(text=FORM.example[name])


def test_she_agrees_applies_with_photographs_follows_and_gets_the_certificate(running):
    her = Telephone(running, "farida-begum")
    citizen, officer = running.token("citizen", her.key), running.token("officer")
    her.agree()

    her.say(text="नमस्ते")
    her.tap("menu:find")
    her.say(text="आय प्रमाण पत्र")
    asked = her.tap("apply:ES09", messages=2)
    while not any(one == "confirm:yes" for one, _ in choices_of(asked)):
        asked = her.answer(asked)
    filed = her.tap("confirm:yes")

    nodes = running.data(MINE, token=citizen)["viewer"]["applications"]["nodes"]
    application = next(one for one in nodes if one["channel"] == "WHATSAPP")
    assert application["number"].replace(" ", "")[-5:] in text_of(filed)
    assert "शुल्क शेष" in text_of(her.say(text=f"स्थिति {application['number']}"))

    fee = {"applicationId": application["id"], "receipt": "CH-2026-77", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "whatsapp-fee-1"}}, token=officer)
    approve(running, officer, application["id"], "whatsapp-approve-1")
    eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    her.say(text=f"status {application['number']}")
    document = her.tap("certificate:")
    assert document["document"]["filename"].endswith(".pdf")

    notices = eventually(lambda: her.arrived(templates=True), lambda found: len(found) >= 3)
    assert {one["template"]["language"]["code"] for one in notices} == {"hi"}
    told = eventually(
        lambda: carried(running, citizen, application["id"]), lambda found: ("WHATSAPP", "DELIVERED") in found
    )
    assert not any(channel == "SMS" for channel, _ in told)


def test_she_appeals_a_refusal(running):
    her = Telephone(running, "gaurav-tyagi")
    citizen, officer = running.token("citizen", her.key), running.token("officer")
    her.agree()
    application = submit(running, citizen, income_application(locker_uri(running, citizen), "whatsapp-income-2"))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-78", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "whatsapp-fee-2"}}, token=officer)
    refusal = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "The income is above the limit"}
    given = {"input": {**refusal, "applicationId": application["id"], "idempotencyKey": "whatsapp-reject-1"}}
    assert running.data(DECIDE, given, token=officer)["decideApplication"]["userErrors"] == []

    her.say(text=f"appeal {application['number']}")
    filed = her.say(text="मेरी आय सीमा से कम है")

    assert text_of(filed).startswith("आपकी अपील दर्ज हुई")


def test_a_number_that_is_not_on_whatsapp_gets_the_message_by_sms(running):
    her = Telephone(running, next(key for key in OTHERS if has_none(running, key)))
    citizen = running.token("citizen", her.key)
    her.agree()
    running.act("whatsapp", "member", mobile=her.mobile, on=False)
    application = submit(running, citizen, income_application(locker_uri(running, citizen), "whatsapp-income-3"))

    told = eventually(lambda: carried(running, citizen, application["id"]), lambda found: ("SMS", "SENT") in found)
    assert ("WHATSAPP", "FAILED") in told
    ending = application["number"].replace(" ", "")[-5:]
    assert any(ending in text.replace(" ", "") for text in texts_to(running, her.mobile))


def has_none(running: Any, key: str) -> bool:
    """Whether somebody of the demo has no application for an income certificate."""
    nodes = running.data(MINE, token=running.token("citizen", key))["viewer"]["applications"]["nodes"]
    return all(one["service"]["code"] != "ES09" for one in nodes)


def carried(running: Any, token: str, application_id: str) -> set[tuple[str, str]]:
    """By which channels her notices of an application went, and their states."""
    told = running.data(TOLD, token=token)["viewer"]["notifications"]["nodes"]
    mine = [each for each in told if (each["application"] or {}).get("id") == application_id]
    return {(one["channel"], one["state"]) for each in mine for one in each["messages"]}


def test_every_wrong_foreign_and_stale_call_of_the_webhook_is_answered_without_an_effect(running):
    view = running.act("whatsapp", "call_bad")

    assert [call for call in view["calls"] if not call["ok"]] == []
