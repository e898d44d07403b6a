"""Every publisher of the demo: parameters, formats, path styles, and that one's failure is not another's."""

import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from domain.kernel import SourceState
from integrations.apisetu import ApiSetuSettings, PublisherSettings
from integrations.apisetu.holds import HOLD_SECONDS
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from tests.support.setu import asked_of, demo, market_of

DEMO = demo()
DOCUMENTS = [(person, each) for person in DEMO["people"] for each in person["department_documents"]]
KINDS = {(each["publisher"], each["doctype"]): (person, each) for person, each in DOCUMENTS}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("publishers")
    with market_of(folder, DEMO):
        pass
    return folder


@pytest.fixture
def market(tmp_path, keys):
    with market_of(tmp_path, DEMO, keys=keys) as opened:
        yield opened


def held(publisher: str, doctype: str, **changes):
    person, document = KINDS[publisher, doctype]
    return asked_of(publisher, doctype, document["parameters"], holder_names=(person["name_en"],), **changes)


def test_the_demo_holds_each_kind_that_the_issue_names():
    kinds = {doctype for _, doctype in KINDS}

    assert {"INCER", "CTCER", "DMCER", "BTCER", "DRVLC", "SSCER", "HSCER"} <= kinds
    assert len({publisher for publisher, _ in KINDS}) >= 5


@pytest.mark.parametrize(("publisher", "doctype"), sorted(KINDS))
async def test_each_document_comes_in_the_form_that_tells_most(market, publisher, doctype):
    offered = DEMO["apisetu"]["publishers"][publisher]["documents"][doctype]["formats"]

    certificate = (await market.client().certificate(held(publisher, doctype))).value

    assert certificate.doctype == doctype
    assert certificate.signature_verified is ("xml" in offered)
    assert certificate.media_type == ("application/xml" if "xml" in offered else "application/pdf")


async def test_a_certificate_in_json_is_read_but_never_told_as_verified(market):
    person, _ = KINDS["edistrictuk", "INCER"]

    certificate = (await market.client().certificate(held("edistrictuk", "INCER", format="json"))).value

    assert (certificate.media_type, certificate.holder) == ("application/json", person["name_en"])
    assert not certificate.signature_verified


async def test_another_persons_json_is_an_integrity_failure(market):
    market.sandbox.faults.set([{"kind": "foreign"}])

    with pytest.raises(IntegrityFailure, match="another_holder"):
        await market.client().certificate(held("edistrictuk", "INCER", format="json"))


async def test_an_aadhaar_number_is_never_sent_though_the_parameter_is(market):
    certificate = (await market.client().certificate(held("ubseuk", "SSCER"))).value
    person, document = KINDS["ubseuk", "SSCER"]
    with_number = {**document["parameters"], "UID": "999912345678"}
    spied = asked_of("ubseuk", "SSCER", with_number, holder_names=(person["name_en"],))
    await market.client().certificate(spied)

    bodies = {entry["bodySha256"] for entry in market.sandbox.ledger.entries()}
    assert certificate.media_type == "application/pdf"
    assert len(bodies) == 1  # the same body: the number was left out


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"parameters": {"dlno": "X"}}, "missing_parameter"),
        ({"parameters": {"DLNO": "X", "FullName": "Y", "DOB": "01-01-2000"}}, "missing_parameter"),
        ({"format": "json"}, "invalid_format"),
        ({"doctype": "INCER"}, "url_not_found"),
    ],
)
async def test_what_the_specification_forbids_is_refused_without_a_call(market, changes, code):
    request = replace(held("transportuk", "DRVLC"), **changes)

    with pytest.raises(Refused, match=code):
        await market.client().certificate(request)
    assert market.effects() == []


@pytest.mark.parametrize(
    "given",
    [
        {"path_template": "/certificate/{publisher}"},
        {"documents": {"INCER": {"formats": ["docx"]}}},
        {"documents": {"INCER": {"parameters": ["A"], "withheld": ["B"]}}},
        {"documents": {"INCER": {"parameters": ["not a name"]}}},
    ],
)
def test_a_specification_that_no_publisher_can_mean_stops_the_start(given):
    with pytest.raises(ValueError, match=r"path_template|formats|parameters"):
        PublisherSettings.from_onboarding(given)


