"""What happens to an application arrives on her keypad telephone in Hindi, and the graph says so, over real sockets."""

import json
import re
from pathlib import Path
from typing import Any

import httpx

from demo.sign_in import demo_sign_in
from domain.feedback.notices import NoticeKind
from domain.kernel import Language, SystemClock
from states.message_texts import message_texts
from states.packages import state_folder
from tests.journeys.test_sign_on import code_in
from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.databases import run_apart
from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.papers import RECORD_FEE, income_application
from tests.support.telephones import codes_to, texts_to

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
HER = next(person for person in PEOPLE if person["key"] == "rekha-panwar")

K = NoticeKind
CHOOSE = """mutation ($input: ChooseMessageSettingsInput!) { chooseMessageSettings(input: $input) {
  settings { channels quietFrom quietUntil } userErrors { code path } } }"""
TOLD = """{ viewer { ... on Citizen { notifications(first: 20) { nodes {
  application { id } kind messages { channel state } } } } } }"""


SLOTS = "query ($id: ID!) { doorstepSlots(applicationId: $id, purpose: PICK_UP) { on window } }"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
WALKED = {
    K.APPLICATION_ACKNOWLEDGED,
    K.FEE_DUE,
    K.VISIT_BOOKED,
    K.QUERY_RAISED,
    K.QUERY_ANSWERED,
    K.REJECTED,
    K.VISIT_CANCELLED,
    K.APPEAL_DISMISSED,
    K.APPROVED,
    K.PAYMENT_SENT,
    K.DELIVERED,
    K.NEW_DEVICE,
    K.TEST_MESSAGE,
    K.ASSISTANCE_GIVEN,
    K.CONSENT_ASKED,
}
"""What a citizen of the demo is told on the walk below; test_keypad_telephone.py has the other events."""


