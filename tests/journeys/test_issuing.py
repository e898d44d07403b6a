"""A certificate on its way into the wallet by itself, corrected there, revoked there; over real sockets."""

import re

import httpx
import pypdfium2
from lxml import etree

from domain.kernel import ist_date
from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.eventually import eventually
from tests.support.forms import answers_of
from tests.support.papers import RECORD_FEE, SUBMIT, income_application

PERSON = "rekha-panwar"
GRANT = "mutation ($input: GrantConsentInput!) { grantConsent(input: $input) { userErrors { code } } }"
WITHDRAW = "mutation ($input: WithdrawConsentInput!) { withdrawConsent(input: $input) { userErrors { code } } }"
CERTIFICATE = "query ($id: ID!) { node(id: $id) { ... on Application { certificate { id number uri } } } }"
HELD = """{ viewer { ... on Citizen {
  applications(first: 100) { nodes { certificate { status validUntil } } } } } }"""
CORRECT = """mutation ($input: CorrectCertificateInput!) { correctCertificate(input: $input) {
  application { timeline { move } } userErrors { code path } } }"""
REVOKE = """mutation ($input: RevokeCertificateInput!) { revokeCertificate(input: $input) {
  application { timeline { move } } userErrors { code path } } }"""
MESSAGES = "{ viewer { ... on Citizen { notifications(first: 10) { nodes { text(language: %s) } } } } }"
FILES = """query ($id: ID!) { node(id: $id) { ... on Application { certificate {
  pdf: download(mediaType: "application/pdf") { url } xml: download(mediaType: "application/xml") { url } } } } }"""
PUSH = "/public/account/1/pushuri"


def pushes(running) -> list[str]:
    return [entry["effect"] for entry in running.ledger("digilocker") if entry["route"].endswith(PUSH)]


def standing(running, token: str) -> list[dict]:
    """Her certificates of ours that hold today; consent sends those into her locker too."""
    nodes = running.data(HELD, token=token)["viewer"]["applications"]["nodes"]
    held = [node["certificate"] for node in nodes if node["certificate"]]
    today = ist_date(running.now()).isoformat()
    return [one for one in held if one["status"] == "ACTIVE" and (one["validUntil"] or today) >= today]


def certificate_of(running, token: str, application_id: str) -> dict | None:
    found: dict | None = running.data(CERTIFICATE, {"id": application_id}, token=token)["node"]["certificate"]
    return found


def messages(running, token: str, language: str) -> list[str]:
    nodes = running.data(MESSAGES % language, token=token)["viewer"]["notifications"]["nodes"]
    return [node["text"] for node in nodes]


def verified(running, name: str) -> dict:
    answer = httpx.get(f"{running.url}/verify/{name}", headers={"Accept": "application/json"}, timeout=10)
    told: dict = answer.json()
    return told


