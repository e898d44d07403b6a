"""From the first sign-in to the first certificate: consent, documents, application, certificate, download."""

import httpx

from domain.kernel import SystemClock
from tests.journeys.test_write_path import approve, case, submit
from tests.support.eventually import eventually
from tests.support.papers import INCOME_CERTIFICATE, RECORD_FEE, income_application

PEOPLE = ("manisha-bora", "janki-karki", "prakash-dhami", "neha-bhandari", "gaurav-tyagi")
"""Those with a Class X certificate and a licence in the locker; some have an application for it under way already."""

APPLIED = "{ viewer { ... on Citizen { applications(first: 50) { nodes { status service { code } } } } } }"
CLOSED = frozenset({"DELIVERED", "REJECTED", "WITHDRAWN", "RETURNED_AS_INCOMPLETE"})
LIST = """query ($filter: DocumentFilter) { viewer { ... on Citizen { documents(first: 50, filter: $filter) { complete
  nodes { uri doctype kind origin number mediaTypes signature { state restsOnSha1 }
    pdf: download(mediaType: "application/pdf") { url } xml: download(mediaType: "application/xml") { url } } } } } }"""
ACCOUNTS = """{ viewer { ... on Citizen {
  linkedAccounts { provider needsConsent } consents(first: 5) { nodes { purpose status } } } } }"""
ACCESSES = "{ viewer { ... on Citizen { dataAccesses(first: 50) { source purpose objectKind } } } }"


def documents(running, token: str, **wanted) -> list[dict]:
    listed = running.data(LIST, {"filter": wanted or None}, token=token)["viewer"]["documents"]
    assert listed["complete"]
    nodes: list[dict] = listed["nodes"]
    return nodes


def somebody_new(running) -> str:
    """Who has no application for an income certificate under way."""
    for person in PEOPLE:
        token = running.token("citizen", person)
        nodes = running.data(APPLIED, token=token)["viewer"]["applications"]["nodes"]
        if all(node["service"]["code"] != INCOME_CERTIFICATE or node["status"] in CLOSED for node in nodes):
            return str(token)
    raise AssertionError("everybody has applied already")


def test_from_the_first_sign_in_to_the_first_certificate(running):
    citizen, officer = somebody_new(running), running.token("officer")
    account = running.data(ACCOUNTS, token=citizen)["viewer"]
    assert {"provider": "DIGILOCKER", "needsConsent": False} in account["linkedAccounts"]
    assert {"purpose": "LOCKER_DOCUMENTS", "status": "GIVEN"} in account["consents"]["nodes"]

    held = documents(running, citizen, sources=["DIGILOCKER"], kinds=["CLASS_X", "DRIVING_LICENCE"])
    assert {node["doctype"] for node in held} == {"SSCER", "DRVLC"}
    assert all(node["signature"] == {"state": "VERIFIED", "restsOnSha1": True} for node in held)
    paper = httpx.get(held[0]["pdf"]["url"], timeout=30)
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")

    key = f"first-certificate-{SystemClock().now()}"
    application = submit(running, citizen, income_application(held[0]["uri"], key))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-77", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": f"{key}-fee"}}, token=officer)
    approve(running, officer, application["id"], f"{key}-approve")
    done = eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")

    own = documents(running, citizen, sources=["STORE"], kinds=["INCOME"])
    [first] = [node for node in own if node["number"] == done["certificate"]["number"]]
    assert first["signature"] == {"state": "VERIFIED", "restsOnSha1": False}
    pdf, xml = (httpx.get(first[form]["url"], timeout=30) for form in ("pdf", "xml"))
    assert pdf.content.startswith(b"%PDF-")
    assert int(pdf.headers["content-length"]) == len(pdf.content)
    assert first["number"].encode() in xml.content
    seen = running.data(ACCESSES, token=citizen)["viewer"]["dataAccesses"]
    assert {"source": "DIGILOCKER", "purpose": "VIEW", "objectKind": "DOCUMENT"} in seen
