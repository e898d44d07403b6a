"""MeriPehchaan's wire against the samples of the contract."""

import json
from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import respx
from joserfc import jwt
from joserfc.jwk import RSAKey

from domain.kernel import ManualClock, Provider, Source
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.sso import Assurance, MeriPehchaan, MeriPehchaanSettings
from tests.support.remotes import PARTNER, remote_over

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "k1"})
CALLBACK = "http://127.0.0.1:8000/sign-in/callback/meri-pehchaan"
SECRET = "sandbox-secret-of-the-client"
ASKED = {"code": "c1", "code_verifier": "v" * 64, "redirect_uri": CALLBACK, "nonce": "n1"}

TOKEN = {
    "access_token": "a" * 40,
    "expires_in": 3600,
    "token_type": "Bearer",
    "scope": "openid files.issueddocs userdetails",
    "consent_valid_till": "1798000000",
}
USER = {
    "digilockerid": "69a505ce-9548-5124-90b1-6282e2c95f5e",
    "name": "Asha Negi",
    "dob": "14031984",
    "gender": "F",
    "eaadhaar": "Y",
    "reference_key": "transient",
    "mobile": "9800000001",
}


def id_token(**changes: object) -> str:
    claims = {
        "iss": "https://api.digitallocker.gov.in",
        "sub": "asha.dl",
        "aud": "client-1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 86_400,
        "user_sso_id": "DL-69a505ce-9548-5124-90b1-6282e2c95f5e",
        "given_name": "Asha Negi",
        "preferred_username": "asha",
        "email": "",
        "phone_number": "9800000001",
        "birthdate": "14/03/1984",
        **changes,
    }
    return jwt.encode({"alg": "RS256", "kid": "k1"}, {k: v for k, v in claims.items() if v is not None}, KEY)


@pytest.fixture
def partner():
    with respx.mock(base_url=PARTNER, assert_all_called=False) as router:
        router.post("/public/oauth2/2/token").respond(json=TOKEN | {"id_token": id_token()})
        router.get("/public/oauth2/1/user").respond(json=USER)
        yield router


def provider(*, keys: bool = True) -> MeriPehchaan:
    settings = MeriPehchaanSettings(
        browser_url="https://digilocker.meripehchaan.gov.in",
        client_id="client-1",
        client_secret=SECRET,
        jwks={"keys": [KEY.as_dict(private=False)]} if keys else None,
    )
    clock = ManualClock(NOW)
    return MeriPehchaan(settings, remote_over(None, Source.SSO, clock=clock), clock)


async def test_the_browser_is_sent_with_everything_that_the_page_asks_for():
    url = await provider().authorize_url(
        state="s1", nonce="n1", code_challenge="c1", redirect_uri=CALLBACK, language="hi"
    )

    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("digilocker.meripehchaan.gov.in", "/public/oauth2/1/authorize")
    assert {name: values[0] for name, values in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "client-1",
        "redirect_uri": CALLBACK,
        "state": "s1",
        "nonce": "n1",
        "code_challenge": "c1",
        "code_challenge_method": "S256",
        "scope": "openid files.issueddocs userdetails",
        "purpose": "Citizen services",
        "service_name": "Apuni Sarkar",
    }


async def test_the_person_of_a_verified_token_is_known_by_her_sso_id(partner):
    identity = await provider().exchange(**ASKED)

    assert (identity.provider, identity.subject) == (Provider.MERI_PEHCHAAN, "DL-69a505ce-9548-5124-90b1-6282e2c95f5e")
    assert (identity.name, identity.born_on, identity.gender) == ("Asha Negi", date(1984, 3, 14), "F")
    assert (identity.mobile, identity.email, identity.assurance) == ("9800000001", None, Assurance.SUBSTANTIAL)
    assert identity.tokens is not None
    assert (identity.tokens.locker_id, identity.tokens.expires_in) == (USER["digilockerid"], 3600)
    assert identity.tokens.consent_until == datetime.fromtimestamp(1_798_000_000, UTC)


async def test_the_exchange_sends_code_verifier_and_client_in_a_form(partner):
    await provider().exchange(**ASKED)

    sent = partner.routes[0].calls.last.request
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert {name: values[0] for name, values in parse_qs(sent.content.decode()).items()} == {
        "code": "c1",
        "grant_type": "authorization_code",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 64,
        "client_id": "client-1",
        "client_secret": SECRET,
    }


