"""API Setu: the client against its sandbox, signatures, consents, and what only a broken network can do."""

import copy
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import respx

from actions.consents.artefacts import KEYRING, sign
from domain.kernel import ManualClock, Source, SourceState
from integrations.apisetu import (
    ApiSetu,
    ApiSetuSettings,
    CertificateRequest,
    PublisherSettings,
)
from integrations.apisetu.codes import ERRORS
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from sandbox.apisetu.server import TROUBLES, UNAPPROVED
from sandbox.city.papers import Paper, new_signer, signed_certificate
from tests.support.remotes import PARTNER, remote_over
from tests.support.setu import ARTEFACT, NOW, TXN, market_of


def person(key: str, name: str, *documents: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "name_en": name, "dob": "1984-03-14", "gender": "F", "department_documents": list(documents)}


def held(doctype: str, number: str) -> dict[str, Any]:
    return {
        "publisher": "edistrictuk",
        "doctype": doctype,
        "name_en": "Income Certificate",
        "name_hi": "आय प्रमाण पत्र",
        "parameters": {"ApplicationNo": f"UK{number}", "CertificateID": number},
    }


PEOPLE = [person("asha-negi", "Asha Negi", held("INCER", "12345")), person("ravi", "Ravi Rawat", held("CTCER", "777"))]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("setu")
    with market_of(folder, {"people": PEOPLE}):
        pass
    return folder


@pytest.fixture
def market(tmp_path, keys):
    with market_of(tmp_path, {"people": PEOPLE}, keys=keys) as opened:
        yield opened


def consent(access: str = "VIEW", **changes: Any) -> dict[str, Any]:
    artefact = copy.deepcopy(ARTEFACT)
    artefact["consent"]["permission"]["access"] = access
    artefact["consent"].update(changes)
    return artefact


def asked(**changes: Any) -> CertificateRequest:
    plain = CertificateRequest(
        citizen_id="citizen-1",
        publisher="edistrictuk",
        doctype="INCER",
        parameters={"ApplicationNo": " UK12345 ", "CertificateID": "12345"},
        consent_artefact=consent(),
        transaction_id=TXN,
    )
    return replace(plain, **changes)


async def test_a_certificate_is_read_from_what_its_signature_covers(market):
    answer = await market.client().certificate(asked(holder_names=("ASHA  NEGI", "आशा नेगी")))

    certificate = answer.value
    assert answer.state is SourceState.LIVE
    assert (certificate.name, certificate.number, certificate.doctype) == ("Income Certificate", "12345", "INCER")
    assert (certificate.holder, certificate.issuer) == ("Asha Negi", "e-District (edistrictuk)")
    assert certificate.issued_on == date(2023, 6, 15)
    assert certificate.signature_verified


async def test_both_path_styles_are_served(market):
    known = ApiSetuSettings.from_onboarding(market.onboarding).publishers["edistrictuk"]

    client = market.client(
        publishers={"edistrictuk": replace(known, path_template="/{publisher}/v3/{doctype}/certificate")}
    )

    assert (await client.certificate(asked())).value.number == "12345"


async def test_a_pdf_tells_only_its_type(market):
    certificate = (await market.client().certificate(asked(format="pdf"))).value

    assert (certificate.media_type, certificate.holder, certificate.signature_verified) == (
        "application/pdf",
        None,
        False,
    )


async def test_nothing_is_kept_without_the_consent_to_store(market):
    client = market.client()
    await client.certificate(asked())

    assert (await client.certificate(asked())).state is SourceState.LIVE


async def test_a_pdf_without_facts_is_cached_as_xml_is(market):
    client, request = market.client(), asked(format="pdf", consent_artefact=consent("VIEWSTORE"))
    live = await client.certificate(request)

    cached = await client.certificate(request)

    assert cached.state is SourceState.CACHED
    assert cached.value == live.value


