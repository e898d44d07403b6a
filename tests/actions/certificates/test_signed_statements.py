"""A department asks by one call whether a certificate holds, and gets an answer that it can prove to others."""

from dataclasses import replace

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.applications import Starlette

from actions.certificates.certificate_endings import (
    EndCertificate,
    correct_certificate,
    make_corrected,
    revoke_certificate,
)
from actions.certificates.published import CertificatePublisher
from actions.certificates.qr_codes import make_qr
from domain.certificates.certificates import EndGround
from integrations.apisetu import PublishedSettings, published_routes
from tests.gateway.documents.conftest import CONTENT
from tests.support.actions import FakeRenderer, World
from tests.support.endings import correction, issued

CONSUMER = {"api_keys": ["secret-of-the-department"], "consent_keys": ["-"], "documents": ["INCER"]}
HEADERS = {"x-apisetu-clientid": "in.gov.pension", "x-apisetu-apikey": "secret-of-the-department"}


@pytest.fixture
async def ask(world: World):
    known = PublishedSettings.from_onboarding({"published": {"consumers": {"in.gov.pension": CONSUMER}}})
    routes = published_routes(CertificatePublisher(world.env), known, world.clock, "http://t")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://t") as http:

        async def post(body: object, headers: dict[str, str] = HEADERS) -> httpx.Response:
            return await http.post("/apisetu/verify", json=body, headers=headers)

        yield post


def claims_of(world: World, answer: httpx.Response) -> dict:
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    token = jwt.decode(answer.json()["statement"], world.env.keyrings.key_set("qr"), ["ES256"])
    assert token.header["typ"] == "certificate-status+jwt"
    return token.claims


async def test_the_answer_is_signed_for_the_caller_and_its_nonce_and_names_no_one(world: World, ask):
    one = await issued(world)
    answer = await ask({"certificate": one.number, "nonce": "0123456789"})
    said = claims_of(world, answer)

    assert (said["iss"], said["aud"], said["nonce"]) == (world.env.public_url, "in.gov.pension", "0123456789")
    assert (said["number"], said["status"], said["exp"] - said["iat"]) == (one.number, "ACTIVE", 300)
    assert said["holderInitials"] == {"en": "A… N…", "hi": "आ… ने…"}
    assert "Asha" not in str(said)


async def test_a_code_is_answered_with_what_it_says(world: World, ask):
    one = await issued(world)
    content = replace(CONTENT, number=one.number, status_index=one.status_index, holder=one.holder)
    said = claims_of(world, await ask({"certificate": make_qr(content, world.env.keyrings.active("qr"))}))

    assert said["qr"] == {"holder": {"en": "Asha Negi", "hi": "आशा नेगी"}, "facts": {"annual_income": "120000"}}


async def test_what_ended_a_certificate_is_told_at_once(world: World, ask):
    old = await issued(world)
    await correct_certificate(world.env, world.registrar, correction(old))
    new = await make_corrected(world.env, old.id, FakeRenderer())
    corrected = claims_of(world, await ask({"certificate": old.number}))
    await revoke_certificate(world.env, world.registrar, EndCertificate(new.id, EndGround.COURT_ORDER, "Order", "r"))
    revoked = claims_of(world, await ask({"certificate": new.number}))

    assert (corrected["status"], corrected["correctedBy"]) == ("CORRECTED", new.number)
    assert revoked["status"] == "REVOKED"
    assert "correctedBy" not in revoked


async def test_nobody_without_a_key_and_nothing_of_another_form_is_answered(world: World, ask):
    one = await issued(world)
    stranger = ECKey.generate_key("P-256", {"kid": "ffffffff"})
    forged = make_qr(replace(CONTENT, number=one.number, status_index=5), stranger)
    asked = {
        (401, "invalid_authentication"): ({"certificate": one.number}, {}),
        (400, "missing_parameter"): ({}, HEADERS),
        (404, "record_not_found"): ({"certificate": "ES09/2019/000124"}, HEADERS),
    }
    answers = {row: await ask(*given) for row, given in asked.items()}
    wrong = [
        await ask({"certificate": text, "nonce": nonce})
        for text, nonce in ((forged, None), ("x" * 2000, None), (7, None), (one.number, "short"), (one.number, 7))
    ]

    assert {row: (one.status_code, one.json()["error"]) for row, one in answers.items()} == {
        row: row for row in answers
    }
    assert {(one.status_code, one.json()["error"]) for one in wrong} == {(400, "invalid_parameter")}
