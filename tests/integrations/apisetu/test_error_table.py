"""Every row of docs/contracts/apisetu.md section 6: what the client makes of it, and how often it asks."""

import json

import pytest
import respx

from domain.kernel import ManualClock, Source
from integrations.apisetu import ApiSetu, ApiSetuSettings, PublisherSettings
from integrations.apisetu.codes import ERRORS
from integrations.apisetu.consent import canonical
from integrations.calling.errors import Refused, Unavailable
from sandbox.apisetu.server import SPOILT, TROUBLES
from tests.support.remotes import PARTNER, remote_over
from tests.support.setu import ARTEFACT, ERROR_ROWS, NOW, PAYLOADS, asked_of

URL = f"{PARTNER}/certificate/v3/edistrictexample/incer"
ATTEMPTS = {"internal_server_error": 2, "bad_gatewy": 3, "service_unavailable": 3, "gateway_timeout": 3}


def client() -> ApiSetu:
    clock = ManualClock(NOW)
    settings = ApiSetuSettings("client", "the-key", {"edistrictexample": PublisherSettings()})
    return ApiSetu(remote_over(None, Source.API_SETU, clock=clock), settings, clock)


def request():
    return asked_of("edistrictexample", "INCER", {"ApplicationNo": "1234", "CertificateID": "2345"}, format="pdf")


def test_our_table_is_the_contracts():
    ours = [
        {"status": row.status, "error": code, "errorDescription": row.text}
        for code, row in ERRORS.items()
        if code != "bad_gateway"
    ]

    assert ours == ERROR_ROWS


@respx.mock
@pytest.mark.parametrize("row", ERROR_ROWS, ids=lambda row: row["error"])
async def test_a_row_of_the_table(row):
    body = {name: row[name] for name in ("error", "errorDescription")}
    route = respx.post(URL).respond(row["status"], json=body)
    outcome = Unavailable if row["status"] >= 500 else Refused

    with pytest.raises(outcome) as failure:
        await client().certificate(request())

    assert failure.value.code == row["error"]
    assert route.call_count == ATTEMPTS.get(row["error"], 1)
    assert len({call.request.content for call in route.calls}) == 1  # the same txnId in every repeat


@respx.mock
async def test_the_codes_other_name_and_spelling_are_understood():
    for body, code in (({"errorCode": "bad_gateway"}, "bad_gateway"), ({"error": "bad_gateway"}, "bad_gateway")):
        respx.post(URL).respond(502, json=body)
        with pytest.raises(Unavailable) as failure:
            await client().certificate(request())
        assert failure.value.code == code


@respx.mock
async def test_the_sample_of_the_contract_goes_out_as_it_is_printed():
    route = respx.post(URL).respond(content=b"%PDF-1.7 sample\n%%EOF\n", content_type="application/pdf")

    await client().certificate(request())

    sent = route.calls.last.request
    sample = json.loads((PAYLOADS / "certificate_request.json").read_text())
    given = json.loads(sent.content)
    assert sent.url.path == "/certificate/v3/edistrictexample/incer"
    assert {name: given[name] for name in sample} == sample
    assert set(given) == {*sample, "consentArtifact"}
    assert set(given["consentArtifact"]["consent"]) == set(ARTEFACT["consent"])


def test_a_consent_is_signed_over_its_canonical_text():
    assert canonical({"b": "अ", "a": {"d": 1, "c": ""}}) == '{"a":{"c":"","d":1},"b":"अ"}'.encode()


def test_the_sandbox_can_answer_every_row_that_a_publisher_causes():
    rows = {row["error"]: (row["status"], row["errorDescription"]) for row in ERROR_ROWS if row["status"] >= 500}

    assert rows == TROUBLES
    assert not set(SPOILT) & set(ERRORS)