async def test_one_departments_failure_never_trips_the_others(market):
    client = market.client()
    await market.sandbox.act("publisher_trouble", {"publisher": "ubseuk", "error": "service_unavailable"})
    for _ in range(8):
        with pytest.raises(Unavailable):
            await client.certificate(held("ubseuk", "SSCER"))
    asked = len(market.effects())
    with pytest.raises(Unavailable, match="circuit_open"):
        await client.certificate(held("ubseuk", "HSCER"))

    assert len(market.effects()) == asked  # its circuit is open: nothing was sent
    for publisher, doctype in (("transportuk", "DRVLC"), ("cbse", "HSCER"), ("edistrictup", "INCER")):
        assert (await client.certificate(held(publisher, doctype))).state is SourceState.LIVE


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        ("html", Unavailable, "http_502"),
        ("html_with_200", Unavailable, "html_page"),
        ("error_with_200", Refused, "record_not_found"),
        ("wrong_type", Garbled, "media_type"),
        ("rate_limited", Unavailable, "http_429"),
    ],
)
async def test_a_publishers_spoilt_answers_are_told_apart(market, error, outcome, code):
    await market.sandbox.act("publisher_trouble", {"publisher": "cbse", "error": error})

    with pytest.raises(outcome) as failure:
        await market.client().certificate(held("cbse", "SSCER"))

    assert failure.value.code == code


async def test_the_wait_that_a_rate_limit_asks_for_is_told(market):
    given = {"publisher": "cbse", "error": "rate_limited", "retry_after": 40}
    await market.sandbox.act("publisher_trouble", given)

    with pytest.raises(Unavailable) as failure:
        await market.client().certificate(held("cbse", "SSCER"))

    assert failure.value.retry_after == 40
    assert market.effects() == ["rate_limited"]


async def test_without_a_subscription_it_is_not_asked_again_for_a_while(market):
    client = market.client()
    request = asked_of("edistrictpb", "BTCER", {"ApplicationNo": "1", "CertificateID": "2"})
    for _ in range(3):
        with pytest.raises(Refused, match="invalid_authorization"):
            await client.certificate(request)

    assert market.effects() == ["invalid_authorization"]
    assert market.alarms() == [("apisetu.certificate_not_kept", "not_let_in")]  # once for the one time it was asked
    assert (await client.certificate(held("cbse", "SSCER"))).value  # the others are asked
    market.clock.advance(timedelta(seconds=HOLD_SECONDS + 1))
    with pytest.raises(Refused):
        await client.certificate(request)
    assert market.effects().count("invalid_authorization") == 2


async def test_a_key_that_is_not_known_holds_every_publisher(market):
    client = market.client(api_key="wrong")
    for publisher, doctype in (("cbse", "SSCER"), ("edistrictuk", "INCER")):
        with pytest.raises(Refused, match="invalid_authentication"):
            await client.certificate(held(publisher, doctype))

    assert market.effects() == ["invalid_authentication"]
    assert market.alarms() == [("apisetu.certificate_not_kept", "not_let_in")]


async def test_while_keys_are_changed_over_the_coming_one_is_tried(market):
    known = ApiSetuSettings.from_onboarding(market.onboarding)
    client = market.client(api_key="old", next_api_key=known.api_key)

    assert (await client.certificate(held("cbse", "SSCER"))).value.signature_verified
    assert market.effects() == ["invalid_authentication", "certificate handed out"]
    assert market.alarms() == []


async def test_each_publisher_gives_its_specification(market):
    transport = httpx.ASGITransport(app=market.sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://setu.test") as http:
        given = await http.get("/api_specification_v8/ubseuk.yaml")
        nothing = await http.get("/api_specification_v8/nobody.yaml")
        elsewhere = await http.post("/no/such/path", json={})

    body = json.loads(given.text)["paths"]["/sscer/certificate"]["post"]
    schema = body["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert schema["format"]["enum"] == ["pdf"]
    assert "UID" in schema["certificateParameters"]["required"]
    assert [nothing.status_code, elsewhere.status_code] == [404, 404]
    assert elsewhere.json()["error"] == "url_not_found"
