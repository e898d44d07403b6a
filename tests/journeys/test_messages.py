"""What happens to an application arrives on her keypad telephone in Hindi, and the graph says so, over real sockets."""

import json
from pathlib import Path

from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.eventually import eventually
from tests.support.papers import RECORD_FEE, income_application
from tests.support.telephones import texts_to

PEOPLE = json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
HER = next(person for person in PEOPLE if person["key"] == "rekha-panwar")

CHOOSE = """mutation ($input: ChooseMessageSettingsInput!) { chooseMessageSettings(input: $input) {
  settings { channels quietFrom quietUntil } userErrors { code path } } }"""
TOLD = """{ viewer { ... on Citizen { notifications(first: 20) { nodes {
  application { id } kind messages { channel state } } } } } }"""


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


def test_whatsapp_is_refused_by_a_code_until_it_is_connected(running):
    citizen = running.token("citizen", HER["key"])
    wished = {"channels": ["WHATSAPP"], "quietFrom": 21, "quietUntil": 8, "idempotencyKey": "messages-2"}

    refused = running.data(CHOOSE, {"input": wished}, token=citizen)["chooseMessageSettings"]["userErrors"]
    assert refused == [{"code": "CHANNEL_NOT_CONNECTED", "path": ["input", "channels"]}]