async def test_with_the_consent_to_store_a_copy_serves_through_an_outage_until_the_consent_ends(market):
    ends = {"from": "2026-04-01T05:00:00.000Z", "to": "2026-04-01T08:00:00.000Z"}
    artefact = consent("VIEWSTORE")
    artefact["consent"]["permission"]["dateRange"] = ends
    client, request = market.client(), asked(consent_artefact=artefact)
    await client.certificate(request)
    assert (await client.certificate(request)).state is SourceState.CACHED

    market.clock.advance(timedelta(minutes=11))
    await market.sandbox.act("publisher_trouble", {"publisher": "edistrictuk", "error": "service_unavailable"})
    assert (await client.certificate(request)).state is SourceState.STALE
    assert (await client.certificate(replace(request, citizen_id="citizen-1"))).state is SourceState.STALE
    with pytest.raises(Unavailable):
        await client.certificate(replace(request, citizen_id="citizen-2"))

    market.clock.advance(timedelta(hours=3))
    with pytest.raises(Refused, match="consent_expired"):
        await client.certificate(request)


@pytest.mark.parametrize("code", TROUBLES)
async def test_a_troubled_publisher_is_asked_again_and_then_away(market, code):
    await market.sandbox.act("publisher_trouble", {"publisher": "edistrictuk", "error": code})

    with pytest.raises(Unavailable) as failure:
        await market.client().certificate(asked())

    assert failure.value.code == code
    times = 2 if code == "internal_server_error" else 3  # an inner error is asked once more, no oftener
    assert market.effects() == [code] * times


async def test_every_repeat_carries_the_same_transaction(market):
    await market.sandbox.act("publisher_trouble", {"publisher": "edistrictuk", "error": "bad_gatewy"})
    with pytest.raises(Unavailable):
        await market.client().certificate(asked())

    assert len({entry["bodySha256"] for entry in market.sandbox.ledger.entries()}) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parameters": {"ApplicationNo": "UK1", "CertificateID": "1"}}, "record_not_found"),
        ({"parameters": {"applicationno": "UK12345", "CertificateID": "12345"}}, "missing_parameter"),
        ({"transaction_id": "1"}, "invalid_txnid"),
        ({"doctype": "DTCER"}, "url_not_found"),
        ({"doctype": "../x"}, "invalid_parameter"),
        ({"format": "json"}, "invalid_format"),
        ({"publisher": "nobody"}, "publisher_not_configured"),
    ],
)
async def test_a_refusal_is_told_by_its_code(market, changes, code):
    with pytest.raises(Refused) as refusal:
        await market.client().certificate(asked(**changes))

    assert refusal.value.code == code


async def test_a_wrong_key_and_a_missing_approval_are_told_apart(market):
    with pytest.raises(Refused, match="invalid_authentication"):
        await market.client(api_key="wrong").certificate(asked())
    client = market.client(publishers={UNAPPROVED: PublisherSettings()})
    with pytest.raises(Refused, match="invalid_authorization"):
        await client.certificate(asked(publisher=UNAPPROVED))


@pytest.mark.parametrize(
    ("kind", "outcome", "code"),
    [
        ("signature", IntegrityFailure, "signature"),
        ("partial", Garbled, "certificate_xml"),
        ("html", Unavailable, "html_page"),
        ("foreign", IntegrityFailure, "another_holder"),
    ],
)
async def test_a_spoiled_document_is_never_shown(market, kind, outcome, code):
    market.sandbox.faults.set([{"kind": kind}])

    with pytest.raises(outcome) as failure:
        await market.client().certificate(asked(holder_names=("Asha Negi",)))

    assert failure.value.code == code


async def test_half_a_pdf_is_not_taken_for_the_whole(market):
    market.sandbox.faults.set([{"kind": "partial"}])

    with pytest.raises(Garbled, match="pdf_cut_short"):
        await market.client().certificate(asked(format="pdf"))


async def test_what_is_no_pdf_at_all_is_garbled(market):
    market.sandbox.faults.set([{"kind": "oversize", "params": {"bytes": 2000, "mediaType": "application/pdf"}}])

    with pytest.raises(Garbled, match="not_a_pdf"):
        await market.client().certificate(asked(format="pdf"))