class FromIphone(httpx.AsyncHTTPTransport):
    """The browser of another kind of device."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["User-Agent"] = IPHONE
        return await super().handle_async_request(request)


async def sign_in_on_an_iphone(url: str) -> str:
    return await demo_sign_in(url, "citizen", HER["key"], transport=FromIphone())


def text_of(kind: NoticeKind) -> re.Pattern[str]:
    """The Hindi SMS of an event, whatever stands in place of its variables."""
    text = message_texts(state_folder())[kind.value].texts[Language.HI].text
    return re.compile(re.sub(r"\\\{[a-z_]+\\\}", r"[^{}]+", re.escape(text)))


def key(name: str) -> str:
    return f"keypad-{name}-{SystemClock().now()}"


def does(running: Any, token: str, field: str, selection: str = "", /, **given: Any) -> Any:
    """Carry out a mutation and read what it changed."""
    kind = f"{field[0].upper()}{field[1:]}Input!"
    document = f"mutation ($input: {kind}) {{ {field}(input: $input) {{ {selection} userErrors {{ code path }} }} }}"
    given["idempotencyKey"] = key(field)
    payload = running.data(document, {"input": given}, token=token)[field]
    assert payload["userErrors"] == [], payload["userErrors"]
    return payload


def test_every_step_of_an_application_reaches_the_telephone(running):
    citizen, officer = running.token("citizen", HER["key"]), running.token("officer")
    awake = {"channels": ["SMS"], "quietFrom": 0, "quietUntil": 0, "language": "HI", "idempotencyKey": "messages-1"}
    assert running.data(CHOOSE, {"input": awake}, token=citizen)["chooseMessageSettings"]["userErrors"] == []

    application = submit(running, citizen, income_application(locker_uri(running, citizen), "messages-income-1"))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-9", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "messages-fee-1"}}, token=officer)
    approve(running, officer, application["id"], "messages-approve-1")
    eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")

    def arrived() -> list[str]:
        spaced = application["number"].replace(" ", "")[-9:]
        return [text for text in texts_to(running, HER["mobile"]) if spaced in text.replace(" ", "")]

    texts = eventually(arrived, lambda found: len(found) == 4)
    assert all(text.startswith("अपुणी सरकार: आवेदन ") for text in texts)
    said = ("सेवा दे दी", "स्वीकृत", "शुल्क जमा", "मिल गया है")  # what is urgent may come before what it follows
    assert [sum(words in text for text in texts) for words in said] == [1] * 4

    def on_their_way() -> list[dict]:
        told = running.data(TOLD, token=citizen)["viewer"]["notifications"]["nodes"]
        return [each for each in told if (each["application"] or {}).get("id") == application["id"]]

    def are_noted(mine: list[dict]) -> bool:
        return not any(one["state"] == "SENDING" for each in mine for one in each["messages"])

    mine = eventually(on_their_way, are_noted)  # a text may be there before its provider's answer is noted
    assert {each["kind"] for each in mine} == {"DELIVERED", "APPROVED", "FEE_DUE", "APPLICATION_ACKNOWLEDGED"}
    carried = {(one["channel"], one["state"]) for each in mine for one in each["messages"]}
    assert carried <= {("SMS", "SENT"), ("SMS", "DELIVERED")}


def test_a_visit_an_appeal_a_payment_a_consent_and_a_new_device_reach_the_telephone_in_hindi(running):
    citizen, officer = running.token("citizen", HER["key"]), running.token("officer")
    does(running, citizen, "chooseMessageSettings", channels=["SMS"], quietFrom=0, quietUntil=0, language="HI")
    old = set(texts_to(running, HER["mobile"]))

    def missing(kinds: set[NoticeKind]) -> list[NoticeKind]:
        texts = set(texts_to(running, HER["mobile"])) - old
        return sorted(kind for kind in kinds if not any(text_of(kind).fullmatch(text) for text in texts))

    does(running, citizen, "testMessage", channel="SMS")
    eventually(lambda: missing({K.TEST_MESSAGE}), lambda left: not left, seconds=180)  # what was sown is sent before
    application = submit(running, citizen, income_application(locker_uri(running, citizen), key("income")))
    about, case_id = {"applicationId": application["id"]}, application["id"]
    does(running, officer, "recordFee", **about, receipt="CH-2026-12", amount=application["fee"]["amount"])
    slot = running.data(SLOTS, {"id": case_id}, token=citizen)["doorstepSlots"][0]
    does(running, citizen, "bookDoorstepVisit", **about, purpose="PICK_UP", slot=slot)
    asked = {"verdict": "RAISE_QUERY", "ground": "FORM_INCOMPLETE", "reason": "Whose income?"}
    does(running, officer, "decideApplication", **about, **asked)
    does(running, citizen, "answerQuery", **about, answer="Ours", form=[])
    no = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "Too much income."}
    does(running, officer, "decideApplication", **about, **no)
    appeal = does(running, citizen, "fileAppeal", "appeal { id }", **about, text="It is less.")["appeal"]["id"]
    does(
        running,
        running.token("appellate"),
        "decideAppeal",
        appealId=appeal,
        verdict="DISMISS",
        text="It is not.",
    )

    bank = {"bank_account_number": "50100012345600", "bank_ifsc": "SBIN0000630"}
    found = running.data('{ services(first: 5, filter: {search: "nanda"}) { nodes { code } } }')["services"]["nodes"]
    grant = {"serviceCode": found[0]["code"], "district": "49", "tehsil": "303"}
    form = answers_of("nanda-gaura-scheme-application", **bank)
    granted = does(running, citizen, "submitApplication", "application { id }", **grant, form=form)["application"]
    approve(running, running.token("officer", "dpo-dehradun"), granted["id"], key("approve"))

    run_apart(sign_in_on_an_iphone, running.url)
    operator, before = running.token("operator"), len(codes_to(running, HER["mobile"]))
    wanted = {"way": "OTP", "bornOn": HER["dob"], "mobile": HER["mobile"], "minutes": 20}
    asked_id = does(running, operator, "askAssistance", "assistance { id }", **wanted)["assistance"]["id"]
    [code, *_] = eventually(lambda: codes_to(running, HER["mobile"]), lambda seen: len(seen) > before)
    does(running, operator, "confirmAssistance", assistanceId=asked_id, code=code_in(code))
    does(running, operator, "askConsent", purpose="ISSUE_TO_LOCKER")
    does(running, citizen, "withdrawConsent", purpose="ASSISTANCE")

    assert eventually(lambda: missing(WALKED), lambda left: not left, seconds=60) == []