async def test_a_verified_aadhaar_gives_high_assurance(partner):
    partner.routes[0].respond(json=TOKEN | {"id_token": id_token(masked_aadhaar="xxxxxxxx1234")})

    assert (await provider().exchange(**ASKED)).assurance is Assurance.HIGH


async def test_without_a_key_the_claims_are_not_trusted_and_the_user_call_says_who_it_is(partner):
    partner.routes[0].respond(json=TOKEN | {"id_token": id_token(user_sso_id="DL-somebody-else")})

    identity = await provider(keys=False).exchange(**ASKED)

    assert identity.subject == f"DL-{USER['digilockerid']}"
    assert identity.born_on == date(1984, 3, 14)


async def test_a_dead_user_call_does_not_stop_a_verified_sign_in(partner):
    partner.routes[1].respond(530)

    identity = await provider().exchange(**ASKED)

    assert identity.name == "Asha Negi"
    assert identity.tokens is not None
    assert identity.tokens.locker_id is None


async def test_without_a_key_a_dead_user_call_stops_the_sign_in(partner):
    partner.routes[1].respond(503)

    with pytest.raises(Unavailable):
        await provider(keys=False).exchange(**ASKED)


async def test_a_code_is_exchanged_once_even_when_the_answer_is_lost(partner):
    route = partner.routes[0].mock(side_effect=httpx.ReadTimeout("x"))

    with pytest.raises(Unavailable):
        await provider().exchange(**ASKED)

    assert route.call_count == 1


@pytest.mark.parametrize("status", [500, 503, 530])
async def test_a_failing_token_call_is_not_repeated(partner, status):
    route = partner.routes[0].respond(status, json={"error": "unexpected_error"})

    with pytest.raises(Unavailable):
        await provider().exchange(**ASKED)

    assert route.call_count == 1


async def test_a_spent_code_is_refused_with_the_partners_code(partner):
    partner.routes[0].respond(400, json={"error": "invalid_grant", "error_description": "Asha Negi 9800000001"})

    with pytest.raises(Refused) as caught:
        await provider().exchange(**ASKED)

    assert caught.value.code == "invalid_grant"
    assert "Asha" not in str(caught.value)


async def test_text_of_the_partner_never_becomes_a_code(partner):
    partner.routes[0].respond(400, json={"error": "Asha Negi, 9800000001"})

    with pytest.raises(Refused) as caught:
        await provider().exchange(**ASKED)

    assert caught.value.code == "http_400"


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "{", "headers": {"content-type": "application/json"}},
        {"json": ["a"]},
        {"json": {"access_token": ""}},
        {"json": TOKEN | {"token_type": "mac"}},
        {"json": TOKEN},
        {"json": TOKEN | {"id_token": "not a token"}},
        {"json": TOKEN | {"id_token": id_token(user_sso_id=None)}},
    ],
)
async def test_an_answer_of_another_shape_is_garbled(partner, answer):
    partner.routes[0].respond(200, **answer)

    with pytest.raises(Garbled):
        await provider().exchange(**ASKED)


async def test_an_html_page_instead_of_tokens_is_a_portal_that_is_down(partner):
    partner.routes[0].respond(200, html="<h1>Sign in</h1>")

    with pytest.raises(Unavailable, match="html_page"):
        await provider().exchange(**ASKED)


async def test_an_html_page_with_a_refusing_status_is_garbled(partner):
    partner.routes[0].respond(403, html="<h1>Blocked</h1>")

    with pytest.raises(Garbled):
        await provider().exchange(**ASKED)


async def test_a_token_that_fails_its_check_is_an_integrity_failure(partner):
    partner.routes[0].respond(json=TOKEN | {"id_token": id_token(aud="client-2")})

    with pytest.raises(IntegrityFailure):
        await provider().exchange(**ASKED)


async def test_secrets_do_not_show_in_printed_values(partner):
    identity = await provider().exchange(**ASKED)

    shown = repr(identity) + repr(MeriPehchaanSettings("https://a.example", "client-1", SECRET))
    assert not any(secret in shown for secret in (TOKEN["access_token"], SECRET, "Asha", "9800000001"))


