"""Sign-in with MeriPehchaan's stand-in: consent, codes, tokens, keys; and what survives a restart."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

AUTHORIZE = "/public/oauth2/1/authorize"


async def test_the_page_names_citizens_in_both_languages(locker):
    async with locker.browser() as browser:
        page = await browser.get(f"{AUTHORIZE}?{locker.query()}")

    assert "आशा नेगी" in page.text
    assert "Asha Negi" in page.text
    assert 'action="authorize"' in page.text
    assert "<script" not in page.text


async def test_an_allowed_request_comes_back_with_code_and_state(locker):
    back = await locker.authorize()

    assert back["state"] == "s-1"
    assert back["code"]


async def test_a_refused_request_comes_back_with_the_reason(locker):
    back = await locker.authorize(decision="refuse")

    assert back == {"error": "access_denied", "error_description": "The user denied the request", "state": "s-1"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"purpose": None}, "invalid_request"),
        ({"service_name": "Apuni-Sarkar!"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid everything"}, "invalid_scope"),
        ({"consent_valid_till": "1000"}, "invalid_request"),
    ],
)
async def test_a_request_with_a_fault_is_sent_back(locker, changes, error):
    async with locker.browser() as browser:
        answer = await browser.get(f"{AUTHORIZE}?{locker.query(**changes)}")

    assert answer.status_code == 302
    assert f"error={error}" in answer.headers["location"]


@pytest.mark.parametrize(
    "changes", [{"client_id": "STRANGER"}, {"redirect_uri": "http://gateway.test/sign-in/callback/meri-pehchaan/"}]
)
async def test_an_unknown_client_or_address_is_never_sent_back(locker, changes):
    async with locker.browser() as browser:
        answer = await browser.get(f"{AUTHORIZE}?{locker.query(**changes)}")

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_choice_counts_once(locker):
    async with locker.browser() as browser:
        page = await browser.get(f"{AUTHORIZE}?{locker.query()}")
        request_id = page.text.partition('name="request" value="')[2].partition('"')[0]
        form = {"request": request_id, "person": "asha-negi", "decision": "allow"}
        first, second = await browser.post(AUTHORIZE, data=form), await browser.post(AUTHORIZE, data=form)

    assert (first.status_code, second.status_code) == (302, 400)


async def test_a_code_is_good_once(locker):
    code = (await locker.authorize())["code"]

    assert (await locker.token(code)).status_code == 200
    again = await locker.token(code)

    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "a" * 43}, "invalid_grant"),
        ({"redirect_uri": "http://gateway.test/other"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "invalid_grant_type"),
    ],
)
async def test_a_code_is_bound_to_its_request(locker, changes, error):
    answer = await locker.token((await locker.authorize())["code"], **changes)

    assert answer.status_code == 400
    assert answer.json()["error"] == error


async def test_a_code_ends_after_ten_minutes(locker):
    code = (await locker.authorize())["code"]
    locker.clock.advance(timedelta(minutes=10))

    assert (await locker.token(code)).status_code == 400


async def test_the_id_token_verifies_under_changing_keys(locker):
    keys = KeySet.import_key_set(locker.onboarding["jwks"])
    tokens = [jwt.decode((await locker.tokens(acr="aadhaar"))["id_token"], keys, algorithms=["RS256"]) for _ in "12"]

    claims = tokens[0].claims
    assert len({token.header["kid"] for token in tokens}) == 2
    assert claims["aud"] == locker.onboarding["client_id"]
    assert claims["iss"] in locker.onboarding["issuers"]
    assert claims["user_sso_id"] == "DL-69a505ce-9548-5124-90b1-6282e2c95f5e"
    assert claims["birthdate"] == "14/03/1984"
    assert claims["nonce"] == "n-1"
    assert claims["masked_aadhaar"] == "xxxxxxx1234"
    assert claims["exp"] - claims["iat"] == 86400


async def test_no_nonce_is_made_up(locker):
    keys = KeySet.import_key_set(locker.onboarding["jwks"])

    token = jwt.decode((await locker.tokens(nonce=None))["id_token"], keys, algorithms=["RS256"])

    assert "nonce" not in token.claims
    assert "masked_aadhaar" not in token.claims


async def test_a_spoiled_signature_does_not_verify(locker):
    code = (await locker.authorize())["code"]
    locker.fault("signature", "/public/oauth2/2/token")

    answer = (await locker.token(code)).json()

    with pytest.raises(JoseError):
        jwt.decode(answer["id_token"], KeySet.import_key_set(locker.onboarding["jwks"]), algorithms=["RS256"])


async def test_only_document_scopes_bring_a_refresh_token(locker):
    assert "refresh_token" in await locker.tokens()
    assert "refresh_token" not in await locker.tokens(scope="openid userdetails")
    assert "id_token" not in await locker.tokens(scope="files.issueddocs")


async def test_the_older_token_call_brings_the_profile(locker):
    answer = (await locker.token((await locker.authorize())["code"], "/public/oauth2/1/token")).json()

    assert answer["digilockerid"] == "69a505ce-9548-5124-90b1-6282e2c95f5e"
    assert answer["dob"] == "14031984"
    assert "id_token" not in answer


async def test_scopes_and_doctypes_bound_what_is_seen(locker):
    narrow = await locker.tokens(scope="openid")
    filtered = await locker.tokens(req_doctype="ROR1B")
    async with locker.browser() as browser:

        async def issued(tokens):
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            return await browser.get("/public/oauth2/2/files/issued", headers=headers)

        refused, seen = await issued(narrow), await issued(filtered)

    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert [item["doctype"] for item in seen.json()["items"]] == ["ROR1B"]
    assert seen.json()["items"][0]["mime"] == "application/pdf"


async def test_everything_survives_a_restart_and_the_redirect_follows_the_gateway(open_locker):
    before = open_locker()
    tokens, code = await before.tokens(), (await before.authorize())["code"]

    after = open_locker("http://127.0.0.1:9999")

    assert {**after.onboarding, "redirect_uris": None} == {**before.onboarding, "redirect_uris": None}
    assert after.onboarding["redirect_uris"] == ["http://127.0.0.1:9999/sign-in/callback/meri-pehchaan"]
    assert (await after.token(code)).status_code == 200
    assert (await after.client().refresh(tokens["refresh_token"])).access_token
    async with after.browser() as browser:
        assert (await browser.get(f"{AUTHORIZE}?{after.query()}")).status_code == 400


async def test_a_rotated_key_is_handed_over_and_the_oldest_goes(locker):
    before = [key["kid"] for key in locker.onboarding["jwks"]["keys"]]

    after = (await locker.sandbox.act("rotate_keys", {}))["keys"]

    assert after[0] == before[1]
    assert after[1] not in before


async def test_logging_out_goes_back_to_the_gateway_only(locker):
    async with locker.browser() as browser:

        async def log_out(back):
            query = {"client_id": locker.onboarding["client_id"], "redirect_uri": back}
            return await browser.get("/signin/logout/Y", params=query)

        home, stranger = await log_out("http://gateway.test/"), await log_out("http://gateway.test.evil.example/")

    assert home.headers["location"] == "http://gateway.test/?error=user_loggedout&error_description=user"
    assert stranger.status_code == 400
