"""A certificate in a wallet: the offer that its holder opens, what a wallet gets for it, and what it is refused."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette

from actions.certificates.certificate_endings import EndCertificate, revoke_certificate
from actions.certificates.issue import issue_certificate
from actions.certificates.status_lists import is_ended
from actions.identity.wallet_offers import OfferCredential, offer_address, offer_credential, open_offers, person_of
from domain.certificates.certificates import EndGround, IssuedCertificate
from domain.kernel import ErrorCode, Problems
from gateway.credentials.issuance import issuance_routes
from gateway.credentials.status_lists import LOOK_SECONDS, status_list_routes
from gateway.documents.authority import Authority
from gateway.documents.renderer import CertificateRenderer
from gateway.settings.settings import Settings
from gateway.sign_in.authorization import authorization_routes
from states.certificate_kinds import certificate_kinds
from states.packages import state_folder
from tests.support.actions import FREE, World
from tests.support.endings import FORM
from tests.support.node import run_node
from tests.support.served import served
from tests.support.wallet import GRANT, Wallet, decode, disclosed, read


@pytest.fixture
async def certificate(world: World, tmp_path) -> IssuedCertificate:
    application = await world.approved(world.asha, FREE, world.registrar, form=FORM)
    renderer = CertificateRenderer(world.env.keyrings, tmp_path, world.clock)
    made = await issue_certificate(world.env, application.id, renderer)
    assert made is not None
    return made


@pytest.fixture
async def wallet(world: World, tmp_path):
    routes = [
        *issuance_routes(world.env, Authority(world.env.keyrings, tmp_path, world.clock)),
        *authorization_routes(lambda _: world.env, Settings()),
        *status_list_routes(world.env),
    ]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://t") as http:
        yield Wallet(http, world.env.public_url, world.clock.now().timestamp())


async def open_offer(world: World, certificate: IssuedCertificate, key: str = "k") -> tuple[str, str]:
    """The path of the offer that she opens, and the code that goes to her telephone."""
    await offer_credential(world.env, world.asha, OfferCredential(certificate.id, key))
    async with world.env.store.read_transaction() as tx:
        code = (await open_offers(tx, [certificate.id]))[certificate.id]
    return offer_address(world.env, code).removeprefix(world.env.public_url), code.content["code"]


async def redeemed(world: World, wallet: Wallet, certificate: IssuedCertificate, key: str = "k") -> str:
    path, tx_code = await open_offer(world, certificate, key)
    offer = (await wallet.http.get(path)).json()
    return (await wallet.token(offer["grants"][GRANT]["pre-authorized_code"], tx_code)).json()["access_token"]


async def test_a_wallet_gets_the_facts_of_the_certificate_bound_to_its_key_and_status(world, certificate, wallet):
    path, tx_code = await open_offer(world, certificate)
    offer = (await wallet.http.get(path)).json()
    metadata = (await wallet.http.get("/.well-known/openid-credential-issuer")).json()
    [doctype] = offer["credential_configuration_ids"]
    answer = await wallet.token(offer["grants"][GRANT]["pre-authorized_code"], tx_code)
    proof = wallet.proof(await wallet.nonce())
    got = await wallet.credential(answer.json()["access_token"], doctype, proof)
    token, facts = disclosed(got.json()["credentials"][0]["credential"])
    issuer = (await wallet.http.get("/.well-known/jwt-vc-issuer")).json()
    opened = read(token, KeySet.import_key_set(issuer["jwks"]))

    assert offer["credential_issuer"] == metadata["credential_issuer"] == issuer["issuer"] == opened.claims["iss"]
    assert metadata["credential_configurations_supported"][doctype]["vct"] == opened.claims["vct"]
    assert (answer.headers["cache-control"], got.headers["cache-control"]) == ("no-store", "no-store")
    assert opened.header["typ"] == "dc+sd-jwt"
    assert opened.claims["cnf"]["jwk"]["x"] == wallet.key.as_dict()["x"]
    assert (facts["holder_name"], facts["holder_name_hi"]) == ("Asha Negi", "आशा नेगी")
    assert (facts["number"], facts["child_name"]) == (certificate.number, "Annya Negi")
    assert "status_list" not in facts
    place = opened.claims["status"]["status_list"]
    assert place["uri"].endswith(f"/status-lists/{certificate.status_index >> 20}")
    assert place["idx"] == certificate.status_index & (1 << 20) - 1


async def test_the_chain_in_the_credential_certifies_the_key_that_signed(world, certificate, wallet):
    token = await redeemed(world, wallet, certificate)
    got = await wallet.credential(token, certificate.doctype, wallet.proof(await wallet.nonce()))
    signed, _ = disclosed(got.json()["credentials"][0]["credential"])
    [leaf] = read(signed, world.env.keyrings.key_set("qr")).header["x5c"]
    key = x509.load_der_x509_certificate(base64.b64decode(leaf)).public_key()

    assert read(signed, ECKey.import_key(key)).claims["iss"] == world.env.public_url


async def test_a_revocation_shows_on_the_list_of_the_credential(world, certificate, wallet):
    token = await redeemed(world, wallet, certificate)
    got = await wallet.credential(token, certificate.doctype, wallet.proof(await wallet.nonce()))
    signed, _ = disclosed(got.json()["credentials"][0]["credential"])
    place = read(signed, world.env.keyrings.key_set("qr")).claims["status"]["status_list"]
    ending = EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "Forged", "r")
    await revoke_certificate(world.env, world.registrar, ending)
    world.clock.advance(timedelta(seconds=LOOK_SECONDS))
    listed = await wallet.http.get(place["uri"].removeprefix(world.env.public_url))
    claims = jwt.decode(listed.text, world.env.keyrings.key_set("qr"), ["ES256"]).claims

    assert is_ended(decode(claims["status_list"]["lst"]), place["idx"])


async def test_an_offer_is_good_once_and_dies_with_its_code(world, certificate, wallet):
    path, tx_code = await open_offer(world, certificate)
    code = (await wallet.http.get(path)).json()["grants"][GRANT]["pre-authorized_code"]
    first, again = await wallet.token(code, tx_code), await wallet.token(code, tx_code)

    assert (first.status_code, again.status_code, again.json()["error"]) == (200, 400, "invalid_grant")
    assert (await wallet.http.get(path)).status_code == 404


async def test_guesses_of_the_code_end_the_offer(world, certificate, wallet):
    path, tx_code = await open_offer(world, certificate)
    code = (await wallet.http.get(path)).json()["grants"][GRANT]["pre-authorized_code"]
    wrong = "000000" if tx_code != "000000" else "000001"
    errors = [(await wallet.token(code, wrong)).json()["error"] for _ in range(3)]

    assert errors == ["invalid_grant"] * 3
    assert (await wallet.token(code, tx_code)).json()["error"] == "invalid_grant"


async def test_a_new_offer_ends_the_one_before_and_time_ends_both(world, certificate, wallet):
    path, old_code = await open_offer(world, certificate)
    old = (await wallet.http.get(path)).json()["grants"][GRANT]["pre-authorized_code"]
    new_path, tx_code = await open_offer(world, certificate, "k2")
    new = (await wallet.http.get(new_path)).json()["grants"][GRANT]["pre-authorized_code"]
    replaced = await wallet.token(old, old_code)
    world.clock.advance(timedelta(minutes=11))

    assert replaced.json()["error"] == "invalid_grant"
    assert (await wallet.token(new, tx_code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("code", "tx_code", "error"),
    [
        ("", "1", "invalid_request"),
        ("x", "", "invalid_request"),
        ("x", "1", "invalid_grant"),
        ("é", "1", "invalid_grant"),
    ],
)
async def test_the_token_endpoint_names_what_is_missing_or_none_of_ours(wallet, code, tx_code, error):
    answer = await wallet.token(code, tx_code)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_token_and_nonce_are_good_once(world, certificate, wallet):
    token, nonce = await redeemed(world, wallet, certificate), await wallet.nonce()
    first = await wallet.credential(token, certificate.doctype, wallet.proof(nonce))
    same_token = await wallet.credential(token, certificate.doctype, wallet.proof(await wallet.nonce()))
    other = await redeemed(world, wallet, certificate, "k2")
    same_nonce = await wallet.credential(other, certificate.doctype, wallet.proof(nonce))
    mended = await wallet.credential(other, certificate.doctype, wallet.proof(await wallet.nonce()))

    assert (first.status_code, mended.status_code) == (200, 200)
    assert (same_token.status_code, same_token.json()["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in same_token.headers["www-authenticate"]
    assert (same_nonce.status_code, same_nonce.json()["error"]) == (400, "invalid_nonce")


@pytest.mark.parametrize(
    ("head", "claims", "error"),
    [
        ({"typ": "JWT"}, {}, "invalid_proof"),
        ({"kid": "k"}, {}, "invalid_proof"),
        ({"jwk": ECKey.generate_key("P-256").as_dict(private=False)}, {}, "invalid_proof"),
        ({}, {"aud": "https://evil.test"}, "invalid_proof"),
        ({}, {"iat": 1}, "invalid_proof"),
        ({}, {"iat": True}, "invalid_proof"),
        ({}, {"nonce": "guessed"}, "invalid_nonce"),
        ({}, {"nonce": None}, "invalid_nonce"),
        ({}, {"nonce": 7}, "invalid_nonce"),
    ],
)
async def test_a_wrong_proof_is_refused_and_uses_nothing_up(world, certificate, wallet, head, claims, error):
    token, nonce = await redeemed(world, wallet, certificate), await wallet.nonce()
    refused = await wallet.credential(token, certificate.doctype, wallet.proof(nonce, head, **claims))
    mended = await wallet.credential(token, certificate.doctype, wallet.proof(nonce))

    assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert mended.status_code == 200


async def test_a_proof_without_a_signature_or_with_a_private_key_is_refused(world, certificate, wallet):
    token, nonce = await redeemed(world, wallet, certificate), await wallet.nonce()
    head, body, signature = wallet.proof(nonce).split(".")
    none = base64.urlsafe_b64encode(decode(head).replace(b"ES256", b"none")).decode().rstrip("=")
    private = wallet.proof(nonce, {"jwk": wallet.key.as_dict(private=True)})
    proofs = [f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.", f"{head}.{body}", "x", "", private]
    answers = [await wallet.credential(token, certificate.doctype, proof) for proof in proofs]

    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(400, "invalid_proof")}


async def test_requests_of_another_form_are_refused(world, certificate, wallet):
    token = await redeemed(world, wallet, certificate)
    bearer = {"Authorization": f"Bearer {token}"}
    proof = wallet.proof(await wallet.nonce())
    unknown = await wallet.credential(token, "NOPE", proof)
    two = await wallet.credential(token, certificate.doctype, proof, proof)
    none = await wallet.http.post("/credentials", json={}, headers=bearer)
    text = await wallet.http.post("/credentials", content="{", headers={**bearer, "Content-Type": "application/json"})
    long = await wallet.http.post("/credentials", content="x" * 20_000, headers=bearer)
    nobody = await wallet.credential("x", certificate.doctype, proof)

    assert unknown.json()["error"] == "unknown_credential_configuration"
    assert two.json()["error"] == "invalid_proof"
    assert {one.json()["error"] for one in (none, text, long)} == {"invalid_credential_request"}
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_token")


def test_an_offer_names_whom_a_certificate_is_about_where_that_is_not_who_applied(world, certificate):
    kinds = certificate_kinds(state_folder())
    env = replace(world.env, rules=replace(world.env.rules, certificate_kinds=kinds))
    about = [person_of(env, replace(certificate, doctype=one)) for one in ("BTCER", "DTCER", "INCER", "CTCER")]

    assert about == [certificate.holder, certificate.holder, None, None]


async def test_a_credential_bears_no_sub_since_it_is_bound_to_a_wallet_and_to_no_person(world, certificate, wallet):
    token = await redeemed(world, wallet, certificate)
    got = await wallet.credential(token, certificate.doctype, wallet.proof(await wallet.nonce()))
    signed, facts = disclosed(got.json()["credentials"][0]["credential"])

    assert "sub" not in {*read(signed, world.env.keyrings.key_set("qr")).claims, *facts}


async def test_a_certificate_that_ended_since_the_offer_is_not_given(world, certificate, wallet):
    token = await redeemed(world, wallet, certificate)
    ending = EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "Forged", "r")
    await revoke_certificate(world.env, world.registrar, ending)
    answer = await wallet.credential(token, certificate.doctype, wallet.proof(await wallet.nonce()))

    assert answer.json()["error"] == "credential_request_denied"


async def test_nobody_but_the_holder_opens_an_offer_and_none_of_an_ended_certificate(world, certificate):
    for other in (world.sunil, world.registrar, world.operator):
        with pytest.raises(Problems) as refused:
            await offer_credential(world.env, other, OfferCredential(certificate.id, "k"))
        assert refused.value.code in {ErrorCode.NOT_FOUND, ErrorCode.FORBIDDEN}
    ending = EndCertificate(certificate.id, EndGround.FORGED_PAPERS, "Forged", "r")
    await revoke_certificate(world.env, world.registrar, ending)
    with pytest.raises(Problems) as over:
        await offer_credential(world.env, world.asha, OfferCredential(certificate.id, "k"))
    assert over.value.code is ErrorCode.CERTIFICATE_ENDED


@pytest.mark.integration
@pytest.mark.parametrize("by_value", [False, True])
async def test_an_independent_wallet_library_fetches_the_credential(world, certificate, tmp_path, by_value):
    app = Starlette()
    async with served(app) as url, httpx.AsyncClient(base_url=url) as http:
        world.env = replace(world.env, public_url=url)
        app.router.routes.extend(
            [
                *issuance_routes(world.env, Authority(world.env.keyrings, tmp_path, world.clock)),
                *authorization_routes(lambda _: world.env, Settings()),
            ]
        )
        path, tx_code = await open_offer(world, certificate)
        given = {"credential_offer_uri": url + path}
        if by_value:
            given = {"credential_offer": (await http.get(path)).text}
        offer = f"openid-credential-offer://?{urlencode(given)}"
        told = json.loads(await run_node("wallet.mjs", offer, tx_code, str(int(world.clock.now().timestamp()))))

    signed, facts = disclosed(told["credential"])
    assert told["issuer"] == url
    assert facts["number"] == certificate.number
    assert read(signed, world.env.keyrings.key_set("qr")).claims["cnf"]["jwk"] == told["key"]