async def test_the_two_spellings_of_the_locker_id_are_read(partner):
    user = {**USER, "digilocker_id": USER["digilockerid"]}
    del user["digilockerid"]
    partner.routes[1].respond(content=json.dumps(user), headers={"content-type": "application/json; charset=utf-8"})

    identity = await provider().exchange(**ASKED)

    assert identity.tokens is not None
    assert identity.tokens.locker_id == USER["digilockerid"]


@pytest.mark.parametrize("other", [{"digilockerid": "00000000-9548-5124-90b1-6282e2c95f5e"}, {"dob": "15031984"}])
async def test_the_locker_of_another_person_is_never_linked(partner, other):
    partner.routes[1].respond(json=USER | other)

    with pytest.raises(IntegrityFailure) as caught:
        await provider().exchange(**ASKED)

    assert caught.value.code == "user_of_another_person"


def test_settings_are_read_from_what_onboarding_handed_over():
    given = {"client_id": "c", "client_secret": "s", "jwks": {"keys": []}, "issuers": ["https://i.example"]}
    settings = MeriPehchaanSettings.from_onboarding("https://a.example", given)

    assert (settings.client_id, settings.jwks, settings.issuers) == ("c", {"keys": []}, ("https://i.example",))
    with pytest.raises(KeyError):
        MeriPehchaanSettings.from_onboarding("https://a.example", {"client_id": "c"})


async def test_a_token_is_revoked_with_our_own_credentials(partner):
    route = partner.post("/public/oauth2/1/revoke").respond(200)
    await provider().revoke("a" * 40)

    sent = route.calls.last.request
    assert sent.headers["authorization"].startswith("Basic ")
    assert parse_qs(sent.content.decode()) == {"token": ["a" * 40], "token_type_hint": ["access_token"]}


@pytest.mark.parametrize("code", ["invalid_token", "invalid_grant"])
async def test_a_token_that_is_dead_already_is_as_good(partner, code):
    partner.post("/public/oauth2/1/revoke").respond(400, json={"error": code})
    await provider().revoke("a" * 40)


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_client"), (400, "invalid_request")])
async def test_another_refusal_of_a_revocation_is_told(partner, status, code):
    partner.post("/public/oauth2/1/revoke").respond(status, json={"error": code})
    with pytest.raises(Refused):
        await provider().revoke("a" * 40)


async def test_what_is_known_of_a_sign_in_for_its_end_is_its_access_token(partner):
    assert (await provider().exchange(**ASKED)).session_token == "a" * 40


def test_the_browser_ends_its_session_and_comes_back_to_the_registered_address():
    address = provider().sign_out_url("http://127.0.0.1:8000/sign-in")
    parts = urlsplit(address)

    assert parts.path == "/signin/logout/Y"
    assert parse_qs(parts.query) == {"client_id": ["client-1"], "redirect_uri": ["http://127.0.0.1:8000/sign-in"]}


def told_as(code: str, status: int) -> str:
    """A refusal is told by its code, trouble over there by its status."""
    return code if status < 500 else f"http_{status}"


TOKEN_ROWS = (
    ("invalid_grant", 400, Refused),
    ("invalid_client", 400, NotLetIn),
    ("invalid_grant_type", 400, Refused),
    ("unexpected_error", 500, Unavailable),
)


@pytest.mark.parametrize(("code", "status", "outcome"), TOKEN_ROWS)
async def test_every_row_of_the_token_call_is_told_by_its_code(partner, code, status, outcome):
    partner.routes[0].respond(status, json={"error": code})
    with pytest.raises(outcome) as failure:
        await provider().exchange(**ASKED)
    assert (type(failure.value), failure.value.code) == (outcome, told_as(code, status))


USER_ROWS = (
    ("invalid_token", 401, Refused),
    ("insufficient_scope", 403, Refused),
    ("unexpected_error", 530, Unavailable),
)


@pytest.mark.parametrize(("code", "status", "outcome"), USER_ROWS)
async def test_every_row_of_the_user_call_is_told_where_no_key_vouches(partner, code, status, outcome):
    partner.get("/public/oauth2/1/user").respond(status, json={"error": code})
    with pytest.raises(outcome) as failure:
        await provider(keys=False).exchange(**ASKED)
    assert (type(failure.value), failure.value.code) == (outcome, told_as(code, status))