def test_a_certificate_follows_what_becomes_of_it_into_the_wallet(running):
    citizen, officer = running.token("citizen", PERSON), running.token("officer")
    consent = {"purpose": "ISSUE_TO_LOCKER", "idempotencyKey": "issuing-yes"}
    before = len(pushes(running))
    assert running.data(GRANT, {"input": consent}, token=citizen)["grantConsent"]["userErrors"] == []
    earlier = ["pushed A"] * len(standing(running, citizen))
    eventually(lambda: pushes(running)[before:], lambda seen: seen == earlier)
    before += len(earlier)

    application = submit(running, citizen, income_application(locker_uri(running, citizen), "issuing-1"))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-9", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "issuing-fee"}}, token=officer)
    approve(running, officer, application["id"], "issuing-approve")
    eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    eventually(lambda: pushes(running)[before:], lambda seen: seen == ["pushed A"])

    old = certificate_of(running, citizen, application["id"])
    assert old is not None
    correction = {
        "certificateId": old["id"],
        "ground": "CLERICAL_ERROR",
        "reason": "The income was mistyped",
        "facts": [{"key": "annual_income", "value": "84000"}],
        "idempotencyKey": "issuing-correct",
    }
    done = running.data(CORRECT, {"input": correction}, token=officer)["correctCertificate"]
    assert done["userErrors"] == []
    assert done["application"]["timeline"][-1]["move"] == "CORRECT_CERTIFICATE"
    new = eventually(lambda: certificate_of(running, citizen, application["id"]), lambda seen: seen is not None)
    eventually(lambda: pushes(running)[before:], lambda seen: seen == ["pushed A", "pushed U"])
    assert new["number"] != old["number"]
    told = verified(running, old["number"])
    assert (told["status"], told["correctedBy"]) == ("CORRECTED", new["number"])
    assert verified(running, old["uri"])["correctedBy"] == new["number"]
    fetched = running.act("digilocker", "pull_doc", person=PERSON, uri=old["uri"])
    assert (fetched["status"], fetched["number"]) == ("1", new["number"])
    asked = {"person": PERSON, "doctype": "INCER", "certificate_number": old["number"], "format": "both"}
    assert running.act("digilocker", "pull_uri", **asked, full_name="Somebody Else")["status"] == "0"
    pulled = running.act("digilocker", "pull_uri", **asked)
    assert (pulled["accepted"], pulled["uri"], pulled["number"]) == (True, new["uri"], new["number"])

    end = {"certificateId": new["id"], "ground": "WRONG_FACTS", "reason": "Not hers", "idempotencyKey": "issuing-end"}
    assert running.data(REVOKE, {"input": end}, token=officer)["revokeCertificate"]["userErrors"] == []
    eventually(lambda: pushes(running)[before:], lambda seen: seen == ["pushed A", "pushed U", "pushed D", "pushed D"])
    assert verified(running, new["uri"])["status"] == "REVOKED"
    for uri in (old["uri"], new["uri"]):
        assert running.act("digilocker", "pull_doc", person=PERSON, uri=uri)["status"] == "0"
    for wording, language in (("निरस्त", "HI"), ("revoked", "EN")):
        assert any(wording in text for text in messages(running, citizen, language))
    consent["idempotencyKey"] = "issuing-no"
    assert running.data(WITHDRAW, {"input": consent}, token=citizen)["withdrawConsent"]["userErrors"] == []


def words_of(pdf: bytes) -> str:
    """The text of the pages without white space: pdfium drops a space after some vowel signs."""
    pages = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in pages)


def test_a_name_that_would_be_read_otherwise_is_refused_and_print_and_xml_say_what_was_written(running):
    citizen, officer = running.token("citizen", PERSON), running.token("officer")
    paper, income = locker_uri(running, citizen), "income-certificate"
    turned, written = (
        income_application(paper, "hidden-1", form=answers_of(income, annual_income="48000", father_name=name))
        for name in ("Bachan Singh Negi \u202e000,09\u202c\u200b", "लक्ष्\u200dमण सिंह पंवार")
    )

    refused = running.data(SUBMIT, {"input": turned}, token=citizen)["submitApplication"]
    assert refused["application"] is None
    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [
        ("TEXT_HIDDEN_CHARACTER", ["input", "form", "father_name"])
    ]

    application = submit(running, citizen, written)
    fee = {"applicationId": application["id"], "receipt": "CH-2026-11", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "hidden-fee"}}, token=officer)
    approve(running, officer, application["id"], "hidden-approve")
    eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    addresses = running.data(FILES, {"id": application["id"]}, token=citizen)["node"]["certificate"]
    pdf, xml = (httpx.get(addresses[kind]["url"], timeout=10).content for kind in ("pdf", "xml"))

    root = etree.fromstring(xml)
    person, shown = root.find("IssuedTo/Person"), words_of(pdf)
    assert person is not None
    assert person.get("swd") == "लक्ष्\u200dमण सिंह पंवार"
    facts = {one.get("name", ""): one.get("value", "") for one in root.iter("Field")}
    del facts["status_list"]  # it stands in the QR code
    stated = [person.get("name", ""), person.get("swd", ""), *facts.values()]
    bare = re.compile(r"[\s\u200d,]")
    lacking = [text for text in stated if bare.sub("", text) not in bare.sub("", shown)]
    assert lacking == []