@pytest.mark.parametrize(
    "path",
    [
        ("consentId",),
        ("timestamp",),
        ("dataConsumer", "id"),
        ("user", "idNumber"),
        ("user", "email"),
        ("permission", "access"),
        ("permission", "dateRange", "to"),
        ("permission", "frequency", "repeats"),
    ],
)
async def test_a_consent_that_lacks_a_member_is_not_sent(market, path):
    artefact = consent()
    part = artefact["consent"]
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]

    with pytest.raises(Refused, match="consent_incomplete"):
        await market.client().certificate(asked(consent_artefact=artefact))
    assert market.effects() == []


async def test_a_consent_is_sent_as_it_was_signed_or_not_at_all(market):
    unsigned = {"consent": consent()["consent"]}
    altered = consent(note="more")

    for artefact, code in ((unsigned, "consent_unsigned"), (altered, "consent_altered"), ({}, "consent_incomplete")):
        with pytest.raises(Refused, match=code):
            await market.client().certificate(asked(consent_artefact=artefact))


async def test_an_address_that_is_not_known_may_be_empty(market):
    user = {"idType": "MOBILE", "idNumber": "9800000000", "mobile": "9800000000", "email": ""}

    assert (await market.client().certificate(asked(consent_artefact=consent(user=user)))).value


@pytest.fixture
async def signed(market, store_keyrings):
    """Signs a consent as we do, in strict mode; the market knows our key."""
    store_keyrings.init()
    key = store_keyrings.active(KEYRING).as_pem(private=False).decode()
    await market.sandbox.act("mode", {"strict": True, "consent_key": key})

    def sign_it(artefact):
        return {**artefact, "signature": {"signature": sign(store_keyrings, artefact["consent"])}}

    return sign_it


async def test_in_strict_mode_a_consent_is_used_up(market, signed):
    client, artefact = market.client(), signed(consent())
    await client.certificate(asked(consent_artefact=artefact))
    await client.certificate(asked(consent_artefact=artefact))

    with pytest.raises(Refused, match="invalid_parameter"):
        await client.certificate(asked(consent_artefact=artefact, transaction_id=TXN.replace("f7", "a1")))
    with pytest.raises(Refused, match="invalid_txnid"):
        await client.certificate(asked(consent_artefact=artefact, format="pdf"))


async def test_in_strict_mode_a_consent_is_for_one_pair(market, signed):
    with pytest.raises(Refused, match="invalid_parameter"):
        await market.client().certificate(asked(consent_artefact=signed(consent(dataProvider={"id": "another"}))))


