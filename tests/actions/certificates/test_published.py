"""Certificates of ours on API Setu: the sandbox's consumer asks the door, and the door asks the store."""

from dataclasses import dataclass, replace

import httpx
import pytest
from starlette.applications import Starlette

from actions.certificates.published import CertificatePublisher
from actions.kernel import Environment
from domain.certificates.certificates import CertificateStatus
from domain.kernel import NumberKind, make_number
from integrations.apisetu import PublishedSettings, published_routes
from sandbox.apisetu.consumer import CONSUMER_ID
from store.certificates import certificates
from store.database import EncryptedObjects, LocalBlobs
from store.identity import accesses
from tests.store.builders import application, certificate, citizen, sow
from tests.support.setu import Market, market_of
from tests.support.stored import audit_lines_of

NUMBER = make_number(NumberKind.CERTIFICATE, 2026, "0123456789")
MOBILE = citizen().mobile
PARAMETERS = {"CertificateNumber": NUMBER, "FullName": "ASHA  NEGI"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("consumer")
    with market_of(folder, {"people": []}):
        pass
    return folder


@dataclass
class Door:
    market: Market
    app: Starlette
    env: Environment

    async def ask(self, **arguments):
        asked = {"doctype": "INCER", "parameters": PARAMETERS, "mobile": MOBILE, **arguments}
        return await self.market.sandbox.act("call_published", asked)


@pytest.fixture
async def door(catalogued, tmp_path, keys):
    env = replace(catalogued, objects=EncryptedObjects(LocalBlobs(tmp_path / "objects"), catalogued.keyrings))
    pdf = await env.objects.put(b"%PDF-1.7", "application/pdf")
    xml = await env.objects.put(b"<Certificate/>", "application/xml")
    async with env.store.write_transaction() as tx:
        await sow(tx, application(), citizens=("c1",))
        await certificates.add(tx, certificate(number=NUMBER, pdf_sha256=pdf, xml_sha256=xml))
    app = Starlette()
    with market_of(tmp_path / "setu", {"people": []}, httpx.ASGITransport(app=app), keys=keys) as market:
        market.clock.set(env.clock.now())
        known = PublishedSettings.from_onboarding(market.onboarding)
        app.router.routes.extend(published_routes(CertificatePublisher(env), known, env.clock, "http://gateway.test"))
        yield Door(market, app, env)


async def test_a_consumer_with_the_holders_consent_gets_the_file_in_both_path_styles_and_formats(door: Door):
    answers = [
        await door.ask(),
        await door.ask(style="older"),
        await door.ask(format="xml"),
        await door.ask(parameters={**PARAMETERS, "FullName": "आशा नेगी"}),
    ]

    assert [answer["status"] for answer in answers] == [200] * 4
    assert [answer["media_type"] for answer in answers] == ["application/pdf"] * 2 + ["application/xml"] + [
        "application/pdf"
    ]
    assert answers[0]["bytes"] == len(b"%PDF-1.7")


async def test_what_was_given_leaves_a_receipt_and_an_audit_line(door: Door):
    given = await door.ask()

    async with door.env.store.read_transaction() as tx:
        receipts = await accesses.of_citizen(tx, "c1", 10)
        lines = await audit_lines_of(tx, "CERTIFICATE", "k1")
    assert [(each.role, each.purpose) for each in receipts] == [("API_SETU", "SHARE_WITH_CONSENT")]
    assert [line.action for line in lines] == ["apisetu.published"]
    assert lines[0].actor_label == f"API_SETU:{CONSUMER_ID}"
    assert lines[0].detail == {"consentId": given["consent_id"]}


@pytest.mark.parametrize(
    "arguments",
    [
        {"parameters": {**PARAMETERS, "FullName": "Usha Negi"}},
        {"parameters": {**PARAMETERS, "CertificateNumber": make_number(NumberKind.CERTIFICATE, 2026, "9999999999")}},
        {"parameters": {**PARAMETERS, "CertificateNumber": "12345"}},
        {"mobile": "9999999999"},
        {"doctype": "DMCER"},
    ],
)
async def test_another_holder_number_mobile_or_document_looks_as_if_there_were_none(door: Door, arguments):
    answer = await door.ask(**arguments)

    assert (answer["status"], answer["error"]) == (404, "record_not_found")
    async with door.env.store.read_transaction() as tx:
        assert await accesses.of_citizen(tx, "c1", 10) == []


async def test_a_certificate_that_was_revoked_is_not_given(door: Door):
    async with door.env.store.write_transaction() as tx:
        await certificates.end(tx, "k1", CertificateStatus.REVOKED)

    assert (await door.ask())["error"] == "record_not_found"


async def test_a_consent_is_used_up_and_the_same_question_does_not_use_it(door: Door):
    first = await door.ask(repeats=2)
    consent = {"consent_id": first["consent_id"], "repeats": 2}
    second = await door.ask(**consent)
    third = await door.ask(**consent)

    assert [first["status"], second["status"]] == [200, 200]
    assert (third["status"], third["error"]) == (400, "invalid_parameter")


async def test_a_transaction_number_is_for_one_question(door: Door):
    first = await door.ask()
    other = await door.ask(txn=first["txn"], format="xml")

    assert (other["status"], other["error"]) == (400, "invalid_txnid")


async def test_the_document_lists_what_services_of_ours_end_in(door: Door):
    documents = {each.doctype: each for each in await CertificatePublisher(door.env).documents()}
    services = await CertificatePublisher(door.env).services()

    assert documents["INCER"].services == ("ES09",)
    assert documents["INCER"].name.hi == "आय प्रमाण पत्र"
    assert {"INCER", "CTCER", "DMCER"} <= set(documents)
    assert len(services) >= 87
    assert all(service.name.hi or service.name.en for service in services)
