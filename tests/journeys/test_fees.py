"""A fee paid at the treasury of the sandbox city, by a browser over real sockets; and one whose browser was closed."""

from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.papers import SUBMIT
from tests.support.running import Running

START = """mutation($input: StartFeePaymentInput!) { startFeePayment(input: $input) {
  payment { number state amount } redirect { pageUrl action fields { name value } } userErrors { code } } }"""
CASE = """query($id: ID!) { node(id: $id) { ... on Application {
  status fee { receipt } feePayments { number state receipt { grn } asOf } timeline { move } } } }"""
FEE_SERVICE = "ES22"


def begun(running: Running, person: str, key: str) -> tuple[str, str, Any]:
    """An application that waits for its fee, and the order to pay it."""
    token = running.token("citizen", person)
    request = {
        "serviceCode": FEE_SERVICE,
        "district": "49",
        "tehsil": "304",
        "channel": "WEB",
        "delivery": "PORTAL",
        "form": answers_of("new-employment-registration"),
        "documents": [],
        "idempotencyKey": key,
    }
    said = running.data(SUBMIT, {"input": request}, token=token)["submitApplication"]
    assert said["userErrors"] == []
    application = said["application"]["id"]
    given = {"applicationId": application, "idempotencyKey": f"{key}-pay"}
    order = running.data(START, {"input": given}, token=token)["startFeePayment"]
    assert order["userErrors"] == []
    return token, application, order


def case(running: Running, token: str, application: str) -> Any:
    return running.data(CASE, {"id": application}, token=token)["node"]


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def test_a_browser_pays_and_the_application_goes_on(running: Running):
    token, application, order = begun(running, "kamla-bisht", "journey-fee-browser")
    with httpx.Client(timeout=30) as browser:
        page = browser.get(order["redirect"]["pageUrl"]).text
        action = order["redirect"]["action"]
        assert action in page
        there = browser.post(action, data={"deptCode": "UKAS", "encdata": hidden(page, "encdata")}).text
        choice = {"reference": hidden(there, "reference"), "mode": "UPI", "outcome": "pay"}
        back = browser.post(f"{action}/choose", data=choice).text
        told = browser.post(f"{running.url}/hooks/treasury", data={"encdata": hidden(back, "encdata")})
        assert told.status_code == 303
        assert browser.get(told.headers["location"]).status_code == 200
    seen = case(running, token, application)
    (payment,) = seen["feePayments"]
    assert (seen["status"], payment["state"]) == ("IN_SCRUTINY", "SUCCESS")
    assert seen["fee"]["receipt"] == payment["receipt"]["grn"]
    assert [entry["move"] for entry in seen["timeline"]].count("RECEIVE_FEE") == 1


def test_the_worker_hears_of_a_payment_whose_browser_was_closed(running: Running):
    token, application, order = begun(running, "mohit-thapliyal", "journey-fee-closed")
    fields = {field["name"]: field["value"] for field in order["redirect"]["fields"]}
    running.act("treasury", "pay", encdata=fields["encdata"], mode="NB", outcome="pay")
    running.let_pass(minutes=2)  # after which an order is asked about for the first time
    seen = eventually(lambda: case(running, token, application), lambda one: one["status"] == "IN_SCRUTINY")
    assert seen["feePayments"][0]["state"] == "SUCCESS"