@pytest.mark.parametrize("spoil", ["another text", "no signature of ours"])
async def test_in_strict_mode_the_signature_covers_the_consent(market, signed, spoil):
    whole, other = signed(consent()), consent(purpose={"description": "Another purpose"})
    spoilt = {"another text": {**other, "signature": whole["signature"]}, "no signature of ours": consent()}[spoil]

    assert (await market.client().certificate(asked(consent_artefact=whole))).value
    with pytest.raises(Refused, match="invalid_parameter"):
        await market.client().certificate(asked(consent_artefact=spoilt, transaction_id=TXN.replace("f7", "a1")))


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_announced_as_json_is_refused(market, media_type):
    request = asked()
    parameters = {name: text.strip() for name, text in request.parameters.items()}
    body = {"txnId": TXN, "format": "xml", "certificateParameters": parameters}
    keys = {"x-apisetu-clientid": market.onboarding["client_id"], "x-apisetu-apikey": market.onboarding["api_key"]}
    path = f"/certificate/v3/{request.publisher}/{request.doctype.lower()}"
    transport = httpx.ASGITransport(app=market.sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://apisetu.test") as caller:
        answers = [
            await caller.post(path, content=json.dumps(body), headers={**keys, "content-type": kind})
            for kind in (media_type, "application/json; charset=utf-8")
        ]

    assert (answers[0].status_code, answers[0].json()["error"]) == (400, "invalid_parameter")
    assert answers[1].status_code == 200


SIGNER = new_signer("Signer", NOW)
CERTIFICATE = signed_certificate(
    Paper("Caste Certificate", "INCER", "C1", "Revenue", "01/04/2020", "Asha Negi", "14-03-1984", "F"), SIGNER
)
ANOTHER = signed_certificate(
    Paper("Caste Certificate", "CTCER", "C1", "Revenue", "01/04/2020", "Asha Negi", "14-03-1984", "F"), SIGNER
)
URL = f"{PARTNER}/certificate/v3/edistrictuk/incer"


def over_http() -> ApiSetu:
    publishers = {"edistrictuk": PublisherSettings((SIGNER["certificate"],))}
    clock = ManualClock(NOW)
    settings = ApiSetuSettings("client", "the-key", publishers)
    return ApiSetu(remote_over(None, Source.API_SETU, clock=clock), settings, clock)


@respx.mock
async def test_the_call_is_as_published():
    route = respx.post(URL).respond(content=CERTIFICATE, content_type="application/xml; charset=utf-8")

    certificate = (await over_http().certificate(asked())).value

    sent = route.calls.last.request
    assert (sent.headers["x-apisetu-clientid"], sent.headers["x-apisetu-apikey"]) == ("client", "the-key")
    assert "application/json" in sent.headers["accept"]
    assert json.loads(sent.content) == {
        "txnId": TXN,
        "format": "xml",
        "certificateParameters": {"ApplicationNo": "UK12345", "CertificateID": "12345"},
        "consentArtifact": ARTEFACT,
    }
    assert certificate.issued_on == date(2020, 4, 1)


@respx.mock
@pytest.mark.parametrize(
    "content",
    [
        CERTIFICATE.replace(b"Asha", b"Usha"),
        CERTIFICATE.replace(b"xmlenc#sha256", b"xmlenc#sha512"),
        CERTIFICATE.replace(b"2001/04/xmlenc#sha256", b"2000/09/xmldsig#sha1"),
        CERTIFICATE.replace(b"xmldsig#rsa-sha1", b"xmldsig#hmac-sha1"),
        CERTIFICATE[: CERTIFICATE.index(b"<Signature")] + b"</Certificate>",
        b"<Certificate name='Forged' type='INCER'>" + CERTIFICATE.split(b"?>", 1)[1] + b"</Certificate>",
        ANOTHER,
    ],
)
async def test_a_document_that_was_tampered_with_is_an_integrity_failure(content):
    respx.post(URL).respond(content=content, content_type="application/xml")

    with pytest.raises(IntegrityFailure):
        await over_http().certificate(asked())


@respx.mock
@pytest.mark.parametrize(
    ("status", "media_type", "content", "outcome", "code"),
    [
        (200, "application/json", '{"error":"record_not_found"}', Refused, "record_not_found"),
        (200, "application/json", "{}", Garbled, "media_type"),
        (200, "application/xml", '<!DOCTYPE a [<!ENTITY b "c">]><Certificate/>', Garbled, "certificate_xml"),
        (404, "application/json", '{"errorCode":"url_not_found"}', Refused, "url_not_found"),
        (502, "text/html", "<html>", Unavailable, "http_502"),
        (502, "application/json", '{"error":"bad_gateway"}', Unavailable, "bad_gateway"),
        (429, "application/json", "{}", Unavailable, "http_429"),
        (403, "text/html", "<html>", Refused, "http_403"),
        (204, "text/plain", "", Garbled, "http_204"),
    ],
)
async def test_what_a_gateway_may_answer(status, media_type, content, outcome, code):
    respx.post(URL).respond(status, content=content.encode(), content_type=media_type)

    with pytest.raises(outcome) as failure:
        await over_http().certificate(asked())

    assert failure.value.code == code


@respx.mock
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_a_read_is_tried_again_when_the_network_fails(error):
    route = respx.post(URL).mock(side_effect=error("no"))

    with pytest.raises(Unavailable):
        await over_http().certificate(asked())

    assert route.call_count == 3


def test_the_table_holds_what_the_sandbox_answers():
    assert {code: (row.status, row.text) for code, row in ERRORS.items() if code in TROUBLES} == dict(TROUBLES)


def test_no_secret_shows_in_texts():
    seen = f"{asked()!r} {ApiSetuSettings('client', 'the-key')!r}"

    assert "the-key" not in seen
    assert "9800000000" not in seen
    assert "UK12345" not in seen
