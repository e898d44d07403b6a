"""After a revocation DigiLocker, API Setu, the verify page and a wallet's status list say the same within a minute."""

import asyncio
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from actions.certificates.status_lists import is_ended
from tests.journeys.test_departments import PEOPLE
from tests.journeys.test_issuing import GRANT, REVOKE, WITHDRAW, certificate_of, pushes, standing, verified
from tests.journeys.test_write_path import approve, case, submit
from tests.support.eventually import eventually
from tests.support.papers import RECORD_FEE, income_application
from tests.support.telephones import codes_to
from tests.support.wallet import Wallet, decode, disclosed, read

PERSON = "sunita-chauhan"
OFFER = """mutation ($input: OfferCredentialInput!) { offerCredential(input: $input) {
  certificate { walletOffer { address } } userErrors { code } } }"""
MINUTE = 60.0


def offer_of(running, token: str, certificate_id: str, key: str) -> dict:
    asked = {"certificateId": certificate_id, "idempotencyKey": key}
    offered: dict = running.data(OFFER, {"input": asked}, token=token)["offerCredential"]
    return offered


def issued(running, citizen: str, officer: str) -> dict:
    """A new income certificate of hers."""
    held = PEOPLE[PERSON]["locker_documents"][-1]  # the first is of test_without_a_source.py
    uri = f"{held['issuer_id']}-{held['doctype']}-{held['doc_id']}"
    application = submit(running, citizen, income_application(uri, "agreement-1"))
    fee = {"applicationId": application["id"], "receipt": "CH-2026-31", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "agreement-fee"}}, token=officer)
    approve(running, officer, application["id"], "agreement-approve")
    eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    certificate = certificate_of(running, citizen, application["id"])
    assert certificate is not None
    return certificate


async def credential_in_wallet(running, address: str, code: str) -> tuple[str, KeySet]:
    """The issuer's part of the credential that an offer leads to, and the issuer's keys."""
    [offer_uri] = parse_qs(urlsplit(address).query)["credential_offer_uri"]
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as http:
        offer = (await http.get(urlsplit(offer_uri).path)).json()
        wallet = Wallet(http, offer["credential_issuer"], running.now().timestamp())
        token = await wallet.token(offer["grants"][next(iter(offer["grants"]))]["pre-authorized_code"], code)
        [doctype] = offer["credential_configuration_ids"]
        got = await wallet.credential(token.json()["access_token"], doctype, wallet.proof(await wallet.nonce()))
        keys = KeySet.import_key_set((await http.get("/.well-known/jwt-vc-issuer")).json()["jwks"])
    return disclosed(got.json()["credentials"][0]["credential"])[0], keys


def said_everywhere(running, certificate: Mapping[str, str], place: Mapping[str, object], keys: KeySet) -> dict:
    """Whether the certificate holds, as each of the four tells who asks."""
    uri, person = certificate["uri"], PEOPLE[PERSON]
    asked = {"CertificateNumber": certificate["number"], "FullName": person["name_en"]}
    listed = httpx.get(running.url + urlsplit(str(place["uri"])).path, timeout=10).text
    claims = jwt.decode(listed, keys, ["ES256"]).claims
    given = running.act("apisetu", "call_published", doctype="INCER", parameters=asked, mobile=person["mobile"])
    return {
        "DigiLocker": running.act("digilocker", "pull_doc", person=PERSON, uri=uri)["status"] == "1",
        "API Setu": given["status"] == 200,
        "verify": verified(running, certificate["number"])["status"] == "ACTIVE",
        "wallet": not is_ended(decode(claims["status_list"]["lst"]), int(str(place["idx"]))),
    }


def test_a_revocation_is_told_alike_everywhere_within_a_minute(running):
    citizen, officer = running.token("citizen", PERSON), running.token("officer")
    consent = {"purpose": "ISSUE_TO_LOCKER", "idempotencyKey": "agreement-yes"}
    before = len(pushes(running))
    running.data(GRANT, {"input": consent}, token=citizen)
    earlier = len(standing(running, citizen))
    certificate = issued(running, citizen, officer)
    eventually(lambda: pushes(running)[before:], lambda seen: seen == ["pushed A"] * (earlier + 1))
    mobile = PEOPLE[PERSON]["mobile"]
    known = len(codes_to(running, mobile))
    offered = offer_of(running, citizen, certificate["id"], "agreement-offer")
    texts = eventually(lambda: codes_to(running, mobile), lambda seen: len(seen) > known)
    [code] = re.findall(r"\b[0-9]{6}\b", texts[0])
    address = offered["certificate"]["walletOffer"]["address"]
    signed, keys = asyncio.run(credential_in_wallet(running, address, code))
    place = read(signed, keys).claims["status"]["status_list"]
    names = ("DigiLocker", "API Setu", "verify", "wallet")
    assert said_everywhere(running, certificate, place, keys) == dict.fromkeys(names, True)

    end = {"certificateId": certificate["id"], "ground": "WRONG_FACTS", "reason": "Not hers"}
    revoked = running.data(REVOKE, {"input": {**end, "idempotencyKey": "agreement-end"}}, token=officer)
    assert revoked["revokeCertificate"]["userErrors"] == []

    eventually(
        lambda: said_everywhere(running, certificate, place, keys),
        lambda seen: seen == dict.fromkeys(names, False),
        seconds=MINUTE,
        every=1.0,
    )
    eventually(lambda: pushes(running)[-1], lambda seen: seen == "pushed D", seconds=MINUTE)
    refused = offer_of(running, citizen, certificate["id"], "agreement-again")
    assert [error["code"] for error in refused["userErrors"]] == ["CERTIFICATE_ENDED"]
    running.data(WITHDRAW, {"input": {**consent, "idempotencyKey": "agreement-no"}}, token=citizen)
