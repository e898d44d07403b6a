"""From an application to a certificate in the wallet, a count at e-Taal and a payment at DBT finance."""

from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.papers import DECIDE, RECORD_FEE, SUBMIT, income_application

LOCKER = "{ viewer { ... on Citizen { certificates { nodes { uri origin doctype number } } } } }"
CASE = """
query($id: ID!) { node(id: $id) { ... on Application {
  id status version timeline { move } certificate { uri number name document { mediaType integrity } }
  benefit { status } } } }
"""
QUEUE = "{ viewer { ... on Officer { queue(first: 100) { nodes { id number status } } } } }"


def locker_uri(running, token: str) -> str:
    nodes = running.data(LOCKER, token=token)["viewer"]["certificates"]["nodes"]
    return next(node["uri"] for node in nodes if node["origin"] == "DIGILOCKER")


def submit(running, token: str, request: dict) -> dict:
    payload = running.data(SUBMIT, {"input": request}, token=token)["submitApplication"]
    assert payload["userErrors"] == []
    return payload["application"]


def approve(running, token: str, application_id: str, key: str) -> dict:
    request = {"applicationId": application_id, "verdict": "APPROVE", "idempotencyKey": key}
    payload = running.data(DECIDE, {"input": request}, token=token)["decideApplication"]
    assert payload["userErrors"] == []
    return payload["application"]


def case(running, token: str, application_id: str) -> dict:
    return running.data(CASE, {"id": application_id}, token=token)["node"]


def counted_today(running) -> int:
    today = running.data("{ transactionCounts { day } }", token=running.token("officer"))["transactionCounts"]["day"]
    return running.act("etaal", "pull_counts", date=today, transport="xml")["total"]


def test_an_approved_application_becomes_a_certificate_everywhere(running):
    person = "rekha-panwar"
    citizen, officer = running.token("citizen", person), running.token("officer")
    counted_before = counted_today(running)

    application = submit(running, citizen, income_application(locker_uri(running, citizen), "journey-income-1"))
    assert application["status"] == "FEE_PENDING"
    fee = {"applicationId": application["id"], "receipt": "CH-2026-1", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "journey-fee-1"}}, token=officer)
    queue = running.data(QUEUE, token=officer)["viewer"]["queue"]["nodes"]
    assert application["number"] in {row["number"] for row in queue}
    assert approve(running, officer, application["id"], "journey-approve-1")["status"] == "APPROVED"
    done = eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")

    moves = [entry["move"] for entry in done["timeline"]]
    assert moves[-3:] == ["APPROVE", "ISSUE_CERTIFICATE", "DELIVER"]
    assert done["certificate"]["document"] == {"mediaType": "application/pdf", "integrity": "SHA256_VERIFIED"}
    number, uri = done["certificate"]["number"], done["certificate"]["uri"]
    assert uri in {node["uri"] for node in running.data(LOCKER, token=citizen)["viewer"]["certificates"]["nodes"]}

    pulled = running.act(
        "digilocker", "pull_uri", person=person, doctype="INCER", certificate_number=number, format="both"
    )
    assert pulled["accepted"]
    assert pulled["uri"] == uri
    eventually(lambda: counted_today(running), lambda seen: seen > counted_before)  # credits count too


def test_an_approved_benefit_is_instructed_once_at_dbt_finance(running):
    citizen, officer = running.token("citizen", "kamla-bisht"), running.token("officer", "dpo-dehradun")
    found = running.data('{ services(first: 5, filter: {search: "nanda"}) { nodes { code } } }')["services"]["nodes"]
    request = {
        "serviceCode": found[0]["code"],
        "district": "49",
        "tehsil": "303",
        "form": answers_of(
            "nanda-gaura-scheme-application", bank_account_number="50100012345600", bank_ifsc="SBIN0000630"
        ),
        "idempotencyKey": "journey-benefit-1",
    }
    before = len(running.ledger("dbt_finance"))

    application = submit(running, citizen, request)
    approve(running, officer, application["id"], "journey-approve-2")
    done = eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")

    assert done["benefit"]["status"] == "INSTRUCTED"
    sent = [entry for entry in running.ledger("dbt_finance")[before:] if entry["route"].endswith("/PI")]
    assert len(sent) == 1
